"""What the recipes of convolution, pooling and reshaping share: images of a rank, and policies."""

from __future__ import annotations

from typing import Any

from studio.graph.spec import Spec
from tests.conformance.draw import Draw

POLICIES = ("float16", "bfloat16", "float32", "mixed_float16", "mixed_bfloat16")


def image(draw: Draw, rank: int, first: bool, channels: tuple = (1, 2, 3, 4, 6)) -> Spec:
    """A batch of something with `rank` axes and channels; now and then with axes of 0."""
    dtype = draw.dtype(("float16", "bfloat16", "float64", "int32", "uint8", "bool"))
    if draw.odd():
        return Spec(draw.shape(rank + 2), dtype)
    sizes = [draw.axis(3, 11, 0.15) for _ in range(rank)]
    count = None if draw.odd() else draw.one(channels)
    if draw.odd():
        sizes[draw.one(range(rank))] = 0
    if draw.chance(0.02):
        count = 0
    shape = (count, *sizes) if first else (*sizes, count)
    return Spec((draw.batch(), *shape), dtype)


def data_format(draw: Draw, path: str) -> dict[str, Any]:
    """The order of the axes, in a part of the draws."""
    return draw.params(path, ["data_format"], 0.35)


def is_first(params: dict[str, Any]) -> bool:
    """Whether the channels stand first in the input that these parameters want."""
    return params.get("data_format") == "channels_first"


def layer(draw: Draw, path: str) -> dict[str, Any]:
    """What every layer may be given."""
    return draw.some({"dtype": draw.one(POLICIES)}, 0.2) | draw.params(
        path, ["trainable", "autocast", "activity_regularizer"], 0.08
    )
