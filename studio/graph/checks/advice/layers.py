"""Layers that undo, repeat or drown each other."""

from __future__ import annotations

from collections.abc import Iterator

from studio.graph.checks.advice.activations import (
    DROPOUTS,
    KERNELS,
    activation,
    source,
)
from studio.graph.checks.advice.context import Context
from studio.graph.checks.advice.fixes import insert, param, set_activation, step
from studio.graph.checks.advice.registry import Finding, advice
from studio.graph.checks.advice.view import View
from studio.graph.edits import Edit, SetNode
from studio.graph.problems import quoted

HUGE = 1_000_000
"""Parameters from which a layer with most of a model's is worth a word."""

SQUEEZING = ("sigmoid", "softmax", "tanh")


@advice("linear-stack")
def linear_stack(context: Context) -> Iterator[Finding]:
    """Two Dense layers stand in a row with no activation between them. One matrix after another
    is again only a matrix, so the two can do no more than the second alone; the layer costs
    parameters and time for nothing. Give the first an activation such as relu. (A first layer
    that is narrower than both its neighbours is a bottleneck, which does make a difference, and
    isn't reported.)
    """
    for view in context.layered:
        for node in view.of("Dense"):
            before = view.before(node)
            norm = None
            first = source(view, before)
            if view.kind(first) == "BatchNormalization":
                norm, first = first, source(view, view.before(first))
            if view.kind(first) != "Dense" or activation(view, first) != "linear":
                continue
            if view.after(first) is None or (norm and view.after(norm) is None):
                continue  # its result is also wanted as it is
            if _bottleneck(view, first, node):
                continue
            if norm is None:
                fix = set_activation(view, first, "relu")
            else:
                fix = insert(view, norm, "relu", "keras.layers.Activation", activation="relu")
            yield Finding(
                first,
                f"has no activation, and neither has anything between it and {quoted(node)}: two "
                "Dense layers in a row can do no more than one.",
                'Set its activation, for example to "relu".',
                fix,
                graph=view.name,
            )


def _bottleneck(view: View, first: str, second: str) -> bool:
    width, into, out = view.value(first, "units"), view.given(first), view.value(second, "units")
    if width is None or out is None:
        return True  # can't be said
    wide = into.shape[-1] if into is not None else None
    return width < out and (wide is None or width < wide)


@advice("bias-before-norm")
def bias_before_norm(context: Context) -> Iterator[Finding]:
    """A layer adds a bias, and the BatchNormalization right behind it takes the mean of each
    channel away again, and the bias with it; it has a bias of its own (`beta`). The layer's bias
    costs memory and time and never does anything. Set `use_bias` to false.
    """
    for view in context.layered:
        for norm in view.of("BatchNormalization"):
            node = view.before(norm)
            if view.kind(node) not in KERNELS or view.kind(node) == "EinsumDense":
                continue
            if not view.plain(node) or view.after(node) != norm or node in view.bad:
                continue
            frozen = view.value(norm, "trainable") is False  # it keeps the means it has
            if frozen or view.value(node, "use_bias") is not True:
                continue
            if activation(view, node) != "linear" or not _along_channels(view, node, norm):
                continue
            bias = next((w.count for w in view.weights(node) if w.name == "bias"), None)
            fewer = f", {bias:,} parameters fewer" if bias is not None else ""
            yield Finding(
                node,
                f"adds a bias that {quoted(norm)}, right behind it, takes away again.",
                f"Set use_bias to false{fewer}.",
                step(f"Take the bias out of {node}", param(view, node, "use_bias", False)),
                graph=view.name,
            )


def _along_channels(view: View, node: str, norm: str) -> bool:
    axis = view.value(norm, "axis")
    if view.value(node, "data_format") == "channels_first":
        return axis == 1
    spec = view.spec(node)
    return axis == -1 or (spec is not None and axis == spec.rank - 1)


@advice("squeezed-before-norm")
def squeezed_before_norm(context: Context) -> Iterator[Finding]:
    """A layer ends in sigmoid, tanh or softmax, and a BatchNormalization follows. The activation
    squeezes everything into a narrow range, and the normalisation stretches it again, after the
    fine differences were lost at the edges. Normalise first and apply the activation then. (A
    relu before a normalisation is a matter of taste and isn't reported.)
    """
    for view in context.layered:
        for norm in view.of("BatchNormalization"):
            node = view.before(norm)
            if view.kind(node) not in KERNELS or view.after(node) != norm:
                continue
            name = activation(view, node)
            if name not in SQUEEZING:
                continue
            behind = insert(view, norm, name, "keras.layers.Activation", activation=name)
            bare = set_activation(view, node, None)
            fix = behind and bare and step(f"Move {name} behind {norm}", bare, behind)
            yield Finding(
                node,
                f"squeezes its result ({name}) before {quoted(norm)} stretches it again.",
                f"Apply {name} behind {quoted(norm)}.",
                fix,
                graph=view.name,
            )


@advice("high-dropout")
def high_dropout(context: Context) -> Iterator[Finding]:
    """A Dropout with a rate of 0.8 or more leaves less than a fifth of the values in each step,
    and the rate is the part that is dropped, not the part that is kept. Usual rates lie between
    0.1 and 0.5; with far more the model hardly learns. A rate of 1 drops everything.
    """
    for view in context.layered:
        for node in view.of(*DROPOUTS):
            rate = view.value(node, "rate")
            if isinstance(rate, (int, float)) and rate >= 0.8 and view.graph.nodes[node].op:
                rest = "nothing" if rate == 1 else f"{1 - rate:.0%}"
                yield Finding(
                    node,
                    f"drops {rate:.0%} of the values and keeps {rest}.",
                    "Set a rate between 0.1 and 0.5.",
                    step(f"Set the rate of {node} to 0.5", param(view, node, "rate", 0.5)),
                    graph=view.name,
                )


@advice("hidden-softmax")
def hidden_softmax(context: Context) -> Iterator[Finding]:
    """A softmax stands in the middle of the model and feeds a Dense layer. Its numbers add up to
    1, so all but a few are near 0: little of what the layer found gets through, and hardly any
    gradient comes back. Softmax is for the output; between layers use relu or the like.
    """
    for view in context.layered:
        for node in view.of("Dense"):
            before = source(view, view.before(node))
            if before is None or before in view.bad or activation(view, before) != "softmax":
                continue
            whole = view.op(before).kind == "application"
            yield Finding(
                before,
                f"applies softmax in the middle of the model, before {quoted(node)}: little of "
                "what it found gets through.",
                "Set include_top to false." if whole else "Use relu; softmax is for the output.",
                set_activation(view, before, "relu"),
                graph=view.name,
            )


@advice("huge-dense")
def huge_dense(context: Context) -> Iterator[Finding]:
    """A Dense layer behind a Flatten holds more than half of all the model's parameters, and over
    a million of them: one weight for each unit and each single place of each feature map. Such a
    layer learns the training examples by heart and makes the file large. Take the mean of each
    map instead (GlobalAveragePooling), or make the maps smaller before the Flatten.
    """
    view = context.model
    if view is None or view.bad:
        return
    for node in view.of("Dense"):
        own = sum(weight.count for weight in view.weights(node))
        if own <= HUGE:
            continue
        flat = view.before(node)
        while view.kind(flat) in DROPOUTS:
            flat = view.before(flat)
        if view.kind(flat) != "Flatten":
            continue
        total = sum(weight.count for name in view.graph.nodes for weight in view.weights(name))
        if own <= total / 2:
            continue
        yield Finding(
            node,
            f"holds {own:,} of the model's {total:,} parameters ({own / total:.0%}), as it is "
            f"fed with every place of every map by {quoted(flat)}.",
            "Use a GlobalAveragePooling layer in the place of the Flatten, or smaller maps.",
            _pooled(view, flat),
        )


def _pooled(view: View, flat: str) -> Edit | None:
    given = view.given(flat)
    rank = given.rank - 2 if given is not None else 0
    if rank not in (1, 2, 3) or not view.plain(flat) or set(given.shape[1:-1]) == {1}:
        return None
    op = f"keras.layers.GlobalAveragePooling{rank}D"
    return step(f"Take the mean of each map in {flat}", SetNode(view.name, flat, "op", op))


@advice("norm-of-one")
def norm_of_one(context: Context) -> Iterator[Finding]:
    """BatchNormalization takes the mean over a batch away. In a batch of one example that mean is
    the example itself, so what is left is 0 for every feature, whatever came in, and nothing can
    be learnt behind it. Use larger batches, or LayerNormalization, which needs no batch.
    """
    if context.model is None or context.data is None or context.training is None:
        return
    norms = [
        norm
        for norm in context.model.of("BatchNormalization")
        if (given := context.model.given(norm)) is not None
        and given.rank == 2
        and context.model.value(norm, "trainable") is not False
        and norm in context.model.used
    ]
    stages = context.stages()
    for node in context.data.of("batch"):
        if norms and node in stages and context.data.value(node, "batch_size") == 1:
            yield Finding(
                node,
                f"makes batches of 1, of which {quoted(norms[0])} makes 0 while training.",
                "Use a larger batch_size, such as 32.",
                step(
                    f"Set the batch size of {node} to 32",
                    param(context.data, node, "batch_size", 32),
                ),
                graph="data",
            )
