"""Losses: which labels go with which outputs. A loss's rule gets (call, label, output)."""

from __future__ import annotations

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Choice
from studio.graph.rule import Args
from studio.graph.spec import FLOATS, INTEGERS, Refused, Spec, shape_text

_REDUCTION = Choice(("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None))


def _same_shape(target: Spec, output: Spec) -> None:
    """A label is compared element by element; a missing or extra last axis of 1 is mended."""
    shape, wanted = target.shape, output.shape
    if len(shape) == len(wanted) - 1 and wanted[-1] == 1:
        wanted = wanted[:-1]
    elif len(shape) == len(wanted) + 1 and shape[-1] == 1:
        shape = shape[:-1]
    fits = len(shape) == len(wanted) and all(
        a == b or None in (a, b) for a, b in zip(shape, wanted, strict=True)
    )
    if not fits:
        raise Refused(
            f"compares the label element by element with the output, but the label has shape "
            f"{shape_text(target.shape)} and the output {shape_text(output.shape)}",
            _mend(target, output),
        )


def _mend(target: Spec, output: Spec) -> str:
    if target.dtype in INTEGERS and target.rank == output.rank - 1:
        return (
            "For labels that are class numbers use keras.losses.SparseCategoricalCrossentropy, "
            "or put studio.map.one_hot into the data."
        )
    if target.rank == output.rank and target.shape[-1] is not None:
        return f"Give the last layer {target.shape[-1]} units."
    return "Let the last layer give as many numbers as the label has."


def _numbers(target: Spec) -> None:
    if target.dtype not in FLOATS | INTEGERS | {"bool"}:
        raise Refused(
            f"compares numbers, but the label is {target.dtype}",
            "Turn the label into a number in the data.",
        )


@describe(
    "keras.losses.SparseCategoricalCrossentropy",
    family="loss",
    shown="from_logits",
    reduction=_REDUCTION,
)
def sparse_categorical(p: Args, target: Spec, output: Spec) -> None:
    """Class numbers against a score for each class."""
    _numbers(target)
    shape = target.shape[:-1] if target.rank == output.rank else target.shape
    odd = target.rank == output.rank and target.shape[-1] != 1
    fits = len(shape) == output.rank - 1 and not odd
    if not fits or target.dtype in FLOATS:
        what = f"{shape_text(target.shape)} {target.dtype}"
        hint = "For one-hot labels use keras.losses.CategoricalCrossentropy."
        if target.dtype in FLOATS and not odd:
            hint = "For a label that is a measure use keras.losses.MeanSquaredError."
        raise Refused(
            f"expects one class number a sample, whole, but the label is {what} for an output "
            f"of {shape_text(output.shape)}",
            hint,
        )
    if output.shape[-1] == 1:
        raise Refused(
            "chooses among classes, but the output has 1 unit, which is always chosen",
            "Give the last layer a unit for each class, or use keras.losses.BinaryCrossentropy.",
        )


@describe(
    "keras.losses.CategoricalCrossentropy",
    "keras.losses.CategoricalFocalCrossentropy",
    "keras.losses.BinaryCrossentropy",
    "keras.losses.BinaryFocalCrossentropy",
    "keras.losses.MeanSquaredError",
    "keras.losses.MeanAbsoluteError",
    "keras.losses.MeanAbsolutePercentageError",
    "keras.losses.MeanSquaredLogarithmicError",
    "keras.losses.Huber",
    "keras.losses.LogCosh",
    "keras.losses.Poisson",
    "keras.losses.KLDivergence",
    "keras.losses.CosineSimilarity",
    "keras.losses.Hinge",
    "keras.losses.SquaredHinge",
    "keras.losses.CategoricalHinge",
    family="loss",
    reduction=_REDUCTION,
)
def elementwise(p: Args, target: Spec, output: Spec) -> None:
    """Labels of the output's own shape."""
    _numbers(target)
    _same_shape(target, output)
