"""The cells of recurrent layers: what they hold and cost, wherever they stand."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from studio.graph.catalogue.nest import Nest
from studio.graph.catalogue.registry import find
from studio.graph.catalogue.types import Float, OneCall, or_null
from studio.graph.document import is_call
from studio.graph.rule import Args, called
from studio.graph.spec import Refused, Weight, known


class Kind(Struct, frozen=True):
    """What tells the recurrent networks apart."""

    gates: int
    states: tuple[str, ...]
    elementwise: int
    """Operations on each unit in a step: sums of the two products, activations, the new state."""


KINDS = {
    "LSTM": Kind(4, ("state_h", "state_c"), 13),
    "GRU": Kind(3, ("state_h",), 11),
    "SimpleRNN": Kind(1, ("state_h",), 2),
}
STACK = "keras.layers.StackedRNNCells"

# Keras takes any number as a dropout, and holds it between 0 and 1 itself.
DROPOUTS = {"dropout": Float(), "recurrent_dropout": Float()}
_ACTIVATION = or_null(OneCall(("activation", "layer", "function", "code")))
ACTIVATIONS = {
    "LSTM": {"activation": _ACTIVATION, "recurrent_activation": _ACTIVATION},
    "GRU": {"activation": _ACTIVATION, "recurrent_activation": _ACTIVATION},
    "SimpleRNN": {"activation": _ACTIVATION},
}
_ORTHOGONAL = {"orthogonal", "Orthogonal", "OrthogonalInitializer", "orthogonal_initializer"}


class Cell(Struct, frozen=True):
    """A cell with its parameters, or a stack of cells (which has no kind)."""

    kind: str = ""
    p: Any = None
    cells: tuple[Cell, ...] = ()

    @property
    def size(self) -> int:
        """How many numbers leave it a step."""
        return self.p.units if self.kind else self.cells[-1].size

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """The size of each of its states, those of a stack one after the other."""
        if self.kind:
            return (self.size,) * len(KINDS[self.kind].states)
        return tuple(size for cell in self.cells for size in cell.state_sizes)

    def built(self, features: int | None) -> tuple[list[Weight], int]:
        """Its weights, and the operations of a step, for inputs of this size."""
        if not self.kind:
            weights, flops = [], 0
            for cell in self.cells:
                found, cost = cell.built(features)
                weights, flops, features = [*weights, *found], flops + cost, cell.size
            return weights, flops
        p, kind = self.p, KINDS[self.kind]
        features = known(features, "the number of features")
        checked_initializers(p)
        wide = kind.gates * p.units
        weights = [
            p.weight("kernel", (features, wide)),
            p.weight("recurrent_kernel", (p.units, wide)),
        ]
        if p.use_bias:
            # A GRU with reset_after has a bias for its input and one for its state.
            rows = (2,) if self.kind == "GRU" and p.reset_after else ()
            weights.append(p.weight("bias", (*rows, wide)))
        biases = weights[2].count if p.use_bias else 0
        products = 2 * wide * (features + p.units)
        return weights, products + biases + kind.elementwise * p.units


def checked_initializers(p: Args) -> None:
    """Refuses orthogonal weights in bfloat16: TensorFlow can't decompose such a matrix."""
    if p.variable_dtype != "bfloat16":
        return
    for name in ("kernel_initializer", "recurrent_initializer"):
        value = getattr(p, name)
        short = value["op"].rpartition(".")[2] if is_call(value) else value
        if short in _ORTHOGONAL:
            raise Refused(
                f"can't make orthogonal weights in bfloat16, as its {name} asks for",
                f'Choose another {name}, such as "glorot_uniform", or the dtype "mixed_bfloat16".',
            )


def read_cell(value: Any, policy: str) -> Cell:
    """The cell that a parameter gives: a call, or a list of them for a stack."""
    if isinstance(value, (list, tuple)):
        return Cell(cells=tuple(read_cell(each, policy) for each in value))
    op, args = called(value, policy)
    name = _kind_of(value)
    if name:
        return Cell(name, args)
    if op is not None and op.path == STACK:
        return read_cell(args.cells, policy)
    if value["op"].startswith("code:"):
        raise Refused("runs a cell that is code, whose shapes aren't known here")
    hint = "Use keras.layers.LSTMCell, GRUCell, SimpleRNNCell or StackedRNNCells."
    if op is not None and op.name in KINDS:
        hint = f"Use keras.layers.{op.name}Cell, or keras.layers.{op.name} without an RNN around."
    raise Refused(f"runs a cell, which {value['op']} is not", hint)


def state_names(value: Any) -> tuple[str, ...]:
    """The ports of a cell's states; numbered from 1 in a stack. None for what is no cell."""
    if is_call(value) and _path(value) == STACK:
        value = given(value).get("cells")
    if not isinstance(value, (list, tuple)):
        name = _kind_of(value)
        return KINDS[name].states if name else ()
    return tuple(
        f"{name}_{index}" for index, each in enumerate(value, 1) for name in state_names(each)
    )


def state_nest(value: Any) -> Nest:
    """The form in which Keras wants a cell's states: in a stack a list for each of its cells."""
    if is_call(value) and _path(value) == STACK:
        value = given(value).get("cells")
    if isinstance(value, (list, tuple)):
        return tuple(map(state_nest, value))
    return (None,) * len(state_names(value))


def is_stack(value: Any) -> bool:
    """Whether several cells stand in the place of one."""
    return isinstance(value, (list, tuple)) or (is_call(value) and _path(value) == STACK)


def given(call: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a call that may be malformed."""
    params = call.get("params")
    return params if isinstance(params, dict) else {}


def _path(call: dict[str, Any]) -> str:
    op = find(call["op"]) if isinstance(call["op"], str) else None
    return op.path if op is not None else ""


def _kind_of(value: Any) -> str:
    """LSTM for a call of LSTMCell, and so on; empty for anything else."""
    name = _path(value).removeprefix("keras.layers.") if is_call(value) else ""
    return name.removesuffix("Cell") if name in {f"{kind}Cell" for kind in KINDS} else ""
