"""How far along its nodes an edge leaves and enters, where ports spread evenly."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from studio.graph.document import Edge, Graph, Project
from studio.graph.ports import input_ports, output_ports


def spread(project: Project, graph: Graph) -> Callable[[Edge], tuple[float, float]]:
    """For an edge its two ends, 0 to 1: one port in the middle, two at a third and two thirds."""
    outputs = {n.id: output_ports(project, n, graph) for n in graph.nodes.values()}
    inputs = {
        n.id: tuple(port.name for port in input_ports(project, n, graph))
        for n in graph.nodes.values()
    }

    def ends(edge: Edge) -> tuple[float, float]:
        return (
            _share(outputs.get(edge.source_node, ()), edge.source_port),
            _share(inputs.get(edge.target_node, ()), edge.target_port),
        )

    return ends


def _share(ports: Sequence[str], name: str) -> float:
    if not name or name not in ports:
        return 1 / (len(ports) + 1) if len(ports) > 1 else 0.5
    return (ports.index(name) + 1) / (len(ports) + 1)
