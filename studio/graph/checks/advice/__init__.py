"""Advice: what would run and yet not do what was meant, and the edit that mends it.

Each family of checks stands in a file of its own and enters itself into the
table `ADVICE`; a check's docstring is its paragraph in docs/problems.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from studio.graph.checks.advice import (  # noqa: F401  (each enters its checks into the table)
    adapted,
    data,
    distribution,
    flow,
    images,
    labels,
    layers,
    metrics,
    outputs,
    overlap,
    pipelines,
    precision,
    sequences,
    training,
    windows,
)
from studio.graph.checks.advice.context import Context
from studio.graph.checks.advice.mends import mended
from studio.graph.checks.advice.registry import ADVICE, Advice, Finding
from studio.graph.document import Project
from studio.graph.problems import Problem, quoted
from studio.graph.shapes import Shapes

__all__ = ["ADVICE", "Advice", "with_advice"]


def with_advice(
    project: Project, shapes: dict[str, Shapes], problems: Sequence[Problem], folder: Path = Path()
) -> list[Problem]:
    """The problems that are known, those with a mend having it, and behind them the advice."""
    context = Context(project, shapes, problems, folder)
    found: list[Problem] = []
    better: dict[Problem, Problem] = {}
    for code, entry in ADVICE.items():
        for finding in entry.look(context):
            problem = _problem(context, code, finding)
            if finding.instead is not None:
                better[finding.instead] = problem
            elif (problem.graph, problem.node) not in context.bad or not problem.node:
                found.append(problem)
    known = (better.get(problem) or mended(context, problem) for problem in problems)
    return [*known, *found]


def _problem(context: Context, code: str, finding: Finding) -> Problem:
    place = finding.place
    view = context.views.get(finding.graph)
    if not place and view is not None and finding.node in view.place:
        head = finding.graph.replace("block:", "blocks.")
        place = f"{head}.nodes[{view.place[finding.node]}] {quoted(finding.node)}"
    problem = Problem(
        finding.severity,
        code,
        finding.graph,
        finding.node,
        finding.message,
        finding.hint,
        place,
        finding.fix,
    )
    if finding.instead is None:
        return problem
    # What came in and what was expected has been said well already.
    return replace(problem, message=finding.instead.message, place=finding.instead.place)
