"""What comes before a tf.data service: stages that its workers can't run, or run otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from studio.graph.bypass import through
from studio.graph.document import Node, Project
from studio.graph.ops.generator import FROM_GENERATOR
from studio.graph.ops.passing import DISTRIBUTE
from studio.graph.ports import problem_at
from studio.graph.problems import ERROR, WARNING, Problem, quoted
from studio.graph.replay import RANDOM
from studio.graph.wiring import upstream, wire

CODE = "apart-in-service"

PYTHON = frozenset({FROM_GENERATOR, "studio.data.parquet"})
"""Sources that call Python for their elements, which only the process of the script can."""

PARTS = ("DYNAMIC", "FILE", "FILE_OR_DATA")
"""The modes in which each worker goes through a part of the source alone."""

COUNTING = frozenset(
    f"tf.data.Dataset.{name}"
    for name in ("enumerate", "scan", "shard", "skip", "take", "take_while", "window")
) | {
    "studio.data.synthetic",
    "studio.data.split",
    "studio.data.window",
    "tf.data.experimental.assert_cardinality",
}
"""What makes other elements of a part of the source than of the whole."""


def check_services(project: Project) -> Iterator[Problem]:
    """What would give other elements than without the service."""
    if project.data is None:
        return
    graph = through(project, project.data)
    wiring = wire(graph)
    for node in graph.nodes.values():
        if node.op == DISTRIBUTE:
            names = upstream(wiring, [node.id]) - {node.id}
            before = [each for each in graph.nodes.values() if each.id in names]
            for found in _wrong(project, node, before):
                yield problem_at("data", project.data, node.id, *found)


def _wrong(project: Project, node: Node, before: list[Node]) -> Iterator[tuple[str, str, str, str]]:
    """(code, message, hint, severity) of each."""
    mode = node.params.get("processing_mode")
    for each in before:
        if each.op in PYTHON:
            message = (
                f"hands {quoted(each.id)} over to other processes, but its elements are made by "
                "Python in the script's own."
            )
            yield CODE, message, "Write them to TFRecord files first (studio data write).", ERROR
    counting = next((each for each in before if each.op in COUNTING), None)
    if mode in PARTS and counting is not None:
        message = (
            f"has each worker go through a part of the source alone, so {quoted(counting.id)} "
            "counts in that part, and gives other elements than it does here."
        )
        hint = f'Set processing_mode to "DATA", or put it before {quoted(counting.id)}.'
        yield CODE, message, hint, ERROR
    seeded = project.training is not None and project.training.seed is not None
    mixing = next((each for each in before if _unseeded(each)), None)
    if mode == "DATA" and not seeded and mixing is not None:
        message = (
            f"takes every so-many-th element of each worker, but {quoted(mixing.id)} has no seed "
            "and mixes otherwise on each: some would come twice, others never."
        )
        yield CODE, message, "Set training.seed, or the seed of the stage.", WARNING


def _unseeded(node: Node) -> bool:
    return node.op in RANDOM and node.params.get("seed") is None
