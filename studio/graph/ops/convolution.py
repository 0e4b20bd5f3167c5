"""Convolutions over one, two or three axes: plain, transposed, depthwise, separable."""

from __future__ import annotations

import math

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Choice, Float, Int, Ints, OneCall
from studio.graph.ops.windows import CHANNELS, placed, spatial, widened, window_sizes
from studio.graph.rule import Args, axes
from studio.graph.spec import Refused, Result, Spec, Weight, known, product


class _Initializer(OneCall, frozen=True):
    """A call of an initializer or its short name; null leaves the choice to Keras."""

    kinds: tuple[str, ...] = ("initializer", "code")

    @property
    def null(self) -> bool:
        return True


class _Window:
    """What every convolution reads first: `sizes` of the input's axes, its `channels`, the window.

    `kernel`, `strides` and `dilation` hold a number for each axis.
    """

    def __init__(self, p: Args, x: Spec, rank: int):
        self.sizes, channels = spatial(p, x, rank)
        self.channels = known(channels, "the number of channels")
        self.kernel, self.strides, self.dilation = (
            axes(value, rank) for value in (p.kernel_size, p.strides, p.dilation_rate)
        )
        self.taps = math.prod(self.kernel)

    def strides_or_dilation(self) -> None:
        """Refuses both at once."""
        if max(self.strides) > 1 and max(self.dilation) > 1:
            raise Refused(
                "can have strides or a dilation_rate above 1, not both",
                "Set one of the two to 1.",
            )

    def places(self, padding: str) -> tuple[int | None, ...]:
        """How many places the window has on each axis."""
        return window_sizes(self.sizes, self.kernel, self.strides, padding, self.dilation)


def _finish(p: Args, filters: int) -> tuple[list[Weight], int]:
    """The bias, if there is one, and what it and the activation cost for each value put out."""
    bias = [p.weight("bias", (filters,))] if p.use_bias else []
    return bias, len(bias) + (p.activation not in (None, "linear"))


def _times(places: int | None, each: int) -> int | None:
    """The cost of all places; None where their number is unknown."""
    return None if places is None else places * each


def _convolution(rank: int):
    def rule(p: Args, x: Spec) -> Result:
        """(batch, *sizes, channels) -> (batch, *places, filters)."""
        window = _Window(p, x, rank)
        channels = window.channels
        if channels % p.groups:
            raise Refused(
                f"divides its input into {p.groups} groups, but {channels} channels "
                f"can't be divided so",
                f"Choose groups that divide {channels}.",
            )
        if p.filters % p.groups:
            raise Refused(
                f"has {p.filters} filters, which {p.groups} groups don't divide",
                f"Choose a multiple of {p.groups} as filters.",
            )
        window.strides_or_dilation()
        out = window.places(p.padding)
        bias, after = _finish(p, p.filters)
        shape = (*window.kernel, channels // p.groups, p.filters)
        weights = [p.weight("kernel", shape, trainable=not p.lora_rank), *bias, *_lora(p, shape)]
        each = p.filters * (2 * window.taps * (channels // p.groups) + after)
        return p.result(placed(p, x, out, p.filters), weights, _times(product(out), each))

    return rule


def _lora(p: Args, kernel: tuple[int, ...]) -> list[Weight]:
    """The two small matrices that are trained in the kernel's stead; always float32 in Keras."""
    if not p.lora_rank:
        return []
    if p.kernel_constraint is not None:
        raise Refused(
            "can have a lora_rank or a kernel_constraint, not both", "Remove one of the two."
        )
    return [
        Weight("lora_kernel_a", (*kernel[:-1], p.lora_rank), "float32", p.trains),
        Weight("lora_kernel_b", (p.lora_rank, kernel[-1]), "float32", p.trains),
    ]


def _transposed(rank: int):
    def rule(p: Args, x: Spec) -> Result:
        """(batch, *sizes, channels) -> (batch, *wider sizes, filters)."""
        window = _Window(p, x, rank)
        window.strides_or_dilation()
        more = axes(p.output_padding, rank)
        for extra, stride in zip(more, window.strides, strict=True):
            if extra is not None and extra >= stride:
                raise Refused(
                    f"has an output_padding of {extra}, which must be smaller than the stride "
                    f"({stride}) of its axis",
                    "Make output_padding smaller, or leave it out.",
                )
        reaches = [(k - 1) * gap + 1 for k, gap in zip(window.kernel, window.dilation, strict=True)]
        out = tuple(
            widened(size, reach, stride, p.padding, extra)
            for size, reach, stride, extra in zip(
                window.sizes, reaches, window.strides, more, strict=True
            )
        )
        bias, after = _finish(p, p.filters)
        kernel = p.weight("kernel", (*window.kernel, p.filters, window.channels))
        # Each value that comes in is multiplied into a whole window of those that go out.
        spread = _times(product(window.sizes), 2 * window.taps * window.channels * p.filters)
        rest = _times(product(out), after * p.filters)
        flops = None if spread is None or rest is None else spread + rest
        return p.result(placed(p, x, out, p.filters), [kernel, *bias], flops)

    return rule


def _depthwise(rank: int):
    def rule(p: Args, x: Spec) -> Result:
        """(batch, *sizes, channels) -> (batch, *places, channels * depth_multiplier)."""
        window = _Window(p, x, rank)
        out = window.places(p.padding)
        filters = window.channels * p.depth_multiplier
        bias, after = _finish(p, filters)
        kernel = p.weight("kernel", (*window.kernel, window.channels, p.depth_multiplier))
        flops = _times(product(out), filters * (2 * window.taps + after))
        return p.result(placed(p, x, out, filters), [kernel, *bias], flops)

    return rule


def _separable(rank: int):
    def rule(p: Args, x: Spec) -> Result:
        """(batch, *sizes, channels) -> (batch, *places, filters), each channel on its own first."""
        window = _Window(p, x, rank)
        out = window.places(p.padding)
        between = window.channels * p.depth_multiplier
        bias, after = _finish(p, p.filters)
        weights = [
            p.weight("depthwise_kernel", (*window.kernel, window.channels, p.depth_multiplier)),
            p.weight("pointwise_kernel", (*(1,) * rank, between, p.filters)),
            *bias,
        ]
        each = 2 * window.taps * between + p.filters * (2 * between + after)
        return p.result(placed(p, x, out, p.filters), weights, _times(product(out), each))

    return rule


def _describe(
    name: str, rank: int, rule, shown: str = "filters", kernels: str = "kernel", **types
) -> None:
    """One convolution, with the types of the parameters that all of them have.

    `kernels` are what the parameters of its kernels begin with.
    """
    common = {
        **{f"{each}_initializer": _Initializer() for each in (*kernels.split(), "bias")},
        "kernel_size": Ints(rank),
        "strides": Ints(rank),
        "dilation_rate": Ints(rank),
        "padding": Choice(("valid", "same")),
        "data_format": CHANNELS,
    }
    describe(
        f"keras.layers.{name}",
        family="convolution",
        shown=f"{shown} kernel_size strides",
        **common | types,
    )(rule)


for _rank in (1, 2, 3):
    _causal = {"padding": Choice(("valid", "same", "causal"))} if _rank == 1 else {}
    _describe(
        f"Conv{_rank}D",
        _rank,
        _convolution(_rank),
        filters=Int(1),
        groups=Int(1),
        lora_rank=Int(0),
        lora_alpha=Float(),
        **_causal,
    )
    _describe(
        f"Conv{_rank}DTranspose",
        _rank,
        _transposed(_rank),
        filters=Int(1),
        output_padding=Ints(_rank, min=0),
    )
for _rank in (1, 2):
    _describe(
        f"DepthwiseConv{_rank}D",
        _rank,
        _depthwise(_rank),
        shown="depth_multiplier",
        kernels="depthwise",
        depth_multiplier=Int(1),
    )
    _describe(
        f"SeparableConv{_rank}D",
        _rank,
        _separable(_rank),
        kernels="depthwise pointwise",
        filters=Int(1),
        depth_multiplier=Int(1),
    )
