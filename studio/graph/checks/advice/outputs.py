"""The last activation against the loss: probabilities, scores, and what is neither."""

from __future__ import annotations

from collections.abc import Iterator

from studio.graph.checks.advice.activations import DROPOUTS, KERNELS, PASSING
from studio.graph.checks.advice.context import CATEGORICAL, Context, Output
from studio.graph.checks.advice.fixes import changed, remove, set_activation, set_loss, step
from studio.graph.checks.advice.registry import Finding, advice
from studio.graph.document import BY_OUTPUT, Call
from studio.graph.edits import Edit, RemoveNodes, SetOutputs, SetTraining
from studio.graph.problems import quoted
from studio.graph.targets import BINARY

NO_PROBABILITIES = ("tanh", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "softsign")


def classifiers(context: Context) -> Iterator[tuple[Output, bool | None]]:
    """The outputs with a crossentropy, and whether that takes logits; None where it can't say."""
    for output in context.outputs:
        if output.loss in BINARY | CATEGORICAL:
            yield output, context.value(output.call, "from_logits")


@advice("probabilities-as-logits")
def probabilities_as_logits(context: Context) -> Iterator[Finding]:
    """The last layer applies a softmax or sigmoid, so it gives probabilities, but the loss has
    `from_logits` set and takes them for raw scores: it applies the function once more.
    Probabilities that are squeezed twice lie close together, gradients get small, and the model
    learns slowly or not at all. (Keras notices it in some cases, and then only warns while it
    trains.) Set `from_logits` to false, or take the activation out of the last layer.
    """
    for output, logits in classifiers(context):
        if logits is True and output.activation in ("softmax", "sigmoid"):
            yield Finding(
                output.name,
                f"{quoted(output.node)} gives probabilities ({output.activation}), but the loss "
                f"of {quoted(output.name)} has from_logits set and would apply it once more.",
                "Set from_logits to false.",
                set_loss(
                    context.project,
                    output.name,
                    changed(output.call, from_logits=None),
                    f"Set from_logits of the loss of {output.name} to false",
                ),
                graph="training",
                place=f"training.losses.{output.name}",
            )


@advice("logits-as-probabilities")
def logits_as_probabilities(context: Context) -> Iterator[Finding]:
    """The last layer has no activation, so it gives raw scores (logits) of any size, but the loss
    expects probabilities between 0 and 1. It cuts off what is outside, where no gradient comes
    through, and the loss gets stuck or becomes NaN. Set `from_logits` of the loss to true (which
    is also the more exact way to compute it), or give the last layer a softmax or sigmoid.
    """
    for output, logits in classifiers(context):
        if logits is False and output.activation == "linear" and output.node == output.layer:
            yield Finding(
                output.name,
                f"{quoted(output.node)} gives raw scores, as it has no activation, but the loss "
                f"of {quoted(output.name)} expects probabilities.",
                "Set from_logits to true.",
                set_loss(
                    context.project,
                    output.name,
                    changed(output.call, from_logits=True),
                    f"Set from_logits of the loss of {output.name} to true",
                ),
                graph="training",
                place=f"training.losses.{output.name}",
            )


@advice("scores-cut-off")
def scores_cut_off(context: Context) -> Iterator[Finding]:
    """The output of a classifier ends in an activation such as relu or tanh. A relu makes every
    negative score 0 and stops its gradient, so classes can no longer be pushed down; and where
    the loss expects probabilities, the result is none. Use softmax for one class of several,
    sigmoid for yes or no, or no activation together with `from_logits`.
    """
    for output, logits in classifiers(context):
        cut = output.activation in ("relu", "relu6")
        if not cut and not (logits is False and output.activation in NO_PROBABILITIES):
            continue
        wanted = "softmax" if output.loss in CATEGORICAL else "sigmoid"
        # What is neither score nor probability becomes what the loss asks for.
        wanted = None if logits else wanted
        yield Finding(
            output.node,
            f"ends the output {quoted(output.name)} in {output.activation}, but its loss takes "
            f"{'scores of either sign' if logits else 'probabilities'}.",
            f"Use {wanted}." if wanted else "Take the activation away.",
            set_activation(context.model, output.node, wanted),
        )


@advice("softmax-of-one")
def softmax_of_one(context: Context) -> Iterator[Finding]:
    """A softmax makes numbers that add up to 1. Of a single number it always makes exactly 1,
    whatever comes in: the output is constant and nothing is learnt. Use sigmoid for yes or no,
    no activation for a measure, or as many units as there are classes.
    """
    for output in context.outputs:
        if output.activation == "softmax" and output.units == 1:
            wanted = "sigmoid" if output.loss in BINARY else None
            yield Finding(
                output.node,
                "applies softmax to a single unit, which always gives 1.",
                f"Use {wanted or 'no activation'}, or a unit for each class.",
                set_activation(context.model, output.node, wanted),
            )


@advice("sigmoid-of-classes")
def sigmoid_of_classes(context: Context) -> Iterator[Finding]:
    """A categorical crossentropy is about one class of several, whose probabilities add up to 1.
    A sigmoid gives each class a probability of its own, so that all of them can be near 1 at
    once, and the loss does not punish that as it should. Use softmax; or, if several classes can
    be right at the same time, keep the sigmoid and use BinaryCrossentropy.
    """
    for output, _ in classifiers(context):
        many = output.units is not None and output.units > 1
        if output.loss in CATEGORICAL and output.activation == "sigmoid" and many:
            yield Finding(
                output.node,
                f"gives each of its {output.units} classes a probability of its own (sigmoid), "
                f"but {output.loss} is about one class of several.",
                "Use softmax, or BinaryCrossentropy if several classes can be right at once.",
                set_activation(context.model, output.node, "softmax"),
            )


@advice("softmax-with-binary-loss")
def softmax_with_binary_loss(context: Context) -> Iterator[Finding]:
    """BinaryCrossentropy judges each unit by itself, as a yes or no of its own, while a softmax
    lets the units compete: one can only rise where others fall. For one class of several use
    CategoricalCrossentropy (or the sparse one for class numbers); for several labels that can
    hold at once use sigmoid.
    """
    for output, _ in classifiers(context):
        many = output.units is not None and output.units > 1
        if output.loss not in BINARY or output.activation != "softmax" or not many:
            continue
        fix = None
        if output.one_hot:
            kept = {k: v for k, v in output.call.params.items() if k == "from_logits"}
            call = Call("keras.losses.CategoricalCrossentropy", kept)
            title = f"Use CategoricalCrossentropy for {output.name}"
            fix = set_loss(context.project, output.name, call, title)
        yield Finding(
            output.name,
            f"{output.loss} judges each unit by itself, but {quoted(output.node)} lets its "
            f"{output.units} units compete (softmax).",
            "Use CategoricalCrossentropy for one class of several, sigmoid for several at once.",
            fix,
            graph="training",
            place=f"training.losses.{output.name}",
        )


@advice("dropout-on-output")
def dropout_on_output(context: Context) -> Iterator[Finding]:
    """A Dropout stands behind the last layer, so that while training a part of the predictions
    themselves is set to 0 and the rest is scaled up: the loss is computed of answers that the
    model did not give. Put the Dropout before the last layer, or remove it.
    """
    for output in context.all_outputs:
        node = output.end if "." not in output.end else None
        while node is not None and context.model.kind(node) in PASSING:
            if context.model.kind(node) in DROPOUTS and output.layer is not None:
                yield Finding(
                    node,
                    f"drops predictions: it stands behind {quoted(output.layer)}, the last layer.",
                    "Remove it, or put it before the last layer.",
                    remove(context.model, node) or _remove_output(context, output, node),
                )
            node = context.model.before(node)


def _remove_output(context: Context, output: Output, node: str) -> Edit | None:
    """Takes out a node that is the only output; what was said of it is said of the one before."""
    view, training = context.model, context.training
    before = view.before(node)
    single = len(view.graph.outputs) == 1 and not view.users(node) and view.plain(node)
    if not single or before is None or view.kind(before) not in KERNELS:
        return None
    edits: list[Edit] = [SetOutputs("model", [before]), RemoveNodes("model", (node,))]
    for field in BY_OUTPUT:
        values = getattr(training, field)
        if output.name in values:
            renamed = {before if key == output.name else key: v for key, v in values.items()}
            edits.append(SetTraining(field, renamed))
    return step(f"Remove {node}", *edits)
