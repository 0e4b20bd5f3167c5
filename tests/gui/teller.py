"""A process that tells of a training as one does, and trains nothing: `... teller FOLDER`.

It is the process of its run, hears what that is asked, and writes its events as fast as is wanted.
What is shown by it is what the window makes of runs; those that train have tests of their own.
TELLER in the environment is JSON: epochs, steps (of an epoch), rate (steps a second), metrics (how
many beside the loss), and how it ends ("end": the fields of its last state).
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from studio.engine import control
from studio.engine.events import EventWriter
from studio.engine.process import forget, note
from studio.graph.document import Project
from studio.graph.file import save
from tests.conftest import ROOT

END = "end"
"""Asked like the words of a run: its end is told as if all were done."""

LOOKS = 0.02
"""Seconds between two times that it writes and looks."""


def begin(
    project: Project, runs: Path, name: str, **how: Any
) -> tuple[Path, subprocess.Popen[bytes]]:
    """A run's folder, and its process, which has begun to tell."""
    folder = runs / name
    (folder / "artifacts").mkdir(parents=True)
    save(project, folder / "project.json")
    for file, text in (("log.txt", "It begins.\n"), ("lines.json", "{}"), ("train.py", "")):
        (folder / file).write_text(text)
    (folder / "environment.json").write_text(json.dumps({"devices": [{"type": "CPU"}]}))
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.gui.teller", str(folder)],
        env=os.environ | {"TELLER": json.dumps(how), "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
    )
    until = time.monotonic() + 30
    while not (folder / "process.json").exists():
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.01)
    return folder, process


def values(step: int, count: int) -> dict[str, float]:
    """Figures that fall and wave."""
    found = {"loss": math.exp(-step / 5000) + 0.05 * math.sin(step / 50)}
    return found | {f"metric{n}": math.sin(step / (100 + n)) for n in range(count)}


def tell(folder: Path) -> None:
    """The story, until its end is told or asked for."""
    how = {"epochs": 1000, "steps": 100, "rate": 200, "metrics": 1, "end": {"state": "completed"}}
    how |= json.loads(os.environ.get("TELLER", "{}"))
    epochs, steps, rate, count = (how[name] for name in ("epochs", "steps", "rate", "metrics"))
    events, log = EventWriter(folder), (folder / "log.txt").open("a")
    note(folder)
    events.write("state", state="queued")
    events.write("state", state="running")
    events.write("plan", epochs=epochs, steps=steps)
    step, began, end, seen = 0, time.monotonic(), how["end"], time.monotonic()
    while step < epochs * steps:
        for _ in range(int((time.monotonic() - began) * rate) - step):
            step += 1
            epoch = (step - 1) // steps + 1
            events.write("step", step=step, epoch=epoch, metrics=values(step, count))
            if step % steps == 0:
                told = values(step, count)
                told |= {f"val_{name}": value * 1.1 for name, value in told.items()}
                events.write("epoch", epoch=epoch, step=step, seconds=steps / rate, metrics=told)
                print(f"Epoch {epoch}/{epochs}: loss {told['loss']}", file=log, flush=True)
        if time.monotonic() - seen > 1:
            seen = time.monotonic()
            events.write(
                "resources",
                cpu=100.0,
                memory=10**9,
                steps_per_second=rate * 1.0,
                samples_per_second=rate * 32.0,
            )
        if control.asked(folder, control.PAUSE):
            events.write("state", state="paused")
            while control.asked(folder, control.PAUSE) and not control.asked(folder, control.STOP):
                time.sleep(LOOKS)
            began = time.monotonic() - step / rate
            events.write("state", state="running")
        if control.asked(folder, control.STOP):
            end = {"state": "stopped"}
            break
        if control.asked(folder, END):
            break
        time.sleep(LOOKS)
    events.write("state", **end)
    forget(folder)


if __name__ == "__main__":
    tell(Path(sys.argv[-1]))
