"""Bypassed nodes: they stand in the graph, and their first input goes past them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from msgspec.structs import replace

from studio.graph.document import DataGraph, Edge, Graph, Node, Project
from studio.graph.ports import input_ports

AnyGraph = TypeVar("AnyGraph", bound=Graph)


def let_through(project: Project, graph: Graph, node: Node, edges: Iterable[Edge]) -> Edge | None:
    """Of the edges into a bypassed node, the one that goes on; None where there is none."""
    ports = input_ports(project, node, graph)
    names = ("", ports[0].name) if ports else ("",)
    return next((edge for edge in edges if edge.target_port in names), None)


def through(project: Project, graph: AnyGraph) -> AnyGraph:
    """The graph as it runs: without its bypassed nodes, what fed them led on.

    An output that nothing reaches any more is left out.
    """
    bypassed = {name: node for name, node in graph.nodes.items() if node.bypass}
    if not bypassed:
        return graph
    arriving: dict[str, list[Edge]] = {name: [] for name in bypassed}
    for edge in graph.edges:
        if edge.target_node in bypassed:
            arriving[edge.target_node].append(edge)
    past = {
        name: let_through(project, graph, node, arriving[name]) for name, node in bypassed.items()
    }

    def source(end: str) -> str | None:
        seen = set()
        while (name := end.partition(".")[0]) in past:
            edge = past[name]
            if edge is None or name in seen:  # unfed, or a cycle: that is said elsewhere
                return None
            seen.add(name)
            end = edge.source
        return end

    led = ((source(e.source), e.target) for e in graph.edges if e.target_node not in bypassed)
    nodes = {name: node for name, node in graph.nodes.items() if name not in bypassed}
    edges = tuple(Edge(start, target) for start, target in led if start is not None)
    if isinstance(graph, DataGraph):
        ends = {split: source(end) for split, end in graph.outputs.items()}
        outputs = {split: end for split, end in ends.items() if end is not None}
    else:
        outputs = tuple(end for end in map(source, graph.outputs) if end is not None)
    return replace(graph, nodes=nodes, edges=edges, outputs=outputs)
