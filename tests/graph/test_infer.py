"""Inference goes on after a problem: only what hangs on it stays unknown."""

from __future__ import annotations

from typing import Any

import pytest

from studio.graph.chain import chain
from studio.graph.wiring import cycle, wire

from .samples import check_value, node_of, read_value, sample

ORDER = [node["id"] for node in sample("digits_cnn")["model"]["nodes"]]


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("image", []),
        ("conv1", ["image"]),
        ("norm", ["image", "conv1", "conv2"]),
        ("skip", ["image", "conv1", "conv2", "norm", "relu", "conv3"]),
        ("digit", ORDER[:-1]),
    ],
)
def test_what_hangs_on_an_unknown_op_is_left_and_the_rest_inferred(name, known) -> None:
    value = sample("digits_cnn")
    node_of(value, name)["op"] = "no.such.Op"
    report = check_value(value)
    assert list(report.shapes["model"].nodes) == known
    assert len(report.shapes["data"].nodes) == 8
    assert [(problem.code, problem.node) for problem in report.problems] == [("unknown-op", name)]


def test_all_problems_are_told_at_once() -> None:
    value = sample("digits_cnn")
    value["model"]["nodes"] += [
        {"id": "other", "op": "keras.Input", "params": {"shape": [3]}},
        {"id": "wide", "op": "keras.layers.Dense", "params": {"units": "x"}},
        {"id": "flat", "op": "keras.layers.MaxPooling2D"},
        {"id": "whole", "op": "keras.layers.Dense", "params": {"units": 3}},
    ]
    value["model"]["edges"] += [["other", "wide"], ["other", "flat"], ["other", "whole"]]
    node_of(value, "conv4")["params"]["kernel_size"] = 9
    node_of(value, "shuffle", "data")["op"] = "tf.data.Dataset.shufle"
    value["training"]["optimizer"]["op"] = "keras.optimizers.Adem"
    report = check_value(value)
    errors = {(p.code, p.node) for p in report.problems if p.severity == "error"}
    errors -= {("join", "validation"), ("join", "test")}  # of the second input
    assert errors == {
        ("bad-param", "wide"),
        ("shape", "flat"),
        ("shape", "conv4"),
        ("unknown-op", "shuffle"),
        ("unknown-op", ""),
    }
    known = set(report.shapes["model"].nodes)
    assert known == {*ORDER[:8], "other", "whole"}
    assert "validation" in report.shapes["data"].nodes
    assert "train" not in report.shapes["data"].nodes


@pytest.mark.parametrize("missing", ["data", "training", "model"])
def test_a_project_without_a_part_is_still_looked_through(missing) -> None:
    value = sample("digits_cnn")
    del value[missing]
    report = check_value(value)
    assert report.problems == []
    assert set(report.shapes) == {"data", "model"} - {missing}


def shared(**changes: Any) -> dict[str, Any]:
    value = sample("shared_text")
    node_of(value, "first_words").update(changes)
    return value


def test_a_shared_layer_has_its_weights_once() -> None:
    nodes = check_value(shared()).shapes["model"].nodes
    assert nodes["second_words"].output() == nodes["first_words"].output()
    assert nodes["first_words"].weights
    assert nodes["second_words"].weights == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"op": " "},
        {"op": "no.such.Op"},
        {"op": "block:no"},
        {"op": "code:no"},
        {"params": {}},
        {"params": {"input_dim": 8192, "output_dim": "x"}},
        {"params": {"input_dim": 8192, "output_dim": {"$": "x"}}},
        {"params": {"input_dim": 8192, "output_dim": {"x": {"$": "x"}}}},
    ],
    ids=str,
)
def test_a_node_that_shares_a_wrong_layer_stays_unknown(changes) -> None:
    report = check_value(shared(**changes))
    assert {problem.node for problem in report.problems} == {"first_words"}
    assert {"first", "second"} == set(report.shapes["model"].nodes)


def test_a_layer_cannot_be_shared_for_an_input_of_another_width() -> None:
    value = sample("digits_mlp")
    dense = {"id": "again", "shares": "hidden"}
    value["model"]["nodes"] = [
        {"id": "a", "op": "keras.Input", "params": {"shape": [3]}},
        {"id": "b", "op": "keras.Input", "params": {"shape": [4]}},
        {"id": "hidden", "op": "keras.layers.Dense", "params": {"units": 2}},
        dense,
    ]
    value["model"] |= {"edges": [["a", "hidden"], ["b", "again"]], "outputs": ["hidden", "again"]}
    value["model"]["style"] = "functional"
    del value["data"], value["training"]
    (problem,) = check_value(value).problems
    assert (problem.code, problem.node) == ("shape", "again")
    for words in ("(3, 2)", "(4, 2)", '"hidden"', '"b" gives (None, 4) float32'):
        assert words in problem.sentence()


@pytest.mark.parametrize("name", ["", "x y", "\ud800", "\u202e", "\x1b[2J", "a\nb", "x" * 5000])
def test_a_wrong_id_is_shown_escaped_and_short_in_every_sentence(name) -> None:
    value = sample("digits_cnn")
    for node, op in (("conv2", "no.Op"), ("conv4", "block:no")):
        node_of(value, node)["op"] = op
    for node in ("conv2", "conv4", "pool"):
        found = node_of(value, node)
        value["model"]["edges"] += [[name, node]]
        if node == "conv2":
            found["id"] = name
    value["model"]["edges"] += [["digit", name], [name, "digit"]]
    report = check_value(value)
    assert len(report.problems) >= 3
    for problem in report.problems:
        assert problem.sentence().isprintable()
        assert len(problem.sentence()) < 500


def model_of(value: dict[str, Any]):
    return read_value(value)[0].model


@pytest.mark.parametrize(
    ("name", "is_chain"),
    [("digits_mlp", True), ("digits_cnn", False), ("penguins", False), ("shared_text", False)],
)
def test_a_model_that_is_one_line_of_layers_is_a_chain(name, is_chain) -> None:
    model = model_of(sample(name))
    assert (chain(model) == list(model.nodes)) == is_chain
    assert (chain(model) is not None) == is_chain


def test_a_chain_may_name_the_ports_it_goes_through() -> None:
    value = sample("digits_mlp")
    edges = value["model"]["edges"]
    value["model"]["edges"] = [[source, f"{target}.inputs"] for source, target in edges]
    assert chain(model_of(value)) == list(model_of(value).nodes)
    value["model"]["edges"] += value["model"]["edges"][-1:]
    assert chain(model_of(value)) is None


def test_a_node_comes_behind_all_that_feed_it_in_the_order_of_the_file() -> None:
    model = model_of(sample("digits_cnn"))
    assert list(wire(model).order) == ORDER
    value = sample("digits_cnn")
    value["model"]["nodes"].reverse()
    order = wire(model_of(value)).order
    for source, target in value["model"]["edges"]:
        assert order.index(source) < order.index(target)


def test_a_cycle_is_found_and_those_behind_it_have_no_place_in_the_order() -> None:
    value = sample("digits_cnn")
    value["model"]["edges"].append(["conv3", "conv2"])
    model = model_of(value)
    assert set(cycle(model)) == {"conv2", "norm", "relu", "conv3"}
    assert list(wire(model).order) == ["image", "conv1"]


def test_a_shared_node_whose_owner_leads_nowhere_makes_no_false_problem() -> None:
    value = sample("shared_text")
    value["model"]["edges"].remove(["first_mean", "both"])
    report = check_value(value)
    assert "first_words" not in {p.node for p in report.problems if p.severity == "error"}
    assert report.shapes["model"].nodes["both"].output().shape == (None, 24)
