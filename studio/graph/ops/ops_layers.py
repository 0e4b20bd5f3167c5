"""keras.ops that do a layer's or a loss's work on tensors: normalisations, attention, losses."""

from __future__ import annotations

from studio.graph.catalogue.types import Bool, Choice, Float, Int, or_null
from studio.graph.dtypes import result_type
from studio.graph.ops.ops_axes import at_least, of_rank, places, tensor, without
from studio.graph.ops.ops_common import (
    AXES,
    AXIS,
    broadcast,
    count,
    fits,
    function,
    place,
    times,
)
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec, product, shape_text

_EPSILON = Float()


def _same_shape(p: Args, x: Spec, each: int) -> Result:
    """The input's shape and dtype, with as many operations for each element."""
    return p.result(tensor(x.shape, x.dtype), (), times(each, count(x.shape)))


@function(
    "batch_normalization",
    inputs="x mean variance offset? scale?",
    shown="axis epsilon",
    axis=AXIS,
    epsilon=_EPSILON,
)
def batch_normalization(
    p: Args, x: Spec, mean: Spec, variance: Spec, offset: Spec | None, scale: Spec | None
) -> Result:
    """(x - mean) / sqrt(variance), each of these with one number for each place on the axis."""
    size = x.shape[place(p.axis, x.rank)]
    if offset is not None and scale is None:
        raise Refused("takes an offset only with a scale", "Feed a scale of ones too.")
    given = {"mean": mean, "variance": variance, "offset": offset, "scale": scale}
    for name, each in given.items():
        if each is not None and each.shape != (size,):
            raise Refused(
                f"needs a {name} of shape {shape_text((size,))}, but it has "
                f"{shape_text(each.shape)}",
                f"Give it one number for each place on axis {p.axis}.",
            )
    return _same_shape(p, x, 4)


@function(
    "layer_normalization",
    inputs="x gamma? beta?",
    shown="axis epsilon",
    axis=AXES,
    epsilon=_EPSILON,
)
def layer_normalization(p: Args, x: Spec, gamma: Spec | None, beta: Spec | None) -> Result:
    """Mean 0 and variance 1 along an axis, then scaled and moved."""
    return _same_shape(p, x, 6 + (gamma is not None) + (beta is not None))


@function("rms_normalization", inputs="x scale?", shown="axis", axis=AXES, epsilon=_EPSILON)
def rms_normalization(p: Args, x: Spec, scale: Spec | None) -> Result:
    """Root mean square 1 along an axis, then scaled."""
    return _same_shape(p, x, 3 + (scale is not None))


@function(
    "normalize",
    inputs="x",
    shown="axis order",
    axis=or_null(AXES),
    order=Int(1),
    epsilon=_EPSILON,
)
def normalize(p: Args, x: Spec) -> Result:
    """Length 1 along an axis; Keras says float32 whatever comes in."""
    if p.axis is not None:
        places(p.axis, x.rank)
    return _same_shape(p, x.with_dtype("float32"), 3)


@function(
    "dot_product_attention",
    inputs="query key value bias? mask?",
    shown="is_causal scale",
    scale=Float(),
    is_causal=Bool(),
    flash_attention=Bool(),
    attn_logits_soft_cap=Float(),
)
def dot_product_attention(
    p: Args, query: Spec, key: Spec, value: Spec, bias: Spec | None, mask: Spec | None
) -> Result:
    """(n, t, heads, d) with keys and values (n, s, heads, d) -> (n, t, heads, d)."""
    if p.attn_logits_soft_cap is not None:
        raise Refused("has attn_logits_soft_cap, which only JAX on a TPU can do", "Leave it out.")
    flops = None
    if query.rank == key.rank == 4:
        # Scores and their sum of values are two products, the softmax is 3 operations a score.
        scores = product((*query.shape[1:3], key.shape[1]))
        width = query.shape[3]
        flops = None if None in (scores, width) else scores * (4 * width + 3)
    dtype = result_type(query.dtype, key.dtype, value.dtype)
    return p.result(tensor(query.shape, dtype), (), flops)


def _target_like(target: Spec, output: Spec) -> None:
    if target.shape != output.shape:
        raise Refused(
            f"needs a target of the output's shape {shape_text(output.shape)}, but it has "
            f"{shape_text(target.shape)}",
            "Give both the same shape, for classes as numbers use "
            "keras.ops.sparse_categorical_crossentropy.",
        )


@function("binary_crossentropy", inputs="target output", shown="from_logits", from_logits=Bool())
def binary_crossentropy(p: Args, target: Spec, output: Spec) -> Result:
    """(n, a) and (n, a) -> (n, a)."""
    _target_like(target, output)
    return _same_shape(p, output, 6)


_CLASSES = {"from_logits": Bool(), "axis": AXIS}


@function("categorical_crossentropy", inputs="target output", shown="from_logits axis", **_CLASSES)
def categorical_crossentropy(p: Args, target: Spec, output: Spec) -> Result:
    """(n, classes) and (n, classes) -> (n,); Keras takes the last axis away whatever axis is."""
    _target_like(target, output)
    at_least(output, 1)
    return p.result(tensor(output.shape[:-1], output.dtype), (), times(3, count(output.shape)))


@function(
    "sparse_categorical_crossentropy",
    inputs="target output",
    shown="from_logits axis",
    **_CLASSES,
)
def sparse_categorical_crossentropy(p: Args, target: Spec, output: Spec) -> Result:
    """(n,) and (n, classes) -> (n,)."""
    at_least(output, 1, "its output")
    left = without(output.shape, [place(p.axis, output.rank)])
    wanted = target.shape
    if target.rank == output.rank and wanted[-1] == 1:
        wanted = wanted[:-1]
    if wanted != left:
        raise Refused(
            f"needs a class for each of {shape_text(left)}, but its target has "
            f"{shape_text(target.shape)}",
            "Give the target the output's shape without the axis of the classes.",
        )
    return p.result(tensor(left, output.dtype), (), times(2, count(output.shape)))


@function(
    "ctc_loss",
    inputs="target output target_length output_length",
    shown="mask_index",
    mask_index=Int(),
)
def ctc_loss(
    p: Args, target: Spec, output: Spec, target_length: Spec, output_length: Spec
) -> Result:
    """(n, labels) and (n, steps, classes) -> (n,)."""
    given = (output, target, target_length, output_length)
    for each in given:
        at_least(each, 1, "one of its inputs")
    if len({each.shape[0] for each in given}) > 1:
        raise Refused("needs inputs of one batch size", "Give them the same first axis.")
    flops = None
    if target.rank == 2 and output.rank == 3:
        # Forward over the labels with a blank around each, at every step.
        labels = None if target.shape[1] is None else 2 * target.shape[1] + 1
        flops = product((3, labels, output.shape[1]))
    return p.result(tensor(target.shape[:1], result_type(output.dtype, "float32")), (), flops)


@function(
    "ctc_decode",
    inputs="inputs sequence_lengths",
    outputs="decoded scores",
    shown="strategy beam_width top_paths",
    strategy=Choice(("greedy", "beam_search")),
    beam_width=Int(),
    top_paths=Int(),
    merge_repeated=Bool(),
    mask_index=Int(),
)
def ctc_decode(p: Args, inputs: Spec, sequence_lengths: Spec) -> Result:
    """(n, steps, classes) -> the labels (paths, n, steps) and how likely they are (n, paths)."""
    at_least(inputs, 2)
    paths = 1 if p.strategy == "greedy" else p.top_paths
    batch, steps = inputs.shape[:2]
    scores = tensor((batch, paths), result_type(inputs.dtype, "float32"))
    each = 1 if p.strategy == "greedy" else max(p.beam_width, 1)
    flops = times(each, count(inputs.shape))
    return p.result([tensor((paths, batch, steps), "int32"), scores], (), flops)


@function("psnr", inputs="x1 x2", shown="max_val", max_val=Float())
def psnr(p: Args, x1: Spec, x2: Spec) -> Result:
    """One number for how near two tensors are."""
    of_rank(x2, x1.rank, what="its second input")
    return p.result(tensor(()), (), times(3, count(x1.shape)))


@function("cdist", inputs="x y")
def cdist(p: Args, x: Spec, y: Spec) -> Result:
    """(n, d) and (m, d) -> (n, m): the distance of each from each."""
    for each in (x, y):
        at_least(each, 2, "one of its inputs")
    if not fits(x.shape[-1:], y.shape[-1:]):
        raise Refused(
            f"measures points of as many numbers, but they have {x.shape[-1]} and {y.shape[-1]}",
            "Give both the same last axis.",
        )
    shape = (*broadcast(x.shape[:-2], y.shape[:-2]), x.shape[-2], y.shape[-2])
    flops = product((3, *shape[1:], x.shape[-1]))
    return p.result(tensor(shape, result_type(x.dtype, y.dtype, "float")), (), flops)
