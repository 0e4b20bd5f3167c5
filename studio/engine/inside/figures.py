"""The figures of a tensor: its range, mean and spread, the shares of zeros and of what is no
number, and a histogram."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

BINS = 40
"""Bars of a histogram."""

COUNTED = 1 << 20
"""Values that figures are taken of: of more, each second, third, ... one."""

BARS = 1 << 16
"""Values that a histogram is taken of, likewise."""


def array_of(value: Any) -> np.ndarray | None:
    """A tensor's numbers as float32, in its shape; None where it has none (texts, no values)."""
    if isinstance(value, tf.RaggedTensor):
        value = value.flat_values
    elif isinstance(value, tf.SparseTensor):
        value = tf.sparse.to_dense(value)
    if value.dtype == tf.string or value.dtype.is_complex:
        return None
    array = value.numpy() if hasattr(value, "numpy") else np.asarray(value)
    return array.astype("float32", copy=False) if array.size else None


def thinned(array: np.ndarray, most: int) -> np.ndarray:
    """The values in a row; of more than `most` each second, third, ... one."""
    flat = array.reshape(-1)
    return flat[:: -(-flat.size // most)] if flat.size > most else flat


def figures(array: np.ndarray) -> dict[str, float | None]:
    """Range, mean and standard deviation of the finite values; shares of zeros and of others."""
    flat = thinned(array, COUNTED)
    finite = np.isfinite(flat)
    bad = 1.0 - float(finite.mean())
    values = flat if not bad else flat[finite]
    if not values.size:
        return {"min": None, "max": None, "mean": None, "std": None, "zeros": 0.0, "bad": bad}
    found = {
        "min": values.min(),
        "max": values.max(),
        "mean": values.mean(dtype="float64"),
        "std": values.std(dtype="float64"),
    }
    rounded: dict[str, float | None] = {name: short(value) for name, value in found.items()}
    return rounded | {"zeros": short(1.0 - np.count_nonzero(flat) / flat.size), "bad": short(bad)}


def histogram(array: np.ndarray, bins: int = BINS) -> dict[str, Any]:
    """How many of the finite values lie in each of so many equal parts of their range."""
    flat = thinned(array, BARS)
    finite = np.isfinite(flat)
    values = flat if finite.all() else flat[finite]
    if not values.size:
        return {"low": 0.0, "high": 0.0, "counts": [0] * bins}
    low, high = float(values.min()), float(values.max())
    if low == high:
        counts = [0] * bins
        counts[bins // 2] = int(values.size)
        return {"low": low, "high": high, "counts": counts}
    scale = bins / (high - low)
    places = ((values.astype("float64") - low) * scale).astype(np.int64)
    counts = np.bincount(places.clip(0, bins - 1), minlength=bins)
    return {"low": short(low, 6), "high": short(high, 6), "counts": counts.tolist()}


def dead_units(array: np.ndarray) -> float | None:
    """The share of a layer's units (its last axis) that are zero for the whole batch."""
    if array.ndim < 2 or array.shape[-1] < 2:
        return None
    whole = array.reshape(-1, array.shape[-1])
    return short(1.0 - float(np.any(whole, axis=0).mean()))


def norm(array: np.ndarray) -> float:
    """The Euclidean norm, infinite or NaN where the numbers are."""
    flat = array.reshape(-1).astype("float64", copy=False)
    return float(np.sqrt(np.dot(flat, flat)))


def short(value: Any, digits: int = 4) -> float:
    """A number with as many digits as are looked at."""
    return float(f"{float(value):.{digits}g}")
