"""A bypassed node stands in the graph, and its first input goes past it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.codegen.script import write_script
from studio.graph.bypass import through
from studio.graph.checks import check
from studio.graph.document import Project
from studio.graph.edits import SetNode
from studio.graph.file import dumps, loads
from studio.graph.infer import Inference
from studio.graph.problems import errors
from studio.graph.summary import summary

from .samples import check_value, node_of, read_value, sample


def bypassed(name: str, *nodes: str, graph: str = "model") -> Project:
    """A sample with nodes bypassed."""
    project, _ = read_value(sample(name))
    for node in nodes:
        project = SetNode(graph, node, "bypass", True).apply(project)
    return project


def removed(name: str, gone: str, led: list[str], graph: str) -> dict[str, Any]:
    """The same sample without a node, with an edge in the place of those that led through it."""
    value = sample(name)
    part = value[graph] if graph in value else value["blocks"][graph[6:]]
    part["nodes"] = [node for node in part["nodes"] if node["id"] != gone]
    kept = [e for e in part["edges"] if gone != e[1]]
    part["edges"] = [led if e[0] == gone else e for e in kept]
    return value


def test_what_feeds_it_leaves_its_outputs_and_it_weighs_and_costs_nothing() -> None:
    project = bypassed("digits_cnn", "conv2", "pool")
    shapes = check(project).shapes["model"]
    before = check(read_value(sample("digits_cnn"))[0]).shapes["model"]
    assert shapes.at("conv2") == before.at("conv1")
    assert (shapes.nodes["conv2"].weights, shapes.nodes["conv2"].flops) == ((), 0)
    row = next(r for r in summary(project, shapes)["nodes"] if r["id"] == "conv2")
    assert (row["params"], row["flops"], row["bypass"]) == (0, 0, True)


def test_every_output_port_of_a_bypassed_node_gives_its_first_input() -> None:
    shapes = check(bypassed("digits_cnn", "split", graph="data")).shapes["data"]
    whole = shapes.at("split.train")
    assert whole == shapes.at("split.validation") == shapes.at("split.test") == shapes.at("scale")


@pytest.mark.parametrize(
    ("name", "node", "graph", "led"),
    [
        ("digits_cnn", "norm", "model", ["conv2", "relu"]),
        ("digits_cnn", "scale", "data", ["digits", "split"]),
        ("digits_mlp", "dropout1", "model", ["hidden1", "hidden2"]),
        ("residual_blocks", "stage1", "model", ["stem", "down"]),
        ("residual_blocks", "relu1", "block:residual", ["norm1", "conv2"]),
    ],
)
@pytest.mark.parametrize("style", ["auto", "functional", "subclass"])
def test_the_script_is_that_of_the_graph_without_it(name, node, graph, led, style) -> None:
    without, problems = read_value(removed(name, node, led, graph))
    assert not problems
    script = write_script(bypassed(name, node, graph=graph), style=style)
    assert script.text == write_script(without, style=style).text
    assert (graph, node) not in script.nodes


def test_an_output_that_is_bypassed_keeps_its_name() -> None:
    value = sample("two_inputs_two_outputs")
    value["model"]["nodes"].append({"id": "same", "op": "keras.layers.Dropout", "bypass": True})
    value["model"]["edges"].append(["species", "same"])
    value["model"]["outputs"][value["model"]["outputs"].index("species")] = "same"
    for field in ("losses", "metrics", "loss_weights"):
        part = value["training"].get(field, {})
        if "species" in part:
            part["same"] = part.pop("species")
    arranged = dumps(read_value(value)[0]).replace('"species": [1', '"same": [1')
    project, problems = loads(arranged)
    assert not problems
    for style in ("functional", "subclass"):
        text = write_script(project, style=style).text
        assert '"same": species' in text


def test_a_layer_that_others_call_is_bypassed_with_them_or_not_at_all() -> None:
    project = bypassed("shared_text", "first_words")
    (problem,) = [p for p in check(project).problems if p.code == "lost-share"]
    assert problem.node == "second_words"
    assert "bypassed" in problem.message
    both = bypassed("shared_text", "first_words", "second_words", "first_mean", "second_mean")
    assert "lost-share" not in {p.code for p in check(both).problems}


@pytest.mark.parametrize(("graph", "node"), [("model", "image"), ("data", "digits")])
def test_what_takes_nothing_in_cannot_be_bypassed(graph: str, node: str) -> None:
    problems = errors(check(bypassed("digits_cnn", node, graph=graph)).problems)
    assert ("bad-bypass", graph, node) in {(p.code, p.graph, p.node) for p in problems}


@pytest.mark.parametrize(
    "change",
    [
        {"op": "no.such.Op"},
        {"params": {}},
        {"params": {"filters": "many", "color": "red"}},
        {"op": "block:lost"},
        {"op": "code:lost"},
    ],
)
def test_the_call_of_a_bypassed_node_may_be_wrong(change: dict[str, Any]) -> None:
    value = sample("digits_cnn")
    node_of(value, "conv2").update(change, bypass=True)
    assert not errors(check_value(value).problems)
    assert "conv2" in check_value(value).shapes["model"].nodes


def test_only_the_first_input_of_a_bypassed_node_must_be_fed_and_only_it_is_used() -> None:
    value = sample("digits_cnn")
    node_of(value, "skip")["bypass"] = True
    report = check_value(value)
    assert not errors(report.problems)
    first = next(a for a, b in value["model"]["edges"] if b == "skip")
    project, _ = read_value(value)
    assert first in {edge.source for edge in through(project, project.model).edges}
    value["model"]["edges"] = [e for e in value["model"]["edges"] if e[1] != "skip"]
    assert ("unfed", "skip") in {(p.code, p.node) for p in check_value(value).problems}


def test_bypassed_nodes_in_a_circle_lead_nowhere(ends) -> None:
    value = sample("digits_cnn")
    for name in ("conv2", "norm"):
        node_of(value, name)["bypass"] = True
    value["model"]["edges"] = [e for e in value["model"]["edges"] if e != ["conv1", "conv2"]]
    value["model"]["edges"].append(["norm", "conv2"])
    with ends(5):
        assert "cycle" in {p.code for p in check_value(value).problems}


def test_a_bypass_put_on_and_taken_off_infers_what_hangs_on_it_again() -> None:
    project, _ = read_value(sample("digits_cnn"))
    inference = Inference(Path())
    before = dict(inference.run(project)["model"].nodes)
    inference.run(bypassed("digits_cnn", "conv2"))
    assert inference.run(project)["model"].nodes == before
