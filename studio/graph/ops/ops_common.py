"""What the rules of keras.ops share: broadcasting, axes, the number of elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Choice, Either, Int, ListOf
from studio.graph.dtypes import is_whole, result_type
from studio.graph.spec import DTYPES, Refused, Shape, product, shape_text

DTYPE = Choice(tuple(sorted(DTYPES)))
AXIS = Int()
AXES = Either((Int(), ListOf(Int())))


def function(*names: str, inputs: str, shown: str = "", **keywords: Any):
    """Describes functions of keras.ops; a name with a dot is a whole path behind "keras."."""
    paths = [f"keras.{name}" if "." in name else f"keras.ops.{name}" for name in names]
    return describe(*paths, family="ops", inputs=inputs, shown=shown, **keywords)


def count(shape: Sequence[int | None]) -> int | None:
    """The number of elements of one sample: of all axes but the first."""
    return product(shape[1:])


def times(*factors: int | None) -> int | None:
    """A product of numbers; None where one is unknown."""
    return product(factors)


def broadcast(*shapes: Sequence[int | None]) -> Shape:
    """The shape of an element-wise operation on tensors of these shapes."""
    found, *others = map(tuple, shapes)
    for other in others:
        rank = max(len(found), len(other))
        pairs = zip(_padded(found, rank), _padded(other, rank), strict=True)
        sizes = []
        for a, b in pairs:
            if a != b and None not in (a, b) and 1 not in (a, b):
                raise Refused(
                    f"goes element by element, but {shape_text(found)} and {shape_text(other)} "
                    f"don't fit: {a} is not {b}, and neither is 1",
                    "Give the inputs the same shape, or an axis of 1 where they differ.",
                )
            # What is known says what the unknown must be; an axis of 1 says nothing.
            sizes.append(b if a == 1 or (a is None and b != 1) else a)
        found = tuple(sizes)
    return found


def _padded(shape: Shape, rank: int) -> Shape:
    return (1,) * (rank - len(shape)) + shape


def place(axis: int, rank: int, name: str = "axis") -> int:
    """An axis counted from the front, where the input has it."""
    if not -rank <= axis < rank:
        hint = f"Choose from {-rank} to {rank - 1}." if rank else "It has no axis to choose."
        raise Refused(f"has {name} {axis}, but there are {rank} axes", hint)
    return axis % rank


def reduced(shape: Shape, axis: int | Sequence[int] | None, keepdims: bool = False) -> Shape:
    """What is left of a shape when axes are reduced; all of them where axis is None."""
    if axis is None:
        return (1,) * len(shape) if keepdims else ()
    places = [place(each, len(shape)) for each in ([axis] if isinstance(axis, int) else axis)]
    sizes = list(shape)
    for each in sorted(places, reverse=True):
        if keepdims:
            sizes[each] = 1
        elif each < len(sizes):
            # Keras deletes an axis that is named twice twice: the one behind it goes too.
            del sizes[each]
        else:
            raise Refused(f"reduces the axis {each} twice", "Name each axis once.")
    return tuple(sizes)


def fits(a: Sequence[int | None], b: Sequence[int | None]) -> bool:
    """Whether two shapes can be the same: equal sizes, or unknown ones."""
    if len(a) != len(b):
        return False
    return all(one == other or None in (one, other) for one, other in zip(a, b, strict=True))


def flat(shape: Shape) -> Shape:
    """The shape of all elements in a row."""
    return (product(shape),)


# Which dtype comes out of which: what the tables of functions have as their keys.


def same(dtype: str) -> str:
    """The dtype that came in."""
    return dtype


def truth(*dtypes: str) -> str:
    """True or false."""
    return "bool"


def weak_float(*dtypes: str) -> str:
    """As beside a Python float: whole numbers become float32."""
    return result_type(*dtypes, "float")


def whole_to_float(dtype: str) -> str:
    """Whole numbers become float32, all else stays."""
    return "float32" if is_whole(dtype) else dtype


def float32(dtype: str) -> str:
    """float32 whatever comes in, in Keras' symbolic answer."""
    return "float32"
