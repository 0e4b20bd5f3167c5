"""The shape of the file: everything that doesn't fit is told, with its place."""

from __future__ import annotations

import pytest

from studio.graph.document import Node
from studio.graph.read import read_project

from .samples import node_of, read_value, sample


def broken(**changes) -> dict:
    return {"studio": 1} | changes


def model(*nodes, **rest) -> dict:
    return broken(model={"nodes": list(nodes)} | rest)


CASES = [
    # value, code, graph, node, place, words
    (broken(nam="x"), "unknown-key", "", "", "the project", ['"nam"', 'Did you mean "name"?']),
    (broken(xyz="x"), "unknown-key", "", "", "the project", ['"xyz"', "There can be studio, name"]),
    (broken(name=3), "wrong-shape", "name", "", "name", ["a text", "found 3"]),
    (broken(name=None), "wrong-shape", "name", "", "name", ["a text", "found null"]),
    (broken(model=[]), "wrong-shape", "model", "", "model", ["an object {...}", "a list of 0"]),
    (broken(data="x"), "wrong-shape", "data", "", "data", ["an object {...}", 'found "x"']),
    (broken(model={"nodes": {}}), "wrong-shape", "model", "", "model.nodes", ["a list [...]"]),
    (model(3), "wrong-shape", "model", "", "model.nodes[0]", ["an object {...}", "found 3"]),
    (model({"op": "x"}), "missing-key", "model", "", "model.nodes[0]", ['"id" is missing']),
    (model({"id": 5, "op": "x"}), "wrong-shape", "model", "", "model.nodes[0].id", ["a text", "5"]),
    (
        model({"id": "a", "op": ["x"]}),
        "wrong-shape", "model", "a", 'model.nodes[0] "a".op', ["a text", "a list of 1"],
    ),
    (
        model({"id": "a"}),
        "wrong-shape", "model", "a", 'model.nodes[0] "a"', ["either an op, or shares"],
    ),
    (
        model({"id": "a", "op": None}),
        "wrong-shape", "model", "a", 'model.nodes[0] "a"', ["either an op, or shares"],
    ),
    (
        model({"id": "a", "op": "x", "shares": "b"}),
        "wrong-shape", "model", "a", 'model.nodes[0] "a"', ["either an op, or shares"],
    ),
    (
        model({"id": "a", "op": "x"}, {"id": "a", "op": "y"}),
        "duplicate-id", "model", "a", 'model.nodes[1] "a"', ['a second node has the id "a"'],
    ),
    (
        model({"id": "a", "op": "x", "parms": {}}),
        "unknown-key", "model", "a", 'model.nodes[0] "a"', ['"parms"', 'Did you mean "params"'],
    ),
    (
        model({"id": "a", "op": "x", "params": []}),
        "wrong-shape", "model", "a", 'model.nodes[0] "a".params', ["an object {...}", "a list"],
    ),
    (
        model({"id": "a", "op": "x", "at": [1]}),
        "wrong-shape", "model", "a", 'model.nodes[0] "a".at', ["a list of 2", "a list of 1"],
    ),
    (
        model({"id": "a", "op": "x", "at": [1, "2"]}),
        "wrong-shape", "model", "a", 'model.nodes[0] "a".at[1]', ["a number", 'found "2"'],
    ),
    (
        model({"id": "a", "op": "x", "repeat": 0}),
        "wrong-shape", "model", "a", 'model.nodes[0] "a".repeat', ["from 1 to", "found 0"],
    ),
    (
        model({"id": "a", "op": "x", "repeat": True}),
        "wrong-shape", "model", "a", 'model.nodes[0] "a".repeat', ["a whole number", "true"],
    ),
    (
        model({"id": "a", "op": "x", "repeat": 1.5}),
        "wrong-shape", "model", "a", 'model.nodes[0] "a".repeat', ["a whole number", "1.5"],
    ),
    (model(edges=[["a"]]), "wrong-shape", "model", "", "model.edges[0]", ['["source", "target"]']),
    (model(edges=[["a", 1]]), "wrong-shape", "model", "", "model.edges[0]", ['["source", "']),
    (model(edges=["a"]), "wrong-shape", "model", "", "model.edges[0]", ['found "a"']),
    (model(outputs="a"), "wrong-shape", "model", "", "model.outputs", ["a list [...]", '"a"']),
    (model(outputs=[1]), "wrong-shape", "model", "", "model.outputs[0]", ["a text", "found 1"]),
    (
        broken(data={"outputs": ["a"]}),
        "wrong-shape", "data", "", "data.outputs", ["an object {...}", "a list of 1"],
    ),
    (
        broken(training={"epochs": 0}),
        "wrong-shape", "training", "", "training.epochs", ["at least 1", "found 0"],
    ),
    (
        broken(training={"epochs": "5"}),
        "wrong-shape", "training", "", "training.epochs", ["a whole number", 'found "5"'],
    ),
    (
        broken(training={"seed": -1}),
        "wrong-shape", "training", "", "training.seed", ["from 0 to 4294967295", "found -1"],
    ),
    (
        broken(training={"steps_per_execution": "fast"}),
        "wrong-shape", "training", "", "training.steps_per_execution",
        ['expected a whole number of at least 1, or "auto", found "fast"'],
    ),
    (
        broken(training={"steps_per_execution": 0}),
        "wrong-shape", "training", "", "training.steps_per_execution", ['or "auto", found 0'],
    ),
    (
        broken(training={"jit_compile": None}),
        "wrong-shape", "training", "", "training.jit_compile",
        ['true or false, or "auto", found null'],
    ),
    (
        broken(training={"optimizer": "adam"}),
        "wrong-shape", "training", "", "training.optimizer", ["a call", '{"op": "adam"}'],
    ),
    (
        broken(training={"callbacks": [{"params": {}}]}),
        "missing-key", "training", "", "training.callbacks[0]", ['"op" is missing'],
    ),
    (
        broken(training={"losses": {"a b": {"op": 1}}}),
        "wrong-shape", "training", "", 'training.losses["a b"].op', ["a text", "found 1"],
    ),
    (
        broken(training={"loss_weights": {"a": "1"}}),
        "wrong-shape", "training", "", "training.loss_weights.a", ["a number", 'found "1"'],
    ),
    (
        broken(code={"f": {"kind": "layer"}}),
        "missing-key", "code", "", "code.f", ['"source" is missing'],
    ),
    (
        broken(blocks={"b": {"nodes": [{"id": "a"}]}}),
        "wrong-shape", "block:b", "a", 'blocks.b.nodes[0] "a"', ["either an op, or shares"],
    ),
    (
        broken(blocks={"b": {"parameters": 1}}),
        "wrong-shape", "block:b", "", "blocks.b.parameters", ["an object {...}", "found 1"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "code", "graph", "node", "place", "words"),
    CASES,
    ids=map(str, range(len(CASES))),
)
def test_what_does_not_fit_is_told_with_its_place(value, code, graph, node, place, words) -> None:
    _, problems = read_project(value)
    (problem,) = problems
    assert (problem.code, problem.graph, problem.node, problem.place) == (code, graph, node, place)
    assert all(word in problem.sentence() for word in words), problem.sentence()
    assert problem.sentence().startswith(f"{place}: ")
    assert problem.hint


def test_all_mistakes_are_told_at_once_and_the_rest_is_read() -> None:
    value = sample("digits_cnn")
    value["nmae"] = "x"
    node_of(value, "conv1")["at"] = "here"
    node_of(value, "conv2")["repeat"] = 0
    del node_of(value, "pool")["id"]
    value["model"]["edges"][3] = ["norm"]
    value["training"]["epochs"] = "many"
    project, problems = read_value(value)
    assert [problem.place for problem in problems] == [
        'model.nodes[1] "conv1".at',
        'model.nodes[2] "conv2".repeat',
        "model.nodes[7]",
        "model.edges[3]",
        "training.epochs",
        "the project",
    ]
    assert project.name == "digits_cnn"
    assert "pool" not in project.model.nodes
    assert project.model.nodes["conv1"].params["filters"] == 32
    assert len(project.model.edges) == 11
    assert project.training.seed == 7


def test_of_two_nodes_with_one_id_the_first_is_kept() -> None:
    project, _ = read_project(model({"id": "a", "op": "x"}, {"id": "a", "op": "y"}))
    assert project.model.nodes == {"a": Node("a", "x")}


@pytest.mark.parametrize(
    "value",
    ["x" * 10_000, list(range(10_000)), {str(i): i for i in range(10_000)}, "\ud800\u202e\x1b[2J"],
    ids=["a long text", "a long list", "a large object", "marks"],
)
def test_what_was_found_is_shown_short_and_escaped(value) -> None:
    for place in ({"epochs": value}, {"loop": [value]}, {"optimizer": [value]}):
        _, problems = read_project(broken(training=place))
        (problem,) = problems
        assert len(problem.sentence()) < 250
        assert problem.sentence().isprintable()


@pytest.mark.parametrize("name", ["x" * 10_000, "\u202eevil", "\ud800", "a\nb", 'a"b', "a.b[0]"])
def test_a_name_in_a_sentence_is_short_and_escaped(name) -> None:
    value = model({"id": name, "op": "x", "at": 1})
    value[name] = 1
    value["training"] = {"losses": {name: 1}}
    value["blocks"] = {name: {"nodes": 1}}
    _, problems = read_project(value)
    assert len(problems) == 4
    for problem in problems:
        assert problem.sentence().isprintable()
        assert len(problem.sentence()) < 300


@pytest.mark.parametrize("op", [0.5, [], {}, True])
def test_a_node_whose_op_is_no_text_is_left_out(op) -> None:
    project, problems = read_project(model({"id": "a", "op": op}, {"id": "b", "op": "x"}))
    assert [problem.place for problem in problems] == ['model.nodes[0] "a".op']
    assert list(project.model.nodes) == ["b"]
