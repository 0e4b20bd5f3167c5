"""Recurrent layers: LSTM, GRU, SimpleRNN, and RNN around any cell, with their states as ports."""

from __future__ import annotations

from typing import Any

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Choice, Either, Int, ListOf, OneCall
from studio.graph.ops.cells import (
    ACTIVATIONS,
    DROPOUTS,
    KINDS,
    Cell,
    is_stack,
    read_cell,
    state_names,
    state_nest,
)
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Shape, Spec, Weight

PORTS = "sequence initial_state*? mask?"


def checked_states(names: tuple[str, ...], given: tuple[Spec, ...]) -> None:
    """Refuses another number of initial states than there are."""
    if given and len(given) != len(names):
        states = "1 state" if len(names) == 1 else f"{len(names)} states"
        raise Refused(
            f"has {states} ({', '.join(names)}), not {len(given)}",
            "Draw an edge from each to its input initial_state.",
        )


def over_time(
    p: Args,
    sequence: Spec,
    shape: Shape,
    states: list[Shape],
    weights: list[Weight],
    flops: int | None,
) -> Result:
    """What a recurrent layer gives, when a step gives `shape` (without the batch).

    (batch, *shape), with the steps between them for return_sequences; with
    return_state also (batch, *state) for each state. `flops` are those of a step.
    """
    batch, steps = sequence.shape[:2]
    if p.stateful and batch is None:
        raise Refused(
            "keeps its states from one batch to the next, so it needs to know the batch size",
            "Give the Input a batch_size, or set stateful to false.",
        )
    outer = (batch, steps) if p.return_sequences else (batch,)
    outputs = [Spec((*outer, *shape), p.compute_dtype)]
    if p.return_state:
        outputs += [Spec((batch, *state), p.compute_dtype) for state in states]
    return p.result(outputs, weights, None if None in (steps, flops) else steps * flops)


def _rule(name: str):
    def rule(p: Args, sequence: Spec, initial_state: tuple[Spec, ...], mask: Spec | None) -> Result:
        if sequence.rank != 3:
            raise Refused(
                "expects 3 axes (batch, steps, features)",
                "Put keras.layers.Reshape before it: a series of single numbers has 1 feature.",
            )
        checked_states(KINDS[name].states, initial_state)
        cell = Cell(name, p)
        weights, flops = cell.built(sequence.shape[2])
        states = [(size,) for size in cell.state_sizes]
        return over_time(p, sequence, (cell.size,), states, weights, flops)

    return rule


def _outputs(name: str):
    def ports(params: dict[str, Any]) -> tuple[str, ...]:
        return ("output", *(KINDS[name].states if params.get("return_state") else ()))

    return ports


for _name in KINDS:
    describe(
        f"keras.layers.{_name}",
        family="recurrent",
        inputs=PORTS,
        outputs=_outputs(_name),
        shown="units return_sequences",
        units=Int(1),
        seed=Int(),
        **({} if _name == "SimpleRNN" else {"use_cudnn": Choice(("auto", True, False))}),
        **ACTIVATIONS[_name],
        **DROPOUTS,
    )(_rule(_name))


def rnn_outputs(params: dict[str, Any]) -> tuple[str, ...]:
    """The output ports of an RNN: its cell says which states there are."""
    return ("output", *(state_names(params.get("cell")) if params.get("return_state") else ()))


_CELL = OneCall(("layer", "code"), names=False)


@describe(
    "keras.layers.RNN",
    family="recurrent",
    inputs=PORTS,
    outputs=rnn_outputs,
    nests=lambda params: {"initial_state": state_nest(params.get("cell"))},
    # What Keras announces and what it gives differ for a cell in a stack that has one state.
    flattened=lambda params: bool(params.get("return_state")) and is_stack(params.get("cell")),
    shown="cell return_sequences",
    cell=Either((_CELL, ListOf(_CELL, empty=False))),
)
def rnn(p: Args, sequence: Spec, initial_state: tuple[Spec, ...], mask: Spec | None) -> Result:
    """Any cell, or several on top of each other, step by step over a sequence."""
    cell = read_cell(p.cell, p.policy)
    if not cell.kind and not cell.cells:
        raise Refused("runs a stack of no cells", "Give it a cell.")
    # Keras also takes other numbers of axes: the last one of a step is what the cell gets.
    step = (sequence.shape[0], *sequence.shape[2:]) if sequence.rank > 1 else ()
    if not step or (sequence.rank == 2 and step[-1] is None):
        raise Refused("expects 3 axes (batch, steps, features)")
    checked_states(state_names(p.cell), initial_state)
    weights, flops = cell.built(step[-1])
    deep = any(inner.kind in ("LSTM", "") for each in cell.cells for inner in each.cells)
    if p.return_state and deep:
        raise Refused(
            "can't return the states of a stack in a stack",
            "Give all cells in one list, or set return_state to false.",
        )
    states = [(size,) for size in cell.state_sizes]
    return over_time(p, sequence, (cell.size,), states, weights, flops)
