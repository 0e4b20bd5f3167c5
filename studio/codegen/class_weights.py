"""Weights by class: those of fit's `class_weight`, for the steps of the custom loop."""

from __future__ import annotations

from studio.codegen.literal import literal
from studio.codegen.source import Source
from studio.graph.document import Training
from studio.graph.elements import Structure, label
from studio.graph.spec import Spec

WEIGH = "weights = class_weights_of(y)"

_OF_NUMBERS = "tf.cast(tf.round({y}), tf.int32)"
_OF_ONE_HOT = "tf.argmax(y, axis=-1, output_type=tf.int32)"

_FUNCTION = '''

def class_weights_of(y):
    """Returns the weight of each label's class."""
    classes = {classes}
    return tf.gather(tf.constant(CLASS_WEIGHTS), classes)'''


def by_class(weights: dict[str, float]) -> dict[int, float]:
    """The weights by the classes' numbers, in their order."""
    return {int(number): weights[number] for number in sorted(weights, key=int)}


def write_class_weights(source: Source, training: Training, structure: Structure) -> None:
    """Writes the weights as a list, and the function that looks labels up in it."""
    given = by_class(training.class_weights)
    weights = [float(given.get(number, 1.0)) for number in range(max(given) + 1)]
    with source.section("Steps"):
        source.statement("CLASS_WEIGHTS = ", literal(weights))
        source.text(_FUNCTION.format(classes=_classes(label(structure))))


def _classes(target: Structure | None) -> str:
    """The expression for the numbers of the classes; a label may have an axis for them, or of 1."""
    if not isinstance(target, Spec) or target.rank < 2:
        return _OF_NUMBERS.format(y="y")
    if target.shape[-1] == 1:
        return _OF_NUMBERS.format(y="tf.squeeze(y, axis=-1)")
    return _OF_ONE_HOT
