"""One sample of a tensor so that it can be looked at: as images, as bars, as text."""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np
import tensorflow as tf

from studio.engine.inside.figures import array_of, short
from studio.engine.tensors import plain

MAPS = 64
"""Feature maps that are shown of one sample."""

SIDE = 96
"""Pixels of an image's side, at most."""

BARS = 256
"""Bars of a vector, at most: of a longer one each is the mean of several."""


def sample_of(value: Any, index: int) -> Any:
    """One sample of a batch, as a tensor without the batch's axis."""
    if isinstance(value, tf.SparseTensor):
        value = tf.sparse.to_dense(value)
    return value[index] if value.shape.rank else value


def picture(value: Any) -> dict[str, Any]:
    """What is seen of one sample: `maps`, `bars`, or only its first `values`."""
    told = plain(value)
    found: dict[str, Any] = {"shape": told["shape"], "dtype": told["dtype"]}
    array = None if isinstance(value, tf.RaggedTensor) else array_of(value)
    if array is None or array.size < 2:
        return found | {"values": told["values"]}
    finite = array[np.isfinite(array)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    found |= {"low": short(low, 6), "high": short(high, 6)}
    while array.ndim > 3 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 2 and 1 in array.shape:
        array = array.reshape(-1)
    if array.ndim == 1:
        return found | {"bars": _bars(array), "values": told["values"]}
    if array.ndim == 2:
        maps, axis = [array], "rows"
    else:
        maps, axis = _maps(array)
    colour = array.ndim == 3 and array.shape[-1] == 3 and axis == "channels"
    if colour:
        return found | {"colour": True, "maps": [_png(array, low, high)], "of": 1}
    shown = [_png(each[..., None], low, high) for each in maps[:MAPS]]
    return found | {"maps": shown, "of": len(maps), "axis": axis}


def _maps(array: np.ndarray) -> tuple[list[np.ndarray], str]:
    """The images in an array of three axes or more, and what they are."""
    channels = array.shape[-1]
    if array.ndim > 3:  # volumes, sequences of images: their first places, channel by channel
        array = array.reshape(-1, *array.shape[-3:])[0]
    return [array[..., index] for index in range(channels)], "channels"


def _bars(array: np.ndarray) -> list[float | None]:
    if array.size > BARS:
        array = np.array([part.mean() for part in np.array_split(array, BARS)])
    return [short(each) if math.isfinite(each) else None for each in array]


def _png(array: np.ndarray, low: float, high: float) -> str:
    """A PNG in base64: grey from 0 (low) to 255 (high); what is no number is low."""
    scale = 255.0 / (high - low) if high > low else 0.0
    pixels = (np.nan_to_num(array.astype("float64"), nan=low) - low) * scale
    rows, columns = pixels.shape[:2]
    if max(rows, columns) > SIDE:
        pixels = _smaller(pixels, min(rows, SIDE), min(columns, SIDE))
    content = pixels.clip(0, 255).round().astype("uint8")
    return base64.b64encode(tf.io.encode_png(content).numpy()).decode()


def _smaller(pixels: np.ndarray, rows: int, columns: int) -> np.ndarray:
    return tf.image.resize(pixels.astype("float32"), (rows, columns), method="area").numpy()
