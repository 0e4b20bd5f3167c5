"""From the click on Run to the first point on the plot, against `python train.py`, in turns.

    python benchmarks/first_point.py [TEMPLATE] [--times N]

The window is a process of its own, offscreen, with the project open for a few seconds as it would
be; the script alone is timed from the start of its process to the end of its first step. Wanted: at
most 1.0 s more. Prints seconds, medians of N, and where the window's were spent. What else the
machine does disturbs them: beside them stand the seconds of the processor, of the training and of
the window, which it disturbs less.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from start import ALONE, ROOT, made

TRAINING, WINDOW = "processor of the training", "processor of the window"

OPEN = 4.0
"""Seconds that the project is open before Run is clicked."""


def window(project: Path) -> None:
    """The window's own process: it says in JSON when each thing was, in seconds since the click."""
    import psutil
    from PySide6.QtCore import QCoreApplication, Qt, QThread
    from PySide6.QtTest import QTest

    from studio.gui.app import application
    from studio.gui.settings import Settings
    from studio.gui.window import Window

    settings = Settings(kept=False)
    application(settings)
    shown = Window(settings)
    shown.show()
    assert shown.projects.open(project), shown.said

    def rest(seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            QCoreApplication.processEvents()
            QThread.msleep(2)

    rest(OPEN)
    began, own = time.time(), time.process_time()
    QTest.mouseClick(shown.bar.run, Qt.MouseButton.LeftButton)
    told = {"started": time.time() - began}
    panel = shown.panel("training")
    while "drawn" not in told:
        rest(0.005)
        assert shown.runner.running, shown.runner.run.progress.message
        if panel.board is not None and any(_points(plot) for plot in panel.board.plots.values()):
            panel.grab()  # painted, as on a screen
            told["drawn"] = time.time() - began
            used = psutil.Process(shown.runner.run.process.pid).cpu_times()
            told |= {TRAINING: used.user + used.system, WINDOW: time.process_time() - own}
    folder = shown.runner.run.folder
    for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        kind = event.get("state", event["event"])
        told.setdefault(kind, event["time"] - began)
    print(json.dumps(told), flush=True)
    shown.runner.run.kill()
    os._exit(0)


def alone(folder: Path) -> tuple[float, float]:
    """Seconds from the start of the script's process to its first step, and of its processor."""
    began, before = time.time(), os.times()
    done = subprocess.run(
        [sys.executable, "-c", ALONE], cwd=folder, capture_output=True, text=True, check=False
    )
    after = os.times()
    line = next(line for line in done.stdout.splitlines() if line.startswith("first step "))
    used = after.children_user + after.children_system
    used -= before.children_user + before.children_system
    return float(line.split()[-1]) - began, used


def _points(plot) -> int:
    x, _ = plot.steps.getOriginalDataset()
    return 0 if x is None else len(x)


def clicked(project: Path) -> dict[str, float]:
    """What the window says of one click."""
    done = subprocess.run(
        [sys.executable, __file__, "--window", str(project)],
        cwd=ROOT,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("template", nargs="?", default="digits_cnn")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--window", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.window is not None:
        window(options.window)
    with tempfile.TemporaryDirectory() as place:
        project, script = made(Path(place), options.template)
        scripts: list[tuple[float, float]] = []
        clicks: list[dict[str, float]] = []
        for _ in range(options.times):
            scripts.append(alone(script))
            clicks.append(clicked(project))
    drawn, alone_ = [each["drawn"] for each in clicks], [seconds for seconds, _ in scripts]
    for name, values in (("python train.py", alone_), ("click on Run", drawn)):
        print(f"{name:16} {median(values):6.2f} s  ({min(values):.2f} to {max(values):.2f})")
    parts = {name: median(each[name] for each in clicks) for name in clicks[0]}
    used = {name: parts.pop(name) for name in (TRAINING, WINDOW)}
    print("of these", ", ".join(f"{name} {at:.2f}" for name, at in sorted(parts.items(), key=at_)))
    more = median(drawn) - median(alone_)
    print(f"{'more':16} {more:+6.2f} s  {'' if more <= 1.0 else '<-- more than 1.0 s'}")
    own = median(seconds for _, seconds in scripts)
    print(f"processor: python train.py {own:.2f} s,", end=" ")
    print(
        ", ".join(f"{name.removeprefix('processor of ')} {at:.2f} s" for name, at in used.items())
    )


def at_(part: tuple[str, float]) -> float:
    """What the parts are sorted by."""
    return part[1]


if __name__ == "__main__":
    main()
