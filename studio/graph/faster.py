"""Edits of the data graph that may make its pipeline faster; how much is to be measured."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from studio.graph.document import DataGraph, Edge, Node, Project
from studio.graph.edits import (
    AddNode,
    Connect,
    Disconnect,
    Edit,
    ResetParam,
    SetOutputs,
    Several,
)
from studio.graph.elements import Elements
from studio.graph.infer import Shapes
from studio.graph.part_edits import AddPart, Rewire
from studio.graph.problems import quoted
from studio.graph.vectorised import goes_behind
from studio.graph.wiring import upstream, wire

GRAPH = "data"

PASSED = ("shuffle", "cache", "take", "skip", "prefetch", "split")
"""Stages that hand elements on as they are, so that a map may stand behind them as well."""


class Proposal(Struct, frozen=True):
    """One change of a pipeline: in words, as an edit, and the project behind it."""

    kind: str
    node: str
    words: str
    edit: Edit
    project: Project


def proposals(project: Project, shapes: Shapes) -> Iterator[Proposal]:
    """Changes that leave what the training data is as it is, but not how it is made.

    Their edits are of this very project, bypassed stages and all.
    """
    graph = project.data
    end = graph.outputs["train"].partition(".")[0]
    wiring = wire(graph)
    above = upstream(wiring, [end])
    order = [graph.nodes[name] for name in wiring.order if name in above]
    order = [node for node in order if not node.bypass]
    for node in order:
        if node.params.get("num_parallel_calls") is not None:
            yield _proposal(
                project,
                "parallel",
                node.id,
                f"Let tf.data choose the parallel calls of {quoted(node.id)} "
                "(num_parallel_calls: null).",
                ResetParam(GRAPH, node.id, "num_parallel_calls"),
            )
    yield from _cached(project, shapes, order)
    for node in order:
        yield from _behind_batch(project, shapes, node)


def _proposal(project: Project, kind: str, node: str, words: str, edit: Edit) -> Proposal:
    return Proposal(kind, node, words, edit, edit.apply(project))


def _kind(node: Node) -> str:
    return str(node.op).rpartition(".")[2]


def _cached(project: Project, shapes: Shapes, order: list[Node]) -> Iterator[Proposal]:
    """Keeps the elements in memory before the first stage that gives them in another order."""
    graph = project.data
    if any(_kind(node) in ("cache", "snapshot") for node in order):
        return
    feeding = {edge.target_node: edge for edge in graph.edges}
    place = None
    for node in order:
        edge = feeding.get(node.id)
        found = shapes.at(edge.source) if edge is not None else None
        if not isinstance(found, Elements) or found.infinite or found.unsteady:
            continue
        place = edge
        if _kind(node) in ("shuffle", "batch"):
            break
    if place is None:
        return
    name, at = _free(graph, "cache"), graph.edges.index(place)
    edits = (
        AddNode(GRAPH, Node(name, "tf.data.Dataset.cache")),
        Disconnect(GRAPH, place.source, place.target),
        Connect(GRAPH, place.source, name, at),
        Connect(GRAPH, name, place.target, at + 1),
    )
    yield _proposal(
        project,
        "cache",
        name,
        f"Put tf.data.Dataset.cache between {quoted(place.source)} and {quoted(place.target)}.",
        Several(edits, f"Keep what leaves {place.source_node} in memory"),
    )


def _behind_batch(project: Project, shapes: Shapes, node: Node) -> Iterator[Proposal]:
    """Maps whole batches where the function does the same to them."""
    graph = project.data
    function = node.params.get("function")
    op = function.get("op") if isinstance(function, dict) else None
    fed = [edge for edge in graph.edges if edge.target_node == node.id]
    given = shapes.at(fed[0].source) if _kind(node) == "map" and len(fed) == 1 else None
    if not isinstance(given, Elements) or not goes_behind(op, given):
        return
    batches = _batches(graph, node.id)
    if not batches or len(set(graph.edges)) < len(graph.edges):
        return
    edit = _moved(graph, node, fed[0], batches)
    more = ", and the others alike" if len(batches) > 1 else ""
    yield _proposal(
        project,
        "batch first",
        node.id,
        f"Put {quoted(node.id)} behind the batch ({quoted(batches[0])}{more}): "
        "it then works on whole batches.",
        edit,
    )


def _moved(graph: DataGraph, node: Node, fed: Edge, batches: list[str]) -> Edit:
    """Leads on what feeds a map, and puts the map, or one like it, behind each batch."""
    behind = dict.fromkeys(batches[:1], node.id)
    for batch in batches[1:]:
        wish = f"{node.id}_{batch}"
        while wish in graph.nodes or wish in behind.values():
            wish += "_"
        behind[batch] = wish
    led = {node.id: fed.source} | behind
    edits: list[Edit] = []
    if len(batches) > 1:
        copies = tuple(replace(node, id=behind[batch], at=None) for batch in batches[1:])
        edges = tuple(Edge(batch, behind[batch]) for batch in batches[1:])
        edits.append(AddPart(GRAPH, copies, edges))
    changes = [(fed, Edge(batches[0], node.id))]
    for edge in graph.edges:
        if edge.source_node in led:
            changes.append((edge, Edge(led[edge.source_node], edge.target)))
    edits.append(Rewire(GRAPH, tuple(changes)))
    ends = graph.outputs.items()
    outputs = {split: led.get(end.partition(".")[0], end) for split, end in ends}
    if outputs != graph.outputs:
        edits.append(SetOutputs(GRAPH, outputs))
    return Several(tuple(edits), f"Put {node.id} behind {batches[0]}")


def _batches(graph: DataGraph, start: str) -> list[str]:
    """The batches that all ways from a map end at, that of the training data first.

    Empty where something on a way needs each element mapped.
    """
    feeding: dict[str, list[Edge]] = {}
    following: dict[str, list[str]] = {}
    for edge in graph.edges:
        feeding.setdefault(edge.target_node, []).append(edge)
        following.setdefault(edge.source_node, []).append(edge.target_node)
    ends = {end.partition(".")[0] for end in graph.outputs.values()}
    found, waiting, seen = [], [start], {start}
    while waiting:
        name = waiting.pop(0)
        after = following.get(name, [])
        if name in ends or not after:
            return []
        for each in after:
            node = graph.nodes[each]
            if len(feeding[each]) != 1 or each in seen:
                return []
            seen.add(each)
            if node.bypass or _kind(node) in PASSED:
                waiting.append(each)
            elif _kind(node) == "batch":
                found.append(each)
            else:
                return []
    above = upstream(wire(graph), [graph.outputs["train"].partition(".")[0]])
    return sorted(found, key=lambda batch: batch not in above)


def _free(graph: DataGraph, name: str) -> str:
    while name in graph.nodes:
        name += "_"
    return name
