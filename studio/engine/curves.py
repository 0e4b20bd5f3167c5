"""The curves of a run: its metrics as arrays that grow, a step and an epoch at a time.

NumPy is imported with this module: import it late.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from studio.engine.events import Event

VALIDATION = "val_"
LOSS = "loss"


class Points:
    """Two columns, x and y, that grow by doubling, so that a point costs the same always."""

    def __init__(self) -> None:
        self._room = np.empty((2, 64))
        self.count = 0

    def add(self, x: float, y: Any) -> None:
        """One point more; a y that is no finite number leaves a gap."""
        if self.count == self._room.shape[1]:
            self._room = np.concatenate([self._room, np.empty_like(self._room)], axis=1)
        self._room[0, self.count] = x
        self._room[1, self.count] = np.nan if y is None else y
        self.count += 1

    def cut(self, x: float) -> None:
        """Forgets the points behind an x."""
        self.count = int(np.searchsorted(self.x, x, side="right"))

    def extend(self, x: np.ndarray, y: np.ndarray) -> None:
        """Many points more; a y that is no finite number leaves a gap."""
        end = self.count + len(x)
        if end > self._room.shape[1]:
            room = np.empty((2, max(end, 2 * self._room.shape[1])))
            room[:, : self.count] = self._room[:, : self.count]
            self._room = room
        self._room[0, self.count : end] = x
        self._room[1, self.count : end] = y
        self.count = end

    @property
    def x(self) -> np.ndarray:
        """The first column; a view, which the next point may leave behind."""
        return self._room[0, : self.count]

    @property
    def y(self) -> np.ndarray:
        """The second column."""
        return self._room[1, : self.count]

    def at(self, x: float) -> float | None:
        """The y of the nearest point; None where there is none."""
        if not self.count:
            return None
        index = min(int(np.searchsorted(self.x, x)), self.count - 1)
        if index and abs(self.x[index - 1] - x) <= abs(self.x[index] - x):
            index -= 1
        return float(self.y[index])

    @property
    def last(self) -> float | None:
        """The last y."""
        return float(self._room[1, self.count - 1]) if self.count else None


class Curve:
    """One metric: of the steps (x is the step), of the epochs, of the epochs' validation."""

    def __init__(self) -> None:
        self.steps, self.epochs, self.validation = Points(), Points(), Points()

    def value(self, x: float | None, per_epoch: float) -> tuple[float | None, float | None]:
        """Train and validation: the last ones, or those nearest to an x in epochs."""
        if x is None:
            epochs = self.epochs.last
            return self.steps.last if epochs is None else epochs, self.validation.last
        train = self.steps.at(x * per_epoch)
        return self.epochs.at(x) if train is None else train, self.validation.at(x)


class Curves:
    """All metrics of a run, by name, in the order in which they were first told: loss first."""

    def __init__(self) -> None:
        self.metrics: dict[str, Curve] = {}
        self.epochs: int | None = None
        self.version = 0
        """Another number when there is something new."""
        self._steps: int | None = None
        self._last_epoch: tuple[int, int] | None = None

    def take(self, told: Iterable[Event]) -> None:
        """Goes on by some events."""
        for event in told:
            kind = event["event"]
            if kind == "step":
                step = event["step"]
                for name, value in event["metrics"].items():
                    if not isinstance(value, list):  # a metric that gives one for each class
                        self._curve(name).steps.add(step, value)
            elif kind == "epoch":
                self._epoch(event)
            elif kind == "resumed":
                self._cut(event["epoch"], event["step"])
            elif kind == "plan":
                self.epochs, self._steps = event.get("epochs"), event.get("steps")
            self.version += 1

    def _cut(self, epoch: int, step: int) -> None:
        """What was told behind the checkpoint that a run goes on from is told again."""
        for curve in self.metrics.values():
            curve.steps.cut(step)
            curve.epochs.cut(epoch)
            curve.validation.cut(epoch)

    def add_steps(self, metric: str, x: np.ndarray, y: np.ndarray) -> None:
        """Goes on by many steps of one metric."""
        self._curve(metric).steps.extend(x, y)
        self.version += 1

    def _epoch(self, event: Event) -> None:
        epoch = event["epoch"]
        self._last_epoch = (epoch, event.get("step", 0))
        for name, value in event["metrics"].items():
            if isinstance(value, list):
                continue
            if name.startswith(VALIDATION):
                self._curve(name.removeprefix(VALIDATION)).validation.add(epoch, value)
            else:
                self._curve(name).epochs.add(epoch, value)

    def _curve(self, name: str) -> Curve:
        curve = self.metrics.get(name)
        if curve is None:
            curve = self.metrics[name] = Curve()
            if name == LOSS:  # Keras gives metrics in the order of their names
                self.metrics = {LOSS: curve} | self.metrics
        return curve

    @property
    def per_epoch(self) -> float | None:
        """Steps in an epoch; None where the data has no known end and none has ended yet."""
        if self._steps:
            return self._steps
        if self._last_epoch and self._last_epoch[1]:
            return self._last_epoch[1] / self._last_epoch[0]
        return None

    @property
    def best(self) -> int | None:
        """The epoch with the smallest validation loss."""
        curve = self.metrics.get(LOSS)
        if curve is None or not np.isfinite(curve.validation.y).any():
            return None
        return int(curve.validation.x[np.nanargmin(curve.validation.y)])

    def table(self) -> Iterable[list[Any]]:
        """Everything as rows: kind, x, metric, value."""
        yield ["of", "x", "metric", "value"]
        for name, curve in self.metrics.items():
            for kind, points, called in (
                ("step", curve.steps, name),
                ("epoch", curve.epochs, name),
                ("epoch", curve.validation, VALIDATION + name),
            ):
                for x, y in zip(points.x, points.y, strict=True):
                    yield [kind, int(x), called, float(y)]
