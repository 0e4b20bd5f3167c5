"""Runs in the window: started, drawn live, stopped, failed, found again; their log, their list."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from studio.graph.edits import SetTraining
from studio.gui.settings import Settings
from studio.gui.window import Window
from tests.conftest import events
from tests.gui.conftest import opened, settle

LONG = 90_000
"""Milliseconds that a run may take on a busy machine."""


def with_epochs(window: Window, epochs: int) -> None:
    """Lets the project train so many epochs; the change is in no file."""
    for name, value in (("epochs", epochs), ("callbacks", [])):
        assert window.session.do(SetTraining(name, value))


@pytest.fixture
def mlp(window, project) -> Window:
    """A window on the template digits_mlp."""
    assert window.projects.open(project("digits_mlp"))
    settle(window)
    return window


def click(widget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def test_a_run_from_the_button_to_its_figures(mlp, qtbot, tmp_path) -> None:
    with_epochs(mlp, 2)
    bar, runner = mlp.bar, mlp.runner
    assert bar.run.isEnabled() and not bar.stop.isEnabled()
    click(bar.run)
    assert mlp.session.unsaved
    panel = mlp.docks["training"].panel
    settle(mlp)
    assert panel.isVisible() and bar.run.text().startswith("Run…") and bar.stop.isEnabled()
    assert bar.progress.text() == "starting TensorFlow…"
    said: list[str] = []
    runner.told.connect(lambda _: said.append(bar.progress.text()))
    qtbot.waitUntil(lambda: not runner.running and panel.curves.best is not None, timeout=LONG)
    settle(mlp)

    folder = runner.run.folder
    told = events(folder)
    assert json.loads((folder / "project.json").read_text())["training"]["epochs"] == 2
    assert any(each.startswith("epoch 1 of 2") for each in said)
    accuracy = next(each for each in told if each["event"] == "test")["metrics"]["accuracy"]
    assert bar.progress.text().startswith("completed in 0:")
    assert bar.progress.text().endswith(f" · test accuracy {accuracy:.3f}")
    assert not bar.run.text().startswith("Run…") and bar.run.isEnabled()
    assert not bar.stop.isEnabled() and bar.line.done is None

    qtbot.waitUntil(lambda: panel.board is not None and len(panel.board.plots) == 2)
    panel.draw()
    steps = [each for each in told if each["event"] == "step"]
    epochs = [each for each in told if each["event"] == "epoch"]
    per_epoch = next(each for each in told if each["event"] == "plan")["steps"]
    for name, plot in panel.board.plots.items():
        x, y = plot.steps.getOriginalDataset()
        assert list(x) == pytest.approx([each["step"] / per_epoch for each in steps])
        assert list(y) == [each["metrics"][name] for each in steps]
        x, y = plot.epochs.getOriginalDataset()
        assert (list(x), list(y)) == ([1, 2], [each["metrics"][name] for each in epochs])
        _, y = plot.validation.getOriginalDataset()
        assert list(y) == [each["metrics"][f"val_{name}"] for each in epochs]
        assert plot.legend.text.startswith(f"{name} train {y_text(epochs[-1]['metrics'][name])}")
    best = min(epochs, key=lambda each: each["metrics"]["val_loss"])["epoch"]
    assert panel.board.plots["loss"].best.value() == best

    panel.save_csv(tmp_path / "points.csv")
    rows = (tmp_path / "points.csv").read_text().splitlines()
    assert len(rows) == 1 + 2 * len(steps) + 4 * len(epochs)
    panel.save_png(tmp_path / "plots.png")
    assert (tmp_path / "plots.png").read_bytes().startswith(b"\x89PNG")

    the_log_holds_what_was_printed(mlp, folder)
    the_list_shows_the_run(mlp, folder, accuracy)
    qtbot.waitUntil(lambda: not runner.going(folder), timeout=LONG)
    a_run_goes_to_the_trash_and_comes_back(mlp, folder)
    it_opens_as_it_ran(mlp)


def y_text(value: float) -> str:
    return f"{value:.3f}"


def the_log_holds_what_was_printed(window: Window, folder: Path) -> None:
    text = window.panel("log").text
    settle(window)
    shown = text.toPlainText()
    assert "Epoch 1/2" in shown and "\x1b" not in shown
    assert shown.splitlines()[-1] == (folder / "log.txt").read_text().splitlines()[-1]


def the_list_shows_the_run(window: Window, folder: Path, accuracy: float) -> None:
    panel = window.panel("runs")
    settle(window)
    model = panel.model
    row = {
        model.headerData(column, Qt.Orientation.Horizontal): model.index(0, column).data()
        for column in range(model.columnCount())
    }
    assert (row["Name"], row["State"], row["Epochs"]) == ("digits_mlp", "completed", "2 / 2")
    assert row["test_accuracy"] == f"{accuracy:.3f}"
    assert panel.current == folder


def a_run_goes_to_the_trash_and_comes_back(window: Window, folder: Path) -> None:
    panel = window.panel("runs")
    panel.table.setFocus()
    QTest.keyClick(panel.table, Qt.Key.Key_Delete)
    settle(window)
    assert not folder.exists() and not panel.model.rows
    assert panel.notice.isVisible()
    click(panel.notice.button)
    settle(window)
    assert (folder / "events.jsonl").exists() and panel.current == folder


def it_opens_as_it_ran(window: Window) -> None:
    window.session.mark_saved()
    panel = window.panel("runs")
    before = window.session
    panel.open_as_it_ran()
    assert window.session is not before and window.session.path is None
    assert window.session.project.training.epochs == 2
    settle(window)
    assert not window.session.errors, "its data is still found"


def test_a_run_outlives_its_window_and_is_found_and_stopped(qapp, qtbot, project, tmp_path) -> None:
    folder = project("digits_mlp")
    first = Window(Settings(tmp_path / "settings.json"))
    window = opened(first, qtbot)
    next(window)
    assert first.projects.open(folder)
    with_epochs(first, 100_000)
    first.run_command("run.start")
    run = first.runner.run.folder
    qtbot.waitUntil(lambda: first.runner.run.progress.epoch > 2, timeout=LONG)
    next(window, None)

    second = Window(Settings(tmp_path / "settings.json"))
    window = opened(second, qtbot)
    next(window)
    assert second.projects.open(folder)
    assert second.runner.run.folder == run and second.runner.shown == run
    qtbot.waitUntil(lambda: second.runner.run.progress.epoch > 2, timeout=LONG)
    assert "epoch" in second.bar.progress.text() and " of 100000" in second.bar.progress.text()
    assert 0 < second.bar.line.done < 1
    click(second.bar.stop)
    qtbot.waitUntil(lambda: not second.runner.running, timeout=LONG)
    assert second.bar.progress.text().startswith("stopped in epoch ")
    assert (run / "checkpoints" / "stopped.keras").stat().st_size > 1000
    qtbot.waitUntil(lambda: not (run / "process.json").exists(), timeout=LONG)
    next(window, None)


@pytest.mark.slow
def test_a_run_pauses_goes_on_and_goes_on_again_when_it_was_stopped(mlp, qtbot) -> None:
    with_epochs(mlp, 100_000)
    bar, runner = mlp.bar, mlp.runner
    assert not bar.pause.isEnabled()
    mlp.run_command("run.start")
    run = runner.run.folder
    qtbot.waitUntil(lambda: runner.run.progress.epoch > 1, timeout=LONG)
    assert bar.pause.isEnabled() and bar.pause.text() == "Pause"
    click(bar.pause)
    qtbot.waitUntil(lambda: runner.run.progress.paused, timeout=LONG)
    settle(mlp)
    assert bar.progress.text().startswith("paused in epoch ") and bar.stop.isEnabled()
    assert bar.pause.text() == "Resume" and bar.run.text().startswith("Run…")
    epoch = runner.run.progress.epoch
    click(bar.pause)
    qtbot.waitUntil(lambda: runner.run.progress.epoch > epoch, timeout=LONG)
    assert bar.pause.text() == "Pause"
    click(bar.stop)
    qtbot.waitUntil(lambda: not runner.running, timeout=LONG)
    epoch = runner.run.progress.epoch
    assert bar.pause.text() == "Resume" and bar.run.isEnabled()
    qtbot.waitUntil(lambda: not runner.going(run), timeout=LONG)
    click(bar.pause)
    qtbot.waitUntil(lambda: runner.running and runner.run.progress.epoch > epoch, timeout=LONG)
    assert runner.run.folder == run and bar.pause.text() == "Pause"
    resumed = [each for each in events(run) if each["event"] == "resumed"]
    assert len(resumed) == 1 and 0 < resumed[0]["epoch"] <= epoch
    click(bar.stop)
    qtbot.waitUntil(lambda: not runner.going(run), timeout=LONG)


def test_a_run_that_died_unseen_is_told_as_failed(mlp, qtbot) -> None:
    mlp.run_command("run.start")
    run, path = mlp.runner.run.folder, mlp.session.path
    qtbot.waitUntil(lambda: (run / "process.json").exists(), timeout=LONG)
    assert mlp.projects.open(path)  # as a window that hasn't started it
    assert mlp.runner.run.folder == run and mlp.runner.running
    os.kill(json.loads((run / "process.json").read_text())["process"], signal.SIGKILL)
    qtbot.waitUntil(lambda: not mlp.runner.running, timeout=LONG)
    said = "failed: The training process ended before it was done"
    assert mlp.bar.progress.text().startswith(said)
    assert mlp.bar.progress.tone == "error"
    assert events(run)[-1]["state"] == "failed"
    click(mlp.bar.progress)
    settle(mlp)
    assert mlp.docks["log"].panel.isVisible()
    assert mlp.projects.open(path)
    assert mlp.runner.run is None, "it is over, and known to be"


def test_a_failure_names_its_node_and_a_click_goes_there(
    window, project, qtbot, monkeypatch
) -> None:
    path = project("custom_layer") / "project.json"
    source = path.read_text()
    assert source.count("def call(self, inputs):") == 1
    path.write_text(
        source.replace(
            "def call(self, inputs):",
            "def call(self, inputs):\\n        raise OSError('no \\\\x1b[1mway')",
        )
    )
    assert window.projects.open(path)
    # What the person would answer: the code is their own.
    monkeypatch.setattr(window.projects, "trusted", lambda session: True, raising=False)
    window.run_command("run.start")
    runner = window.runner
    qtbot.waitUntil(lambda: runner.run is not None and not runner.running, timeout=LONG)
    progress = runner.run.progress
    graph = window.session.project.graph(progress.graph)
    assert graph.nodes[progress.node].op == "code:Projection"
    assert window.bar.progress.text() == 'failed at "projection" (model): OSError: no way'
    click(window.bar.progress)
    assert window.selected() == [progress.node]

    window.select("data", [])
    text = window.panel("log").text
    settle(window)
    line = next(
        block
        for block in (text.document().findBlockByNumber(i) for i in range(text.blockCount()))
        if block.text().endswith(f"→ {progress.node}")
    )
    cursor = text.textCursor()
    cursor.setPosition(line.position() + 4)
    text.setTextCursor(cursor)
    text.ensureCursorVisible()
    place = text.cursorRect().center() + QPoint(2, 0)
    QTest.mouseClick(
        text.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place
    )
    assert (window.graph, window.selected()) == (progress.graph, [progress.node])


def test_code_that_nobody_trusts_isnt_run(window, project) -> None:
    assert window.projects.open(project("custom_layer"))
    window.run_command("run.start")
    assert window.runner.run is None and "trust" in window.said
    assert not window.runner.folder().exists()


def test_a_project_with_errors_shows_them_instead(mlp) -> None:
    from studio.graph.edits import Disconnect

    edge = mlp.session.project.model.edges[0]
    assert mlp.session.do(Disconnect("model", edge.source, edge.target))
    mlp.run_command("run.start")
    assert mlp.runner.run is None and "problems" in mlp.said
    assert mlp.docks["problems"].panel.isVisible()


def test_an_empty_panel_offers_the_first_step(mlp) -> None:
    for name in ("training", "runs", "log", "preview"):
        panel = mlp.panel(name)
        settle(mlp)
        assert panel.isVisible()
    assert mlp.docks["training"].panel.board is None, "pyqtgraph isn't needed yet"


@pytest.mark.parametrize(
    "node, title, rows",
    [
        (
            "split",
            "split: train 1,439 elements · validation 179 elements · test 179 elements",
            [["train features", "", "(8, 8)", "float32"], ["train label", "", "()", "int32"]],
        ),
        (
            "train",
            "train: 23 elements",
            [["features", "", "(None, 8, 8)", "float32"], ["label", "", "(None,)", "int32"]],
        ),
    ],
)
def test_the_preview_says_what_is_known_of_a_stage(mlp, node, title, rows) -> None:
    panel = mlp.panel("preview")
    mlp.select("data", [node])
    settle(mlp)
    table = panel.known.table
    shown = [
        [table.item(row, column).text() for column in range(4)] for row in range(table.rowCount())
    ]
    assert panel.title.text() == title
    assert shown[:2] == rows
