"""Which nodes an edit touches, so that only they are inferred again."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from studio.graph.asking import callers
from studio.graph.document import (
    Code,
    Graph,
    Node,
    Project,
)
from studio.graph.ports import (
    place_of,
)
from studio.graph.shapes import NodeResult, Shapes
from studio.graph.wiring import Wiring, wire

Broken = frozenset[tuple[str, str]]
"""Nodes, as (graph, id), whose call is already known to be wrong."""


class Known(Struct):
    """A graph as it was last inferred."""

    graph: Graph
    wiring: Wiring
    blocks: dict[str, Any]
    code: dict[str, Code]
    broken: Broken
    shapes: Shapes


def touched(name: str, known: Known, project: Project, broken: Broken, again: set[str]) -> set[str]:
    """Brings what is known up to a changed graph; the nodes that must be inferred again."""
    graph, before = project.graph(name), known.graph
    touched: set[str] = set()
    if graph.nodes is not before.nodes:
        for node in graph.nodes.values():
            old = before.nodes.get(node.id)
            if old is not node and (old is None or _call_differs(old, node)):
                touched.add(node.id)
                touched.update(n.id for n in graph.nodes.values() if n.shares == node.id)
    if graph.edges is not before.edges or graph.nodes.keys() != before.nodes.keys():
        wiring, old_wiring = wire(graph), known.wiring
        for node, edges in wiring.incoming.items():
            if edges != old_wiring.incoming.get(node) or node not in old_wiring.rank:
                touched.add(node)
        # What is gone, or now on a cycle or behind one, is known no longer.
        for node in before.nodes.keys() - wiring.rank.keys():
            forget(known.shapes, node)
        known.wiring = wiring
        for node, problem in known.shapes.refused.items():
            known.shapes.refused[node] = replace(problem, place=place_of(name, graph, node))
    changed = broken ^ known.broken
    touched.update(node for where, node in changed if where == name)
    recoded = project.code is not known.code
    if (
        recoded
        or project.blocks is not known.blocks
        or any(where.startswith("block:") for where, _ in changed)
    ):
        blocks = {n.id for n in graph.nodes.values() if (n.op or "").startswith("block:")}
        touched |= blocks | {n.id for n in graph.nodes.values() if n.shares in blocks}
    if again or recoded:
        every = project.code.keys() | known.code.keys()
        other = {each for each in every if project.code.get(each) != known.code.get(each)}
        touched |= callers(project, graph, other | again)
    known.graph, known.blocks, known.code = graph, project.blocks, project.code
    known.broken = broken
    return touched & known.wiring.rank.keys()


def same_outputs(before: NodeResult | None, after: NodeResult | None) -> bool:
    """Whether nothing changes for the nodes that a node feeds."""
    if before is None or after is None:
        return before is after
    return before.outputs == after.outputs


def _call_differs(old: Node, new: Node) -> bool:
    """Whether two versions of a node call something else; its place and note don't count."""
    before = (old.op, old.shares, old.repeat, old.bypass)
    return before != (new.op, new.shares, new.repeat, new.bypass) or (
        old.params is not new.params and old.params != new.params
    )


def forget(shapes: Shapes, node: str) -> None:
    """What was known of a node is known no longer."""
    shapes.nodes.pop(node, None)
    shapes.refused.pop(node, None)
