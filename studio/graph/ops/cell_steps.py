"""A cell as a node: one step, from an input and the states before to an output and those after.

Keras computes a cell's shapes by running it on symbolic tensors, so inputs and
states broadcast as they would there, also where there are more axes than two.
"""

from __future__ import annotations

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Int, ListOf, OneCall
from studio.graph.dtypes import promoted
from studio.graph.ops.cells import (
    ACTIVATIONS,
    DROPOUTS,
    KINDS,
    STACK,
    Cell,
    read_cell,
    state_names,
    state_nest,
)
from studio.graph.rule import Args, apply
from studio.graph.spec import FLOATS, Refused, Result, Shape, Spec, product, shape_text

_ONE_STEP = "takes one step at a time, so it expects an input of 2 axes (batch, features)"


def _multiplied(x: Spec, rows: int | None, columns: int, what: str) -> Shape:
    """The shape of x @ (rows, columns)."""
    if x.dtype == "string" or x.dtype.startswith("complex"):
        raise Refused(f"multiplies real numbers, but its {what} is {x.dtype}")
    if not x.shape:
        raise Refused(f"multiplies the last axis, but its {what} is a single number")
    if None not in (x.shape[-1], rows) and x.shape[-1] != rows:
        raise Refused(
            f"expects a {what} whose last axis is {rows}, not {x.shape[-1]}",
            f"A state has as many numbers as the cell has units: {rows}.",
        )
    return (*x.shape[:-1], columns)


def _together(one: Shape, other: Shape) -> Shape:
    """The shape of two element by element: TensorFlow's, where a size above 1 settles its axis."""
    rank = max(len(one), len(other))
    pairs = zip(*((1,) * (rank - len(shape)) + shape for shape in (one, other)), strict=True)
    found = []
    for pair in pairs:
        wide = set(pair) - {1, None}
        if len(wide) > 1:
            raise Refused(
                f"puts its input and its states together, but "
                f"{shape_text(one)} and {shape_text(other)} don't fit",
                "Give them the same batch size, and each state as many numbers as there are units.",
            )
        found.append(wide.pop() if wide else None if None in pair else 1)
    return tuple(found)


def _quartered(shape: Shape) -> Shape:
    """A shape cut into four along axis 1."""
    if len(shape) < 2:
        raise Refused(_ONE_STEP)
    if shape[1] is None:
        return shape
    if shape[1] % 4:
        raise Refused(_ONE_STEP, "Use keras.layers.LSTM for whole sequences.")
    return (shape[0], shape[1] // 4, *shape[2:])


def _apart(cell: Cell) -> bool:
    """Whether each gate has a product of its own, as with recurrent dropout, or all have one."""
    return cell.kind == "SimpleRNN" or cell.p.recurrent_dropout > 0


def _dtype(cell: Cell, x: Spec, states: tuple[Spec, ...]) -> str:
    """The dtype of what leaves a cell; only some of its sums turn one dtype into another."""
    p = cell.p
    new, recurrent = (promoted((spec.dtype, p.compute_dtype)) for spec in (x, states[0]))
    gated = cell.kind != "SimpleRNN"
    fused = cell.kind == "LSTM" and not _apart(cell)
    biased = p.use_bias and gated and (_apart(cell) or (cell.kind == "GRU" and p.reset_after))
    if not fused and (new != recurrent or (biased and new != p.compute_dtype)):
        raise Refused(
            f"adds {new} to {recurrent} and its own {p.compute_dtype}",
            "Leave autocast true, or give input and states one dtype.",
        )
    found = promoted((new, recurrent))
    kept = {"LSTM": states[1:2], "GRU": states[:1]}.get(cell.kind, ())
    for spec in kept:
        if spec.dtype != found:
            what = KINDS[cell.kind].states[-1]
            hint = "Feed it floats, and leave autocast true."
            raise Refused(f"needs {found} as its {what}, not {spec.dtype}", hint)
    return found


def _dropped(cell: Cell, x: Spec, hidden: Spec) -> None:
    """A SimpleRNNCell makes its dropout masks in inference too, and they are floats."""
    rates = ((x, cell.p.dropout, "input"), (hidden, cell.p.recurrent_dropout, "state_h"))
    for spec, rate, what in rates if cell.kind == "SimpleRNN" else ():
        if 0 < rate < 1 and spec.dtype not in FLOATS:
            raise Refused(f"drops out parts of its {what}, which must be floats, not {spec.dtype}")


def _shape(cell: Cell, x: Spec, states: tuple[Spec, ...]) -> Shape:
    """The shape of the output, and of every new state."""
    units, gates = cell.size, KINDS[cell.kind].gates
    columns = units if _apart(cell) else gates * units
    new = _multiplied(x, None, columns, "input")
    recurrent = _multiplied(states[0], units, columns, "state_h")
    if cell.kind == "SimpleRNN":
        return _together(new, recurrent)
    if cell.kind == "GRU":
        if not _apart(cell) and states[0].rank != 2:
            raise Refused("expects a state_h of 2 axes (batch, units)")
        gate = _together((*new[:-1], units), (*recurrent[:-1], units))
        return _together(gate, states[0].shape)
    gate = _together(new, recurrent)
    return _together(gate if _apart(cell) else _quartered(gate), states[1].shape)


def _rule(name: str):
    def rule(p: Args, inputs: Spec, states: tuple[Spec, ...]) -> Result:
        names = KINDS[name].states
        if len(states) < len(names):
            raise Refused(
                f"steps from {len(names)} states ({', '.join(names)}), not {len(states)}",
                "Draw an edge from each to its input states.",
            )
        if not inputs.shape:
            raise Refused(_ONE_STEP)
        cell = Cell(name, p)
        weights, flops = cell.built(inputs.shape[-1])
        shape = _shape(cell, inputs, states)
        _dropped(cell, inputs, states[0])
        out = Spec(shape, _dtype(cell, inputs, states))
        rows = product(shape[1:-1])
        flops = None if rows is None else rows * flops
        return p.result([out] * (1 + len(names)), weights, flops)

    return rule


for _name, _kind in KINDS.items():
    describe(
        f"keras.layers.{_name}Cell",
        family="recurrent",
        inputs="inputs states*",
        outputs=" ".join(("output", *_kind.states)),
        flattened=lambda params: True,
        shown="units",
        units=Int(1),
        seed=Int(),
        **ACTIVATIONS[_name],
        **DROPOUTS,
    )(_rule(_name))


@describe(
    STACK,
    family="recurrent",
    inputs="inputs states*",
    outputs=lambda params: ("output", *state_names(params.get("cells"))),
    nests=lambda params: {"states": state_nest(params.get("cells"))},
    flattened=lambda params: True,
    shown="cells",
    cells=ListOf(OneCall(("layer", "code"), names=False)),
)
def stacked_rnn_cells(p: Args, inputs: Spec, states: tuple[Spec, ...]) -> Result:
    """One cell on top of the other, each with states of its own."""
    stack, names = read_cell(p.cells, p.policy), state_names(p.cells)
    if len(states) < len(names):
        raise Refused(
            f"steps from {len(names)} states ({', '.join(names)}), not {len(states)}",
            "Draw an edge from each to its input states.",
        )
    if stack.cells and not inputs.shape:
        raise Refused(_ONE_STEP)
    weights, _ = stack.built(inputs.shape[-1] if inputs.shape else None)
    found: list[Spec] = []
    flops: int | None = 0
    x, left = inputs, list(states)
    for cell, call in zip(stack.cells, p.cells, strict=True):
        count = len(cell.state_sizes)
        result = apply(call, (x, tuple(left[:count])), p.policy)
        x, left = result.outputs[0], left[count:]
        found += result.outputs[1:]
        flops = None if None in (flops, result.flops) else flops + result.flops
    return p.result((x, *found), weights, flops)
