"""Poolings: the largest or the mean value of a window, or of a whole axis."""

from __future__ import annotations

import math

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Bool, Choice, Ints
from studio.graph.ops.windows import CHANNELS, channels_first, placed, spatial, window_sizes
from studio.graph.rule import Args, axes
from studio.graph.spec import Result, Spec, product


def _pooling(rank: int):
    def rule(p: Args, x: Spec) -> Result:
        """(batch, *sizes, channels) -> (batch, *places, channels)."""
        sizes, channels = spatial(p, x, rank)
        window = axes(p.pool_size, rank)
        strides = window if p.strides is None else axes(p.strides, rank)
        out = window_sizes(sizes, window, strides, p.padding)
        count = product((*out, channels))
        flops = None if count is None else count * math.prod(window)
        return p.result(placed(p, x, out, channels), (), flops)

    return rule


def _global_pooling(rank: int):
    def rule(p: Args, x: Spec, mask: Spec | None = None) -> Result:
        """(batch, *sizes, channels) -> (batch, channels), or with a 1 for each axis."""
        sizes, channels = spatial(p, x, rank)
        ones = (1,) * rank if p.keepdims else ()
        return p.result(placed(p, x, ones, channels), (), product((*sizes, channels)))

    return rule


def _adaptive_pooling(rank: int):
    def rule(p: Args, x: Spec) -> Result:
        """(batch, *sizes, channels) -> (batch, *output_size, channels)."""
        out = axes(p.output_size, rank)
        # Keras looks only at the channels when it makes the graph, not at the number of axes.
        channel = 1 if channels_first(p) else -1
        if x.rank < (2 if channels_first(p) else 1):
            spatial(p, x, rank)
        flops = None
        if x.rank == rank + 2:
            sizes, channels = spatial(p, x, rank)
            if None not in (*sizes, channels):
                flops = channels * math.prod(map(_covered, sizes, out))
        return p.result(placed(p, x, out, x.shape[channel]), (), flops)

    return rule


def _covered(size: int, places: int) -> int:
    """The widths of all windows together that part an axis into places, where they overlap too.

    The windows go from floor(i * size / places) to ceil((i + 1) * size / places): each border
    between two that isn't a whole number lies in both.
    """
    return size + places - math.gcd(size, places) if places else 0


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
            inputs="inputs mask?" if (_name, _rank) == ("Average", 1) else "inputs",
            shown="keepdims",
            data_format=CHANNELS,
            keepdims=Bool(),
        )(_global_pooling(_rank))
        describe(
            f"keras.layers.Adaptive{_name}Pooling{_rank}D",
            family="pooling",
            shown="output_size",
            output_size=Ints(_rank, min=0),
            data_format=CHANNELS,
        )(_adaptive_pooling(_rank))
