"""What belongs to a call of a layer, not to the layer: where it may stand, and what it changes."""

from __future__ import annotations

from typing import Any

import pytest

from studio.graph.catalogue.call import LEFT_OUT
from studio.graph.catalogue.registry import _load, find, of_kind
from studio.graph.problems import errors

from .samples import check_value

OF_CALL = {
    "keras.layers.AdditiveAttention": {"return_attention_scores", "use_causal_mask"},
    "keras.layers.Attention": {"return_attention_scores", "use_causal_mask"},
    "keras.layers.GroupQueryAttention": {"return_attention_scores", "use_causal_mask"},
    "keras.layers.MultiHeadAttention": {"return_attention_scores", "use_causal_mask"},
    "keras.layers.ReversibleEmbedding": {"reverse"},
}


def test_these_layers_have_arguments_of_their_calls() -> None:
    found = {op.path: {name for name, each in op.params.items() if each.call} for op in LAYERS}
    assert {path: names for path, names in found.items() if names} == OF_CALL


LAYERS = of_kind("layer")


def test_all_that_a_call_takes_is_a_port_a_parameter_or_left_out_for_a_reason() -> None:
    lost = {
        f"{op.path}({each['name']})"
        for op in LAYERS
        for each in _load()["ops"][op.path].get("call", ())[1:]
        if op.param(each["name"]) is None and op.input(each["name"]) is None
        if each["name"] not in LEFT_OUT
    }
    assert lost == set()


def test_each_says_its_type_its_default_and_what_it_does() -> None:
    for path, names in OF_CALL.items():
        for name in names:
            param = find(path).params[name]
            assert param.expected() == "true or false"
            assert param.default is False
            assert len(param.help) > 20, (path, name)


def model(second: dict[str, Any] | None = None, **params: Any) -> dict[str, Any]:
    """Attention on x, perhaps with a second call of it."""
    mha = {"num_heads": 2, "key_dim": 3, **params}
    nodes = [
        {"id": "x", "op": "keras.Input", "params": {"shape": [4, 3]}},
        {"id": "y", "op": "keras.layers.MultiHeadAttention", "params": mha},
    ]
    edges = [["x", "y.query"], ["x", "y.value"]]
    if second is not None:
        nodes.append({"id": "z", "shares": "y", "params": second})
        edges += [["y", "z.query"], ["y", "z.value"]]
    return {"nodes": nodes, "edges": edges, "outputs": [nodes[-1]["id"]]}


def said(graph: dict[str, Any]) -> list[str]:
    return [each.message for each in errors(check_value({"studio": 1, "model": graph}).problems)]


WRONG = [
    (model(use_causal_mask=1), "use_causal_mask is 1, but MultiHeadAttention expects true or"),
    (model({"use_causal_mask": 1}), "use_causal_mask is 1, but MultiHeadAttention expects true or"),
    (model({"num_heads": 4}), "has params of its own (num_heads), but calls the layer of"),
    (model({"reverse": True}), "has params of its own (reverse), but calls the layer of"),
    (model(training=True), 'MultiHeadAttention has no parameter "training".'),
]


@pytest.mark.parametrize(("graph", "words"), WRONG)
def test_a_wrong_one_is_refused_in_a_sentence(graph, words) -> None:
    assert any(words in message for message in said(graph)), said(graph)


def test_a_layer_as_a_value_has_none() -> None:
    inner = {"op": "keras.layers.Attention", "params": {"use_causal_mask": True}}
    nodes = [
        {"id": "x", "op": "keras.Input", "params": {"shape": [4, 3]}},
        {"id": "y", "op": "keras.layers.TimeDistributed", "params": {"layer": inner}},
    ]
    messages = said({"nodes": nodes, "edges": [["x", "y"]], "outputs": ["y"]})
    assert any("use_causal_mask belongs to a call of Attention" in each for each in messages)


def test_each_call_has_its_own() -> None:
    scores = {"return_attention_scores": True}
    for first, second, wanted in [
        ({}, {}, (1, 1)),
        (scores, {}, (2, 1)),
        ({}, scores, (1, 2)),
        (scores, scores, (2, 2)),
    ]:
        shapes = check_value({"studio": 1, "model": model(second, **first)}).shapes["model"]
        found = tuple(len(shapes.nodes[name].outputs) for name in ("y", "z"))
        assert found == wanted


def test_outputs_cant_hang_on_a_parameter_of_the_block_around() -> None:
    block = model(return_attention_scores={"$": "scores"})
    block |= {"inputs": ["x"], "parameters": {"scores": True}}
    nodes = [block["nodes"][0], {"id": "b", "op": "block:own"}]
    graph = {"nodes": nodes, "edges": [["x", "b"]], "outputs": ["b"]}
    report = check_value({"studio": 1, "model": graph, "blocks": {"own": block}})
    messages = [each.message for each in errors(report.problems)]
    assert any("has outputs that hang on a parameter of its block" in each for each in messages)
