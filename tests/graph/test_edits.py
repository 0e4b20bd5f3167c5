"""Edits and their history: done, undone, done again, always to the same bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.graph import edits, history
from studio.graph.document import Call, Distribution, Edge, Node, Project
from studio.graph.edit_text import decode, encode
from studio.graph.file import dumps, loads
from studio.graph.history import History
from studio.graph.problems import StudioError
from studio.graph.text import Float

from .changes import MAKERS, draw_edit
from .samples import SAMPLES, read_value, sample

PROJECTS = st.sampled_from(SAMPLES)


def project_of(name: str = "digits_cnn") -> Project:
    project, problems = read_value(sample(name))
    assert not problems
    return project


def do(project: Project, *changes: edits.Edit) -> dict:
    for change in changes:
        project = change.apply(project)
    return json.loads(dumps(project))


def ids(value: dict, graph: str = "model") -> list[str]:
    return [node["id"] for node in value[graph]["nodes"]]


def test_every_kind_of_edit_is_generated() -> None:
    assert {*MAKERS, edits.Several} == set(edits.Edit.__subclasses__())


@given(st.data(), PROJECTS)
def test_what_was_done_is_undone_and_done_again_to_the_same_bytes(data, name) -> None:
    done = History(project_of(name))
    texts = [dumps(done.project)]
    for _ in range(data.draw(st.integers(1, 8))):
        edit = draw_edit(data.draw, done.project)
        before = done.project
        try:
            done.do(edit)
        except StudioError:
            assert done.project is before
            assert dumps(before) == texts[-1]
            continue
        assert dumps(before) == texts[-1], "the project before was changed in place"
        assert edit.label
        texts.append(dumps(done.project))
    for text in reversed(texts[:-1]):
        assert done.undo() is not None
        assert dumps(done.project) == text
    assert done.undo() is None
    for text in texts[1:]:
        assert done.redo() is not None
        assert dumps(done.project) == text
    assert done.redo() is None


@given(st.data(), PROJECTS)
def test_an_edited_project_is_read_back_as_it_was_written(data, name) -> None:
    project = project_of(name)
    for _ in range(data.draw(st.integers(1, 6))):
        try:
            project = draw_edit(data.draw, project).apply(project)
        except StudioError:
            continue
    text = dumps(project)
    again, problems = loads(text)
    assert not problems
    assert dumps(again) == text


@given(st.data(), PROJECTS)
def test_several_edits_are_all_done_or_none(data, name) -> None:
    project = project_of(name)
    text = dumps(project)
    parts, after, fails = [], project, False
    for _ in range(data.draw(st.integers(1, 4))):
        parts.append(draw_edit(data.draw, after))
        try:
            after = after if fails else parts[-1].apply(after)
        except StudioError:
            fails = True
    several = edits.Several(tuple(parts), "Change much")
    if fails:
        with pytest.raises(StudioError):
            several.apply(project)
    else:
        assert dumps(several.apply(project)) == dumps(after)
    assert dumps(project) == text
    assert several.label == "Change much"


def outcome(edit: edits.Edit, project: Project) -> str:
    try:
        return dumps(edit.apply(project))
    except StudioError as error:
        return f"refused: {error}"


@given(st.data(), PROJECTS)
def test_an_edit_survives_json(data, name) -> None:
    project = project_of(name)
    edit = draw_edit(data.draw, project)
    read = decode(encode(edit))
    assert type(read) is type(edit)
    assert outcome(read, project) == outcome(edit, project)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "3",
        "null",
        "[]",
        "{}",
        '{"edit": "Fly"}',
        '{"edit": 3}',
        '{"edit": []}',
        '{"edit": "Edit"}',
        '{"edit": "AddNode"}',
        '{"edit": "AddNode", "graph": "model", "node": 3}',
        '{"edit": "AddNode", "graph": "model", "node": {"id": "x", "op": "y", "z": 1}}',
        '{"edit": "SetStyle", "style": 3}',
        '{"edit": "SetStyle", "style": "x", "more": 3}',
        '{"edit": "Several", "edits": [3], "title": "x"}',
        '{"edit": "Several", "edits": 3, "title": "x"}',
        '{"edit": "Connect", "graph": "model", "source": "a", "target": null}',
        '{"edit": "MoveNodes", "graph": "model", "places": {"a": [1]}}',
    ],
)
def test_a_line_that_is_no_edit_is_refused(line) -> None:
    with pytest.raises(StudioError):
        decode(line)


CALL = Call("keras.optimizers.SGD", {"learning_rate": 0.5})


@pytest.mark.parametrize(
    "edit",
    [
        edits.SetTraining("epochs", 3),
        edits.SetTraining("optimizer", CALL),
        edits.SetTraining("callbacks", (CALL,)),
        edits.SetTraining("losses", {"digit": CALL}),
        edits.SetProject("name", "x"),
        edits.SetProject("distribution", Distribution("tf.distribute.MirroredStrategy")),
        edits.SetProject("exports", (CALL,)),
        edits.Several((edits.SetStyle("functional"), edits.SetTraining("seed", 3)), "Both"),
        edits.Several((edits.Several((edits.SetStyle("functional"),), "One"),), "Two"),
        edits.SetParam("model", "digit", "units", Float("1e1")),
        edits.AddNode("model", Node("x", "keras.layers.Dropout", params={"rate": Float("0.50")})),
        edits.MoveNodes("model", {"digit": (Float("1.50"), 2)}),
    ],
    ids=lambda edit: edit.label,
)
def test_this_edit_has_the_same_effect_after_json(edit) -> None:
    project = project_of()
    read = decode(encode(edit))
    after = read.apply(project)
    assert after == edit.apply(project)
    assert dumps(after) == dumps(edit.apply(project))


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (edits.AddNode("model", Node("digit", "keras.layers.Dense")), 'already a node "digit"'),
        (edits.AddNode("block:no", Node("x", "keras.layers.Dense")), 'no graph "block:no"'),
        (edits.RemoveNodes("model", ("digit", "no")), 'no node "no"'),
        (edits.RenameNode("model", "no", "x"), 'no node "no"'),
        (edits.RenameNode("model", "digit", "image"), 'already a node "image"'),
        (edits.SetParam("model", "no", "units", 3), 'no node "no"'),
        (edits.ResetParam("model", "no", "units"), 'no node "no"'),
        (edits.SetNode("model", "digit", "id", "x"), 'no field "id"'),
        (edits.SetNode("model", "digit", "shares", "conv1"), "either an op, or shares"),
        (edits.SetNode("model", "digit", "op", None), "either an op, or shares"),
        (edits.MoveNodes("model", {"no": (0, 0)}), 'no node "no"'),
        (edits.Connect("model", "no", "digit"), 'no node "no"'),
        (edits.Connect("model", "digit", "no.x"), 'no node "no"'),
        (edits.Disconnect("model", "image", "digit"), 'no edge from "image" to "digit"'),
        (edits.SetTraining("speed", 3), 'no field "speed"'),
        (edits.SetProject("studio", 2), 'no field "studio"'),
        (edits.SetBlock("no", None), 'no "no"'),
        (edits.SetCode("no", None), 'no "no"'),
        # What would make a file that can't be read back.
        (edits.AddNode("model", Node("x")), "op"),
        (edits.AddNode("model", Node("x", "keras.layers.Add", shares="conv1")), "op"),
        (edits.SetOutputs("model", 5), "outputs"),
        (edits.SetOutputs("data", ["train"]), "outputs"),
        (edits.SetNode("model", "digit", "repeat", "x"), "repeat"),
        (edits.SetNode("model", "digit", "note", 3), "note"),
        (edits.SetTraining("epochs", "many"), "epochs"),
        (edits.SetTraining("epochs", 0), "epochs"),
        (edits.SetProject("name", 3), "name"),
    ],
)
def test_an_edit_that_cannot_be_done_says_why(edit, words) -> None:
    project = project_of()
    text = dumps(project)
    with pytest.raises(StudioError) as refused:
        edit.apply(project)
    assert words in str(refused.value)
    assert dumps(project) == text


def test_a_shared_layer_cannot_be_removed_without_those_that_call_it() -> None:
    project = project_of("shared_text")
    with pytest.raises(StudioError, match='"second_words" calls the layer of "first_words"'):
        edits.RemoveNodes("model", ("first_words",)).apply(project)
    value = do(project, edits.RemoveNodes("model", ("first_words", "second_words")))
    assert "first_words" not in ids(value)


def test_removing_a_node_takes_its_edges_and_outputs_along() -> None:
    value = do(project_of(), edits.RemoveNodes("model", ("conv1", "digit")))
    assert not {"conv1", "digit"} & {end for edge in value["model"]["edges"] for end in edge}
    assert "outputs" not in value["model"]
    value = do(project_of(), edits.RemoveNodes("data", ("test",)))
    assert value["data"]["outputs"] == {"train": "train", "validation": "validation"}


def test_renaming_a_node_renames_it_everywhere_it_is_named() -> None:
    before = sample("digits_cnn")
    value = do(
        project_of(),
        edits.RenameNode("model", "digit", "number"),
        edits.RenameNode("data", "split", "parts"),
    )
    text = json.dumps(before["model"]).replace('"digit"', '"number"')
    assert value["model"] == json.loads(text)
    text = json.dumps(before["training"]).replace('"digit"', '"number"')
    assert value["training"] == json.loads(text)
    assert ["parts.train", "cache"] in value["data"]["edges"]
    assert ids(value, "data")[2] == "parts"


def test_renaming_a_node_renames_it_for_those_that_share_it() -> None:
    value = do(project_of("shared_text"), edits.RenameNode("model", "first_words", "words"))
    assert [n["shares"] for n in value["model"]["nodes"] if "shares" in n] == ["words"]


def test_an_edge_goes_where_it_was_told_because_the_order_matters() -> None:
    skip = [["conv3", "skip"], ["conv1", "skip"]]
    value = do(
        project_of(),
        edits.Disconnect("model", "conv3", "skip"),
        edits.Connect("model", "conv3", "skip", 5),
    )
    assert [edge for edge in value["model"]["edges"] if edge[1] == "skip"] == skip


def test_of_two_edges_alike_the_last_is_removed() -> None:
    project = project_of()
    project = edits.Connect("model", "image", "skip", 0).apply(project)
    project = edits.Connect("model", "image", "skip").apply(project)
    project = edits.Disconnect("model", "image", "skip").apply(project)
    assert project.model.edges[0] == Edge("image", "skip")
    assert project.model.edges[-1] != Edge("image", "skip")


def test_a_new_change_forgets_what_was_undone() -> None:
    done = History(project_of())
    done.do(edits.SetStyle("functional"))
    done.do(edits.SetProject("name", "x"))
    done.undo()
    assert done.labels() == (["Write the model as functional"], ["Set name"])
    done.do(edits.SetProject("note", "y"))
    assert done.redo() is None
    assert done.labels()[1] == []


def test_a_change_that_fails_keeps_what_can_be_redone() -> None:
    done = History(project_of())
    done.do(edits.SetStyle("functional"))
    done.undo()
    with pytest.raises(StudioError):
        done.do(edits.SetProject("no", 1))
    assert done.labels() == ([], ["Write the model as functional"])
    assert done.redo() == edits.SetStyle("functional")


def test_only_the_oldest_changes_are_forgotten(monkeypatch) -> None:
    monkeypatch.setattr(history, "LONGEST", 3)
    done = History(project_of())
    for index in range(5):
        done.do(edits.SetProject("name", f"name{index}"))
    assert [done.undo() is not None for _ in range(4)] == [True, True, True, False]
    assert done.project.name == "name1"


def test_a_change_shares_all_that_it_did_not_touch() -> None:
    before = project_of()
    after = edits.SetParam("model", "digit", "units", 3).apply(before)
    assert after.data is before.data
    assert after.training is before.training
    assert after.model.nodes["conv1"] is before.model.nodes["conv1"]
    assert after.model.edges is before.model.edges
