"""What a sample was made of, as far as it is small enough to be told: numbers, texts, pictures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from studio.engine.tensors import is_picture, parts_of, plain

SIDE = 256
"""Pixels that a picture is high or wide, at most."""


def sample_of(spec: Any, features: Any, at: int) -> dict[str, Any]:
    """The features of one sample of a batch, by their names ("" where there is one without).

    Each is as studio.engine.tensors.plain tells it: shape, dtype, and its first values or a
    text; a picture has its pixels as `array`, of which `save_pictures` makes files.
    """
    found = {}
    for part in parts_of(spec):
        if not part.tensor:
            continue
        value = part.of(features)[at]
        found[part.name] = plain(value)
        shape, dtype = found[part.name]["shape"], found[part.name]["dtype"]
        if not part.ragged and is_picture(shape, dtype):
            found[part.name] = {"shape": shape, "dtype": dtype, "array": smaller(value)}
    return found


def smaller(value: Any, side: int = SIDE) -> np.ndarray:
    """A picture with at most so many pixels a side: (rows, columns, channels)."""
    import tensorflow as tf

    array = np.asarray(value)
    array = array[..., None] if array.ndim == 2 else array
    largest = max(array.shape[:2])
    if largest > side:
        size = [max(1, round(each * side / largest)) for each in array.shape[:2]]
        array = tf.image.resize(array.astype("float32"), size, method="area").numpy()
    return array


def save_pictures(worst: list[dict[str, Any]], output: str, place: Path) -> list[np.ndarray]:
    """Writes the pictures of the worst samples as PNG, whose names take their pixels' place.

    Gives those to be shown, as uint8: what was true and what was predicted side by side, where
    the output is a picture, else the first feature that is one.
    """
    if not worst:
        return []
    shown: list[np.ndarray] = []
    pairs = [each["pictures"] for each in worst]
    if pairs[0]:
        pixels = scaled([picture for pair in pairs for picture in pair.values()])
        several = len(pairs[0])
        for number, each in enumerate(worst):
            mine = pixels[several * number : several * (number + 1)]
            names = dict(zip(pairs[number], mine, strict=True))
            each["pictures"] = {
                name: _write(image, place, number, output, name) for name, image in names.items()
            }
            shown.append(_beside(mine))
    names = [name for name, each in worst[0]["features"].items() if "array" in each]
    for which, name in enumerate(names, 1):
        # Names that differ in what no file's name should hold are told apart by their place.
        alike = sum(words(name) == words(each) for each in names) > 1
        called = f"{name}-{which}" if alike else name
        found = [each["features"][name] for each in worst]
        pixels = scaled([each.pop("array") for each in found])
        for number, (each, image) in enumerate(zip(found, pixels, strict=True)):
            each["picture"] = _write(image, place, number, output, called)
        shown = shown or pixels
    return shown


def _beside(images: list[np.ndarray]) -> np.ndarray:
    """Pictures of one size in a row, with a white line between them."""
    high, wide, channels = images[0].shape
    line = np.full((high, max(1, wide // 16), channels), 255, "uint8")
    first, *others = images
    return np.concatenate([first, *(part for each in others for part in (line, each))], 1)


def scaled(arrays: list[np.ndarray]) -> list[np.ndarray]:
    """As bytes: 0 to 1 and 0 to 255 as they are meant, whatever else from least to largest."""
    if not arrays:
        return []
    low = min(float(np.nanmin(each)) for each in arrays)
    high = max(float(np.nanmax(each)) for each in arrays)
    if low >= 0 and high <= 255:
        low, high = 0.0, 1.0 if high <= 1 else 255.0
    scale = 255 / (high - low) if high > low else 0.0
    return [
        np.nan_to_num((each.astype("float64") - low) * scale).clip(0, 255).round().astype("uint8")
        for each in arrays
    ]


def _write(image: np.ndarray, place: Path, number: int, output: str, name: str) -> str:
    """Writes a picture of one of the worst samples; gives the name of the file."""
    import tensorflow as tf

    path = "-".join([*words("worst", output, name), f"{number + 1:02}.png"])
    (place / path).write_bytes(tf.io.encode_png(image).numpy())
    return path


def words(*names: str) -> list[str]:
    """Names as parts of a file's name, whatever they hold."""
    return [word for name in names if (word := re.sub(r"\W+", "_", name))]
