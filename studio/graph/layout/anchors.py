"""Where along a node its ports stand, and so how far along its nodes an edge leaves and enters."""

from __future__ import annotations

from collections.abc import Callable

from studio.graph.document import Edge, Graph, Project
from studio.graph.layout.layered import GRID, NODE
from studio.graph.ports import input_ports, output_ports


def port_place(index: int, count: int, length: float = NODE[0]) -> float:
    """The place of a port along an edge of a node: spread evenly, on the grid from its middle.

    Ports on the grid let a chain be straight from port to port though all nodes stand on it.
    """
    share = (index + 1) / (count + 1) - 0.5 if count > 1 else 0.0
    return length / 2 + round(share * length / GRID) * GRID


def spread(
    project: Project, graph: Graph, length: float = NODE[0]
) -> Callable[[Edge], tuple[float, float]]:
    """For an edge its two ends, 0 to 1, as `layout` takes them for `anchors`."""
    outputs = {n.id: output_ports(project, n, graph) for n in graph.nodes.values()}
    inputs = {
        n.id: tuple(port.name for port in input_ports(project, n, graph))
        for n in graph.nodes.values()
    }

    def share(ports: tuple[str, ...], name: str) -> float:
        index = ports.index(name) if name in ports else 0
        return port_place(index, len(ports), length) / length

    def ends(edge: Edge) -> tuple[float, float]:
        return (
            share(outputs.get(edge.source_node, ()), edge.source_port),
            share(inputs.get(edge.target_node, ()), edge.target_port),
        )

    return ends
