"""What losses and metrics share: how a label goes with an output, as Keras brings them together."""

from __future__ import annotations

import math
from typing import Any

from studio.graph.catalogue.types import Choice, Either, Int, ListOf, Text, or_null
from studio.graph.rule import Args
from studio.graph.spec import FLOATS, INTEGERS, Refused, Shape, Spec, shape_text

NAME = or_null(Text())
AXIS = or_null(Either((Int(), ListOf(Int(), empty=False))))
DTYPE = Choice(("float16", "bfloat16", "float32", "float64", "mixed_float16", "mixed_bfloat16"))


def numbers(target: Spec) -> None:
    """A label that can be compared with an output at all."""
    if target.dtype not in FLOATS | INTEGERS | {"bool"}:
        raise Refused(
            f"compares numbers, but the label is {target.dtype}",
            "Turn the label into a number in the data.",
        )


def mended(target: Shape, output: Shape) -> tuple[Shape, Shape]:
    """Both shapes after Keras has put in, or taken out, a last axis of 1 in one of them."""
    if len(target) == len(output) + 1 and target[-1] == 1:
        return (target, (*output, 1)) if len(output) == 1 else (target[:-1], output)
    if len(output) == len(target) + 1 and output[-1] == 1:
        return ((*target, 1), output) if len(target) == 1 else (target, output[:-1])
    return target, output


def alike(one: Shape, other: Shape) -> bool:
    """Whether two shapes are the same as far as they are known."""
    return len(one) == len(other) and all(
        a == b or None in (a, b) for a, b in zip(one, other, strict=True)
    )


def same_shape(target: Spec, output: Spec, mend: bool = True) -> Shape:
    """Refuses labels that don't lie element by element on the output; gives the shape of both."""
    numbers(target)
    shape, wanted = mended(target.shape, output.shape) if mend else (target.shape, output.shape)
    if not alike(shape, wanted) or not wanted:
        raise Refused(
            f"compares the label element by element with the output, but the label has shape "
            f"{shape_text(target.shape)} and the output {shape_text(output.shape)}",
            _hint(target, output, mend),
        )
    return wanted


def _hint(target: Spec, output: Spec, mend: bool) -> str:
    if not mend and alike(*mended(target.shape, output.shape)):
        return "Give the label as many axes as the output: a last axis of 1 is not added here."
    if target.dtype in INTEGERS and target.rank == output.rank - 1:
        return (
            "For labels that are class numbers use keras.losses.SparseCategoricalCrossentropy, "
            "or put studio.map.one_hot into the data."
        )
    if target.shape and target.rank == output.rank and target.shape[-1] is not None:
        return f"Give the last layer {target.shape[-1]} units."
    return "Let the last layer give as many numbers as the label has."


def class_numbers(target: Spec, output: Spec, last: bool = True) -> None:
    """Refuses what isn't one class number for each list of scores; `last`: or in an axis of 1."""
    numbers(target)
    wanted = output.shape[:-1]
    fits = alike(target.shape, wanted) or (last and alike(target.shape, (*wanted, 1)))
    if last and target.shape and target.rank == output.rank and target.shape[-1] is None:
        fits = False  # Keras looks for an axis of 1 before it knows the sizes
    if not output.shape or not fits:
        hint = "For one-hot labels use keras.losses.CategoricalCrossentropy."
        if target.rank == output.rank and target.shape and target.shape[-1] == 1:
            hint = "Take the label's last axis out in the data."
        raise not_class_numbers(target, output, hint)


def not_class_numbers(target: Spec, output: Spec, hint: str) -> Refused:
    """Why a label isn't a class number."""
    return Refused(
        f"expects one class number a sample, whole, but the label is {shape_text(target.shape)} "
        f"{target.dtype} for an output of {shape_text(output.shape)}",
        hint,
    )


def axis_within(axis: Any, rank: int) -> None:
    """Refuses an axis, or several, that a tensor of this rank doesn't have."""
    for each in axis if isinstance(axis, (list, tuple)) else [axis]:
        if each is not None and not -rank <= each < rank:
            raise Refused(
                f"works along axis {each}, but there are {rank} axes",
                "Set axis to -1 for the last one.",
            )
    if isinstance(axis, (list, tuple)) and len({each % rank for each in axis}) < len(axis):
        raise Refused(f"works along the axes {list(axis)}, of which one is named twice")


def as_many(target: Shape, output: Shape) -> bool:
    """Whether both hold the same number of numbers a sample, as far as that is known."""
    if None in target[1:] or None in output[1:]:
        return True
    batch = target[:1] == output[:1] or None in (*target[:1], *output[:1])
    return batch and math.prod(target[1:]) == math.prod(output[1:])  # type: ignore[arg-type]


def without(shape: Shape, axis: int) -> Shape:
    """The shape without one of its axes."""
    axis %= len(shape)
    return shape[:axis] + shape[axis + 1 :]


def axis_of(p: Args) -> Any:
    """The call's axis; the last where it has none."""
    return getattr(p, "axis", -1)
