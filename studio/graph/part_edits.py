"""Edits of a graph's whole parts: many nodes at once, their order, the frames behind them."""

from __future__ import annotations

import math

from msgspec.structs import replace

from studio.graph.document import Edge, Frame, Node, Project
from studio.graph.edits import Edit, _checked_node, _entry, _graph, _node
from studio.graph.problems import StudioError, quoted


class AddPart(Edit, frozen=True):
    """Puts nodes into a graph, behind all others or at an index, and edges behind all others."""

    graph: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()
    index: int | None = None

    @property
    def label(self) -> str:
        names = [node.id for node in self.nodes]
        return f"Add {', '.join(names[:3])}{' ...' if len(names) > 3 else ''}"

    def apply(self, project: Project) -> Project:
        graph = _graph(project, self.graph)
        added: dict[str, Node] = {}
        for node in self.nodes:
            if node.id in graph.nodes or node.id in added:
                raise StudioError(f"There is already a node {quoted(node.id)}.")
            added[node.id] = _checked_node(node)
        items = list(graph.nodes.items())
        at = len(items) if self.index is None else self.index
        items[at:at] = added.items()
        nodes = dict(items)
        for edge in self.edges:
            for name in (edge.source_node, edge.target_node):
                if name not in nodes:
                    raise StudioError(f"There is no node {quoted(name)}.")
        edges = (*graph.edges, *self.edges)
        return project.with_graph(self.graph, replace(graph, nodes=nodes, edges=edges))


class OrderNodes(Edit, frozen=True):
    """Puts the nodes of a graph in another order; those not named stay behind in theirs."""

    graph: str
    nodes: tuple[str, ...]

    @property
    def label(self) -> str:
        return f"Order the nodes of {self.graph}"

    def apply(self, project: Project) -> Project:
        graph = _graph(project, self.graph)
        first = {name: _node(graph, name) for name in self.nodes}
        return project.with_graph(self.graph, replace(graph, nodes=first | graph.nodes))


class SetFrame(Edit, frozen=True):
    """Puts a comment frame behind the nodes, changes it, or removes it (None)."""

    graph: str
    name: str
    frame: Frame | None

    @property
    def label(self) -> str:
        return f"{'Set' if self.frame else 'Remove'} frame {self.name}"

    def apply(self, project: Project) -> Project:
        graph = _graph(project, self.graph)
        if self.frame is not None:
            box = (self.frame.x, self.frame.y, self.frame.width, self.frame.height)
            if not all(map(math.isfinite, box)) or min(box[2:]) < 0:
                raise StudioError(f"A frame can't lie at {quoted(box)}.")
        frames = _entry(graph.frames, self.name, self.frame)
        return project.with_graph(self.graph, replace(graph, frames=frames))
