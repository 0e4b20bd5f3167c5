"""Normalisations that are learnt: a mean of 0, a variance or length of 1, then scale and centre."""

from __future__ import annotations

from collections.abc import Sequence

from studio.graph.catalogue.registry import describe, find
from studio.graph.catalogue.types import Choice, DictOf, Either, Float, Int, ListOf, OneCall
from studio.graph.ops.numbers import initializers, numbers, same_shape, size_at
from studio.graph.problems import quoted
from studio.graph.rule import Args, apply
from studio.graph.spec import Refused, Result, Spec, Weight, known

_AXES = Either((Int(), ListOf(Int())))
_VERB = "normalises"
_LIMITS = ("rmin", "rmax", "dmax")


def _along(x: Spec, axes: int | Sequence[int]) -> list[int | None]:
    """The sizes of the axes named, in the order of their numbers."""
    numbers(x)
    return [size_at(x, axis, _VERB) for axis in sorted(axes if axes_listed(axes) else [axes])]


def axes_listed(axes: object) -> bool:
    """Whether several axes are given, not one."""
    return isinstance(axes, (list, tuple))


def _scale_and_centre(p: Args, sizes: Sequence[int | None]) -> list[Weight]:
    """gamma and beta, each where it is wanted, of these sizes."""
    names = [name for name, wanted in (("gamma", p.scale), ("beta", p.center)) if wanted]
    if not names:
        return []
    shape = tuple(known(size, "the size of the axis it normalises") for size in sizes)
    return [p.weight(name, shape) for name in names]


def _cost(p: Args, steps: int) -> int:
    return steps + bool(p.scale) + bool(p.center)


@describe(
    "keras.layers.BatchNormalization",
    family="normalisation",
    inputs="inputs mask?",
    shown="axis momentum",
    axis=Int(),
    momentum=Float(),
    epsilon=Float(),
    renorm_momentum=Float(),
    renorm_clipping=DictOf(Either((Float(), Choice((None,))))),
    **initializers("beta", "gamma", "moving_mean", "moving_variance"),
)
def batch_normalization(p: Args, x: Spec, mask: Spec | None) -> Result:
    """(...) -> (...); mean and variance over all axes but one, whose size the weights have."""
    numbers(x)
    shape = (known(size_at(x, p.axis, _VERB), f"the size of axis {p.axis}"),)
    weights = _scale_and_centre(p, shape)
    kept = ["moving_mean", "moving_variance"]
    if p.renorm:
        _clipping(p.renorm_clipping or {})
        if p.moving_variance_initializer is None:
            raise Refused(
                "makes its moving_stddev with the moving_variance_initializer, which is null",
                'Leave it out for "ones".',
            )
        kept += ["moving_stddev", "renorm_mean", "renorm_stddev"]
    weights += [p.weight(name, shape, trainable=False) for name in kept]
    # What is measured while training is folded into one factor and one summand.
    return same_shape(p, x, 2, weights)


def _clipping(limits: dict[str, float | None]) -> None:
    strange = sorted(set(limits) - set(_LIMITS))
    if strange:
        raise Refused(
            f"has {quoted(strange[0])} in renorm_clipping",
            f"It may have {', '.join(_LIMITS)}.",
        )
    low, high, shift = (limits.get(name) for name in _LIMITS)
    if low is not None and high is not None and high < low:
        raise Refused(f"has an rmax of {high:g} below its rmin of {low:g} in renorm_clipping")
    if shift is not None and shift < 0:
        raise Refused(f"has a dmax of {shift:g} in renorm_clipping, which must not be below 0")


@describe(
    "keras.layers.LayerNormalization",
    family="normalisation",
    shown="axis",
    axis=_AXES,
    epsilon=Float(),
    **initializers("beta", "gamma"),
)
def layer_normalization(p: Args, x: Spec) -> Result:
    """(...) -> (...); mean and variance over some axes of each sample, whose sizes gamma has."""
    sizes = _along(x, p.axis)
    return same_shape(p, x, _cost(p, 5), _scale_and_centre(p, sizes))


@describe(
    "keras.layers.RMSNormalization",
    family="normalisation",
    shown="axis",
    axis=_AXES,
    epsilon=Float(),
)
def rms_normalization(p: Args, x: Spec) -> Result:
    """(...) -> (...); a root mean square of 1 over some axes, whose sizes the scale has."""
    sizes = _along(x, p.axis)
    shape = tuple(known(size, "the size of the axis it normalises") for size in sizes)
    return same_shape(p, x, 4, [p.weight("scale", shape)])


@describe("keras.layers.UnitNormalization", family="normalisation", shown="axis", axis=_AXES)
def unit_normalization(p: Args, x: Spec) -> Result:
    """(...) -> (...); a length of 1 over some axes."""
    _along(x, p.axis)
    return same_shape(p, x, 3)


@describe(
    "keras.layers.GroupNormalization",
    family="normalisation",
    shown="groups axis",
    groups=Either((Int(1), Choice((-1,)))),
    axis=Int(),
    epsilon=Float(),
    **initializers("beta", "gamma"),
)
def group_normalization(p: Args, x: Spec) -> Result:
    """(...) -> (...); mean and variance over groups of channels; -1 makes every channel a group."""
    (channels,) = _along(x, p.axis)
    channels = known(channels, "the number of channels")
    groups = channels if p.groups == -1 else p.groups
    if not groups or channels % groups or channels < groups:
        fitting = [n for n in range(1, min(channels, 64) + 1) if not channels % n]
        raise Refused(
            f"puts its channels into {groups} equal groups, but there are {channels} channels",
            f"Set groups to {' or '.join(map(str, fitting[-4:]))}." if fitting else "",
        )
    return same_shape(p, x, _cost(p, 5), _scale_and_centre(p, (channels,)))


@describe(
    "keras.layers.SpectralNormalization",
    family="normalisation",
    shown="layer power_iterations",
    layer=OneCall(("layer", "code"), names=False),
    power_iterations=Int(1),
)
def spectral_normalization(p: Args, x: Spec) -> Result:
    """What the layer in it gives; its kernel is kept at a spectral norm of 1 while training."""
    numbers(x)
    inner = apply(p.layer, [x], p.policy)
    op = find(p.layer["op"])
    held = {"cell", "cells", "layer"} & set(op.params) or op.family == "recurrent"
    kernel = None if held else _kernel(inner.weights)
    if kernel is None:
        raise Refused(
            f"holds the kernel of the layer in it, but {op.name} has none",
            "Give it a layer such as Dense, Conv2D or Embedding.",
        )
    # A kernel with a lora_rank is a sum, made in the dtype that the layer computes in.
    dtype = p.compute_dtype if p.layer.get("params", {}).get("lora_rank") else kernel.dtype
    vector = Weight("vector_u", (1, kernel.shape[-1]), dtype, trainable=False)
    outputs = [out.with_dtype(p.compute_dtype) for out in inner.outputs]
    return p.result(outputs, [*inner.weights, vector], inner.flops)


def _kernel(weights: Sequence[Weight]) -> Weight | None:
    """The weight that is normalised: the kernel, or the table of an embedding."""
    found = {weight.name: weight for weight in weights}
    return found.get("kernel") or found.get("embeddings")
