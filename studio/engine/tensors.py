"""Tensors of a dataset as JSON: their values, as pictures, as waves, and their ranges."""

from __future__ import annotations

import base64
import math
from typing import Any

VALUES = 64
"""Values of a tensor that are told."""

CHARACTERS = 400
"""Characters of a text that are told."""

SIDE = 96
"""Pixels that a picture is high or wide, at most."""

SMALLEST = 8
"""Fewer rows or columns than that are no picture."""

POINTS, SHORTEST = 200, 24
"""Points of a wave, and values that there must be for one."""

AT_ONCE = 1_000_000
"""Values that are kept until they are counted."""

LONG = 1000
"""Values from which a series with a sample rate is a sound."""


class Part:
    """One tensor of an element: where in the element it stands, and its spec."""

    def __init__(self, path: tuple[Any, ...], spec: Any):
        import tensorflow as tf

        self.path = path
        self.name = ".".join(map(str, path))
        self.spec = spec
        self.ragged = isinstance(spec, tf.RaggedTensorSpec)
        self.sparse = isinstance(spec, tf.SparseTensorSpec)
        self.tensor = self.ragged or self.sparse or isinstance(spec, tf.TensorSpec)

    def as_json(self) -> dict[str, Any]:
        """Its path (numbers for a tuple's parts, names for a dict's), shape, dtype, raggedness."""
        if not self.tensor:
            return {"path": self.path, "shape": None, "dtype": type(self.spec).__name__}
        shape = self.spec.shape.as_list() if self.spec.shape.rank is not None else None
        ragged = self.spec.ragged_rank if self.ragged else 0
        found = {"path": self.path, "shape": shape, "dtype": self.spec.dtype.name}
        return found | {"ragged": ragged} | ({"sparse": True} if self.sparse else {})

    def of(self, element: Any) -> Any:
        """It, in an element."""
        import tensorflow as tf

        for key in self.path:
            element = element[key]
        return tf.sparse.to_dense(element) if self.sparse else element


def parts_of(spec: Any, path: tuple[Any, ...] = ()) -> list[Part]:
    """The tensors of an element spec, in order."""
    if isinstance(spec, dict):
        return [part for key, each in spec.items() for part in parts_of(each, (*path, key))]
    if isinstance(spec, (tuple, list)):
        return [part for i, each in enumerate(spec) for part in parts_of(each, (*path, i))]
    return [Part(path, spec)]


def plain(value: Any) -> dict[str, Any]:
    """A tensor: its shape, dtype and first values, row by row."""
    import numpy as np
    import tensorflow as tf

    if isinstance(value, tf.RaggedTensor):
        lengths = [int(each) for each in value.row_lengths()[:VALUES].numpy()]
        return {"shape": value.shape.as_list(), **_values(value.flat_values), "lengths": lengths}
    if not tf.is_tensor(value) and not isinstance(value, np.ndarray):
        return {"shape": None, "dtype": type(value).__name__, "values": []}
    return {"shape": [int(size) for size in value.shape], **_values(value)}


def _values(value: Any) -> dict[str, Any]:
    array = numbers(value)
    first = array.reshape(-1)[:VALUES]
    # A float32 as it is written: 39.1, not what becomes of it as a longer float.
    short = [float(str(each)) for each in first] if array.dtype.kind == "f" else first.tolist()
    found = {"dtype": _dtype(value), "values": [_value(each) for each in short]}
    return found | ({"of": int(array.size)} if array.size > VALUES else {})


def _dtype(value: Any) -> str:
    return "string" if value.dtype.name == "object" else value.dtype.name


def numbers(value: Any) -> Any:
    """A tensor as an array; bfloat16 as float32, which JSON and NumPy know, texts as objects."""
    import numpy as np

    array = value.numpy() if hasattr(value, "numpy") else value
    array = np.array(array, dtype=object) if isinstance(array, bytes) else np.asarray(array)
    return array.astype("float32") if array.dtype.name == "bfloat16" else array


def _value(value: Any) -> Any:
    if isinstance(value, bytes):
        return _text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return str(value) if isinstance(value, complex) else value


def _text(value: bytes) -> str:
    try:
        text = value[: CHARACTERS * 4].decode()
    except UnicodeDecodeError as error:
        # A character may have been cut at the end; anything else isn't text.
        if len(value) <= CHARACTERS * 4 or error.start < CHARACTERS * 4 - 4:
            return f"{len(value):,} bytes"
        text = value[: error.start].decode()
    cut = len(text) > CHARACTERS or len(value) > CHARACTERS * 4
    return f"{text[:CHARACTERS]}…" if cut else text


def is_picture(shape: list[int | None] | None, dtype: str) -> bool:
    """Whether a tensor of numbers can be looked at as one: rows, columns, 1, 3 or 4 channels."""
    if shape is None or dtype in ("string", "complex64", "complex128"):
        return False
    sides, channels = shape[:2], shape[2:]
    if len(sides) < 2 or (channels and (len(channels) > 1 or channels[0] not in (1, 3, 4))):
        return False
    return all(side is None or side >= SMALLEST for side in sides)


def picture(value: Any, low: float, high: float) -> str:
    """A PNG, in base64, of a tensor that lies between two numbers; empty where it is too small."""
    import numpy as np
    import tensorflow as tf

    array = numbers(value)
    if min(array.shape[:2]) < SMALLEST:
        return ""
    array = array[..., None] if array.ndim == 2 else array
    if array.dtype != np.uint8:
        scale = 255.0 / (high - low) if high > low else 0.0
        array = np.nan_to_num((array.astype("float64") - low) * scale).clip(0, 255).round()
    largest = max(array.shape[:2])
    if largest > SIDE:
        size = [max(1, round(side * SIDE / largest)) for side in array.shape[:2]]
        array = tf.image.resize(array.astype("float32"), size, method="area").numpy().round()
    return base64.b64encode(tf.io.encode_png(array.astype("uint8")).numpy()).decode()


def is_wave(shape: list[int | None] | None, dtype: str) -> bool:
    """Whether a tensor is a series of numbers, in one channel or two."""
    if shape is None or ("float" not in dtype and "int" not in dtype):
        return False
    long = len(shape) >= 1 and (shape[0] is None or shape[0] >= SHORTEST)
    return long and (len(shape) == 1 or (len(shape) == 2 and shape[1] in (1, 2)))


def wave(value: Any, rate: float | None) -> dict[str, Any]:
    """The lowest and highest value of each of about 200 stretches of a series; nothing where short.

    Where a sample rate is known, and it is long, the seconds it lasts are told.
    """
    import numpy as np

    array = numbers(value).astype("float64")
    array = array.mean(-1) if array.ndim == 2 else array
    if len(array) < SHORTEST:
        return {}
    stretches = np.array_split(np.nan_to_num(array), min(POINTS, len(array)))
    points = [[float(each.min()), float(each.max())] for each in stretches]
    sound = rate and len(array) >= LONG
    return {"points": points} | ({"seconds": len(array) / rate} if sound else {})


class Words:
    """How many texts there are, how many differ, are empty, and how long they are."""

    def __init__(self) -> None:
        self.count = self.empty = self.letters = self.longest = 0
        self._different: set[bytes] = set()

    def take(self, value: Any) -> None:
        """Looks at one more tensor of texts."""
        import tensorflow as tf

        array = numbers(value.flat_values if isinstance(value, tf.RaggedTensor) else value)
        for text in array.reshape(-1).tolist():
            self.count += 1
            self.empty += not text
            self.letters += len(text)
            self.longest = max(self.longest, len(text))
            self._different.add(text)

    def as_json(self) -> dict[str, Any] | None:
        """The figures; None where there was no text. Lengths are those of their bytes."""
        if not self.count:
            return None
        return {
            "different": len(self._different),
            "of": self.count,
            "empty": self.empty / self.count,
            "mean": self.letters / self.count,
            "longest": self.longest,
        }


class Range:
    """The smallest, largest and mean of the numbers of many tensors, and how many are NaN."""

    def __init__(self) -> None:
        self.low, self.high, self.total, self.count, self.missing = math.inf, -math.inf, 0.0, 0, 0
        self._waiting: list[Any] = []
        self._values = 0

    def take(self, value: Any) -> None:
        """Looks at one more tensor."""
        import tensorflow as tf

        array = numbers(value.flat_values if isinstance(value, tf.RaggedTensor) else value)
        if array.dtype.kind not in "fiub" or not array.size:
            return
        self._waiting.append(array.reshape(-1))
        self._values += array.size
        if self._values > AT_ONCE:
            self._count()

    def _count(self) -> None:
        """Takes those that wait into the figures: many small ones at once."""
        import numpy as np

        array = np.concatenate(self._waiting)
        self._waiting, self._values = [], 0
        if array.dtype.kind == "f":
            nan = np.isnan(array)
            self.missing += int(nan.sum())
            array = array[~nan]
        if array.size:
            self.low = min(self.low, float(array.min()))
            self.high = max(self.high, float(array.max()))
            self.total += float(array.sum(dtype="float64"))
            self.count += array.size

    def as_json(self) -> dict[str, Any] | None:
        """The figures; None where there was no number."""
        if self._waiting:
            self._count()
        if not self.count and not self.missing:
            return None
        found = dict.fromkeys(("min", "max", "mean"))
        if self.count:
            figures = (self.low, self.high, self.total / self.count)
            found = dict(zip(found, map(_value, figures), strict=True))
        return found | {"nan": self.missing / (self.count + self.missing)}
