"""How far a run has come, from what its events have said."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from studio.engine.events import FINAL


class Progress(Struct):
    """What the events of a run have said so far."""

    state: str = "queued"
    message: str = ""
    graph: str = ""
    node: str = ""
    epochs: int | None = None
    steps: int | None = None
    epoch: int = 0
    step: int = 0
    metrics: dict[str, Any] = msgspec.field(default_factory=dict)
    test: dict[str, Any] = msgspec.field(default_factory=dict)
    problem: dict[str, Any] = msgspec.field(default_factory=dict)
    """The last that was noticed while it went on: its code, message, graph, node, step, epoch."""
    resources: dict[str, Any] = msgspec.field(default_factory=dict)
    """What it last said of the machine: see studio/engine/events.py."""
    members: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    """Of each process where they are several: its task, state, process, message, deaths."""
    task: str = ""
    """The process that a failure came from, where they are several."""
    time: float = 0.0
    since: float = 0.0
    """When it began to run; until then, when it was first heard of."""

    def take(self, event: dict[str, Any]) -> None:
        """Goes on by one event."""
        kind = event["event"]
        self.time = event.get("time", self.time)
        if kind == "state":
            self.state = event["state"]
            self.message = event.get("message", "")
            self.graph, self.node = event.get("graph", ""), event.get("node", "")
            self.task = event.get("task", "")
            if self.state not in FINAL or not self.since:
                self.since = self.time
            if self.state == "queued":
                self.members = {}
        elif kind == "plan":
            self.epochs, self.steps = event.get("epochs"), event.get("steps")
        elif kind == "resumed":
            self.epoch, self.step, self.test = event["epoch"], event["step"], {}
        elif kind in ("step", "epoch"):
            self.epoch, self.step = event["epoch"], event.get("step", self.step)
            if kind == "epoch":
                self.metrics = event["metrics"]
        elif kind == "test":
            self.test = event["metrics"]
        elif kind == "problem":
            self.problem = event
        elif kind == "resources":
            self.resources = event
        elif kind == "member":
            self._meet(event)

    def _meet(self, event: dict[str, Any]) -> None:
        task, state = event["task"], event["state"]
        known = self.members.get(task, {"task": task, "process": None, "message": "", "deaths": 0})
        told = {name: event[name] for name in ("process", "message") if name in event}
        deaths = known["deaths"] + (state == "died")
        self.members[task] = known | told | {"state": state, "deaths": deaths}

    @property
    def paused(self) -> bool:
        """Whether it waits to be told to go on."""
        return self.state == "paused"

    @property
    def ended(self) -> bool:
        """Whether no more events will come."""
        return self.state in FINAL

    @property
    def done(self) -> float | None:
        """The part of the training that is done, from 0 to 1; None where it can't be known."""
        if self.epochs and self.steps:
            return min(1.0, self.step / (self.epochs * self.steps))
        return min(1.0, max(0, self.epoch - 1) / self.epochs) if self.epochs else None

    @property
    def results(self) -> dict[str, Any]:
        """The last epoch's metrics, and those of the test under test_..."""
        return self.metrics | {f"test_{name}": value for name, value in self.test.items()}
