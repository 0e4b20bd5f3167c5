"""What is typed into: commands, ops, nodes and keys, found and done without the mouse."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.graph.document import Edge
from studio.gui.canvas.port_at import ports_of
from studio.gui.palettes import command_palette
from studio.gui.palettes.palette import Palette
from studio.gui.palettes.popup import SHADOW, Popup
from studio.gui.palettes.shortcuts import ShortcutSheet
from studio.gui.settings import Settings
from studio.gui.window import Window
from tests.gui.conftest import at, drag, settle

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier


def press(window, key: Qt.Key, held=NONE) -> None:
    QTest.keyClick(QApplication.focusWidget(), key, held)
    settle(window)


def write(window, text: str) -> None:
    QTest.keyClicks(QApplication.focusWidget(), text)
    settle(window)


def palette(window) -> Palette | None:
    return next((each for each in window.findChildren(Popup) if each.open), None)


def shown(window) -> list[str]:
    return [row.text for row in palette(window).rows.rows]


def test_everything_by_keyboard_alone_from_an_empty_project_to_a_model(window) -> None:
    press(window, Qt.Key.Key_N, CONTROL)
    for name in ("input", "dense"):
        press(window, Qt.Key.Key_Tab)
        write(window, name)
        press(window, Qt.Key.Key_Return)
    graph = window.session.project.model
    assert [node.op for node in graph.nodes.values()] == ["keras.Input", "keras.layers.Dense"]
    assert graph.edges == (Edge("inputs", "dense"),)
    assert graph.outputs == ("dense",)
    assert window.selected() == ["dense"] and window.canvas.hasFocus()
    for _ in graph.nodes:
        press(window, Qt.Key.Key_Z, CONTROL)
    assert not window.session.project.model.nodes


def test_f6_goes_round_the_panels_and_back_to_the_canvas(cnn) -> None:
    canvas = cnn.canvas
    assert canvas.hasFocus()
    press(cnn, Qt.Key.Key_F6)
    assert cnn.docks["library"].isAncestorOf(QApplication.focusWidget())
    press(cnn, Qt.Key.Key_F6, SHIFT)
    assert canvas.hasFocus()
    press(cnn, Qt.Key.Key_E, CONTROL | SHIFT)
    assert cnn.docks["outline"].isAncestorOf(QApplication.focusWidget())
    press(cnn, Qt.Key.Key_L, CONTROL)
    assert QApplication.focusWidget() is cnn.panel("library").field


class TestCommands:
    def test_it_finds_by_letters_and_does_what_is_chosen(self, cnn) -> None:
        press(cnn, Qt.Key.Key_K, CONTROL)
        write(cnn, "sel all")
        assert shown(cnn)[0] == "Select all"
        press(cnn, Qt.Key.Key_Return)
        assert cnn.selected() == list(cnn.session.project.model.nodes)
        assert palette(cnn) is None and cnn.canvas.hasFocus()

    def test_what_was_used_last_comes_first(self, cnn) -> None:
        press(cnn, Qt.Key.Key_K, CONTROL)
        write(cnn, "actual")
        press(cnn, Qt.Key.Key_Return)
        press(cnn, Qt.Key.Key_K, CONTROL)
        assert shown(cnn)[0] == "Actual size"
        assert palette(cnn).current.hint == "Ctrl+0"

    def test_what_cant_be_done_is_grey_and_passed_over(self, cnn) -> None:
        press(cnn, Qt.Key.Key_K, CONTROL)
        rows = {row.text: row for row in palette(cnn).rows.rows}
        assert not rows["Undo"].enabled and rows["Save"].enabled
        seen = set()
        for _ in rows:
            seen.add(palette(cnn).current.text)
            press(cnn, Qt.Key.Key_Down)
        assert seen == {text for text, row in rows.items() if row.enabled}

    def test_up_goes_round_to_the_last(self, cnn) -> None:
        press(cnn, Qt.Key.Key_K, CONTROL)
        able = [row.text for row in palette(cnn).rows.rows if row.enabled]
        press(cnn, Qt.Key.Key_Up)
        assert palette(cnn).current.text == able[-1]

    @pytest.mark.parametrize("way", ["escape", "click elsewhere", "focus elsewhere"])
    def test_it_goes_when_one_looks_elsewhere(self, cnn, way) -> None:
        press(cnn, Qt.Key.Key_K, CONTROL)
        if way == "escape":
            press(cnn, Qt.Key.Key_Escape)
        elif way == "click elsewhere":
            QTest.mouseClick(cnn.bar.name, Qt.MouseButton.LeftButton)
        else:
            cnn.panel("library").field.setFocus()
        assert palette(cnn) is None

    def test_a_window_may_go_with_it_open(self, cnn, tmp_path) -> None:
        other = Window(Settings(tmp_path / "other.json"))
        other.show()
        command_palette(other)
        other.close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        cnn.activateWindow()
        cnn.panel("library").search()  # the focus moves, and nothing listens any more
        cnn.canvas.setFocus()
        assert cnn.canvas.hasFocus()

    def test_a_click_chooses(self, cnn) -> None:
        press(cnn, Qt.Key.Key_K, CONTROL)
        write(cnn, "select all")
        view = palette(cnn).list
        point = view.visualRect(view.model().index(0)).center()
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=point)
        assert len(cnn.selected()) == len(cnn.session.project.model.nodes)

    def test_it_says_when_nothing_is_found_and_works_without_a_project(self, window) -> None:
        press(window, Qt.Key.Key_K, CONTROL)
        write(window, "qqqq")
        assert palette(window).nothing.isVisible()
        press(window, Qt.Key.Key_Return)
        assert palette(window) is not None
        palette(window).field.clear()
        write(window, "new project")
        press(window, Qt.Key.Key_Return)
        assert window.session is not None


class TestAdding:
    def test_what_fits_the_selected_node_comes_first_with_its_shape(self, cnn) -> None:
        cnn.select("model", ["conv1"])
        press(cnn, Qt.Key.Key_Tab)
        rows = palette(cnn).rows.rows
        assert rows[0].text == "Dense" and rows[0].hint == "(·, 8, 8, 64)"
        write(cnn, "flatten")
        assert palette(cnn).current.hint == "(·, 2048)"

    def test_what_was_added_last_comes_first(self, cnn) -> None:
        cnn.select("model", ["conv1"])
        press(cnn, Qt.Key.Key_Tab)
        write(cnn, "layernorm")
        press(cnn, Qt.Key.Key_Return)
        press(cnn, Qt.Key.Key_Tab)
        assert shown(cnn)[0] == "LayerNormalization"

    def test_what_joins_is_fed_by_every_selected_node_in_one_step(self, cnn) -> None:
        before = cnn.session.project
        cnn.select("model", ["conv1", "conv2", "norm"])
        press(cnn, Qt.Key.Key_Tab)
        write(cnn, "concatenate")
        press(cnn, Qt.Key.Key_Return)
        new = cnn.selected()[0]
        edges = [e.source for e in cnn.session.project.model.edges if e.target == new]
        assert edges == ["conv1", "conv2", "norm"]
        assert cnn.session.shapes("model").at(new).shape == (None, 8, 8, 96)
        cnn.run_command("edit.undo")
        assert cnn.session.project is before

    def test_an_output_with_nothing_behind_it_hands_on_its_loss(self, cnn) -> None:
        cnn.select("model", ["digit"])
        press(cnn, Qt.Key.Key_Tab)
        write(cnn, "softmax")
        press(cnn, Qt.Key.Key_Return)
        project = cnn.session.project
        assert project.model.outputs == ("softmax",)
        assert list(project.training.losses) == ["softmax"]

    def test_a_wire_let_go_over_nothing_asks_for_what_takes_it(self, cnn) -> None:
        before = cnn.session.project
        scene = cnn.canvas.scene()
        port = next(p for p in ports_of(scene.nodes["mean"]) if p.out)
        start = at(cnn, port.point)
        drag(cnn, start, start + QPoint(-140, 60))
        rows = palette(cnn).rows.rows
        texts = [row.text for row in rows]
        assert "Dense" in texts and "Conv2D" not in texts  # two axes are too few for it
        assert texts[0] == "Dense" and rows[0].hint == "(·, 64)"
        press(cnn, Qt.Key.Key_Return)
        project = cnn.session.project
        assert Edge("mean", "dense") in project.model.edges
        assert cnn.selected() == ["dense"]
        cnn.run_command("edit.undo")
        assert cnn.session.project is before

    def test_an_input_port_asks_for_what_can_feed_it(self, cnn) -> None:
        port = next(p for p in ports_of(cnn.canvas.scene().nodes["mean"]) if not p.out)
        edge = next(e for e in cnn.session.project.model.edges if e.target == "mean")
        cnn.canvas.ask_for_node(port.point + QPointF(200, -120), port)
        assert "Dense" in shown(cnn) and "Flatten" not in shown(cnn)
        write(cnn, "maxpooling2d")
        press(cnn, Qt.Key.Key_Return)
        new = cnn.selected()[0]
        assert Edge(new, "mean") in cnn.session.project.model.edges
        assert edge not in cnn.session.project.model.edges

    def test_it_stays_in_the_window_wherever_the_wire_was_let_go(self, cnn) -> None:
        port = next(p for p in ports_of(cnn.canvas.scene().nodes["digit"]) if p.out)
        cnn.canvas.ask_for_node(cnn.canvas.seen().bottomRight(), port)
        sheet = palette(cnn).geometry().adjusted(SHADOW, SHADOW, -SHADOW, -SHADOW)
        assert cnn.rect().contains(sheet)
        cnn.resize(1000, 640)
        settle(cnn)
        sheet = palette(cnn).geometry().adjusted(SHADOW, SHADOW, -SHADOW, -SHADOW)
        assert cnn.rect().contains(sheet)

    def test_escape_adds_nothing(self, cnn) -> None:
        before = cnn.session.project
        press(cnn, Qt.Key.Key_Tab)
        write(cnn, "dense")
        press(cnn, Qt.Key.Key_Escape)
        assert cnn.session.project is before and cnn.canvas.hasFocus()

    def test_tab_elsewhere_than_on_the_canvas_goes_on_as_ever(self, cnn) -> None:
        cnn.panel("library").search()
        press(cnn, Qt.Key.Key_Tab)
        assert palette(cnn) is None and cnn.panel("library").list.hasFocus()


class TestFinding:
    @pytest.mark.parametrize(
        ("query", "first", "hint"),
        [
            ("conv3", "conv3", "Conv2D"),
            ("dropout", "dropout", "Dropout"),
            ("rate=", "dropout", "rate="),
            ("rescale", "scale", "function=rescale"),
        ],
    )
    def test_by_name_op_and_value_in_every_graph(self, cnn, query, first, hint) -> None:
        press(cnn, Qt.Key.Key_F, CONTROL)
        write(cnn, query)
        assert palette(cnn).current.text == first
        assert palette(cnn).current.hint.startswith(hint)
        assert cnn.selected() == [first]

    def test_the_arrows_go_through_the_hits_and_enter_stays(self, cnn) -> None:
        press(cnn, Qt.Key.Key_F, CONTROL)
        write(cnn, "conv")
        found = shown(cnn)
        press(cnn, Qt.Key.Key_Down)
        assert cnn.selected() == [found[1]]
        press(cnn, Qt.Key.Key_Return)
        assert palette(cnn) is None and cnn.selected() == [found[1]]
        assert cnn.canvas.hasFocus()

    def test_escape_goes_back_to_what_was_selected(self, cnn) -> None:
        cnn.select("model", ["digit"])
        press(cnn, Qt.Key.Key_F, CONTROL)
        write(cnn, "rescale")
        assert cnn.graph == "data"
        press(cnn, Qt.Key.Key_Escape)
        assert (cnn.graph, cnn.selected()) == ("model", ["digit"])


class TestShortcuts:
    @pytest.fixture
    def sheet(self, cnn) -> ShortcutSheet:
        press(cnn, Qt.Key.Key_F1)
        return palette(cnn)

    def choose(self, sheet, title: str) -> None:
        write(sheet.window_, title)
        press(sheet.window_, Qt.Key.Key_Down)
        assert sheet._current().title == title

    def keys(self, window, id: str) -> list[str]:
        return [each.toString() for each in window.actions_.by_id[id].shortcuts()]

    def test_new_keys_are_recorded_hold_at_once_and_are_kept(self, cnn, sheet) -> None:
        self.choose(sheet, "Select all")
        press(cnn, Qt.Key.Key_Return)
        press(cnn, Qt.Key.Key_J, CONTROL)
        assert self.keys(cnn, "edit.select_all") == ["Ctrl+J"]
        assert cnn.settings.get("shortcuts") == {"edit.select_all": "Ctrl+J"}
        press(cnn, Qt.Key.Key_Escape)
        press(cnn, Qt.Key.Key_J, CONTROL)
        assert len(cnn.selected()) == len(cnn.session.project.model.nodes)

    def test_keys_of_another_command_change_hands_only_when_pressed_twice(self, cnn, sheet) -> None:
        self.choose(sheet, "Select all")
        press(cnn, Qt.Key.Key_Return)
        press(cnn, Qt.Key.Key_R, CONTROL)
        assert "Ctrl+R belongs to Run" in sheet.said.text()
        assert self.keys(cnn, "run.start") == ["Ctrl+R"]
        press(cnn, Qt.Key.Key_R, CONTROL)
        assert self.keys(cnn, "edit.select_all") == ["Ctrl+R"]
        assert self.keys(cnn, "run.start") == []

    def test_delete_brings_the_first_keys_back(self, cnn, sheet) -> None:
        self.choose(sheet, "Select all")
        press(cnn, Qt.Key.Key_Return)
        press(cnn, Qt.Key.Key_J, CONTROL)
        press(cnn, Qt.Key.Key_Delete)
        assert self.keys(cnn, "edit.select_all") == ["Ctrl+A"]
        assert cnn.settings.get("shortcuts") == {}

    def test_escape_while_recording_leaves_the_keys(self, cnn, sheet) -> None:
        self.choose(sheet, "Select all")
        press(cnn, Qt.Key.Key_Return)
        press(cnn, Qt.Key.Key_Escape)
        assert sheet.open and sheet.recording is None
        assert self.keys(cnn, "edit.select_all") == ["Ctrl+A"]

    def test_a_click_on_a_row_records_too_and_keys_can_be_taken_away(self, cnn, sheet) -> None:
        self.choose(sheet, "Select all")
        rect = sheet.list.visualRect(sheet.list.currentIndex())
        QTest.mouseClick(sheet.list.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
        assert sheet.recording.id == "edit.select_all"
        press(cnn, Qt.Key.Key_Escape)
        sheet.clear()
        assert self.keys(cnn, "edit.select_all") == []
        sheet.reset_all()
        assert self.keys(cnn, "edit.select_all") == ["Ctrl+A"]

    def test_commands_are_found_by_their_keys(self, cnn, sheet) -> None:
        write(cnn, "ctrl+shift+s")
        assert [row.title for row in sheet.rows.rows if row.command] == ["Save as…"]
