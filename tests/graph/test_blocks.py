"""Blocks: graphs used as nodes, with parameters, repeated, one inside another."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from .samples import check_value, node_of, sample


def chain_of_blocks(depth: int, width: int) -> dict[str, Any]:
    """Blocks each of which uses the next one `width` times."""
    value = sample("blocks")
    for index in range(depth):
        op = f"block:b{index + 1}" if index < depth - 1 else "keras.layers.ReLU"
        nodes = [{"id": "x", "op": "keras.Input"}]
        nodes += [{"id": f"n{turn}", "op": op} for turn in range(width)]
        names = [node["id"] for node in nodes]
        edges = [list(pair) for pair in pairwise(names)]
        value["blocks"][f"b{index}"] = {
            "nodes": nodes,
            "edges": edges,
            "inputs": ["x"],
            "outputs": [names[-1]],
        }
    node_of(value, "body").update(op="block:b0", params={}, repeat=1)
    return value


def weights(value: dict[str, Any], name: str = "body") -> int:
    report = check_value(value)
    assert report.problems == []
    return sum(each.count for each in report.shapes["model"].nodes[name].weights)


CONV = 3 * 3 * 4 * 4 + 4  # a 3x3 convolution of 4 channels to 4


@pytest.mark.parametrize("repeat", [1, 2, 3, 50])
def test_a_repeated_block_has_the_weights_of_each_turn(repeat) -> None:
    value = sample("blocks")
    node_of(value, "body")["repeat"] = repeat
    assert weights(value) == repeat * 2 * CONV


def test_a_parameter_reaches_the_block_inside() -> None:
    value = sample("blocks")
    value["blocks"]["residual"]["nodes"][1]["params"]["size"] = 5
    assert weights(value) == 3 * (5 * 3 * 4 * 4 + 4 + CONV)


def test_a_parameter_that_is_left_out_has_the_default_of_its_block() -> None:
    value = sample("blocks")
    node_of(value, "image")["params"]["shape"] = [8, 8, 8]
    del node_of(value, "body")["params"]
    assert weights(value) == 3 * 2 * (3 * 3 * 8 * 8 + 8)


def body(**changes: Any):
    return lambda value: node_of(value, "body").update(changes)


def block(name: str, **changes: Any):
    return lambda value: value["blocks"][name].update(changes)


@pytest.mark.parametrize(
    ("change", "code", "graph", "node", "words"),
    [
        (body(params={"filters": 5}), "shape", "model", "body", ['"sum"', "4 and 5"]),
        (body(params={"filtres": 5}), "unknown-param", "model", "body", ['Did you mean "filters"']),
        (body(op="block:residul"), "lost-block", "model", "body", ['Did you mean "residual"']),
        (body(params={"filters": "many"}), None, "model", "body", ["many", "a whole number"]),
        (body(params={"filters": -3}), None, "model", "body", ["-3", "at least 1"]),
        (body(params={"filters": None}), None, "model", "body", ["null", "a whole number"]),
        (body(params={"filters": {"$": []}}), None, "model", "body", ["filters"]),
        (body(params={"filters": {"$": "x"}}), None, "model", "body", ['"x"']),
        (block("pair", parameters={"width": 8}), None, "block:pair", "first", ['"size"']),
        (block("pair", inputs=["y"]), "lost-input", "block:pair", "y", ['"y"', "keras.Input"]),
        (block("pair", outputs=["y"]), "lost-output", "block:pair", "y", ["blocks.pair.outputs"]),
        (block("pair", outputs=[]), "lost-output", "block:pair", "", ["no output"]),
        (
            lambda value: value["blocks"]["pair"]["nodes"].append({"id": "x2", "op": "no.Op"}),
            "unknown-op", "block:pair", "x2", ["blocks.pair.nodes[3]"],
        ),
        (
            lambda value: value["blocks"].update({"a b": value["blocks"]["pair"]}),
            "bad-id", "block:a b", "a b", ["no Python identifier"],
        ),
        (
            lambda value: value["blocks"]["pair"]["nodes"].append(
                {"id": "again", "op": "block:residual"}
            ),
            "block-in-itself", "model", "body", ["contains itself"],
        ),
        (
            block("residual", inputs=["x"], outputs=["sum", "pair"]),
            "shape", "model", "body", ["repeated with one input and one output"],
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_a_block_is_told(change, code, graph, node, words) -> None:
    value = sample("blocks")
    change(value)
    problems = check_value(value).problems
    there = [p for p in problems if (p.graph, p.node) == (graph, node) and code in (None, p.code)]
    sentences = [problem.sentence() for problem in there]
    assert any(all(word in text for word in words) for text in sentences), problems


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(chain_of_blocks(5, 2), id="32 layers"),
        pytest.param(chain_of_blocks(30, 2), id="a billion layers"),
        pytest.param(chain_of_blocks(10, 20), id="20 to the power of 10 layers"),
        pytest.param(chain_of_blocks(400, 1), id="400 deep"),
        pytest.param(chain_of_blocks(1500, 1), id="1500 deep"),
    ],
)
def test_blocks_however_many_end_in_shapes_or_a_sentence(value, ends) -> None:
    with ends(10):
        report = check_value(value)
    result = report.shapes["model"].nodes.get("body")
    assert result is not None or report.problems


@pytest.mark.parametrize("repeat", [1000, 10**9, 10**30])
def test_a_block_however_often_repeated_ends_in_shapes_or_a_sentence(repeat, ends) -> None:
    value = sample("blocks")
    node_of(value, "body")["repeat"] = repeat
    with ends(10):
        report = check_value(value)
    assert report.problems or report.shapes["model"].nodes["body"].weights
