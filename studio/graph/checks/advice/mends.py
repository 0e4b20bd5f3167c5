"""Edits for problems that the other checks find: what one of them says, done by a click."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from studio.graph.checks.advice.context import Context, Output
from studio.graph.checks.advice.fixes import changed, param, remove, set_loss, step
from studio.graph.checks.advice.flow import behind
from studio.graph.document import Call, Edge
from studio.graph.edits import Disconnect, Edit, RemoveNodes
from studio.graph.problems import Problem
from studio.graph.targets import ONE_HOT, SPARSE


def mended(context: Context, problem: Problem) -> Problem:
    """The problem with the edit that mends it, where there is one."""
    mend = _MENDS.get(problem.code)
    fix = mend(context, problem) if mend is not None and problem.fix is None else None
    return problem if fix is None else replace(problem, fix=fix)


def _unused(context: Context, problem: Problem) -> Edit | None:
    view = context.views.get(problem.graph)
    if view is None or problem.node not in view.place:
        return None
    gone = behind(view, problem.node)
    shown = ", ".join(gone[:3]) + (" ..." if len(gone) > 3 else "")
    return step(f"Remove {shown}", RemoveNodes(problem.graph, gone))


def _lost_edge(context: Context, problem: Problem) -> Edit | None:
    graph = context.project.graph(problem.graph)
    lost = [
        edge
        for edge in (graph.edges if graph is not None else ())
        if problem.node in (edge.source_node, edge.target_node)
    ]
    if len(lost) != 1 or problem.node in graph.nodes:
        return None
    edge: Edge = lost[0]
    title = f"Remove the edge from {edge.source} to {edge.target}"
    return step(title, Disconnect(problem.graph, edge.source, edge.target))


def _output(context: Context, problem: Problem) -> Output | None:
    return next((each for each in context.all_outputs if each.name == problem.node), None)


def _label_range(context: Context, problem: Problem) -> Edit | None:
    output, view = _output(context, problem), context.model
    if output is None or output.labels is None or output.layer is None or output.labels[0] < 0:
        return None
    if view.kind(output.layer) != "Dense" or not view.plain(output.layer):
        return None
    units = int(output.labels[1]) + 1
    return step(f"Give {output.layer} {units} units", param(view, output.layer, "units", units))


def _label_loss(context: Context, problem: Problem) -> Edit | None:
    """The sparse loss for class numbers, the other for vectors of the output's length."""
    output = _output(context, problem)
    if output is None or output.target is None or output.spec is None or output.units in (None, 1):
        return None
    numbers = output.target.rank == output.spec.rank - 1 and output.target.dtype[:3] != "flo"
    vectors = output.target.shape == output.spec.shape
    if output.loss in ONE_HOT and numbers:
        better = "SparseCategoricalCrossentropy"
    elif output.loss in SPARSE and vectors:
        better = "CategoricalCrossentropy"
    else:
        return None
    kept = {key: value for key, value in output.call.params.items() if key == "from_logits"}
    call = changed(Call(f"keras.losses.{better}", kept))
    return set_loss(context.project, output.name, call, f"Use {better} for {output.name}")


def _endless(context: Context, problem: Problem) -> Edit | None:
    """`fit` goes through the data in every epoch by itself: no repeat is needed."""
    view = context.data
    node: str | None = problem.node
    while view is not None and node in view.place:
        if view.kind(node) == "repeat":
            return remove(view, node)
        node = view.before(node)
    return None


_MENDS: dict[str, Callable[[Context, Problem], Edit | None]] = {
    "unused": _unused,
    "lost-edge": _lost_edge,
    "label-range": _label_range,
    "label-loss": _label_loss,
    "endless": _endless,
}
