"""ConvLSTM1D, ConvLSTM2D, ConvLSTM3D."""

from __future__ import annotations

from typing import Any

from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe
from tests.conformance.recipes.recurrent import POLICIES, beside, over_time

_WEIGHTED = (
    "use_bias",
    "unit_forget_bias",
    "kernel_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "recurrent_regularizer",
    "recurrent_constraint",
    "dropout",
    "recurrent_dropout",
    "seed",
    "trainable",
    "data_format",
    "padding",
)


def params_of(draw: Draw, path: str, rank: int) -> dict[str, Any]:
    params = {"filters": draw.one([-1, 0, "3"]) if draw.odd() else draw.size(1, 4)}
    params["kernel_size"] = draw.ints(rank, 1, 3)
    params |= draw.params(path, _WEIGHTED, 0.2)
    params |= draw.some({"strides": lambda: draw.ints(rank, 1, 2)}, 0.3)
    params |= draw.some({"dilation_rate": lambda: draw.ints(rank, 1, 2)}, 0.2)
    params |= draw.some(dict.fromkeys(("activation", "recurrent_activation"), draw.activation), 0.1)
    return params | draw.some({"dtype": lambda: draw.one(POLICIES)}, 0.2)


@recipe(*(f"keras.layers.ConvLSTM{rank}D" for rank in (1, 2, 3)))
def convlstm(draw: Draw, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    rank = int(path[-2])
    params = params_of(draw, path, rank) | over_time(draw, path)
    shape = draw.shape(rank + 3, low=2, unknown=0.04)
    if params.get("stateful") and draw.chance(0.8):
        shape = (2, *shape[1:])
    if draw.chance(0.3):
        shape = (*shape[:1], None, *shape[2:])
    states = [Spec((shape[0], *shape[2:]))] * 2
    return params, {"sequence": Spec(shape, draw.dtype())} | beside(draw, states)
