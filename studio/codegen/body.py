"""What the functional and the subclassed form share: nodes called in order, a variable a port."""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct

from studio.codegen.calls import argument, call_expr, is_function, keywords, value_expr
from studio.codegen.layout import Expr, Group, Parts, dictionary, join, listing, width
from studio.codegen.literal import text
from studio.codegen.source import Source, variable
from studio.graph.bypass import through
from studio.graph.catalogue.nest import nested
from studio.graph.catalogue.op import Port
from studio.graph.catalogue.registry import find
from studio.graph.chain import called_nodes
from studio.graph.document import Block, Graph, Node, Project, is_reference, output_name, owner
from studio.graph.elements import Structure, features, label
from studio.graph.ports import call_params, input_ports, op_of, output_ports
from studio.graph.wiring import wire

MOST_TARGETS = 72
"""Columns that the names of one layer's outputs may take together."""


def arguments_of(items: list[Expr]) -> Group:
    """`(items)`, as the arguments of a call."""
    return Group("(", tuple(items), ")", call=True)


def camel(name: str) -> str:
    """A class's name: digits_cnn -> DigitsCnn."""
    words = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_").split("_")
    plain = "".join(word[:1].upper() + word[1:] for word in words)
    return plain if plain.isidentifier() else f"Model{plain}"


def input_nodes(graph: Graph) -> list[str]:
    """The ids of a graph's inputs: a block's in its own order, a model's in that of the file."""
    if isinstance(graph, Block):
        return list(graph.inputs)
    return [node.id for node in graph.nodes.values() if node.op == "keras.Input"]


def _listing(values: list[Any]) -> Expr:
    items = (_listing(each) if isinstance(each, list) else each for each in values)
    return listing(items)


class Names(Struct):
    """The names of the script's own functions and classes."""

    blocks: dict[str, str]
    """Block -> the function or class that it comes out as."""
    classes: set[str]
    """Blocks that come out as a keras.layers.Layer."""


class Join(Struct, frozen=True):
    """How the model meets the data's elements."""

    features: Structure | None
    named_inputs: bool
    named_outputs: bool

    @classmethod
    def of(cls, project: Project, structure: Structure | None) -> Join:
        """The join of a project's model with elements of this structure."""
        given = None if structure is None else features(structure)
        labels = None if structure is None else label(structure)
        several = len(project.model.outputs) > 1
        return cls(given, isinstance(given, dict), several or isinstance(labels, dict))


class Body:
    """The variables of one graph, and the expressions that call its nodes."""

    def __init__(self, source: Source, project: Project, graph: Graph, key: str, names: Names):
        self.source = source
        self.project = project
        # An output keeps its name also where its node is bypassed.
        self.output_names = [output_name(end) for end in graph.outputs]
        self.graph = graph = through(project, graph)
        self.key = key
        self.names = names
        self.taken = set(names.blocks.values()) | set(project.code)
        self.variables: dict[tuple[str, str], str] = {}
        self.wiring = wire(graph)
        self.order = called_nodes(graph)
        called = set(self.order)
        ends = [e.source for e in graph.edges if e.target_node in called]
        self.taken_ends = {self._end_key(end) for end in (*ends, *graph.outputs)}

    def mark(self, node: str) -> tuple[str, str]:
        """What the source map calls a node."""
        return (self.key, node)

    def _end_key(self, end: str) -> tuple[str, str]:
        """(node, port), the first port being ""."""
        name, _, port = end.partition(".")
        if not port:
            return name, ""
        ports = output_ports(self.project, self.graph.nodes[name], self.graph)
        return name, "" if port == ports[0] else port

    def end(self, end: str) -> str:
        """The variable that holds what leaves "node" or "node.port"."""
        return self.variables[self._end_key(end)]

    def outputs(self, named: bool) -> Expr:
        """What the model returns: one tensor, or several (or one) by name."""
        ends = self.graph.outputs
        if not named:
            return self.end(ends[0])
        pairs = zip(self.output_names, ends, strict=True)
        return dictionary((text(name), self.end(end)) for name, end in pairs)

    def input(self, node: str) -> str:
        """Makes the variable of an input."""
        self.variables[node, ""] = variable(node, self.taken)
        return self.variables[node, ""]

    def head(self, node: Node) -> str:
        """`name = `, a name for each output port; _ for one of several that nothing takes."""
        ports = output_ports(self.project, node, self.graph)
        targets = []
        for index, port in enumerate(ports):
            key = (node.id, "" if index == 0 else port)
            wanted = node.id if index == 0 else f"{node.id}_{port}"
            unused = len(ports) > 1 and key not in self.taken_ends
            self.variables[key] = "_" if unused else variable(wanted, self.taken)
            targets.append(self.variables[key])
        op = op_of(self.graph, node)
        comma = "," if len(targets) == 1 and op is not None and op.listed else ""
        head = f"({targets[0]},) = " if comma else f"{', '.join(targets)} = "
        if len(targets) == 1 or width(head) <= MOST_TARGETS:
            return head
        whole = variable(node.id, self.taken) if targets[0] == "_" else targets[0]
        for index, port in enumerate(ports):
            self.variables[node.id, "" if index == 0 else port] = f"{whole}[{index}]"
        return f"{whole} = "

    def arriving(self, node: Node) -> list[tuple[Port, list[Expr]]]:
        """The ports that are fed, each with the variables of its tensors, or with its constant."""
        ports = input_ports(self.project, node, self.graph)
        given: dict[str, list[Expr]] = {port.name: [] for port in ports}
        for edge in self.wiring.incoming[node.id]:
            given[edge.target_port or ports[0].name].append(self.end(edge.source))
        op, params = op_of(self.graph, node), owner(self.graph, node).params
        for port in ports if op is not None else ():
            if port.name in params and op.constant(port.name):
                given[port.name] = [self.constant(port, params[port.name])]
        return [(port, given[port.name]) for port in ports if given[port.name]]

    def constant(self, port: Port, value: Any) -> Expr:
        """A constant as a function takes it: a number as it is, or a tensor of what it holds."""
        plain = is_reference(value) or not isinstance(value, (list, tuple))
        if port.weak and plain:
            return value_expr(self.source, value)
        return join("keras.ops.array", arguments_of([value_expr(self.source, value)]))

    def arguments(self, node: Node) -> list[Expr]:
        """What a node is called on: tensors, by position where no port is left out; settings."""
        ports = input_ports(self.project, node, self.graph)
        function = self.calls_function(node)
        found: list[Expr] = []
        for port, values in self.arriving(node):
            if port.spread:
                found += values
                continue
            alone = not port.many or (port.bare and len(values) == 1)
            value = values[0] if alone else self.listed(node, port, values)
            # A function may have settings between its tensors; a layer's call has none.
            in_place = ports[len(found)].name == port.name
            in_place &= not function or not found or port.place == len(found)
            if in_place and (not found or not port.optional):
                found.append(value)
            else:
                found.append(join(f"{port.name}=", value))
        op = op_of(self.graph, node)
        of_call = op.of_call(node.params) if op is not None else {}
        for key, param in op.params.items() if of_call else ():
            if key in of_call:
                found.append(join(f"{key}=", argument(self.source, param, of_call[key])))
        return found

    def listed(self, node: Node, port: Port, values: list[Expr]) -> Expr:
        """Several tensors for one port: a list, or lists in it."""
        op = op_of(self.graph, node)
        nest = op.nests(call_params(self.graph, node)).get(port.name, ()) if op is not None else ()
        return _listing(nested(values, nest))

    def flat(self, node: Node, called: Expr) -> Expr:
        """A call whose outputs come one after the other, whatever tuples Keras puts them in."""
        op = op_of(self.graph, node)
        if op is None or not op.flattened(call_params(self.graph, node)):
            return called
        return join("keras.tree.flatten", arguments_of([called]))

    def calls_function(self, node: Node) -> bool:
        """Whether the node calls a function on tensors; else a layer is made first."""
        made = owner(self.graph, node)
        if made.op.startswith("code:"):
            return self.project.code[made.op[5:]].kind != "layer"
        op = find(made.op)
        return op is not None and is_function(op)

    def function_call(self, node: Node) -> Parts:
        """`keras.ops.matmul(a, b)`: tensors first, then the settings by name."""
        made = owner(self.graph, node)
        path = made.op.removeprefix("code:")
        if path == made.op:
            self.source.need("keras")
        op = find(made.op)
        settings = {
            key: argument(self.source, op.params[key], value)
            if op is not None
            else value_expr(self.source, value)
            for key, value in made.params.items()
            if op is None or (key in op.params and not op.params[key].keywords)
        }
        # What a function needs before tensors without a name of their own, it takes by position.
        spread = op is not None and any(port.spread for port in op.inputs)
        first = [key for key in settings if spread and op.params[key].required]
        items: list[Expr] = [settings.pop(key) for key in first]
        items += self.arguments(node)
        items += [join(f"{key}=", value) for key, value in settings.items()]
        for key in made.params if op is not None else ():
            if key in op.params and op.params[key].keywords and made.params[key]:
                items += keywords(self.source, made.params[key])
        return join(path, arguments_of(items))

    def layer(self, node: Node, name: Expr | None) -> Parts:
        """The expression that makes a node's layer, called `name`."""
        made = owner(self.graph, node)
        if not made.op.startswith(("block:", "code:")):
            return call_expr(self.source, made.op, made.params, name)
        if made.op.startswith("block:"):
            path = self.names.blocks[made.op[6:]]
        else:
            path = made.op[5:]
        items: list[Expr] = [
            join(f"{key}=", value_expr(self.source, value)) for key, value in made.params.items()
        ]
        if name is not None and "name" not in made.params:
            items.append(join("name=", name))
        return join(path, arguments_of(items))
