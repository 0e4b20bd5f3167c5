"""keras.ops that give the same elements another order or shape."""

from __future__ import annotations

from typing import Any

from studio.graph.catalogue.types import Either, Float, Int, ListOf, Shape, or_null
from studio.graph.ops.ops_axes import FORMAT, at_least, listed, of_rank, places, tensor, without
from studio.graph.ops.ops_common import AXES, AXIS, DTYPE, broadcast, flat, function, place
from studio.graph.rule import Args
from studio.graph.spec import BYTES, Refused, Result, Spec, product, shape_text

_FUNCTION = "takes Python functions, which a graph of tensors can't hold: use a code node"
_VALUE = "gives no tensor in a model: Keras answers it while the model is being built"

LEFT_OUT = {
    "keras.ops.associative_scan": _FUNCTION,
    "keras.ops.cond": _FUNCTION,
    "keras.ops.convert_to_numpy": _VALUE,
    "keras.ops.custom_gradient": _FUNCTION,
    "keras.ops.dtype": _VALUE,
    "keras.ops.fori_loop": _FUNCTION,
    "keras.ops.is_tensor": _VALUE,
    "keras.ops.jvp": _FUNCTION,
    "keras.ops.map": _FUNCTION,
    "keras.ops.scan": _FUNCTION,
    "keras.ops.shape": _VALUE,
    "keras.ops.switch": _FUNCTION,
    "keras.ops.vectorize": _FUNCTION,
    "keras.ops.vectorized_map": _FUNCTION,
    "keras.ops.while_loop": _FUNCTION,
}
"""Functions of keras.ops without a shape rule, and why."""


@function("reshape", inputs="x", shown="newshape", newshape=Either((Int(), ListOf(or_null(Int())))))
def reshape(p: Args, x: Spec) -> Result:
    """(2, 6) -> (3, 4): all axes, the batch axis too; -1 for what is left."""
    target = listed(p.newshape)
    if any(size is not None and size < -1 for size in target) or target.count(-1) > 1:
        raise Refused(
            f"can't make the shape {shape_text(target)}",
            "Give sizes of at least 0, and -1 for at most one axis.",
        )
    count = product(x.shape)
    if count is None or None in target:
        return p.result(tensor((None if size == -1 else size for size in target), x.dtype))
    fixed = product(size for size in target if size != -1)
    if -1 not in target:
        fits = count == fixed
    else:
        fits = bool(fixed) and count % fixed == 0
    if not fits:
        raise Refused(
            f"can't make {shape_text(target)} of {count} elements",
            "Give a newshape with as many elements, or -1 for one of its axes.",
        )
    return p.result(tensor((count // fixed if size == -1 else size for size in target), x.dtype))


@function("transpose", inputs="x", shown="axes", axes=ListOf(Int()))
def transpose(p: Args, x: Spec) -> Result:
    """(a, b, c) -> (c, b, a), or in the order of axes."""
    if p.axes is None:
        return p.result(tensor(x.shape[::-1], x.dtype))
    order = places(p.axes, x.rank)
    if sorted(order) != list(range(x.rank)):
        raise Refused(
            f"puts {x.rank} axes in a new order, and {list(p.axes)} doesn't name each of them once",
            f"Give axes such as {list(range(x.rank))[::-1]}.",
        )
    return p.result(tensor((x.shape[axis] for axis in order), x.dtype))


@function("squeeze", inputs="x", shown="axis", axis=AXES)
def squeeze(p: Args, x: Spec) -> Result:
    """(a, 1, b) -> (a, b)."""
    if p.axis is None:
        return p.result(tensor((size for size in x.shape if size != 1), x.dtype))
    axes = places(p.axis, x.rank)
    for axis in axes:
        if x.shape[axis] != 1:
            raise Refused(
                f"takes away axes of size 1, but axis {axis} has size {x.shape[axis]}",
                "Choose an axis of size 1.",
            )
    return p.result(tensor(without(x.shape, axes), x.dtype))


@function("expand_dims", inputs="x", shown="axis", axis=AXES)
def expand_dims(p: Args, x: Spec) -> Result:
    """(a, b) -> (a, 1, b)."""
    rank = x.rank + len(listed(p.axis))
    new = places(p.axis, rank)
    if len(set(new)) < len(new):
        raise Refused(f"is given the same axis twice in {list(p.axis)}", "Name every axis once.")
    sizes = iter(x.shape)
    return p.result(tensor((1 if axis in new else next(sizes) for axis in range(rank)), x.dtype))


@function("moveaxis", inputs="x", shown="source destination", source=AXES, destination=AXES)
def moveaxis(p: Args, x: Spec) -> Result:
    """(a, b, c) -> (b, c, a): some axes to new places, the others in their order."""
    sources, targets = places(p.source, x.rank), places(p.destination, x.rank)
    if len(sources) != len(targets):
        raise Refused(f"moves {len(sources)} axes to {len(targets)} places", "Give as many places.")
    hole = object()
    left: list[Any] = list(x.shape)
    out: list[Any] = [hole] * x.rank
    for source, target in zip(sources, targets, strict=True):
        out[target], left[source] = left[source], hole
    rest = iter([size for size in left if size is not hole])
    for at, size in enumerate(out):
        if size is hole:
            out[at] = next(rest, hole)
    if hole in out:
        raise Refused("moves two axes to one place", "Give every axis a place of its own.")
    return p.result(tensor(out, x.dtype))


def _swapped(x: Spec, first: int, second: int) -> Spec:
    shape = list(x.shape)
    shape[first], shape[second] = shape[second], shape[first]
    return tensor(shape, x.dtype)


@function("swapaxes", inputs="x", shown="axis1 axis2", axis1=AXIS, axis2=AXIS)
def swapaxes(p: Args, x: Spec) -> Result:
    """(a, b, c) -> (c, b, a)."""
    return p.result(_swapped(x, place(p.axis1, x.rank), place(p.axis2, x.rank)))


@function("rot90", inputs="array", shown="k axes", k=Int(), axes=ListOf(Int()))
def rot90(p: Args, array: Spec) -> Result:
    """(a, b, ...) -> (b, a, ...); Keras swaps the sizes whatever k is."""
    at_least(array, 2)
    if len(p.axes) != 2 or p.axes[0] == p.axes[1]:
        raise Refused("turns in the plane of two different axes", "Give axes such as [0, 1].")
    first, second = places(p.axes, array.rank)
    return p.result(_swapped(array, first, second))


@function("ravel", inputs="x")
def ravel(p: Args, x: Spec) -> Result:
    """(a, b) -> (a * b,)."""
    return p.result(tensor(flat(x.shape), x.dtype))


@function("flip", inputs="x", shown="axis", axis=AXES)
@function("roll", inputs="x", shown="shift axis", shift=AXES, axis=AXES)
def along(p: Args, x: Spec) -> Result:
    """The same shape, turned or shifted along some axes."""
    if p.axis is not None:
        places(p.axis, x.rank)
    return p.result(tensor(x.shape, x.dtype))


def _same(rank: int):
    def rule(p: Args, x: Spec) -> Result:
        at_least(x, rank)
        return p.result(tensor(x.shape, x.dtype))

    return rule


for _name, _rank in (("flipud", 1), ("fliplr", 2)):
    function(_name, inputs="x")(_same(_rank))


@function("tile", inputs="x", shown="repeats", repeats=AXES)
def tile(p: Args, x: Spec) -> Result:
    """(a, b) with repeats [2, 3] -> (2a, 3b)."""
    repeats = listed(p.repeats)
    rank = max(x.rank, len(repeats))
    shape = (1,) * (rank - x.rank) + x.shape
    repeats = [1] * (rank - len(repeats)) + repeats
    return p.result(
        tensor(
            (
                None if size is None else size * times
                for size, times in zip(shape, repeats, strict=True)
            ),
            x.dtype,
        )
    )


@function("repeat", inputs="x", shown="repeats axis", repeats=AXES, axis=AXIS)
def repeat(p: Args, x: Spec) -> Result:
    """(a, b) twice along axis 1 -> (a, 2b); without axis everything in one row."""
    axis = None if p.axis is None else place(p.axis, x.rank)
    size = product(x.shape) if axis is None else x.shape[axis]
    repeats = listed(p.repeats)
    if size is None:
        new = None
    elif len(repeats) == 1:
        new = size * repeats[0]
    elif len(repeats) == size:
        new = sum(repeats)
    else:
        raise Refused(
            f"has {len(repeats)} repeats for {size} elements",
            f"Give one number for all, or a list of {size}.",
        )
    shape = (new,) if axis is None else (*x.shape[:axis], new, *x.shape[axis + 1 :])
    return p.result(tensor(shape, x.dtype))


_PADDING = Either((Int(), ListOf(Int(), empty=False), ListOf(ListOf(Int()), empty=False)))


@function("pad", inputs="x", shown="pad_width mode", pad_width=_PADDING, constant_values=Float())
def pad(p: Args, x: Spec) -> Result:
    """(a, b) with pad_width [[1, 1], [0, 2]] -> (a + 2, b + 2)."""
    widths = [p.pad_width] if isinstance(listed(p.pad_width)[0], int) else list(p.pad_width)
    widths = [[each, each] if isinstance(each, int) else list(each) for each in widths]
    if len(widths) > 1 or isinstance(listed(p.pad_width)[0], list):
        if len({len(each) for each in widths}) > 1:
            raise Refused("gets pairs of widths and single ones mixed", "Give pairs throughout.")
        widths = [each * 2 if len(each) == 1 else each for each in widths]
    if len(widths) not in (1, x.rank):
        raise Refused(
            f"has widths for {len(widths)} axes, but its input has {x.rank}",
            f"Give one pair for all axes, or {x.rank} pairs.",
        )
    if len(widths) == 1:
        widths *= x.rank
    shape = []
    for size, width in zip(x.shape, widths, strict=True):
        if size is not None and len(width) < 2:
            raise Refused(
                "needs the width before and the one behind", "Give a pair such as [1, 1]."
            )
        shape.append(None if size is None else size + width[0] + width[1])
    return p.result(tensor(shape, x.dtype))


@function("broadcast_to", inputs="x", shown="shape", shape=Shape())
def broadcast_to(p: Args, x: Spec) -> Result:
    """(1, b) -> (a, b): sizes of 1 stretched."""
    broadcast(x.shape, p.shape)
    return p.result(tensor(p.shape, x.dtype))


@function("view", inputs="x", shown="dtype", dtype=DTYPE)
def view(p: Args, x: Spec) -> Result:
    """The same bytes read as another dtype: (a, 4) uint8 -> (a, 1) int32."""
    new = p.dtype or x.dtype
    if "string" in (new, x.dtype):
        raise Refused("reads bytes as another dtype, which text doesn't have")
    old_bytes, new_bytes = BYTES[x.dtype], BYTES[new]
    if old_bytes == new_bytes:
        return p.result(tensor(x.shape, new))
    at_least(x, 1)
    last = x.shape[-1]
    if last is not None:
        if last * old_bytes % new_bytes:
            raise Refused(
                f"has {last * old_bytes} bytes in its last axis, which {new} of {new_bytes} bytes "
                "don't fill"
            )
        last = last * old_bytes // new_bytes
    return p.result(tensor((*x.shape[:-1], last), new))


_BLOCKS = {"block_size": Int(2), "data_format": FORMAT}


def _image(p: Args, x: Spec) -> tuple[int | None, int | None, int | None]:
    """(height, width, channels) of a batch of images."""
    of_rank(x, 4)
    if p.data_format == "channels_first":
        return x.shape[2], x.shape[3], x.shape[1]
    return x.shape[1], x.shape[2], x.shape[3]


def _like_image(p: Args, x: Spec, *sizes: int | None) -> Spec:
    height, width, channels = sizes
    first = p.data_format == "channels_first"
    return tensor(
        (x.shape[0], *((channels, height, width) if first else (height, width, channels))), x.dtype
    )


def _parts(size: int | None, parts: int, what: str) -> int | None:
    if size is not None and size % parts:
        raise Refused(f"divides {what} by {parts}, which doesn't go into {size}")
    return None if size is None else size // parts


def _times(size: int | None, times: int) -> int | None:
    return None if size is None else size * times


@function("depth_to_space", inputs="x", shown="block_size", **_BLOCKS)
def depth_to_space(p: Args, x: Spec) -> Result:
    """(n, h, w, 4c) -> (n, 2h, 2w, c)."""
    height, width, channels = _image(p, x)
    block = p.block_size
    channels = _parts(channels, block * block, "the channels")
    return p.result(_like_image(p, x, _times(height, block), _times(width, block), channels))


@function("space_to_depth", inputs="x", shown="block_size", **_BLOCKS)
def space_to_depth(p: Args, x: Spec) -> Result:
    """(n, 2h, 2w, c) -> (n, h, w, 4c)."""
    height, width, channels = _image(p, x)
    block = p.block_size
    height, width = _parts(height, block, "the height"), _parts(width, block, "the width")
    return p.result(_like_image(p, x, height, width, _times(channels, block * block)))
