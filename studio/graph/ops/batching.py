"""Stages that make batches: padded, ragged, by length, by key; and those that undo them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from msgspec.structs import replace

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.registry import find
from studio.graph.catalogue.types import (
    Bool,
    Choice,
    DictOf,
    Either,
    Float,
    Int,
    ListOf,
    Text,
    or_null,
)
from studio.graph.elements import Elements, Nested, Structure, over
from studio.graph.functions import applied, asked, function, own, takes
from studio.graph.ops.staging import BATCH_SIZE, DROP, batches, stage, uncounted
from studio.graph.problems import quoted
from studio.graph.rule import Args
from studio.graph.spec import INTEGERS, Refused, Spec, shape_text

_SIZES = ListOf(Either((Int(0), Choice((None,)))))
_SHAPE = or_null(_SIZES)
_VALUE = Either((Int(), Float(), Text()))
_EACH = or_null(_VALUE)
_PADDING = (
    Param(
        "padded_shapes",
        Either((_SIZES, ListOf(Either((_SHAPE, DictOf(_SHAPE)))), DictOf(_SHAPE, empty=False))),
        None,
        "The shape that each tensor is padded to, in the structure of the element; null for the "
        "largest of a batch.",
    ),
    Param(
        "padding_values",
        Either((_VALUE, ListOf(Either((_EACH, DictOf(_EACH)))), DictOf(_EACH, empty=False))),
        None,
        "What it is filled up with, in the structure of the element; null for 0, or empty text.",
    ),
)


@stage(
    "padded_batch",
    "batch_size",
    "Joins elements of different sizes into one, filled up to the largest of the batch.",
    BATCH_SIZE,
    *_PADDING,
    DROP,
)
def padded_batch(p: Args, dataset: Elements) -> Elements:
    """A new first axis; the others as padded_shapes say, or unknown where they were."""
    structure = _padded(dataset.structure, p.padded_shapes, p.padding_values)
    first = p.batch_size if p.drop_remainder else None
    structure = over(structure, lambda s: Spec((first, *s.shape), s.dtype))
    return replace(
        dataset,
        structure=structure,
        count=batches(dataset.count, p.batch_size, p.drop_remainder),
    )


def _padded(structure: Structure, shapes: Any, values: Any) -> Structure:
    """An element's structure once it is padded; shapes and values have the same structure."""
    if isinstance(structure, tuple):
        for given in (shapes, values):
            if given is not None and (not isinstance(given, list) or len(given) != len(structure)):
                raise Refused(
                    f"pads elements of {len(structure)} parts, but is given {quoted(given)}",
                    f"Give a list of {len(structure)}, one for each part.",
                )
        several = [shapes or (None,) * len(structure), values or (None,) * len(structure)]
        return tuple(_padded(*each) for each in zip(structure, *several, strict=True))
    if isinstance(structure, dict):
        for given in (shapes, values):
            if given is not None and (
                not isinstance(given, dict) or given.keys() != structure.keys()
            ):
                raise Refused(
                    f"pads the parts {', '.join(structure)}, but is given {quoted(given)}",
                    "Give an object with a value for each of them.",
                )
        return {
            key: _padded(part, (shapes or {}).get(key), (values or {}).get(key))
            for key, part in structure.items()
        }
    return over(structure, lambda spec: _padded_tensor(spec, shapes, values))


def _padded_tensor(spec: Spec, shape: Any, value: Any) -> Spec:
    if spec.ragged:
        raise Refused(
            "can't pad a ragged tensor", "Use ragged_batch, or studio.map.to_dense before it."
        )
    if value is not None and isinstance(value, str) != (spec.dtype == "string"):
        raise Refused(f"fills {spec} up with {quoted(value)}, which is of another kind")
    if isinstance(value, float) and spec.dtype in INTEGERS:
        raise Refused(f"fills {spec} up with {value:g}", "Give a whole number.")
    if shape is None:
        return spec
    if not isinstance(shape, list) or any(isinstance(size, (list, dict)) for size in shape):
        raise Refused(f"pads one tensor, but is given {quoted(shape)}", "Give one shape.")
    if len(shape) != spec.rank:
        raise Refused(
            f"pads {shape_text(spec.shape)} to {shape_text(shape)}, which has another number of "
            "axes",
            f"Give a shape of {spec.rank} axes.",
        )
    for size, wanted in zip(spec.shape, shape, strict=True):
        if size is not None and wanted is not None and wanted < size:
            raise Refused(
                f"pads {shape_text(spec.shape)} to {shape_text(shape)}, which is smaller",
                f"Give at least {size}, or cut the tensors first.",
            )
    return spec.with_shape(shape)  # what is null here is unknown even where the size was known


@stage(
    "ragged_batch",
    "batch_size",
    "Joins elements of different sizes into one ragged tensor, without any padding.",
    BATCH_SIZE,
    DROP,
    Param("row_splits_dtype", Choice(("int64", "int32")), "int64", "The dtype of its row splits."),
)
def ragged_batch(p: Args, dataset: Elements) -> Elements:
    """A new first axis; axes of unknown size, and those before them, become ragged."""
    first = p.batch_size if p.drop_remainder else None

    def change(spec: Spec) -> Spec:
        unknown = [axis for axis, size in enumerate(spec.shape, 1) if size is None]
        ragged = max(unknown, default=0) if not spec.ragged else spec.ragged
        return Spec((first, *spec.shape), spec.dtype, ragged)

    return replace(
        dataset,
        structure=over(dataset.structure, change),
        count=batches(dataset.count, p.batch_size, p.drop_remainder),
    )


@stage("unbatch", "", "Takes batches apart: each of their rows becomes an element.")
def unbatch(p: Args, dataset: Elements) -> Elements:
    """The elements without their first axis."""
    sizes = set()

    def change(spec: Spec) -> Spec:
        if not spec.shape:
            raise Refused("takes batches apart, but gets a single value", "Remove it.")
        sizes.add(spec.shape[0])
        return Spec(spec.shape[1:], spec.dtype, min(spec.ragged, spec.rank - 1))

    structure = over(dataset.structure, change)
    known = sizes - {None}
    if len(known) > 1:
        raise Refused(f"takes apart tensors of {' and '.join(map(str, sorted(known)))} rows")
    count = dataset.count * known.pop() if dataset.count is not None and len(known) == 1 else None
    return replace(dataset, structure=structure, count=count if None not in sizes else None)


@stage("rebatch", "batch_size", "Makes batches of another size of batches.", BATCH_SIZE, DROP)
def rebatch(p: Args, dataset: Elements) -> Elements:
    """The same rows in batches of another size."""
    rows = unbatch(p, dataset)
    first = p.batch_size if p.drop_remainder else None
    structure = over(
        dataset.structure, lambda spec: Spec((first, *spec.shape[1:]), spec.dtype, spec.ragged)
    )
    count = batches(rows.count, p.batch_size, p.drop_remainder)
    return replace(rows, structure=structure, count=count)


@stage(
    "bucket_by_sequence_length",
    "bucket_boundaries bucket_batch_sizes",
    "Batches of elements of similar length, so that little padding is needed.",
    takes("element_length_func", "key", "The length of an element."),
    Param("bucket_boundaries", ListOf(Int(1), empty=False), help="The lengths between buckets."),
    Param(
        "bucket_batch_sizes",
        ListOf(Int(1), empty=False),
        help="The batch size of each bucket: one more than boundaries.",
    ),
    *_PADDING,
    Param("pad_to_bucket_boundary", Bool(), False, "Fill up to the boundary of the bucket."),
    Param("no_padding", Bool(), False, "Don't fill up: for elements of one size."),
    DROP,
)
def bucket_by_sequence_length(p: Args, dataset: Elements) -> Elements:
    """Padded batches, in an order that mixes the buckets."""
    bounds, sizes = p.bucket_boundaries, p.bucket_batch_sizes
    if len(sizes) != len(bounds) + 1:
        raise Refused(
            f"has {len(bounds)} boundaries, so {len(bounds) + 1} buckets, but {len(sizes)} batch "
            "sizes",
            f"Give {len(bounds) + 1} batch sizes.",
        )
    if any(a >= b for a, b in pairwise(bounds)):
        raise Refused(f"has boundaries that don't go up: {', '.join(map(str, bounds))}")
    if own(p.element_length_func) is None:
        applied(p, p.element_length_func, dataset)
    structure = dataset.structure
    if not p.no_padding:
        structure = _padded(structure, p.padded_shapes, p.padding_values)
    structure = over(structure, lambda spec: Spec((None, *spec.shape), spec.dtype))
    return replace(dataset, structure=structure, count=None)


@stage(
    "group_by_window",
    "window_size",
    "Groups elements by a key, and makes a dataset (of batches, mostly) of each group.",
    takes("key_func", "key", "The key of an element, a whole number."),
    takes("reduce_func", "reduce", "What becomes of a group."),
    Param("window_size", Int(1), help="Elements of one key that make a group."),
)
def group_by_window(p: Args, dataset: Elements) -> Elements:
    """The elements of the datasets that the groups become."""
    if own(p.key_func) is None:
        applied(p, p.key_func, dataset)
    if own(p.reduce_func) is None:
        made = applied(p, p.reduce_func, uncounted(dataset))
        return replace(dataset, structure=made.structure, count=None)
    key = {"key_func": p.key_func} if own(p.key_func) else {}
    structure = asked(p, "group_by_window", p.reduce_func, dataset, **key)
    return replace(dataset, structure=structure, count=None, labels=None)


def _reduce(name: str, method: str, help: str) -> None:
    @function("reduce", name, "batch_size", help, BATCH_SIZE, DROP)
    def rule(p: Args, dataset: Elements) -> Elements:
        """The batches of a group."""
        op = find(f"tf.data.Dataset.{method}")
        given = {"batch_size": p.batch_size, "drop_remainder": p.drop_remainder}
        return op.rule(Args(op.filled(given)), dataset)


_reduce("batch", "batch", "A group as batches.")
_reduce("padded_batch", "padded_batch", "A group as batches, filled up to the largest element.")
_reduce("ragged_batch", "ragged_batch", "A group as ragged batches.")


@stage(
    "window",
    "size shift",
    "Groups neighbours: each element becomes a dataset of `size` elements (see flat_map).",
    Param("size", Int(1), help="Elements in a window."),
    Param("shift", Int(1), None, "How far on the next window begins; null for its size."),
    Param("stride", Int(1), 1, "How far apart the elements of a window are."),
    Param("drop_remainder", Bool(), False, "Leave out windows that are smaller at the end."),
)
def window(p: Args, dataset: Elements) -> Elements:
    """Each tensor becomes a dataset of tensors."""
    shift = p.shift or p.size
    count = dataset.count
    if count is not None and p.drop_remainder:
        span = (p.size - 1) * p.stride + 1
        if count < span:
            raise Refused(
                f"makes windows that take {span} elements, and there are {count}",
                "Make size smaller, or keep the remainder.",
            )
        count = (count - span) // shift + 1
    elif count is not None:
        count = -(-count // shift)
    structure = over(dataset.structure, lambda spec: Nested(spec, p.size, p.drop_remainder))
    return replace(dataset, structure=structure, count=count)
