"""Edges drawn, led elsewhere and put in order; the order of the nodes in the file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from studio.graph.compose.draft import Draft, listed
from studio.graph.document import Edge, Project
from studio.graph.edits import Connect, Edit
from studio.graph.part_edits import OrderNodes, Rewire
from studio.graph.ports import input_ports
from studio.graph.problems import StudioError, quoted


def connect(project: Project, graph: str, source: str, target: str) -> Edit:
    """Draws an edge; one that ended at a port for one tensor gives way."""
    draft = Draft(project, graph)
    draw(draft, source, target)
    return draft.step(f"Connect {source} to {target}")


def disconnect(project: Project, graph: str, edges: Iterable[Edge]) -> Edit:
    """Takes edges away."""
    draft, edges = Draft(project, graph), list(edges)
    draft.disconnect(edges)
    names = (f"{edge.source} from {edge.target}" for edge in edges)
    return draft.step(f"Disconnect {listed(names)}")


def reroute(
    project: Project,
    graph: str,
    edge: Edge,
    source: str | None = None,
    target: str | None = None,
) -> Edit:
    """Leads an edge from another source, or to another target; it keeps its place among them."""
    draft = Draft(project, graph)
    new = Edge(source or edge.source, target or edge.target)
    draft.node(new.source_node)
    draft.node(new.target_node)
    if draft.target(new.target) != draft.target(edge.target):
        draft.disconnect(each for each in in_the_way(draft, new.target) if each != edge)
    draft.do(Rewire(graph, ((edge, new),)))
    return draft.step(f"Lead {new.source} to {new.target}")


def order_edges(project: Project, graph: str, target: str, order: Sequence[int]) -> Edit:
    """Puts the edges into a port in another order: [1, 0] swaps the inputs of a Concatenate."""
    draft = Draft(project, graph)
    draft.node(target.partition(".")[0])
    edges = into(draft, target)
    if sorted(order) != list(range(len(edges))):
        raise StudioError(
            f"{quoted(target)} is fed by {len(edges)} edges; {quoted(list(order))} is no order "
            f"of {quoted(list(range(len(edges))))}."
        )
    pairs = zip(edges, (edges[index] for index in order), strict=True)
    draft.do(Rewire(graph, tuple(pairs)))
    return draft.step(f"Order the inputs of {target.partition('.')[0]}")


def order_nodes(
    project: Project, graph: str, ids: Iterable[str], before: str | None = None
) -> Edit:
    """Moves nodes in the file, before another or behind all."""
    draft, ids = Draft(project, graph), tuple(dict.fromkeys(ids))
    draft.do(OrderNodes(graph, ids, before))
    return draft.step(f"Move {listed(ids)} in the outline")


def draw(draft: Draft, source: str, target: str, index: int | None = None) -> None:
    """Draws an edge in a draft; what is in its way is taken off."""
    blocking = in_the_way(draft, target)
    if index is None and blocking:
        index = draft.graph.edges.index(blocking[0])
    draft.disconnect(blocking)
    draft.do(Connect(draft.name, source, target, index))


def into(draft: Draft, target: str) -> list[Edge]:
    """The edges that end at a port, in their order."""
    wanted = draft.target(target)
    name = target.partition(".")[0]
    return [
        edge
        for edge in draft.graph.edges
        if edge.target_node == name and draft.target(edge.target) == wanted
    ]


def in_the_way(draft: Draft, target: str) -> list[Edge]:
    """The edges that end at a port which takes only one."""
    name, _, port = target.partition(".")
    node = draft.node(name)
    ports = input_ports(draft.project, node, draft.graph)
    found = next((p for p in ports if p.name == port), None) if port else next(iter(ports), None)
    return into(draft, target) if found is not None and not found.many else []


def free_port(draft: Draft, name: str) -> str | None:
    """The end at which a node is to be fed next: its first free port; None where there is none.

    A node whose ports aren't known is fed by its id alone.
    """
    ports = input_ports(draft.project, draft.node(name), draft.graph)
    taken = {draft.target(edge.target) for edge in draft.graph.edges if edge.target_node == name}
    for index, port in enumerate(ports):
        if port.many or f"{name}.{port.name}" not in taken:
            return name if index == 0 else f"{name}.{port.name}"
    made = draft.node(name)
    unknown = not ports and (made.op or "").startswith(("block:", "code:"))
    return name if unknown else None
