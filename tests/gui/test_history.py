"""The steps of a project, each of which can be gone to."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from studio.graph.edits import RenameNode, SetParam, SetProject
from studio.graph.file import dumps
from studio.graph.recovery import replay
from tests.gui.conftest import settle


@pytest.fixture
def steps(cnn):
    """A window with three steps behind it, the second of them saved, and the projects between."""
    cnn.panel("history")
    settle(cnn)
    states = [cnn.session.project]
    for edit in (
        SetParam("model", "conv4", "filters", 48),
        RenameNode("model", "conv2", "second"),
        SetProject("note", "x"),
    ):
        assert cnn.session.do(edit)
        states.append(cnn.session.project)
        if isinstance(edit, RenameNode):
            assert cnn.projects.save()
    settle(cnn)
    cnn.states = states
    return cnn


def panel(window):
    return window.docks["history"].panel


def rows(window) -> list[str]:
    model = panel(window).steps
    role = Qt.ItemDataRole.AccessibleTextRole
    return [model.data(model.index(row), role) for row in range(model.rowCount())]


def click(window, row: int) -> None:
    view = panel(window).list
    place = view.visualRect(panel(window).steps.index(row)).center()
    QTest.mouseClick(
        view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place
    )
    settle(window)


def test_every_step_is_listed_with_what_it_did(steps) -> None:
    assert rows(steps) == [
        "Opened",
        "Set conv4.filters",
        "Rename conv2 to second, saved",
        "Set note, current",
    ]


@pytest.mark.parametrize("row", [0, 1, 2, 3])
def test_a_click_goes_to_a_step_and_another_comes_back(steps, row) -> None:
    click(steps, row)
    assert steps.session.project is steps.states[row]
    assert steps.session.unsaved == (row != 2)
    assert panel(steps).steps.position == row
    click(steps, 3)
    assert steps.session.project is steps.states[3]


def test_what_is_undone_stays_listed_until_something_else_is_done(steps) -> None:
    click(steps, 1)
    assert rows(steps)[2:] == ["Rename conv2 to second, undone, saved", "Set note, undone"]
    steps.session.do(SetProject("note", "other"))
    settle(steps)
    assert rows(steps)[2:] == ["Set note, current"]


def test_the_keyboard_alone_goes_to_a_step(steps) -> None:
    view = panel(steps).list
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Up)
    QTest.keyClick(view, Qt.Key.Key_Up)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert steps.session.project is steps.states[1]


def test_typing_is_one_step(cnn) -> None:
    cnn.panel("history")
    for filters in (4, 48, 480):
        cnn.session.do(SetParam("model", "conv4", "filters", filters), merge="conv4.filters")
    settle(cnn)
    assert rows(cnn) == ["Opened, saved", "Set conv4.filters, current"]
    click(cnn, 0)
    assert not cnn.session.unsaved


def test_a_pause_in_typing_makes_a_step_of_its_own(cnn, qtbot) -> None:
    cnn.panel("history")
    cnn.session.do(SetParam("model", "conv4", "filters", 4), merge="conv4.filters")
    qtbot.wait(900)
    cnn.session.do(SetParam("model", "conv4", "filters", 48), merge="conv4.filters")
    settle(cnn)
    assert len(rows(cnn)) == 3


def test_a_jump_is_in_the_journal(steps) -> None:
    click(steps, 0)
    found, _ = replay(steps.session.journal.file.read_bytes())
    assert dumps(found) == dumps(steps.states[0])


def test_a_panel_that_is_not_seen_catches_up(steps) -> None:
    steps.panel("node")
    settle(steps)
    steps.session.do(SetProject("note", "y"))
    settle(steps)
    assert len(rows(steps)) == 4
    steps.panel("history")
    settle(steps)
    assert rows(steps)[-1] == "Set note, current"
