"""Convolutions over one, two or three axes."""

from __future__ import annotations

import math

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Choice, Int, Ints
from studio.graph.ops.windows import CHANNELS, spatial, window_sizes
from studio.graph.rule import Args, axes
from studio.graph.spec import Refused, Result, Spec, known, product


def _convolution(rank: int):
    def rule(p: Args, x: Spec) -> Result:
        sizes, channels = spatial(p, x, rank)
        channels = known(channels, "the number of channels")
        kernel, strides, dilation = (
            axes(value, rank) for value in (p.kernel_size, p.strides, p.dilation_rate)
        )
        if channels % p.groups:
            raise Refused(
                f"divides its input into {p.groups} groups, but {channels} channels "
                f"can't be divided so",
                f"Choose groups that divide {channels}.",
            )
        if p.filters % p.groups:
            raise Refused(f"has {p.filters} filters, which {p.groups} groups don't divide")
        if max(strides) > 1 and max(dilation) > 1:
            raise Refused("can have strides or a dilation_rate above 1, not both")
        out = window_sizes(sizes, kernel, strides, p.padding, dilation)
        weights = [p.weight("kernel", (*kernel, channels // p.groups, p.filters))]
        if p.use_bias:
            weights.append(p.weight("bias", (p.filters,)))
        places = product(out)
        each = 2 * math.prod(kernel) * (channels // p.groups) + bool(p.use_bias)
        shape = (*out, p.filters) if p.data_format != "channels_first" else (p.filters, *out)
        flops = None if places is None else places * p.filters * each
        return p.result(x.with_shape((x.shape[0], *shape)), weights, flops)

    return rule


for _rank in (1, 2, 3):
    _paddings = ("valid", "same", "causal") if _rank == 1 else ("valid", "same")
    describe(
        f"keras.layers.Conv{_rank}D",
        family="convolution",
        shown="filters kernel_size strides padding activation",
        filters=Int(1),
        kernel_size=Ints(_rank),
        strides=Ints(_rank),
        padding=Choice(_paddings),
        dilation_rate=Ints(_rank),
        groups=Int(1),
        data_format=CHANNELS,
    )(_convolution(_rank))
