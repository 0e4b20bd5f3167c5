"""What a call takes beside tensors from edges: constants in their places, settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from studio.codegen.model import write_model
from studio.codegen.source import Source
from studio.graph.catalogue.call import LEFT_OUT
from studio.graph.catalogue.registry import find
from studio.graph.checks import check
from studio.graph.problems import errors
from studio.graph.shapes import Shapes

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


SEQUENCE = node("x", "keras.Input", shape=[4, 3])
WORDS = node("x", "keras.Input", shape=[4], dtype="int32")
MHA = "keras.layers.MultiHeadAttention"
HEADS = {"num_heads": 2, "key_dim": 3}


def attention(*outputs: str, op: str = MHA, **params: Any) -> Json:
    """Self-attention."""
    joined = [["x", "y.query"], ["x", "y.value"]]
    if op != MHA:
        joined = [["x", "y"], ["x", "y"]]
    return model_graph([SEQUENCE, node("y", op, **params)], joined, *outputs or ("y",))


def again(first: Json, **params: Any) -> list[Json]:
    """A node, and one that calls its layer a second time."""
    return [first, {"id": "z", "shares": "y", "params": params}]


OF_CALL: dict[str, tuple[Json, str, str]] = {
    "a mask": (
        attention(**HEADS, use_causal_mask=True),
        'y = keras.layers.MultiHeadAttention(2, 3, name="y")(x, x, use_causal_mask=True)',
        "y = self.y(x, x, use_causal_mask=True)",
    ),
    "a second output": (
        attention("y", "y.attention_scores", **HEADS, return_attention_scores=True),
        "y, y_attention_scores = keras.layers.MultiHeadAttention(",
        "y, y_attention_scores = self.y(x, x, return_attention_scores=True)",
    ),
    "a second output alone": (
        attention("y.attention_scores", op="keras.layers.Attention", return_attention_scores=True),
        '_, y_attention_scores = keras.layers.Attention(name="y")(',
        "_, y_attention_scores = self.y([x, x], return_attention_scores=True)",
    ),
    "of another kind of attention": (
        attention(op="keras.layers.AdditiveAttention", use_causal_mask=True),
        'keras.layers.AdditiveAttention(name="y")([x, x], use_causal_mask=True)',
        "self.y([x, x], use_causal_mask=True)",
    ),
    "of each call of a shared layer": (
        model_graph(
            [SEQUENCE, *again(node("y", MHA, **HEADS, return_attention_scores=True))],
            [["x", "y.query"], ["x", "y.value"], ["y", "z.query"], ["x", "z.value"]],
            "z",
            "y.attention_scores",
        ),
        "z = y_layer(y, x)",
        "z = self.y(y, x)",
    ),
    "of the second call alone": (
        model_graph(
            [SEQUENCE, *again(node("y", MHA, **HEADS), use_causal_mask=True)],
            [["x", "y.query"], ["x", "y.value"], ["y", "z.query"], ["y", "z.value"]],
            "z",
        ),
        "z = y_layer(y, y, use_causal_mask=True)",
        "z = self.y(y, y, use_causal_mask=True)",
    ),
    "the way back of an embedding": (
        model_graph(
            [
                WORDS,
                *again(
                    node("y", "keras.layers.ReversibleEmbedding", input_dim=9, output_dim=5),
                    reverse=True,
                ),
            ],
            [["x", "y"], ["y", "z"]],
            "z",
        ),
        "z = y_layer(y, reverse=True)",
        "z = self.y(y, reverse=True)",
    ),
}


@pytest.mark.parametrize("name", OF_CALL)
@pytest.mark.filterwarnings("default")
def test_an_argument_of_a_call_stands_at_the_call(name: str, tmp_path: Path) -> None:
    graph, functional, subclass = OF_CALL[name]
    assert functional in code(graph)
    assert subclass in code(graph, "subclass")
    assert "keras.Sequential" not in code(graph, "auto")
    agree(graph, tmp_path)


def test_a_chain_with_an_argument_of_a_call_is_no_sequential() -> None:
    layer = node("y", "keras.layers.ReversibleEmbedding", input_dim=9, output_dim=3)
    graph = model_graph([X, layer], [["x", "y"]], "y")
    assert "keras.Sequential" in code(graph, "auto")
    layer["params"]["reverse"] = True
    assert "(x, reverse=True)" in code(graph, "auto")
    report = check(read({"studio": 1, "model": graph | {"style": "sequential"}}))
    assert [each.code for each in errors(report.problems)] == ["bad-style"]


def test_training_is_no_argument_of_a_call_since_it_depends_on_how_the_model_is_written() -> None:
    """What LEFT_OUT says of it, in Keras itself."""

    class Always(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dropout = keras.layers.Dropout(0.5)

        def call(self, x: Any) -> Any:
            return self.dropout(x, training=True)

    x = keras.Input((1000,))
    functional = keras.Model(x, keras.layers.Dropout(0.5)(x, training=True))
    ones = np.ones((1, 1000), "float32")
    assert np.all(np.asarray(functional(ones, training=False)) == 1)
    assert np.any(np.asarray(Always()(ones, training=False)) == 0)
    assert "training" in LEFT_OUT
    assert "training" not in find("keras.layers.Dropout").params
