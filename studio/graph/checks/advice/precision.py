"""Numbers of 16 bits: where they lose what training needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from studio.graph.catalogue.op import Op
from studio.graph.catalogue.registry import find
from studio.graph.checks.advice.context import Context, Output
from studio.graph.checks.advice.fixes import param, step
from studio.graph.checks.advice.registry import Finding, advice
from studio.graph.document import is_call, references
from studio.graph.edits import Edit, SetTraining
from studio.graph.loss_scaling import unscaled
from studio.graph.ops.image_pipeline import MIXING
from studio.graph.problems import ERROR
from studio.graph.rule import Args

NARROW = ("float16", "bfloat16")


@advice("narrow-output")
def narrow_output(context: Context) -> Iterator[Finding]:
    """The model gives its predictions in float16 or bfloat16. A probability, or a measure, then has
    two to three digits, and a softmax can come out as exactly 0, of which the loss has no
    gradient. Keras recommends that the last layer, or its activation, computes in float32, which
    costs next to nothing. Set its `dtype` to "float32".
    """
    for output in context.outputs:
        if output.call is not None and output.spec is not None and output.spec.dtype in NARROW:
            yield Finding(
                output.end.partition(".")[0],
                f"gives its output in {output.spec.dtype}, of which few digits are left.",
                'Set its dtype to "float32".',
                _widened(context, output),
            )


def _widened(context: Context, output: Output) -> Edit | None:
    """Has the layer that computes the output, and those that only pass it on, do so in float32."""
    view, edits = context.model, []
    node: str | None = output.end
    while node is not None and "." not in node:
        op = view.op(node)
        if op is None or "dtype" not in op.params or op.kind != "layer" or not view.plain(node):
            return None
        edits.append(param(view, node, "dtype", "float32"))
        if node == output.node:
            return step(f"Let {output.name} be computed in float32", *edits)
        node = view.before(node)
    return None


@advice("no-narrow-images")
def no_narrow_images(context: Context) -> Iterator[Finding]:
    """CutMix, RandomErasing, RandomGaussianBlur and RandomElasticTransform put numbers in float32
    among those of the images: Keras' own code fails in a training where they compute in float16
    (CutMix in bfloat16, too), though it draws the model without a word. Set their `dtype` to
    "float32"; the layers behind them cast what they are given themselves.
    """
    for view in context.layered:
        for node in view.of(*MIXING):
            spec = view.spec(node)
            if spec is not None and spec.dtype in MIXING[view.kind(node)]:
                yield Finding(
                    node,
                    f"can't train in {spec.dtype}: it puts numbers in float32 among the images.",
                    'Set its dtype to "float32".',
                    step(f"Let {node} compute in float32", param(view, node, "dtype", "float32")),
                    graph=view.name,
                    severity=ERROR,
                )


@advice("narrow-measures")
def narrow_measures(context: Context) -> Iterator[Finding]:
    """A Normalization measures mean and variance of the data before the training, and computes in
    16 bits. There Keras' own code fails, as it adds them to sums in float32; and numbers such as
    grams would lose their digits before they are scaled. Set its `dtype` to "float32"; the layers
    behind it cast what they are given themselves.
    """
    for view in context.layered:
        for node in view.of("Normalization"):
            spec = view.spec(node)
            measures = "mean" not in view.made(node).params
            if measures and spec is not None and spec.dtype in NARROW:
                yield Finding(
                    node,
                    f"measures the data in {spec.dtype}, in which Keras can't add them up.",
                    'Set its dtype to "float32".',
                    step(f"Let {node} compute in float32", param(view, node, "dtype", "float32")),
                    graph=view.name,
                    severity=ERROR,
                )


@advice("narrow-weights")
def narrow_weights(context: Context) -> Iterator[Finding]:
    """All weights are kept in 16 bits. A step that changes a weight by less than a 4000th of it (in
    bfloat16, a 500th) is rounded away, so that the model stops learning long before it could; and
    in float16 small gradients become 0, as nothing scales the loss. Use `mixed_float16` or
    `mixed_bfloat16`: they compute in 16 bits too, but keep the weights in float32.
    """
    precision = context.project.precision
    if precision in NARROW:
        mixed = f"mixed_{precision}"
        yield Finding(
            "",
            f"keeps all weights in {precision}, in which small steps are rounded away.",
            f"Use {mixed}, which keeps them in float32.",
            step(f"Train in {mixed}", SetTraining("precision", mixed)),
            graph="training",
            place="training.precision",
        )


@advice("penalty-dtype")
def penalty_dtype(context: Context) -> Iterator[Finding]:
    """A regularizer adds a penalty to the loss, in the dtype of the weights it is for (of an
    activity_regularizer: of the numbers that leave the layer). The loss is in float32, and Keras
    can't add the two where the penalty isn't: the training fails in its first step. Set the layer's
    `dtype` to "float32", or leave the regularizer away; the `weight_decay` of the optimizer works
    in any precision.
    """
    if context.training is None or context.training.train_step is not None:
        return
    policy = context.project.precision
    for view in context.layered:
        for node in view.graph.nodes:
            op, made = view.op(node), view.made(node)
            if op is None or node in view.bad or references(made.params):
                continue
            name, dtype = next(_penalties(op, made.params, policy), ("", ""))
            if name:
                fix = None
                if op.kind == "layer" and name in made.params:
                    title = f"Let {node} compute in float32"
                    fix = step(title, param(view, node, "dtype", "float32"))
                yield Finding(
                    node,
                    f"has a penalty in {dtype} ({name}), which Keras can't add to the loss.",
                    'Set its dtype to "float32", or leave the regularizer away.',
                    fix,
                    graph=view.name,
                    severity=ERROR,
                )


def _penalties(op: Op, params: dict[str, Any], policy: str) -> Iterator[tuple[str, str]]:
    """The regularizers of a layer, and of those in it, whose penalty isn't in float32; in what."""
    if op.kind != "layer":
        return
    args = Args({"dtype": params.get("dtype")}, policy)
    found = dict.fromkeys((n for n in params if n.endswith("_regularizer")), args.variable_dtype)
    found |= dict.fromkeys(("activity_regularizer", "l1", "l2"), args.compute_dtype)
    for name, dtype in found.items():
        if params.get(name) and dtype != "float32":
            yield name, dtype
    for value in params.values():
        for each in value if isinstance(value, list) else [value]:
            inner = find(each["op"]) if is_call(each) else None
            if inner is not None:
                yield from _penalties(inner, each.get("params", {}), policy)


@advice("unscaled-loss")
def unscaled_loss(context: Context) -> Iterator[Finding]:
    """Under `mixed_float16` gradients below about 0.00000006 become 0. Keras scales the loss up for
    that, and the gradients down again; where a train step takes them in a way of its own (a step
    of your own that doesn't call `model.optimizer.scale_loss`, several optimizers, gradients of
    each loss), nothing does. Use `mixed_bfloat16`, whose range is that of float32; or scale the
    loss in your step.
    """
    if unscaled(context.project):
        yield Finding(
            "",
            "is mixed_float16, but this training's step doesn't scale its loss, so that small "
            "gradients become 0.",
            "Use mixed_bfloat16, which needs no scaling.",
            step("Train in mixed_bfloat16", SetTraining("precision", "mixed_bfloat16")),
            graph="training",
            place="training.precision",
        )
