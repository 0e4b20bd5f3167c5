"""Which strategy of tf.distribute trains a project fastest on this machine, and what binds each."""

from __future__ import annotations

from statistics import median, quantiles
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from studio.engine.speed import WORTH, own_way
from studio.graph.distribution import several
from studio.graph.document import Distribution, Project, Training
from studio.graph.edits import Edit, SetProject, SetTraining, Several
from studio.graph.ops.strategies import CENTRAL, MIRRORED, MULTI_WORKER, ONE, PARAMETER_SERVER
from studio.graph.problems import StudioError, nearest, quoted

PARTS = (2, 4)
"""Logical devices that a CPU is split into, where there is no GPU."""

WORKERS = 2


class Strategy(Struct, frozen=True):
    """One way of spreading a training over this machine."""

    key: str
    """What it is called on the command line."""
    name: str
    distribution: Distribution | None = None
    devices: int = 1
    """That train at the same time."""
    roles: dict[str, int] = {}
    """The processes of a local cluster."""
    lacks: str = ""
    """What this machine would need for it."""

    @property
    def parts(self) -> int:
        """Into how many parts a batch goes: a worker of parameter servers has whole ones."""
        return 1 if self.distribution and self.distribution.op == PARAMETER_SERVER else self.devices


NONE = Strategy("none", "none")


def offered(gpus: int) -> list[Strategy]:
    """What a machine with so many GPUs, or a CPU alone, can train with; none first."""
    device = "GPU:0" if gpus else "CPU:0"
    found = [NONE, Strategy("onedevice", "OneDevice", Distribution(ONE, {"device": device}))]
    if gpus:
        few = "" if gpus > 1 else "spreads over several GPUs, and this machine has one"
        found += [
            Strategy("mirrored", f"Mirrored, {gpus} GPUs", Distribution(MIRRORED), gpus, lacks=few),
            Strategy("centralstorage", "CentralStorage", Distribution(CENTRAL), gpus, lacks=few),
        ]
        alone = "" if gpus > 1 else "takes a GPU for each worker, and this machine has one"
    else:
        for parts in PARTS:
            split = Distribution(MIRRORED, virtual_devices=parts)
            found.append(Strategy(f"mirrored-{parts}", f"Mirrored, {parts} devices", split, parts))
        split = Distribution(CENTRAL, {"parameter_device": "CPU:0"}, virtual_devices=PARTS[0])
        found.append(Strategy("centralstorage", "CentralStorage", split, PARTS[0]))
        alone = ""
    found += [
        Strategy(
            "multiworkermirrored",
            f"MultiWorkerMirrored, {WORKERS} workers",
            Distribution(MULTI_WORKER),
            WORKERS,
            {"worker": WORKERS},
            alone,
        ),
        Strategy(
            "parameterserver",
            f"ParameterServer, {WORKERS} workers",
            Distribution(PARAMETER_SERVER),
            WORKERS,
            {"chief": 1, "worker": WORKERS, "ps": 1},
        ),
    ]
    return found


KEYS = ("onedevice", "mirrored", "centralstorage", "multiworkermirrored", "parameterserver")


def wanted(only: str) -> tuple[str, ...]:
    """The strategies that an option names, such as `mirrored-2,onedevice`; all where it is empty.

    Raises StudioError where one isn't known.
    """
    names = tuple(name.strip().lower() for name in only.split(",")) if only else KEYS
    known = (*KEYS, *(f"mirrored-{parts}" for parts in PARTS))
    for name in names:
        if name not in known:
            hint = nearest(name, known) or f"There are {', '.join(known)}."
            raise StudioError(f"--only names {quoted(name)}, which is no strategy. {hint}")
    return names


def is_wanted(strategy: Strategy, names: tuple[str, ...]) -> bool:
    """Whether a strategy is among those named; none always is, as all are compared with it."""
    return strategy is NONE or strategy.key in names or strategy.key.partition("-")[0] in names


def adopting(project: Project, strategy: Strategy) -> Edit:
    """What makes a strategy the project's, with what it asks of the training."""
    edits: list[Edit] = [SetProject("distribution", strategy.distribution)]
    training = project.training or Training()
    spreads = several(replace(project, distribution=strategy.distribution))
    if spreads and training.loop == "fit":  # by which it wasn't measured, nor can have them all
        edits.append(SetTraining("loop", "custom"))
    if spreads or (strategy.distribution is not None and training.loop == "custom"):
        fields = ("steps_per_execution", "jit_compile")
        for field, value in zip(fields, own_way(training), strict=True):
            if getattr(training, field) == "auto":
                edits.append(SetTraining(field, value))
    return Several(tuple(edits), f"Train with the strategy {strategy.name}")


class Measured(Struct, frozen=True):
    """How a strategy trains, in milliseconds; or why it doesn't, with all of them 0."""

    key: str
    name: str
    devices: int
    why: str = ""
    """Why it wasn't measured."""
    ms: float = 0.0
    """Of a batch of the project's, fed by its pipeline."""
    low: float = 0.0
    high: float = 0.0
    """The quartiles of what was measured."""
    ready_ms: float = 0.0
    """The same with batches that are there already."""
    alone_ms: float = 0.0
    """What the devices take for the batch where each does its part and they share nothing."""
    compiled: float = 0.0
    """Seconds of the first step."""
    roles: dict[str, int] = {}
    """The processes of its local cluster."""

    @property
    def shares(self) -> dict[str, float]:
        """The parts of a step: waiting for input, communication, computing."""
        waits = max(0.0, self.ms - self.ready_ms)
        between = min(max(0.0, self.ready_ms - self.alone_ms), self.ms - waits)
        computing = max(0.0, self.ms - waits - between)
        return {
            "input": waits / self.ms,
            "communication": between / self.ms,
            "computing": computing / self.ms,
        }

    @property
    def binds(self) -> str:
        """What takes most of a step."""
        return max(self.shares, key=self.shares.get)


class Advice(Struct, frozen=True):
    """All strategies as they were measured, none first, and the one to train with."""

    rows: tuple[Measured, ...]
    samples: int
    """In a batch."""
    data_ms: float
    """In which the data give a batch where nothing is trained."""
    gpus: int
    best: Measured
    edit: Edit | None
    """What makes the best one the project's; None where it is that already."""

    def rate(self, row: Measured) -> float:
        """Samples a second."""
        return 1000 * self.samples / row.ms

    def efficiency(self, row: Measured) -> float:
        """Of what so many devices could do, each as fast as the one that trains without any."""
        return self.rate(row) / self.rate(self.rows[0]) / row.devices


def measured(
    strategy: Strategy, found: dict[str, Any], alone: list[dict[str, Any]] | None
) -> Measured:
    """What the times of a strategy are; `alone`, of the parts of a batch that nothing binds."""
    low, ms, high = quantiles(found["fed"], n=4) if len(found["fed"]) > 1 else found["fed"] * 3
    ready = median(found["ready"])
    alone_ms = ready
    if alone:
        alone_ms = max(median(each["ready"]) for each in alone) * strategy.parts / strategy.devices
    return Measured(
        strategy.key,
        strategy.name,
        strategy.devices,
        "",
        ms,
        min(low, ms),
        max(high, ms),
        ready,
        alone_ms,
        found["compiled"],
        strategy.roles,
    )


def fastest(rows: list[Measured]) -> Measured:
    """The one that takes least; none, where that isn't slower by more than chance."""
    plain, *others = rows
    better = [
        row for row in others if not row.why and row.high < plain.low and row.ms < WORTH * plain.ms
    ]
    return min(better, key=lambda row: row.ms, default=plain)
