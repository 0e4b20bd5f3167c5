"""Every change that can be made to a project, as plain data.

An edit says what it does and makes a new project of an old one; it holds
nothing else, so it can be written to a journal and done again from there. The
app, the importers and the tests change projects by these and nothing else.

An edit that can't be done raises StudioError; the project is as it was.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from studio.graph.document import (
    BY_OUTPUT,
    Block,
    Code,
    DataGraph,
    Edge,
    Graph,
    ModelGraph,
    Node,
    Project,
    Training,
    output_name,
)
from studio.graph.file import plain
from studio.graph.problems import StudioError, quoted
from studio.graph.read import field_type, read_value


class Edit(Struct, frozen=True):
    """A change; `label` is what the history calls it."""

    @property
    def label(self) -> str:
        """What the history calls it."""
        return type(self).__name__

    def apply(self, project: Project) -> Project:
        """The project after the change."""
        raise NotImplementedError


def _graph(project: Project, name: str) -> Graph:
    graph = project.graph(name)
    if graph is None:
        kinds = {"model": ModelGraph, "data": DataGraph}
        if name not in kinds:
            raise StudioError(f"There is no graph {quoted(name)}.")
        return kinds[name]()
    return graph


def _node(graph: Graph, name: str) -> Node:
    if name not in graph.nodes:
        raise StudioError(f"There is no node {quoted(name)}.")
    return graph.nodes[name]


class AddNode(Edit, frozen=True):
    """Puts a node into a graph, behind all others or at an index."""

    graph: str
    node: Node
    index: int | None = None

    @property
    def label(self) -> str:
        return f"Add {self.node.id}"

    def apply(self, project: Project) -> Project:
        graph = _graph(project, self.graph)
        if self.node.id in graph.nodes:
            raise StudioError(f"There is already a node {quoted(self.node.id)}.")
        node = _checked_node(self.node)
        items = list(graph.nodes.items())
        items.insert(len(items) if self.index is None else self.index, (node.id, node))
        return project.with_graph(self.graph, replace(graph, nodes=dict(items)))


class RemoveNodes(Edit, frozen=True):
    """Takes nodes out of a graph, with their edges and their places among its outputs."""

    graph: str
    nodes: tuple[str, ...]

    @property
    def label(self) -> str:
        return f"Remove {', '.join(self.nodes[:3])}{' ...' if len(self.nodes) > 3 else ''}"

    def apply(self, project: Project) -> Project:
        graph = _graph(project, self.graph)
        gone = set(self.nodes)
        for name in self.nodes:
            _node(graph, name)
        sharer = next(
            (n for n in graph.nodes.values() if n.shares in gone and n.id not in gone), None
        )
        if sharer is not None:
            raise StudioError(
                f"{quoted(sharer.id)} calls the layer of {quoted(sharer.shares)}; "
                "remove it too, or give it a layer of its own first."
            )
        changes: dict[str, Any] = {
            "nodes": {name: node for name, node in graph.nodes.items() if name not in gone},
            "edges": tuple(
                e for e in graph.edges if e.source_node not in gone and e.target_node not in gone
            ),
        }
        if isinstance(graph, DataGraph):
            changes["outputs"] = {
                split: end
                for split, end in graph.outputs.items()
                if end.partition(".")[0] not in gone
            }
        elif isinstance(graph, (ModelGraph, Block)):
            changes["outputs"] = tuple(
                end for end in graph.outputs if end.partition(".")[0] not in gone
            )
        if isinstance(graph, Block):
            changes["inputs"] = tuple(name for name in graph.inputs if name not in gone)
        return project.with_graph(self.graph, replace(graph, **changes))


class RenameNode(Edit, frozen=True):
    """Gives a node another id, everywhere it is named."""

    graph: str
    node: str
    name: str

    @property
    def label(self) -> str:
        return f"Rename {self.node} to {self.name}"

    def apply(self, project: Project) -> Project:
        graph = _graph(project, self.graph)
        _node(graph, self.node)
        if self.name in graph.nodes:
            raise StudioError(f"There is already a node {quoted(self.name)}.")

        def end(text: str) -> str:
            head, dot, port = text.partition(".")
            return f"{self.name}{dot}{port}" if head == self.node else text

        def node(each: Node) -> Node:
            if each.id == self.node:
                return replace(each, id=self.name)
            return replace(each, shares=self.name) if each.shares == self.node else each

        renamed = [node(each) for each in graph.nodes.values()]
        changes: dict[str, Any] = {
            "nodes": {each.id: each for each in renamed},
            "edges": tuple(Edge(end(e.source), end(e.target)) for e in graph.edges),
        }
        if isinstance(graph, DataGraph):
            changes["outputs"] = {split: end(e) for split, e in graph.outputs.items()}
        elif isinstance(graph, (ModelGraph, Block)):
            changes["outputs"] = tuple(map(end, graph.outputs))
        if isinstance(graph, Block):
            changes["inputs"] = tuple(map(end, graph.inputs))
        project = project.with_graph(self.graph, replace(graph, **changes))
        return self._training(project) if self.graph == "model" else project

    def _training(self, project: Project) -> Project:
        """Losses, their weights and metrics are kept by the id of the output."""
        training = project.training
        if training is None:
            return project
        # The graph has its new names already: each output of the node, old name -> new name.
        ends = [end.partition(".") for end in project.model.outputs]
        names = {
            output_name(f"{self.node}{dot}{port}"): output_name(f"{self.name}{dot}{port}")
            for name, dot, port in ends
            if name == self.name
        }
        changes = {}
        for field in BY_OUTPUT:
            values = getattr(training, field)
            if names.keys() & values.keys():
                changes[field] = {names.get(key, key): value for key, value in values.items()}
        if self.node in training.trained_by:
            by = training.trained_by.items()
            changes["trained_by"] = {self.name if k == self.node else k: v for k, v in by}
        return replace(project, training=replace(training, **changes)) if changes else project


class SetParam(Edit, frozen=True):
    """Gives a parameter of a node a value."""

    graph: str
    node: str
    param: str
    value: Any

    @property
    def label(self) -> str:
        return f"Set {self.node}.{self.param}"

    def apply(self, project: Project) -> Project:
        graph = _graph(project, self.graph)
        node = _node(graph, self.node)
        changed = replace(node, params={**node.params, self.param: self.value})
        return _with_node(project, self.graph, graph, changed)


class ResetParam(Edit, frozen=True):
    """Takes a parameter of a node back to its default."""

    graph: str
    node: str
    param: str

    @property
    def label(self) -> str:
        return f"Reset {self.node}.{self.param}"

    def apply(self, project: Project) -> Project:
        graph = _graph(project, self.graph)
        node = _node(graph, self.node)
        params = {name: value for name, value in node.params.items() if name != self.param}
        return _with_node(project, self.graph, graph, replace(node, params=params))


class SetNode(Edit, frozen=True):
    """Sets a field of a node: op, shares, repeat, note, bypass."""

    graph: str
    node: str
    field: str
    value: Any

    @property
    def label(self) -> str:
        return f"Set {self.field} of {self.node}"

    def apply(self, project: Project) -> Project:
        if self.field not in ("op", "shares", "repeat", "note", "bypass"):
            raise StudioError(f"A node has no field {quoted(self.field)} that can be set.")
        graph = _graph(project, self.graph)
        node = replace(_node(graph, self.node), **{self.field: self.value})
        return _with_node(project, self.graph, graph, _checked_node(node))


class MoveNodes(Edit, frozen=True):
    """Puts nodes at other places on the canvas."""

    graph: str
    places: dict[str, tuple[float, float]]

    @property
    def label(self) -> str:
        return "Move " + (next(iter(self.places)) if len(self.places) == 1 else "nodes")

    def apply(self, project: Project) -> Project:
        graph = _graph(project, self.graph)
        moved = {name: replace(_node(graph, name), at=at) for name, at in self.places.items()}
        return project.with_graph(self.graph, replace(graph, nodes={**graph.nodes, **moved}))


class Connect(Edit, frozen=True):
    """Draws an edge, behind all others or at an index."""

    graph: str
    source: str
    target: str
    index: int | None = None

    @property
    def label(self) -> str:
        return f"Connect {self.source} to {self.target}"

    def apply(self, project: Project) -> Project:
        graph = _graph(project, self.graph)
        edge = Edge(self.source, self.target)
        _node(graph, edge.source_node)
        _node(graph, edge.target_node)
        edges = list(graph.edges)
        edges.insert(len(edges) if self.index is None else self.index, edge)
        return project.with_graph(self.graph, replace(graph, edges=tuple(edges)))


class Disconnect(Edit, frozen=True):
    """Removes an edge; of several alike, the last."""

    graph: str
    source: str
    target: str

    @property
    def label(self) -> str:
        return f"Disconnect {self.source} from {self.target}"

    def apply(self, project: Project) -> Project:
        graph = _graph(project, self.graph)
        edges = list(graph.edges)
        try:
            at = len(edges) - 1 - edges[::-1].index(Edge(self.source, self.target))
        except ValueError:
            raise StudioError(
                f"There is no edge from {quoted(self.source)} to {quoted(self.target)}."
            ) from None
        del edges[at]
        return project.with_graph(self.graph, replace(graph, edges=tuple(edges)))


class SetOutputs(Edit, frozen=True):
    """Names the outputs of a graph: a list, or for data an object by split."""

    graph: str
    outputs: Any

    @property
    def label(self) -> str:
        return f"Set the outputs of {self.graph}"

    def apply(self, project: Project) -> Project:
        graph = _graph(project, self.graph)
        outputs = _read(type(graph), "outputs", self.outputs)
        return project.with_graph(self.graph, replace(graph, outputs=outputs))


class SetStyle(Edit, frozen=True):
    """Chooses how the model is written."""

    style: str

    @property
    def label(self) -> str:
        return f"Write the model as {self.style}"

    def apply(self, project: Project) -> Project:
        style = _read(ModelGraph, "style", self.style)
        return project.with_graph("model", replace(_graph(project, "model"), style=style))


class SetTraining(Edit, frozen=True):
    """Sets a field of the training; the value is one of the document, or its JSON."""

    field: str
    value: Any

    @property
    def label(self) -> str:
        return f"Set {self.field.replace('_', ' ')}"

    def apply(self, project: Project) -> Project:
        value = _read(Training, self.field, self.value)
        training = replace(project.training or Training(), **{self.field: value})
        return replace(project, training=training)


class SetProject(Edit, frozen=True):
    """Sets the project's name, note, distribution or exports."""

    field: str
    value: Any

    @property
    def label(self) -> str:
        return f"Set {self.field}"

    def apply(self, project: Project) -> Project:
        if self.field not in ("name", "note", "distribution", "exports"):
            raise StudioError(f"A project has no field {quoted(self.field)} that can be set.")
        return replace(project, **{self.field: _read(Project, self.field, self.value)})


class SetBlock(Edit, frozen=True):
    """Defines a block, or removes it (None)."""

    name: str
    block: Block | None

    @property
    def label(self) -> str:
        return f"{'Define' if self.block else 'Remove'} block {self.name}"

    def apply(self, project: Project) -> Project:
        return replace(project, blocks=_entry(project.blocks, self.name, self.block))


class SetCode(Edit, frozen=True):
    """Defines a piece of code, or removes it (None)."""

    name: str
    code: Code | None

    @property
    def label(self) -> str:
        return f"{'Write' if self.code else 'Remove'} code {self.name}"

    def apply(self, project: Project) -> Project:
        return replace(project, code=_entry(project.code, self.name, self.code))


class Several(Edit, frozen=True):
    """Edits that are one step of the history; all are done, or none."""

    edits: tuple[Edit, ...]
    title: str

    @property
    def label(self) -> str:
        return self.title

    def apply(self, project: Project) -> Project:
        for edit in self.edits:
            project = edit.apply(project)
        return project


def _read(kind: type[Struct], field: str, value: Any) -> Any:
    """A field's value, checked as when it is read from a file."""
    if field_type(kind, field) is None:
        raise StudioError(f"There is no field {quoted(field)}.")
    return read_value(plain(value), field_type(kind, field), field)


def _checked_node(node: Node) -> Node:
    if (node.op is None) == (node.shares is None):
        raise StudioError("A node has either an op, or shares the layer of another node.")
    return read_value(plain(node), Node, quoted(node.id))


def _with_node(project: Project, name: str, graph: Graph, node: Node) -> Project:
    return project.with_graph(name, replace(graph, nodes={**graph.nodes, node.id: node}))


def _entry(entries: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    if value is not None:
        return {**entries, name: value}
    if name not in entries:
        raise StudioError(f"There is no {quoted(name)} to remove.")
    return {key: each for key, each in entries.items() if key != name}
