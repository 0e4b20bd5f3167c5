"""Layers that make one tensor of several: equal, stretched, unknown and unlike shapes."""

from __future__ import annotations

from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe
from tests.conformance.recipes.core import WHOLE, Drawn, common

Shape = tuple[int | None, ...]
_NAMES = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")


def _changed(draw: Draw, shape: Shape, sizes: list[int | None], share: float) -> Shape:
    """The shape with some sizes in the place of its own."""
    return tuple(draw.one(sizes) if draw.chance(share) else size for size in shape)


def _specs(draw: Draw, shapes: list[Shape]) -> list[Spec]:
    return [Spec(shape, "float32" if draw.chance(0.8) else draw.one(WHOLE)) for shape in shapes]


def _count(draw: Draw) -> int:
    return draw.one([0, 1]) if draw.odd() else draw.one([2, 2, 2, 3])


@recipe(*(f"keras.layers.{name}" for name in _NAMES))
def elementwise(draw: Draw, path: str) -> Drawn:
    shape = draw.shape(draw.size(1, 4), 1, 4)
    shapes = []
    for _ in range(_count(draw)):
        other = _changed(draw, shape, [1, None], 0.15)
        if draw.chance(0.15):
            other = (other[0], *other[2:])
        if draw.chance(0.1):
            other = _changed(draw, other, [2, 3], 0.4)
        shapes.append(() if draw.chance(0.02) else other)
    return common(draw), {"inputs": _specs(draw, shapes)}


@recipe("keras.layers.Concatenate")
def concatenate(draw: Draw, path: str) -> Drawn:
    rank = draw.size(1, 4)
    axis = draw.one([-1, 1, -rank, rank - 1, 0]) if not draw.odd() else draw.one([5, -5, rank, "1"])
    shape = draw.shape(rank, 1, 4)
    shapes = []
    for _ in range(_count(draw)):
        other = list(_changed(draw, shape, [None], 0.1))
        if isinstance(axis, int) and -len(other) <= axis < len(other):
            other[axis] = draw.axis(1, 5)
        if draw.chance(0.1):
            other = list(_changed(draw, tuple(other), [1, 2, 3], 0.4))
        if draw.odd():
            other = other[:-1]
        shapes.append(tuple(other))
    params = {"axis": axis} if draw.chance(0.8) else {}
    return params | common(draw), {"inputs": _specs(draw, shapes)}


@recipe("keras.layers.Dot")
def dot(draw: Draw, path: str) -> Drawn:
    ranks = [draw.size(2, 4), draw.size(2, 4)] if not draw.odd() else [1, draw.size(1, 3)]
    shapes = [list(draw.shape(rank, 1, 4)) for rank in ranks]
    axes = [draw.size(1, max(len(shape) - 1, 1)) for shape in shapes]
    if draw.chance(0.9):
        size = draw.axis(1, 4, 0.1)
        for shape, axis in zip(shapes, axes, strict=True):
            if axis < len(shape):
                shape[axis] = size
    given = [
        axis - len(s) if draw.chance(0.3) else axis for axis, s in zip(axes, shapes, strict=True)
    ]
    if draw.chance(0.3):
        given = draw.one([1, 2, -1, -2])
    if draw.odd():
        given = draw.one([[1], [1, 2, 3], [0, 0], [7, 1], "1", [1, -9], 0, [1, None]])
    if draw.odd():
        shapes = draw.one([shapes[:1], [*shapes, shapes[0]]])
    params = {"axes": given} | draw.params(path, ["normalize"]) | common(draw)
    return params, {"inputs": _specs(draw, list(map(tuple, shapes)))}
