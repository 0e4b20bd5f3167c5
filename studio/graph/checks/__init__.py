"""Everything that can be said of a project before it runs.

`check` goes on after a problem: what is wrong stops only the nodes that hang
on it, all others are looked at, and all problems are told at once.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from studio.graph.asking import Ask
from studio.graph.checks.advice import with_advice
from studio.graph.checks.calls import check_calls
from studio.graph.checks.joins import check_joins
from studio.graph.checks.structure import check_structure
from studio.graph.document import Project
from studio.graph.infer import Inference, Shapes
from studio.graph.problems import ERROR, Problem


class Report(Struct):
    """The shapes of every graph, and every problem."""

    shapes: dict[str, Shapes]
    problems: list[Problem]


def check(
    project: Project,
    folder: Path = Path(),
    before: list[Problem] | None = None,
    inference: Inference | None = None,
    ask: Ask | None = None,
) -> Report:
    """Looks through a project; relative paths in it are taken from `folder`.

    `before` are problems already known from reading its file. An `inference`
    that is kept from one check to the next infers only what changed between. `ask`
    tells what the user's own code gives, for an inference that isn't kept.
    """
    problems = [*(before or ()), *check_structure(project), *check_calls(project)]
    # A node whose own call is wrong can't be inferred; a wrong edge or name
    # leaves the node itself sound.
    broken = frozenset(
        (p.graph, p.node) for p in problems if p.severity == ERROR and p.code in _STOPS
    )
    shapes = (inference or Inference(folder, ask)).run(project, broken)
    for found in shapes.values():
        problems += found.problems
    problems += check_joins(project, shapes, broken)
    # What is wrong with a loss shows at each of the splits: once is enough.
    problems = list(dict.fromkeys(problems))
    return Report(shapes, with_advice(project, shapes, problems, folder))


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
}
