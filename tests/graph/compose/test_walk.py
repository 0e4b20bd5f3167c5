"""Ways along the edges, and what can be joined."""

from __future__ import annotations

from typing import Any

import pytest

from studio.graph import compose
from studio.graph.checks import check
from studio.graph.document import Edge
from studio.graph.edits import MoveNodes
from studio.graph.infer import Inference
from studio.graph.problems import ERROR, StudioError

from .graphs import after, model, of

FAN = "in > d1, in > d2, d1 > add, d2 > add, add > d3"
PLACES = {"in": (0, 0), "d2": (-50, 100), "d1": (50, 100), "add": (0, 200), "d3": (10, 300)}


@pytest.mark.parametrize(
    ("node", "direction", "found"),
    [
        ("in", "out", ["d2", "d1"]),
        ("add", "in", ["d2", "d1"]),
        ("in", "in", []),
        ("in", "down", ["d1", "d2"]),
        ("add", "up", ["d1", "d2"]),
        ("d2", "right", ["d1"]),
        ("d1", "left", ["d2"]),
        ("d1", "right", []),
        ("d3", "up", ["add"]),
    ],
)
def test_arrows_walk_along_the_edges(node, direction, found) -> None:
    project = MoveNodes("model", PLACES).apply(model(FAN, "d3"))
    assert compose.walk(project, "model", node, direction) == found


def test_nodes_without_places_can_be_walked_along_too() -> None:
    project = of("blocks")
    assert compose.walk(project, "model", "image", "out") == ["body"]
    assert compose.walk(project, "model", "image", "down") == []
    with pytest.raises(StudioError, match='no direction "north"'):
        compose.walk(project, "model", "image", "north")


def test_all_that_feeds_and_all_that_is_fed() -> None:
    project = model(FAN, "d3")
    assert compose.upstream(project, "model", ["add"]) == ["in", "d1", "d2", "add"]
    assert compose.downstream(project, "model", ["d1"]) == ["d1", "add", "d3"]
    assert compose.downstream(project, "model", ["d3", "d2"]) == ["d2", "add", "d3"]


def ops(project: Any, graph: str, end: str, direction: str) -> list[str]:
    shapes = check(project).shapes
    found = compose.fits(project, graph, end, direction, shapes)
    return [each.op.rpartition(".")[2] for each in found]


@pytest.mark.parametrize(
    ("name", "graph", "end", "direction", "there", "absent"),
    [
        ("digits_cnn", "model", "conv1", "out", "Conv2D MaxPooling2D Flatten Add", "Conv1D LSTM"),
        ("digits_cnn", "model", "mean", "out", "Dense Dropout Concatenate", "Conv2D LSTM Conv1D"),
        ("digits_cnn", "data", "digits", "out", "batch map split", "Dense csv"),
        ("shared_text", "model", "first_words", "out", "LSTM Conv1D Dense", "Conv2D"),
        ("blocks", "model", "image", "out", "Conv2D block:pair block:residual", "LSTM"),
        ("digits_cnn", "model", "conv2", "in", "Conv2D Input ReLU", "GlobalAveragePooling2D"),
        ("digits_cnn", "model", "digit", "in", "Dense Flatten Input", "csv batch"),
        ("digits_cnn", "data", "cache", "in", "csv batch", "Dense"),
    ],
)
def test_the_menu_of_a_wire_holds_what_fits(name, graph, end, direction, there, absent) -> None:
    found = ops(of(name), graph, end, direction)
    assert set(there.split()) <= set(found)
    assert not set(absent.split()) & set(found)
    twice = {each for each in found if found.count(each) > 1}
    assert twice <= {"window"} or name == "blocks"  # of a series, and tf.data's own


def test_each_op_of_the_menu_is_taken_by_the_check() -> None:
    for name, graph, end in (("digits_cnn", "model", "conv1"), ("shared_text", "model", "first")):
        project = of(name)
        shapes = check(project).shapes
        for fit in compose.fits(project, graph, end, "out", shapes):
            edit, id = compose.add_node(project, graph, fit.op, None, end, params=fit.params)
            grown = edit.apply(project)
            again = Inference().run(grown)[graph]
            bad = [p for p in check(grown).problems if p.node == id and p.severity == ERROR]
            # What takes two or more still lacks the others.
            assert id in again.nodes or {p.code for p in bad} <= {"unfed", "shape"}, fit.op
            if id in again.nodes and fit.gives is not None:
                assert again.at(id) == fit.gives, fit.op


@pytest.mark.parametrize(
    ("name", "graph", "source", "target", "words"),
    [
        ("digits_cnn", "model", "conv1", "skip", None),
        ("digits_cnn", "model", "conv1", "conv1", "can't feed itself"),
        ("digits_cnn", "model", "digit", "conv1", "in a circle"),
        ("digits_cnn", "model", "image", "digit", 'and "dropout" feeds it already'),
        ("digits_cnn", "model", "conv1", "image", "takes nothing in"),
        ("digits_cnn", "model", "conv1.x", "skip", 'no output "x"'),
        ("digits_cnn", "model", "conv1", "skip.x", 'no input "x"'),
        ("digits_cnn", "model", "no", "skip", 'no node "no"'),
        ("digits_cnn", "data", "cache", "scale", "in a circle"),
        ("digits_cnn", "data", "train", "digits", "takes nothing in"),
        ("blocks", "block:pair", "first", "x", "input of the block"),
    ],
)
def test_a_wire_in_the_hand_says_why_it_cannot_be(name, graph, source, target, words) -> None:
    project = of(name)
    why = compose.why_not(project, graph, source, target, check(project).shapes)
    assert why is None if words is None else words in why
    assert why is None or why.endswith(".")


@pytest.mark.parametrize(
    ("graph", "source", "target", "words"),
    [
        ("in > d1, lstm", "d1", "lstm", "LSTM expects"),
        ("in > d1, add", "d1", "add", None),  # its second tensor is still to come
        ("in > d1, att", "d1", "att", None),
        ("in > d1, d2", "d1", "d2", None),
        ("d1, d2", "d1", "d2", None),  # nothing is known yet
    ],
)
def test_the_rule_of_the_target_has_its_say(graph, source, target, words) -> None:
    project = model(graph, "d1")
    why = compose.why_not(project, "model", source, target, check(project).shapes)
    assert why is None if words is None else words in why


def test_the_edge_in_the_hand_is_no_obstacle_to_itself() -> None:
    project = model("in > d1, in > d2, d1 > d3", "d3")
    shapes = check(project).shapes
    assert compose.why_not(project, "model", "d2", "d3", shapes) is not None
    assert compose.why_not(project, "model", "d2", "d3", shapes, Edge("d1", "d3")) is None


def test_what_may_be_drawn_is_sound_once_it_is_drawn() -> None:
    project = of("digits_cnn")
    report = check(project)
    known = {p.node for p in report.problems}
    for source in project.model.nodes:
        for target in project.model.nodes:
            if compose.why_not(project, "model", source, target, report.shapes) is None:
                drawn = after(compose.connect(project, "model", source, target), project)
                wrong = [p for p in check(drawn).problems if p.severity == ERROR]
                assert not {p.node for p in wrong} - known - compose_downstream(drawn, target)
                assert target not in {p.node for p in wrong}


def compose_downstream(project: Any, node: str) -> set[str]:
    return {"", *project.model.outputs, *compose.downstream(project, "model", [node])}
