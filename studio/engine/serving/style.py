"""What the pictures of a training are like, so that a drawing can be made like them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np

MOST = 256
"""Pictures that are looked at."""

INKED = 0.25
"""From which strength on a pixel is taken for drawn."""

STROKES = 2.3
"""How long the strokes of a sign are, measured by its longer side: of digits and letters."""

THINNEST, WIDEST = 0.05, 0.25


def style_of(pictures: Iterable[Any]) -> dict[str, Any] | None:
    """Of pictures with rows and columns, perhaps with channels: the lowest and the highest value,
    the ground (the one of them that is drawn on), and of what is drawn the mean size of its longer
    side, where its mass lies (right and down), and how wide the pen was.

    Size and place are parts of the picture's shorter side, of its width and its height, the pen
    one of the drawing's longer side. None where there is no picture.
    """
    found = [np.asarray(each, "float64") for each in islice(pictures, MOST)]
    found = [each.mean(-1) if each.ndim == 3 else each for each in found]
    found = [each for each in found if each.ndim == 2 and each.size]
    if not found:
        return None
    low = float(min(np.nanmin(each) for each in found))
    high = float(max(np.nanmax(each) for each in found))
    middle = float(np.median([np.nanmedian(each) for each in found]))
    bright = middle - low > high - middle
    told = {"low": low, "high": high, "bright": bool(bright)}
    if not high > low:
        return told
    inks = [np.nan_to_num((each - low) / (high - low)) for each in found]
    drawn = [_drawn(1 - ink if bright else ink) for ink in inks]
    drawn = [each for each in drawn if each is not None]
    if drawn:
        size, x, y, pen = np.mean(drawn, 0)
        told |= {"size": float(size), "x": float(x), "y": float(y), "pen": float(pen)}
    return told


def _drawn(ink: np.ndarray) -> tuple[float, float, float, float] | None:
    """Size, place and pen of what is drawn in a picture; None where nothing is."""
    there = ink > INKED
    if not there.any():
        return None
    rows, columns = np.flatnonzero(there.any(1)), np.flatnonzero(there.any(0))
    longer = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    high, wide = ink.shape
    mass = ink.sum()
    x = float((ink.sum(0) * (np.arange(wide) + 0.5)).sum() / mass / wide)
    y = float((ink.sum(1) * (np.arange(high) + 0.5)).sum() / mass / high)
    pen = min(max(mass / longer**2 / STROKES, THINNEST), WIDEST)
    return longer / min(high, wide), x, y, pen
