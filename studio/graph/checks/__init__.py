"""Everything that can be said of a project before it runs.

`check` goes on after a problem: what is wrong stops only the nodes that hang
on it, all others are looked at, and all problems are told at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from studio.graph.asking import Ask
from studio.graph.checks.advice import with_advice
from studio.graph.checks.calls import KnownCalls, check_calls
from studio.graph.checks.clusters import check_clusters
from studio.graph.checks.distribution import check_distribution
from studio.graph.checks.exports import check_exports
from studio.graph.checks.generators import check_generators
from studio.graph.checks.joins import check_joins
from studio.graph.checks.services import check_services
from studio.graph.checks.starting import check_starting
from studio.graph.checks.steps import check_steps
from studio.graph.checks.structure import KnownStructure, check_structure
from studio.graph.checks.weights import check_weights
from studio.graph.document import Project
from studio.graph.infer import Inference
from studio.graph.problems import ERROR, Problem
from studio.graph.shapes import Shapes


class Report(Struct):
    """The shapes of every graph, and every problem."""

    shapes: dict[str, Shapes]
    problems: list[Problem]


class Checker:
    """Looks through a project again after each of its edits, and only at what they touch.

    Relative paths in the project are taken from `folder`. The shapes of a report
    change with the next run.
    """

    def __init__(self, folder: Path = Path(), inference: Inference | None = None):
        self.folder = folder
        self.inference = inference or Inference(folder)
        self._structure = KnownStructure()
        self._calls = KnownCalls()

    def run(self, project: Project, before: Sequence[Problem] = (), advice: bool = True) -> Report:
        """Everything that can be said of a project.

        `before` are problems already known from reading its file. Without
        `advice`, which takes longest, the report says what is wrong, but not
        what would be unwise, nor how a click mends it.
        """
        problems = [*before, *check_structure(project, self._structure)]
        problems += check_calls(project, self._calls)
        problems += check_clusters(project)
        problems += check_distribution(project)
        problems += check_generators(project)
        problems += check_services(project)
        problems += check_starting(project, self.folder)
        problems += check_steps(project)
        # A node whose own call is wrong can't be inferred; a wrong edge or name
        # leaves the node itself sound.
        broken = frozenset(
            (p.graph, p.node) for p in problems if p.severity == ERROR and p.code in _STOPS
        )
        shapes = self.inference.run(project, broken)
        for found in shapes.values():
            problems += found.problems
        problems += check_joins(project, shapes, broken)
        problems += check_weights(project, shapes)
        problems += check_exports(project, shapes)
        # What is wrong with a loss shows at each of the splits: once is enough.
        problems = list(dict.fromkeys(problems))
        if advice:
            problems = with_advice(project, shapes, problems, self.folder)
        return Report(shapes, problems)


def check(
    project: Project,
    folder: Path = Path(),
    before: list[Problem] | None = None,
    inference: Inference | None = None,
    ask: Ask | None = None,
) -> Report:
    """Looks through a project once; one that is edited and looked at again has a Checker.

    `before` are problems already known from reading its file. An `inference`
    that is kept from one check to the next infers only what changed between. `ask`
    tells what the user's own code gives, for an inference that isn't kept.
    """
    return Checker(folder, inference or Inference(folder, ask)).run(project, before or ())


_STOPS = {
    "unknown-op",
    "wrong-op",
    "missing-param",
    "unknown-param",
    "bad-param",
    "lost-share",
    "lost-block",
    "lost-code",
    "unfed",
    "block-in-itself",
    "bad-bypass",
}
