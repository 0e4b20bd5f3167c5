"""After an edit only what it touches is inferred again, and the result is that of a fresh start."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from studio.graph.checks import Checker, check
from studio.graph.document import Block, Code, Edge, ModelGraph, Node, Project
from studio.graph.edits import AddNode, Connect, Disconnect, Edit, MoveNodes, RemoveNodes, SetParam
from studio.graph.infer import Inference
from studio.graph.problems import StudioError

from .changes import draw_edit
from .samples import SAMPLES, read_value, sample


def chain(*layers: tuple[str, dict]) -> Project:
    """A chain behind an input of (None, 8, 8, 3): nodes n0, n1, ..."""
    nodes = {"x": Node("x", op="keras.Input", params={"shape": [8, 8, 3]})}
    names = ["x"]
    for index, (name, params) in enumerate(layers):
        names.append(f"n{index}")
        nodes[f"n{index}"] = Node(f"n{index}", op=f"keras.layers.{name}", params=params)
    edges = tuple(Edge(a, b) for a, b in pairwise(names))
    return Project(model=ModelGraph(nodes, edges, outputs=(names[-1],)))


CONV = ("Conv2D", {"filters": 4, "kernel_size": 3, "padding": "same"})
FLAT = ("Flatten", {})
DENSE = ("Dense", {"units": 5})
CHAIN = chain(CONV, CONV, FLAT, DENSE, DENSE)


@pytest.mark.parametrize(
    ("edit", "inferred"),
    [
        (MoveNodes("model", {"n0": (5.0, 5.0)}), 0),  # a place is nothing to infer
        (SetParam("model", "n4", "units", 7), 1),
        (SetParam("model", "n3", "units", 7), 2),
        (SetParam("model", "n3", "activation", "relu"), 1),  # nothing changes behind it
        (SetParam("model", "n0", "filters", 9), 2),  # n1 gives what it gave before
        (SetParam("model", "n1", "filters", 9), 3),  # n3 gives what it gave before
        (SetParam("model", "n1", "strides", 2), 3),
        (SetParam("model", "x", "shape", [8, 8, 1]), 2),  # n0 gives what it gave
        (SetParam("model", "x", "shape", [4, 4, 3]), 5),  # all but the last Dense
        (Disconnect("model", "n3", "n4"), 1),
        (RemoveNodes("model", ("n4",)), 0),
    ],
)
def test_an_edit_infers_again_only_what_it_touches(edit: Edit, inferred: int) -> None:
    inference = Inference()
    inference.run(CHAIN)
    shapes = inference.run(edit.apply(CHAIN))
    assert shapes["model"].inferred == inferred


def calls() -> Project:
    """Functions with constants, a layer called twice, and a grid of what comes in."""
    params = {"num_heads": 2, "key_dim": 3}
    nodes = [
        Node("x", op="keras.Input", params={"batch_shape": [2, 4, 3]}),
        Node("row", op="keras.Input", params={"batch_shape": [5]}),
        Node("sum", op="keras.ops.add", params={"x2": 1.0}),
        Node("first", op="keras.layers.MultiHeadAttention", params=params),
        Node("second", shares="first", params={"use_causal_mask": True}),
        Node("grid", op="keras.ops.meshgrid"),
        Node("end", op="keras.ops.sum"),
    ]
    edges = ["x sum.x1", "sum first.query", "sum first.value", "first second.query"]
    edges += ["first second.value", "row grid.x", "row grid.x", "grid.grid_1 end"]
    pairs = tuple(Edge(*edge.split()) for edge in edges)
    return Project(model=ModelGraph({n.id: n for n in nodes}, pairs, outputs=("second", "end")))


@pytest.mark.parametrize(
    ("edit", "inferred"),
    [
        (SetParam("model", "sum", "x2", [1.0, 2.0, 3.0]), 1),  # the sum has the same shape
        (SetParam("model", "sum", "x2", [[[1.0]], [[2.0]]]), 1),
        (SetParam("model", "second", "use_causal_mask", False), 1),
        (SetParam("model", "second", "return_attention_scores", True), 1),
        (SetParam("model", "first", "return_attention_scores", True), 2),
        (Connect("model", "row", "grid.x"), 2),
        (Disconnect("model", "row", "grid.x"), 2),
        (SetParam("model", "grid", "indexing", "ij"), 1),
    ],
)
def test_so_does_an_edit_of_what_a_call_takes(edit: Edit, inferred: int) -> None:
    inference = Inference()
    before = calls()
    check(before, inference=inference)
    after = edit.apply(before)
    found = check(after, inference=inference)
    assert found.shapes["model"].inferred == inferred
    fresh = check(after)
    assert state(found.shapes) == state(fresh.shapes)
    assert set(found.problems) == set(fresh.problems)


def test_what_was_refused_is_known_again_once_it_is_mended() -> None:
    inference = Inference()
    inference.run(CHAIN)
    broken = SetParam("model", "n1", "kernel_size", [1, 2, 3]).apply(CHAIN)
    broken = SetParam("model", "n1", "padding", "valid").apply(broken)
    broken = SetParam("model", "n1", "kernel_size", 99).apply(broken)
    shapes = inference.run(broken)["model"]
    assert set(shapes.nodes) == {"x", "n0"}
    assert list(shapes.refused) == ["n1"]
    shapes = inference.run(CHAIN)["model"]
    assert set(shapes.nodes) == set(CHAIN.model.nodes)
    assert not shapes.refused


def test_what_is_refused_is_told_in_the_order_of_the_file() -> None:
    kept, project = Checker(), CHAIN
    for node in ("n3", "n0", "n3"):
        params = {"lora_rank": 2, "kernel_constraint": {"op": "keras.constraints.NonNeg"}}
        for name, value in params.items():
            project = SetParam("model", node, name, value).apply(project)
            kept.run(project)
        project = Connect("model", "x", "n3").apply(Disconnect("model", "n2", "n3").apply(project))
        found = [each.node for each in kept.run(project).problems if each.code == "shape"]
        assert found == [each.node for each in check(project).problems if each.code == "shape"]
        project = Connect("model", "n2", "n3").apply(Disconnect("model", "x", "n3").apply(project))
    assert found == ["n0", "n3"]


def test_a_cycle_hides_what_is_on_it_until_it_is_opened() -> None:
    inference = Inference()
    inference.run(CHAIN)
    closed = Connect("model", "n1", "n0").apply(CHAIN)
    assert set(inference.run(closed)["model"].nodes) == {"x"}
    assert set(inference.run(CHAIN)["model"].nodes) == set(CHAIN.model.nodes)


def test_a_refusal_keeps_up_with_its_place_in_the_file() -> None:
    inference = Inference()
    wrong = SetParam("model", "n1", "kernel_size", 99).apply(CHAIN)
    wrong = SetParam("model", "n1", "padding", "valid").apply(wrong)
    (problem,) = inference.run(wrong)["model"].problems
    assert problem.place == 'model.nodes[2] "n1"'
    wrong = AddNode("model", Node("y", op="keras.layers.Flatten"), 0).apply(wrong)
    (problem,) = inference.run(wrong, frozenset({("model", "y")}))["model"].problems
    assert problem.place == 'model.nodes[3] "n1"'


@pytest.mark.parametrize("inside", [False, True])
def test_a_layer_of_the_users_own_is_inferred_again_when_its_code_changes(inside) -> None:
    source = "class Own(keras.layers.Layer):\n    def call(self, inputs):\n        return inputs\n"
    nodes = {
        "x": Node("x", op="keras.Input", params={"shape": [3]}),
        "own": Node("own", op="code:Own"),
        "again": Node("again", shares="own"),
    }
    edges = (Edge("x", "own"), Edge("own", "again"))
    block = Block(nodes, edges, inputs=("x",), outputs=("again",))
    model = ModelGraph(nodes, edges, outputs=("again",))
    if inside:
        used = {"x": nodes["x"], "again": Node("again", op="block:b")}
        model = ModelGraph(used, (Edge("x", "again"),), outputs=("again",))
    kept, project = Inference(), Project(model=model, blocks={"b": block})
    for shape in ("same", [None, 7]):
        project = replace(project, code={"Own": Code("layer", source, shape)})
        assert state(kept.run(project)) == state(Inference().run(project))
    assert kept.run(project)["model"].at("again").shape == (None, 7)


def state(shapes: dict) -> dict:
    """All that inference knows, in a form that can be compared."""
    return {
        name: (
            {node: (result.outputs, result.weights, result.flops) for node, result in found},
            {node: problem.message for node, problem in graph.refused.items()},
        )
        for name, graph in shapes.items()
        for found in [graph.nodes.items()]
    }


@given(st.data(), st.sampled_from(SAMPLES))
def test_any_edits_leave_what_a_fresh_start_would_find(data, name: str) -> None:
    project, _ = read_value(sample(name))
    kept = Checker()
    kept.run(project)
    for _ in range(data.draw(st.integers(1, 6))):
        try:
            project = draw_edit(data.draw, project).apply(project)
        except StudioError:
            continue
        incremental = kept.run(project)
        fresh = check(project)
        assert state(incremental.shapes) == state(fresh.shapes)
        assert incremental.problems == fresh.problems
        hard = [each.message for each in kept.run(project, advice=False).problems]
        assert hard == [each.message for each in fresh.problems][: len(hard)]
