"""Numbers of 16 bits: where they lose what training needs."""

from __future__ import annotations

from collections.abc import Iterator

from studio.graph.checks.advice.context import Context, Output
from studio.graph.checks.advice.fixes import param, step
from studio.graph.checks.advice.registry import Finding, advice
from studio.graph.edits import Edit, SetTraining
from studio.graph.loss_scaling import unscaled
from studio.graph.ops.image_pipeline import MIXING
from studio.graph.problems import ERROR

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
