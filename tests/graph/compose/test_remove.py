"""Nodes taken out, healed over, bypassed, detached."""

from __future__ import annotations

import pytest

from studio.graph import compose
from studio.graph.edits import SetNode
from studio.graph.problems import StudioError

from .graphs import after, model, of, sound, wires


@pytest.mark.parametrize(
    ("graph", "gone", "left", "outputs"),
    [
        ("in > d1, d1 > d2, d2 > d3", ["d2"], ["in > d1", "d1 > d3"], ["d3"]),
        ("in > d1, d1 > d2, d2 > d3", ["d1", "d2"], ["in > d3"], ["d3"]),
        ("in > d1, d1 > d2, d2 > d3", ["d3"], ["in > d1", "d1 > d2"], ["d2"]),
        ("in > d1, d1 > d2, d2 > d3", ["d2", "d3"], ["in > d1"], ["d1"]),
        ("in > d1, d1 > d2, d1 > drop, d2 > add, drop > add", ["d1"],
         ["in > d2", "in > drop", "d2 > add", "drop > add"], ["add"]),
        # of several inputs the first goes on
        ("in > d1, in > d2, d1 > add, d2 > add, add > d3", ["add"],
         ["in > d1", "in > d2", "d1 > d3"], ["d3"]),
        # the place among the inputs of a Concatenate is kept
        ("in > d1, d1 > d2, d2 > cat, in > cat", ["d2"],
         ["in > d1", "d1 > cat", "in > cat"], ["cat"]),
        # a port for several gets nothing twice
        ("in > d1, d1 > d2, d1 > add, d2 > add, in > add", ["d2"],
         ["in > d1", "d1 > add", "in > add"], ["add"]),
        # an input leaves a gap
        ("in > d1, d1 > d2", ["in"], ["d1 > d2"], ["d2"]),
        # a way by a named port
        ("in > d1, d1 > att, d1 > att.value, att > d2", ["d1"],
         ["in > att", "in > att.value", "att > d2"], ["d2"]),
    ],
)  # fmt: skip
def test_a_chain_heals(graph, gone, left, outputs) -> None:
    last = graph.rpartition(" > ")[2]
    project = after(compose.delete_and_heal(model(graph, last), "model", gone), model(graph, last))
    assert wires(project.model) == left
    assert list(project.model.outputs) == outputs
    assert [*project.training.losses, *project.training.metrics] == outputs * 2


def test_named_labels_follow_an_output_that_moves() -> None:
    project = of("two_inputs_two_outputs")
    project = after(compose.rename(project, "model", "heavy", "weighty"), project)
    before = project.data.nodes["named"].params["function"]["params"]["labels"]
    project = after(compose.delete_and_heal(project, "model", ["species"]), project)
    labels = project.data.nodes["named"].params["function"]["params"]["labels"]
    assert "species" in before
    assert "species" not in labels
    assert set(labels) == {end.replace(".", "_") for end in project.model.outputs}
    assert set(project.training.losses) == set(labels)


def test_healing_a_stage_of_data_leads_its_split_on() -> None:
    project = of("digits_cnn")
    project = after(compose.delete_and_heal(project, "data", ["test"]), project)
    assert project.data.outputs["test"] == "split.test"


def test_a_plain_removal_leaves_a_gap_and_takes_the_losses_along() -> None:
    project = model("in > d1, d1 > d2, d1 > d3", "d2", "d3")
    project = after(compose.remove(project, "model", ["d3", "d1"]), project)
    assert wires(project.model) == []
    assert project.model.outputs == ("d2",)
    assert list(project.training.losses) == list(project.training.metrics) == ["d2"]


@pytest.mark.parametrize("take", [compose.remove, compose.delete_and_heal])
def test_a_layer_that_others_call_goes_to_the_first_of_them(take) -> None:
    project = of("shared_text")
    params = project.model.nodes["first_words"].params
    project = after(take(project, "model", ["first_words"]), project)
    node = project.model.nodes["second_words"]
    assert (node.op, node.shares, node.params) == ("keras.layers.Embedding", None, params)


def test_an_input_of_a_block_that_goes_takes_the_edges_to_it_along() -> None:
    project = model("in > d1, in > d2, d1 > d3, d2 > add, d3 > add, add > d4", "d4")
    edit, block = compose.group(project, "model", ["d3", "add"], "join")
    project = after(edit, project)
    assert project.blocks["join"].inputs == ("d1", "d2")
    project = after(compose.remove(project, "block:join", ["d1"]), project)
    assert project.blocks["join"].inputs == ("d2",)
    assert f"d2 > {block}.d2" in wires(project.model)
    assert not [wire for wire in wires(project.model) if wire.startswith("d1 >")]


@pytest.mark.parametrize(
    ("name", "graph", "ids", "changed"),
    [
        ("digits_cnn", "model", ["norm", "relu"], {"norm", "relu"}),
        ("shared_text", "model", ["first_words"], {"first_words", "second_words"}),
        ("digits_cnn", "data", ["cache"], {"cache"}),
    ],
)
def test_a_bypass_is_put_on_and_taken_off(name, graph, ids, changed) -> None:
    project = of(name)
    on = after(compose.bypass(project, graph, ids), project)
    assert {n.id for n in on.graph(graph).nodes.values() if n.bypass} == changed
    assert after(compose.bypass(on, graph, sorted(changed), on=False), on) == project


@pytest.mark.parametrize(("graph", "node"), [("model", "image"), ("data", "digits")])
def test_what_takes_nothing_in_is_not_bypassed(graph, node) -> None:
    with pytest.raises(StudioError, match=f'"{node}" takes nothing in that could go past it'):
        compose.bypass(of("digits_cnn"), graph, [node])


def test_a_node_that_calls_a_bypassed_layer_is_used_again_with_it() -> None:
    project = of("shared_text")
    on = after(compose.bypass(project, "model", ["first_words"]), project)
    assert after(compose.bypass(on, "model", ["second_words"], on=False), on) == project


def test_a_detached_node_stands_alone_and_the_chain_is_healed() -> None:
    project = model("in > d1, d1 > d2, d2 > d3", "d3")
    project = after(compose.detach(project, "model", ["d2"]), project)
    assert wires(project.model) == ["in > d1", "d1 > d3"]
    assert "d2" in project.model.nodes


def test_the_code_of_a_healed_graph_is_that_of_the_bypassed_one() -> None:
    from studio.codegen.script import write_script

    project = of("digits_cnn")
    for graph, node in (("model", "norm"), ("model", "conv4"), ("data", "cache")):
        healed = after(compose.delete_and_heal(project, graph, [node]), project)
        bypassed = after(SetNode(graph, node, "bypass", True), project)
        assert sound(healed)
        assert write_script(healed).text == write_script(bypassed).text
