"""The arithmetic that convolutions and poolings share: a window moved over some axes.

Sizes follow TensorFlow: with padding "valid" floor((size - window) / stride) + 1,
with "same" ceil(size / stride), the window widened by its dilation.
"""

from __future__ import annotations

from collections.abc import Sequence

from studio.graph.catalogue.types import Choice
from studio.graph.rule import Args
from studio.graph.spec import Refused, Spec

CHANNELS = Choice(("channels_last", "channels_first"))


def channels_first(p: Args) -> bool:
    """Whether the channels stand before the other axes; never where the op has no such choice."""
    return getattr(p, "data_format", None) == "channels_first"


def spatial(p: Args, x: Spec, rank: int) -> tuple[tuple[int | None, ...], int | None]:
    """The sizes of the axes that the window moves over, and the number of channels."""
    first = channels_first(p)
    if x.rank != rank + 2:
        axis = {1: "steps", 2: "height, width", 3: "depth, height, width"}[rank]
        order = f"channels, {axis}" if first else f"{axis}, channels"
        raise Refused(
            f"expects {rank + 2} axes (batch, {order})",
            "Put keras.layers.Reshape before it, or give the Input another shape.",
        )
    return (x.shape[2:], x.shape[1]) if first else (x.shape[1:-1], x.shape[-1])


def placed(p: Args, x: Spec, sizes: Sequence[int | None], channels: int | None) -> Spec:
    """The output for an input: (batch, *sizes, channels), or with the channels first.

    Its dtype is that which the layer computes in, whatever came in: so Keras says it.
    """
    batch = x.shape[0]
    shape = (batch, channels, *sizes) if channels_first(p) else (batch, *sizes, channels)
    return Spec(shape, p.compute_dtype)


def window_sizes(
    sizes: Sequence[int | None],
    window: Sequence[int],
    strides: Sequence[int],
    padding: str,
    dilation: Sequence[int] | None = None,
) -> tuple[int | None, ...]:
    """How many places a window has on each axis."""
    found = []
    for size, width, stride, gap in zip(
        sizes, window, strides, dilation or [1] * len(window), strict=True
    ):
        if size is None:
            found.append(None)
        elif padding != "valid":
            found.append(-(-size // stride))
        else:
            reach = (width - 1) * gap + 1
            if size < reach:
                raise Refused(
                    f"moves a window of {reach} over an axis of {size}, so nothing would be left",
                    'Make the window smaller, or set padding to "same".',
                )
            found.append((size - reach) // stride + 1)
    return tuple(found)


def widened(
    size: int | None, reach: int, stride: int, padding: str, extra: int | None
) -> int | None:
    """The size of an axis after a transposed convolution whose window reaches over `reach`."""
    if size is None:
        return None
    if padding == "valid":
        found = (size - 1) * stride + (max(reach, stride) if extra is None else reach + extra)
    else:
        found = size * stride if extra is None else (size - 1) * stride + reach % 2 + extra
    if found < 0:
        raise Refused(f"spreads an axis of {size}, so less than nothing would be left")
    return found
