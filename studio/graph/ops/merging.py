"""Layers that make one tensor of several."""

from __future__ import annotations

from collections.abc import Sequence

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Either, Int, ListOf
from studio.graph.ops.numbers import numbers, times
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Shape, Spec, product, shape_text


def _stretched(one: Shape, other: Shape) -> Shape:
    """The shape that two become element by element, sizes of 1 being stretched.

    Unlike in NumPy an unknown size stays unknown, whatever stands across from it.
    """
    if len(one) < len(other):
        one, other = other, one
    head, tail = one[: len(one) - len(other)], one[len(one) - len(other) :]
    sizes = []
    for a, b in zip(tail, other, strict=True):
        if a is None or b is None:
            sizes.append(None)
        elif a == b or 1 in (a, b):
            sizes.append(b if a == 1 else a)
        else:
            raise Refused(
                f"can't put its inputs together element by element: their sizes "
                f"{min(a, b)} and {max(a, b)} differ",
                "Give both branches the same number of features, with a Dense or a 1x1 Conv2D.",
            )
    return (*head, *sizes)


def _elementwise(name: str):
    def rule(p: Args, inputs: tuple[Spec, ...]) -> Result:
        """One or more of (batch, ...) -> (batch, ...), the batch never stretched."""
        numbers(*inputs)
        if name == "Subtract" and len(inputs) != 2:
            raise Refused(f"takes one tensor from another, so it needs 2 inputs, not {len(inputs)}")
        if not inputs:
            raise Refused("puts tensors together, so it needs at least 1 input")
        if any(not spec.rank for spec in inputs):
            raise Refused("needs a batch axis in each of its inputs")
        first = inputs[0].shape
        if all(spec.shape == first for spec in inputs):
            shape = first
        else:
            shape = _together(inputs)
        cost = times(len(inputs) - 1, *shape[1:])
        return p.result(Spec(shape, p.compute_dtype), (), cost)

    return rule


def _together(inputs: Sequence[Spec]) -> Shape:
    """The shape of several tensors put together element by element, the batch never stretched."""
    batches = sorted({spec.shape[0] for spec in inputs} - {None})
    if len(batches) > 1:
        raise Refused(
            f"puts samples together one by one, but the batches have the sizes "
            f"{' and '.join(map(str, batches))}",
            "Give all Inputs the same batch size, or none.",
        )
    shape = inputs[0].shape[1:]
    for spec in inputs[1:]:
        shape = _stretched(shape, spec.shape[1:])
    return (batches[0] if batches else None, *shape)


for _name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"):
    describe(f"keras.layers.{_name}", family="merging", inputs="inputs*")(_elementwise(_name))


@describe("keras.layers.Concatenate", family="merging", inputs="inputs*", shown="axis", axis=Int())
def concatenate(p: Args, inputs: tuple[Spec, ...]) -> Result:
    """Several of (..., size, ...) -> (..., sum of sizes, ...), all other axes being alike."""
    if not inputs:
        raise Refused("joins tensors, so it needs at least 1 input")
    first = inputs[0]
    # Of one tensor alone Keras doesn't mind an axis behind its last.
    least = min(spec.rank for spec in inputs)
    if not least or p.axis < -least or (p.axis >= first.rank and len(inputs) > 1):
        raise Refused(f"joins along axis {p.axis}, which its inputs don't have")
    _alike(p.axis, inputs)
    shape = list(first.shape)  # Keras takes the other sizes of the first, known or not
    for spec in inputs[1:]:
        if shape[p.axis] is None:
            break  # and looks no further once the sum is unknown
        if p.axis >= spec.rank:
            raise Refused(f"joins along axis {p.axis}, which {shape_text(spec.shape)} doesn't have")
        size = spec.shape[p.axis]
        shape[p.axis] = None if size is None else shape[p.axis] + size
    return p.result(Spec(tuple(shape), p.compute_dtype))


def _alike(axis: int, inputs: Sequence[Spec]) -> None:
    """Refuses inputs that differ in another axis than the one they are joined along."""
    rests = [list(enumerate(spec.shape)) for spec in inputs]
    for rest in rests:
        if axis < len(rest):
            del rest[axis]
    if len({len(rest) for rest in rests}) > 1:
        raise Refused(
            "joins tensors with the same number of axes",
            "Put keras.layers.Reshape or Flatten before one of them.",
        )
    for across in zip(*rests, strict=True):
        sizes = sorted({size for _, size in across} - {None})
        if len(sizes) > 1:
            raise Refused(
                f"joins along axis {axis}, so all other axes must be alike, "
                f"but axis {across[0][0]} has the sizes {' and '.join(map(str, sizes))}"
            )


@describe(
    "keras.layers.Dot",
    family="merging",
    inputs="inputs*",
    shown="axes normalize",
    axes=Either((Int(), ListOf(Int()))),
)
def dot(p: Args, inputs: tuple[Spec, ...]) -> Result:
    """(batch, ..., n, ...) and (batch, ..., n, ...) -> (batch, ..., ...), n summed over."""
    numbers(*inputs)
    if len(inputs) != 2:
        raise Refused(f"multiplies two tensors, so it needs 2 inputs, not {len(inputs)}")
    axes = _dot_axes(p.axes, inputs)
    one, other = (spec.shape[axis] for spec, axis in zip(inputs, axes, strict=True))
    if one != other:
        unknown = None in (one, other)
        raise Refused(
            f"multiplies along axes {axes[0]} and {axes[1]}, whose sizes "
            f"{one or 'unknown'} and {other or 'unknown'} differ",
            "Give the unknown one its size in the Input." if unknown else "Choose other axes.",
        )
    left, right = (list(spec.shape) for spec in inputs)
    del left[axes[0]], right[axes[1]]
    if not right:
        raise Refused("needs a batch axis and one more in its second input")
    # The second batch axis goes; if it was itself summed over, Keras takes the next one for it.
    shape = left + right[1:]
    shape += [1] * (len(shape) == 1)
    cost = 2 * one if one is not None else None
    flops = None if cost is None else times(cost, *shape[1:])
    if p.normalize and flops is not None:
        extra = [product(spec.shape[1:]) for spec in inputs]
        flops = None if None in extra else flops + 3 * sum(extra)
    return p.result(Spec(tuple(shape), p.compute_dtype), (), flops)


def _dot_axes(given: int | Sequence[int], inputs: Sequence[Spec]) -> list[int]:
    """The axis of each input that is summed over."""
    if isinstance(given, int):
        given = [given, given]
        if given[0] < 0 and all(spec.rank for spec in inputs):
            given = [given[0] % spec.rank for spec in inputs]
    if len(given) != 2:
        raise Refused(f"takes one axis of each input, but axes has {len(given)}")
    for axis, spec in zip(given, inputs, strict=True):
        if not -spec.rank <= axis < spec.rank:
            raise Refused(
                f"multiplies along axis {axis}, which {shape_text(spec.shape)} doesn't have"
            )
    return list(given)
