"""The curves of a run over its steps, its epochs or the time it has trained, to lay over others'.

NumPy is imported with this module: import it late.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct

from studio.engine.curve_reader import CurveReader
from studio.engine.curves import VALIDATION, Points
from studio.engine.events import FINAL, EventReader

STEP, EPOCH, TIME = "step", "epoch", "time"
BY = (STEP, EPOCH, TIME)
"""What may be at the bottom of a plot."""

WAITING = FINAL | {"paused"}
"""States in which no time of training goes by."""

Line = tuple[np.ndarray, np.ndarray]
NOTHING: Line = (np.empty(0), np.empty(0))


class RunCurves:
    """Follows the curves of a run."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._reader = CurveReader(folder)
        self._times: Times | None = None

    def read(self, most: int, by: str) -> bool:
        """Takes the next `most` bytes of what was told; whether there is more of it."""
        if by == TIME:
            self._times = self._times or Times(self.folder)
            self._times.read(most)
        self._reader.read(most)
        return self._reader.behind or (by == TIME and self._times.behind)

    @property
    def version(self) -> int:
        """Another number when there is something new."""
        return self._reader.curves.version

    def metrics(self) -> list[str]:
        """The names of its curves: loss, accuracy, val_loss, val_accuracy."""
        curves = self._reader.curves.metrics
        trained = [name for name, each in curves.items() if each.steps.count or each.epochs.count]
        checked = [VALIDATION + name for name, each in curves.items() if each.validation.count]
        return trained + checked

    def line(self, metric: str, by: str) -> Line:
        """A curve: over epochs a value for each; over steps and time all that was told."""
        curves = self._reader.curves
        checked = metric.startswith(VALIDATION)
        curve = curves.metrics.get(metric.removeprefix(VALIDATION) if checked else metric)
        if curve is None:
            return NOTHING
        epochs = curve.validation if checked else curve.epochs
        per_epoch = curves.per_epoch
        of_steps = not checked and curve.steps.count and (by != EPOCH or not epochs.count)
        points = curve.steps if of_steps else epochs
        if not points.count:
            return NOTHING
        steps = points.x if of_steps else points.x * (per_epoch or 1.0)
        if by == EPOCH:
            return (steps / (per_epoch or 1.0) if of_steps else points.x), points.y
        if by == TIME:
            return (self._times.at(steps) if self._times else steps), points.y
        return steps, points.y


class _Told(Struct, gc=False):
    """What of an event tells the time."""

    event: str = ""
    time: float = 0.0
    step: int = 0
    state: str = ""


_decoder = msgspec.json.Decoder(_Told)


class Times:
    """How many seconds a run had trained at each step; what it waited isn't counted."""

    def __init__(self, folder: Path):
        self._reader = EventReader(folder)
        self._points = Points()
        self._began: float | None = None
        self._idle_since: float | None = None
        self._idle = 0.0

    @property
    def behind(self) -> bool:
        """Whether the last call left something unread."""
        return self._reader.behind

    def read(self, most: int) -> None:
        """Takes the next `most` bytes of what was told."""
        lines = self._reader.lines(most)
        try:
            told = _decoder.decode_lines(lines)
        except msgspec.MsgspecError:
            told = list(filter(None, map(_decoded, lines.splitlines())))
        for each in told:
            if each.event == "step":
                self._add(each.step, each.time)
            elif each.event == "state":
                self._enter(each)
            elif each.event == "resumed":
                self._points.cut(each.step)
            elif each.event == "epoch" and each.step:
                self._add(each.step, each.time)

    def _add(self, step: int, at: float) -> None:
        if self._began is None:
            self._began = at
        if not self._points.count or step > self._points.x[-1]:
            self._points.add(step, at - self._began - self._idle)

    def _enter(self, told: _Told) -> None:
        if told.state in WAITING:
            if self._idle_since is None:
                self._idle_since = told.time
        elif told.state == "running":
            if self._began is None:
                self._began = told.time
            elif self._idle_since is not None:
                self._idle += told.time - self._idle_since
            self._idle_since = None

    def at(self, steps: np.ndarray) -> np.ndarray:
        """The seconds at some steps; between those that were told, in proportion."""
        if not self._points.count:
            return steps
        return np.interp(steps, self._points.x, self._points.y)


def _decoded(line: bytes) -> _Told | None:
    try:
        return _decoder.decode(line)
    except msgspec.MsgspecError:
        return None  # a line that a crash cut short
