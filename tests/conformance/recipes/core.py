"""Dense, Embedding, Activation, ReLU, Dropout, Flatten, Reshape."""

from __future__ import annotations

from typing import Any

from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe

_WEIGHTED = (
    "use_bias",
    "kernel_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "trainable",
)


@recipe("keras.layers.Dense")
def dense(draw: Draw, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    params = {"units": draw.one([1, 3, 8]) if not draw.odd() else draw.one([0, -1, "3", 2.5])}
    params |= draw.some({"activation": draw.activation, "lora_rank": 2}, 0.3)
    params |= draw.params(path, _WEIGHTED, 0.25)
    rank = draw.one([2, 2, 3, 4])
    return params, {"inputs": Spec(draw.shape(rank), draw.dtype())}


@recipe("keras.layers.Flatten")
def flatten(draw: Draw, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    params = draw.params(path, ["data_format"], 0.4)
    return params, {"inputs": Spec(draw.shape(draw.size(1, 5)), draw.dtype())}
