"""Nodes into a block and back, and blocks as a whole."""

from __future__ import annotations

import pytest

from studio.codegen.script import write_script
from studio.graph import compose
from studio.graph.checks import check
from studio.graph.document import Project
from studio.graph.edits import SetNode
from studio.graph.problems import StudioError

from .graphs import after, model, of, sound, wires


def shapes_of(project: Project) -> tuple[object, ...]:
    """What leaves the outputs, and what all weighs and costs."""
    shapes = check(project).shapes["model"]
    weights = sorted(str(w.shape) for r in shapes.nodes.values() for w in r.weights)
    flops = sum(r.flops or 0 for r in shapes.nodes.values())
    return [shapes.at(end) for end in project.model.outputs], weights, flops


@pytest.mark.parametrize(
    ("graph", "outs", "ids", "inputs", "outputs", "left"),
    [
        ("x > d1, d1 > d2, d2 > d3", ["d3"], ["d1", "d2"], ["x"], ["d2"],
         ["part > d3", "x > part"]),
        ("x > d1, d1 > d2, d2 > d3", ["d3"], ["d2", "d3"], ["x"], ["d3"],
         ["x > d1", "d1 > part"]),
        # an input is never inside
        ("x > d1, d1 > d2", ["d2"], ["x", "d1"], ["x"], ["d1"], ["part > d2", "x > part"]),
        # several in and out, in the order of the edges
        ("x > d1, x > d2, d1 > d3, d2 > cat, d3 > cat, d3 > d4, cat > d5", ["d5", "d4"],
         ["d3", "cat"], ["d1", "d2"], ["d3", "cat"],
         ["x > d1", "x > d2", "part > d4", "part.cat > d5", "d1 > part", "d2 > part.d2"]),
        # one source that feeds twice comes in once
        ("x > d1, d1 > d2, d1 > d3, d2 > add, d3 > add", ["add"], ["d2", "d3", "add"],
         ["x"], ["add"], ["x > d1", "d1 > part"]),
        # by a port
        ("x > lstm, lstm.state_h > d1, lstm.state_c > d2", ["d1", "d2"], ["d1", "d2"],
         ["lstm_state_h", "lstm_state_c"], ["d1", "d2"],
         ["x > lstm", "lstm.state_h > part", "lstm.state_c > part.lstm_state_c"]),
    ],
)  # fmt: skip
def test_a_block_has_what_crosses_its_border(graph, outs, ids, inputs, outputs, left) -> None:
    project = model(graph, *outs)
    edit, id = compose.group(project, "model", ids, "part")
    grouped = after(edit, project)
    block = grouped.blocks["part"]
    assert id == "part"
    assert (list(block.inputs), list(block.outputs)) == (inputs, outputs)
    assert wires(grouped.model) == left
    assert len(grouped.training.losses) == len(outs)
    assert shapes_of(grouped)[1:] == shapes_of(project)[1:]
    assert "cycle" not in {p.code for p in check(grouped).problems}
    edit, new = compose.unpack(grouped, "model", id)
    back = after(edit, grouped)
    assert sorted(wires(back.model)) == sorted(wires(project.model))
    assert set(back.model.outputs) == set(project.model.outputs)
    assert set(back.training.losses) == set(project.training.losses)
    assert sorted(new) == sorted(each for each in ids if each != "x")


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("digits_cnn", ["conv2", "norm", "relu", "conv3", "skip"]),
        ("digits_cnn", ["digit"]),
        ("digits_mlp", ["hidden1", "dropout1"]),
        ("two_inputs_two_outputs", ["species", "mass", "heavy"]),
        ("residual_blocks", ["stage1", "down"]),
        ("attention_encoder", None),
    ],
)
def test_a_group_runs_as_before_and_unpacks_to_what_it_was(name, ids) -> None:
    project = of(name)
    ids = [i for i in ids or project.model.nodes if i in project.model.nodes]
    edit, id = compose.group(project, "model", ids, "part")
    grouped = after(edit, project)
    assert sound(grouped)
    assert shapes_of(grouped) == shapes_of(project)
    compile(write_script(grouped).text, "script", "exec")
    assert set(grouped.training.losses) == {e.replace(".", "_") for e in grouped.model.outputs}
    edit, _ = compose.unpack(grouped, "model", id)
    back = after(edit, grouped)
    assert write_script(back).text == write_script(project).text


@pytest.mark.parametrize(
    ("name", "graph", "ids", "words"),
    [
        ("digits_cnn", "data", ["scale"], "stages of the data can't be grouped"),
        ("digits_cnn", "model", ["image"], "at least one node that isn't an input"),
        ("digits_cnn", "model", [], "at least one node"),
        ("digits_cnn", "model", ["conv1", "skip"], "would feed itself"),
        ("shared_text", "model", ["first_words"], '"second_words" calls the layer of'),
        ("digits_cnn", "model", ["no"], 'no node "no"'),
        ("digits_cnn", "block:no", ["x"], 'no graph "block:no"'),
    ],
)
def test_why_nodes_cannot_be_grouped(name, graph, ids, words) -> None:
    with pytest.raises(StudioError, match=words):
        compose.group(of(name), graph, ids)


def test_a_group_inside_a_block_keeps_its_parameters() -> None:
    project = of("blocks")
    edit, id = compose.group(project, "block:pair", ["first", "second"], "inner")
    grouped = after(edit, project)
    assert grouped.blocks["inner"].parameters == {"width": 8, "size": 3}
    params = grouped.blocks["pair"].nodes[id].params
    assert params == {"width": {"$": "width"}, "size": {"$": "size"}}
    assert shapes_of(grouped) == shapes_of(project)
    back = after(compose.unpack(grouped, "block:pair", id)[0], grouped)
    assert back.blocks["pair"].nodes["first"].params == project.blocks["pair"].nodes["first"].params


def test_a_repeated_block_is_written_out_with_its_parameters() -> None:
    project = of("blocks")
    edit, ids = compose.unpack(project, "model", "body")
    once = after(edit, project)
    assert ids == ["pair", "sum", "pair2", "sum2", "pair3", "sum3"]
    assert once.model.nodes["pair2"].params == {"width": 4}
    assert shapes_of(once) == shapes_of(project)
    while any((n.op or "").startswith("block:") for n in once.model.nodes.values()):
        name = next(n.id for n in once.model.nodes.values() if n.op.startswith("block:"))
        once = after(compose.unpack(once, "model", name)[0], once)
    assert shapes_of(once) == shapes_of(project)


def test_calls_of_a_block_s_layers_are_unpacked_with_it() -> None:
    project = of("blocks")
    edit, (again,) = compose.duplicate(project, "model", ["body"], shared=True)
    project = after(edit, project)
    project = after(compose.connect(project, "model", "body", again), project)
    project = after(compose.connect(project, "model", again, "flat"), project)
    assert sound(project)
    before = shapes_of(project)
    project = after(compose.unpack(project, "model", again)[0], project)
    assert project.model.nodes["pair4"].shares == "pair"
    assert shapes_of(project) == before


@pytest.mark.parametrize("id", ["image", "flat", "no"])
def test_only_a_block_is_unpacked(id) -> None:
    with pytest.raises(StudioError):
        compose.unpack(of("blocks"), "model", id)


def test_a_bypassed_block_is_not_unpacked() -> None:
    project = SetNode("model", "body", "bypass", True).apply(of("blocks"))
    with pytest.raises(StudioError, match="is bypassed"):
        compose.unpack(project, "model", "body")


def test_a_block_is_repeated() -> None:
    project = of("blocks")
    project = after(compose.repeat(project, "model", "body", 5), project)
    assert project.model.nodes["body"].repeat == 5
    for id, words in (("flat", "is no block"), ("no", "no node")):
        with pytest.raises(StudioError, match=words):
            compose.repeat(project, "model", id, 2)
    edit, id = compose.group(project, "model", ["flat", "digit"], "head")
    project = after(edit, project)
    for count in (0, 1001):
        with pytest.raises(StudioError):
            compose.repeat(project, "model", "body", count)


def test_a_block_is_renamed_wherever_it_is_used() -> None:
    project = of("blocks")
    renamed = after(compose.rename_block(project, "pair", "unit"), project)
    assert set(renamed.blocks) == {"residual", "unit"}
    assert renamed.blocks["residual"].nodes["pair"].op == "block:unit"
    assert shapes_of(renamed) == shapes_of(project)
    for old, new, words in (
        ("no", "x", "no block"),
        ("pair", "residual", "already a block"),
        ("pair", "a b", "no Python identifier"),
    ):
        with pytest.raises(StudioError, match=words):
            compose.rename_block(project, old, new)


def test_a_second_block_and_one_less() -> None:
    project = of("blocks")
    edit, name = compose.duplicate_block(project, "pair")
    more = after(edit, project)
    assert name == "pair2"
    assert more.blocks["pair2"] == more.blocks["pair"]
    assert after(compose.remove_block(more, "pair2"), more) == project
    with pytest.raises(StudioError, match="is used by body"):
        compose.remove_block(project, "residual")


def test_a_value_becomes_a_parameter_of_the_block_and_back() -> None:
    project = of("blocks")
    before = shapes_of(project)
    edit, name = compose.make_parameter(project, "block:pair", "first", "padding")
    made = after(edit, project)
    assert (name, made.blocks["pair"].parameters["padding"]) == ("padding", "same")
    assert shapes_of(made) == before
    edit, same = compose.make_parameter(made, "block:pair", "second", "padding")
    assert same == "padding"
    edit, other = compose.make_parameter(made, "block:pair", "second", "kernel_size", "size")
    assert other == "size"
    edit, default = compose.make_parameter(made, "block:pair", "second", "strides")
    assert after(edit, made).blocks["pair"].parameters[default] == [1, 1]
    back = after(compose.remove_parameter(made, "pair", "padding"), made)
    assert back == project
    gone = after(compose.remove_parameter(project, "residual", "filters"), project)
    assert gone.model.nodes["body"].params == {}
    assert gone.blocks["residual"].nodes["pair"].params == {"width": 8}
    new = after(compose.set_parameter(project, "pair", "width", 16), project)
    assert new.blocks["pair"].parameters["width"] == 16


@pytest.mark.parametrize(
    ("graph", "id", "param", "words"),
    [
        ("model", "digit", "units", "Only inside a block"),
        ("block:pair", "first", "filters", "the block's already|is one of the block's"),
        ("block:pair", "first", "kernel_size", "A part of"),
        ("block:pair", "first", "color", "no value"),
        ("block:pair", "no", "units", "no node"),
    ],
)
def test_why_a_value_cannot_become_a_parameter(graph, id, param, words) -> None:
    with pytest.raises(StudioError, match=words):
        compose.make_parameter(of("blocks"), graph, id, param)
