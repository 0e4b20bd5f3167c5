"""What the functions of keras.ops on shapes share, beside ops_common: sizes, ranks, ports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from studio.graph.catalogue.types import Choice
from studio.graph.ops.ops_common import place
from studio.graph.spec import Refused, Shape, Spec, shape_text

FORMAT = Choice(("channels_last", "channels_first"))


def listed(value: Any) -> list[Any]:
    """One value or several, as a list."""
    return list(value) if isinstance(value, (list, tuple)) else [value]


def places(axes: int | Iterable[int], rank: int, name: str = "axis") -> list[int]:
    """One axis or several, counted from the front."""
    return [place(axis, rank, name) for axis in listed(axes)]


def tensor(shape: Iterable[int | None], dtype: str = "float32", ragged: int = 0) -> Spec:
    """A tensor of a computed shape; refused where a size came out below zero."""
    shape = tuple(shape)
    if any(size is not None and size < 0 for size in shape):
        raise Refused(
            f"would give the shape {shape_text(shape)}, where a size is below zero",
            "Choose parameters that leave something of every axis.",
        )
    return Spec(shape, dtype, ragged)


def at_least(x: Spec, rank: int, what: str = "its input") -> None:
    """Refuses a tensor with fewer axes."""
    if x.rank < rank:
        axes = "1 axis" if rank == 1 else f"{rank} axes"
        raise Refused(
            f"needs at least {axes}, but {what} has {x.rank}",
            "Put keras.ops.expand_dims or keras.layers.Reshape before it.",
        )


def of_rank(x: Spec, *ranks: int, what: str = "its input") -> None:
    """Refuses a tensor with another number of axes."""
    if x.rank not in ranks:
        wanted = " or ".join(map(str, ranks))
        raise Refused(
            f"needs {wanted} axes, but {what} has {x.rank}",
            "Put keras.layers.Reshape before it, or give the Input another shape.",
        )


def without(shape: Sequence[int | None], axes: Iterable[int]) -> Shape:
    """A shape without some axes, each counted from the front."""
    left = list(shape)
    for axis in sorted(axes, reverse=True):  # Keras lets one named twice take its neighbour along
        if axis >= len(left):
            raise Refused(f"is given axis {axis} twice", "Name every axis once.")
        del left[axis]
    return tuple(left)


def replaced(shape: Sequence[int | None], axis: int, size: int | None) -> Shape:
    """A shape with another size on one axis."""
    changed = list(shape)
    changed[axis] = size
    return tuple(changed)


def numbered(name: str, count: int) -> tuple[str, ...]:
    """Names for the output ports of an op that gives as many as its parameters say."""
    return tuple(f"{name}_{index}" for index in range(count))


def one_length(
    sizes: Sequence[int | None], **others: int | Sequence[int]
) -> list[list[int | None]]:
    """The sizes of axes, and numbers for them, in lists of one length: NumPy's repeating.

    Keras lets one axis be repeated too; where its size is unknown, it takes the copies for -1.
    """
    wanted = {"the input": list(sizes)} | {name: listed(each) for name, each in others.items()}
    longest = next((len(each) for each in wanted.values() if len(each) != 1), 1)
    unknown = None in sizes and not longest
    if unknown or any(len(each) not in (1, longest) for each in wanted.values()):
        counts = ", ".join(f"{name} for {len(each)}" for name, each in wanted.items())
        raise Refused(
            f"needs one number for each axis, but gets {counts}",
            "Give one number for all axes, or a list with one for each.",
        )
    found = [each * longest if len(each) == 1 else each for each in wanted.values()]
    if len(sizes) == 1 < longest and None in sizes:
        found[0] = [None] + [-1] * (longest - 1)
    return found
