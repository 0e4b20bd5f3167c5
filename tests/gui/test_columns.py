"""The dialog of a table's columns, by mouse and keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from studio.graph.edits import SetProject
from studio.gui.columns.dialog import ColumnsDialog
from studio.gui.columns.model import BARS, DIFFERENT, EXAMPLES, KIND, MISSING, NAME, ROLE, USE, WAY
from studio.gui.columns.sampling import ROWS, rows_of
from studio.gui.window import Window
from tests.conftest import events
from tests.data_files import put
from tests.gui.conftest import settle


def opened(window: Window, source: str, qtbot) -> ColumnsDialog:
    """The dialog as the key opens it, once it has read the table."""
    window.select("data", [source])
    settle(window)
    window.canvas.setFocus()
    window.run_command("graph.columns")
    (dialog,) = window.findChildren(ColumnsDialog)
    qtbot.waitUntil(lambda: dialog.isVisible() and not dialog._timer.isActive())
    return dialog


@pytest.fixture
def penguins(window, project, qtbot) -> ColumnsDialog:
    """The dialog on the template penguins."""
    assert window.projects.open(project("penguins"))
    return opened(window, "birds", qtbot)


def cell(dialog: ColumnsDialog, name: str, section: int) -> str:
    row = [column.name for column in dialog.model.columns].index(name)
    return dialog.model.index(row, section).data()


def go_to(dialog: ColumnsDialog, *names: str) -> None:
    """Clicks on the rows of columns, all but the first with Ctrl."""
    key = Qt.KeyboardModifier.NoModifier
    for name in names:
        row = [column.name for column in dialog.model.columns].index(name)
        index = dialog.shown.mapFromSource(dialog.model.index(row, NAME))
        place = dialog.table.visualRect(index).center()
        QTest.mouseClick(dialog.table.viewport(), Qt.MouseButton.LeftButton, key, place)
        key = Qt.KeyboardModifier.ControlModifier


def choose(combo, text: str) -> None:
    """Takes an entry of a box with the keys."""
    combo.setFocus()
    combo.showPopup()
    view = combo.view()
    view.setCurrentIndex(combo.model().index(combo.findText(text), 0))
    QTest.keyClick(view, Qt.Key.Key_Return)


def test_what_is_in_each_column_is_told(penguins) -> None:
    told = [cell(penguins, "bill_length_mm", each) for each in (ROLE, KIND, WAY)]
    assert told == ["feature", "number", "normalised"]
    assert cell(penguins, "species", ROLE) == "label" and cell(penguins, "year", ROLE) == "left out"
    assert cell(penguins, "sex", MISSING) == "11 (3%)" and cell(penguins, "sex", DIFFERENT) == "2"
    assert cell(penguins, "species", EXAMPLES) == "Adelie, Chinstrap, Gentoo"
    assert cell(penguins, "bill_length_mm", EXAMPLES).startswith("32.1 to 59.6: 39.1, 39.5")
    assert cell(penguins, "bill_length_mm", DIFFERENT) == "164"
    assert "6 features, label species, 1 left out" in penguins.told.text()
    assert not penguins.apply.isEnabled()


def test_changes_are_one_step_that_undo_takes_back(window, penguins, qtbot) -> None:
    """A key, a box and a tick; Apply does them all at once."""
    before = window.session.project
    go_to(penguins, "island")
    QTest.keyClick(penguins.table, Qt.Key.Key_O)
    assert cell(penguins, "island", ROLE) == "left out"
    go_to(penguins, "year")
    QTest.keyClick(penguins.table, Qt.Key.Key_Space)
    choose(penguins.kind, "category")
    choose(penguins.way, "embedding")
    told = [cell(penguins, "year", each) for each in (ROLE, KIND, WAY)]
    assert told == ["feature", "category", "embedding"]
    assert penguins.apply.text() == "Apply 2 changes"
    QTest.mouseClick(penguins.apply, Qt.MouseButton.LeftButton)
    settle(window)
    after = window.session.project
    assert "island" not in after.model.nodes and "year_vector" in after.model.nodes
    assert window.session.history.labels()[0] == ["Change 2 columns of birds"]
    assert window.session.problems == []
    window.run_command("edit.undo")
    assert window.session.project is before


def test_several_columns_at_once_and_only_one_label(penguins) -> None:
    go_to(penguins, "bill_length_mm", "bill_depth_mm", "island")
    assert penguins.role.currentText() == "feature"
    assert penguins.kind.currentIndex() == -1 and not penguins.way.isEnabled()
    choose(penguins.kind, "number")
    assert cell(penguins, "island", KIND) == "category"  # texts are no numbers
    go_to(penguins, "bill_length_mm", "bill_depth_mm")
    choose(penguins.way, "buckets")
    assert cell(penguins, "bill_depth_mm", WAY) == "buckets"
    go_to(penguins, "sex")
    QTest.keyClick(penguins.table, Qt.Key.Key_L)
    assert cell(penguins, "sex", ROLE) == "label" and cell(penguins, "species", ROLE) == "feature"
    QTest.keyClick(penguins.table, Qt.Key.Key_W)
    assert "can't be the weight: it holds texts" in penguins.told.text()
    assert not penguins.apply.isEnabled()


def test_a_tick_leaves_a_column_out(penguins) -> None:
    row = [column.name for column in penguins.model.columns].index("sex")
    index = penguins.shown.mapFromSource(penguins.model.index(row, USE))
    rect = penguins.table.visualRect(index)
    box = QPoint(rect.left() + 18, rect.center().y())
    QTest.mouseClick(penguins.table.viewport(), Qt.MouseButton.LeftButton, pos=box)
    assert cell(penguins, "sex", ROLE) == "left out"
    assert penguins.apply.text() == "Apply 1 change"


def test_searching_escape_and_a_change_beside_it(window, penguins, qtbot) -> None:
    QTest.keyClick(penguins, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(penguins.search, "bill num")
    assert penguins.shown.rowCount() == 2 and penguins.about.text() == "2 of 8 columns"
    before = window.session.project
    QTest.keyClick(penguins, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not window.findChildren(ColumnsDialog))
    assert window.session.project is before
    dialog = opened(window, "birds", qtbot)
    window.session.do(SetProject("note", "changed beside it"))
    assert not dialog.isVisible()  # it knows the columns as they were


def test_five_hundred_columns(window, qtbot, tmp_path) -> None:
    """Only those in sight are looked into; all of them can be changed at once."""
    names = [f"sensor_{i}" for i in range(500)]
    rows = "".join(
        ",".join([*(str(i * j % 97 / 7) for j in range(500)), str(i % 3)]) + "\n" for i in range(60)
    )
    path = put(tmp_path / "wide.csv", f"{','.join(names)},target\n{rows}")
    window.proposing.begin(path)
    qtbot.waitUntil(lambda: not window.proposing.busy)
    settle(window)
    dialog = opened(window, "wide", qtbot)
    settle(window)
    assert len(dialog.model._seen) < 60
    QTest.keyClick(dialog.table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    choose(dialog.way, "as it is")
    assert dialog.apply.text() == "Apply 500 changes"
    QTest.keyClick(dialog.table, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    settle(window)
    assert window.session.problems == []
    ops = {node.op for node in window.session.project.model.nodes.values()}
    assert "keras.layers.Normalization" not in ops


def test_values_are_drawn_as_bars(penguins) -> None:
    table = penguins.table
    index = penguins.shown.mapFromSource(penguins.model.index(3, BARS))
    rect = table.visualRect(index)
    image: QImage = table.viewport().grab(rect).toImage()
    heights = {
        x: sum(image.pixelColor(x, y) != image.pixelColor(1, 1) for y in range(image.height()))
        for x in range(image.width())
    }
    assert max(heights.values()) > 12 and len(set(heights.values())) > 4


def test_only_the_first_rows_are_read(tmp_path: Path) -> None:
    path = put(tmp_path / "long.csv", "a\n" + "1\n" * (ROWS + 500))
    assert sum(map(len, rows_of(path))) == ROWS


def test_the_key_is_there_for_a_csv_alone(window, project) -> None:
    assert window.projects.open(project("digits_cnn"))
    for graph, node, there in (("data", "digits", True), ("data", "scale", False)):
        window.select(graph, [node])
        settle(window)
        window.canvas.setFocus()
        QTest.keyClick(window.canvas, Qt.Key.Key_T)
        found = window.findChildren(ColumnsDialog)
        assert bool(found) == there
        for dialog in found:
            dialog.reject()
            settle(window)


@pytest.mark.slow
def test_a_table_whose_columns_were_changed_trains(window, project, qtbot) -> None:
    assert window.projects.open(project("penguins"))
    dialog = opened(window, "birds", qtbot)
    go_to(dialog, "year")
    QTest.keyClick(dialog.table, Qt.Key.Key_F)
    choose(dialog.kind, "category")
    go_to(dialog, "island")
    choose(dialog.way, "hashed")
    go_to(dialog, "bill_length_mm")
    choose(dialog.way, "buckets")
    go_to(dialog, "body_mass_g")
    QTest.keyClick(dialog.table, Qt.Key.Key_L)
    QTest.mouseClick(dialog.apply, Qt.MouseButton.LeftButton)
    settle(window)
    assert window.session.problems == []
    QTest.mouseClick(window.bar.run, Qt.MouseButton.LeftButton)
    runner = window.runner
    qtbot.waitUntil(lambda: runner.run is not None and not runner.running, timeout=240_000)
    assert runner.run.progress.state == "completed", (runner.run.folder / "log.txt").read_text()
    told = [each for each in events(runner.run.folder) if each["event"] == "epoch"]
    assert told[-1]["metrics"]["mae"] < 0.8 * told[0]["metrics"]["mae"]
    folder = runner.run.folder
    qtbot.waitUntil(lambda: not runner.going(folder), timeout=60_000)
