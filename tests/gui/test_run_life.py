"""The life of runs in the window: several beside each other, queued, announced, found again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.engine import control
from studio.engine.process import Found
from studio.engine.queue import waiting
from studio.graph.edits import SetTraining
from studio.graph.file import load
from studio.gui.window import Window
from tests.conftest import ROOT, events, slow
from tests.gui import teller
from tests.gui.conftest import settle
from tests.gui.test_training import LONG, click, with_epochs

Begin = Callable[..., Path]


@pytest.fixture
def mlp(window, project) -> Window:
    """A window on the template digits_mlp."""
    assert window.projects.open(project("digits_mlp"))
    settle(window)
    return window


@pytest.fixture
def begin(mlp) -> Iterator[Begin]:
    """A function that begins a run of the project which only tells; none of them is left."""
    processes: list[subprocess.Popen[bytes]] = []

    def one(clock: str = "101500", **how: object) -> Path:
        folder, process = teller.begin(
            mlp.session.project, mlp.runner.folder(), f"20260501-{clock}-digits_mlp", **how
        )
        processes.append(process)
        return folder

    yield one
    for each in processes:
        each.kill()
        each.wait()


@pytest.fixture
def followed(mlp, begin, qtbot) -> tuple[Window, Path]:
    """The window, and a run that it has found and follows."""
    folder = begin()
    assert mlp.projects.open(mlp.session.path)
    settle(mlp)
    qtbot.waitUntil(lambda: mlp.runner.run.progress.step > 0)
    return mlp, folder


def key(window: Window, name: Qt.Key, *modifiers: Qt.KeyboardModifier) -> None:
    held = Qt.KeyboardModifier.NoModifier
    for each in modifiers:
        held |= each
    QTest.keyClick(QApplication.focusWidget() or window, name, held)


CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier


def test_while_a_run_goes_on_others_are_queued_ordered_and_taken_out(followed, qtbot) -> None:
    window, going = followed
    bar, runner = window.bar, window.runner
    assert bar.run.text().startswith("Run…") and not bar.others.isVisible()
    click(bar.run)
    menu = QApplication.activePopupWidget()
    assert [each.text() for each in menu.actions()] == ["Run beside", "Queue"]
    QTest.keyClick(menu, Qt.Key.Key_Down)
    QTest.keyClick(menu, Qt.Key.Key_Return)
    settle(window)
    (first,) = runner.queued
    assert bar.others.isVisible() and bar.others.text() == "1 queued"
    assert runner.run.folder == going and window.said == f"{first.id} is number 1 in the queue."
    # What waits is the project as it is now.
    assert window.session.do(SetTraining("epochs", 7))
    window.activateWindow()  # without a desktop nobody gives it the focus behind the menu
    qtbot.waitUntil(window.isActiveWindow)
    window.canvas.setFocus()
    key(window, Qt.Key.Key_Q, CTRL, ALT)
    settle(window)
    second = runner.queued[1]
    epochs = [load(each.folder).training.epochs for each in runner.queued]
    assert epochs[1] == 7 != epochs[0]
    assert bar.progress.text().startswith("10:15:00 · epoch ")

    key(window, Qt.Key.Key_G, CTRL, ALT)
    sheet = bar.going
    assert list(sheet.rows) == [going, first.folder, second.folder]
    assert sheet.rows[going].buttons["Show"].hasFocus()
    qtbot.waitUntil(lambda: "samples/s" in sheet.rows[going].said.text(), timeout=10_000)
    said = sheet.rows[going].said.text()
    assert said.startswith("epoch ") and " steps/s" in said and "step " in said
    assert not sheet.rows[first.folder].buttons["Move up"].isEnabled()
    up = sheet.rows[second.folder].buttons["Move up"]
    up.setFocus()
    QTest.keyClick(up, Qt.Key.Key_Space)
    assert [each.folder for each in runner.queued] == [second.folder, first.folder]
    assert [each for each, _ in waiting(runner.folder())] == [second.folder, first.folder]
    assert list(sheet.rows) == [going, second.folder, first.folder]
    assert sheet.isAncestorOf(QApplication.focusWidget()), "the keyboard stays in the sheet"
    for folder in (first.folder, second.folder):
        click(bar.going.rows[folder].buttons["Take out of the queue"])
    assert not runner.queued and "taken out" in events(first.folder)[-1]["message"]
    assert list(bar.going.rows) == [going]
    key(window, Qt.Key.Key_Escape)
    assert bar.going is None and not bar.others.isVisible()
    assert not window.notices.by_key, "who takes a run out knows that it is out"


def test_several_runs_are_told_apart_shown_paused_and_stopped_each(followed, begin, qtbot) -> None:
    window, first = followed
    bar, runner = window.bar, window.runner
    second = begin("111500")  # by another program
    qtbot.waitUntil(lambda: len(runner.all_going) == 2, timeout=10_000)
    assert runner.run.folder == first and bar.others.text() == "+1 running"
    click(bar.others)
    assert list(bar.going.rows) == [first, second]
    click(bar.going.rows[second].buttons["Show"])
    settle(window)
    assert bar.going is None and runner.run.folder == runner.shown == second
    assert bar.progress.text().startswith("11:15:00 · ")
    assert window.docks["training"].panel.isVisible()

    key(window, Qt.Key.Key_G, CTRL, ALT)
    row = bar.going.rows[first]
    click(row.buttons["Pause"])
    qtbot.waitUntil(lambda: row.said.text().startswith("paused in epoch "))
    assert row.buttons["Pause"].toolTip() == "Resume"
    click(row.buttons["Pause"])
    qtbot.waitUntil(
        lambda: row.said.text().startswith("epoch ") and "paused" not in row.said.text()
    )
    click(bar.going.rows[first].buttons["Stop"])
    qtbot.waitUntil(lambda: len(runner.all_going) == 1)
    assert runner.running and list(bar.going.rows) == [second]
    assert not bar.others.isVisible()
    bar.going.dismiss()
    click(bar.more)
    menu = QApplication.activePopupWidget()
    assert [each.text() for each in menu.actions()] == ["Stop", "Stop and keep the best"]
    QTest.keyClick(menu, Qt.Key.Key_Down)
    QTest.keyClick(menu, Qt.Key.Key_Return)
    assert (second / "control" / "keep-best").exists()
    qtbot.waitUntil(lambda: not runner.running)


FAILS = {
    "state": "failed",
    "message": 'The training failed at "hidden1" (model): ValueError: <b>no</b>.',
    "graph": "model",
    "node": "hidden1",
}


@pytest.mark.parametrize(
    ("end", "buttons", "tone"),
    [
        ({"state": "completed"}, ["Show results", "Show curves"], "info"),
        (FAILS, ["Go to node", "Show log"], "error"),
        *slow(({"state": "failed", "message": "The disk is full."}, ["Show log"], "error")),
    ],
)
def test_the_end_of_a_run_is_announced_and_leads_on(end, buttons, tone, mlp, begin, qtbot) -> None:
    folder = begin(end=end)
    assert mlp.projects.open(mlp.session.path)
    assert not mlp.notices.by_key
    control.ask(folder, teller.END)
    qtbot.waitUntil(lambda: bool(mlp.notices.by_key), timeout=10_000)
    assert list(mlp.notices.by_key) == [f"run:{folder.name}"]
    notice = mlp.notices.by_key[f"run:{folder.name}"]
    assert (list(notice.buttons), notice.tone) == (buttons, tone)
    assert notice.text.startswith("10:15:00 digits_mlp: ")
    assert end.get("message", "completed in 0:")[-20:].strip(".") in notice.text
    assert "<b>" not in mlp.bar.progress.toolTip(), "an error's text is no HTML"
    click(notice.buttons[buttons[0]])
    settle(mlp)
    if buttons[0] == "Go to node":
        assert (mlp.graph, mlp.selected()) == ("model", ["hidden1"])
    else:
        panel = "model" if end["state"] == "completed" else "log"
        assert mlp.docks[panel].panel.isVisible() and mlp.runner.shown == folder
    assert not mlp.notices.by_key


def test_a_node_that_is_gone_is_said(followed) -> None:
    window, _ = followed
    assert not window.go("model", "nowhere") and not window.go("block:x", "nowhere")
    assert window.said == "nowhere is no longer in the project."


def weights_of_another(window: Window) -> str:
    import h5py

    path = window.session.folder / "other.weights.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("layers/dense/vars/0", data=np.zeros((3, 2), "float32"))
    weights = {"op": "studio.weights.load", "params": {"path": "other.weights.h5"}}
    assert window.session.do(SetTraining("weights", weights))
    return "doesn't fit the model"


def runs_that_are_no_folder(window: Window) -> str:
    window.runner.folder().write_text("in the way")
    return "No run can be kept in "


def runs_on_a_full_disk(window: Window) -> str:
    window.runner.folder().symlink_to("/dev/full")
    return "No run can be kept in "


@pytest.mark.parametrize(
    "spoil", [weights_of_another, runs_that_are_no_folder, runs_on_a_full_disk]
)
def test_what_cant_be_run_is_said_in_a_sentence_beforehand(spoil, mlp) -> None:
    words = spoil(mlp)
    settle(mlp)
    for command in ("run.start", "run.queue"):
        mlp.run_command(command)
        assert mlp.runner.run is None and not mlp.runner.queued
        notice = mlp.notices.by_key["run-refused"]
        assert words in notice.text and notice.tone == "error" and notice.text == mlp.said
        mlp.notices.drop("run-refused")


def test_a_project_that_trains_is_marked_on_the_start_page(followed, qtbot) -> None:
    window, folder = followed
    window.run_command("file.leave")
    page = window.start
    settle(window)
    assert page.isVisible() and page.rows.rows[0].training
    index = page.rows.index(0)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole).endswith("training…")
    control.ask(folder, control.STOP)
    qtbot.waitUntil(lambda: not page.rows.rows[0].training, timeout=10_000)


def test_a_large_run_is_prepared_beside_the_window(mlp, qtbot, monkeypatch) -> None:
    from studio.gui import starting

    monkeypatch.setattr(starting, "QUICK_BYTES", 0)  # so that these few are many
    mlp.run_command("run.queue")
    bar = mlp.bar
    assert bar.progress.text() == "preparing the run…" and not bar.run.isEnabled()
    qtbot.waitUntil(lambda: mlp.runner.run is not None, timeout=10_000)
    assert bar.run.isEnabled()
    mlp.runner.run.process.kill()  # nobody was before it in the queue
    qtbot.waitUntil(lambda: not mlp.runner.all_going, timeout=LONG)


# With a training


@pytest.mark.slow
def test_a_queued_run_begins_when_the_one_before_is_stopped_with_its_best(mlp, qtbot) -> None:
    with_epochs(mlp, 100_000)
    bar, runner = mlp.bar, mlp.runner
    mlp.run_command("run.start")
    first = runner.run
    qtbot.waitUntil(lambda: first.progress.epoch > 3, timeout=LONG)
    with_epochs(mlp, 2)
    mlp.run_command("run.queue")
    (second,) = runner.queued
    mlp.run_command("run.stop_best")
    qtbot.waitUntil(lambda: first.progress.ended, timeout=LONG)
    assert first.progress.message.startswith("Its model is that of epoch ")
    assert first.progress.message in mlp.notices.by_key[f"run:{first.id}"].text
    assert (first.folder / "checkpoints" / "stopped.keras").exists()
    qtbot.waitUntil(lambda: runner.run is second, timeout=LONG)
    qtbot.waitUntil(lambda: second.progress.ended, timeout=LONG)
    assert second.progress.state == "completed" and not bar.others.isVisible()
    assert bar.progress.text().startswith("completed in ")
    qtbot.waitUntil(lambda: not runner.going(second.folder), timeout=LONG)


@pytest.mark.slow
def test_the_app_is_killed_and_the_next_start_misses_no_point(mlp, qtbot, tmp_path) -> None:
    path = mlp.session.path
    with_epochs(mlp, 100_000)
    assert mlp.projects.save()
    mlp.projects.leave()
    app = subprocess.Popen(
        [sys.executable, "-m", "tests.gui.living", str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)},
    )
    folder = None
    try:
        folder = Path(app.stdout.readline().strip())
        assert app.stdout.readline().strip() == "drawn", "its window shows the curves"
        app.send_signal(signal.SIGKILL)
        assert app.wait() == -signal.SIGKILL
        told = len(events(folder))
        assert Found(folder).poll() is None
        qtbot.waitUntil(lambda: len(events(folder)) > told + 20, timeout=LONG)

        assert mlp.projects.open(path)
        runner = mlp.runner
        assert runner.run.folder == runner.shown == folder and runner.running
        panel = mlp.panel("training")
        seen = runner.run.progress.epoch
        qtbot.waitUntil(lambda: runner.run.progress.epoch > seen + 3, timeout=LONG)
        click(mlp.bar.stop)
        qtbot.waitUntil(lambda: not runner.going(folder), timeout=LONG)
        qtbot.waitUntil(lambda: panel._over and not panel._reader.behind, timeout=LONG)
    finally:
        app.kill()
        app.wait()
        app.stdout.close()
        if folder is not None:
            with contextlib.suppress(OSError):
                Found(folder).kill()
    every_point_is_there(folder, panel.curves)


def every_point_is_there(folder: Path, curves) -> None:
    """All that the run has told is in the curves, in its order, point by point."""
    written = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    steps = [each for each in written if each["event"] == "step"]
    epochs = [each for each in written if each["event"] == "epoch"]
    assert [each["epoch"] for each in epochs] == list(range(1, len(epochs) + 1))
    assert len(steps) > 10 and len(epochs) > 5
    for name in ("loss", "accuracy"):
        curve = curves.metrics[name]
        assert list(curve.steps.x) == [each["step"] for each in steps]
        assert list(curve.steps.y) == [each["metrics"][name] for each in steps]
        assert list(curve.epochs.x) == [each["epoch"] for each in epochs]
        assert list(curve.epochs.y) == [each["metrics"][name] for each in epochs]
        assert list(curve.validation.y) == [each["metrics"][f"val_{name}"] for each in epochs]
