"""Parts of a graph as text and back: in one window or another, or into a block."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from studio.graph import compose
from studio.graph.document import Code, Frame, Project
from studio.graph.edits import SetCode, SetParam
from studio.graph.file import loads
from studio.graph.part_edits import SetFrame
from studio.graph.problems import StudioError

from .graphs import after, model, of, sound, wires

LAYER = """
class Twice(keras.layers.Layer):
    def call(self, inputs):
        return inputs * 2  # Twice
"""


def test_what_is_copied_is_a_project_file() -> None:
    text = compose.copy(of("digits_cnn"), "model", ["conv1", "conv2"])
    project, problems = loads(text)
    assert not problems
    assert list(project.model.nodes) == ["conv1", "conv2"]
    assert wires(project.model) == ["conv1 > conv2"]


def test_pasting_gives_new_ids_and_keeps_parameters_and_inner_edges() -> None:
    project = of("digits_cnn")
    text = compose.copy(project, "model", ["conv2", "norm", "relu"])
    edit, ids = compose.paste(project, "model", text, (500.0, 50.0))
    pasted = after(edit, project)
    assert ids == ["conv5", "norm2", "relu2"]
    assert wires(pasted.model)[-2:] == ["conv5 > norm2", "norm2 > relu2"]
    nodes = pasted.model.nodes
    assert nodes["conv5"].params == nodes["conv2"].params
    ys = [nodes[name].at[1] for name in ids]
    assert nodes["norm2"].at == (500.0, (min(ys) + max(ys)) / 2) == (500.0, 50.0)


def test_pasting_into_another_project_takes_blocks_and_code_along() -> None:
    source = of("blocks")
    source = SetCode("Twice", Code("layer", LAYER)).apply(source)
    edit, _ = compose.add_node(source, "block:pair", "code:Twice", None, "second")
    source = after(edit, source)
    text = compose.copy(source, "model", ["body"])
    empty = Project()
    edit, ids = compose.paste(empty, "model", text, (0, 0))
    pasted = after(edit, empty)
    assert ids == ["body"]
    assert pasted.blocks == source.blocks
    assert pasted.code == source.code
    assert pasted.model.nodes["body"].repeat == 3
    again = after(compose.paste(pasted, "model", text)[0], pasted)
    assert again.blocks == pasted.blocks


def test_a_block_of_the_same_name_that_says_something_else_comes_under_another() -> None:
    source = SetCode("Twice", Code("layer", LAYER)).apply(of("blocks"))
    source = after(compose.replace_op(source, "block:pair", "second", "code:Twice"), source)
    target = SetCode("Twice", Code("layer", LAYER.replace("* 2", "* 3"))).apply(of("blocks"))
    edit, ids = compose.paste(target, "model", compose.copy(source, "model", ["body"]))
    pasted = after(edit, target)
    assert pasted.model.nodes[ids[0]].op == "block:residual"
    assert pasted.blocks["residual"] == target.blocks["residual"]
    assert set(pasted.blocks) == {"pair", "residual", "pair2"}
    assert pasted.blocks["pair2"].nodes["second"].op == "code:Twice2"
    assert "class Twice2(" in pasted.code["Twice2"].source
    assert pasted.code["Twice"] == target.code["Twice"]


def test_parameters_of_a_block_stay_in_it_and_get_values_outside() -> None:
    project = of("blocks")
    text = compose.copy(project, "block:pair", ["first", "second"])
    edit, ids = compose.paste(project, "block:pair", text)
    inside = after(edit, project)
    assert inside.blocks["pair"].nodes[ids[0]].params["filters"] == {"$": "width"}
    edit, ids = compose.paste(project, "model", text)
    outside = after(edit, project)
    params = outside.model.nodes[ids[0]].params
    assert (params["filters"], params["kernel_size"]) == (8, [3, 3])
    assert set(outside.blocks) == set(project.blocks)


def test_a_copied_call_of_a_shared_layer_stands_alone_without_its_first() -> None:
    project = of("shared_text")
    edit, ids = compose.paste(project, "model", compose.copy(project, "model", ["second_words"]))
    alone = after(edit, project).model.nodes[ids[0]]
    assert (alone.op, alone.shares) == ("keras.layers.Embedding", None)
    both = ["first_words", "second_words"]
    edit, ids = compose.paste(project, "model", compose.copy(project, "model", both))
    assert after(edit, project).model.nodes[ids[1]].shares == ids[0]


def test_frames_are_copied_with_their_nodes() -> None:
    project = of("digits_cnn")
    frame = Frame(title="Stem", x=-100, y=0, width=200, height=300, color="blue")
    project = after(SetFrame("model", "stem", frame), project)
    text = compose.copy(project, "model", ["conv1"], frames=["stem"])
    pasted = after(compose.paste(project, "model", text)[0], project)
    assert pasted.model.frames["stem2"] == replace(frame, x=-60.0, y=40.0)
    text, edit = compose.cut(project, "model", ["conv1"], frames=["stem"])
    assert edit.title == "Cut conv1"
    gone = after(edit, project)
    assert not gone.model.frames
    assert "conv1" not in gone.model.nodes
    back = after(compose.paste(gone, "model", text)[0], gone)
    assert set(back.model.frames) == {"stem"}
    assert set(back.model.nodes) == set(project.model.nodes)


def test_a_whole_project_file_can_be_pasted() -> None:
    text = json.dumps({"studio": 1, "model": {"nodes": [{"id": "a", "op": "keras.layers.ReLU"}]}})
    edit, ids = compose.paste(of("digits_cnn"), "model", text, (3, 4))
    assert after(edit, of("digits_cnn")).model.nodes[ids[0]].at == (3, 4)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("hello", "not JSON"),
        ("import keras\nkeras.layers.Dense(3)", "not JSON"),
        ("3", "no Studio project"),
        ("[1, 2]", "no Studio project"),
        ('{"a": 1}', "no Studio project"),
        ('{"studio": 99}', "newer"),
        ('{"studio": 1}', "without nodes"),
        ('{"studio": 1, "model": {"nodes": [{"id": "a"}]}}', "can't be used"),
        ('{"studio": 1, "model": 3}', "can't be used"),
        ('{"studio": 1, "data": {"nodes": [{"id": "a", "op": "tf.data.Dataset.cache"}]}}',
         "holds data stages"),
        ('{"studio": 1, "model": {"nodes": [{"id": "a", "shares": "b"}]}}', "isn't in it"),
        ("\x00\ud800", "not JSON"),
        ("[" * 100_000, "too deep"),
    ],
)  # fmt: skip
def test_foreign_text_is_refused_with_a_sentence(text, words) -> None:
    with pytest.raises(StudioError, match=words):
        compose.paste(of("digits_cnn"), "model", text)


def test_a_duplicate_stands_beside_its_first() -> None:
    project = of("digits_cnn")
    edit, ids = compose.duplicate(project, "model", ["conv2", "norm"], by=(30.0, 0.0))
    done = after(edit, project)
    assert ids == ["conv5", "norm2"]
    assert wires(done.model)[-1] == "conv5 > norm2"
    x, y = project.model.nodes["norm"].at
    assert done.model.nodes["norm2"].at == (x + 30.0, y)


@pytest.mark.parametrize(
    ("name", "node", "shares"),
    [
        ("digits_cnn", "conv1", "conv1"),
        ("shared_text", "second_words", "first_words"),
        ("blocks", "body", "body"),
        ("digits_cnn", "image", None),
        ("custom_layer", "attend", None),
    ],
)
def test_a_duplicate_that_shares_calls_the_same_layer(name, node, shares) -> None:
    project = of(name)
    if node not in project.model.nodes:
        node = next(n.id for n in project.model.nodes.values() if (n.op or "")[:5] == "code:")
        shares = node
    edit, (id,) = compose.duplicate(project, "model", [node], shared=True)
    new = after(edit, project).model.nodes[id]
    assert new.shares == shares
    assert new.params == ({} if shares else project.model.nodes[node].params)


def test_a_duplicate_of_data_is_plain() -> None:
    project = of("digits_cnn")
    edit, (id,) = compose.duplicate(project, "data", ["scale"], shared=True)
    assert after(edit, project).data.nodes[id].op == "tf.data.Dataset.map"


def test_what_is_pasted_again_is_sound() -> None:
    project = model("x > d1, d1 > d2", "d2")
    edit, ids = compose.paste(project, "model", compose.copy(project, "model", ["x", "d1"]))
    project = after(edit, project)
    project = after(compose.connect(project, "model", ids[1], "d2"), project)
    project = SetParam("model", "x", "shape", [3]).apply(project)
    project = after(compose.delete_and_heal(project, "model", ["x", "d1"]), project)
    assert sound(project)
