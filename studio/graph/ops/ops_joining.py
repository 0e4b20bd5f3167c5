"""keras.ops that make one tensor of several, or several of one."""

from __future__ import annotations

import itertools
from typing import Any

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.types import Choice, Either, Float, Int, ListOf, Shape
from studio.graph.dtypes import result_type
from studio.graph.ops.ops_axes import at_least, numbered, replaced, tensor
from studio.graph.ops.ops_common import AXIS, count, fits, flat, function, place
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec, product, shape_text
from studio.graph.spec import Shape as Sizes


def _some(tensors: tuple[Spec, ...]) -> tuple[Spec, ...]:
    if not tensors:
        raise Refused("puts tensors together, so it needs at least 1 input", "Draw an edge to it.")
    return tensors


def _joined(tensors: tuple[Spec, ...], shapes: list[Sizes], axis: int) -> Spec:
    """Shapes one behind the other along an axis."""
    for shape in shapes:
        same_rank = len(shape) == len(shapes[0])
        if not same_rank or not fits(shapes[0], replaced(shape, axis, shapes[0][axis])):
            raise Refused(
                f"can't join {shape_text(shapes[0])} and {shape_text(shape)} along axis {axis}: "
                "all other axes must be alike",
                "Put keras.layers.Reshape or Dense before one of them.",
            )
    sizes = [shape[axis] for shape in shapes]
    shape = replaced(shapes[0], axis, None if None in sizes else sum(sizes))
    return tensor(shape, result_type(*(each.dtype for each in tensors)))


@function("concatenate", inputs="xs*", shown="axis", axis=AXIS)
def concatenate(p: Args, xs: tuple[Spec, ...]) -> Result:
    """(a, b) and (a, c) along axis 1 -> (a, b + c)."""
    axis = place(p.axis, _some(xs)[0].rank)
    return p.result(_joined(xs, [x.shape for x in xs], axis))


def _stacking(axis: int):
    def rule(p: Args, xs: tuple[Spec, ...]) -> Result:
        for x in _some(xs):
            at_least(x, axis + 1, "one of its inputs")
        return p.result(_joined(xs, [x.shape for x in xs], axis))

    return rule


for _name, _axis in (("vstack", 0), ("hstack", 1)):
    function(_name, inputs="xs*")(_stacking(_axis))


@function("dstack", inputs="xs*")
def dstack(p: Args, xs: tuple[Spec, ...]) -> Result:
    """(a, b) and (a, b) -> (a, b, 2)."""
    shapes: list[Sizes] = []
    for x in _some(xs):
        shape = (1, *(x.shape or (1,))) if x.rank < 2 else x.shape
        shapes.append((*shape, 1) if len(shape) == 2 else shape)
    return p.result(_joined(xs, shapes, 2))


@function("stack", inputs="x*", shown="axis", axis=AXIS)
def stack(p: Args, xs: tuple[Spec, ...]) -> Result:
    """(a, b) and (a, b) -> (2, a, b)."""
    first = _some(xs)[0].shape
    axis = place(p.axis, len(first) + 1)
    if not all(fits(first, x.shape) for x in xs):
        raise Refused("stacks tensors of one shape", "Use keras.ops.concatenate for others.")
    dtype = result_type(*(x.dtype for x in xs))
    return p.result(tensor((*first[:axis], len(xs), *first[axis:]), dtype))


@function("append", inputs="x1 x2", shown="axis", axis=AXIS)
def append(p: Args, x1: Spec, x2: Spec) -> Result:
    """(a, b) and (a, c) along axis 1 -> (a, b + c); without axis everything in one row."""
    dtype = result_type(x1.dtype, x2.dtype)
    if p.axis is None:
        (one,), (other,) = flat(x1.shape), flat(x2.shape)
        both = None if None in (one, other) else one + other
        return p.result(tensor((both,), dtype))
    axis = place(p.axis, x1.rank)
    if None in (x1.shape[axis], *x2.shape[axis : axis + 1]):
        raise Refused(
            f"adds the sizes of axis {axis}, but one of them is unknown",
            "Use keras.ops.concatenate.",
        )
    return p.result(_joined((x1, x2), [x1.shape, x2.shape], axis).with_dtype(dtype))


@function("select", inputs="condlist* choicelist*", shown="default", default=Float())
def select(p: Args, condlist: tuple[Spec, ...], choicelist: tuple[Spec, ...]) -> Result:
    """Of the first choice whose condition holds, element by element."""
    first = _some(condlist) and _some(choicelist)[0]
    flops = product((count(first.shape), len(choicelist)))
    return p.result(tensor(first.shape, first.dtype), (), flops)


_SECTIONS = Either((Int(1), ListOf(Int())))


def _parts(params: dict[str, Any]) -> tuple[str, ...]:
    sections = params.get("indices_or_sections")
    if isinstance(sections, (list, tuple)):
        return numbered("part", len(sections) + 1)
    return numbered("part", sections if isinstance(sections, int) else 1)


def _split(p: Args, x: Spec, axis: int) -> Result:
    """(a, b) in parts along an axis."""
    size, sections = x.shape[axis], p.indices_or_sections
    if isinstance(sections, int):
        if size is not None and size % sections:
            raise Refused(
                f"makes {sections} equal parts, but axis {axis} has size {size}",
                "Choose a number that divides it, or give the places to cut at as a list.",
            )
        sizes = [None if size is None else size // sections] * sections
    else:
        ends = [0, *sections, size]
        sizes = [None if end is None else end - start for start, end in itertools.pairwise(ends)]
    return p.result([tensor(replaced(x.shape, axis, each), x.dtype) for each in sizes])


_SPLIT = {"outputs": _parts, "listed": True, "indices_or_sections": _SECTIONS}


@function("split", inputs="x", shown="indices_or_sections axis", axis=AXIS, **_SPLIT)
def split(p: Args, x: Spec) -> Result:
    """(a, 6) in 2 along axis 1 -> (a, 3), (a, 3)."""
    return _split(p, x, place(p.axis, x.rank))


def _splitting(rank: int, axis: int):
    def rule(p: Args, x: Spec) -> Result:
        at_least(x, rank)
        return _split(p, x, min(axis, x.rank - 1))

    return rule


for _name, _rank, _axis in (("hsplit", 1, 1), ("vsplit", 2, 0), ("dsplit", 3, 2)):
    function(_name, inputs="x", shown="indices_or_sections", **_SPLIT)(_splitting(_rank, _axis))


@function(
    "array_split",
    inputs="x",
    shown="indices_or_sections axis",
    outputs=_parts,
    listed=True,
    indices_or_sections=Int(1),
    axis=AXIS,
)
def array_split(p: Args, x: Spec) -> Result:
    """(7,) in 3 -> (3,), (2,), (2,)."""
    # Keras adds the rank to a negative axis and then looks from behind again.
    axis = place(p.axis + x.rank if p.axis < 0 else p.axis, x.rank)
    parts, size = p.indices_or_sections, x.shape[axis]
    if size is None:
        return p.result([tensor(x.shape, x.dtype)] * parts)
    each, more = divmod(size, parts)
    sizes = [each + (index < more) for index in range(parts)]
    return p.result([tensor(replaced(x.shape, axis, size), x.dtype) for size in sizes])


@function(
    "unstack",
    inputs="x",
    shown="num axis",
    outputs=lambda params: numbered("part", params.get("num") or 0),
    listed=True,
    # Without num, how many outputs there are would hang on what is fed.
    params=[Param("num", Int(1), help="How many tensors it gives: the size of the axis.")],
    axis=AXIS,
)
def unstack(p: Args, x: Spec) -> Result:
    """(3, a) -> (a,), (a,), (a,)."""
    axis = place(p.axis, x.rank)
    return p.result([tensor(x.shape[:axis] + x.shape[axis + 1 :], x.dtype)] * p.num)


@function(
    "unravel_index",
    inputs="indices",
    shown="shape",
    outputs=lambda params: numbered("axis", len(params["shape"])),
    listed=True,
    shape=Shape(),
)
def unravel_index(p: Args, indices: Spec) -> Result:
    """The place in a shape for each number: as many tensors as the shape has axes."""
    shape = (None,) if None in p.shape else indices.shape
    return p.result([tensor(shape, indices.dtype)] * len(p.shape))


@function(
    "meshgrid",
    inputs="x*",
    shown="indexing",
    outputs=lambda params: numbered("grid", params.get("", 0)),
    listed=True,
    each=True,
    indexing=Choice(("xy", "ij")),
)
def meshgrid(p: Args, xs: tuple[Spec, ...]) -> Result:
    """(a,) and (b,) -> (b, a) twice, (a, b) with indexing "ij": a grid for each axis."""
    shape = [product(x.shape) for x in _some(xs)]
    # Keras announces one dtype for all of them, and for "ij" always this one.
    dtype = "float32"
    if p.indexing == "xy":
        if len(xs) < 2:
            raise Refused(
                'swaps the first two of its axes, but gets one tensor for "xy"',
                'Draw a second edge to it, or choose the indexing "ij".',
            )
        shape[:2] = shape[1::-1]
        dtype = xs[-1].dtype
    return p.result([tensor(shape, dtype)] * len(xs))
