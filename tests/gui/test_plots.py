"""The plots of a run: what is counted, smoothed and zoomed, what happened, what is saved."""

from __future__ import annotations

import csv
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import parse

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from studio.engine.run import attach
from studio.engine.smoothing import smooth
from studio.graph.edits import SetTraining
from studio.gui.look.theme import theme
from studio.gui.plots import ticks
from studio.gui.plots.controls import place_of, weight_of
from studio.gui.plots.view import View
from studio.gui.settings import Settings
from studio.gui.window import Window
from tests.conftest import ROOT, events
from tests.gui.conftest import opened, settle

LONG = 90_000
BEGAN = 1_760_000_000.0
EPOCHS, STEPS = 6, 40


def told(folder: Path, epochs: int = EPOCHS, end: str = "completed") -> Path:
    """The events of a training with everything in it."""
    folder.mkdir(parents=True)
    at, lines = 0.0, []

    def event(kind: str, **fields: Any) -> None:
        lines.append({"event": kind, "time": round(BEGAN + at, 4)} | fields)

    event("state", state="running")
    event("plan", epochs=EPOCHS + 2, steps=STEPS)
    for step in range(1, epochs * STEPS + 1):
        at += 0.05
        epoch = 1 + (step - 1) // STEPS
        loss = 2 / step + 0.2 * (step % 3)
        metrics = {"accuracy": 1 - loss / 4, "loss": loss}
        event("step", step=step, epoch=epoch, metrics=metrics)
        if step % 20 == 0:
            event("inside", step=step, epoch=epoch, gradients={"norm": 9 / step, "nodes": {}})
            machine = {"cpu": 90.0, "memory": 6e9, "total": 8e9, "cores": 2}
            event("resources", cpu=150.0, memory=1e9, gpus=[], machine=machine)
        if step % STEPS == 0:
            at += 0.4
            figures = metrics | {"val_loss": 0.5 + 0.1 * abs(epoch - 4), "val_accuracy": 0.7}
            rate = 0.01 if epoch < 4 else 0.001
            event("epoch", epoch=epoch, step=step, seconds=2.0, learning_rate=rate, metrics=figures)
            event("checkpoint", path=f"checkpoints/{epoch:06}-000000000", step=step)
            if epoch == 2:
                event("state", state="paused")
                at += 30
                event("state", state="running")
    if end:
        event("early_stop", epoch=epochs, step=epochs * STEPS)
        event("state", state=end)
    text = [json.dumps(each, separators=(",", ":")) for each in lines]
    (folder / "events.jsonl").write_text("\n".join([*text, ""]))
    return folder


@pytest.fixture
def shown(window, project, qtbot) -> Callable[[Path], Any]:
    """A function: shows a run in the window; the panel, when all in sight is drawn."""
    assert window.projects.open(project("digits_mlp"))

    def show(folder: Path, window: Window = window) -> Any:
        window.panel("training")
        settle(window)
        window.runner.show(folder)
        panel = window.docks["training"].panel
        drawn(qtbot, panel)
        return panel

    return show


def drawn(qtbot, panel) -> None:
    def ready() -> bool:
        board = panel.board
        if board is None or panel.curves is None or panel._drawn != panel.curves.version:
            return False
        return not any(map(board._seen, board._stale))

    qtbot.waitUntil(ready, timeout=LONG)
    QApplication.processEvents()


@pytest.fixture
def panel(shown, window) -> Any:
    """The panel with a run that has ended, high enough for all plots."""
    dock = window.docks["training"]
    window.resizeDocks([dock], [700], Qt.Orientation.Vertical)
    return shown(told(window.runner.folder() / "20260801-120000-digits_mlp"))


def along(surface, place: float) -> QPoint:
    """The pixel of a place along a plot, in the middle of its height."""
    view = surface.getViewBox()
    middle = view.mapRectToScene(view.boundingRect()).center().y()
    return QPoint(round(view.mapViewToScene(QPointF(place, 0)).x()), round(middle))


def keys(widget, text: str) -> None:
    """Presses keys, one after the other."""
    for key in text.split():
        *held, name = key.split("+") if len(key) > 1 else [key]
        shift = Qt.KeyboardModifier.ShiftModifier if held else Qt.KeyboardModifier.NoModifier
        QTest.keyClick(widget, getattr(Qt.Key, f"Key_{name}"), shift)


def test_what_is_counted_is_the_same_in_all_plots_and_is_remembered(
    panel, window, qapp, qtbot, tmp_path
) -> None:
    board, controls = panel.board, panel.controls
    assert list(board.plots) == ["loss", "accuracy"]
    assert list(board.figures) == [
        "learning rate",
        "time per step",
        "gradient norm",
        "CPU",
        "memory",
    ]
    loss, norm = board.plots["loss"], board.figures["gradient norm"]
    line = next(norm.lines())
    ends = {
        "Epoch": (EPOCHS, list(range(1, EPOCHS + 1))),
        "Step": (EPOCHS * STEPS, [STEPS * epoch for epoch in range(1, EPOCHS + 1)]),
        "Time": (0.05 * STEPS * EPOCHS + 0.4 * (EPOCHS - 1) + 30, None),
    }
    for button, (title, (end, epochs)) in zip(controls.kinds.buttons(), ends.items(), strict=True):
        assert button.text() == title
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        x, y = loss.steps.getOriginalDataset()
        assert len(x) == EPOCHS * STEPS and x[-1] == pytest.approx(end, abs=0.51)
        assert list(y) == [each["metrics"]["loss"] for each in events_of(panel, "step")]
        if epochs:
            assert list(loss.epochs.getOriginalDataset()[0]) == pytest.approx(epochs)
        assert line.getOriginalDataset()[0][-1] == pytest.approx(x[-1], abs=0.51)
        for plot in board.all:
            sight = plot.plot.getViewBox().viewRange()[0]
            assert sight == pytest.approx(list(board.view.sight))
            assert plot.plot.along_axis.kind == title.lower()
    controls.slider.setFocus()
    QTest.keyClick(controls.slider, Qt.Key.Key_PageUp)
    weight = board.view.smoothing
    assert weight == weight_of(10) and controls.weight.text() == f"{weight:.3g}"
    QTest.mouseClick(controls.log, Qt.MouseButton.LeftButton)
    panel.choose("accuracy", False)
    panel.choose_figure("memory", False)
    assert list(board.plots) == ["loss"] and "memory" not in board.figures

    other = Window(Settings(window.settings.path))
    turns = opened(other, qtbot)
    next(turns)
    assert other.projects.open(window.session.path)
    other.panel("training")
    other.runner.show(window.runner.shown)
    again = other.docks["training"].panel
    drawn(qtbot, again)
    view = again.board.view
    assert (view.kind, view.smoothing, view.log) == ("time", weight, True)
    assert again.controls.kinds.checkedButton().text() == "Time" and again.controls.log.isChecked()
    qtbot.waitUntil(lambda: len(list(again.board.all)) == 5)
    assert list(again.board.plots) == ["loss"]
    next(turns, None)


def events_of(panel, kind: str) -> list[dict]:
    return [each for each in events(panel.window_.runner.shown) if each["event"] == kind]


def test_smoothing_is_drawn_before_the_raw_line_and_is_what_the_legend_tells(panel) -> None:
    plot = panel.board.plots["loss"]
    assert not plot.smoothed.isVisible() and plot.epochs.isVisible()
    panel.controls.slider.setValue(60)
    weight = weight_of(60)
    assert 0.8 < weight < 0.9 and place_of(weight) == 60
    _, raw = plot.steps.getOriginalDataset()
    _, smoothed = plot.smoothed.getOriginalDataset()
    np.testing.assert_allclose(smoothed, smooth(raw, weight))
    assert plot.smoothed.isVisible() and not plot.epochs.isVisible()
    pale, strong = plot.steps.opts["pen"].color(), plot.smoothed.opts["pen"].color()
    assert pale != strong == theme.color("accent")
    assert f"train {smoothed[-1]:.3f}" in plot.legend.text
    panel.controls.slider.setValue(0)
    assert panel.controls.weight.text() == "off" and plot.epochs.isVisible()


def test_values_by_their_logarithm_have_numbers_of_their_own(panel) -> None:
    plot, cpu = panel.board.plots["loss"], panel.board.figures["CPU"]
    plot.plot.setFocus()
    keys(plot.plot, "L")
    low, high = plot.plot.getViewBox().viewRange()[1]
    drawn_y = plot.steps.getData()[1]
    assert low < drawn_y.min() and drawn_y.max() < high and drawn_y.min() < -1
    spacing, values = plot.plot.value_axis.tickValues(low, high, 200)[0]
    said = plot.plot.value_axis.tickStrings(values, 1, spacing)
    assert {"0.1", "1"} <= {text.rstrip("0").rstrip(".") for text in said}
    assert cpu.plot.getViewBox().viewRange()[1][0] == 0.0, "parts of a machine stay as they are"
    keys(plot.plot, "L")
    assert plot.steps.getData()[1].min() > 0


def test_the_mouse_shows_all_values_zooms_and_goes_back(panel) -> None:
    board = panel.board
    plot, other = board.plots["loss"], board.plots["accuracy"]
    surface = plot.plot
    QTest.mouseMove(surface.viewport(), along(surface, 3.0))
    at = board.cross
    assert at == pytest.approx(3.0, abs=0.05)
    assert all(each.plot.cross == at for each in board.all)
    step = round(at * STEPS)
    assert panel.controls.name.text().startswith(f"epoch {at:.1f} · step {step} · 0:")
    assert f"train {2 / step + 0.2 * (step % 3):.3f}" in plot.legend.text
    assert "validation 0.600" in plot.legend.text and "validation 0.700" in other.legend.text
    assert "learning rate 0.01" in board.figures["learning rate"].legend.text

    port = surface.viewport()
    QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=along(surface, 2.0))
    QTest.mouseMove(port, along(surface, 3.0))
    QTest.mouseMove(port, along(surface, 4.0))
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=along(surface, 4.0))
    assert board.view.span == pytest.approx((2.0, 4.0), abs=0.05)
    for each in board.all:
        assert each.plot.getViewBox().viewRange()[0] == pytest.approx(list(board.view.span))
    low, high = surface.getViewBox().viewRange()[1]
    assert low < 0.01 and 0.7 < high < 1.0, "values fit what is in sight"

    surface.setFocus()
    spot = QPointF(along(surface, 3.0))
    up, shift = QPoint(0, 120), Qt.KeyboardModifier.NoModifier
    button = Qt.MouseButton.NoButton
    phase = Qt.ScrollPhase.NoScrollPhase
    globally = QPointF(port.mapToGlobal(spot.toPoint()))
    turned = QWheelEvent(spot, globally, QPoint(), up, button, shift, phase, False)
    QApplication.sendEvent(port, turned)
    start, end = board.view.span
    assert end - start == pytest.approx(2.0 / 1.25, abs=0.05)
    assert panel.controls.back.isEnabled()
    QTest.mouseClick(panel.controls.back, Qt.MouseButton.LeftButton)
    assert board.view.span == pytest.approx((2.0, 4.0), abs=0.05)
    QTest.mouseDClick(port, Qt.MouseButton.LeftButton, pos=along(surface, 3.0))
    assert board.view.span is None and not panel.controls.whole.isEnabled()


def test_everything_is_done_by_keys(panel) -> None:
    board = panel.board
    surface = board.plots["loss"].plot
    surface.setFocus()
    keys(surface, "Right Right")
    assert board.cross == pytest.approx(EPOCHS / 2 + EPOCHS / 100)
    keys(surface, "Left Plus Plus")
    assert board.view.span == pytest.approx((3 - 3 / 2.25, 3 + 3 / 2.25))
    keys(surface, "Shift+Right")
    assert board.view.span[0] == pytest.approx(3 - 3 / 2.25 + 0.2 * 6 / 2.25)
    keys(surface, "Backspace Minus Home Escape")
    assert board.view.span is None and board.cross is None
    said = []
    for _ in range(9):
        keys(surface, "N")
        text = panel.controls.name.text()
        if not said or said[-1] != text:
            said.append(text)
    marks = " ".join(said)
    for what in (
        "Paused",
        "Learning rate from 0.01 to 0.001",
        "Best epoch: 4, validation loss 0.500",
        "Ended early by a callback behind epoch 6",
        "Checkpoint checkpoints/000001-000000000",
    ):
        assert what in marks
    keys(surface, "Shift+N")
    assert panel.controls.name.text() == said[-2]
    order = []
    widget = panel.controls.kinds.buttons()[0]
    widget.setFocus()
    for _ in range(14):
        order.append(QApplication.focusWidget())
        QTest.keyClick(order[-1], Qt.Key.Key_Tab)
    for needed in (*(plot.plot for plot in board.plots.values()), panel.controls.slider):
        assert needed in order
    assert all(each.accessibleName() for each in (surface, panel.controls.slider))


def test_marks_stand_apart_and_tell_of_each(panel) -> None:
    plot = panel.board.plots["loss"]
    found = {mark.kind for each in plot.marks.marks for mark in each.marks}
    assert found == {"best", "checkpoint", "early stop", "learning rate", "paused"}
    places = [each.x for each in plot.marks.marks]
    assert places == sorted(places) and places == pytest.approx(list(range(1, EPOCHS + 1)), abs=0.1)
    kinds = [each.kind for each in plot.marks.marks]
    assert kinds == ["checkpoint", "paused", "learning rate", "best", "checkpoint", "early stop"]
    panel.board.look_at(4.0)
    assert "Best epoch: 4" in panel.controls.name.text()
    panel.board.count("time")
    assert len(plot.marks.marks) == EPOCHS, "by time they are where they happened"


def test_plots_are_saved_as_pictures_and_every_point_as_a_row(
    panel, window, tmp_path, monkeypatch, qtbot
) -> None:
    panel.save_svg(tmp_path / "plots.svg")
    root = parse(tmp_path / "plots.svg").getroot()
    names = [each.tag.rpartition("}")[2] for each in root.iter()]
    lines = [each for each in root.iter() if each.tag.endswith("polyline")]
    longest = max(len(each.get("points").split()) for each in lines)
    assert longest >= EPOCHS * STEPS, "the curve itself, not a picture of it"
    assert "image" not in names and "text" not in names and names.count("path") > 50
    panel.save_png(tmp_path / "plots.png")
    assert (tmp_path / "plots.png").read_bytes().startswith(b"\x89PNG")

    answers = iter([tmp_path / "metrics.csv", tmp_path / "all.csv", tmp_path / "no" / "way.csv"])
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(next(answers)), ""))
    for title in ("Metrics as CSV…", "Everything as CSV…", "Metrics as CSV…"):
        menu = panel.controls.save.menu()
        menu.aboutToShow.emit()
        next(each for each in menu.actions() if each.text() == title).trigger()
        qtbot.waitUntil(lambda: panel._writing is None, timeout=LONG)
    assert "can't be written" in window.said
    with (tmp_path / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * EPOCHS * STEPS + 4 * EPOCHS
    steps = [row for row in rows if row["of"] == "step" and row["metric"] == "loss"]
    assert float(steps[-1]["value"]) == panel.curves.metrics["loss"].steps.last
    with (tmp_path / "all.csv").open(newline="") as file:
        more = {row["metric"] for row in csv.DictReader(file)}
    assert more > {"loss", "learning_rate", "gradient norm", "training memory", "machine cpu"}
    assert not list(tmp_path.glob(".*part"))

    panel.write_csv(tmp_path / "stopped.csv")
    panel.stop_writing()
    assert not (tmp_path / "stopped.csv").exists() and not list(tmp_path.glob(".*part"))


def test_a_run_that_grows_is_drawn_on_and_another_begins_anew(panel, shown, window, qtbot) -> None:
    board = panel.board
    board.do("span", 1.0, 2.0)
    folder = told(window.runner.folder() / "20260802-120000-digits_mlp", epochs=2, end="")
    shown(folder)
    assert board.view.span is None and not board.view.can_go_back
    plot = board.plots["loss"]
    assert len(plot.steps.getOriginalDataset()[0]) == 2 * STEPS
    assert board.view.whole == (0.0, EPOCHS + 2), "there is room for what was planned"
    with (folder / "events.jsonl").open("a") as file:
        for step in range(2 * STEPS + 1, 2 * STEPS + 11):
            line = {"event": "step", "time": BEGAN + 99, "step": step, "epoch": 3}
            file.write(json.dumps(line | {"metrics": {"loss": 0.125, "f1": 0.5}}) + "\n")
    qtbot.waitUntil(lambda: len(plot.steps.getOriginalDataset()[0]) == 2 * STEPS + 10, timeout=LONG)
    qtbot.waitUntil(lambda: list(board.plots) == ["loss", "accuracy", "f1"], timeout=LONG)
    window.runner.show(None)


def test_plots_below_one_another_are_aligned_and_no_numbers_touch(panel, window) -> None:
    for size in ((900, 600), (1440, 900)):
        window.resize(*size)
        settle(window)
        for kind in ("epoch", "step", "time"):
            panel.board.count(kind)
            panel.draw()
            QApplication.processEvents()
            they_are_aligned_and_no_numbers_touch(panel)


def they_are_aligned_and_no_numbers_touch(panel) -> None:
    plots = list(panel.board.all)
    lefts = {plot.mapTo(panel, QPoint(0, 0)).x() + inner(plot).left() for plot in plots}
    assert len(lefts) == min(panel.board._columns, len(plots))
    for plot in plots:
        axis, rect = plot.plot.along_axis, inner(plot)
        (start, end), _ = plot.plot.getViewBox().viewRange()
        spacing, values = axis.tickValues(start, end, rect.width())[0]
        said = axis.tickStrings(values, 1, spacing)
        assert 2 <= len(said) <= 40 and len(set(said)) == len(said)
        apart = spacing / (end - start) * rect.width()
        assert apart > 7.2 * max(map(len, said)), (said, apart)
        _, (low, high) = plot.plot.getViewBox().viewRange()
        spacing, values = plot.plot.value_axis.tickValues(low, high, rect.height())[0]
        said = plot.plot.value_axis.tickStrings(values, 1, spacing)
        assert len(said) >= 1 and max(map(len, said)) <= 7, said
        assert len(set(said)) == len(said), "each line of the grid has another number"


def inner(plot):
    view = plot.plot.getViewBox()
    return view.mapRectToScene(view.boundingRect())


@pytest.mark.parametrize(
    "start, end, most, log, expected",
    [
        (0, 12, 5, False, ["0", "5", "10"]),
        (0.31, 0.36, 5, False, ["0.31", "0.32", "0.33", "0.34", "0.35", "0.36"]),
        (0, 3e-5, 3, False, ["0", "1e-5", "2e-5", "3e-5"]),
        (-3, 0, 4, True, ["0.001", "0.010", "0.100", "1.000"]),
        (-12, 0, 4, True, ["1e-12", "1e-8", "1e-4", "1"]),
        (math.log10(0.31), math.log10(0.36), 3, True, ["0.32", "0.34", "0.36"]),
    ],
)
def test_numbers_at_the_side(start, end, most, log, expected) -> None:
    spacing, values = (ticks.logarithmic if log else ticks.linear)(start, end, most)
    shown = [10.0**value for value in values] if log else values
    said = [ticks.value_text(each, min(each, spacing) if log else spacing, "") for each in shown]
    assert [float(text) for text in said] == pytest.approx([float(text) for text in expected])


@pytest.mark.parametrize(
    "value, unit, expected",
    [
        (0.0132, "s", "13.2 ms"),
        (2.0, "s", "2 s"),
        (0.00002, "s", "20 µs"),
        (9.5e8, "B", "950 MB"),
        (7.12e9, "B", "7.12 GB"),
        (45.0, "%", "45 %"),
    ],
)
def test_numbers_with_a_unit(value, unit, expected) -> None:
    assert ticks.value_text(value, value, unit) == expected


def test_a_view_goes_no_further_than_there_is_something() -> None:
    view = View()
    view.whole = (0.0, 10.0)
    view.zoom(0.5, 2.0)
    assert view.span == (1.0, 6.0)
    view.pan(-9.0)
    assert view.span == (0.0, 5.0)
    view.pan(99.0)
    assert view.span == (5.0, 10.0)
    view.zoom(4.0, 6.0)
    assert view.span is None
    view.back()
    assert view.span == (5.0, 10.0)
    view.show((3.0, 3.0))
    assert view.span[1] - view.span[0] == pytest.approx(1e-4)


@pytest.mark.slow
def test_no_turn_is_long_while_a_process_tells_2000_steps_a_second(window, project, qtbot) -> None:
    """Of twenty metrics, with all plots in sight; the time is this thread's own, since what others
    do on the machine isn't the app's.
    """
    assert window.projects.open(project("digits_mlp"))
    folder = window.runner.folder() / "20260801-120000-digits_mlp"
    folder.mkdir(parents=True)
    (folder / "events.jsonl").touch()
    writer = subprocess.Popen(
        [sys.executable, ROOT / "benchmarks" / "event_writer.py", "--minutes", "0.4", folder],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    qtbot.waitUntil(lambda: (folder / "process.json").exists(), timeout=LONG)
    window.panel("training")
    window.runner.follow(attach(folder))
    panel = window.docks["training"].panel
    qtbot.waitUntil(lambda: panel.board is not None and len(panel.board.plots) == 5, timeout=LONG)
    drawn(qtbot, panel)
    turns: list[float] = []
    before = time.thread_time()
    until = time.monotonic() + 15
    while time.monotonic() < until:
        QApplication.processEvents()
        now = time.thread_time()
        turns.append(now - before)
        before = now
        time.sleep(0.002)
    assert panel.curves.metrics["loss"].steps.count > 10_000
    assert len(panel.curves.metrics) == 21
    assert max(turns) < 0.05, sorted(turns)[-5:]
    writer.wait(LONG / 1000)
    qtbot.waitUntil(lambda: not window.runner.running, timeout=LONG)


@pytest.mark.slow
def test_a_real_training_tells_its_learning_rate_and_what_happened(window, project, qtbot) -> None:
    """ReduceLROnPlateau lowers the rate, EarlyStopping ends it, ModelCheckpoint saves."""
    assert window.projects.open(project("digits_mlp"))
    best = {"filepath": "checkpoints/best.keras", "save_best_only": True}
    callbacks = [
        ("ReduceLROnPlateau", {"monitor": "loss", "patience": 1, "min_delta": 9.0, "factor": 0.5}),
        ("EarlyStopping", {"monitor": "loss", "patience": 5, "min_delta": 9.0}),
        ("ModelCheckpoint", best),
    ]
    made = [{"op": f"keras.callbacks.{name}", "params": params} for name, params in callbacks]
    for name, value in (("epochs", 12), ("callbacks", calls(made))):
        assert window.session.do(SetTraining(name, value))
    window.run_command("run.start")
    panel = window.docks["training"].panel
    qtbot.waitUntil(
        lambda: window.runner.run is not None and not window.runner.running, timeout=LONG
    )
    drawn(qtbot, panel)
    found = {}
    for mark in panel.curves.marks():
        found.setdefault(mark.kind, []).append(mark)
    assert set(found) >= {"best", "checkpoint", "early stop", "learning rate", "test"}
    assert "checkpoints/best.keras" in " ".join(mark.text for mark in found["checkpoint"])
    assert found["learning rate"][0].text == "Learning rate from 0.001 to 0.0005"
    rates = panel.curves.beside.figures["learning rate"].curves["learning rate"]
    assert rates.y[0] == pytest.approx(0.001) and rates.y[-1] < 0.0005
    assert "time per step" in panel.board.figures and "CPU" in panel.curves.beside.figures
    qtbot.waitUntil(lambda: not window.runner.going(window.runner.run.folder), timeout=LONG)


def calls(made: list[dict]) -> list:
    from studio.graph.document import Call

    return [Call(each["op"], each["params"]) for each in made]
