"""Everything that can be said of a project before it runs.

`check` goes on after a problem: what is wrong stops only the nodes that hang
on it, all others are looked at, and all problems are told at once.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

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


def check(project: Project, folder: Path = Path(), before: list[Problem] | None = None) -> Report:
    """Looks through a project; relative paths in it are taken from `folder`.

    `before` are problems already known from reading its file.
    """
    problems = [*(before or ()), *check_structure(project), *check_calls(project)]
    # A node whose own call is wrong can't be inferred; a wrong edge or name
    # leaves the node itself sound.
    broken = frozenset(
        (p.graph, p.node) for p in problems if p.severity == ERROR and p.code in _STOPS
    )
    inference = Inference(project, broken, folder)
    shapes = {
        name: inference.graph(name, graph)
        for name, graph in project.graphs().items()
        if name in ("data", "model")
    }
    for found in shapes.values():
        problems += found.problems
    problems += check_joins(project, shapes, broken)
    # What is wrong with a loss shows at each of the splits: once is enough.
    return Report(shapes, list(dict.fromkeys(problems)))


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
