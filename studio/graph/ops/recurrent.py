"""Recurrent layers: LSTM, GRU and SimpleRNN, with their states as ports."""

from __future__ import annotations

from typing import Any

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Int
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec, known

_GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}
_STATES = {"LSTM": ("state_h", "state_c"), "GRU": ("state_h",), "SimpleRNN": ("state_h",)}


def _recurrent(name: str):
    gates, states = _GATES[name], _STATES[name]

    def rule(p: Args, sequence: Spec, initial_state: tuple[Spec, ...]) -> Result:
        if sequence.rank != 3:
            raise Refused(
                "expects 3 axes (batch, steps, features)",
                "Put keras.layers.Reshape before it: a series of single numbers has 1 feature.",
            )
        if initial_state and len(initial_state) != len(states):
            raise Refused(
                f"has {len(states)} states ({', '.join(states)}), not {len(initial_state)}"
            )
        features = known(sequence.shape[2], "the number of features")
        weights = [
            p.weight("kernel", (features, gates * p.units)),
            p.weight("recurrent_kernel", (p.units, gates * p.units)),
        ]
        if p.use_bias:
            # A GRU with reset_after has a bias for its input and one for its state.
            rows = (2,) if name == "GRU" and p.reset_after else ()
            weights.append(p.weight("bias", (*rows, gates * p.units)))
        batch, steps = sequence.shape[:2]
        out = (batch, steps, p.units) if p.return_sequences else (batch, p.units)
        outputs = [sequence.with_shape(out)]
        if p.return_state:
            outputs += [sequence.with_shape((batch, p.units)) for _ in states]
        each = 2 * gates * p.units * (features + p.units)
        return p.result(outputs, weights, None if steps is None else steps * each)

    return rule


def _outputs(name: str):
    def ports(params: dict[str, Any]) -> tuple[str, ...]:
        return ("output", *(_STATES[name] if params.get("return_state") else ()))

    return ports


for _name in _GATES:
    describe(
        f"keras.layers.{_name}",
        family="recurrent",
        inputs="sequence initial_state*?",
        outputs=_outputs(_name),
        shown="units return_sequences",
        units=Int(1),
    )(_recurrent(_name))
