"""The model graph -> build_model(), in the style that fits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.codegen.model import write_model
from studio.codegen.source import Source
from studio.graph.problems import StudioError
from studio.graph.shapes import Shapes
from studio.graph.spec import Spec

from .cases import CASES
from .projects import Json, chain, complete, csv, line, model_graph, node, read, script, training

X = node("x", "keras.Input", shape=[6])
DENSE = "keras.layers.Dense"


def body(graph: Json, style: str = "auto", name: str = "", by_name: bool = False) -> str:
    """What stands under the docstring of build_model()."""
    source = Source()
    project = read({"studio": 1, "name": name, "model": graph})
    features = {"x": Spec((None, 6))} if by_name else Spec((None, 6))
    write_model(source, project, style, Shapes(), features)
    if style == "subclass":
        return "\n".join(source.sections[0].lines)
    return "\n".join(line[4:] for line in source.sections[0].lines[2:])


def chained(*nodes: Json, **rest: Any) -> Json:
    """A chain behind the input."""
    return model_graph([X, *nodes], line(X, *nodes), nodes[-1]["id"], **rest)


def test_a_chain_is_a_sequential() -> None:
    assert body(chained(node("d", DENSE, units=1)), name="two words") == (
        "return keras.Sequential(\n"
        '    [keras.Input(shape=(6,), name="x"), keras.layers.Dense(1, name="d")],\n'
        '    name="two_words",\n'
        ")"
    )


def test_a_chain_can_be_functional() -> None:
    assert body(chained(node("d", DENSE, units=1)), "functional") == (
        'x = keras.Input(shape=(6,), name="x")\n'
        'd = keras.layers.Dense(1, name="d")(x)\n'
        "return keras.Model(inputs=x, outputs=d)"
    )


@pytest.mark.parametrize("style", ["auto", "functional"])
def test_what_is_no_chain_is_functional(style: str) -> None:
    nodes = [X, node("a", DENSE, units=2), node("b", DENSE, units=2), node("s", "keras.layers.Add")]
    graph = model_graph(nodes, [["x", "a"], ["x", "b"], ["b", "s"], ["a", "s"]], "s")
    assert body(graph, style) == (
        'x = keras.Input(shape=(6,), name="x")\n'
        'a = keras.layers.Dense(2, name="a")(x)\n'
        'b = keras.layers.Dense(2, name="b")(x)\n'
        's = keras.layers.Add(name="s")([b, a])\n'
        "return keras.Model(inputs=x, outputs=s)"
    )


def test_what_is_no_chain_is_refused_as_a_sequential() -> None:
    nodes = [X, node("a", DENSE, units=2), node("s", "keras.layers.Add")]
    with pytest.raises(StudioError, match=r"keras\.Sequential.*functional style\.$"):
        body(model_graph(nodes, [["x", "a"], ["x", "s"], ["a", "s"]], "s"), "sequential")


def test_a_style_that_there_isnt_is_refused(folder: Path) -> None:
    value = complete(chain(csv(label="y")), folder)
    with pytest.raises(StudioError, match="sequental"):
        script(value, folder, "sequental")


def test_a_subclass_makes_its_layers_once_and_calls_them() -> None:
    graph = chained(node("a", DENSE, units=6), {"id": "b", "shares": "a"})
    assert body(graph, "subclass", "two words") == (
        '@keras.saving.register_keras_serializable("two_words")\n'
        "class TwoWords(keras.Model):\n"
        '    """The model, as its layers and their calls."""\n'
        "\n"
        "    def __init__(self, **kwargs):\n"
        "        super().__init__(**kwargs)\n"
        '        self.a = keras.layers.Dense(6, name="a")\n'
        "\n"
        "    def call(self, x, training=None):\n"
        '        """Returns the outputs; Keras hands `training` on to the layers."""\n'
        "        a = self.a(x)\n"
        "        b = self.a(a)\n"
        "        return b"
    )


def test_a_shared_layer_is_made_once_and_called_twice() -> None:
    graph = chained(node("a", DENSE, units=6), {"id": "b", "shares": "a"})
    assert body(graph) == (
        'x = keras.Input(shape=(6,), name="x")\n'
        'a_layer = keras.layers.Dense(6, name="a")\n'
        "a = a_layer(x)\n"
        "b = a_layer(a)\n"
        "return keras.Model(inputs=x, outputs=b)"
    )


def test_functions_are_called_on_tensors() -> None:
    nodes = [X, node("total", "keras.ops.sum", axis=[1], keepdims=True)]
    made = body(model_graph(nodes, [["x", "total"]], "total"))
    assert "total = keras.ops.sum(x, axis=[1], keepdims=True)" in made


def test_tensors_of_a_function_are_given_by_name_behind_a_setting() -> None:
    nodes = [X, node("both", "keras.ops.matmul"), node("y", "keras.ops.average")]
    edges = [["x", "both.x1"], ["x", "both.x2"], ["x", "y.x"], ["both", "y.weights"]]
    made = body(model_graph(nodes, edges, "y"))
    assert "both = keras.ops.matmul(x, x)" in made
    assert "y = keras.ops.average(x, weights=both)" in made


def test_inputs_stand_in_the_order_of_the_file() -> None:
    nodes = [
        node("second", "keras.Input", shape=[1]),
        node("first", "keras.Input", shape=[1]),
        node("s", "keras.layers.Add"),
    ]
    made = body(model_graph(nodes, [["first", "s"], ["second", "s"]], "s"))
    assert "inputs=[second, first]" in made
    assert "([first, second])" in made


def test_inputs_are_named_where_the_data_names_its_features() -> None:
    graph = chained(node("d", DENSE, units=1))
    assert 'keras.Model(inputs={"x": x}, outputs=d)' in body(graph, "functional", by_name=True)
    assert "keras.Model(inputs=x, outputs=d)" in body(graph, "functional", by_name=False)


def test_several_outputs_are_named(folder: Path) -> None:
    made = script(CASES["model: two outputs"](folder), folder).text
    assert 'outputs={"d": d, "e": e}' in made
    assert made.count('"d": keras.losses.MeanSquaredError()') == 1


@pytest.mark.parametrize("end", ["l.output", "l.state_h"])
def test_an_output_can_be_a_port(end: str, folder: Path) -> None:
    """Whatever name the output has: the check and the script must agree on it."""
    nodes = [
        node("x", "keras.Input", shape=[2]),
        node("r", "keras.layers.Reshape", target_shape=[2, 1]),
        node("l", "keras.layers.LSTM", units=1, return_state=True),
    ]
    graph = model_graph(nodes, line(*nodes), end)
    accepted = []
    for name in ("l", end.replace(".", "_")):
        value = complete(chain(csv(label="y")), folder, model=graph, training=training(name))
        try:
            accepted.append(script(value, folder).text)
        except StudioError:
            continue
    assert accepted
    assert all("loss=keras.losses.MeanSquaredError()" in made for made in accepted)


def test_a_block_is_a_function_of_its_inputs_and_parameters() -> None:
    block = {
        "nodes": [
            node("x", "keras.Input"),
            node("d", DENSE, units={"$": "units"}, activation="relu"),
        ],
        "edges": [["x", "d"]],
        "inputs": ["x"],
        "outputs": ["d"],
        "parameters": {"units": 4},
    }
    graph = chained({**node("b", "block:own", units=6), "repeat": 3})
    project = read({"studio": 1, "model": graph, "blocks": {"own": block}})
    source = Source()
    write_model(source, project, "auto", Shapes(), None)
    assert source.sections[0].lines == [
        'def own(x, units=4, name="own"):',
        '    """Returns what the block own makes of its inputs."""',
        '    d = keras.layers.Dense(units, activation="relu", name=f"{name}_d")(x)',
        "    return d",
    ]
    assert source.sections[1].lines[2:] == [
        '    x = keras.Input(shape=(6,), name="x")',
        "    b = x",
        "    for number in range(1, 4):",
        '        b = own(b, units=6, name=f"b_{number}")',
        "    return keras.Model(inputs=x, outputs=b)",
    ]
