"""Edges drawn, led elsewhere, put in order; nodes and outputs likewise."""

from __future__ import annotations

import pytest

from studio.graph import compose
from studio.graph.document import Edge
from studio.graph.edits import SetOutputs
from studio.graph.problems import StudioError

from .graphs import after, model, of, wires

FAN = "in > d1, in > d2, in > d3, d1 > cat, d2 > cat, d3 > cat"


def test_an_edge_into_a_port_for_one_takes_the_place_of_the_one_there() -> None:
    project = model("in > d1, in > d2, d1 > d3", "d3")
    project = after(compose.connect(project, "model", "d2", "d3"), project)
    assert wires(project.model) == ["in > d1", "in > d2", "d2 > d3"]
    project = after(compose.connect(project, "model", "d1", "d3.inputs"), project)
    assert wires(project.model) == ["in > d1", "in > d2", "d1 > d3.inputs"]


def test_an_edge_into_a_port_for_several_comes_last() -> None:
    project = model("in > d1, in > d2, d1 > cat", "cat")
    project = after(compose.connect(project, "model", "d2", "cat"), project)
    assert wires(project.model)[-2:] == ["d1 > cat", "d2 > cat"]


@pytest.mark.parametrize(
    ("edge", "ends", "left"),
    [
        (("d1", "cat"), {"source": "in"}, ["in > cat", "d2 > cat", "d3 > cat"]),
        (("d2", "cat"), {"target": "d3"}, ["d1 > cat", "d2 > d3", "d3 > cat"]),
        (("d3", "cat"), {"source": "d1"}, ["d1 > cat", "d2 > cat", "d1 > cat"]),
    ],
)
def test_an_edge_is_led_elsewhere_in_its_place(edge, ends, left) -> None:
    project = model(FAN, "cat")
    project = after(compose.reroute(project, "model", Edge(*edge), **ends), project)
    assert [w for w in wires(project.model) if not w.startswith("in > d")] == left
    # The edge that ended where there is room for one gave way.
    assert ("in > d3" in wires(project.model)) == (ends != {"target": "d3"})


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]])
def test_the_inputs_of_a_concatenate_are_put_in_order(order) -> None:
    project = model(FAN, "cat")
    project = after(compose.order_edges(project, "model", "cat", order), project)
    assert wires(project.model)[3:] == [f"d{index + 1} > cat" for index in order]


@pytest.mark.parametrize("order", [[], [0, 1], [0, 1, 1], [0, 1, 3], [3, 2, 1]])
def test_what_is_no_order_is_refused(order) -> None:
    with pytest.raises(StudioError, match="fed by 3 edges"):
        compose.order_edges(model(FAN, "cat"), "model", "cat", order)


@pytest.mark.parametrize(
    ("ids", "before", "left"),
    [
        (["d3"], "d1", ["in", "d3", "d1", "d2", "cat"]),
        (["d1"], None, ["in", "d2", "d3", "cat", "d1"]),
        (["d3", "in"], "d2", ["d1", "d3", "in", "d2", "cat"]),
    ],
)
def test_nodes_are_moved_in_the_outline(ids, before, left) -> None:
    project = model("in > d1, d1 > d2, d2 > d3, d3 > cat", "cat")
    project = after(compose.order_nodes(project, "model", ids, before), project)
    assert list(project.model.nodes) == left


def test_an_output_more_and_one_less_with_its_losses() -> None:
    project = model("in > d1, d1 > d2", "d2")
    more = after(compose.set_output(project, "model", "d1"), project)
    assert more.model.outputs == ("d2", "d1")
    assert after(compose.set_output(more, "model", "d1.output"), more) == more
    less = after(compose.set_output(more, "model", "d2", on=False), more)
    assert less.model.outputs == ("d1",)
    assert not less.training.losses
    assert not less.training.metrics


def test_a_new_output_takes_over_the_losses_of_one_that_is_lost() -> None:
    project = model("in > d1, d1 > d2", "d2")
    lost = SetOutputs("model", []).apply(project)
    project = after(compose.set_output(lost, "model", "d1"), lost)
    assert list(project.training.losses) == list(project.training.metrics) == ["d1"]


def test_an_output_by_its_port_is_called_by_both() -> None:
    project = model("in > d1, d1 > lstm", "lstm.state_h")
    assert list(project.training.losses) == ["lstm_state_h"]
    project = after(compose.set_output(project, "model", "lstm.state_h", on=False), project)
    assert project.model.outputs == ()
    assert not project.training.losses
    with pytest.raises(StudioError, match='no output "x"'):
        compose.set_output(project, "model", "lstm.x")


def test_a_stage_of_data_feeds_a_split() -> None:
    project = of("digits_cnn")
    more = after(compose.set_output(project, "data", "cache", split="validation"), project)
    assert more.data.outputs["validation"] == "cache"
    less = after(compose.set_output(more, "data", "cache", on=False, split="validation"), more)
    assert "validation" not in less.data.outputs
    assert after(compose.set_output(less, "data", "cache", on=False), less) == less
