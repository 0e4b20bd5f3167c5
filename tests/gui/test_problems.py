"""The problems of a project: listed, led to, mended; and the card beside a node's badge."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.graph.edits import SetParam, SetTraining
from studio.gui.canvas.problem_card import show_for
from studio.gui.look.theme import theme
from tests.gui.conftest import settle

LEFT = Qt.MouseButton.LeftButton
NO_MODIFIER = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def wrong(window, project):
    """A window on a project with one error and three warnings, of which each has its mend."""
    path = project("digits_cnn") / "project.json"
    value = json.loads(path.read_text())
    callback = {"op": "keras.callbacks.EarlyStopping", "params": {"monitor": "val_acc"}}
    value["training"]["callbacks"] = [callback]
    loss = {"op": "keras.losses.CategoricalCrossentropy"}
    value["training"]["losses"] = {"digit": loss}
    value["model"]["nodes"][2]["params"]["filters"] = 0
    path.write_text(json.dumps(value))
    assert window.projects.open(path)
    window.panel("problems")
    settle(window)
    return window


def panel(window):
    return window.docks["problems"].panel


def listed(window) -> list[str]:
    rows = panel(window).rows
    return [rows.rows[row].code for row in range(rows.rowCount())]


def row_of(window, code: str):
    return panel(window).rows.index(listed(window).index(code))


def click(window, index, at=None) -> None:
    view = panel(window).list
    place = at if at is not None else view.visualRect(index).topLeft() + LEFT_PART
    QTest.mouseClick(view.viewport(), LEFT, NO_MODIFIER, place)
    settle(window)


from PySide6.QtCore import QPoint  # noqa: E402

LEFT_PART = QPoint(60, 12)


def test_errors_come_first_and_the_tab_counts(wrong) -> None:
    codes = [problem.code for problem in wrong.session.problems]
    assert sorted(listed(wrong)) == sorted(codes)
    assert listed(wrong)[0] == "bad-param"
    assert wrong.docks["problems"].windowTitle() == "Problems 4"


def test_a_click_leads_to_the_node_also_in_another_graph(wrong) -> None:
    wrong.select("data", [])
    click(wrong, row_of(wrong, "bad-param"))
    assert (wrong.graph, wrong.selected()) == ("model", ["conv2"])


def test_enter_leads_to_the_node(wrong) -> None:
    panel(wrong).list.setCurrentIndex(row_of(wrong, "bad-param"))
    panel(wrong).list.setFocus()
    QTest.keyClick(panel(wrong).list, Qt.Key.Key_Return)
    assert wrong.selected() == ["conv2"]


def test_a_problem_of_the_training_brings_its_panel_to_the_front(wrong) -> None:
    wrong.panel("history")
    click(wrong, row_of(wrong, "unknown-monitor"))
    assert wrong.docks["training-settings"].panel.isVisible()


def test_the_mend_in_a_row_is_one_step_that_undo_takes_back(wrong) -> None:
    before = wrong.session.project
    index = row_of(wrong, "unknown-monitor")
    click(wrong, index, panel(wrong).row.mend_rect(index).center())
    assert wrong.session.project.training.callbacks[0].params["monitor"] == "val_accuracy"
    assert "unknown-monitor" not in listed(wrong)
    assert wrong.docks["problems"].windowTitle() == "Problems 3"
    wrong.run_command("edit.undo")
    assert wrong.session.project is before
    settle(wrong)
    assert "unknown-monitor" in listed(wrong)


def test_the_mend_of_the_chosen_problem_is_done_by_the_keyboard_alone(wrong) -> None:
    panel(wrong).list.setCurrentIndex(row_of(wrong, "unknown-monitor"))
    panel(wrong).list.setFocus()
    QTest.keyClick(panel(wrong).list, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    settle(wrong)
    assert "unknown-monitor" not in listed(wrong)


def test_a_problem_without_a_mend_offers_none(wrong) -> None:
    index = row_of(wrong, "bad-param")
    panel(wrong).list.setCurrentIndex(index)
    assert panel(wrong).mend.isHidden()
    assert panel(wrong).row.mend_rect(index).isEmpty()


@pytest.mark.parametrize(("severity", "count"), [("error", 1), ("warning", 3), ("", 4)])
def test_a_filter_leaves_one_severity(wrong, severity, count) -> None:
    QTest.mouseClick(panel(wrong).filters[severity], LEFT)
    assert panel(wrong).rows.rowCount() == count


def test_what_is_chosen_stays_chosen_while_others_come_and_go(wrong) -> None:
    panel(wrong).list.setCurrentIndex(row_of(wrong, "unknown-monitor"))
    wrong.session.do(SetParam("model", "conv2", "filters", 32))
    wrong.session.do(SetParam("model", "conv1", "filters", -3))
    settle(wrong)
    chosen = panel(wrong).list.currentIndex()
    assert panel(wrong).rows.at(chosen).code == "unknown-monitor"


def test_without_problems_it_says_so(cnn) -> None:
    cnn.panel("problems")
    settle(cnn)
    assert panel(cnn).stack.currentWidget() is panel(cnn).empty
    assert cnn.docks["problems"].windowTitle() == "Problems"


def test_a_panel_that_is_not_seen_does_nothing_and_catches_up(wrong) -> None:
    wrong.panel("log")
    settle(wrong)
    wrong.session.do(SetTraining("callbacks", ()))
    settle(wrong)
    assert "unknown-monitor" in listed(wrong)
    assert wrong.docks["problems"].windowTitle() == "Problems 3"
    wrong.panel("problems")
    settle(wrong)
    assert "unknown-monitor" not in listed(wrong)


def test_a_row_says_all_to_a_screen_reader(wrong) -> None:
    text = panel(wrong).rows.data(row_of(wrong, "bad-param"), Qt.ItemDataRole.AccessibleTextRole)
    assert text.startswith('error: model.nodes[2] "conv2": filters is 0')


# The card on the canvas


@pytest.fixture
def idle(window, project):
    """A window on a project whose conv2 has a bias that does nothing."""
    path = project("digits_cnn") / "project.json"
    value = json.loads(path.read_text())
    value["model"]["nodes"][2]["params"].pop("use_bias", None)
    path.write_text(json.dumps(value))
    assert window.projects.open(path)
    settle(window)
    return window


def test_the_card_tells_what_is_wrong_beside_the_node_and_mends_it(idle) -> None:
    item = idle.canvas.scene().nodes["conv2"]
    card = show_for(idle.canvas, item)
    assert card.isVisible()
    assert [problem.node for problem in card.problems] == ["conv2"]
    box = idle.canvas.viewportTransform().mapRect(item.rect).toRect()
    assert not card.geometry().intersects(box)
    assert idle.canvas.viewport().rect().contains(card.geometry())
    QTest.mouseClick(card.buttons[0], LEFT)
    settle(idle)
    assert card.isHidden()
    assert idle.session.project.model.nodes["conv2"].params["use_bias"] is False
    assert show_for(idle.canvas, item) is None


def test_the_card_goes_with_what_was_wrong(idle) -> None:
    card = show_for(idle.canvas, idle.canvas.scene().nodes["conv2"])
    idle.session.do(SetParam("model", "conv2", "use_bias", False))
    settle(idle)
    assert card.isHidden()


def test_the_card_goes_a_moment_after_the_pointer(idle, qtbot) -> None:
    card = show_for(idle.canvas, idle.canvas.scene().nodes["conv2"])
    card.leave()
    qtbot.waitUntil(card.isHidden, timeout=3000)


def test_the_list_follows_the_theme(wrong) -> None:
    light = panel(wrong).list.grab().toImage()
    theme.apply("dark")
    dark = panel(wrong).list.grab().toImage()
    theme.apply("light")
    assert light.pixelColor(200, 200) != dark.pixelColor(200, 200)


def test_a_problem_of_the_training_leads_to_its_field(wrong) -> None:
    click(wrong, row_of(wrong, "unknown-monitor"))
    settle(wrong)
    field = wrong.docks["training-settings"].panel.training.form.fields["callbacks"]
    focus = QApplication.focusWidget()
    assert field is focus or field.isAncestorOf(focus)
    assert not field.visibleRegion().isEmpty()
