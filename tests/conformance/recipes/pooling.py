"""Poolings by a window, over whole axes, and to a given size."""

from __future__ import annotations

from itertools import product
from typing import Any

from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe
from tests.conformance.recipes.windows import data_format, image, is_first, layer

Drawn = tuple[dict[str, Any], dict[str, Any]]
KINDS = list(product(("Max", "Average"), (1, 2, 3)))


def _rank(path: str) -> int:
    return int(path[-2])


@recipe(*(f"keras.layers.{kind}Pooling{rank}D" for kind, rank in KINDS))
def pooling(draw: Draw, path: str) -> Drawn:
    rank = _rank(path)
    params = draw.some({"strides": lambda: draw.one([None, draw.ints(rank, 1, 3)])}, 0.5)
    if "Average" in path or draw.chance(0.8):  # only the largest value has a window by default
        params["pool_size"] = draw.ints(rank, 1, 4)
    params |= draw.params(path, ["padding"], 0.5) | data_format(draw, path) | layer(draw, path)
    return params, {"inputs": image(draw, rank, is_first(params))}


@recipe(*(f"keras.layers.Global{kind}Pooling{rank}D" for kind, rank in KINDS))
def global_pooling(draw: Draw, path: str) -> Drawn:
    params = draw.params(path, ["keepdims"], 0.5) | data_format(draw, path) | layer(draw, path)
    inputs = {"inputs": image(draw, _rank(path), is_first(params))}
    if path.endswith("GlobalAveragePooling1D") and draw.chance(0.3):
        inputs["mask"] = Spec(inputs["inputs"].shape[:2], draw.one(["bool", "float32"]))
    return params, inputs


@recipe(*(f"keras.layers.Adaptive{kind}Pooling{rank}D" for kind, rank in KINDS))
def adaptive_pooling(draw: Draw, path: str) -> Drawn:
    rank = _rank(path)
    params = {"output_size": draw.ints(rank, 1, 6)} | data_format(draw, path) | layer(draw, path)
    return params, {"inputs": image(draw, rank, is_first(params))}
