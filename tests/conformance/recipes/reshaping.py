"""Layers that arrange anew, cut off, put around, repeat."""

from __future__ import annotations

from math import prod
from typing import Any

from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe
from tests.conformance.recipes.windows import data_format, image, is_first, layer

Drawn = tuple[dict[str, Any], dict[str, Any]]
_DTYPES = ("float16", "bfloat16", "float64", "int32", "uint8", "bool", "string")


def _rank(path: str) -> int:
    return int(path[-2])


def _any(draw: Draw, rank: int, unknown: float = 0.15) -> Spec:
    """A tensor of any dtype; now and then with an axis of 0."""
    shape = draw.shape(rank, 1, 6, unknown)
    if len(shape) > 1 and draw.odd():
        shape = (*shape[:-1], 0)
    return Spec(shape, draw.dtype(_DTYPES))


@recipe("keras.layers.Flatten")
def flatten(draw: Draw, path: str) -> Drawn:
    params = draw.params(path, ["data_format"], 0.4)
    return params | layer(draw, path), {"inputs": _any(draw, draw.size(1, 5), 0.2)}


@recipe("keras.layers.Reshape")
def reshape(draw: Draw, path: str) -> Drawn:
    x = _any(draw, draw.size(1, 4), 0.1)
    sizes = [2 if size is None else size for size in x.shape[1:]]
    target: list[Any] = [*sizes] if draw.chance(0.4) else _parted(draw, prod(sizes))
    draw.random.shuffle(target)
    for _ in range(draw.one([0, 0, 1, 1, 2]) if draw.chance(0.9) else 3):
        if target:
            target[draw.one(range(len(target)))] = draw.one([-1, -1, -1, None, 0, 3])
    if draw.odd():
        target = draw.one([[], [-2, 1], [-1], [0], [0, -1], [1, 1, 1]])
    return {"target_shape": target} | layer(draw, path), {"inputs": x}


def _parted(draw: Draw, count: int) -> list[Any]:
    """Sizes whose product is this."""
    if not count:
        return [0, draw.size(1, 3)]
    first = draw.one([size for size in range(1, count + 1) if count % size == 0])
    return [first, count // first, *[1] * draw.one([0, 0, 1])]


@recipe("keras.layers.Permute")
def permute(draw: Draw, path: str) -> Drawn:
    rank = draw.size(1, 5)
    dims = list(range(1, rank))
    draw.random.shuffle(dims)
    if draw.odd():
        dims = draw.one([[], [0, 1], [1, 1], [2, 3], [-1, 1], [1, 3, 2, 2]])
    return {"dims": dims} | layer(draw, path), {"inputs": _any(draw, rank)}


@recipe("keras.layers.RepeatVector")
def repeat_vector(draw: Draw, path: str) -> Drawn:
    params = {"n": draw.one([0, -2, 2.5, "3", [2]]) if draw.odd() else draw.size(1, 5)}
    return params | layer(draw, path), {"inputs": _any(draw, 2)}


def _margins(draw: Draw, rank: int, high: int) -> Any:
    """One number, a number for each axis, a pair for each, or a mixture; some of them wrong."""
    if rank == 1:
        return draw.ints(2, 0, high)
    if draw.odd():
        return draw.one([-1, [1], [], [[1, 2, 3]] * rank, [-1] * rank, "1", [[1]] * rank, 1.5])
    if draw.chance(0.3):
        return draw.size(0, high)
    return [
        draw.size(0, high) if draw.chance(0.4) else [draw.size(0, high), draw.size(0, high)]
        for _ in range(rank)
    ]


@recipe(*(f"keras.layers.Cropping{rank}D" for rank in (1, 2, 3)))
def cropping(draw: Draw, path: str) -> Drawn:
    rank = _rank(path)
    params = draw.some({"cropping": lambda: _margins(draw, rank, 2)}, 0.8)
    if rank > 1:
        params |= data_format(draw, path)
    params |= layer(draw, path)
    return params, {"inputs": image(draw, rank, is_first(params))}


@recipe(*(f"keras.layers.ZeroPadding{rank}D" for rank in (1, 2, 3)))
def zero_padding(draw: Draw, path: str) -> Drawn:
    rank = _rank(path)
    params = draw.some({"padding": lambda: _margins(draw, rank, 4)}, 0.8)
    if rank > 1 and draw.chance(0.1):
        params["padding"] = draw.one([-1, -2, -3, -5])
    params |= data_format(draw, path) | layer(draw, path)
    return params, {"inputs": image(draw, rank, is_first(params))}


@recipe(*(f"keras.layers.UpSampling{rank}D" for rank in (1, 2, 3)))
def up_sampling(draw: Draw, path: str) -> Drawn:
    rank = _rank(path)
    if rank == 1:
        params = {"size": draw.one([0, -1, [2], 1.5]) if draw.odd() else draw.size(1, 4)}
    else:
        params = draw.some({"size": lambda: draw.ints(rank, 1, 3)}, 0.8) | data_format(draw, path)
    if rank == 2 and draw.chance(0.5):
        # Keras takes any text here until it computes; the catalogue takes those that it can.
        kinds = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
        params["interpolation"] = draw.one(kinds)
    params |= layer(draw, path)
    return params, {"inputs": image(draw, rank, is_first(params))}
