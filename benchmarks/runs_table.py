"""How long the table of a thousand runs takes in a window of its own, offscreen.

    python -m benchmarks.runs_table [--rounds N] [--runs N] [--overlay N]

Wanted, with 1,000 runs: the table open at most 0.3 s after the click, all runs in it; a filter at
most 50 ms a letter, the drawing of the table with it; the curves of 50 runs over each other at
most 1 s; and never is the window's thread held for longer than 50 ms while the list is read. "At
first" is without an index of the runs, "again" with it. Wall time, and the processor's beside it.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
from PySide6.QtCore import QCoreApplication, QTimer
from PySide6.QtTest import QTest

from benchmarks.runs import BEGAN, story
from studio.engine import events
from studio.engine.run_index import place_of
from studio.graph import templates
from studio.gui.app import application
from studio.gui.settings import Settings
from studio.gui.window import Window

Time = tuple[float, float]
RATE = "optimizer.params.learning_rate"
TYPED = (
    "val_accuracy > 0.5 and tag:baseline",
    f"{RATE} < 0.01 or not state:failed",
    "digits 2025",
)


def write_runs(project: Path, count: int) -> None:
    """Runs of twenty epochs, each of its own figures and learning rate; a tenth has tags."""
    draw = random.Random(7)
    source = (project / "project.json").read_text()
    assert '"learning_rate": 0.001' in source
    lines = story(20, 300, 12)
    content = "\n".join([*lines, '{"event":"state","time":1760000100.0,"state":"completed"}', ""])
    for number in range(count):
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(BEGAN + 600 * number))
        folder = project / "runs" / f"{stamp}-digits"
        folder.mkdir(parents=True)
        (folder / events.NAME).write_text(content)
        rate = 10 ** -draw.uniform(1, 5)
        (folder / "project.json").write_text(
            source.replace('"learning_rate": 0.001', f'"learning_rate": {rate:.3g}')
        )
        if number % 10 == 0:
            (folder / "about.json").write_text('{"note": "as before", "tags": ["baseline"]}')


class Stalls:
    """The longest that the event loop didn't come round: in wall time, and the processor's."""

    def __init__(self) -> None:
        self._longest: Time = (0.0, 0.0)
        self._last: Time = (time.perf_counter(), time.thread_time())
        self._timer = QTimer(interval=0)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def _tick(self) -> None:
        now = (time.perf_counter(), time.thread_time())
        gone = tuple(new - old for new, old in zip(now, self._last, strict=True))
        self._longest = tuple(map(max, self._longest, gone))
        self._last = now

    def end(self) -> Time:
        """The longest, in seconds."""
        self._timer.stop()
        return self._longest


def until(done: Callable[[], bool], limit: float = 30.0) -> None:
    """Goes through the event loop until something is so."""
    end = time.perf_counter() + limit
    while not done():
        QCoreApplication.processEvents()
        if time.perf_counter() > end:
            raise TimeoutError("It took too long.")


def timed(call: Callable[[], object]) -> Time:
    """Wall and processor seconds of a call."""
    began, used = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - began, time.process_time() - used


def tell(what: str, times: list[Time], wanted: float | None) -> None:
    walls, used = zip(*times, strict=True)
    said = f"wanted <= {wanted * 1000:.0f} ms" if wanted else ""
    found = (statistics.median(walls), max(walls), statistics.median(used))
    median, worst, cpu = (f"{each * 1000:7.1f} ms" for each in found)
    print(f"{what:40} median {median}  worst {worst}  CPU {cpu}  {said}", flush=True)


def opened(project: Path) -> Window:
    """A window on the project, as large as it is at first, its runs not yet looked at."""
    window = Window(Settings(kept=False))
    window.show()
    assert window.projects.open(project / "project.json")
    window.session.settle()
    for _ in range(20):
        QCoreApplication.processEvents()
    return window


def table(window: Window, count: int) -> tuple[Time, Time, Time]:
    """The table from the click to its first rows, and to all of them; the longest stall of it."""
    first: list[Time] = []
    stalls: list[Stalls] = []

    def show() -> None:
        began, used = time.perf_counter(), time.process_time()
        window.run_command("run.runs")
        panel = window.docks["runs"].panel
        stalls.append(Stalls())
        until(lambda: bool(panel.model.rows) and panel.table.isVisible())
        panel.table.viewport().repaint()
        first.append((time.perf_counter() - began, time.process_time() - used))
        until(lambda: len(panel.model.rows) == count)
        panel.table.viewport().repaint()

    whole = timed(show)
    panel = window.docks["runs"].panel
    until(lambda: panel.reading.complete and not panel.reading.busy)
    return first[0], whole, stalls[0].end()


def filtering(window: Window) -> list[Time]:
    """Each letter of some filters, typed into the field, with the table drawn after it."""
    panel, times = window.docks["runs"].panel, []
    panel.filter.setFocus()

    def type_letter(letter: str) -> None:
        QTest.keyClick(panel.filter, letter)
        panel.table.viewport().repaint()

    for text in TYPED:
        for letter in text:
            times.append(timed(lambda letter=letter: type_letter(letter)))
        panel.filter.completer_.popup().hide()
        panel.filter.clear()
    return times


def overlay(window: Window, count: int, first: int) -> Time:
    """The curves of some runs over each other, from their selection until they are drawn."""
    panel = window.docks["runs"].panel
    rows = panel.model.rows[first : first + count]

    def show() -> None:
        panel.table.select([each.folder for each in rows], rows[0].folder)
        until(lambda: len(panel.side.plot.curves) == count and not panel.side.reading)
        panel.side.plot.plot.viewport().repaint()

    return timed(show)


def main() -> None:
    """Prints the medians, the worst and the processor's time of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--overlay", type=int, default=50)
    options = parser.parse_args()
    application(Settings(kept=False))
    with tempfile.TemporaryDirectory() as place:
        os.environ["XDG_CACHE_HOME"] = place
        project = templates.copy("digits_mlp", Path(place) / "p").parent
        write_runs(project, options.runs)
        measure(project, options)


def measure(project: Path, options: argparse.Namespace) -> None:
    """All of it, with a window anew for each round."""
    kinds = {"at first": [], "again": []}
    filters: list[Time] = []
    overlays: list[Time] = []
    window = opened(project)
    table(window, options.runs)  # what is imported once
    window.docks["runs"].panel.show_overlay(True)
    window.session.mark_saved()
    window.close()
    for kind, found in kinds.items():
        for _ in range(options.rounds):
            if kind == "at first":
                place_of(project / "runs").unlink(missing_ok=True)
            window = opened(project)
            found.append(table(window, options.runs))
            if kind == "again":
                filters += filtering(window)
                window.docks["runs"].panel.show_overlay(True)
                until(lambda w=window: not w.docks["runs"].panel.side.reading)
                for at in range(2):
                    overlays.append(overlay(window, options.overlay, at * options.overlay))
            window.session.mark_saved()
            window.close()
    for kind, found in kinds.items():
        tell(f"{options.runs:,} runs, {kind}: the first rows", [each[0] for each in found], None)
        tell(f"{options.runs:,} runs, {kind}: all rows", [each[1] for each in found], 0.3)
        tell("  the longest stall while it is read", [each[2] for each in found], 0.05)
    tell("a letter of a filter", filters, 0.05)
    tell(f"the curves of {options.overlay} runs", overlays, 1.0)


if __name__ == "__main__":
    main()
