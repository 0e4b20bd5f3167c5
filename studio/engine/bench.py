"""The pipeline that feeds the training, measured stage by stage, and what would make it faster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from studio.engine.looking import question
from studio.engine.warm import Warm
from studio.graph.bypass import through
from studio.graph.checks import Report, check
from studio.graph.document import Project
from studio.graph.edits import Edit
from studio.graph.faster import Proposal, proposals
from studio.graph.infer import Shapes
from studio.graph.problems import ProjectError, StudioError, errors
from studio.graph.wiring import upstream, wire

SECONDS = 120.0
"""How long one measurement may take, all in all."""

WORTH = 1.1
"""A change that gains less isn't told: so much differs from one measurement to the next."""

MEMORY = 0.25
"""The share of the free memory that a cache may take."""

DROP = 0.6
"""A stage that takes less than this share of what its input took spares what is before it."""


class Measured(Struct, frozen=True):
    """A stage of the pipeline, with all that feeds it."""

    node: str
    op: str
    per_second: float
    """Elements that leave it a second."""
    batch_ms: float
    """Milliseconds that it and what feeds it take for one batch of the training."""
    own_ms: float
    """Milliseconds that come with the stage itself."""


class Gain(Struct, frozen=True):
    """A change, and what it was measured to bring."""

    kind: str
    node: str
    words: str
    batch_ms: float
    times: float
    edit: Edit
    """What makes the change; it is undone as any other."""


class Bench(Struct):
    """What was measured."""

    samples: float
    """In a batch."""
    stages: list[Measured]
    holds_back: str
    gains: list[Gain]

    @property
    def batch_ms(self) -> float:
        """Milliseconds for a batch of the training."""
        return self.stages[-1].batch_ms


def bench(
    project: Project,
    folder: Path,
    report: Report,
    warm: Warm,
    trusted: bool = False,
    measured: Callable[[str], None] = lambda node: None,
) -> Bench:
    """Measures the training data of a project; `measured` is told of each step.

    Raises StudioError where there is none, or a stage fails.
    """
    end = project.data.outputs.get("train") if project.data is not None else None
    if end is None:
        raise StudioError('The project has no training data: data.outputs needs "train".')
    with TemporaryDirectory(prefix="studio-") as place:
        asker = _Asker(warm, folder, Path(place), trusted, measured)
        return _bench(asker, project, report, end)


class _Asker(Struct):
    warm: Warm
    folder: Path
    place: Path
    trusted: bool
    measured: Callable[[str], None]

    def rate(self, project: Project, report: Report, end: str, words: str) -> dict[str, Any]:
        """How fast a stage is."""
        self.measured(words)
        asked = question(project, self.folder, report, end, self.place)
        answer = self.warm.ask(
            "rate", seconds=SECONDS, trusted=self.trusted, **asked.fields
        ).result()
        if answer.error:
            raise StudioError(answer.error)
        return answer.result


def _bench(asker: _Asker, project: Project, report: Report, end: str) -> Bench:
    given, project = project, replace(project, data=through(project, project.data))
    end = project.data.outputs.get("train", end)
    wiring = wire(project.data)
    above = upstream(wiring, [end.partition(".")[0]])
    names = [name for name in wiring.order if name in above]
    rates = {}
    for name in names:
        rates[name] = asker.rate(project, report, _port(project, name, end), f"up to {name}")
    last = rates[names[-1]]
    samples = last["samples"]
    took = {name: 1000 * samples / rates[name]["samples_per_second"] for name in names}
    feeding = {name: [e.source_node for e in wiring.incoming[name]] for name in names}
    before = {
        name: max((took.get(each, 0.0) for each in feeding[name]), default=0.0) for name in names
    }
    stages = [
        Measured(
            name,
            str(project.data.nodes[name].op),
            rates[name]["per_second"],
            took[name],
            max(took[name] - before[name], 0.0),
        )
        for name in names
    ]
    holds = _holds_back(stages, took, before)
    gains = list(_gains(asker, given, report, rates))
    return Bench(samples, stages, holds, sorted(gains, key=lambda gain: -gain.times))


def _port(project: Project, name: str, end: str) -> str:
    """The port of a stage that the training data leaves by."""
    wiring = wire(project.data)
    above = upstream(wiring, [end.partition(".")[0]])
    if name == end.partition(".")[0]:
        return end
    return next((each.source for each in wiring.outgoing[name] if each.target_node in above), name)


def _holds_back(stages: list[Measured], took: dict[str, float], before: dict[str, float]) -> str:
    """The stage that takes most of what a batch takes, once caches are full."""
    first = 0
    for index, stage in enumerate(stages):
        if took[stage.node] < DROP * before[stage.node]:
            first = index
    left = stages[first:]
    own = {each.node: each.own_ms for each in left}
    own[left[0].node] = took[left[0].node]
    return max(own, key=own.get)


def _gains(
    asker: _Asker, project: Project, report: Report, rates: dict[str, Any]
) -> Iterator[Gain]:
    end = project.data.outputs["train"]
    for each in proposals(project, report.shapes.get("data") or Shapes()):
        if each.kind == "cache" and not _fits(each, rates):
            continue
        changed = check(each.project, asker.folder)
        if any(p.graph == "data" for p in errors(changed.problems)):
            continue
        try:
            new = _took(asker, each, changed)
            # The two are measured right after one another: a machine is busy in one minute, not
            # in the next.
            old = asker.rate(project, report, end, "again as it is")
        except ProjectError:
            continue
        before = 1000 * old["samples"] / old["samples_per_second"]
        if before / new >= WORTH:
            yield Gain(each.kind, each.node, each.words, new, before / new, each.edit)


def _took(asker: _Asker, each: Proposal, report: Report) -> float:
    """Milliseconds for a batch of a changed pipeline."""
    end = each.project.data.outputs["train"]
    found = asker.rate(each.project, report, end, f"with a change: {each.words}")
    return 1000 * found["samples"] / found["samples_per_second"]


def _fits(each: Proposal, rates: dict[str, Any]) -> bool:
    """Whether memory has room for what would be kept."""
    import psutil

    runs = through(each.project, each.project.data)
    edge = next(e for e in runs.edges if e.target_node == each.node)
    found = rates.get(edge.source_node)
    if found is None or not found["passed"]:
        return False
    return found["bytes"] * found["count"] < MEMORY * psutil.virtual_memory().available
