"""keras.ops for networks: convolutions and poolings with the window's values fed in."""

from __future__ import annotations

from collections.abc import Sequence

from studio.graph.catalogue.types import Choice, Either, Int, Ints, ListOf, Shape, or_null
from studio.graph.ops.ops_axes import FORMAT, at_least, listed, of_rank, one_length, tensor
from studio.graph.ops.ops_common import count, function
from studio.graph.ops.windows import channels_first, widened, window_sizes
from studio.graph.rule import Args, axes
from studio.graph.spec import Refused, Result, Spec, product


def _each(low: int) -> Either:
    """A number for every axis, or a list of any length: Keras repeats it as NumPy does."""
    return Either((Int(low), ListOf(Int(low))))


_EACH = _each(1)
_WINDOW = {"padding": Choice(("valid", "same")), "data_format": FORMAT}
_CONV = _WINDOW | {"strides": _EACH, "dilation_rate": _EACH}
Sizes = tuple[int | None, ...]


def opened(p: Args, x: Spec) -> tuple[Sizes, int | None]:
    """The sizes of the axes that a window moves over, and the number of channels."""
    at_least(x, 2 if channels_first(p) else 1)
    if channels_first(p):
        return x.shape[2:], x.shape[1]
    return x.shape[1:-1], x.shape[-1]


def closed(p: Args, x: Spec, sizes: Sequence[int | None], channels: int | None) -> Spec:
    """A tensor like x with other sizes and channels."""
    shape = (channels, *sizes) if channels_first(p) else (*sizes, channels)
    return tensor((x.shape[0], *shape), x.dtype)


def _by_axis(p: Args, sizes: Sizes, **others: int | Sequence[int]) -> list[list[int | None]]:
    """The sizes that a window moves over, and its numbers, each in a list for every axis."""
    found = one_length(sizes, **others)
    if p.padding == "valid" and -1 in found[0]:
        raise Refused(
            f"has numbers for {len(found[0])} axes, but its input has one, of unknown size",
            "Give one number for it.",
        )
    return found


def convolved(p: Args, sizes: Sizes, kernel: Sizes, strides: int | Sequence[int]) -> Sizes:
    """The places of a kernel on axes as many as it has itself."""
    if len(kernel) != len(sizes):
        raise Refused(
            f"moves a kernel of {len(kernel)} axes over {len(sizes)}",
            "Give the kernel as many axes as the input: sizes, channels, filters.",
        )
    dilation = axes(p.dilation_rate, len(sizes))
    if len(dilation) != len(sizes):
        raise Refused(
            f"has a dilation_rate for {len(dilation)} axes, but its input has {len(sizes)} "
            "between the batch and the channels",
            "Give one number for each of them.",
        )
    if p.padding == "valid" and None in kernel:
        raise Refused("needs to know the kernel's size", 'Set padding to "same", or give it.')
    strides = axes(strides, len(sizes))
    if not sizes and len(strides) > 1:
        raise Refused("has strides, but its input has no axis to move over", "Leave them out.")
    if sizes:
        sizes, strides, kernel, dilation = _by_axis(
            p, sizes, strides=strides, kernel=kernel, dilation_rate=dilation
        )
    known = [size or 1 for size in kernel]
    return window_sizes(sizes, known, strides[: len(sizes)], p.padding, dilation)


def _same_channels(mine: int | None, kernels: int | None) -> None:
    if None not in (mine, kernels) and mine != kernels:
        raise Refused(
            f"has a kernel for {kernels} channels, but its input has {mine}",
            "Give the kernel as many input channels.",
        )


def _flops(sizes: Sizes, kernel: Sizes, each: int | None) -> int | None:
    """A multiplication and an addition at each place, for each value of the kernel."""
    return product((2, *sizes, *kernel, each))


@function("conv", inputs="inputs kernel", fed="inputs", shown="strides padding", **_CONV)
def conv(p: Args, inputs: Spec, kernel: Spec) -> Result:
    """(n, h, w, c) with a kernel (kh, kw, c, f) -> (n, h', w', f)."""
    at_least(inputs, 2)
    sizes, channels = opened(p, inputs)
    at_least(kernel, 2, "the kernel")
    *window, depth, filters = kernel.shape
    _same_channels(channels, depth)
    out = convolved(p, sizes, tuple(window), p.strides)
    flops = _flops(out, tuple(window), product((channels, filters)))
    return p.result(closed(p, inputs, out, filters), (), flops)


def _depthwise(p: Args, inputs: Spec, kernel: Spec) -> tuple[Sizes, int]:
    """The places of a kernel, and how many channels come out."""
    at_least(inputs, 2)
    sizes, channels = opened(p, inputs)
    at_least(kernel, 2, "the kernel")
    *window, depth, times = kernel.shape
    _same_channels(channels, depth)
    filters = product((depth, times))
    if filters is None:
        raise Refused("needs to know the last two sizes of its kernel", "Give them in the Input.")
    return convolved(p, sizes, tuple(window), p.strides), filters


@function("depthwise_conv", inputs="inputs kernel", shown="strides padding", **_CONV)
def depthwise_conv(p: Args, inputs: Spec, kernel: Spec) -> Result:
    """(n, h, w, c) with a kernel (kh, kw, c, m) -> (n, h', w', c * m)."""
    out, filters = _depthwise(p, inputs, kernel)
    flops = _flops(out, kernel.shape[:-2], filters)
    return p.result(closed(p, inputs, out, filters), (), flops)


@function(
    "separable_conv",
    inputs="inputs depthwise_kernel pointwise_kernel",
    fed="inputs",
    shown="strides padding",
    **_CONV,
)
def separable_conv(p: Args, inputs: Spec, depthwise_kernel: Spec, pointwise_kernel: Spec) -> Result:
    """A depthwise convolution, then one of size 1 over the channels."""
    out, filters = _depthwise(p, inputs, depthwise_kernel)
    at_least(pointwise_kernel, 1, "the pointwise kernel")
    last = pointwise_kernel.shape[-1]
    first = _flops(out, depthwise_kernel.shape[:-2], filters)
    second = _flops(out, (), product((filters, last)))
    flops = None if None in (first, second) else first + second
    return p.result(closed(p, inputs, out, last), (), flops)


@function(
    "conv_transpose",
    inputs="inputs kernel",
    fed="inputs",
    shown="strides padding",
    **_CONV | {"strides": _each(0), "output_padding": Either((Int(0), ListOf(or_null(Int(0)))))},
)
def conv_transpose(p: Args, inputs: Spec, kernel: Spec) -> Result:
    """(n, h, w, c) with a kernel (kh, kw, f, c) -> (n, wider h, wider w, f)."""
    sizes, channels = opened(p, inputs)
    at_least(kernel, 2, "the kernel")
    *window, filters, depth = kernel.shape
    _same_channels(channels, depth)
    columns = {
        "its kernel": window,
        "strides": axes(p.strides, len(sizes)),
        "dilation_rate": axes(p.dilation_rate, len(sizes)),
        "output_padding": axes(p.output_padding, len(window)),
    }
    if p.output_padding is None:
        columns["output_padding"] = (None,) * len(sizes)
    for name, values in columns.items():
        if len(values) < len(sizes):
            raise Refused(
                f"has numbers for {len(values)} axes in {name}, but its input has {len(sizes)} "
                "between the batch and the channels",
                "Give one number for each of them.",
            )
    out = []
    # What is too long Keras doesn't read to its end.
    for size, reach, stride, gap, more in zip(sizes, *columns.values(), strict=False):
        if size is not None and reach is None:
            raise Refused("needs to know the kernel's size", "Give it in the Input's shape.")
        wide = ((reach or 1) - 1) * gap + 1
        out.append(widened(size, wide, stride, p.padding, more))
    flops = _flops(sizes, tuple(window), product((channels, filters)))
    return p.result(closed(p, inputs, out, filters), (), flops)


@function(
    "max_pool",
    "average_pool",
    inputs="inputs",
    shown="pool_size strides padding",
    **_WINDOW,
    pool_size=_EACH,
    strides=_EACH,
)
def pool(p: Args, inputs: Spec) -> Result:
    """(n, h, w, c) -> (n, h', w', c)."""
    sizes, channels = opened(p, inputs)
    strides = p.pool_size if p.strides is None else p.strides
    used = {"strides": strides}
    if p.padding == "valid":
        used["pool_size"] = p.pool_size
    if not sizes:
        if any(len(listed(each)) > 1 for each in used.values()):
            raise Refused("has a window of several axes, but its input has none to move over")
        return p.result(closed(p, inputs, (), channels))
    sizes, strides, *window = _by_axis(p, sizes, **used)
    window = window[0] if window else [1] * len(sizes)
    out = window_sizes(sizes, window, strides, p.padding)
    area = product(axes(p.pool_size, len(sizes)))
    return p.result(closed(p, inputs, out, channels), (), product((*out, channels, area)))


@function(
    "adaptive_max_pool",
    "adaptive_average_pool",
    inputs="inputs",
    shown="output_size",
    output_size=Shape(unknown=False),
    data_format=FORMAT,
)
def adaptive_pool(p: Args, inputs: Spec) -> Result:
    """(n, c, h, w) -> (n, c, *output_size).

    With the channels last Keras says another shape than it gives: it keeps the
    axes before as many as output_size has, and puts output_size behind them.
    """
    size = tuple(p.output_size)
    if channels_first(p):
        at_least(inputs, 2)
        shape = (*inputs.shape[:2], *size)
    else:
        at_least(inputs, 1)
        shape = (*(inputs.shape[: -len(size)] if size else ()), *size, inputs.shape[-1])
    return p.result(tensor(shape, inputs.dtype), (), count(inputs.shape))


_PAIRS = {"kernel_size": Ints(2), "dilation": Ints(2), "padding": Ints(2, 0), "stride": Ints(2)}
# fold doesn't look at these before it runs.
_LOOSE = {"dilation": _EACH, "padding": _each(0), "stride": _EACH}


def _pair(value: int | Sequence[int]) -> tuple[int, int]:
    first, second = listed(value) * 2 if isinstance(value, int) else value
    return first, second


@function("unfold", inputs="x", shown="kernel_size stride padding", **_PAIRS)
def unfold(p: Args, x: Spec) -> Result:
    """(n, c, h, w) -> (n, c * kh * kw, places): the windows of an image one behind the other."""
    of_rank(x, 4)
    if None in x.shape[1:]:
        raise Refused(
            "needs to know channels, height and width, but one is unknown",
            "Give them in the Input's shape.",
        )
    windows = map(_pair, (p.kernel_size, p.dilation, p.padding, p.stride))
    columns, places = x.shape[1], 1
    for size, kernel, gap, edge, stride in zip(x.shape[2:], *windows, strict=True):
        columns *= kernel
        places *= (size + 2 * edge - gap * (kernel - 1) - 1) // stride + 1
    return p.result(tensor((x.shape[0], columns, places), x.dtype))


@function(
    "fold",
    inputs="x",
    shown="output_size kernel_size stride",
    output_size=Ints(2, 0),
    **_PAIRS | _LOOSE,
)
def fold(p: Args, x: Spec) -> Result:
    """(n, c * kh * kw, places) -> (n, c, h, w): windows added up to an image."""
    of_rank(x, 3)
    taps = product(_pair(p.kernel_size))
    columns = x.shape[1]
    if columns is not None and columns % taps:
        raise Refused(
            f"divides {columns} values by a window of {taps}, which doesn't go",
            "Choose a kernel_size that divides the second axis.",
        )
    channels = None if columns is None else columns // taps
    flops = count(x.shape)
    return p.result(tensor((x.shape[0], channels, *_pair(p.output_size)), x.dtype), (), flops)
