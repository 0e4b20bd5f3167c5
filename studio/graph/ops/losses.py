"""Losses: which labels go with which outputs. A loss's rule gets (call, label, output).

A rule is stricter than Keras where Keras would stretch the label over the
output (broadcasting) and train on the wrong thing without a word.
"""

from __future__ import annotations

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Choice, Either, Float, Int, ListOf, Text, Type, or_null
from studio.graph.ops.labels import (
    AXIS,
    DTYPE,
    alike,
    axis_of,
    axis_within,
    class_numbers,
    mended,
    not_class_numbers,
    numbers,
    same_shape,
)
from studio.graph.rule import Args
from studio.graph.spec import FLOATS, Refused, Spec, shape_text

_COMMON: dict[str, Type] = {
    "reduction": Choice(
        ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)
    ),
    "name": or_null(Text(without="/")),
    "dtype": DTYPE,
}
_SMOOTHING = Float(min=0, max=1)
_POWER = Float(min=0)


def _loss(name: str, shown: str = "", **types: Type):
    return describe(f"keras.losses.{name}", family="loss", shown=shown, **(_COMMON | types))


def _whole(target: Spec, output: Spec) -> None:
    """A class number is no measure, though Keras would cut off what is behind its point."""
    if target.dtype in FLOATS:
        one_hot = target.rank == output.rank and target.shape[-1:] != (1,)
        hint = "For a label that is a measure use keras.losses.MeanSquaredError."
        if one_hot:
            hint = "For one-hot labels use keras.losses.CategoricalCrossentropy."
        raise not_class_numbers(target, output, hint)


def _several_classes(output: Spec) -> None:
    if output.shape[-1] == 1:
        raise Refused(
            "chooses among classes, but the output has 1 unit, which is always chosen",
            "Give the last layer a unit for each class, or use keras.losses.BinaryCrossentropy.",
        )


@_loss("SparseCategoricalCrossentropy", "from_logits", ignore_class=Int(), axis=Int())
def sparse_categorical(p: Args, target: Spec, output: Spec) -> None:
    """Class numbers against a score for each class."""
    numbers(target)
    _whole(target, output)
    shape, wanted = mended(target.shape, output.shape)
    target, output = target.with_shape(shape), output.with_shape(wanted)
    class_numbers(target, output)
    _several_classes(output)
    if p.axis not in (-1, output.rank - 1):
        raise Refused(
            f"finds the scores in the last axis only, but axis is {p.axis}", "Set axis to -1."
        )


@_loss("CategoricalGeneralizedCrossEntropy", "q", q=Float(above=0, below=1))
def generalized(p: Args, target: Spec, output: Spec) -> None:
    """Class numbers, without an axis of 1, against a probability for each class."""
    numbers(target)
    _whole(target, output)
    class_numbers(target, output, last=False)
    _several_classes(output)


@_loss("CTC")
def ctc(p: Args, target: Spec, output: Spec) -> None:
    """Sequences of class numbers (batch, length) against scores (batch, steps, classes)."""
    numbers(target)
    _whole(target, output)
    if (target.rank, output.rank) != (2, 3) or not alike(target.shape[:1], output.shape[:1]):
        raise Refused(
            "compares a sequence of class numbers (batch, length) with scores "
            f"(batch, steps, classes), but the label has shape {shape_text(target.shape)} and the "
            f"output {shape_text(output.shape)}",
            "Give the output an axis of steps and one of classes.",
        )
    _several_classes(output)


@_loss("Circle", "gamma margin", gamma=Float(), margin=Float())
def circle(p: Args, target: Spec, output: Spec) -> None:
    """A class number a sample against an embedding (batch, size)."""
    numbers(target)
    _whole(target, output)
    shape, wanted = mended(target.shape, output.shape)
    one = len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)
    if len(wanted) != 2 or not one or not alike(shape[:1], wanted[:1]):
        raise Refused(
            "compares the embeddings (batch, size) of samples with their class numbers (batch,), "
            f"but the label has shape {shape_text(target.shape)} and the output "
            f"{shape_text(output.shape)}",
            "Give one class number and one vector a sample.",
        )


def elementwise(p: Args, target: Spec, output: Spec) -> None:
    """Labels of the output's own shape; a last axis of 1 may be missing in one of them."""
    shape = same_shape(target, output)
    axis_within(axis_of(p), len(shape))


for _name, _shown, _types in (
    ("MeanSquaredError", "", {}),
    ("MeanAbsoluteError", "", {}),
    ("MeanAbsolutePercentageError", "", {}),
    ("MeanSquaredLogarithmicError", "", {}),
    ("Huber", "delta", {"delta": Float(above=0)}),
    ("LogCosh", "", {}),
    ("Poisson", "", {}),
    ("KLDivergence", "", {}),
    ("CosineSimilarity", "axis", {"axis": AXIS}),
    ("Hinge", "", {}),
    ("SquaredHinge", "", {}),
    ("CategoricalHinge", "", {}),
    ("Dice", "axis", {"axis": AXIS}),
    ("Tversky", "alpha beta", {"alpha": _POWER, "beta": _POWER, "axis": AXIS}),
    ("BinaryCrossentropy", "from_logits", {"label_smoothing": _SMOOTHING, "axis": AXIS}),
    ("CategoricalCrossentropy", "from_logits", {"label_smoothing": _SMOOTHING, "axis": Int()}),
    (
        "BinaryFocalCrossentropy",
        "from_logits gamma",
        {"alpha": _POWER, "gamma": _POWER, "label_smoothing": _SMOOTHING, "axis": AXIS},
    ),
    (
        "CategoricalFocalCrossentropy",
        "from_logits gamma",
        {
            "alpha": Either((_POWER, ListOf(_POWER, empty=False))),
            "gamma": _POWER,
            "label_smoothing": _SMOOTHING,
            "axis": AXIS,
        },
    ),
):
    _loss(_name, _shown, **_types)(elementwise)
