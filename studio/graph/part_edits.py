"""Edits of whole parts: many nodes or edges at once, their order, the frames, all of a project."""

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


class PutNodes(Edit, frozen=True):
    """Puts nodes in the place of those with the same ids."""

    graph: str
    nodes: tuple[Node, ...]

    @property
    def label(self) -> str:
        return f"Change {', '.join(node.id for node in self.nodes[:3])}"

    def apply(self, project: Project) -> Project:
        graph = _graph(project, self.graph)
        changed = {_node(graph, node.id).id: _checked_node(node) for node in self.nodes}
        return project.with_graph(self.graph, replace(graph, nodes=graph.nodes | changed))


class OrderNodes(Edit, frozen=True):
    """Moves nodes in the file's order: before another, or behind all (None)."""

    graph: str
    nodes: tuple[str, ...]
    before: str | None = None

    @property
    def label(self) -> str:
        return f"Order the nodes of {self.graph}"

    def apply(self, project: Project) -> Project:
        graph = _graph(project, self.graph)
        moved = {name: _node(graph, name) for name in self.nodes}
        if self.before is not None and _node(graph, self.before).id in moved:
            raise StudioError(f"{quoted(self.before)} can't stand before itself.")
        ordered: dict[str, Node] = {}
        for name, node in graph.nodes.items():
            if name == self.before:
                ordered |= moved
            if name not in moved:
                ordered[name] = node
        return project.with_graph(self.graph, replace(graph, nodes=ordered | moved))


class Rewire(Edit, frozen=True):
    """Puts edges in the places of others, all at once: pairs of an old edge and a new one."""

    graph: str
    changes: tuple[tuple[Edge, Edge], ...]

    @property
    def label(self) -> str:
        old, new = self.changes[0] if self.changes else (None, None)
        return f"Lead {new.source} to {new.target}" if old else "Lead edges"

    def apply(self, project: Project) -> Project:
        graph = _graph(project, self.graph)
        edges, places = list(graph.edges), {}
        for index, edge in enumerate(edges):
            places.setdefault(edge, []).append(index)
        for old, new in self.changes:
            for name in (new.source_node, new.target_node):
                _node(graph, name)
            if not places.get(old):
                raise StudioError(
                    f"There is no edge from {quoted(old.source)} to {quoted(old.target)}."
                )
            edges[places[old].pop(0)] = new
        return project.with_graph(self.graph, replace(graph, edges=tuple(edges)))


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


class ReplaceProject(Edit, frozen=True):
    """Puts another project in the place of all there is: one read again, or recovered."""

    project: Project
    title: str

    @property
    def label(self) -> str:
        return self.title

    def apply(self, project: Project) -> Project:
        return self.project
