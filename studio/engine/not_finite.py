"""A loss that is no finite number any more: noticed as it trains, its place found beside it.

The training itself goes on, or ends, as it would have. What Keras logs as `loss` is a mean since
the epoch began, so once it isn't finite it stays so until the epoch ends: looking at those metrics
that are written down anyway misses nothing.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from studio.engine import control
from studio.engine.aside import aside
from studio.engine.checkpoints import FOLDER as CHECKPOINTS
from studio.engine.checkpoints import kept
from studio.engine.events import EventReader, EventWriter

CODE = "not-finite"
FOLDER = "diagnosis"
LOG = "diagnosis.txt"

EACH = 0.1
"""Seconds between looks whether the place has been found."""

SECONDS = 60.0
"""How long a run that is over waits for that."""


def wrong(metrics: dict[str, Any]) -> dict[str, float]:
    """The losses among metrics that aren't finite; other metrics may be so for good reasons."""
    return {
        name: value
        for name, value in metrics.items()
        if name.endswith("loss") and isinstance(value, float) and not math.isfinite(value)
    }


class Notice:
    """Notices the first loss of a run that isn't finite, and has its place looked for.

    What several processes do together can't be done `again` by one.
    """

    def __init__(self, run: Path, events: EventWriter, again: bool = True):
        self._run, self._events, self._again = run, events, again
        self._noticed = False
        self._told: dict[str, Any] = {}
        self._said = ""
        self._process: subprocess.Popen | None = None

    def look(self, metrics: dict[str, Any], step: int, epoch: int) -> None:
        """Looks at what has been logged behind a step, or behind an epoch."""
        if self._noticed:
            return
        found = wrong(metrics)
        if not found:
            return
        self._noticed = True
        name, value = next(iter(found.items()))
        self._told = {"code": CODE, "step": step, "epoch": epoch, "losses": list(found)}
        self._said = f"{name} is {value} at step {step} in epoch {epoch}."
        if not self._again:
            more = "Where this began can be found by training in one process, without the strategy."
            self._events.write("problem", **self._told, message=f"{self._said} {more}")
            return
        keep_checkpoints(self._run)
        self._told |= {"found": False}
        message = f"{self._said} Where this began is being looked for, by doing it again."
        self._events.write("problem", **self._told, message=message)
        with contextlib.suppress(OSError):  # it has been told without the place
            self._process = diagnosis(self._run)

    def conclude(self) -> dict[str, str]:
        """Waits until the place is found, the run is to stop, or it takes too long; returns what
        a run's end tells.
        """
        if self._process is None:
            return {}
        until = time.monotonic() + SECONDS
        while self._process.poll() is None:
            if control.asked(self._run, control.STOP):
                self._process.kill()
                self._process.wait()
            elif time.monotonic() > until:
                self._give_up()
            time.sleep(EACH)
        told = [each for each in EventReader(self._run).read() if each["event"] == "problem"]
        return {name: told[-1].get(name, "") for name in ("message", "graph", "node")}

    def _give_up(self) -> None:
        """Ends the search, and says so."""
        self._process.kill()
        if self._process.wait() == 0:
            return  # it has told the place at the last moment
        message = (
            f"{self._said} Where this began wasn't found within {SECONDS:g} seconds of the run's "
            f"end. To look for it as long as it takes: python -m studio.engine.diagnose {self._run}"
        )
        self._events.write("problem", **self._told, message=message)


def keep_checkpoints(run: Path) -> None:
    """Keeps the checkpoints that are there now, which the training is going to replace."""
    shutil.rmtree(run / FOLDER, ignore_errors=True)
    for each in kept(run / CHECKPOINTS):
        target = run / FOLDER / CHECKPOINTS / each.name
        target.mkdir(parents=True)
        try:
            for file in each.iterdir():
                _same(file, target / file.name)
        except OSError:  # it has just been replaced
            shutil.rmtree(target, ignore_errors=True)


def _same(file: Path, target: Path) -> None:
    """The same file by another name; a copy where the system has no such names."""
    try:
        os.link(file, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(file, target)


def diagnosis(run: Path) -> subprocess.Popen:
    """The process that looks for the place."""
    return aside("studio.engine.diagnose", run, run / LOG)
