"""The history: typing is one step, any step can be gone to, and what is saved is known."""

from __future__ import annotations

import pytest

from studio.graph.document import Project
from studio.graph.edits import ResetParam, SetParam, SetProject, SetStyle, Several
from studio.graph.file import dumps
from studio.graph.history import History
from studio.graph.problems import StudioError

from .samples import read_value, sample


@pytest.fixture
def done() -> History:
    return History(read_value(sample("digits_cnn"))[0])


def units(value: object) -> SetParam:
    return SetParam("model", "digit", "units", value)


KEY = "param:model:digit:units"


def type_in(done: History, *values: object, key: str = KEY) -> None:
    for value in values:
        done.do(units(value), merge=key)


def test_typing_into_one_field_is_one_step(done) -> None:
    first = done.project
    type_in(done, 1, 12, 128)
    assert done.labels() == (["Set digit.units"], [])
    assert done.undo() == units(128)
    assert done.project is first
    done.redo()
    assert done.project.model.nodes["digit"].params["units"] == 128


@pytest.mark.parametrize(
    ("between", "steps"),
    [
        (lambda done: done.seal(), 2),
        (lambda done: done.mark_saved(), 2),
        (lambda done: done.do(SetStyle("functional")), 3),
        (lambda done: type_in(done, 7, key="another"), 3),
        (lambda done: (done.undo(), done.redo()), 2),
        (lambda done: None, 1),
    ],
)
def test_what_comes_between_ends_the_typing(done, between, steps) -> None:
    type_in(done, 1, 12)
    between(done)
    type_in(done, 3, 33)
    assert done.position == steps


def test_a_field_that_was_emptied_in_between_is_still_one_step(done) -> None:
    first = dumps(done.project)
    type_in(done, 1)
    done.do(ResetParam("model", "digit", "units"), merge=KEY)
    type_in(done, 5, 55)
    assert done.position == 1
    edit = done.undo()
    assert isinstance(edit, Several)
    assert dumps(done.project) == first
    assert dumps(edit.apply(done.project)) == dumps(done.jump(1))


def test_an_edit_that_is_refused_ends_nothing(done) -> None:
    type_in(done, 1)
    with pytest.raises(StudioError):
        done.do(SetParam("model", "no", "units", 2), merge=KEY)
    type_in(done, 2)
    assert done.position == 1


def test_edits_without_a_key_are_never_merged(done) -> None:
    done.do(units(1))
    done.do(units(2))
    assert done.position == 2


def test_any_step_of_the_history_can_be_gone_to(done) -> None:
    states = [done.project]
    for number in range(5):
        states.append(done.do(SetProject("name", f"name{number}")))
    for position in (3, 0, 5, 1, 1, 4):
        assert done.jump(position) is states[position]
        assert done.position == position
        assert tuple(map(len, done.labels())) == (position, 5 - position)
    done.do(SetStyle("functional"))
    assert done.position == 5
    assert done.redo() is None
    for position in (-1, 6):
        with pytest.raises(IndexError):
            done.jump(position)


def test_what_is_saved_is_known_through_undo_and_redo(done) -> None:
    assert not done.changed
    done.do(SetStyle("functional"))
    assert done.changed
    done.mark_saved()
    assert not done.changed
    done.undo()
    assert done.changed
    done.redo()
    assert not done.changed
    type_in(done, 1)
    assert done.changed


def test_a_recovered_project_begins_changed() -> None:
    assert History(Project(name="a"), saved=Project()).changed
