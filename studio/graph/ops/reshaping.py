"""Layers that only arrange anew what is there, cut some of it off, or put more around it."""

from __future__ import annotations

import math
from typing import Any

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Choice, Either, Int, Ints, ListOf, Shape, Type
from studio.graph.ops.windows import CHANNELS, placed, spatial
from studio.graph.rule import Args, axes
from studio.graph.spec import Refused, Result, Spec, product, shape_text


@describe("keras.layers.Flatten", family="reshaping", data_format=CHANNELS)
def flatten(p: Args, x: Spec) -> Result:
    """All axes but the batch in one: (batch, ...) -> (batch, product)."""
    _has_batch(x)
    return p.result(x.with_shape((x.shape[0], product(x.shape[1:]))))


@describe(
    "keras.layers.Reshape",
    family="reshaping",
    shown="target_shape",
    target_shape=Shape(min=-1),
)
def reshape(p: Args, x: Spec) -> Result:
    """Another shape with as many elements: (batch, ...) -> (batch, *target_shape).

    -1 is the axis that takes what is left, null one that is known later.
    """
    _has_batch(x)
    target, count = tuple(p.target_shape), product(x.shape[1:])
    if target.count(-1) > 1:
        raise Refused(
            "can work out one size itself (-1), not several", "Write the other sizes as numbers."
        )
    if count is None or None in target:
        sizes = tuple(None if size == -1 else size for size in target)
        return p.result(x.with_shape((x.shape[0], *sizes)))
    fixed = math.prod(size for size in target if size != -1)
    # Where there is a 0 beside it, any size at all would do for the -1: Keras takes none.
    fits = fixed and count % fixed == 0 if -1 in target else count == fixed
    if not fits:
        raise Refused(
            f"can't make {shape_text(target)} of {count} elements (the target has {fixed})",
            "Give a target_shape with as many elements, or -1 for one of its axes.",
        )
    sizes = tuple(count // fixed if size == -1 else size for size in target)
    return p.result(x.with_shape((x.shape[0], *sizes)))


@describe("keras.layers.Permute", family="reshaping", shown="dims", dims=ListOf(Int(1)))
def permute(p: Args, x: Spec) -> Result:
    """The axes in another order, counted from 1 behind the batch."""
    count = len(p.dims)
    if sorted(p.dims) != list(range(1, count + 1)):
        raise Refused(
            f"needs each axis from 1 to {count} once in dims, not {list(p.dims)}",
            "The batch axis isn't counted: [2, 1] swaps the two axes after it.",
        )
    if x.rank != count + 1:
        raise Refused(
            f"orders {count} axes, so its input needs {count + 1} with the batch",
            "Name each axis of the input but the batch once in dims.",
        )
    return p.result(x.with_shape((x.shape[0], *(x.shape[dim] for dim in p.dims))))


@describe("keras.layers.RepeatVector", family="reshaping", shown="n", n=Int(1))
def repeat_vector(p: Args, x: Spec) -> Result:
    """The same vector several times: (batch, features) -> (batch, n, features)."""
    if x.rank != 2:
        raise Refused("expects 2 axes (batch, features)", "Put keras.layers.Flatten before it.")
    return p.result(Spec((x.shape[0], p.n, x.shape[1]), p.compute_dtype))


def _has_batch(x: Spec) -> None:
    """Refuses a single number."""
    if not x.rank:
        raise Refused("expects at least a batch axis")


def _cropping(rank: int):
    def rule(p: Args, x: Spec) -> Result:
        """(batch, *sizes, channels) -> (batch, *smaller sizes, channels)."""
        sizes, channels = spatial(p, x, rank)
        margins = _margins("cropping", p.cropping, rank)
        out = [
            None if size is None else size - cut for size, cut in zip(sizes, margins, strict=True)
        ]
        for size, cut, left in zip(sizes, margins, out, strict=True):
            if left is not None and left < 1:
                raise Refused(
                    f"cuts {cut} off an axis of {size}, so nothing would be left",
                    "Make cropping smaller.",
                )
        return p.result(placed(p, x, out, channels))

    return rule


def _zero_padding(rank: int):
    def rule(p: Args, x: Spec) -> Result:
        """(batch, *sizes, channels) -> (batch, *larger sizes, channels)."""
        sizes, channels = spatial(p, x, rank)
        margins = _margins("padding", p.padding, rank)
        out = [
            None if size is None else size + add for size, add in zip(sizes, margins, strict=True)
        ]
        if any(size is not None and size < 0 for size in out):
            raise Refused(
                f"has a padding of {p.padding}, which takes away more than there is",
                "Give a padding of at least 0.",
            )
        return p.result(placed(p, x, out, channels))

    return rule


def _margins(name: str, value: Any, rank: int) -> list[int]:
    """What a margin comes to on each axis, on both of its sides together.

    One number is for all sides; a list holds for each axis a number for both sides or a pair,
    and where there is one axis only, its pair.
    """
    if rank == 1:
        return [sum(axes(value, 2))]
    sides = axes(value, rank)
    if len(sides) != rank:
        raise Refused(
            f"needs {rank} entries in {name}, one for each axis, not {len(sides)}",
            f"Give a number, {rank} numbers or {rank} pairs.",
        )
    return [sum(axes(side, 2)) for side in sides]


def _margin_type(rank: int, least: int | None) -> Type:
    """One number for all sides (of at least `least`), or for each axis a number or a pair."""
    return Ints(2, min=0) if rank == 1 else Either((Int(least), ListOf(Ints(2, min=0))))


# How many values around a place each interpolation weighs in two dimensions.
_TAPS = {"bilinear": 4, "bicubic": 16, "lanczos3": 36, "lanczos5": 100}


def _up_sampling(rank: int):
    def rule(p: Args, x: Spec) -> Result:
        """(batch, *sizes, channels) -> (batch, *size times as large, channels)."""
        sizes, channels = spatial(p, x, rank)
        factors = axes(p.size, rank)
        out = [None if n is None else n * times for n, times in zip(sizes, factors, strict=True)]
        taps = _TAPS.get(getattr(p, "interpolation", "nearest"), 0)
        count = product((*out, channels)) if taps else 0
        flops = None if count is None else 2 * taps * count
        return p.result(placed(p, x, out, channels), (), flops)

    return rule


for _rank in (1, 2, 3):
    # Keras gives only these of one axis no choice of data_format.
    _order = {"data_format": CHANNELS}
    _no_order = _order if _rank > 1 else {}
    describe(
        f"keras.layers.Cropping{_rank}D",
        family="reshaping",
        shown="cropping",
        cropping=_margin_type(_rank, 0),
        **_no_order,
    )(_cropping(_rank))
    describe(
        f"keras.layers.ZeroPadding{_rank}D",
        family="reshaping",
        shown="padding",
        # Keras takes one negative number for all sides, though not a negative one in a list.
        padding=_margin_type(_rank, None),
        **_order,
    )(_zero_padding(_rank))
    _size = {"size": Ints(_rank) if _rank > 1 else Int(1)}
    if _rank == 2:
        _size["interpolation"] = Choice(("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"))
    describe(
        f"keras.layers.UpSampling{_rank}D",
        family="reshaping",
        shown="size interpolation" if _rank == 2 else "size",
        **_size,
        **_no_order,
    )(_up_sampling(_rank))
