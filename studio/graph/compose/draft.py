"""A step of the history in the making: edits, and the project as it is after them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from studio.graph.document import (
    BY_OUTPUT,
    Block,
    DataGraph,
    Edge,
    Graph,
    ModelGraph,
    Node,
    Project,
    output_name,
)
from studio.graph.edits import (
    Disconnect,
    Edit,
    SetBlock,
    SetOutputs,
    SetParam,
    SetTraining,
    Several,
)
from studio.graph.part_edits import Rewire
from studio.graph.ports import input_ports, output_ports
from studio.graph.problems import StudioError, quoted

Renamed = dict[str, str | None]
"""Old name -> new name; None for what is gone."""


class Draft:
    """Edits of one graph that belong together; the project itself is never changed."""

    def __init__(self, project: Project, name: str):
        self.project = project
        self.name = name
        self.edits: list[Edit] = []

    @property
    def graph(self) -> Graph:
        """The graph as it is now; an empty one where the project has none yet."""
        return graph_of(self.project, self.name)

    def do(self, *edits: Edit) -> None:
        """Goes on with edits; raises StudioError where one can't be done."""
        for edit in edits:
            self.project = edit.apply(self.project)
            self.edits.append(edit)

    def step(self, title: str) -> Several:
        """All of it as one step of the history."""
        return Several(tuple(self.edits), title)

    def node(self, name: str) -> Node:
        """A node of the graph; raises StudioError where there is none."""
        return node_of(self.graph, name)

    def set_outputs(self, ends: Iterable[str], moved: Renamed | None = None) -> None:
        """Gives the model or block other outputs; what goes by their names follows.

        `moved` says which end took the place of an old one.
        """
        before, after = self.graph.outputs, tuple(dict.fromkeys(ends))
        if before == after:
            return
        names: Renamed = {}
        for end in before:
            new = (moved or {}).get(end, end if end in after else None)
            names[output_name(end)] = output_name(new) if new is not None else None
        self.do(SetOutputs(self.name, after))
        if self.name == "model":
            self._training({old: new for old, new in names.items() if old != new})
        elif isinstance(self.graph, Block):
            old, new = output_ports_of_block(before), output_ports_of_block(after)
            places = dict(zip(after, new, strict=True))
            led = ((moved or {}).get(end, end) for end in before)
            self.ports_renamed("source", dict(zip(old, map(places.get, led), strict=True)), new)

    def move_outputs(self, moved: Renamed) -> None:
        """Puts ends in the places of outputs; None takes an output away."""
        outputs = self.graph.outputs
        if isinstance(self.graph, DataGraph):
            led = {split: moved.get(end, end) for split, end in outputs.items()}
            led = {split: end for split, end in led.items() if end is not None}
            if led != outputs:
                self.do(SetOutputs(self.name, led))
            return
        led = (moved.get(end, end) for end in outputs)
        self.set_outputs((end for end in led if end is not None), moved)

    def _training(self, names: Renamed) -> None:
        """Losses, their weights, metrics and named labels follow the outputs."""
        training = self.project.training
        for field in BY_OUTPUT if training is not None else ():
            values = getattr(training, field)
            if names.keys() & values.keys():
                self.do(SetTraining(field, renamed_keys(values, names)))
        data = self.project.data
        for node in data.nodes.values() if data is not None else ():
            function = node.params.get("function")
            if isinstance(function, dict) and function.get("op") == "studio.map.arrange":
                params = function.get("params", {})
                labels = params.get("labels")
                # A label that no output takes any more stays: another output may want it.
                follow = {old: new for old, new in names.items() if new is not None}
                if isinstance(labels, dict) and follow.keys() & labels.keys():
                    arranged = params | {"labels": renamed_keys(labels, follow)}
                    value = function | {"params": arranged}
                    self.do(SetParam("data", node.id, "function", value))

    def ports_renamed(self, side: str, names: Renamed, ports: tuple[str, ...]) -> None:
        """Edges at the nodes that stand for this block follow its ports' new names.

        `side` is "source" for its outputs and "target" for its inputs; `names`
        are the old ports in their order, `ports` the new ones.
        """
        if tuple(names) == ports and all(old == new for old, new in names.items()):
            return
        first_before, first = next(iter(names), ""), ports[0] if ports else ""
        for name, graph in self.project.graphs().items():
            users = users_of(graph, self.name)

            def led(end: str, users: set[str] = users) -> str | None:
                node, _, port = end.partition(".")
                if node not in users:
                    return end
                new = names.get(port or first_before, port)
                if new is None:
                    return None
                return node if not port and new == first else f"{node}.{new}"

            other = Draft(self.project, name)
            edges = {edge: led(getattr(edge, side)) for edge in graph.edges if users}
            changes = tuple(
                (edge, replace(edge, **{side: end}))
                for edge in graph.edges
                if (end := edges.get(edge)) not in (None, getattr(edge, side))
            )
            if changes:
                other.do(Rewire(name, changes))
            other.disconnect(edge for edge in graph.edges if users and edges[edge] is None)
            if side == "source" and users:
                moved = {end: led(end) for end in ends_of(graph)}
                other.move_outputs({end: new for end, new in moved.items() if new != end})
            self.edits += other.edits
            self.project = other.project

    def set_inputs(self, names: Iterable[str]) -> None:
        """Gives the block other inputs, in this order."""
        block = self.graph
        changed = replace(block, inputs=tuple(names))
        if changed.inputs != block.inputs:
            self.do(SetBlock(self.name.removeprefix("block:"), changed))

    def disconnect(self, edges: Iterable[Edge]) -> None:
        """Takes edges away."""
        self.do(*(Disconnect(self.name, edge.source, edge.target) for edge in edges))

    def target(self, end: str) -> str:
        """An edge's target with its port written out; the node alone where it has no ports."""
        return full_target(self.project, self.graph, end)

    def source(self, end: str) -> str:
        """An edge's source with its port written out; the node alone where it has no ports."""
        return full_source(self.project, self.graph, end)


def graph_of(project: Project, name: str) -> Graph:
    """A graph by name; an empty one where there is none yet; raises StudioError for no block."""
    graph = project.graph(name)
    if graph is None:
        if name not in ("model", "data"):
            raise StudioError(f"There is no graph {quoted(name)}.")
        return ModelGraph() if name == "model" else DataGraph()
    return graph


def node_of(graph: Graph, name: str) -> Node:
    """A node of a graph; raises StudioError where there is none."""
    if name not in graph.nodes:
        raise StudioError(f"There is no node {quoted(name)}.")
    return graph.nodes[name]


def ends_of(graph: Graph) -> tuple[str, ...]:
    """The ends that are outputs of a graph."""
    outputs = graph.outputs
    return tuple(outputs.values()) if isinstance(graph, DataGraph) else outputs


def output_ports_of_block(ends: tuple[str, ...]) -> tuple[str, ...]:
    """What the output ports of a block with these outputs are called."""
    return ("output",) if len(ends) == 1 else tuple(map(output_name, ends))


def users_of(graph: Graph, name: str) -> set[str]:
    """The nodes that stand for the block "block:NAME", or call one that does again."""
    made = {node.id for node in graph.nodes.values() if node.op == name}
    return made | {node.id for node in graph.nodes.values() if node.shares in made}


def full_target(project: Project, graph: Graph, end: str) -> str:
    """An edge's target with its port written out; the node alone where it has no ports."""
    name, _, port = end.partition(".")
    ports = input_ports(project, graph.nodes[name], graph) if name in graph.nodes else ()
    port = port or (ports[0].name if ports else "")
    return f"{name}.{port}" if port else name


def full_source(project: Project, graph: Graph, end: str) -> str:
    """An edge's source with its port written out; the node alone where it has no ports."""
    name, _, port = end.partition(".")
    ports = output_ports(project, graph.nodes[name], graph) if name in graph.nodes else ()
    port = port or (ports[0] if ports else "")
    return f"{name}.{port}" if port else name


def renamed_keys(values: dict[str, Any], names: Renamed) -> dict[str, Any]:
    """The values by their new names, in their order; without those that are gone."""
    led = ((names.get(key, key), value) for key, value in values.items())
    found: dict[str, Any] = {}
    for key, value in led:
        if key is not None:
            found.setdefault(key, value)
    return found


def listed(names: Iterable[str]) -> str:
    """A few names for a title."""
    names = list(names)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
