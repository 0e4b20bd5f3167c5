"""From the death of a training to the sentence that tells it.

    python benchmarks/death.py [--rounds N]

Each round starts a real run, kills its process by SIGKILL while it trains, and measures how long
it takes until its end is told: by the one that started it, by one that has found it, both looking
every 50 ms; and by a window that has started it, and one that has found it as after a restart of
the app: until the notice is there. Wanted: 2 s at most.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from studio.engine.run import Run, attach, start
from studio.graph.file import load
from studio.graph.templates import copy

EACH = 0.05


def until(wanted: Callable[[], bool], run: Run) -> float:
    """Follows a run until something is so; returns the seconds that took."""
    begun = time.perf_counter()
    while not wanted():
        run.poll()
        time.sleep(EACH)
    return time.perf_counter() - begun


def measure(project, folder: Path, runs: Path, found: bool) -> float:
    """Seconds from the kill to the told end."""
    run = start(project, folder, runs)
    until(lambda: run.progress.epoch > 3, run)
    follower = attach(run.folder) if found else run
    follower.poll()
    begun = time.perf_counter()
    os.kill(run.process.pid, signal.SIGKILL)
    until(lambda: follower.progress.ended, follower)
    assert follower.progress.state == "failed"
    return time.perf_counter() - begun


def in_window(path: Path, found: bool) -> float:
    """Seconds from the kill to the notice in a window, which stays whole."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtCore import QCoreApplication, QEvent, QThread

    from studio.graph.edits import SetTraining
    from studio.gui.app import application
    from studio.gui.settings import Settings
    from studio.gui.window import Window

    settings = Settings(kept=False)
    application(settings)
    window = Window(settings)
    window.show()
    assert window.projects.open(path), window.said

    def until(wanted: Callable[[], bool]) -> None:
        while not wanted():
            QCoreApplication.processEvents()
            QThread.msleep(2)

    for name, value in (("epochs", 100_000), ("callbacks", ())):
        window.session.do(SetTraining(name, value))
    window.session.mark_saved()
    window.run_command("run.start")
    until(lambda: window.runner.run.progress.epoch > 3)
    process = json.loads((window.runner.run.folder / "process.json").read_bytes())["process"]
    if found:
        assert window.projects.open(path)
        until(lambda: window.runner.run.progress.epoch > 3)
    begun = time.perf_counter()
    os.kill(process, signal.SIGKILL)
    until(lambda: any(key.startswith("run:") for key in window.notices.by_key))
    seconds = time.perf_counter() - begun
    assert window.runner.run.progress.state == "failed" and window.bar.run.isEnabled()
    assert not window.grab().isNull()
    window.session.mark_saved()
    window.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return seconds


def main() -> None:
    """Measures all followers in turns."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as place:
        path = copy("penguins", Path(place) / "penguins")
        project = load(path)
        training = replace(project.training, epochs=100_000, callbacks=())
        project = replace(project, training=training)
        times: dict[str, list[float]] = {"that started it": [], "that found it": []}
        windows: dict[str, list[float]] = {"that started it": [], "that found it": []}
        for _ in range(rounds):
            for name, measured in times.items():
                found = name == "that found it"
                measured.append(measure(project, path.parent, Path(place) / "runs", found))
                windows[name].append(in_window(path, found))
    for who, all_ in (("one", times), ("a window", windows)):
        for name, measured in all_.items():
            print(
                f"{who:8} {name:16} {statistics.median(measured):.2f} s (median of {rounds}), "
                f"{max(measured):.2f} s at most"
            )


if __name__ == "__main__":
    main()
