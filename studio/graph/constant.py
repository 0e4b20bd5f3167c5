"""Constants: what a function of keras.ops may be given in the place of a tensor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from studio.graph.spec import Shape, Spec

_LARGEST = 3.4028235677973366e38  # beyond it, a number is none of float32
_WORDS = ((2**31, "int32"), (2**63, "int64"))


def constant_spec(value: Any, weak: bool = False) -> Spec | None:
    """The tensor that a literal is; None where it is none.

    A number, true or false, or lists of them, all lists of one level equally
    long. A `weak` number stands beside tensors as a Python number does: its
    dtype is "int" or "float", which gives way to theirs.
    """
    shape = _shape(value)
    if shape is None:
        return None
    numbers = list(_numbers(value))
    kinds = set(map(type, numbers))
    if kinds == {bool}:
        return Spec(shape, "bool")
    if bool in kinds:
        return None  # TensorFlow takes no true or false among numbers
    if weak and not shape:
        return Spec((), "int" if kinds == {int} else "float")
    if kinds == {int}:
        fitting = (name for end, name in _WORDS if all(-end <= number < end for number in numbers))
        return Spec(shape, next(fitting))
    return Spec(shape, "float32")


def _numbers(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _numbers(item)
    else:
        yield value


def _shape(value: Any) -> Shape | None:
    """The sizes of lists in lists of numbers; None for anything else, or where they are uneven."""
    if isinstance(value, bool):
        return ()
    if isinstance(value, int):
        return () if -(2**63) <= value < 2**63 else None
    if isinstance(value, float):
        return () if abs(value) < _LARGEST else None
    if not isinstance(value, (list, tuple)):
        return None
    inner = {_shape(item) for item in value}
    if len(inner) > 1 or None in inner:
        return None
    return (len(value), *(next(iter(inner)) if inner else ()))
