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
            found[part.name] = {"shape": shape, "dtype": dtype, "array": _smaller(value)}
    return found


def _smaller(value: Any) -> np.ndarray:
    """A picture with at most 256 pixels a side: (rows, columns, channels)."""
    import tensorflow as tf

    array = np.asarray(value)
    array = array[..., None] if array.ndim == 2 else array
    largest = max(array.shape[:2])
    if largest > SIDE:
        size = [max(1, round(side * SIDE / largest)) for side in array.shape[:2]]
        array = tf.image.resize(array.astype("float32"), size, method="area").numpy()
    return array


def save_pictures(worst: list[dict[str, Any]], output: str, place: Path) -> list[np.ndarray]:
    """Writes the pictures of the worst samples as PNG, whose names take their pixels' place.

    Gives those of the first feature that is one, each with the same scale: uint8.
    """
    names = [name for name, each in _features(worst[0]).items() if "array" in each] if worst else []
    shown: list[np.ndarray] = []
    for name in names:
        arrays = [_features(each)[name].pop("array") for each in worst]
        pixels = _scaled(arrays)
        for number, (each, image) in enumerate(zip(worst, pixels, strict=True), 1):
            path = "-".join([*words("worst", output, name), f"{number:02}.png"])
            _write(image, place / path)
            _features(each)[name]["picture"] = path
        shown = shown or pixels
    return shown


def _features(each: dict[str, Any]) -> dict[str, Any]:
    return each["features"]


def _scaled(arrays: list[np.ndarray]) -> list[np.ndarray]:
    """As bytes: 0 to 1 and 0 to 255 as they are meant, whatever else from least to largest."""
    low = min(float(np.nanmin(each)) for each in arrays)
    high = max(float(np.nanmax(each)) for each in arrays)
    if low >= 0 and high <= 255:
        low, high = 0.0, 1.0 if high <= 1 else 255.0
    scale = 255 / (high - low) if high > low else 0.0
    return [
        np.nan_to_num((each.astype("float64") - low) * scale).clip(0, 255).round().astype("uint8")
        for each in arrays
    ]


def _write(image: np.ndarray, path: Path) -> None:
    import tensorflow as tf

    path.write_bytes(tf.io.encode_png(image).numpy())


def words(*names: str) -> list[str]:
    """Names as parts of a file's name, whatever they hold."""
    return [word for name in names if (word := re.sub(r"\W+", "_", name, flags=re.ASCII))]
