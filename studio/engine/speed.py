"""How fast a project trains, what holds it back, and which setting would be faster."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from msgspec import Struct

from studio.codegen.speed import STEPS
from studio.engine.training_question import ask_of_training
from studio.engine.warm import Warm
from studio.graph.checks import Report
from studio.graph.document import Project, Training
from studio.graph.edits import Edit, SetTraining, Several

SECONDS = 300.0
"""How long all of it may take, loading TensorFlow not counted."""

WORTH = 0.97
"""A setting that takes more than this share of what a simpler one takes isn't worth it."""


class Way(Struct, frozen=True):
    """One way of training a step, as it was measured."""

    name: str
    steps: int
    xla: bool
    ms: float
    """Milliseconds of a step."""
    compile_seconds: float


class Speed(Struct, frozen=True):
    """What was measured. `own` is the way that the project trains now, `best` the fastest."""

    ways: tuple[Way, ...]
    """Eager first, then compiled by tf.function, then the others."""
    failed: tuple[str, ...]
    samples: int
    """In a batch."""
    own: Way
    best: Way
    fed_ms: float
    """Milliseconds of a step of the project as it is, fed by its pipeline."""
    ready_ms: float
    """The same with batches that are there already."""

    @property
    def shares(self) -> dict[str, float]:
        """The parts of a step as the project is: waiting for input, Python, computing."""
        computing = min(way.ms for way in self.ways if way.xla == self.own.xla and way.steps)
        waits = max(0.0, self.fed_ms - self.ready_ms)
        python = max(0.0, self.ready_ms * (1 - computing / self.own.ms))
        parts = {"input": waits, "Python": python}
        parts["computing"] = max(0.0, self.fed_ms - waits - python)
        return {name: part / self.fed_ms for name, part in parts.items()}

    @property
    def holds_back(self) -> str:
        """What takes most of a step."""
        return max(self.shares, key=self.shares.get)

    @property
    def edit(self) -> Edit | None:
        """What makes the best way the project's; None where it is that already."""
        if (self.best.steps, self.best.xla) == (self.own.steps, self.own.xla):
            return None
        edits = (
            SetTraining("steps_per_execution", self.best.steps),
            SetTraining("jit_compile", self.best.xla),
        )
        return Several(edits, f"Train with {self.best.name}")


def measure(
    project: Project, folder: Path, report: Report, warm: Warm, trusted: bool = False
) -> Speed:
    """Measures the training of a project, by its own script, in the warm process.

    Raises ProjectError where it has errors, StudioError where its script fails or isn't trusted.
    """
    own = own_way(project.training or Training())
    ways = _ways(project.training or Training(), own)
    found = ask_of_training(
        "step_times", project, folder, report, warm, trusted, SECONDS, ways=ways, own=own
    )
    return judge(project.training, own, found)


def own_way(training: Training) -> tuple[int, bool]:
    """What a project says; the plain way where it leaves that to a measurement."""
    steps, xla = training.steps_per_execution, training.jit_compile
    return (1 if steps == "auto" else steps), (False if xla == "auto" else xla)


def _ways(training: Training, own: tuple[int, bool]) -> list[tuple[int, bool]]:
    """All that are measured, the simpler ones first."""
    limits = [each for each in (training.steps_per_epoch, training.validation_steps) if each]
    allowed = [steps for steps in STEPS if not any(limit % steps for limit in limits)]
    ways = [(steps, xla) for xla in (False, True) for steps in allowed]
    return sorted({*ways, own}, key=lambda way: (way[1], way[0]))


def judge(training: Training, own: tuple[int, bool], found: dict[str, Any]) -> Speed:
    """What the times mean; `found` is what the process has answered."""
    ways = [Way(name(each["steps"], each["xla"]), **each) for each in found["ways"]]
    count = training.steps_per_epoch or found["count"]
    total = training.epochs * count if count > 0 else math.inf
    best = ways[0]
    for way in ways[1:]:
        longer = 1000 * (way.compile_seconds - best.compile_seconds) if way.xla else 0.0
        if way.ms < WORTH * best.ms and total * (best.ms - way.ms) > longer:
            best = way
    now = next((way for way in ways if (way.steps, way.xla) == own), ways[0])
    eager = Way("eager", 0, False, found["eager_ms"], 0.0)
    failed = tuple(f"{name(each['steps'], each['xla'])}: {each['why']}" for each in found["failed"])
    return Speed(
        (eager, *ways), failed, found["samples"], now, best, found["fed_ms"], found["ready_ms"]
    )


def name(steps: int, xla: bool) -> str:
    """What a way is called: tf.function, 16 steps a call with XLA."""
    if steps == 1:
        return "XLA" if xla else "tf.function"
    return f"{steps} steps a call{' with XLA' if xla else ''}"
