"""LSTM, GRU, SimpleRNN, their cells, StackedRNNCells, RNN."""

from __future__ import annotations

from typing import Any

from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe

POLICIES = ("mixed_float16", "float16", "bfloat16", "mixed_bfloat16", "float64")
KINDS = {"LSTM": 2, "GRU": 1, "SimpleRNN": 1}
"""How many states each has."""

_WEIGHTED = (
    "use_bias",
    "kernel_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "recurrent_regularizer",
    "bias_regularizer",
    "kernel_constraint",
    "recurrent_constraint",
    "bias_constraint",
    "dropout",
    "recurrent_dropout",
    "seed",
    "trainable",
)
_EXTRA = {"LSTM": ("unit_forget_bias",), "GRU": ("reset_after",), "SimpleRNN": ()}
OVER_TIME = (
    "return_sequences",
    "return_state",
    "go_backwards",
    "unroll",
    "zero_output_for_mask",
)
Drawn = tuple[dict[str, Any], dict[str, Any]]


def units(draw: Draw) -> Any:
    return draw.one([0, -1, "3", 2.5]) if draw.odd() else draw.one([1, 2, 3, 5])


def cell_params(draw: Draw, kind: str, path: str) -> dict[str, Any]:
    """What a layer and its cell have in common."""
    params = {"units": units(draw)}
    activations = ["activation"] + (["recurrent_activation"] if kind != "SimpleRNN" else [])
    params |= draw.some(dict.fromkeys(activations, draw.activation), 0.2)
    params |= draw.params(path, (*_WEIGHTED, *_EXTRA[kind]), 0.15)
    params |= draw.some({"dtype": lambda: draw.one(POLICIES)}, 0.2)
    orthogonal = {"op": "keras.initializers.Orthogonal"}
    values = [orthogonal, "orthogonal", "zeros", "glorot_uniform"]
    return params | draw.some({"recurrent_initializer": lambda: draw.one(values)}, 0.2)


def over_time(draw: Draw, path: str) -> dict[str, Any]:
    """How a layer goes through its sequence."""
    return draw.params(path, OVER_TIME, 0.3) | draw.some({"stateful": True}, 0.15)


def beside(draw: Draw, states: list[Spec]) -> dict[str, Any]:
    """The inputs beside the sequence."""
    inputs: dict[str, Any] = {}
    if states and draw.chance(0.3):
        inputs["initial_state"] = states
    if draw.chance(0.2):
        inputs["mask"] = Spec((draw.batch(), draw.axis()), draw.one(["bool", "bool", "float32"]))
    return inputs


def _state(draw: Draw, batch: int | None, size: Any, odd: bool = True) -> Spec:
    size = size if isinstance(size, int) and size > 0 else 2
    if odd and draw.odd():
        size += 1
    return Spec((batch, size), draw.dtype())


@recipe(*(f"keras.layers.{kind}" for kind in KINDS))
def layer(draw: Draw, path: str) -> Drawn:
    kind = path.rpartition(".")[2]
    params = cell_params(draw, kind, path) | over_time(draw, path)
    if kind != "SimpleRNN":
        params |= draw.params(path, ["use_cudnn"], 0.15)
    params |= draw.some({"autocast": False, "activity_regularizer": "l2"}, 0.1)
    shape = draw.shape(3)
    if params.get("stateful") and draw.chance(0.8):
        shape = (2, *shape[1:])
    states = [_state(draw, shape[0], params["units"]) for _ in range(KINDS[kind])]
    return params, {"sequence": Spec(shape, draw.dtype())} | beside(draw, states)


@recipe(*(f"keras.layers.{kind}Cell" for kind in KINDS))
def cell(draw: Draw, path: str) -> Drawn:
    kind = path.rpartition(".")[2].removesuffix("Cell")
    params = cell_params(draw, kind, path) | draw.some({"autocast": False}, 0.15)
    shape = draw.shape(2)
    count = KINDS[kind]
    if draw.odd():
        count += draw.one([-1, 1])
    states = [_state(draw, shape[0], params["units"]) for _ in range(count)]
    if states and draw.odd():
        states[0] = Spec((*states[0].shape[:1], None), states[0].dtype)
    if states and draw.odd():
        states[-1] = Spec((draw.batch(), *states[-1].shape[1:]), states[-1].dtype)
    inputs: dict[str, Any] = {"inputs": Spec(shape, draw.dtype())}
    return params, inputs | ({"states": states} if states else {})


def cell_call(draw: Draw, deep: int = 1) -> dict[str, Any]:
    """A cell as a value; `deep` stacks may stand in each other."""
    if draw.odd():
        return draw.one(
            [
                {"op": "keras.layers.Dense", "params": {"units": 3}},
                {"op": "keras.layers.Flatten"},
                {"op": "keras.optimizers.SGD"},
            ]
        )
    if deep and draw.chance(0.15):
        cells = [cell_call(draw, deep - 1) for _ in range(draw.size(1, 3))]
        return {"op": "keras.layers.StackedRNNCells", "params": {"cells": cells}}
    kind = draw.one(list(KINDS))
    path = f"keras.layers.{kind}Cell"
    return {"op": path, "params": cell_params(draw, kind, path)}


def any_cell(draw: Draw) -> Any:
    """A cell or a list of them."""
    if draw.chance(0.5):
        return cell_call(draw, 2)
    return [] if draw.odd() else [cell_call(draw) for _ in range(draw.size(1, 3))]


def state_units(inner: Any) -> list[Any]:
    """The size of each state of a cell, or of cells one after the other."""
    if isinstance(inner, list):
        return [size for each in inner for size in state_units(each)]
    params = inner.get("params", {})
    if "cells" in params:
        return state_units(params["cells"])
    kind = inner["op"].rpartition(".")[2].removesuffix("Cell")
    return [params.get("units")] * KINDS.get(kind, 0)


@recipe("keras.layers.StackedRNNCells")
def stacked(draw: Draw, path: str) -> Drawn:
    cells = [cell_call(draw) for _ in range(draw.size(1, 3))]
    shape = draw.shape(2)
    sizes = state_units(cells) + [2] * draw.odd()
    sizes = sizes[: -draw.odd() or None]
    states = [_state(draw, shape[0], size) for size in sizes]
    params: dict[str, Any] = {"cells": [] if draw.odd() else cells}
    params |= draw.some({"dtype": lambda: draw.one(POLICIES)}, 0.2)
    params |= draw.params(path, ["trainable"], 0.1)
    return params, {"inputs": Spec(shape, draw.dtype()), "states": states}


@recipe("keras.layers.RNN")
def rnn(draw: Draw, path: str) -> Drawn:
    inner = any_cell(draw)
    params = {"cell": inner} | over_time(draw, path)
    params |= draw.some({"dtype": lambda: draw.one(POLICIES), "trainable": False}, 0.2)
    shape = draw.shape(3)
    if params.get("stateful") and draw.chance(0.8):
        shape = (2, *shape[1:])
    states = [_state(draw, shape[0], size) for size in state_units(inner)]
    return params, {"sequence": Spec(shape, draw.dtype())} | beside(draw, states)
