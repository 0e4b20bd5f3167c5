"""Activations that are layers of their own."""

from __future__ import annotations

from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe
from tests.conformance.recipes.core import Drawn, common, tensor

_OPTIONAL = {
    "ReLU": ["max_value", "negative_slope", "threshold"],
    "LeakyReLU": ["negative_slope"],
    "ELU": ["alpha"],
    "PReLU": ["alpha_initializer", "alpha_regularizer", "alpha_constraint", "shared_axes"],
}


@recipe("keras.layers.Activation")
def activation(draw: Draw, path: str) -> Drawn:
    return {"activation": draw.activation()} | common(draw), {"inputs": tensor(draw, 1)}


@recipe(*(f"keras.layers.{name}" for name in _OPTIONAL))
def rectifier(draw: Draw, path: str) -> Drawn:
    params = draw.params(path, _OPTIONAL[path.rpartition(".")[2]]) | common(draw)
    return params, {"inputs": tensor(draw, 1, unknown=0.05)}


@recipe("keras.layers.Softmax")
def softmax(draw: Draw, path: str) -> Drawn:
    inputs = {"inputs": tensor(draw, 1)}
    if draw.chance(0.4):
        shape = inputs["inputs"].shape if draw.chance(0.6) else draw.shape(draw.size(1, 4))
        inputs["mask"] = Spec(shape, draw.one(["bool", "float32"]))
    return draw.params(path, ["axis"]) | common(draw), inputs
