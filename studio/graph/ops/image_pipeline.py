"""Pipeline: layers one after the other, which Keras really runs to learn what they give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from studio.graph.catalogue.op import Op
from studio.graph.catalogue.registry import describe, find
from studio.graph.catalogue.types import ListOf, OneCall
from studio.graph.rule import Args, apply
from studio.graph.spec import Refused, Result, Spec, Weight

_NEED_SIZES = ("RandomCrop", "CutMix", "RandomErasing")
_CLAHE = "ContrastLimitedAdaptiveHistogramEqualization"

MIXING = {
    "CutMix": ("float16", "bfloat16"),
    "RandomElasticTransform": ("float16",),
    "RandomErasing": ("float16",),
    "RandomGaussianBlur": ("float16",),
}
"""Layers that bring float32 in, and so can't run in these dtypes."""


@describe(
    "keras.layers.Pipeline",
    family="image preprocessing",
    shown="layers",
    layers=ListOf(OneCall(("layer", "code"), names=False)),
)
def pipeline(p: Args, x: Spec) -> Result:
    """What its last layer gives, each layer taking what the one before it gives."""
    if not p.layers:
        raise Refused("has no layers to run", "Give it at least one layer.")
    weights: list[Weight] = []
    flops: int | None = 0
    for number, call in enumerate(p.layers, 1):
        try:
            result = _run(p, call, x)
        except Refused as refused:
            name = call["op"].rpartition(".")[2]
            raise Refused(
                f"stops at its layer {number}, where {name} {refused.message}", refused.hint
            ) from None
        x = result.outputs[0]
        weights += result.weights
        flops = None if flops is None or result.flops is None else flops + result.flops
    return p.result(x, weights, flops)


def _run(p: Args, call: dict[str, Any], x: Spec) -> Result:
    """What one layer makes of a tensor when it runs, which is stricter than its shape alone."""
    op = find(call["op"])
    if op is None:
        return apply(call, [x], p.policy)
    if op.inputs and op.inputs[0].many:
        raise Refused("takes several inputs, but a Pipeline hands on one")
    rest = [() if port.many else None for port in op.inputs[1:]]
    image = op.family.startswith("image ") and op.name != "Pipeline"
    if image:
        _image(op, call, x)
    result = apply(call, [x, *rest], p.policy)
    dtype = result.outputs[0].dtype if result.outputs else ""
    if dtype in MIXING.get(op.name, ()):
        raise Refused(f"can't run in {dtype}", 'Set its dtype to "float32".')
    if image:
        result = Result((_traced(op, call, x, result.outputs[0]),), result.weights, result.flops)
    if len(result.outputs) != 1:
        raise Refused("gives several outputs, but a Pipeline hands on one")
    return result


def _image(op: Op, call: dict[str, Any], x: Spec) -> None:
    """Refused where an image layer could not run on this tensor."""
    if x.rank not in (3, 4):
        raise Refused(
            "changes an image (3 axes) or a batch of them (4 axes)",
            "Give the Input the shape of an image, such as [28, 28, 3].",
        )
    if None in _sizes(call, x) and op.name in (*_NEED_SIZES, _CLAHE):
        raise Refused(
            "needs to know height and width, but they are unknown",
            "Put keras.layers.Resizing before it.",
        )


def _sizes(call: dict[str, Any], x: Spec) -> tuple[int | None, ...]:
    """An image's height and width."""
    first = call.get("params", {}).get("data_format") == "channels_first"
    return x.shape[-2:] if first else x.shape[-3:-1]


def _traced(op: Op, call: dict[str, Any], x: Spec, out: Spec) -> Spec:
    """What TensorFlow knows of the sizes that a layer gives, where it doesn't know what came in."""
    before, after = _sizes(call, x), _sizes(call, out)
    if None not in before:
        return out
    small = any(has is not None and has < wants for has, wants in zip(before, after, strict=True))
    if op.name != "CenterCrop" or small:  # it resizes an image that is too small
        return out
    return _with_sizes(call, out, (None, None))  # it cuts at places known only when it runs


def _with_sizes(call: dict[str, Any], x: Spec, sizes: Sequence[int | None]) -> Spec:
    if call.get("params", {}).get("data_format") == "channels_first":
        return x.with_shape((*x.shape[:-2], *sizes))
    return x.with_shape((*x.shape[:-3], *sizes, x.shape[-1]))
