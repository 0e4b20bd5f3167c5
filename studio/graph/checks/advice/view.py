"""One graph as the advice sees it: quick answers about its nodes and what flows between them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from studio.graph.catalogue.op import Op
from studio.graph.catalogue.registry import find
from studio.graph.document import Block, DataGraph, Graph, Node, owner, references
from studio.graph.shapes import Shapes
from studio.graph.spec import Spec, Weight
from studio.graph.wiring import upstream, wire


class View:
    """A graph without cycles; `bad` are the nodes with errors, about which nothing is said."""

    def __init__(self, name: str, graph: Graph, shapes: Shapes, bad: frozenset[str]):
        self.name = name
        self.graph = graph
        self.shapes = shapes
        self.bad = bad
        self.wiring = wire(graph)
        self.place = {node: index for index, node in enumerate(graph.nodes)}
        ends = graph.outputs.values() if isinstance(graph, DataGraph) else graph.outputs
        self.ends: frozenset[str] = frozenset(end.partition(".")[0] for end in ends)
        self.used = upstream(self.wiring, self.ends)
        self.owners = {node.shares for node in graph.nodes.values()} - {None}
        self._made = {node.id: owner(graph, node) for node in graph.nodes.values()}
        # A bypassed node calls nothing, so nothing is said of what it would call.
        self._ops = {
            name: find(made.op)
            if made is not None and made.op is not None and not graph.nodes[name].bypass
            else None
            for name, made in self._made.items()
        }
        self._kinds = {name: op.name if op is not None else "" for name, op in self._ops.items()}
        self._by_kind: dict[str, list[str]] = {}
        for name, kind in self._kinds.items():
            self._by_kind.setdefault(kind, []).append(name)

    @property
    def sound(self) -> bool:
        """Whether there is no cycle, so that a walk along the edges ends."""
        return len(self.wiring.order) == len(self.graph.nodes)

    def made(self, node: str) -> Node | None:
        """The node whose op and params count: itself, or the one it shares."""
        return self._made[node]

    def op(self, node: str) -> Op | None:
        """What the catalogue knows of a node; None for blocks, code, the unknown and bypassed."""
        return self._ops[node]

    def kind(self, node: str | None) -> str:
        """The last part of a node's op (Dense); empty where it isn't known."""
        return self._kinds.get(node, "") if node is not None else ""

    def of(self, *kinds: str) -> Iterator[str]:
        """The sound nodes of these kinds, kind by kind."""
        for kind in kinds:
            for node in self._by_kind.get(kind, ()):
                if node not in self.bad:
                    yield node

    def value(self, node: str, param: str) -> Any:
        """A parameter's value, or its default; None where it hangs on a block's parameter."""
        made, op = self._made[node], self._ops[node]
        if made is None or op is None or param not in op.params or made.id in self.bad:
            return None
        known = op.params[param]
        value = made.params.get(param, None if known.required else known.default)
        return None if references(value) else value

    def plain(self, node: str) -> bool:
        """Whether the node has a layer of its own that no other node calls: safe to change."""
        return self.graph.nodes[node].shares is None and node not in self.owners

    def before(self, node: str) -> str | None:
        """The node that alone feeds a node; None where there are none or several."""
        edges = self.wiring.incoming[node]
        return edges[0].source_node if len(edges) == 1 else None

    def after(self, node: str) -> str | None:
        """The node that alone is fed by a node, which is no output; None otherwise."""
        edges = self.wiring.outgoing[node]
        return edges[0].target_node if len(edges) == 1 and node not in self.ends else None

    def users(self, node: str) -> list[str]:
        """The nodes that a node feeds."""
        return [edge.target_node for edge in self.wiring.outgoing[node]]

    def spec(self, end: str) -> Spec | None:
        """What leaves "node" or "node.port"; None where it isn't known."""
        found = self.shapes.at(end)
        return found if isinstance(found, Spec) else None

    def given(self, node: str) -> Spec | None:
        """What goes into a node's first input."""
        edges = self.wiring.incoming[node]
        return self.spec(edges[0].source) if edges else None

    def weights(self, node: str) -> tuple[Weight, ...]:
        """The weights of a node, as far as they are known."""
        result = self.shapes.nodes.get(node)
        return result.weights if result is not None else ()

    def fresh(self, wish: str) -> str:
        """An id that no node has yet."""
        name, number = wish, 1
        taken = {*self.graph.nodes, *(self.graph.inputs if isinstance(self.graph, Block) else ())}
        while name in taken:
            number += 1
            name = f"{wish}_{number}"
        return name
