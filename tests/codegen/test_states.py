"""States that Keras takes and gives in lists in lists, with a port for each of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .projects import Json, call, model_graph, node
from .written import agree, code

STEP = node("x", "keras.Input", shape=[3])
SEQUENCE = node("x", "keras.Input", shape=[4, 3])
LSTM_CELL = call("keras.layers.LSTMCell", units=4)
GRU_CELL = call("keras.layers.GRUCell", units=5)
SIMPLE_CELL = call("keras.layers.SimpleRNNCell", units=2)
STACK = "keras.layers.StackedRNNCells"


def stacked(*cells: Json) -> Json:
    """Cells as one cell."""
    return call(STACK, cells=list(cells))


def stepping(op: str, sizes: list[int], *outputs: str, **params: Any) -> Json:
    """A cell on one step, with an input for each of its states."""
    states = [node(f"x{index}", "keras.Input", shape=[size]) for index, size in enumerate(sizes, 1)]
    edges = [["x", "y.inputs"], *([each["id"], "y.states"] for each in states)]
    return model_graph([STEP, *states, node("y", op, **params)], edges, *outputs)


def running(sizes: list[int], *outputs: str, op: str = "keras.layers.RNN", **params: Any) -> Json:
    """A layer on a sequence, with an input for each of its first states."""
    states = [node(f"x{index}", "keras.Input", shape=[size]) for index, size in enumerate(sizes, 1)]
    edges = [["x", "y.sequence"], *([each["id"], "y.initial_state"] for each in states)]
    own = {"return_state": True} if op.endswith(".RNN") else {}
    nodes = [SEQUENCE, *states, node("y", op, **own, **params)]
    return model_graph(nodes, edges, *outputs)


CASES: dict[str, tuple[Json, str]] = {
    "a cell": (
        stepping("keras.layers.LSTMCell", [4, 4], "y", "y.state_h", "y.state_c", units=4),
        "y, y_state_h, y_state_c = keras.tree.flatten(",
    ),
    "a cell with one state": (
        stepping("keras.layers.GRUCell", [5], "y.state_h", units=5),
        '_, y_state_h = keras.tree.flatten(keras.layers.GRUCell(5, name="y")(x, [x1]))',
    ),
    "a stack": (
        stepping(
            STACK,
            [4, 4, 5],
            *("y", "y.state_h_1", "y.state_c_1", "y.state_h_2"),
            cells=[LSTM_CELL, GRU_CELL],
        ),
        "(x, [[x1, x2], [x3]])",
    ),
    "a stack of one": (
        stepping(STACK, [5], "y", "y.state_h_1", cells=[GRU_CELL]),
        "(x, [[x1]])",
    ),
    "a stack in a stack": (
        stepping(
            STACK,
            [4, 4, 5, 2],
            *("y.state_c_1_1", "y.state_h_2"),
            cells=[stacked(LSTM_CELL, GRU_CELL), SIMPLE_CELL],
        ),
        "(x, [[[x1, x2], [x3]], [x4]])",
    ),
    "an RNN of a cell": (
        running([4, 4], "y", "y.state_c", cell=LSTM_CELL),
        "(x, initial_state=[x1, x2])",
    ),
    "an RNN of a stack": (
        running([4, 4, 5], "y", "y.state_c_1", "y.state_h_2", cell=stacked(LSTM_CELL, GRU_CELL)),
        "(x, initial_state=[[x1, x2], [x3]])",
    ),
    "an RNN of cells in a list": (
        running([5, 2], "y.state_h_1", "y.state_h_2", cell=[GRU_CELL, SIMPLE_CELL]),
        "(x, initial_state=[[x1], [x2]])",
    ),
    "an RNN of a stack that starts from nothing": (
        running([], "y", "y.state_h_1", cell=[GRU_CELL, SIMPLE_CELL]),
        "y, y_state_h_1, _ = keras.tree.flatten(",
    ),
    "both ways": (
        running(
            [4, 4, 5, 4, 4, 5],
            *("y", "y.forward_state_c_1", "y.backward_state_h_2"),
            op="keras.layers.Bidirectional",
            layer=call("keras.layers.RNN", cell=[LSTM_CELL, GRU_CELL], return_state=True),
        ),
        "[[x1, x2], [x3], [x4, x5], [x6]]",
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("default")
def test_states_have_ports_and_stand_in_lists_in_lists_in_the_code(name: str, tmp_path: Path):
    graph, line = CASES[name]
    assert line in code(graph)
    agree(graph, tmp_path)
