"""The curves of a run: its metrics as arrays that grow, a step and an epoch at a time.

NumPy is imported with this module: import it late.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from studio.engine.axis import Axis
from studio.engine.events import Event
from studio.engine.figure_curves import Beside
from studio.engine.figures import number
from studio.engine.marks import BEST, Mark, mark_of, rate_drops
from studio.engine.points import Points

VALIDATION = "val_"
LOSS = "loss"

ROOM = 3_000_000
"""Points of steps that are kept as they are, of all metrics together."""

FEWEST = 1 << 15
"""Points of each metric that are kept, however many metrics there are."""


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
        self.beside = Beside()
        self.began = 0.0
        """When the training began, seconds since 1970; 0 where nothing says so."""
        self._told: list[Mark] = []
        self._steps: int | None = None
        self._last_epoch: tuple[int, int] | None = None

    def take(self, told: Iterable[Event]) -> None:
        """Goes on by some events."""
        for event in told:
            kind = event["event"]
            if kind == "step":
                self._step(event)
            elif kind == "epoch":
                self._epoch(event)
            elif kind == "resumed":
                self._cut(event["epoch"], event["step"])
            elif kind == "plan":
                self.epochs, self._steps = event.get("epochs"), event.get("steps")
                self._begin(event)
            self.beside.take(event)
            mark = mark_of(event)
            if mark is not None:
                self._told.append(mark)
            self.version += 1

    def _begin(self, event: Event) -> None:
        self.began = self.began or event.get("time", 0.0)

    def _step(self, event: Event) -> None:
        step = event["step"]
        for name, value in event["metrics"].items():
            if not isinstance(value, list):  # a metric that gives one for each class
                self._curve(name).steps.add(step, value)
        columns = ([step], [event.get("time", np.nan)], [event["epoch"]])
        self.add_times(*(np.array(column, float) for column in columns))
        rate = event.get("learning_rate")
        if isinstance(rate, int | float):
            self.beside.add_rates([(step, rate)])

    def _cut(self, epoch: int, step: int) -> None:
        """What was told behind the checkpoint that a run goes on from is told again."""
        for curve in self.metrics.values():
            curve.steps.cut(step)
            curve.epochs.cut(epoch)
            curve.validation.cut(epoch)
        self._told = [each for each in self._told if each.step is None or each.step <= step]

    def add_times(self, step: np.ndarray, time: np.ndarray, epoch: np.ndarray) -> None:
        """Many steps, when they were told, and of which epochs they are."""
        if not self.began and np.isfinite(time).any():
            self.began = float(time[np.isfinite(time)][0])
        self.beside.add_steps(step, time, epoch)

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
            most = max(FEWEST, ROOM // len(self.metrics))
            for each in self.metrics.values():
                each.steps.most = most
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

    def axis(self, kind: str) -> Axis:
        """What is counted along a plot: epochs, steps or time."""
        return Axis(kind, self.per_epoch, self.beside.clock, self.began)

    def marks(self) -> list[Mark]:
        """What happened beside the figures, with the best epoch."""
        found = [*self._told, *rate_drops(self.beside.rates)]
        best, scale = self.best, self.per_epoch
        if best is not None and scale:
            value = self.metrics[LOSS].validation.at(best)
            text = f"Best epoch: {best}, validation loss {number(value)}"
            found.append(Mark(BEST, text, round(best * scale)))
        return found

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
