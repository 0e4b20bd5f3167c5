"""keras.ops that pick elements by their place, or put them there."""

from __future__ import annotations

from studio.graph.catalogue.types import Bool, Either, Int, ListOf, Shape, or_null
from studio.graph.ops.ops_axes import at_least, replaced, tensor
from studio.graph.ops.ops_common import AXIS, DTYPE, broadcast, count, fits, flat, function, place
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec


@function("take", inputs="x indices", shown="axis", axis=AXIS)
def take(p: Args, x: Spec, indices: Spec) -> Result:
    """(a, b) with indices (n, m) along axis 0 -> (n, m, b)."""
    if p.axis is None:
        return p.result(tensor(indices.shape, x.dtype))
    axis = place(p.axis, x.rank)
    shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    return p.result(tensor(shape, x.dtype, indices.ragged))


@function("take_along_axis", inputs="x indices", shown="axis", axis=AXIS)
def take_along_axis(p: Args, x: Spec, indices: Spec) -> Result:
    """(a, b) with indices (a, n) along axis 1 -> (a, n)."""
    shape = flat(x.shape) if p.axis is None else x.shape
    if indices.rank != len(shape):
        raise Refused(
            f"takes indices with {len(shape)} axes, but they have {indices.rank}",
            "Give the indices as many axes as the input, or use keras.ops.take.",
        )
    axis = place(p.axis or 0, len(shape))
    shape = replaced(shape, axis, indices.shape[axis])
    return p.result(tensor(broadcast(shape, indices.shape), x.dtype))


_INTS = ListOf(Int())


@function("slice", inputs="inputs", shown="start_indices shape", start_indices=_INTS, shape=_INTS)
def slice_(p: Args, inputs: Spec) -> Result:
    """(a, b) from [0, 1] on in shape [2, -1] -> (2, b - 1)."""
    for name in ("start_indices", "shape"):
        if len(getattr(p, name)) != inputs.rank:
            raise Refused(
                f"has {len(getattr(p, name))} numbers as {name} for {inputs.rank} axes",
                "Give one for each axis, the batch axis too.",
            )
    sizes = []
    for size, start, wanted in zip(inputs.shape, p.start_indices, p.shape, strict=True):
        rest = None if size is None else size - start
        sizes.append(rest if wanted == -1 else wanted)
    return p.result(tensor(sizes, inputs.dtype))


@function("slice_update", inputs="inputs updates", shown="start_indices", start_indices=_INTS)
def slice_update(p: Args, inputs: Spec, updates: Spec) -> Result:
    """The inputs with the updates written over them."""
    return p.result(tensor(inputs.shape, inputs.dtype))


@function("get_item", inputs="x", shown="key", key=Either((Int(), ListOf(or_null(Int())))))
def get_item(p: Args, x: Spec) -> Result:
    """(a, b, c) with key [0, null] -> (1, b, c): a number takes an axis away, null adds one."""
    rest, shape = list(x.shape), []
    for key in p.key if isinstance(p.key, (list, tuple)) else [p.key]:
        if key is None:
            shape.append(1)
            continue
        if not rest:
            raise Refused(
                f"takes more places than its input has axes ({x.rank})", "Shorten the key."
            )
        size = rest.pop(0)
        if size is not None and not -size <= key < size:
            raise Refused(
                f"takes place {key} of an axis of {size}", f"Choose from {-size} to {size - 1}."
            )
    return p.result(tensor((*shape, *rest), x.dtype))


@function("scatter", inputs="indices values", shown="shape", shape=Shape())
def scatter(p: Args, indices: Spec, values: Spec) -> Result:
    """Zeros of a shape with the values at their places."""
    return p.result(tensor(p.shape, values.dtype))


@function("scatter_update", inputs="inputs indices updates", shown="reduction")
def scatter_update(p: Args, inputs: Spec, indices: Spec, updates: Spec) -> Result:
    """The inputs with the updates at their places."""
    return p.result(tensor(inputs.shape, inputs.dtype))


@function(
    *(f"segment_{name}" for name in ("sum", "max", "min", "prod")),
    inputs="data segment_ids",
    fed="data",
    shown="num_segments",
    num_segments=Int(0),
    sorted=Bool(),
)
def segment(p: Args, data: Spec, segment_ids: Spec) -> Result:
    """(a, b) with a segment for each row -> (num_segments, b)."""
    if segment_ids.rank != 1:
        raise Refused(
            f"needs one segment for each row, but segment_ids has {segment_ids.rank} axes",
            "Flatten it with keras.ops.ravel.",
        )
    if segment_ids.shape != (None,):  # else Keras doesn't look at the data either
        at_least(data, 1)
    if data.shape and not fits(data.shape[:1], segment_ids.shape):
        raise Refused(
            f"has {segment_ids.shape[0]} segments for {data.shape[0]} rows", "Give one for each."
        )
    out = tensor((p.num_segments, *data.shape[1:]), data.dtype)
    return p.result(out, (), count(data.shape))


def _classes(p: Args, x: Spec) -> tuple[int | None, ...]:
    """A shape with an axis for the classes."""
    if p.axis == -1:
        return (*x.shape, p.num_classes)
    if not 0 <= p.axis < x.rank:
        raise Refused(
            f"puts the classes on axis {p.axis}, which isn't among the {x.rank}",
            "Leave axis at -1, or choose one from the front.",
        )
    return (*x.shape[: p.axis], p.num_classes, *x.shape[p.axis :])


_HOT = {"num_classes": Int(), "axis": Int(), "dtype": DTYPE, "sparse": Bool()}


@function("one_hot", inputs="x", shown="num_classes", **_HOT)
def one_hot(p: Args, x: Spec) -> Result:
    """(a, b) -> (a, b, num_classes)."""
    return p.result(tensor(_classes(p, x), p.dtype or "float32"))


@function("multi_hot", inputs="inputs", shown="num_classes", **_HOT)
def multi_hot(p: Args, inputs: Spec) -> Result:
    """(a, b) -> (a, num_classes), in the dtype of the input as Keras says."""
    if p.num_classes is None:
        raise Refused("needs the number of classes", "Give num_classes.")
    shape = _classes(p, inputs)
    shape = shape[-1:] if len(shape) == 2 else (shape[0], *shape[2:])
    return p.result(tensor(shape, inputs.dtype))
