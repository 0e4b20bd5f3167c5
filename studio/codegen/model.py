"""The model graph -> `build_model()`."""

from __future__ import annotations

import re
from typing import Any

from studio.codegen.calls import call_expr, is_function
from studio.codegen.layout import Expr, Group, Marked, dictionary, join, listing, width
from studio.codegen.literal import literal, text
from studio.codegen.source import Source, variable
from studio.graph.catalogue.registry import find
from studio.graph.chain import chain, used_nodes
from studio.graph.document import Edge, ModelGraph, Node, Project, output_name, owner
from studio.graph.infer import input_ports, output_ports
from studio.graph.problems import StudioError, quoted
from studio.graph.wiring import wire

GRAPH = "model"
MOST_TARGETS = 72
"""Columns that the names of one layer's outputs may take together."""


def write_model(source: Source, project: Project, style: str, by_name: bool) -> None:
    """Writes the function that builds the model.

    `by_name` says that the data gives its features by name; the model's inputs
    are then named likewise.
    """
    graph = project.model
    # keras.Sequential takes one tensor, not features by name.
    nodes = chain(graph) if style in ("auto", "sequential") and not by_name else None
    if style not in ("auto", "sequential", "functional"):
        raise StudioError(f"A model can't be written in the style {quoted(style)}.")
    if style == "sequential" and nodes is None:
        why = "its features come by name" if by_name else "it is no chain of layers"
        raise StudioError(
            f"The model can't be written as keras.Sequential: {why}. "
            "Write it in the functional style."
        )
    source.need("keras")
    with source.section("Model"), source.block("def build_model():", "Returns the model."):
        if nodes is not None:
            _sequential(source, project, graph, nodes)
        else:
            _Functional(source, project, graph, by_name).write()


def _model_name(project: Project) -> str:
    """The project's name as Keras takes it for a model; empty where nothing is left of it."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", project.name).strip("_")


def _sequential(source: Source, project: Project, graph: ModelGraph, order: list[str]) -> None:
    layers = []
    for name in order:
        node = graph.nodes[name]
        layers.append(Marked((GRAPH, name), call_expr(source, node.op, node.params, name)))
    items: list[Expr] = [listing(layers)]
    model_name = _model_name(project)
    if model_name:
        items.append(join("name=", text(model_name)))
    source.statement("return ", join("keras.Sequential", Group("(", tuple(items), ")", call=True)))


class _Functional:
    """One statement a node: the layer is made and called."""

    def __init__(self, source: Source, project: Project, graph: ModelGraph, by_name: bool):
        self.by_name = by_name
        self.source = source
        self.project = project
        self.graph = graph
        self.wiring = wire(graph)
        self.taken: set[str] = set()
        self.variables: dict[tuple[str, str], str] = {}
        self.layers: dict[str, str] = {}
        self.order = used_nodes(graph)
        # A layer that is called more than once, or not by its own node: made on its own line.
        self.shared = {graph.nodes[name].shares for name in self.order} - {None}
        ends = [e.source for e in graph.edges if e.target_node in self.order]
        self.taken_ends = {self._key(end) for end in (*ends, *graph.outputs)}

    def write(self) -> None:
        """All statements, then the model of inputs and outputs."""
        for name in self.order:
            self._node(self.graph.nodes[name])
        inputs = [n for n in self.order if self.graph.nodes[n].op == "keras.Input"]
        items: list[Expr] = [
            self._inputs({name: self.variables[name, ""] for name in inputs}),
            self._outputs(),
        ]
        items = [join("inputs=", items[0]), join("outputs=", items[1])]
        model_name = _model_name(self.project)
        if model_name:
            items.append(join("name=", text(model_name)))
        self.source.statement(
            "return ", join("keras.Model", Group("(", tuple(items), ")", call=True))
        )

    def _inputs(self, variables: dict[str, str]) -> Expr:
        if self.by_name:
            return dictionary((text(name), value) for name, value in variables.items())
        names = list(variables.values())
        return names[0] if len(names) == 1 else listing(names)

    def _outputs(self) -> Expr:
        """One output as it is; several by name, so that labels and losses find them."""
        ends = self.graph.outputs
        if len(ends) == 1:
            return self._end(ends[0])
        return dictionary((text(output_name(end)), self._end(end)) for end in ends)

    def _key(self, end: str) -> tuple[str, str]:
        """(node, port), the first port being ""."""
        name, _, port = end.partition(".")
        ports = output_ports(self.project, self.graph.nodes[name], self.graph)
        return name, "" if not port or port == ports[0] else port

    def _end(self, end: str) -> str:
        return self.variables[self._key(end)]

    def _node(self, node: Node) -> None:
        made = owner(self.graph, node)
        if made.op.startswith(("block:", "code:")):
            raise StudioError(
                f"{quoted(node.id)} is {quoted(made.op)}; this version can't write blocks and "
                "code into a script yet."
            )
        op = find(made.op)
        mark = (GRAPH, node.id)
        ports = output_ports(self.project, node, self.graph)
        targets = []
        for index, port in enumerate(ports):
            wanted = node.id if index == 0 else f"{node.id}_{port}"
            unused = len(ports) > 1 and (node.id, "" if index == 0 else port) not in self.taken_ends
            name = "_" if unused else variable(wanted, self.taken)
            self.variables[node.id, "" if index == 0 else port] = name
            targets.append(name)
        head = f"{', '.join(targets)} = "
        if len(targets) > 1 and width(head) > MOST_TARGETS:
            for index, port in enumerate(ports):
                self.variables[node.id, "" if index == 0 else port] = f"{targets[0]}[{index}]"
            head = f"{targets[0]} = "
        if op.kind == "input":
            self.source.statement(
                head, call_expr(self.source, made.op, made.params, node.id), mark=mark
            )
            return
        arguments = self._arguments(node)
        if is_function(op):
            keywords = [join(f"{key}=", literal(value)) for key, value in made.params.items()]
            self.source.need("keras")
            group = Group("(", (*arguments, *keywords), ")", call=True)
            self.source.statement(head, made.op, group, mark=mark)
            return
        called = Group("(", tuple(arguments), ")", call=True)
        layer: Expr = call_expr(self.source, made.op, made.params, made.id)
        if made.id in self.shared:
            if made.id not in self.layers:
                self.layers[made.id] = variable(f"{made.id}_layer", self.taken)
                self.source.statement(f"{self.layers[made.id]} = ", layer, mark=mark)
            layer = self.layers[made.id]
        self.source.statement(head, layer, called, mark=mark)

    def _arguments(self, node: Node) -> list[Expr]:
        """The tensors a node is called on: the first port by position, the others by name."""
        ports = input_ports(self.project, node, self.graph)
        arriving: dict[str, list[Edge]] = {port.name: [] for port in ports}
        for edge in self.wiring.incoming[node.id]:
            arriving[edge.target_port or ports[0].name].append(edge)
        arguments: list[Expr] = []
        for index, port in enumerate(ports):
            names = [self._end(edge.source) for edge in arriving[port.name]]
            if not names:
                continue
            value: Any = listing(names) if port.many else names[0]
            by_position = index == len(arguments)
            arguments.append(value if by_position and index == 0 else join(f"{port.name}=", value))
        return arguments
