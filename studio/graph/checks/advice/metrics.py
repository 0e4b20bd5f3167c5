"""Metrics against the loss and the output of the same name."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from studio.graph.catalogue.registry import find
from studio.graph.checks.advice.context import CATEGORICAL, REGRESSION, Context, Output
from studio.graph.checks.advice.fixes import changed, set_metric
from studio.graph.checks.advice.registry import Finding, advice
from studio.graph.document import Call
from studio.graph.problems import ERROR, quoted
from studio.graph.targets import BINARY, ONE_HOT, SPARSE

ACCURACIES = frozenset(
    {
        *("Accuracy", "BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy"),
        *("TopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy"),
    }
)
OF_VECTORS = ("CategoricalAccuracy", "TopKCategoricalAccuracy", "CategoricalCrossentropy")
OF_NUMBERS = {
    "SparseCategoricalAccuracy": "CategoricalAccuracy",
    "SparseTopKCategoricalAccuracy": "TopKCategoricalAccuracy",
    "SparseCategoricalCrossentropy": "CategoricalCrossentropy",
}
THRESHOLDS = ("Precision", "Recall", "TruePositives", "FalsePositives", "TrueNegatives")
THRESHOLDS += ("FalseNegatives",)

Used = tuple[Output, int, str, Call]


def used(context: Context) -> Iterator[Used]:
    """The metrics of the sound outputs whose own call is sound: output, index, name, call."""
    for output in context.outputs:
        for index, call in enumerate(context.training.metrics.get(output.name, ())):
            op = find(call.op)
            place = f"training.metrics.{output.name}[{index}]"
            known = context.unread.get(place)
            if op is not None and (known is not None or place not in context.bad_places):
                yield output, index, op.name, call


def fitting_accuracy(output: Output) -> str:
    """The accuracy that goes with an output's loss."""
    if output.loss in BINARY:
        return "BinaryAccuracy"
    return "SparseCategoricalAccuracy" if output.loss in SPARSE else "CategoricalAccuracy"


def finding(
    context: Context, entry: Used, message: str, hint: str, call: Call | None, better: str = ""
) -> Finding:
    """A finding at a metric, with the call that would stand there better."""
    output, index, name, _ = entry
    title = f"Use {better} for {output.name}" if better else f"Mend {name} of {output.name}"
    fix = call and set_metric(context.project, output.name, index, call, title)
    place = f"training.metrics.{output.name}[{index}]"
    found = Finding(output.name, message, hint, fix, graph="training", place=place)
    unread = context.unread.get(place)
    return found if unread is None else replace(found, severity=ERROR, instead=unread)


def other(call: Call, name: str, keep: tuple[str, ...] = ("name", "k", "from_logits")) -> Call:
    """A metric of another class with the parameters that both have."""
    kept = {key: value for key, value in call.params.items() if key in keep}
    return Call(f"keras.metrics.{name}", kept)


@advice("binary-metric-of-classes")
def binary_metric_of_classes(context: Context) -> Iterator[Finding]:
    """The metric is about yes or no, but the output chooses one class of several. BinaryAccuracy
    counts each unit by itself and comes out high because most classes are rightly "no";
    Precision, Recall and the like fail on class numbers, whose shape is not that of the output.
    Use the categorical accuracy that goes with the loss.
    """
    for entry in used(context):
        output, _, name, call = entry
        several = output.units is None or output.units > 1
        if output.loss not in CATEGORICAL or not several:
            continue
        if name == "BinaryAccuracy":
            better = fitting_accuracy(output)
            message = f"BinaryAccuracy counts each unit of {quoted(output.name)} as a yes or no "
            message += "of its own, but it chooses one class of several."
            hint = f"Use keras.metrics.{better}."
            yield finding(context, entry, message, hint, other(call, better, ("name",)), better)
        elif name in THRESHOLDS and output.loss in SPARSE:
            message = f"{name} compares unit by unit, but the labels of {quoted(output.name)} "
            message += "are class numbers."
            hint = "Put studio.map.one_hot into the data, or use SparseCategoricalAccuracy."
            yield finding(context, entry, message, hint, None)


@advice("metric-labels")
def metric_labels(context: Context) -> Iterator[Finding]:
    """The loss and the metric read the same labels differently: one as class numbers (the
    `Sparse...` ones), the other as vectors with a 1 at the place of the class. At most one of
    them can be right; the metric then compares the wrong things or fails. Use the metric that
    has `Sparse` in its name exactly when the loss has.
    """
    for entry in used(context):
        output, _, name, call = entry
        better = ""
        if output.loss in SPARSE and name in OF_VECTORS:
            better = f"Sparse{name}"
        elif output.loss in ONE_HOT and name in OF_NUMBERS:
            better = OF_NUMBERS[name]
        if better:
            kinds = ["class numbers", "one-hot vectors"]
            mine, its = kinds if output.loss in SPARSE else kinds[::-1]
            message = f"{name} reads the labels as {its}, but {output.loss} reads them as {mine}."
            hint = f"Use keras.metrics.{better}."
            yield finding(context, entry, message, hint, other(call, better), better)


@advice("accuracy-by-equality")
def accuracy_by_equality(context: Context) -> Iterator[Finding]:
    """`keras.metrics.Accuracy` counts how often prediction and label are exactly equal. A
    probability or a score never is exactly the label, so it stays near 0 however good the model
    gets. (The short name "accuracy" in Keras chooses a fitting class; this class itself does
    not.) Use BinaryAccuracy, CategoricalAccuracy or SparseCategoricalAccuracy.
    """
    for entry in used(context):
        output, _, name, call = entry
        if name == "Accuracy" and output.loss in BINARY | CATEGORICAL:
            better = fitting_accuracy(output)
            message = "Accuracy counts exact equality, which probabilities and scores never reach."
            hint = f"Use keras.metrics.{better}."
            call = other(call, better, ("name",))
            yield finding(context, entry, message, hint, call, better)


@advice("accuracy-of-measures")
def accuracy_of_measures(context: Context) -> Iterator[Finding]:
    """The output predicts a measure, and an accuracy counts right answers. A predicted measure is
    practically never exactly right, so the number says nothing. Use an error in the measure's own
    unit, such as MeanAbsoluteError or RootMeanSquaredError.
    """
    for entry in used(context):
        output, _, name, _ = entry
        classes = output.one_hot or output.activation in ("softmax", "sigmoid")
        if name in ACCURACIES and output.loss in REGRESSION and not classes:
            message = f"{name} counts right answers, but {quoted(output.name)} predicts a measure."
            better = "MeanAbsoluteError"
            call = Call(f"keras.metrics.{better}")
            yield finding(context, entry, message, f"Use keras.metrics.{better}.", call, better)


@advice("metric-of-logits")
def metric_of_logits(context: Context) -> Iterator[Finding]:
    """The output gives raw scores (logits), which the loss knows, but the metric takes them for
    probabilities. A threshold of 0.5 then lies at the wrong place (a probability of one half is a
    score of 0), and an AUC or a crossentropy of numbers outside 0 to 1 is wrong or fails. Set
    `threshold` to 0 or `from_logits` to true; metrics with neither need a sigmoid in the model.
    The other way round holds too: a metric with `from_logits` needs scores.
    """
    for entry in used(context):
        output, index, name, call = entry
        unread = f"training.metrics.{output.name}[{index}]" in context.unread
        if unread or output.loss not in BINARY | CATEGORICAL:
            continue
        loss_logits = context.value(output.call, "from_logits")
        logits = context.value(call, "from_logits")
        scores = output.activation == "linear" and loss_logits is True
        if scores and logits is False:
            message = f"{name} takes the scores of {quoted(output.name)} for probabilities."
            fixed = changed(call, from_logits=True)
            yield finding(context, entry, message, "Set its from_logits to true.", fixed)
        elif logits is True and output.activation in ("softmax", "sigmoid"):
            message = f"{name} takes the probabilities of {quoted(output.name)} for raw scores."
            fixed = changed(call, from_logits=None)
            yield finding(context, entry, message, "Set its from_logits to false.", fixed)
        elif scores and output.loss in BINARY and name == "BinaryAccuracy":
            if context.value(call, "threshold") == 0.5:
                message = "BinaryAccuracy has its threshold at 0.5, but "
                message += f"{quoted(output.name)} gives raw scores, whose middle is 0."
                fixed = changed(call, threshold=0.0)
                yield finding(context, entry, message, "Set its threshold to 0.", fixed)
        elif scores and output.loss in BINARY and name in THRESHOLDS:
            message = f"{name} compares probabilities with a threshold, but "
            message += f"{quoted(output.name)} gives raw scores."
            hint = "Give the last layer a sigmoid, and the loss from_logits false."
            yield finding(context, entry, message, hint, None)
