"""What a call takes beside tensors from edges: constants in their places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.codegen.model import write_model
from studio.codegen.source import Source
from studio.graph.infer import Shapes

from .projects import Json, model_graph, node, read
from .written import agree, built, code

X = node("x", "keras.Input", shape=[3])
WHOLE = node("x", "keras.Input", shape=[3], dtype="int32")


def on_x(op: str, port: str = "x1", x: Json = X, **params: Any) -> Json:
    """A function on one tensor."""
    return model_graph([x, node("y", op, **params)], [["x", f"y.{port}"]], "y")


ADD, SUBTRACT = "keras.ops.add", "keras.ops.subtract"
CONSTANTS: dict[str, tuple[Json, str]] = {
    "a number": (on_x(ADD, x2=3.0), "y = keras.ops.add(x, 3.0)"),
    "a whole number": (on_x(ADD, x2=-3), "y = keras.ops.add(x, -3)"),
    "a number beside whole ones": (on_x(ADD, x=WHOLE, x2=1.5), "keras.ops.add(x, 1.5)"),
    "true": (on_x("keras.ops.logical_or", x2=True), "keras.ops.logical_or(x, True)"),
    "the first of two": (on_x(SUBTRACT, "x2", x1=1.0), "keras.ops.subtract(1.0, x)"),
    "a list": (on_x(ADD, x2=[1.0, 2.0, 3]), "keras.ops.add(x, keras.ops.array([1.0, 2.0, 3]))"),
    "lists in a list": (
        on_x("keras.ops.matmul", x2=[[1.0], [2.0], [0.5]]),
        "keras.ops.matmul(x, keras.ops.array([[1.0], [2.0], [0.5]]))",
    ),
    "a number where Keras takes tensors alone": (
        on_x("keras.ops.bitwise_and", "x", WHOLE, y=6),
        "keras.ops.bitwise_and(x, keras.ops.array(6))",
    ),
    "two of three": (
        on_x("keras.ops.where", "condition", x1=1.0, x2=0.0),
        "keras.ops.where(x, x1=1.0, x2=0.0)",
    ),
    "indices": (
        on_x("keras.ops.take", "x", indices=[2, 0], axis=1),
        "keras.ops.take(x, keras.ops.array([2, 0]), axis=1)",
    ),
}


@pytest.mark.parametrize("name", CONSTANTS)
@pytest.mark.filterwarnings("default")
def test_a_constant_stands_in_the_place_of_a_tensor(name: str, tmp_path: Path) -> None:
    graph, line = CONSTANTS[name]
    assert line in code(graph)
    agree(graph, tmp_path)


def test_a_constant_can_be_a_parameter_of_the_block_around_it(tmp_path: Path) -> None:
    inner = {
        **on_x(ADD, x2={"$": "more"}),
        "inputs": ["x"],
        "parameters": {"more": 1.0},
    }
    inner["nodes"].append(node("z", "keras.ops.maximum", x1=[0.0, {"$": "more"}, 1.0]))
    inner["edges"].append(["y", "z.x2"])
    inner["outputs"] = ["z"]
    value = {
        "studio": 1,
        "model": model_graph([X, node("b", "block:own", more=2.5)], [["x", "b"]], "b"),
        "blocks": {"own": inner},
    }
    source = Source()
    write_model(source, read(value), "functional", Shapes(), None)
    lines = source.sections[0].lines
    assert "    y = keras.ops.add(x, more)" in lines
    assert "    z = keras.ops.maximum(keras.ops.array([0.0, more, 1.0]), y)" in lines
    model = built("\n\n".join("\n".join(section.lines) for section in source.sections))
    assert np.asarray(model(np.zeros((1, 3)))).tolist() == [[2.5, 2.5, 2.5]]
