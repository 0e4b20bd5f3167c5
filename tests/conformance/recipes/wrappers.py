"""Bidirectional, TimeDistributed."""

from __future__ import annotations

from typing import Any

from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe
from tests.conformance.recipes.convlstm import params_of
from tests.conformance.recipes.recurrent import (
    KINDS,
    POLICIES,
    any_cell,
    beside,
    cell_params,
    over_time,
)

Call = dict[str, Any]


def _recurrent(draw: Draw, ranks: tuple[int, ...] = (3, 3, 3, 4)) -> tuple[Call, int]:
    """A recurrent layer, and how many axes its input has."""
    rank = draw.one(ranks)
    if rank == 4:
        path = "keras.layers.ConvLSTM1D"
        return {"op": path, "params": params_of(draw, path, 1) | over_time(draw, path)}, 4
    if draw.chance(0.3):
        path = "keras.layers.RNN"
        return {"op": path, "params": {"cell": any_cell(draw)} | over_time(draw, path)}, 3
    kind = draw.one(list(KINDS))
    path = f"keras.layers.{kind}"
    return {"op": path, "params": cell_params(draw, kind, path) | over_time(draw, path)}, 3


def _wrapper(draw: Draw) -> dict[str, Any]:
    values = {"dtype": lambda: draw.one(POLICIES), "trainable": lambda: draw.chance(0.5)}
    return draw.some(values, 0.2)


@recipe("keras.layers.Bidirectional")
def bidirectional(draw: Draw, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    layer, rank = _recurrent(draw)
    if draw.odd():
        layer = draw.one(
            [
                {"op": "keras.layers.Dense", "params": {"units": 3}},
                {"op": "keras.layers.LSTMCell", "params": {"units": 3}},
                {"op": "keras.layers.Bidirectional", "params": {"layer": layer}},
            ]
        )
    if draw.chance(0.9):
        layer.get("params", {}).pop("go_backwards", None)
    params = {"layer": layer} | draw.params(path, ["merge_mode"], 0.5) | _wrapper(draw)
    if draw.chance(0.25):
        backward, _ = _recurrent(draw, (rank,))
        if draw.chance(0.9):  # mostly one that fits
            same = ("stateful", "return_sequences", "return_state")
            inner = backward["params"]
            for name in same:
                inner.pop(name, None)
            inner |= {name: layer["params"][name] for name in same if name in layer["params"]}
            inner["go_backwards"] = True
        params["backward_layer"] = backward
    params |= draw.some({"weights": []}, 0.05)
    shape = draw.shape(rank, low=3, unknown=0.1)
    if layer["params"].get("stateful") and draw.chance(0.8):
        shape = (2, *shape[1:])
    states = []
    if layer["op"].rpartition(".")[2] in KINDS:
        state = Spec((shape[0], layer["params"]["units"]))
        if isinstance(state.shape[1], int) and state.shape[1] > 0:
            states = [state] * (2 * KINDS[layer["op"].rpartition(".")[2]])
    if not layer["params"].get("return_state"):
        states = []
    return params, {"sequence": Spec(shape, draw.dtype())} | beside(draw, states)


@recipe("keras.layers.TimeDistributed")
def time_distributed(draw: Draw, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    layer, rank, exact = _inner(draw)
    low = 3 if exact else 1
    shape = draw.shape(rank, low=low, unknown=0.1)
    if exact and len(shape) != rank:
        # Keras asks the inner layer for a shape without looking at the number of axes.
        shape = (None, *(4,) * (rank - 1))
    inputs: dict[str, Any] = {"inputs": Spec(shape, draw.dtype())}
    if draw.chance(0.15):
        inputs["mask"] = Spec(shape[:2], "bool")
    return {"layer": layer} | _wrapper(draw), inputs


def _inner(draw: Draw) -> tuple[Call, int, bool]:
    """A layer, how many axes the wrapper's input has, and whether it must be just these."""
    if draw.odd():
        op = draw.one(["Add", "MultiHeadAttention", "Attention", "GRUCell"])
        params = {"MultiHeadAttention": {"num_heads": 2, "key_dim": 2}, "GRUCell": {"units": 2}}
        return {"op": f"keras.layers.{op}", "params": params.get(op, {})}, 4, False
    which = draw.size(0, 9)
    if which == 0:
        params = {"filters": 2, "kernel_size": draw.size(1, 3)}
        params |= draw.some({"strides": 2, "padding": "same", "use_bias": False})
        return {"op": "keras.layers.Conv2D", "params": params}, 5, True
    if which == 1:
        return {"op": "keras.layers.MaxPooling2D"}, 5, True
    if which == 2:
        return {"op": "keras.layers.Flatten"}, draw.one([3, 4, 5]), False
    if which == 3:
        layer, rank = _recurrent(draw, (3,))
        return layer, rank + 1, True
    if which == 4:
        rate = {"op": "keras.layers.Dropout", "params": {"rate": 0.2}}
        return rate, draw.one([3, 4]), False
    if which == 5:
        params = {"input_dim": 5, "output_dim": 3}
        return {"op": "keras.layers.Embedding", "params": params}, 3, False
    if which == 6:
        return {"op": "keras.layers.BatchNormalization"}, draw.one([3, 4]), False
    if which == 7:
        inner, rank, exact = _inner(draw)
        wrapped = {"op": "keras.layers.TimeDistributed", "params": {"layer": inner}}
        return wrapped, rank + 1, exact
    if which == 8:
        inner, _ = _recurrent(draw, (3,))
        params = {"layer": inner} | draw.params("keras.layers.Bidirectional", ["merge_mode"], 0.5)
        return {"op": "keras.layers.Bidirectional", "params": params}, 4, True
    params = {"units": draw.one([0, "3"]) if draw.odd() else draw.size(1, 4)}
    params |= draw.some({"activation": draw.activation, "trainable": False}, 0.3)
    params |= draw.some({"dtype": lambda: draw.one(POLICIES)}, 0.3)
    return {"op": "keras.layers.Dense", "params": params}, draw.one([3, 3, 4]), False
