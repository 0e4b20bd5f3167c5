"""Nodes put in: on empty space, at the end of a wire, into an edge."""

from __future__ import annotations

from typing import Any

from studio.graph.catalogue.registry import find
from studio.graph.compose.draft import Draft, ends_of
from studio.graph.compose.names import base_name, fresh_id
from studio.graph.compose.start import starting
from studio.graph.compose.walk import Ways
from studio.graph.compose.wires import draw, free_port
from studio.graph.document import Block, Edge, Node, Project
from studio.graph.edits import AddNode, Connect, Edit, MoveNodes
from studio.graph.part_edits import Rewire
from studio.graph.ports import output_ports
from studio.graph.problems import StudioError, quoted

Point = tuple[float, float]


def new_node(
    project: Project,
    graph: str,
    op: str,
    at: Point | None = None,
    params: dict[str, Any] | None = None,
) -> Node:
    """A node of this op with a good id and parameters to begin with; not yet in the graph."""
    draft = Draft(project, graph)
    block = isinstance(draft.graph, Block) and op == "keras.Input"
    first = {} if block else starting(op)
    return Node(
        fresh_id(draft.graph.nodes, base_name(op)), op, params=first | (params or {}), at=at
    )


def add_node(
    project: Project,
    graph: str,
    op: str,
    at: Point | None = None,
    connect_from: str | None = None,
    connect_to: str | None = None,
    params: dict[str, Any] | None = None,
) -> tuple[Edit, str]:
    """Puts in a node, wired to the open ends given; returns the edit and the node's id.

    `connect_from` feeds its first input, its first output feeds `connect_to`.
    The first node that isn't an input becomes the output; one behind an output
    that fed nothing takes that output over, with its losses and metrics.
    """
    draft = Draft(project, graph)
    node = new_node(project, graph, op, at, params)
    draft.do(AddNode(graph, node, _behind(draft, connect_from)))
    if isinstance(draft.graph, Block) and op == "keras.Input":
        draft.set_inputs((*draft.graph.inputs, node.id))
    _wire(draft, node, connect_from, connect_to)
    return draft.step(f"Add {node.id}"), node.id


def _behind(draft: Draft, end: str | None) -> int | None:
    """The place in the file behind the node of an end."""
    name = (end or "").partition(".")[0]
    names = list(draft.graph.nodes)
    return names.index(name) + 1 if name in names and name != names[-1] else None


def _wire(draft: Draft, node: Node, start: str | None, target: str | None) -> None:
    outputs = ends_of(draft.graph)
    name = (start or "").partition(".")[0]
    fed = {draft.source(e.source) for e in draft.graph.edges if e.source_node == name}
    if start is not None:
        draft.node(start.partition(".")[0])
        port = free_port(draft, node.id)
        if port is None:
            raise StudioError(f"{node.op} takes nothing in, so {quoted(start)} can't feed it.")
        draft.do(Connect(draft.name, start, port))
    if target is not None:
        draft.node(target.partition(".")[0])
        draw(draft, node.id, target)
        return
    known = find(node.op)
    if (known is not None and not known.inputs) or node.op == "keras.Input":
        return
    if draft.name == "data":
        same = [end for end in outputs if start is not None and _same(draft, end, start)]
        draft.move_outputs(dict.fromkeys(same, node.id) if _open(draft, start, fed) else {})
    elif not outputs:
        draft.set_outputs((node.id,))
    elif start is not None and _open(draft, start, fed):
        same = [end for end in outputs if _same(draft, end, start)]
        draft.move_outputs(dict.fromkeys(same, node.id))


def _same(draft: Draft, end: str, other: str) -> bool:
    return draft.source(end) == draft.source(other)


def _open(draft: Draft, start: str | None, fed: set[str]) -> bool:
    return start is not None and draft.source(start) not in fed


def insert_on_edge(project: Project, graph: str, edge: Edge, node: str | Node) -> Edit:
    """Puts a node into an edge: a new one, or the id of one that is there and not yet fed.

    Raises StudioError where that makes a cycle, or the node has no free input.
    """
    draft = Draft(project, graph)
    if edge not in draft.graph.edges:
        raise StudioError(f"There is no edge from {quoted(edge.source)} to {quoted(edge.target)}.")
    if isinstance(node, Node):
        draft.do(AddNode(graph, node, _behind(draft, edge.source)))
        name = node.id
        if node.at is None:
            middle = _middle(draft, edge)
            draft.do(*([MoveNodes(graph, {name: middle})] if middle is not None else []))
    else:
        name = draft.node(node).id
    if name in (edge.source_node, edge.target_node):
        raise StudioError(f"{quoted(name)} is at an end of this edge already.")
    ways = Ways(draft.graph)
    if name in ways.upstream(edge.source_node) or name in ways.downstream(edge.target_node):
        raise StudioError(
            f"{quoted(name)} can't stand between {quoted(edge.source)} and "
            f"{quoted(edge.target)}: tensors would go in a circle. Take its edges off first."
        )
    port = free_port(draft, name)
    if port is None:
        raise StudioError(
            f"{quoted(name)} has no free input. Take its edge off first, or choose another node."
        )
    if not output_ports(draft.project, draft.node(name), draft.graph):
        raise StudioError(f"What leaves {quoted(name)} isn't known, so nothing can follow it.")
    at = draft.graph.edges.index(edge)
    draft.do(Rewire(graph, ((edge, Edge(name, edge.target)),)))
    draft.do(Connect(graph, edge.source, port, at))
    return draft.step(f"Put {name} between {edge.source_node} and {edge.target_node}")


def _middle(draft: Draft, edge: Edge) -> Point | None:
    a = draft.node(edge.source_node).at
    b = draft.node(edge.target_node).at
    return None if a is None or b is None else ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
