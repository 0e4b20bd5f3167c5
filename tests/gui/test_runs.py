"""The table of runs: filtered, sorted, noted, its columns chosen; copied, thrown away."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from studio.gui.look.tokens import SERIES, THEMES, contrast
from studio.gui.panels.runs import RunsPanel
from studio.gui.settings import Settings
from studio.gui.window import Window
from tests.gui.conftest import opened, settle
from tests.gui.run_folders import write_run

LEFT, CTRL, NONE = (
    Qt.MouseButton.LeftButton,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.NoModifier,
)
RATE = "training.optimizer.params.learning_rate"
RATES = (0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
HEAD = Qt.Orientation.Horizontal


@pytest.fixture
def runs(project) -> Path:
    """A project with six runs of different learning rates: tagged, noted, one failed."""
    folder = project("digits_mlp")
    for number, rate in enumerate(RATES, 1):
        about = {"tags": ["baseline"], "note": "the <b>first</b> one"} if number == 1 else {}
        state = "failed" if number == 2 else "completed"
        write_run(folder, number, (f"{RATE}={rate}",), state=state, **about)
    return folder


@pytest.fixture
def panel(window, runs, qtbot) -> RunsPanel:
    """The panel, with all that it reads of them."""
    return listed(window, runs, qtbot)


def listed(window: Window, folder: Path, qtbot) -> RunsPanel:
    assert window.projects.open(folder)
    window.run_command("run.runs")
    settle(window)
    panel = window.docks["runs"].panel
    qtbot.waitUntil(lambda: panel.reading.complete and not panel.reading.busy)
    return panel


def numbers(panel: RunsPanel) -> list[int]:
    """Which runs are shown, by their numbers, from above."""
    return [int(each.folder.name[9:11]) for each in panel.model.rows]


def cell(panel: RunsPanel, row: int, title: str) -> str:
    titles = [panel.model.headerData(c, HEAD) for c in range(panel.model.columnCount())]
    return panel.model.index(row, titles.index(title)).data()


def place(panel: RunsPanel, row: int, key: str = "when") -> QPoint:
    """The middle of a cell, in the viewport."""
    index = panel.model.index(row, panel.model.column_of(key))
    panel.table.scrollTo(index)
    return panel.table.visualRect(index).center()


def click(panel: RunsPanel, row: int, held=NONE, key: str = "when") -> None:
    QTest.mouseClick(panel.table.viewport(), LEFT, held, place(panel, row, key))


def write(panel: RunsPanel, text: str) -> None:
    panel.filter.setFocus()
    panel.filter.clear()
    QTest.keyClicks(panel.filter, text)


FILTERS = (
    ("", [6, 5, 4, 3, 2, 1]),
    ("tag:baseline", [1]),
    ("state:failed", [2]),
    ("not state:failed and val_loss < 0.5", [6, 5]),
    (f"{RATE} <= 0.003", [6, 5, 4]),
    ("optimizer.params.learning_rate > 0.01 or tag:none", [2, 1]),
    ("(tag:baseline or state:failed) not first", [2]),
    ("val_loss > loss and name:digits 04", [4]),
    ("duration < 1s", []),
)


def test_runs_are_filtered_while_it_is_typed(panel) -> None:
    for text, wanted in FILTERS:
        write(panel, text)
        assert numbers(panel) == wanted, text
        assert panel.filter.error is None
        count = "6 runs" if len(wanted) == 6 else f"{len(wanted)} of 6 runs"
        assert panel.head.count.text() == count
        QTest.keyClick(panel.filter, Qt.Key.Key_Escape)
        QTest.keyClick(panel.filter, Qt.Key.Key_Escape)  # the first may only close the names
        assert numbers(panel) == [6, 5, 4, 3, 2, 1]


MISTAKES = (
    ("val_loss >", ">", "a value is missing"),
    ("state:failed and (tag:x", "(", "isn't closed"),
    ("val_los < 1", "val_los", 'Did you mean "val_loss"'),
    ("duration > long", "long", "no duration"),
)


def test_what_a_filter_gets_wrong_is_said_and_marked_where_it_stands(panel) -> None:
    for text, marked, said in MISTAKES:
        write(panel, "state:failed")
        write(panel, text)
        error = panel.filter.error
        assert text[error.at : error.end] == marked
        assert panel._wrong.isVisible() and said in panel._wrong.text()
        wrong = panel.filter.grab().toImage()
        panel.filter.error = None
        panel.filter._mark()
        assert panel.filter.grab().toImage() != wrong
        write(panel, "state:failed")
        assert not panel._wrong.isVisible() and numbers(panel) == [2]


def test_names_are_completed_from_the_keyboard(panel) -> None:
    write(panel, "tag:baseline or val_l")
    popup = panel.filter.completer_.popup()
    assert popup.isVisible()
    QTest.keyClick(popup, Qt.Key.Key_Down)
    QTest.keyClick(popup, Qt.Key.Key_Return)
    assert panel.filter.text() == "tag:baseline or val_loss" and not popup.isVisible()
    QTest.keyClicks(panel.filter, " < 0.5 and state:")
    assert popup.isVisible() and popup.model().rowCount() == 2
    QTest.keyClick(popup, Qt.Key.Key_Escape)
    assert not popup.isVisible() and panel.filter.text().endswith("state:")


def test_a_column_of_a_parameter_is_chosen_sorted_and_remembered(
    panel, window, qtbot, tmp_path, runs
) -> None:
    menu = panel.column_menu()
    named = {action.text(): action for action in menu.actions()}
    texts = list(named)
    assert RATE in texts[texts.index("Parameters that differ:") :]
    assert "training.epochs" not in texts, "they don't differ in it"
    named[RATE].trigger()
    named["Duration"].trigger()
    menu.close()
    assert [cell(panel, row, "learning_rate") for row in (0, 5)] == ["0.0003", "0.1"]
    assert panel.model.column_of("duration") == -1
    head = panel.table.horizontalHeader()
    at = panel.model.column_of(f"parameter:{RATE}")
    where = QPoint(head.sectionViewportPosition(at) + 20, head.height() // 2)
    QTest.mouseClick(head.viewport(), LEFT, NONE, where)
    rising = numbers(panel)
    QTest.mouseClick(head.viewport(), LEFT, NONE, where)
    assert sorted([rising, numbers(panel)]) == [[1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1]]

    again = Window(Settings(tmp_path / "settings.json"))
    other = opened(again, qtbot)
    next(other)
    second = listed(again, runs, qtbot)
    assert [each.key for each in second.model.columns] == [e.key for e in panel.model.columns]
    assert numbers(second) == numbers(panel)
    next(other, None)


def test_tags_and_note_are_written_in_the_table(panel, runs, window) -> None:
    folder = panel.model.rows[2].folder
    point = place(panel, 2, "tags")
    QTest.mouseClick(panel.table.viewport(), LEFT, NONE, point)
    QTest.mouseDClick(panel.table.viewport(), LEFT, NONE, point)
    editor = panel.table.findChild(QLineEdit, "inPlace")
    QTest.keyClicks(editor, "wide sweep:7")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    settle(window)
    told = json.loads((folder / "about.json").read_text())
    assert told == {"note": "", "tags": ["wide", "sweep:7"]}
    assert cell(panel, 2, "Tags") == "wide sweep:7"

    panel.table.selectRow(5)
    panel.table.setFocus()
    QTest.keyClick(panel.table, Qt.Key.Key_F2)
    editor = panel.table.findChildren(QLineEdit, "inPlace")[-1]
    assert editor.text() == "the <b>first</b> one", "as it is, never as HTML"
    editor.setText("better")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    settle(window)
    told = json.loads((panel.model.rows[5].folder / "about.json").read_text())
    assert told == {"note": "better", "tags": ["baseline"]}
    write(panel, "tag:wide or better")
    assert numbers(panel) == [4, 1]

    said = panel.model.setData(panel.model.index(0, panel.model.column_of("tags")), "not*a*tag")
    assert not said and "can't be a tag" in window.said


def test_small_curves_are_read_of_the_rows_in_sight(panel, qtbot) -> None:
    known = panel.model.rows[0]
    qtbot.waitUntil(lambda: bool(panel.sparks.of(known)))
    assert panel.sparks.of(known) == tuple(1.5 / 6 + 1 / epoch for epoch in range(1, 7))
    menu = panel.column_menu()
    of = next(a for a in menu.actions() if a.text() == "Curve of").menu()
    next(a for a in of.actions() if a.text() == "accuracy").trigger()
    menu.close()
    assert panel.sparks.of(known) == tuple(1 - 1 / (epoch + 6) for epoch in range(1, 7))
    assert panel.model.headerData(panel.model.column_of("curve"), HEAD) == "accuracy"


def test_several_runs_are_copied_thrown_away_and_taken_back(panel, window) -> None:
    click(panel, 1)
    click(panel, 3, CTRL)
    chosen = panel.selected()
    assert [each.name[9:11] for each in chosen] == ["05", "03"]
    QTest.keyClick(panel.table, Qt.Key.Key_C, CTRL)
    lines = QGuiApplication.clipboard().text().split("\n")
    assert lines[0].startswith("Id\tWhen\tName\tState")
    assert [line.split("\t")[0] for line in lines[1:]] == [each.name for each in chosen]
    assert repr(1.5 / 5 + 1 / 6) in lines[1].split("\t"), "figures are copied whole"

    QTest.keyClick(panel.table, Qt.Key.Key_Delete)
    settle(window)
    assert numbers(panel) == [6, 4, 2, 1] and not any(each.exists() for each in chosen)
    assert "2 runs are in the trash" in panel.notice._text.text()
    QTest.mouseClick(panel.notice.button, LEFT)
    settle(window)
    assert numbers(panel) == [6, 5, 4, 3, 2, 1] and all(each.exists() for each in chosen)


def test_the_selection_outlives_a_filter_and_runs_that_come(panel, window, runs, qtbot) -> None:
    click(panel, 0)
    click(panel, 4, CTRL)
    chosen = panel.selected()
    write(panel, "not tag:baseline")
    assert panel.selected() == chosen
    write(panel, "")
    write_run(runs, 9)
    panel.refresh()
    qtbot.waitUntil(lambda: len(panel.model.rows) == 7 and not panel.reading.busy)
    assert numbers(panel)[0] == 9 and panel.selected() == chosen
    click(panel, 6)
    assert window.runner.shown == panel.model.rows[6].folder


def test_a_filter_that_nothing_fits_offers_to_be_cleared(panel, window) -> None:
    write(panel, "name:nobody")
    settle(window)
    assert panel._unfit.isVisible()
    QTest.mouseClick(panel._unfit.button, LEFT)
    assert panel.filter.text() == "" and len(panel.model.rows) == 6


def test_curves_of_several_runs_are_laid_over_each_other(panel, window, qtbot) -> None:
    click(panel, 0)
    click(panel, 2, Qt.KeyboardModifier.ShiftModifier)
    QTest.mouseClick(panel.head.overlay, LEFT)
    qtbot.waitUntil(lambda: panel.side is not None and len(panel.side.plot.curves) == 3)
    side, chosen = panel.side, panel.selected()
    assert list(side.plot.curves) == chosen and side.metrics.currentText() == "val_loss"
    assert len(set(map(str, (c.name() for c in panel.model.marks.values())))) == 3
    x, y = side.plot.curves[chosen[1]].getOriginalDataset()
    assert list(x) == [1, 2, 3, 4, 5, 6]
    assert list(y) == pytest.approx([1.5 / 5 + 1 / epoch for epoch in x])
    colours = dict(panel.model.marks)

    side.metrics.setFocus()
    QTest.keyClicks(side.metrics, "loss")
    side.metrics.activated.emit(side.metrics.currentIndex())
    side.axes.setCurrentIndex(2)
    side.axes.activated.emit(2)
    qtbot.waitUntil(lambda: not side.reading)
    x, y = side.plot.curves[chosen[0]].getOriginalDataset()
    assert list(x) == pytest.approx([step / 100 for step in range(1, 121)]), "seconds"
    assert list(y) == pytest.approx([1 / 6 + 1 / step for step in range(1, 121)])
    side.smoothing.setFocus()
    QTest.keyClick(side.smoothing, Qt.Key.Key_End)
    _, smoothed = side.plot.curves[chosen[0]].getOriginalDataset()
    assert smoothed[0] == y[0] and smoothed[-1] > y[-1] * 1.1, "0.99 is much"

    click(panel, 4, CTRL)
    qtbot.waitUntil(lambda: len(side.plot.curves) == 4)
    assert {each: panel.model.marks[each] for each in colours} == colours, "they keep theirs"
    click(panel, 0, CTRL)
    qtbot.waitUntil(lambda: len(side.plot.curves) == 3)
    assert chosen[0] not in panel.model.marks
    QTest.mouseClick(panel.head.overlay, LEFT)
    settle(window)
    assert not panel.side.isVisible() and not panel.model.marks


def test_the_legend_brings_a_curve_out_and_the_mouse_says_its_values(panel, window, qtbot) -> None:
    panel.show_overlay(True)
    panel.table.selectAll()
    qtbot.waitUntil(lambda: panel.side is not None and len(panel.side.plot.curves) == 6)
    window.resizeDocks([window.docks["runs"]], [420], Qt.Orientation.Vertical)
    window.docks["library"].hide()
    settle(window)
    side = panel.side
    width = {folder: curve.opts["pen"].widthF() for folder, curve in side.plot.curves.items()}
    item = side.legend.item(3)
    QTest.mouseMove(side.legend.viewport(), side.legend.visualItemRect(item).center())
    settle(window)
    meant = panel.model.rows[3].folder
    assert side.plot.meant == meant
    assert side.plot.curves[meant].opts["pen"].widthF() > width[meant]
    side.legend.setFocus()
    QTest.keyClick(side.legend, Qt.Key.Key_Down)
    QTest.keyClick(side.legend, Qt.Key.Key_End)
    assert side.plot.meant == panel.model.rows[5].folder

    view = side.plot.plot.getViewBox()
    curve = side.plot.curves[panel.model.rows[5].folder]
    x, y = curve.getOriginalDataset()
    scene = view.mapViewToScene(QPointF(x[3], y[3]))
    QTest.mouseMove(side.plot.plot.viewport(), side.plot.plot.mapFromScene(scene))
    qtbot.waitUntil(lambda: "epoch 4" in side.plot.said.text())
    assert side.plot.said.text().endswith(f"{y[3]:.3f}")
    assert side.legend.currentRow() == 5


@pytest.mark.parametrize("name", ["light", "dark"])
def test_curves_can_be_told_apart_in_both_themes(name) -> None:
    colours = SERIES[name]
    assert all(contrast(each, THEMES[name].panel) >= 3 for each in colours)
    apart = [sum((a - b) ** 2 for a, b in zip(_lab(one), _lab(other), strict=True)) ** 0.5
             for one, other in combinations(colours, 2)]  # fmt: skip
    assert min(apart) > 0.08


def _lab(colour: str) -> tuple[float, ...]:
    """A colour in OKLab, where distances are those to the eye."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    middle = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.793617785 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.428592205 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.808675766 * short,
    )


def test_the_menu_offers_what_can_be_done_with_one_run_or_several(panel, window) -> None:
    def enabled() -> dict[str, bool]:
        menu = panel.menu()
        found = {each.text(): each.isEnabled() for each in menu.actions() if each.text()}
        menu.close()
        return found

    click(panel, 4)
    offered = enabled()
    assert offered["Resume"] and offered["Open the project as it ran"], "the second has failed"
    click(panel, 0)
    assert not enabled()["Resume"]
    click(panel, 1, CTRL)
    offered = enabled()
    assert offered["Compare the two"] and "Resume" not in offered
    click(panel, 2, CTRL)
    assert not enabled()["Compare the two"] and enabled()["Overlay their curves"]
    assert not panel.head.compare.isEnabled()
    window.run_command("run.overlay")
    assert panel.overlays and panel.head.overlay.isChecked()
    window.run_command("run.filter")
    assert panel.filter.hasFocus()
