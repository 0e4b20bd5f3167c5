"""Nodes put in, made another, and put in each other's place; their ids."""

from __future__ import annotations

import pytest

from studio.graph import compose
from studio.graph.catalogue.registry import find, of_kind
from studio.graph.checks.structure import identifier_problem
from studio.graph.document import Edge, Node, Project
from studio.graph.problems import StudioError

from .graphs import after, model, of, sound, wires


@pytest.mark.parametrize(
    ("taken", "wish", "id"),
    [
        ([], "conv", "conv"),
        (["conv"], "conv", "conv2"),
        (["conv", "conv2", "conv4"], "conv", "conv3"),
        (["conv1"], "conv1", "conv2"),
        (["conv1", "conv2"], "conv1", "conv3"),
        (["x_1"], "x_1", "x_2"),
        ([], "", "node"),
        ([], "3d", "d"),
        ([], "my layer!", "my_layer_"),
        ([], "lambda", "lambda_"),
        ([], "__init", "init"),
        (["d9"], "d9", "d10"),
        ([], "größe", "gr__e"),
    ],
)
def test_a_fresh_id_is_like_its_wish(taken, wish, id) -> None:
    assert compose.fresh_id(taken, wish) == id


def test_every_op_has_a_name_to_begin_with() -> None:
    for op in of_kind("layer", "function", "input", "stage", "source", "application", "activation"):
        assert not identifier_problem(compose.fresh_id((), compose.base_name(op.path))), op.path
    names = ("Conv2D", "SeparableConv1D", "MaxPooling2D", "LSTM", "TextVectorization", "Input")
    made = [compose.base_name(f"keras.layers.{name}") for name in names]
    assert made == ["conv", "conv", "pool", "lstm", "text_vectorization", "inputs"]


def test_what_a_node_begins_with_is_right_for_its_op() -> None:
    for op in of_kind("layer", "stage"):
        params = compose.starting(op.path)
        assert all(op.params[name].accepts(value) for name, value in params.items()), op.path
        missing = {name for name, param in op.params.items() if param.required} - params.keys()
        assert op.path in MAKE_NO_SENSE or not missing, (op.path, missing)


MAKE_NO_SENSE = {
    "keras.layers.EinsumDense",
    "keras.layers.Lambda",
    "keras.layers.Pipeline",
    "keras.layers.StackedRNNCells",
    "tf.data.Dataset.flat_map",
    "tf.data.Dataset.interleave",
    "tf.data.Dataset.scan",
}
"""What can't be begun with: nothing that is true of all inputs can be chosen, or only one's own
code can be."""


@pytest.mark.parametrize(
    ("graph", "outputs", "ends", "left", "outs"),
    [
        # at the end of the chain: the output goes along
        ("in > d1", ["d1"], {"connect_from": "d1"}, ["in > d1", "d1 > dense"], ["dense"]),
        # a branch: the output stays
        ("in > d1", ["d1"], {"connect_from": "in"}, ["in > d1", "in > dense"], ["d1"]),
        # the first node becomes the output
        ("in", [], {"connect_from": "in"}, ["in > dense"], ["dense"]),
        ("in", [], {}, [], ["dense"]),
        # on empty space
        ("in > d1", ["d1"], {}, ["in > d1"], ["d1"]),
        # before an open input, also one that was fed
        ("in, d1", ["d1"], {"connect_to": "d1"}, ["dense > d1"], ["d1"]),
        ("in > d1", ["d1"], {"connect_to": "d1"}, ["dense > d1"], ["d1"]),
        ("in > d1", ["d1"], {"connect_from": "in", "connect_to": "d1"},
         ["in > dense", "dense > d1"], ["d1"]),
        # by a port
        ("in > lstm", ["lstm"], {"connect_from": "lstm.state_c"},
         ["in > lstm", "lstm.state_c > dense"], ["lstm"]),
    ],
)  # fmt: skip
def test_a_node_is_put_in_and_wired(graph, outputs, ends, left, outs) -> None:
    project = model(graph, *outputs)
    edit, id = compose.add_node(project, "model", "keras.layers.Dense", (5, 5), **ends)
    project = after(edit, project)
    assert id == "dense"
    assert sorted(wires(project.model)) == sorted(left)
    assert list(project.model.outputs) == outs
    assert list(project.training.losses) == (outs if outputs else [])
    assert project.model.nodes["dense"].at == (5, 5)


def test_a_model_is_built_from_nothing() -> None:
    project, last = Project(), None
    for op in ("keras.Input", "keras.layers.Dense", "keras.layers.Dropout", "keras.layers.Dense"):
        edit, last = compose.add_node(project, "model", op, (0, 0), last)
        project = after(edit, project)
    assert wires(project.model) == ["inputs > dense", "dense > dropout", "dropout > dense2"]
    assert project.model.outputs == ("dense2",)
    assert sound(project)


def test_a_stage_behind_the_last_one_takes_its_place_in_the_splits() -> None:
    project = of("digits_cnn")
    end = project.data.outputs["train"]
    edit, id = compose.add_node(project, "data", "tf.data.Dataset.prefetch", None, end)
    project = after(edit, project)
    assert project.data.outputs["train"] == id


def test_an_input_put_into_a_block_is_one_of_its_inputs() -> None:
    project = of("blocks")
    edit, id = compose.add_node(project, "block:pair", "keras.Input")
    project = after(edit, project)
    assert project.blocks["pair"].inputs == ("x", id)
    assert project.blocks["pair"].nodes[id].params == {}


@pytest.mark.parametrize(
    ("graph", "edge", "node", "left"),
    [
        ("in > d1, d1 > d2", "d1 > d2", Node("n", "keras.layers.Dropout"),
         ["in > d1", "d1 > n", "n > d2"]),
        ("in > d1, in > d2, d1 > cat, d2 > cat", "d1 > cat", Node("n", "keras.layers.ReLU"),
         ["in > d1", "in > d2", "d1 > n", "n > cat", "d2 > cat"]),
        ("in > d1, in > add", "in > add", "drop", ["in > d1", "in > drop", "drop > add"]),
        ("in > d1, in > att.value, in > att", "in > att.value", "drop",
         ["in > d1", "in > drop", "drop > att.value", "in > att"]),
    ],
)  # fmt: skip
def test_a_node_is_put_into_an_edge(graph, edge, node, left) -> None:
    project = model(f"{graph}, drop", "d1")
    edit = compose.insert_on_edge(project, "model", Edge(*edge.split(" > ")), node)
    project = after(edit, project)
    assert wires(project.model) == left
    if isinstance(node, Node):
        assert project.model.nodes["n"].at is not None


@pytest.mark.parametrize(
    ("edge", "node", "words"),
    [
        ("d1 > d9", "drop", "no edge"),
        ("d1 > d2", "d1", "at an end of this edge already"),
        ("d2 > d3", "in", "in a circle"),
        ("in > d1", "d3", "in a circle"),
        ("d1 > d2", "d4", "no free input"),
        ("d1 > d2", "no", 'no node "no"'),
        ("d1 > d2", "in2", "no free input"),
    ],
)
def test_why_a_node_cannot_be_put_into_an_edge(edge, node, words) -> None:
    project = model("in > d1, d1 > d2, d2 > d3, in2 > d4, drop", "d3")
    with pytest.raises(StudioError, match=words):
        compose.insert_on_edge(project, "model", Edge(*edge.split(" > ")), node)


@pytest.mark.parametrize(
    ("name", "node", "op", "params"),
    [
        ("digits_cnn", "conv1", "keras.layers.SeparableConv2D", "filters kernel_size"),
        ("digits_cnn", "conv1", "keras.layers.Dense", "units activation"),
        ("digits_cnn", "pool", "keras.layers.AveragePooling2D", "pool_size"),
        ("shared_text", "second_words", "keras.layers.Embedding", "input_dim output_dim"),
        ("blocks", "body", "block:pair", ""),
        ("blocks", "digit", "keras.layers.Dropout", "rate"),
    ],
)
def test_another_op_keeps_the_parameters_that_it_has_too(name, node, op, params) -> None:
    project = of(name)
    before = project.model.nodes[node]
    made = project.model.nodes.get(before.shares, before)
    project = after(compose.replace_op(project, "model", node, op), project)
    new = project.model.nodes[node]
    assert (new.op, new.shares, new.at) == (op, None, before.at)
    known = find(op).params if find(op) else project.blocks[op[6:]].parameters
    assert set(params.split()) <= new.params.keys() <= known.keys()
    kept = new.params.keys() & made.params.keys()
    assert {key: new.params[key] for key in kept} == {key: made.params[key] for key in kept}


@pytest.mark.parametrize(
    ("graph", "node", "op", "left"),
    [
        ("in > d1, in > d2, d1 > add, d2 > add, add > d3", "add", "keras.layers.Concatenate",
         ["in > d1", "in > d2", "d1 > add", "d2 > add", "add > d3"]),
        ("in > d1, in > d2, d1 > add, d2 > add, add > d3", "add", "keras.layers.Dense",
         ["in > d1", "in > d2", "d1 > add", "add > d3"]),
        ("in > lstm, lstm.state_h > d1, lstm > d2", "lstm", "keras.layers.Dense",
         ["in > lstm", "lstm > d2"]),
        ("in > att, in > att.value, att > d1", "att", "keras.layers.MultiHeadAttention",
         ["in > att", "in > att.value", "att > d1"]),
        ("in > att, in > att.value, att > d1", "att", "keras.layers.Dense",
         ["in > att", "att > d1"]),
        ("in > d1, d1 > d2", "d1", "keras.Input", ["d1 > d2"]),
    ],
)  # fmt: skip
def test_edges_keep_their_ports_where_another_op_has_them(graph, node, op, left) -> None:
    last = graph.rpartition(" > ")[2]
    project = model(graph, last)
    project = after(compose.replace_op(project, "model", node, op), project)
    if op != "keras.Input":
        assert wires(project.model) == left
    else:
        assert "d1 > d2" in wires(project.model)


def test_two_nodes_change_places_with_edges_outputs_and_losses() -> None:
    project = model("in > d1, d1 > drop, drop > d2", "d2")
    places = {name: node.at for name, node in project.model.nodes.items()}
    project = after(compose.swap(project, "model", "d2", "drop"), project)
    assert wires(project.model) == ["in > d1", "d1 > d2", "d2 > drop"]
    assert project.model.outputs == ("drop",)
    assert list(project.training.losses) == ["drop"]
    assert project.model.nodes["drop"].at == places["d2"]


@pytest.mark.parametrize(("a", "b"), [("in", "d1"), ("d3", "add"), ("d3", "lstm")])
def test_what_lacks_the_ports_cannot_take_a_place(a, b) -> None:
    graph = "in > d1, in > add, d1 > add, add > d3, in > lstm, lstm.state_h > d4"
    with pytest.raises(StudioError, match="can't take the place of"):
        compose.swap(model(graph, "d3"), "model", a, b)


def test_a_renamed_node_of_a_block_is_renamed_as_its_port_too() -> None:
    project = model("x > d1, x > d2, d1 > d3, d2 > add, d3 > add, d3 > d4, add > d5", "d4", "d5")
    edit, block = compose.group(project, "model", ["d3", "add"], "join")
    project = after(edit, project)
    assert {f"d2 > {block}.d2", f"{block}.add > d5"} <= set(wires(project.model))
    for old, new in (("d2", "right"), ("add", "sum"), ("d3", "left")):
        project = after(compose.rename(project, "block:join", old, new), project)
    assert {f"d2 > {block}.right", f"{block}.sum > d5"} <= set(wires(project.model))
    assert sound(project)
