"""Convolutions: plain, transposed, depthwise, separable, over one to three axes."""

from __future__ import annotations

from typing import Any

from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe
from tests.conformance.recipes.windows import data_format, image, is_first, layer

Drawn = tuple[dict[str, Any], dict[str, Any]]


def _rank(path: str) -> int:
    return next(rank for rank in (1, 2, 3) if f"{rank}D" in path)


def _window(draw: Draw, path: str) -> dict[str, Any]:
    """The window, how it moves, and what each of these layers has."""
    rank = _rank(path)
    params: dict[str, Any] = {"kernel_size": draw.ints(rank, 1, 3)}
    moves = {
        "strides": lambda: draw.ints(rank, 1, 3),
        "dilation_rate": lambda: draw.ints(rank, 1, 2),
    }
    if draw.chance(0.15):
        params |= draw.some(moves, 0.8)
    elif draw.chance(0.7):
        name = draw.one(list(moves))
        params[name] = moves[name]()
    params |= draw.params(path, ["padding"], 0.5) | data_format(draw, path)
    params |= draw.params(path, ["use_bias", "bias_initializer", "bias_regularizer"], 0.2)
    params |= draw.params(path, ["bias_constraint"], 0.1)
    params |= draw.some({"activation": draw.activation}, 0.25)
    return params | layer(draw, path)


def _kernel(draw: Draw, path: str, *prefixes: str) -> dict[str, Any]:
    """How the kernels begin and what holds them."""
    names = (f"{prefix}_{end}" for prefix in prefixes for end in ("initializer", "regularizer"))
    params = draw.params(path, names, 0.15)
    params |= draw.params(path, (f"{prefix}_constraint" for prefix in prefixes), 0.12)
    first = [f"{prefix}_initializer" for prefix in (*prefixes, "bias")]
    return params | draw.some({draw.one(first): draw.one([None, "no_such_initializer"])}, 0.05)


def _filters(draw: Draw) -> Any:
    return draw.one([0, -1, "3", 2.5, None]) if draw.odd() else draw.one([1, 2, 3, 4, 6])


@recipe(*(f"keras.layers.Conv{rank}D" for rank in (1, 2, 3)))
def convolution(draw: Draw, path: str) -> Drawn:
    params = {"filters": _filters(draw)} | _window(draw, path)
    params |= _kernel(draw, path, "kernel")
    if draw.chance(0.3):
        params["groups"] = draw.one([0, -1, 5]) if draw.odd() else draw.one([1, 2, 2, 3])
    if draw.chance(0.25):
        params["lora_rank"] = draw.one([0, -1, 2.5]) if draw.odd() else draw.one([1, 2, 4])
        params |= draw.some({"lora_alpha": draw.one([1, 8, 0.5])}, 0.4)
    even = (2, 4, 6, 6) if params.get("groups") else (1, 2, 3, 4, 6)
    return params, {"inputs": image(draw, _rank(path), is_first(params), even)}


@recipe(*(f"keras.layers.Conv{rank}DTranspose" for rank in (1, 2, 3)))
def transposed(draw: Draw, path: str) -> Drawn:
    rank = _rank(path)
    params = {"filters": _filters(draw)} | _window(draw, path)
    params |= _kernel(draw, path, "kernel")
    if draw.chance(0.4):
        params["output_padding"] = draw.ints(rank, 0, 1 if draw.chance(0.8) else 3)
        if draw.chance(0.8):  # without strides only 0 goes
            params["strides"] = draw.ints(rank, 2, 3)
            params.pop("dilation_rate", None)
    return params, {"inputs": image(draw, rank, is_first(params))}


@recipe(*(f"keras.layers.DepthwiseConv{rank}D" for rank in (1, 2)))
def depthwise(draw: Draw, path: str) -> Drawn:
    params = _window(draw, path) | draw.params(path, ["depth_multiplier"], 0.4)
    params |= _kernel(draw, path, "depthwise")
    return params, {"inputs": image(draw, _rank(path), is_first(params))}


@recipe(*(f"keras.layers.SeparableConv{rank}D" for rank in (1, 2)))
def separable(draw: Draw, path: str) -> Drawn:
    params = {"filters": _filters(draw)} | _window(draw, path)
    params |= draw.params(path, ["depth_multiplier"], 0.4)
    params |= _kernel(draw, path, "depthwise", "pointwise")
    return params, {"inputs": image(draw, _rank(path), is_first(params))}
