"""Two projects as one, with what is new, gone and changed: to be looked at, never to be run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from studio.graph.compare import ADDED, CHANGED, REMOVED, Difference, differences
from studio.graph.document import Edge, Graph, Node, Project

APART = (236.0, 90.0)
"""How far nodes must be from each other, so that none covers another."""

Kinds = dict[str, str]


class Marks(Struct):
    """What differs in one graph: nodes by their ids, edges as (source, target); each one's kind."""

    nodes: Kinds
    edges: dict[tuple[str, str], str]
    others: int = 0
    """Differences of the graph itself: its outputs, its style."""

    def __len__(self) -> int:
        return len(self.nodes) + len(self.edges) + self.others


class Merged(Struct, frozen=True):
    """A project with the nodes and edges of both, and what differs in each of its graphs."""

    project: Project
    marks: dict[str, Marks]
    differences: tuple[Difference, ...]


def merged(one: Project, other: Project) -> Merged:
    """What the second has, and beside it what only the first had.

    A node that both have is as the second has it.
    """
    found = tuple(differences(one, other))
    names = dict.fromkeys((*one.graphs(), *other.graphs()))
    project = replace(
        other,
        data=_both(one.data, other.data),
        model=_both(one.model, other.model),
        blocks={
            name: _both(one.blocks.get(name), other.blocks.get(name))
            for name in dict.fromkeys((*one.blocks, *other.blocks))
        },
        code=one.code | other.code,
    )
    marks = {
        name: _marks(one.graph(name) or Graph(), other.graph(name) or Graph(), name, found)
        for name in names
    }
    return Merged(project, marks, found)


def place_of(path: str) -> tuple[str, str] | None:
    """The graph and the node that a difference is of: model.nodes.ID...; None where of none."""
    words = path.split(".")
    if words[0] == "blocks" and words[2:3] == ["nodes"] and len(words) > 3:
        return f"block:{words[1]}", words[3]
    if words[0] in ("data", "model") and words[1:2] == ["nodes"] and len(words) > 2:
        return words[0], words[2]
    return None


def _both(one: Any, other: Any) -> Any:
    """A graph with the nodes and edges of both."""
    if one is None or other is None:
        return other if one is None else one
    edges = {(edge.source, edge.target) for edge in other.edges}
    gone = tuple(edge for edge in one.edges if (edge.source, edge.target) not in edges)
    nodes = dict(other.nodes)
    if any(node.at is not None for node in nodes.values()):
        nodes = {name: _placed(name, node, other) for name, node in nodes.items()}
    for name, node in one.nodes.items():
        if name not in nodes:
            nodes[name] = _aside(node, nodes.values())
    return replace(other, nodes=nodes, edges=(*other.edges, *gone))


def _placed(name: str, node: Node, graph: Graph) -> Node:
    """A node with a place: beside one that it is connected with, where it has none of its own."""
    if node.at is not None:
        return node
    ends = ((e.source_node, e.target_node) for e in graph.edges)
    near = [pair[pair[0] == name] for pair in ends if name in pair]
    at = next((graph.nodes[n].at for n in near if n in graph.nodes and graph.nodes[n].at), None)
    others = list(graph.nodes.values())
    return _aside(replace(node, at=at or next(n.at for n in others if n.at is not None)), others)


def _aside(node: Node, others: Iterable[Node]) -> Node:
    """A node at its place, or beside it where another one stands there now."""
    if node.at is None:
        return node
    taken = [each.at for each in others if each.at is not None]
    x, y = node.at
    while any(abs(x - a) < APART[0] and abs(y - b) < APART[1] for a, b in taken):
        x += APART[0]
    return replace(node, at=(x, y))


def _marks(one: Graph, other: Graph, name: str, found: tuple[Difference, ...]) -> Marks:
    nodes: Kinds = {}
    for each in found:
        place = place_of(each.path)
        if place is not None and place[0] == name:
            whole = each.path.rpartition(".")[2] == place[1] and each.kind != CHANGED
            nodes[place[1]] = each.kind if whole else CHANGED
    old, new = _ends(one.edges), _ends(other.edges)
    edges = {end: ADDED for end in new if end not in old}
    edges |= {end: REMOVED for end in old if end not in new}
    path = name.replace("block:", "blocks.")
    own = [
        each
        for each in found
        if each.path.startswith(f"{path}.")
        and not each.path.startswith((f"{path}.nodes.", f"{path}.edges"))
    ]
    return Marks(nodes, edges, len(own))


def _ends(edges: tuple[Edge, ...]) -> dict[tuple[str, str], None]:
    return dict.fromkeys((edge.source, edge.target) for edge in edges)
