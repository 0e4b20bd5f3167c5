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


def spatial(p: Args, x: Spec, rank: int) -> tuple[tuple[int | None, ...], int | None]:
    """The sizes of the axes that the window moves over, and the number of channels."""
    if x.rank != rank + 2:
        axis = {1: "steps", 2: "height, width", 3: "depth, height, width"}[rank]
        order = f"channels, {axis}" if p.data_format == "channels_first" else f"{axis}, channels"
        raise Refused(
            f"expects {rank + 2} axes (batch, {order})",
            "Put keras.layers.Reshape before it, or give the Input another shape.",
        )
    if p.data_format == "channels_first":
        return x.shape[2:], x.shape[1]
    return x.shape[1:-1], x.shape[-1]


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
            continue
        reach = (width - 1) * gap + 1
        places = -(-size // stride) if padding != "valid" else (size - reach) // stride + 1
        if places < 1:
            raise Refused(
                f"moves a window of {reach} over an axis of {size}, so nothing would be left",
                'Make the window smaller, or set padding to "same".',
            )
        found.append(places)
    return tuple(found)
