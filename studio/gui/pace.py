"""How fast a run goes, how long it still takes, and all of it in words."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Any

from studio.engine.figures import number, seconds_text

if TYPE_CHECKING:
    from studio.engine.progress import Progress

RECENT = 3.0
"""Seconds over which the speed is measured."""


class Pace:
    """Measures by the run's own clock."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, int]] = deque()
        self._first: tuple[float, int] | None = None

    def take(self, event: dict[str, Any]) -> None:
        """Goes on by one event; what was before a pause tells nothing of the speed."""
        if event["event"] in ("resumed", "state"):
            self._recent.clear()
            self._first = None
        if event["event"] not in ("step", "epoch") or "step" not in event:
            return
        mark = (event["time"], event["step"])
        self._first = self._first or mark
        self._recent.append(mark)
        while mark[0] - self._recent[0][0] > RECENT and len(self._recent) > 2:
            self._recent.popleft()

    @property
    def speed(self) -> float | None:
        """Steps a second."""
        return _speed(self._recent[0], self._recent[-1]) if self._recent else None

    def left(self, progress: Progress) -> float | None:
        """Seconds until all epochs are done, validations included."""
        if not (progress.epochs and progress.steps and self._recent):
            return None
        speed = _speed(self._first, self._recent[-1])
        steps = progress.epochs * progress.steps - progress.step
        return steps / speed if speed else None


def _speed(one: tuple[float, int], other: tuple[float, int]) -> float | None:
    seconds, steps = other[0] - one[0], other[1] - one[1]
    return steps / seconds if seconds > 0.2 and steps > 0 else None


def label(folder: str) -> str:
    """A run as a person tells it from others: 10:15:00 penguins, of 20260501-101500-penguins."""
    stamp = re.fullmatch(r"\d{8}-(\d\d)(\d\d)(\d\d)-(.+)", folder)
    return f"{stamp[1]}:{stamp[2]}:{stamp[3]} {stamp[4]}" if stamp else folder


def words(progress: Progress, pace: Pace) -> str:
    """What a run is at, or how it ended."""
    if progress.state == "queued":
        return "starting TensorFlow…"
    if not progress.ended:
        return _going(progress, pace)
    took = seconds_text(progress.time - progress.since)
    said = progress.message.removeprefix("The training ")
    more = f": {progress.message}" if progress.message else _result(progress)
    if progress.state == "completed":
        return f"completed in {took}{more}"
    if progress.state == "stopped":
        return f"stopped in epoch {progress.epoch} after {took}{more}"
    return said if said.startswith("failed") else f"{progress.state}: {progress.message}"


def _going(progress: Progress, pace: Pace) -> str:
    if not progress.epochs:
        return "reading the data…"
    if progress.test:
        return "testing…"
    if not progress.epoch:
        return f"epoch 1 of {progress.epochs}"
    parts = [f"epoch {progress.epoch} of {progress.epochs}"]
    if progress.paused:
        return f"paused in {parts[0]}"
    speed, left = pace.speed, pace.left(progress)
    if progress.steps:
        parts.append(f"step {_within(progress):,} of {progress.steps:,}")
    if speed is not None:
        parts.append(f"{_rate(speed)} steps/s")
        samples = _samples(progress)
        if samples:
            parts.append(f"{_rate(speed * samples)} samples/s")
    if left is not None:
        parts.append(f"{seconds_text(left)} left")
    return " · ".join(parts)


def _within(progress: Progress) -> int:
    """The step of its epoch."""
    return (progress.step - 1) % progress.steps + 1 if progress.step else 0


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _samples(progress: Progress) -> float | None:
    """Samples in a step, from what the run last told of its own speed."""
    told = progress.resources
    steps, samples = told.get("steps_per_second"), told.get("samples_per_second")
    numbers = isinstance(steps, int | float) and isinstance(samples, int | float)
    return samples / steps if numbers and steps > 0 else None


def _result(progress: Progress) -> str:
    """The figure that a person would look for: of the test, of the validation, of the training."""
    for metrics, called in ((progress.test, "test "), (progress.metrics, "")):
        names = sorted(metrics, key=lambda n: (not n.startswith("val_"), n.endswith("loss")))
        for name in names:
            value = metrics[name]
            if not isinstance(value, list) and value is not None and name != "learning_rate":
                said = name.replace("val_", "validation ").replace("_", " ")
                return f" · {called}{said} {number(value)}"
    return ""
