"""Poolings: the largest or the mean value of a window, or of a whole axis."""

from __future__ import annotations

import math

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Bool, Choice, Ints
from studio.graph.ops.windows import CHANNELS, spatial, window_sizes
from studio.graph.rule import Args, axes
from studio.graph.spec import Result, Spec, product


def _pooling(rank: int):
    def rule(p: Args, x: Spec) -> Result:
        sizes, channels = spatial(p, x, rank)
        window = axes(p.pool_size, rank)
        strides = window if p.strides is None else axes(p.strides, rank)
        out = window_sizes(sizes, window, strides, p.padding)
        first = p.data_format == "channels_first"
        shape = (channels, *out) if first else (*out, channels)
        count = product(shape)
        flops = None if count is None else count * math.prod(window)
        return p.result(x.with_shape((x.shape[0], *shape)), (), flops)

    return rule


def _global_pooling(rank: int):
    def rule(p: Args, x: Spec) -> Result:
        sizes, channels = spatial(p, x, rank)
        first = p.data_format == "channels_first"
        ones = (1,) * rank if p.keepdims else ()
        shape = (channels, *ones) if first else (*ones, channels)
        return p.result(x.with_shape((x.shape[0], *shape)), (), product((*sizes, channels)))

    return rule


for _rank in (1, 2, 3):
    for _name in ("Max", "Average"):
        describe(
            f"keras.layers.{_name}Pooling{_rank}D",
            family="pooling",
            shown="pool_size strides padding",
            pool_size=Ints(_rank),
            strides=Ints(_rank),
            padding=Choice(("valid", "same")),
            data_format=CHANNELS,
        )(_pooling(_rank))
        describe(
            f"keras.layers.Global{_name}Pooling{_rank}D",
            family="pooling",
            data_format=CHANNELS,
            keepdims=Bool(),
        )(_global_pooling(_rank))
