"""The output against the labels of the data: how many there are, and where they lie."""

from __future__ import annotations

from collections.abc import Iterator

from studio.graph.checks.advice.activations import DROPOUTS
from studio.graph.checks.advice.context import REGRESSION, Context, Output
from studio.graph.checks.advice.fixes import param, remove, set_activation, set_loss, step
from studio.graph.checks.advice.registry import Finding, advice
from studio.graph.document import Call
from studio.graph.edits import Edit
from studio.graph.problems import quoted
from studio.graph.targets import BINARY, SPARSE

BOUNDS = {"sigmoid": (0, 1), "hard_sigmoid": (0, 1), "tanh": (-1, 1), "hard_tanh": (-1, 1)}


@advice("spare-units")
def spare_units(context: Context) -> Iterator[Finding]:
    """The last layer has more units than the data has classes. The classes that never come are
    learnt to be impossible, which costs parameters and, with few examples, accuracy; more often
    it is a number left over from another data set. Give the layer one unit for each class.
    """
    for output in context.outputs:
        if output.loss not in SPARSE or output.labels is None or output.units is None:
            continue
        low, high = output.labels
        ignored = context.value(output.call, "ignore_class")
        if ignored is not None or low < 0 or output.units <= high + 1:
            continue
        yield Finding(
            output.name,
            f"has {output.units} units, but the labels go from {low:g} to {high:g}: "
            f"{output.units - int(high) - 1} of them stand for no class.",
            f"Give it {high + 1:g} units.",
            _units(context, output, int(high) + 1),
        )


def _units(context: Context, output: Output, count: int) -> Edit | None:
    layer = output.layer
    if layer is None or context.model.kind(layer) != "Dense" or not context.model.plain(layer):
        return None
    return step(f"Give {layer} {count} units", param(context.model, layer, "units", count))


@advice("labels-beyond-binary")
def labels_beyond_binary(context: Context) -> Iterator[Finding]:
    """BinaryCrossentropy takes labels between 0 and 1: no, yes, or how probable. With labels
    beyond that the loss has no lower end and falls for ever while the predictions get worse. For
    class numbers use SparseCategoricalCrossentropy with a unit for each class; labels of -1 and
    1, or 1 and 2, must be made 0 and 1 in the data.
    """
    for output in context.outputs:
        if output.loss not in BINARY or output.labels is None or output.one_hot:
            continue
        low, high = output.labels
        if low >= 0 and high <= 1:
            continue
        fix, classes = None, int(high) + 1
        units = _units(context, output, classes)
        soft = set_activation(context.model, output.node, "softmax")
        scores = output.activation == "linear" and output.node == output.layer
        if units and low == 0 and (scores or (soft and output.activation == "sigmoid")):
            params = {"from_logits": True} if scores else {}
            call = Call("keras.losses.SparseCategoricalCrossentropy", params)
            title = f"Make {output.name} choose one of {classes} classes"
            edits = [units, set_loss(context.project, output.name, call, title)]
            fix = step(title, *(edits if scores else [*edits, soft]))
        yield Finding(
            output.name,
            f"{output.loss} takes labels from 0 to 1, but they go from {low:g} to {high:g}.",
            "Use SparseCategoricalCrossentropy for class numbers, or make the labels 0 and 1.",
            fix,
            graph="training",
            place=f"training.losses.{output.name}",
        )


@advice("softmax-for-regression")
def softmax_for_regression(context: Context) -> Iterator[Finding]:
    """The loss compares measures (a mean squared error or the like), but the output ends in a
    softmax, whose numbers lie between 0 and 1 and add up to 1. Measures do not. Take the
    activation away; or, if the outputs are classes, use a categorical crossentropy, with which
    a softmax learns much faster.
    """
    for output in context.outputs:
        regression = output.loss in REGRESSION and not output.one_hot
        if regression and output.activation == "softmax" and output.units != 1:
            yield Finding(
                output.node,
                f"makes numbers that add up to 1 (softmax), but {output.loss} compares measures.",
                "Take the activation away, or use a crossentropy for classes.",
                set_activation(context.model, output.node, None),
            )


@advice("output-out-of-reach")
def output_out_of_reach(context: Context) -> Iterator[Finding]:
    """The last activation can't give the values that the labels have: a sigmoid stays between 0
    and 1, a tanh between -1 and 1, a relu never falls below 0. What lies outside is never
    reached; the model ends at the edge, where its gradient vanishes. Take the activation away, or
    scale the labels into its range.
    """
    for output in context.outputs:
        if output.loss not in REGRESSION or output.labels is None:
            continue
        low, high = output.labels
        least, most = BOUNDS.get(output.activation, (float("-inf"), float("inf")))
        if output.activation in ("relu", "relu6"):
            least = 0
        if low < least or high > most:
            yield Finding(
                output.node,
                f"ends in {output.activation}, which can't reach the labels: they go from "
                f"{low:g} to {high:g}.",
                "Take the activation away, or scale the labels.",
                set_activation(context.model, output.node, None),
            )


@advice("dropout-before-measure")
def dropout_before_measure(context: Context) -> Iterator[Finding]:
    """A Dropout feeds the last layer of a regression. It scales up what it keeps, so that the
    mean stays right, but the spread of the sums does not: while training they scatter more than
    later in use, and a layer without activation passes this on straight into the predicted
    measure. Put the Dropout further up, behind a hidden layer that another one follows, or remove
    it.
    """
    for output in context.outputs:
        last = output.layer
        if last is None or output.loss not in REGRESSION or output.activation != "linear":
            continue
        node = context.model.before(last)
        small = output.spec is not None and output.spec.rank == 2
        # An autoencoder's Dropout makes the noise that it learns to take away.
        first = node is not None and context.model.kind(context.model.before(node)) == "Input"
        if small and node is not None and context.model.kind(node) in DROPOUTS and not first:
            yield Finding(
                node,
                f"stands right before {quoted(last)}, which predicts a measure; what it drops "
                "shifts the spread of the prediction.",
                "Remove it, or put it further up.",
                remove(context.model, node),
            )
