"""The curves of a run beside its metrics: learning rate, time per step, gradient norm, machine.

NumPy is imported with this module: import it late.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from msgspec import Struct, field

from studio.engine.axis import STEP, TIME
from studio.engine.events import Event
from studio.engine.points import Points

RATE, PER_STEP, GRADIENTS = "learning rate", "time per step", "gradient norm"
CPU, MEMORY, GPU_LOAD, GPU_MEMORY = "CPU", "memory", "GPU load", "GPU memory"
TRAINING = (RATE, PER_STEP, GRADIENTS)
MACHINE = (CPU, MEMORY, GPU_LOAD, GPU_MEMORY)

UNITS = {PER_STEP: "s", CPU: "%", MEMORY: "B", GPU_LOAD: "%", GPU_MEMORY: "B"}

FEW = 1 << 15
"""Points of a curve that are kept as they are; a day of resources has 43,200."""


class Figure(Struct):
    """Curves that stand in one plot, by name, all by steps or all by time."""

    name: str
    kind: str
    curves: dict[str, Points] = field(default_factory=dict)

    @property
    def unit(self) -> str:
        """s, %, B, or nothing."""
        return UNITS.get(self.name, "")

    def points(self, curve: str) -> Points:
        """The points of a curve, which may be its first."""
        if curve not in self.curves:
            self.curves[curve] = Points(FEW)
        return self.curves[curve]


class Beside:
    """Goes on by the events of a run, as its metrics do."""

    def __init__(self) -> None:
        self.figures: dict[str, Figure] = {}
        self.clock = Points(FEW)
        """The steps, and when they were told."""
        self.rates: list[tuple[int, float]] = []
        """The learning rates that were told with epochs, with the steps at their ends."""
        self._epoch = -1.0
        self._pauses: list[float] = []

    def add_steps(self, step: np.ndarray, time: np.ndarray, epoch: np.ndarray) -> None:
        """Many steps, when they were told, and of which epochs they are."""
        keep = np.isfinite(time)
        step, time, epoch = step[keep], time[keep], epoch[keep]
        if not len(step):
            return
        if self.clock.count:
            before = self.clock.x[-1], self.clock.y[-1], self._epoch
        else:
            before = step[0], time[0], -1.0
        steps, times, epochs = (
            np.concatenate([[first], column])
            for first, column in zip(before, (step, time, epoch), strict=True)
        )
        count, took = np.diff(steps), np.diff(times)
        # Between two epochs lies a validation; in a pause nothing is done.
        sound = (count > 0) & (took >= 0) & (np.diff(epochs) == 0)
        for pause in self._pauses:
            sound &= ~((times[:-1] <= pause) & (pause < times[1:]))
        if sound.any():
            points = self._figure(PER_STEP, STEP).points(PER_STEP)
            points.extend(steps[1:][sound], took[sound] / count[sound])
        self.clock.extend(step, time)
        self._epoch = float(epoch[-1])

    def add_rates(self, told: list[tuple[int, float]]) -> None:
        """Learning rates, with their steps."""
        points = self._figure(RATE, STEP).points(RATE) if told else None
        for step, rate in told:
            points.put(step, rate)

    def take(self, event: Event) -> None:
        """Goes on by one event that is no step."""
        kind = event["event"]
        if kind == "epoch":
            self._take_epoch(event)
        elif kind == "resources":
            self._take_resources(event)
        elif kind == "inside":
            self._take_inside(event)
        elif kind == "resumed":
            self._cut(event["step"])
        elif kind == "state" and event["state"] == "paused" and "time" in event:
            self._pause(event["time"])

    def _take_epoch(self, event: Event) -> None:
        rate = event.get("learning_rate", event["metrics"].get("learning_rate"))
        step = event.get("step")
        if _number(rate) and step:
            self.add_rates([(step, rate)])
            self.rates.append((step, float(rate)))

    def _take_resources(self, event: Event) -> None:
        at = event.get("time")
        machine = event.get("machine")
        machine = machine if isinstance(machine, dict) else {}
        if at is None:
            return
        cores = machine.get("cores")
        cpu = event.get("cpu")
        if _number(cpu) and _number(cores) and cores:
            self._machine(CPU, "training", at, cpu / cores)
        for figure, curve, value in (
            (CPU, "machine", machine.get("cpu")),
            (MEMORY, "training", event.get("memory")),
            (MEMORY, "machine", machine.get("memory")),
        ):
            self._machine(figure, curve, at, value)
        gpus = event.get("gpus")
        for number, gpu in enumerate(gpus if isinstance(gpus, list) else []):
            if isinstance(gpu, dict):
                self._machine(GPU_LOAD, f"GPU {number}", at, gpu.get("load"))
                self._machine(GPU_MEMORY, f"GPU {number}", at, gpu.get("memory"))

    def _machine(self, figure: str, curve: str, at: float, value: Any) -> None:
        if _number(value):
            self._figure(figure, TIME).points(curve).put(at, value)

    def _take_inside(self, event: Event) -> None:
        gradients, step = event.get("gradients"), event.get("step")
        norm = gradients.get("norm") if isinstance(gradients, dict) else None
        if isinstance(step, int) and (_number(norm) or (gradients and norm is None)):
            self._figure(GRADIENTS, STEP).points(GRADIENTS).put(step, norm)

    def _pause(self, at: float) -> None:
        """The step behind a pause took no longer for it."""
        self._pauses.append(at)
        figure = self.figures.get(PER_STEP)
        behind = int(np.searchsorted(self.clock.y, at, side="right"))
        if figure is not None and 0 < behind < self.clock.count:
            points = figure.points(PER_STEP)
            place = points.nearest(self.clock.x[behind])
            if place is not None and points.x[place] == self.clock.x[behind]:
                points.put(points.x[place], None)

    def _cut(self, step: int) -> None:
        for figure in self.figures.values():
            if figure.kind == STEP:
                for points in figure.curves.values():
                    points.cut(step)
        self.clock.cut(step)
        self.rates = [each for each in self.rates if each[0] <= step]
        self._epoch = -1.0  # what lies between was no training

    def _figure(self, name: str, kind: str) -> Figure:
        if name not in self.figures:
            self.figures[name] = Figure(name, kind)
        return self.figures[name]

    def shown(self) -> Iterator[Figure]:
        """Those that there are, in their order."""
        return (self.figures[name] for name in (*TRAINING, *MACHINE) if name in self.figures)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
