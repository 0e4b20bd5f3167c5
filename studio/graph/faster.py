"""Edits of the data graph that may make its pipeline faster; how much is to be measured."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from studio.graph.document import DataGraph, Edge, Node, Project
from studio.graph.elements import Elements, leaves
from studio.graph.infer import Shapes
from studio.graph.problems import quoted
from studio.graph.wiring import upstream, wire

VECTORISED = ("studio.map.rescale", "studio.map.cast", "studio.map.one_hot")
"""Functions that give for a batch what they give for its elements, batched."""

PASSED = ("shuffle", "cache", "take", "skip", "prefetch", "split", "batch")
"""Stages that hand elements on as they are, so that a map may stand behind them as well."""


class Proposal(Struct, frozen=True):
    """A pipeline with one change, and the change in words."""

    kind: str
    node: str
    words: str
    project: Project


def proposals(project: Project, shapes: Shapes) -> Iterator[Proposal]:
    """Changes that leave what the training data is as it is, but not how it is made."""
    graph = project.data
    end = graph.outputs["train"].partition(".")[0]
    wiring = wire(graph)
    above = upstream(wiring, [end])
    order = [graph.nodes[name] for name in wiring.order if name in above]
    for node in order:
        if node.params.get("num_parallel_calls") is not None:
            params = {k: v for k, v in node.params.items() if k != "num_parallel_calls"}
            yield Proposal(
                "parallel",
                node.id,
                f"Let tf.data choose the parallel calls of {quoted(node.id)} "
                "(num_parallel_calls: null).",
                _with(project, {**graph.nodes, node.id: replace(node, params=params)}),
            )
    yield from _cached(project, shapes, order)
    for node in order:
        yield from _behind_batch(project, shapes, node)


def _kind(node: Node) -> str:
    return str(node.op).rpartition(".")[2]


def _with(project: Project, nodes: dict[str, Node], edges=None, outputs=None) -> Project:
    graph = project.data
    changed = DataGraph(
        nodes,
        graph.edges if edges is None else tuple(edges),
        graph.frames,
        graph.outputs if outputs is None else outputs,
    )
    return replace(project, data=changed)


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
    name = _free(graph, "cache")
    nodes = {**graph.nodes, name: Node(name, "tf.data.Dataset.cache")}
    edges = [
        each
        for edge in graph.edges
        for each in (
            (Edge(edge.source, name), Edge(name, edge.target)) if edge is place else (edge,)
        )
    ]
    yield Proposal(
        "cache",
        name,
        f"Put tf.data.Dataset.cache between {quoted(place.source)} and {quoted(place.target)}.",
        _with(project, nodes, edges),
    )


def _behind_batch(project: Project, shapes: Shapes, node: Node) -> Iterator[Proposal]:
    """Maps whole batches where the function does the same to them."""
    graph = project.data
    function = node.params.get("function")
    op = function.get("op") if isinstance(function, dict) else None
    if _kind(node) != "map" or op not in VECTORISED:
        return
    given = shapes.at(node.id)
    if not isinstance(given, Elements) or any(spec.ragged for spec in leaves(given.structure)):
        return
    path = _way(graph, node.id)
    if path is None:
        return
    batch = path[-1]
    before = next(edge.source for edge in graph.edges if edge.target_node == node.id)
    # For the other outputs it stays as it is: only what leaves this batch is measured.
    led = {name: f"{name}_" for name in path}
    nodes, edges = dict(graph.nodes), list(graph.edges)
    moved = _free(graph, f"{node.id}_batches")
    for old, new in zip(path, _free_all(graph, led.values()), strict=True):
        led[old] = new
        nodes[new] = replace(graph.nodes[old], id=new)
    nodes[moved] = replace(node, id=moved)
    for edge in graph.edges:
        if edge.target_node in path:
            source, _, port = edge.source.partition(".")
            start = before if source == node.id else f"{led[source]}.{port}".rstrip(".")
            edges.append(Edge(start, led[edge.target_node]))
    edges.append(Edge(led[batch], moved))
    outputs = {
        split: moved if stage.partition(".")[0] == batch else stage
        for split, stage in graph.outputs.items()
    }
    edges = [edge if edge.source_node != batch else Edge(moved, edge.target) for edge in edges]
    yield Proposal(
        "batch first",
        node.id,
        f"Put {quoted(node.id)} behind the batch ({quoted(batch)}, and the others alike): "
        "it then works on whole batches.",
        _with(project, nodes, edges, outputs),
    )


def _way(graph: DataGraph, start: str) -> list[str] | None:
    """The stages from a map's follower to the batch that the training data comes from.

    None where something on the way needs each element mapped.
    """
    feeding: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        feeding.setdefault(edge.target_node, []).append(edge)
    name, way = graph.outputs["train"].partition(".")[0], []
    while name != start:
        edges = feeding.get(name, [])
        if len(edges) != 1:
            return None
        way.insert(0, name)
        name = edges[0].source_node
    while way and _kind(graph.nodes[way[-1]]) == "prefetch":
        way.pop()
    kinds = [_kind(graph.nodes[each]) for each in way]
    fits = kinds and kinds[-1] == "batch" and "batch" not in kinds[:-1]
    return way if fits and all(kind in PASSED for kind in kinds) else None


def _free(graph: DataGraph, name: str) -> str:
    while name in graph.nodes:
        name += "_"
    return name


def _free_all(graph: DataGraph, names) -> list[str]:
    return [_free(graph, name) for name in names]
