"""Layers around a layer: both ways through a sequence, or once for each of its steps."""

from __future__ import annotations

from typing import Any

from studio.graph.catalogue.nest import Nest
from studio.graph.catalogue.registry import describe, find
from studio.graph.catalogue.types import Choice, ListOf, OneCall, Type
from studio.graph.document import is_call
from studio.graph.ops.cells import given, is_stack, state_nest
from studio.graph.ops.recurrent import PORTS, checked_states
from studio.graph.rule import Args, apply, called
from studio.graph.spec import Refused, Result, Spec, product

_LAYER = OneCall(("layer", "code"), names=False)
_RECURRENT = frozenset(
    f"keras.layers.{name}"
    for name in ("LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
)


def _directions(params: dict[str, Any]) -> tuple[str, ...]:
    """The output ports of a Bidirectional: one or both directions, then the states of both."""
    layer = params.get("layer")
    op = find(layer["op"]) if is_call(layer) and isinstance(layer["op"], str) else None
    names = op.outputs(op.filled(given(layer)))[1:] if op is not None else ()
    outputs = ("forward", "backward") if params.get("merge_mode") is None else ("output",)
    return (*outputs, *(f"{way}_{name}" for way in ("forward", "backward") for name in names))


def _cell(params: dict[str, Any]) -> Any:
    """What the layer of a Bidirectional runs, where that is an RNN."""
    layer = params.get("layer")
    return given(layer).get("cell") if is_call(layer) else None


def _nests(params: dict[str, Any]) -> dict[str, Nest]:
    """The states of both directions, one after the other."""
    nest = state_nest(_cell(params))
    return {"initial_state": nest * 2}


def _recurrent(name: str, call: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a layer that runs through a sequence, defaults filled in."""
    op, _ = called(call)
    if op is None or op.path not in _RECURRENT:
        if call["op"].startswith("code:"):
            raise Refused(f"has code as its {name}, whose shapes aren't known here")
        raise Refused(
            f"runs a recurrent layer both ways, which {call['op']} is not",
            "Give it keras.layers.LSTM, GRU, SimpleRNN, RNN or ConvLSTM.",
        )
    return op.filled(call.get("params", {}))


def _inside(p: Args, call: dict[str, Any], x: Spec) -> Result:
    """What the wrapped layer makes of a tensor; its refusal said of the wrapper."""
    try:
        return apply(call, [x], p.policy)
    except Refused as refused:
        name = call["op"].rpartition(".")[2]
        raise Refused(f"runs {name}, which {refused.message}", refused.hint) from refused


@describe(
    "keras.layers.Bidirectional",
    family="recurrent",
    inputs=PORTS,
    outputs=_directions,
    nests=_nests,
    flattened=lambda params: is_stack(_cell(params)) and len(_directions(params)) > 2,
    shown="layer merge_mode",
    layer=_LAYER,
    backward_layer=_LAYER,
    merge_mode=Choice(("sum", "mul", "concat", "ave", None)),
    weights=ListOf(Type()),
)
def bidirectional(
    p: Args, sequence: Spec, initial_state: tuple[Spec, ...], mask: Spec | None
) -> Result:
    """A recurrent layer from the first step on, and another from the last.

    The output's shape is that of the forward layer, its last axis twice as long
    for "concat"; both for null. Keras asks the backward layer for nothing but weights.
    """
    forward = _recurrent("layer", p.layer)
    backward = forward | {"go_backwards": True}
    if p.backward_layer is not None:
        backward = _recurrent("backward_layer", p.backward_layer)
    if bool(forward["go_backwards"]) == bool(backward["go_backwards"]):
        raise Refused(
            "needs one layer for each way, but both have the same go_backwards",
            "Set go_backwards to true for the backward_layer only.",
        )
    for name in ("stateful", "return_sequences", "return_state"):
        if forward[name] != backward[name]:
            raise Refused(f"needs two layers with the same {name}", f"Give both the same {name}.")
    if forward["stateful"] and forward["return_state"]:
        raise Refused(
            "can't return the states of stateful layers: Keras fails at their mask",
            "Set return_state or stateful of its layer to false.",
        )
    ahead = _inside(p, p.layer, sequence)
    back = ahead
    if p.backward_layer is not None:
        back = _inside(p, p.backward_layer, sequence)
    shape = ahead.outputs[0].shape
    states = [Spec(state.shape, p.compute_dtype) for state in ahead.outputs[1:]] * 2
    if states:
        names = _directions({"layer": p.layer, "merge_mode": p.merge_mode})[-len(states) :]
        checked_states(names, initial_state)
    if p.merge_mode == "concat":
        shape = (*shape[:-1], 2 * shape[-1])
    outputs = [Spec(shape, p.compute_dtype)] * (2 if p.merge_mode is None else 1)
    merging = {"sum": 1, "mul": 1, "ave": 2}.get(p.merge_mode, 0)
    costs = (ahead.flops, back.flops, product(shape[1:]) if merging else 0)
    flops = None if None in costs else costs[0] + costs[1] + merging * costs[2]
    return p.result((*outputs, *states), (*ahead.weights, *back.weights), flops)


@describe(
    "keras.layers.TimeDistributed",
    family="recurrent",
    inputs="inputs mask?",
    shown="layer",
    layer=_LAYER,
)
def time_distributed(p: Args, x: Spec, mask: Spec | None) -> Result:
    """One layer for every step: (batch, steps, ...) as (batch, ...) each, and back."""
    if x.rank < 3:
        raise Refused(
            "takes axis 1 for the steps, so its input needs at least 3 axes (batch, steps, ...)",
            "Use the layer itself, without keras.layers.TimeDistributed.",
        )
    op = find(p.layer["op"])
    ports = op.inputs if op is not None else ()
    if any(port.many for port in ports[:1]) or sum(not port.optional for port in ports) > 1:
        raise Refused(
            f"gives its layer one tensor, but {p.layer['op']} takes several",
            "Use that layer itself.",
        )
    # Keras asks the layer for its shape only, so numbers of any dtype will do.
    dtype = x.dtype if x.dtype == "string" else "float32"
    step = Spec((x.shape[0], *x.shape[2:]), dtype)
    result = _inside(p, p.layer, step)
    if len(result.outputs) > 1:
        raise Refused(
            "runs a layer with one output, but its layer has several",
            "Set return_state of the inner layer to false.",
        )
    batch, *inner = result.outputs[0].shape
    steps = x.shape[1]
    flops = None if None in (steps, result.flops) else steps * result.flops
    out = Spec((batch, steps, *inner), p.compute_dtype)
    return p.result(out, result.weights, flops)
