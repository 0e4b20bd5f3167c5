"""What the plots of a run cost: a long one opened, one followed while it goes on, memory.

    python -m benchmarks.plots [--rounds N] [--steps N] [--seconds S] [--minutes M]

All of it in a real window (offscreen, 1440x900) on a project, with the panel Training in front.

1. An events.jsonl of 1,000,000 steps, read in the parts that the panel reads: without a window,
   and opened in the window until every plot in sight shows its last point. Wanted: <= 1 s.
2. A process of its own writes 2,000 steps a second, each with 20 metrics, for `--seconds`, and the
   window follows it as it follows a training. The processor's time of the app, of one core.
   Wanted: <= 15 %. A timer looks every 10 ms how late it is: the longest time between two turns
   of the event loop, and how much of it the app itself has used. Wanted: none over 50 ms.
3. The same process writes `--minutes` minutes of such events as fast as the disk takes them (their
   times are those of 30 minutes; the app reads them all, and draws while it does). The memory of
   the app after each tenth. Wanted: flat.

The bare start of Python is printed, too, so that the machine can be judged.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import psutil
from PySide6.QtCore import QTimer
from PySide6.QtTest import QTest

from benchmarks.runs import line, of_call, of_process, story, tell
from studio.engine import events
from studio.engine.curve_reader import CurveReader
from studio.engine.run import attach
from studio.graph import templates
from studio.gui.app import application
from studio.gui.panels.training import MOST
from studio.gui.settings import Settings
from studio.gui.window import Window

WRITER = Path(__file__).with_name("event_writer.py")
FRAME = 10
"""Milliseconds of the timer that looks how late it is."""

STALL = 50.0
"""Milliseconds that no turn should take."""


class Frames:
    """How long the turns of the event loop take, and how much of it this thread has used."""

    def __init__(self) -> None:
        self.longest = self.used = 0.0
        self.stalls = self.busy = 0
        self._timer = QTimer(interval=FRAME)
        self._timer.timeout.connect(self._look)
        self._at, self._thread = time.perf_counter(), time.thread_time()
        self._timer.start()

    def _look(self) -> None:
        now, thread = time.perf_counter(), time.thread_time()
        late, used = 1000 * (now - self._at) - FRAME, 1000 * (thread - self._thread)
        self._at, self._thread = now, thread
        self.longest, self.used = max(self.longest, late), max(self.used, used)
        self.stalls += late > STALL
        self.busy += used > STALL

    def stop(self) -> str:
        """What it has seen."""
        self._timer.stop()
        return (
            f"longest {self.longest:.0f} ms late ({self.stalls} times over {STALL:.0f}), "
            f"of its own work {self.used:.0f} ms at most ({self.busy} times over {STALL:.0f})"
        )


def opened(place: Path) -> Window:
    """A window on a project, with the panel in front."""
    window = Window(Settings(kept=False))
    window.resize(1440, 900)
    window.show()
    window.projects.open(templates.copy("digits_mlp", place / "digits_mlp").parent)
    window.panel("training")
    QTest.qWait(300)
    return window


def settled(window: Window) -> bool:
    """Whether all that is to be seen is drawn."""
    panel = window.docks["training"].panel
    board = panel.board
    if panel._reader is None or panel._reader.behind or board is None or not panel._over:
        return False
    return not any(map(board._seen, board._stale)) and panel._drawn == panel.curves.version


def show(window: Window, folder: Path) -> None:
    """Shows a run until it is drawn."""
    window.runner.show(folder)
    while not settled(window):
        QTest.qWait(1)
    window.docks["training"].panel.board.repaint()


def a_million(window: Window, place: Path, count: int, rounds: int) -> None:
    """Read alone, and opened in the window."""
    folder = place / "million"
    folder.mkdir()
    path = folder / events.NAME
    path.write_text(
        "\n".join([*story(100, count // 100, 1), line("state", 1e6, state="stopped"), ""])
    )
    small = place / "small"
    small.mkdir()
    end = line("state", 1e6, state="stopped")
    (small / events.NAME).write_text("\n".join([*story(3, 100, 1), end, ""]))
    wall, used = of_call(lambda: show(window, small))
    print(f"the first small run, with pyqtgraph's import: {wall:.2f} s, CPU {used:.2f} s")

    longest, reader = 0.0, None

    def read() -> None:
        nonlocal longest, reader
        reader = CurveReader(folder)
        while True:
            longest = max(longest, of_call(lambda: reader.read(MOST))[0])
            if not reader.behind:
                break

    times = [of_call(read) for _ in range(rounds)]
    points = reader.curves.metrics["loss"].steps.count
    assert points == count // 100 * 100
    tell(f"events of {points:,} steps ({path.stat().st_size / 1e6:.0f} MB) read", times, 1.0)
    print(f"  the longest look: {longest * 1000:.0f} ms")
    times, frames = [], Frames()
    for _ in range(rounds):
        times.append(of_call(lambda: show(window, folder)))
        panel = window.docks["training"].panel
        plot = panel.board.plots["loss"]
        assert len(plot.steps.getOriginalDataset()[0]) == points
        assert plot.steps.getData()[0][-1] > 99.8
        show(window, small)
    tell("opened and drawn in the window", times, 1.0)
    print(f"  turns: {frames.stop()}")
    board = panel.board
    show(window, folder)
    for what, change in (
        ("zoomed", lambda: board.do("zoom", 0.5, 50.0)),
        ("smoothed", lambda: board.smooth(0.9)),
        ("by its logarithm", lambda: board.set_log(True)),
    ):
        wall, used = of_call(change)
        print(f"  {what:20} first answer {wall * 1000:4.0f} ms, CPU {used * 1000:4.0f} ms")
    board.smooth(0.0)
    board.set_log(False)


def written(folder: Path, *options: str) -> subprocess.Popen:
    """A process that writes the events of a run."""
    folder.mkdir()
    (folder / events.NAME).touch()
    command = [sys.executable, str(WRITER), *options, str(folder)]  # last, as of a training
    found = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(WRITER.parent.parent)})
    while not (folder / "process.json").exists():
        time.sleep(0.02)
    return found


def live(window: Window, place: Path, seconds: float) -> None:
    """A run that goes on, followed."""
    folder = place / "live"
    writer = written(folder, "--minutes", str(seconds / 60))
    window.runner.follow(attach(folder))
    QTest.qWait(2000)  # until it is drawn for the first time
    wall, used, frames = time.perf_counter(), time.process_time(), Frames()
    curves = window.docks["training"].panel.curves
    before = curves.metrics["loss"].steps.x[-1]
    QTest.qWait(round(1000 * (seconds - 4)))
    wall, used = time.perf_counter() - wall, time.process_time() - used
    rate = (curves.metrics["loss"].steps.x[-1] - before) / wall
    print(
        f"followed: {rate:,.0f} steps/s of {len(curves.metrics)} metrics for {wall:.0f} s: "
        f"{100 * used / wall:.1f} % of a core  wanted <= 15 %"
    )
    print(f"  turns: {frames.stop()}  wanted: none over {STALL:.0f} ms")
    writer.wait()
    while window.runner.running:
        QTest.qWait(100)


def memory(window: Window, place: Path, minutes: float) -> None:
    """The app's memory while a long run is told."""
    folder = place / "long"
    writer = written(folder, "--minutes", str(minutes), "--fast")
    began, app = time.perf_counter(), psutil.Process()
    window.runner.follow(attach(folder))
    panel = window.docks["training"].panel
    found: dict[int, float] = {}
    while window.runner.running or panel._reader.behind or not panel._over:
        QTest.qWait(50)
        loss = panel.curves.metrics.get("loss")
        if loss is not None:
            tenth = int(10 * loss.steps.x[-1] / (minutes * 60 * 2000))
            found.setdefault(tenth, app.memory_info().rss / 1e6)
    writer.wait()
    curves = panel.curves
    kept = sum(curve.steps.count for curve in curves.metrics.values())
    print(
        f"{minutes:g} minutes of 2,000 steps/s with {len(curves.metrics)} metrics, read in "
        f"{time.perf_counter() - began:.0f} s; {kept:,} points kept"
    )
    for tenth, size in found.items():
        print(f"  at {tenth * minutes / 10:4.1f} min {size:7.0f} MB")
    late = [size for tenth, size in found.items() if tenth >= 2]
    if late:
        print(f"  from a fifth to the end: x {late[-1] / late[0]:.2f}  wanted: flat")


def main() -> None:
    """Prints the medians, the worst and the processor's time of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--minutes", type=float, default=30.0)
    options = parser.parse_args()
    bare = [of_process([sys.executable, "-c", "pass"]) for _ in range(options.rounds)]
    print(f"python -c pass: {statistics.median(wall for wall, _ in bare) * 1000:.0f} ms")
    application(Settings(kept=False))
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        window = opened(place)
        if options.steps:
            a_million(window, place, options.steps, options.rounds)
        if options.seconds:
            live(window, place, options.seconds)
        if options.minutes:
            memory(window, place, options.minutes)
        window.session.mark_saved()
        window.close()


if __name__ == "__main__":
    main()
