"""The results of a run in the window: confusion with its samples, thresholds, curves, residuals.

The reports are those of the evaluation's own code, held against plain NumPy; the processes that
train and evaluate are shown by the slow tests.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QBuffer, QEvent, QIODevice, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.engine.drawing import Sketch, Style, said_of
from studio.engine.run import prepare
from studio.engine.serving.signature import Signature, Tensor
from studio.engine.trained import SAVED
from studio.engine.warm import Answer
from studio.graph import templates
from studio.graph.file import read
from studio.graph.targets import Target
from studio.gui.trained import strokes
from tests.conftest import studio
from tests.gui.conftest import settle
from tests.gui.test_model import LONG, click, key, notes, texts  # noqa: F401

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
CLASSES, MANY = 5, 150
ROWS = 400


def png(value: int) -> str:
    """A picture of 8 x 8 pixels of one grey, as a report has it."""
    image = QImage(8, 8, QImage.Format.Format_Grayscale8)
    image.fill(value)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return base64.b64encode(buffer.data().data()).decode()


PIXELS = [png(25 * each) for each in range(10)]


def chances(rows: np.random.Generator, true: np.ndarray, classes: int) -> np.ndarray:
    """Probabilities that are mostly right, with some mistakes."""
    given = rows.normal(size=(len(true), classes))
    given[np.arange(len(true)), true] += 2.5
    powers = np.exp(given)
    return powers / powers.sum(1, keepdims=True)


def batch(kind: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and what the model gave for them."""
    rows = np.random.default_rng(seed)
    if kind in ("kind", "many"):
        true = rows.integers(0, CLASSES if kind == "kind" else MANY, ROWS)
        return true, chances(rows, true, CLASSES if kind == "kind" else MANY)
    if kind == "ill":
        true = (rows.uniform(size=ROWS) < 0.3).astype(int)
        return true, (0.25 + 0.3 * true + rows.normal(scale=0.2, size=ROWS)).clip(0, 1)[:, None]
    true = rows.normal(3000, 500, (ROWS, 1))
    return true, true + rows.normal(20, 120, true.shape)


OUTPUTS = {
    "kind": ("classes", [f"kind {n}" for n in range(CLASSES)]),
    "ill": ("binary", ["well", "ill"]),
    "mass": ("values", []),
    "many": ("classes", [f"c{n}" for n in range(MANY)]),
}


def evaluated(run: Path, split: str, seed: int, *outputs: str) -> dict:
    """Writes an evaluation into a run by the evaluation's own code; gives its report."""
    from studio.engine.evaluation.passing import Seen
    from studio.engine.evaluation.writing import write

    about = [
        {"output": name, "kind": OUTPUTS[name][0], "names": OUTPUTS[name][1]}
        | {"logits": False, "one_hot": False, "ignored": None}
        for name in outputs
    ]
    seen = Seen(about)
    for name in outputs:
        output, (true, given) = seen.outputs[name], batch(name, seed)
        losses = output.take(true, given, None)

        def describe(at: int, output=output) -> dict:
            feature = {"shape": [8, 8], "dtype": "float32", "png": PIXELS[at % 10]}
            if output.kind == "binary":
                feature = {"shape": [], "dtype": "string", "values": [f"<b>patient {at}</b>"]}
            return {"index": at, **output.sample(at), "features": {"it": feature}, "pictures": {}}

        seen.worst[name].offer(losses, describe)
        cells = output.cells()
        if cells is not None:
            seen.cells[name].offer(*cells, losses, describe, output.right)
    seen.samples, seen.keras = ROWS, {"loss": 0.5}
    place = run / "artifacts" / "evaluation" / split
    place.mkdir(parents=True)
    write(seen, {"run": {"run": run.name, "epoch": 1, "step": 9}, "split": split}, place)
    return json.loads((place / "evaluation.json").read_text())


@pytest.fixture(scope="module")
def folder(tmp_path_factory, qapp) -> Path:
    """A project with a run that has a model, and evaluations of it."""
    folder = templates.copy("penguins", tmp_path_factory.mktemp("results") / "penguins").parent
    project, _ = read(folder)
    run = prepare(project, folder, folder / "runs")
    (run / SAVED).parent.mkdir(parents=True, exist_ok=True)
    (run / SAVED).write_bytes(b"")
    evaluated(run, "test", 1, "kind", "ill", "mass")
    evaluated(run, "validation", 2, "many")
    return folder


@pytest.fixture
def page(window, folder, notes, qtbot):  # noqa: F811
    """The page Evaluate, with the results on the test."""
    assert window.projects.open(folder)
    panel = window.panel("model")
    click(panel.tabs["evaluate"])
    settle(window)
    page = panel.pages["evaluate"]
    choose_split(page, "test")
    return page


def choose_split(page, name: str) -> None:
    page.split.setCurrentIndex(page.split.findData(name))
    settle(page.window_)


def show(page, view: str):
    """Clicks on the tab of a view."""
    bar = page.found.views
    QTest.mouseClick(bar, LEFT, NONE, bar.tabRect(page.found.names.index(view)).center())
    settle(page.window_)
    assert page.found.view == view
    return page.found.pages[view]


def choose_output(page, name: str) -> None:
    page.found.output.setCurrentIndex(page.found.output.findText(name))
    settle(page.window_)


def report(page, split: str = "test") -> dict:
    place = page.folder / "artifacts" / "evaluation" / split / "evaluation.json"
    return json.loads(place.read_text())["outputs"]


def click_cell(matrix, true: int, predicted: int) -> None:
    QTest.mouseClick(matrix.viewport(), LEFT, NONE, matrix.rect_of(true, predicted).center())


# The confusion matrix


def test_a_click_on_a_cell_of_the_confusion_shows_its_samples(page) -> None:
    window, view = page.window_, show(page, "confusion")
    matrix, samples = view.matrix, view.samples
    true, given = batch("kind", 1)
    predicted = given.argmax(1)
    assert page.window_.docks["model"].height() > 400, "results have room"
    assert matrix.counts == report(page)["kind"]["confusion"]
    assert samples.samples == [] and view.said.text() == "Choose a cell to see samples of it."
    row, column = max(
        ((t, p) for t in range(CLASSES) for p in range(CLASSES) if t != p),
        key=lambda cell: ((true == cell[0]) & (predicted == cell[1])).sum(),
    )
    inside = np.flatnonzero((true == row) & (predicted == column))
    QTest.mouseMove(matrix.viewport(), matrix.rect_of(row, column).center())
    click_cell(matrix, row, column)
    settle(window)
    part = len(inside) / (true == row).sum()
    names = f"kind {row} taken for kind {column}"
    assert view.said.text() == f"{names}: {len(inside)} of {(true == row).sum()} ({part:.1%})"
    assert matrix.accessibleDescription() == view.said.text()
    assert sorted(each["index"] for each in samples.samples) == inside.tolist()
    grid = samples.grid
    assert samples.view is grid and grid.rows.rowCount() == len(inside)
    chance = given[inside, row]
    assert samples.samples[0]["index"] == inside[chance.argmin()], "the worst first"
    first = samples.samples[0]
    assert samples.detail.text.toPlainText().splitlines()[:2] == [
        f"true         kind {row}",
        f"predicted    kind {column}",
    ]
    second = grid.visualRect(grid.rows.index(1)).center()
    QTest.mouseClick(grid.viewport(), LEFT, NONE, second)
    other = samples.samples[1]
    assert f"row          {other['index']}" in samples.detail.text.toPlainText()
    shade = samples.detail.pictures[0][1].pixelColor(0, 0).value()
    assert shade == 25 * (other["index"] % 10) and other["index"] != first["index"]

    # The same by the keys: from here one to the right and back, then to the corners.
    matrix.setFocus()
    way = (Qt.Key.Key_Right, 1) if column < CLASSES - 1 else (Qt.Key.Key_Left, -1)
    key(matrix, way[0])
    assert matrix.current == (row, column + way[1])
    key(matrix, Qt.Key.Key_Home)
    assert view.said.text().startswith("kind 0 known as such: ")
    assert view.said.text().endswith("24 kept to be looked at")
    assert len(samples.samples) == 24
    key(matrix, Qt.Key.Key_End, Qt.Key.Key_Down)
    assert matrix.current == (CLASSES - 1, CLASSES - 1)

    assert matrix.shares
    click(view.buttons["Counts"])
    assert not matrix.shares
    click(view.buttons["List"])
    table = view.list
    assert texts(table)[0][:3] == [f"kind {row}", f"kind {column}", str(len(inside))]
    QTest.mouseClick(table.viewport(), LEFT, NONE, table.visualItemRect(table.item(0, 0)).center())
    assert matrix.current == (row, column) and len(samples.samples) == len(inside)


def test_a_hundred_classes_and_more_stay_readable(page) -> None:
    choose_split(page, "validation")
    view = show(page, "confusion")
    assert view.sides.currentWidget() is view.list, "what is confused most comes first"
    true, given = batch("many", 2)
    predicted = given.argmax(1)
    times = [int(row[2]) for row in texts(view.list)]
    assert times == sorted(times, reverse=True) and len(times) <= 200
    view.list.setFocus()
    key(view.list, Qt.Key.Key_Down)
    row, column, count = view.confused[view.list.currentRow()]
    assert count == ((true == row) & (predicted == column)).sum()
    assert len(view.samples.samples) == count
    click(view.buttons["Matrix"])
    settle(page.window_)
    matrix = view.matrix
    assert matrix.current == (row, column)
    assert matrix.verticalScrollBar().maximum() > 0 and matrix.horizontalScrollBar().maximum() > 0
    matrix.setFocus()
    key(matrix, Qt.Key.Key_End)
    last = matrix.rect_of(MANY - 1, MANY - 1)
    assert matrix.viewport().rect().contains(last), "it is scrolled into sight"
    assert matrix.cell_at(last.center()) == (MANY - 1, MANY - 1)
    assert matrix.cell_at(QPoint(3, 3)) is None


# The threshold of a yes or no


def test_the_threshold_moves_and_all_figures_follow(page) -> None:
    choose_output(page, "ill")
    view, threshold = show(page, "confusion"), page.found.threshold
    true, given = batch("ill", 1)
    likely = given[:, 0]

    def counts(value: float) -> list[list[int]]:
        chosen = likely > value
        return [[int(((true == t) & (chosen == p)).sum()) for p in (0, 1)] for t in (0, 1)]

    assert threshold.isVisible() and threshold.value == 0.5
    assert view.matrix.counts == counts(0.5) == report(page)["ill"]["confusion"]
    click_cell(view.matrix, 0, 1)
    before = len(view.samples.samples)
    threshold.slider.setFocus()
    for _ in range(3):
        QTest.keyClick(threshold.slider, Qt.Key.Key_PageUp)
    QTest.keyClick(threshold.slider, Qt.Key.Key_Left)
    assert threshold.value == pytest.approx(0.649)
    assert view.matrix.counts == counts(0.649)
    right = counts(0.649)[1][1]
    figures = threshold.figures()
    assert figures["precision"] == pytest.approx(right / (likely > 0.649).sum())
    assert figures["recall"] == pytest.approx(right / true.sum())
    assert threshold.said.text().startswith(f"precision {figures['precision']:.3f} · recall")
    # The samples of the chosen cell are those of the new threshold.
    kept = view.samples.samples
    assert 0 < len(kept) < before and view.said.text().startswith("well taken for ill: ")
    for each in kept:
        assert likely[each["index"]] > 0.649 and true[each["index"]] == 0
        assert each["predicted"] == "ill"
    names, rows = view.samples.model.names, view.samples.model.rows
    assert names == ["it", "probability", "of the true", "loss", "row"]
    text = rows[0][0]["values"][0]
    assert text == f"<b>patient {kept[0]['index']}</b>"
    assert text in view.samples.detail.text.toPlainText(), "as it is, and no HTML"

    click(threshold.best)
    best = report(page)["ill"]["best_f1"]
    assert threshold.figures()["F1"] == pytest.approx(best["f1"], abs=0.01)
    click(threshold.even)
    assert view.matrix.counts == counts(0.5)

    curves = show(page, "curves")
    assert threshold.isVisible()
    threshold.set_value(0.3)
    (_, wrong), (_, hits) = counts(0.3)
    x, y = curves.charts["roc"].mark.getData()
    assert x[0] == pytest.approx(wrong / (true == 0).sum())
    assert y[0] == pytest.approx(hits / true.sum())
    assert curves.charts["pr"].said.text().endswith("above 0.300")


# Curves, residuals


def hover(chart, x: float, y: float) -> None:
    """Moves the mouse over a point of a plot."""
    chart.plot.repaint()
    view = chart.plot.getViewBox()
    there = chart.plot.mapFromScene(view.mapViewToScene(QPointF(x, y)))
    QTest.qWait(20)  # pyqtgraph hears the mouse a hundred times a second at most
    QTest.mouseMove(chart.plot.viewport(), there)
    QApplication.processEvents()


def test_curves_tell_the_values_under_the_mouse(page) -> None:
    curves = show(page, "curves")
    told = report(page)["kind"]["per_class"]
    worst = min(told, key=lambda row: row["roc_area"])
    assert curves.chosen == worst["class"]
    chart = curves.charts["roc"]
    assert chart.title.text() == f"ROC, area {worst['roc_area']:.3f}"
    points = worst["roc"]
    at = next(n for n, value in enumerate(points["true_positives"]) if value > 0.5)
    x, y, above = (points[n][at] for n in ("false_positives", "true_positives", "thresholds"))
    hover(chart, x, y)
    assert chart.said.text() == (
        f"{worst['class']}: false positives {x:.3f} · true positives {y:.3f} · above {above:.3f}"
    )
    hover(chart, 0.9, 0.1)
    assert chart.said.text() == "", "nothing is near"
    curves.choice.setCurrentText("kind 2")
    area = next(row["average_precision"] for row in told if row["class"] == "kind 2")
    assert curves.charts["pr"].title.text().endswith(f"average precision {area:.3f}")


def test_residuals_tell_the_values_under_the_mouse(page) -> None:
    choose_output(page, "mass")
    assert page.found.view == "residuals", "there is no confusion of values"
    view = show(page, "residuals")
    told = report(page)["mass"]
    counts, edges = told["residuals"]["counts"], told["residuals"]["edges"]
    highest = int(np.argmax(counts))
    middle = (edges[highest] + edges[highest + 1]) / 2
    hover(view.spread, middle, counts[highest] / 2)
    assert view.spread.said.text().endswith(f": {counts[highest]:,}")
    true, predicted = (told["scatter"][name][7] for name in ("true", "predicted"))
    hover(view.against, true, predicted)
    assert view.against.said.text().startswith("true ")
    assert "residual" in view.against.said.text()
    worst = show(page, "worst")
    assert worst.samples[0]["loss"] == pytest.approx(told["largest_error"])


# By class, by split


def test_classes_are_sorted_by_a_click_on_a_head(page) -> None:
    table = show(page, "classes")
    head = table.horizontalHeader()
    told = report(page)["kind"]["per_class"]
    assert [row[0] for row in texts(table)] == [row["class"] for row in told]

    def press(column: int) -> None:
        place = QPoint(head.sectionViewportPosition(column) + 20, head.height() // 2)
        QTest.mouseClick(head.viewport(), LEFT, NONE, place)

    press(2)
    recalls = [float(row[2]) for row in texts(table)]
    assert recalls == sorted(recalls)
    press(4)
    press(4)
    supports = [int(row[4]) for row in texts(table)]
    assert supports == sorted((row["support"] for row in told), reverse=True)


def test_another_split_is_evaluated_when_it_is_chosen(page, qtbot) -> None:
    window = page.window_
    assert [page.split.itemText(n) for n in range(3)] == ["Test", "Validation", "Train"]
    choose_split(page, "train")
    assert page.nothing.isVisible()
    assert page.nothing._labels[0].text() == "Not evaluated on the train split yet"
    click(page.nothing.button)
    assert page.going.isVisible()
    assert "on the train split" in page.going.text.text()
    qtbot.waitUntil(lambda: not page.work.working, timeout=LONG)
    settle(window)
    assert page.found.isVisible() and page.found.evaluation["split"] == "train"
    choose_split(page, "test")
    assert page.found.evaluation["split"] == "test"


DAMAGED = [
    {},
    {"outputs": {"o": {"kind": "classes", "classes": ["a", "b"], "confusion": [[1, 2]]}}},
    {"outputs": {"o": {"kind": "classes", "classes": 3, "per_class": [3, {"f1": "x"}]}}},
    {"outputs": {"o": {"kind": "binary", "thresholds": {"true_positives": [1]}, "classes": ["a"]}}},
    {"outputs": {"o": {"worst": [{"features": {"x": {"picture": "../../secret.png"}}}, 7]}}},
    {"outputs": {"o": {"residuals": {"edges": [0, "x"], "counts": [1]}, "scatter": 3}}},
    {"outputs": {"o": {"roc": {"false_positives": [1]}, "pr": None, "cells": "/etc/passwd"}}},
]


def test_a_report_that_is_damaged_is_shown_as_far_as_it_goes(page, tmp_path) -> None:
    for damaged in DAMAGED:
        page.show_evaluation(damaged, tmp_path)
        for name in page.found.names:
            page.found.show_view(name)
            settle(page.window_)
        assert page.found.isVisible() and "figures" in page.found.names
    assert page.found.worst.samples == []


# What is drawn


def sketch(**style) -> Sketch:
    shape = Tensor("image", (28, 28), "float32")
    names = ("no", "yes")
    made = Style(**{"low": 0.0, "high": 255.0, "size": 20 / 28, "pen": 0.1} | style)
    target = Target("digit", "classes", names, logits=True)
    return Sketch(Signature("raw", (shape,), ()), (target,), made)


SEVEN = [[(0.1, 0.1), (0.3, 0.1), (0.2, 0.35)], [(0.14, 0.2), (0.26, 0.2)]]
"""A small sign in a corner."""


def pixels(ink: QImage, like: Sketch) -> np.ndarray:
    return np.array(strokes.pixels_of(ink, like)).reshape(28, 28)


@pytest.mark.parametrize("bright", [False, True])
def test_a_drawing_is_as_large_and_stands_where_those_of_the_training_do(bright) -> None:
    like = sketch(bright=bright, x=0.55)
    lines = [[QPointF(*point) for point in stroke] for stroke in SEVEN]
    found = pixels(strokes.drawn(lines, 1.0, like), like)
    ink = 255 - found if bright else found
    assert ink.max() == pytest.approx(255, abs=3) and ink.min() == 0
    rows, columns = (np.flatnonzero((ink > 64).any(axis)) for axis in (1, 0))
    longer = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    assert abs(longer - 20) <= 1
    x = (ink.sum(0) * (np.arange(28) + 0.5)).sum() / ink.sum()
    y = (ink.sum(1) * (np.arange(28) + 0.5)).sum() / ink.sum()
    assert (x, y) == pytest.approx((0.55 * 28, 14), abs=0.3)
    assert not strokes.drawn([], 1.0, like).allGray() or not pixels(strokes.blank(like), like).std()


def test_an_image_is_taken_whatever_its_ground_is() -> None:
    like, found = sketch(), []
    for paper, pen in (("white", "black"), ("#223355", "#ffee99"), ("transparent", "black")):
        image = QImage(400, 300, QImage.Format.Format_ARGB32)
        image.fill(QColor(paper))
        painter = QPainter(image)
        painter.fillRect(220, 60, 30, 180, QColor(pen))
        painter.end()
        found.append(pixels(strokes.shown(image, like), like))
    for each in found:
        rows, columns = (np.flatnonzero((each > 64).any(axis)) for axis in (1, 0))
        assert (len(rows), len(columns)) == pytest.approx((20, 3), abs=1)
        assert np.abs(each - found[0]).max() < 3


@pytest.mark.parametrize(
    ("kind", "logits", "row", "likely"),
    [
        ("classes", True, [0.0, 0.0], [("no", 0.5), ("yes", 0.5)]),
        ("classes", False, [0.25, 0.75], [("no", 0.25), ("yes", 0.75)]),
        ("binary", False, [0.75], [("no", 0.25), ("yes", 0.75)]),
        ("labels", True, [0.0, -800.0], [("no", 0.5), ("yes", 0.0)]),
    ],
)
def test_what_a_model_says_becomes_probabilities(kind, logits, row, likely) -> None:
    base = sketch()
    like = Sketch(base.signature, (Target("o", kind, ("no", "yes"), logits),), base.style)
    (said,) = said_of(Answer({"text": json.dumps([row])}), like)
    assert list(said.likely) == likely


STROKES = {
    "0": [
        [
            (0.5 + 0.2 * np.sin(turn), 0.5 - 0.33 * np.cos(turn))
            for turn in np.linspace(0, 2 * np.pi, 13)
        ]
    ],
    "4": [[(0.55, 0.15), (0.3, 0.55), (0.72, 0.55)], [(0.58, 0.4), (0.56, 0.88)]],
}


def draw(pad, lines) -> None:
    """Draws with the mouse."""
    side = pad.place
    for line in lines:
        points = [
            QPoint(round(side.left() + x * side.width()), round(side.top() + y * side.height()))
            for x, y in line
        ]
        QTest.mousePress(pad, LEFT, NONE, points[0])
        for point in points[1:]:
            QTest.mouseMove(pad, point)
            QApplication.processEvents()
        QTest.mouseRelease(pad, LEFT, NONE, points[-1])


def drop(window, widget, file: Path) -> None:
    """Lets a file go over a widget, as the system tells the window of it."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    copy, place = Qt.DropAction.CopyAction, widget.mapTo(window, widget.rect().center())
    handle = window.windowHandle()
    over = QDragEnterEvent(place, copy, data, LEFT, NONE)
    QApplication.sendEvent(handle, over)
    assert over.isAccepted()
    QApplication.sendEvent(
        handle, QDropEvent(QPointF(place), copy, data, LEFT, NONE, QEvent.Type.Drop)
    )


@pytest.mark.slow
def test_a_digit_is_drawn_and_known_after_a_real_evaluation(
    window, tmp_path, qtbot, monkeypatch
) -> None:
    """From a trained run: its evaluation, a cell's pictures, drawing, an image, a table."""
    folder = templates.copy("digits_cnn", tmp_path / "digits").parent
    done = studio("run", folder, "--epochs", 4, "--json")
    assert done.returncode == 0, done.stderr
    assert window.projects.open(folder)
    window.run_command("run.evaluate")
    panel = window.docks["model"].panel
    page = panel.pages["evaluate"]
    qtbot.waitUntil(lambda: not page.work.working, timeout=LONG)
    settle(window)
    view = show(page, "confusion")
    click_cell(view.matrix, 3, 3)
    assert len(view.samples.samples) > 5 and view.samples.view is view.samples.grid
    image = view.samples.detail.pictures[0][1]
    assert (image.width(), image.height()) == (8, 8)

    click(panel.tabs["predict"])
    page = panel.pages["predict"]
    qtbot.waitUntil(lambda: page.draw.sketch is not None, timeout=LONG)
    settle(window)
    pad, bars = page.draw.pad, page.draw.bars
    assert page.draw.isVisible() and not page.draw.loading
    for digit, lines in STROKES.items():
        pad.clear()
        draw(pad, lines)
        qtbot.waitUntil(lambda: page.draw.ready and page.draw._waiting is None, timeout=LONG)
        likely = dict(bars.said[0].likely)
        assert max(likely, key=likely.get) == digit, likely
        assert sum(likely.values()) == pytest.approx(1, abs=1e-5)
    seen = page.draw.seen.image
    assert (seen.width(), seen.height()) == (8, 8)
    four = page.draw.bars.said
    key(pad, Qt.Key.Key_Backspace)
    assert len(pad.strokes) == 1
    key(pad, Qt.Key.Key_Delete)
    assert pad.strokes == [] and bars.said == []

    # The same sign from a file, black on white.
    image = QImage(300, 300, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    pen = painter.pen()
    pen.setWidth(30)
    painter.setPen(pen)
    for line in STROKES["4"]:
        painter.drawPolyline([QPointF(300 * x, 300 * y) for x, y in line])
    painter.end()
    file = tmp_path / "four.png"
    image.save(str(file))
    drop(window, pad, file)
    qtbot.waitUntil(lambda: bool(bars.said) and page.draw._waiting is None, timeout=LONG)
    likely = dict(bars.said[0].likely)
    assert max(likely, key=likely.get) == "4" and four

    # Drawn by the keys: a one from the top to the bottom.
    pad.clear()
    pad.setFocus()
    key(pad, *[Qt.Key.Key_Up] * 7, Qt.Key.Key_Space, *[Qt.Key.Key_Down] * 14, Qt.Key.Key_Space)
    assert len(pad.strokes) == 1 and len(pad.strokes[0]) == 15
    qtbot.waitUntil(lambda: bool(bars.said) and page.draw._waiting is None, timeout=LONG)

    # A table goes to the command, and its answers into a file.
    rows = tmp_path / "rows.npy"
    np.save(rows, np.zeros((3, 8, 8), "float32"))
    drop(window, pad, rows)
    qtbot.waitUntil(lambda: page.work.working, timeout=LONG)
    qtbot.waitUntil(lambda: not page.work.working, timeout=LONG)
    settle(window)
    assert page.table.isVisible() and page.table.rowCount() == 3
    saved = tmp_path / "answers.csv"
    monkeypatch.setattr(window.projects.ask, "file_to_write", lambda *_: saved)
    click(page.save)
    assert saved.read_text().splitlines()[0] == "digit,digit_probability"
    assert len(saved.read_text().splitlines()) == 4
    click(page.way["Draw"])
    assert page.draw.isVisible()


@pytest.mark.slow
def test_loading_a_model_for_drawing_is_given_up_and_leaves_nothing(
    window, tmp_path, qtbot
) -> None:
    folder = templates.copy("digits_mlp", tmp_path / "digits").parent
    done = studio("run", folder, "--epochs", 1, "--json")
    assert done.returncode == 0, done.stderr
    assert window.projects.open(folder)
    panel = window.panel("model")
    click(panel.tabs["predict"])
    view = panel.pages["predict"].draw
    qtbot.waitUntil(lambda: view.sketch is not None, timeout=LONG)
    settle(window)
    draw(view.pad, STROKES["0"])
    assert view.loading and view.give_up.isVisible()
    click(view.give_up)
    assert not view.loading and not view.ready
    assert len(view.pad.strokes) == 1, "what is drawn stays"
    draw(view.pad, STROKES["4"])
    qtbot.waitUntil(lambda: view.ready and bool(view.bars.said), timeout=LONG)
    (run,) = (folder / "runs").iterdir()
    model = run / "artifacts" / "model.keras"
    model.write_bytes(model.read_bytes()[:1000])
    view.cancel()
    draw(view.pad, STROKES["0"])
    qtbot.waitUntil(lambda: not view.loading, timeout=LONG)
    assert view.said.text().startswith("The model can't be loaded.")
    assert "model.keras" in view.said.text()
