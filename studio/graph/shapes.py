"""What is known of the nodes of a graph: the tensors that leave them, their weights and cost."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from studio.graph.problems import Problem
from studio.graph.spec import Weight


class NodeResult(Struct, frozen=True, gc=False):
    """What is known of one node; `outputs` by port name, the first port first."""

    outputs: dict[str, Any]
    weights: tuple[Weight, ...] = ()
    flops: int | None = 0
    inside: tuple[Shapes, ...] = ()
    """Of a block: what is known of its nodes, in each of its turns."""

    def output(self, port: str = "") -> Any:
        """What leaves a port; the first where the name is empty; None where there is none."""
        if port:
            return self.outputs.get(port)
        return next(iter(self.outputs.values()), None)


class Shapes(Struct):
    """What inference knows of one graph; it changes with the next run of its Inference."""

    nodes: dict[str, NodeResult] = field(default_factory=dict)
    refused: dict[str, Problem] = field(default_factory=dict)
    inferred: int = 0
    """How many nodes the last run inferred."""

    @property
    def problems(self) -> list[Problem]:
        """What was refused, in the order of the file."""
        return list(self.refused.values())

    def at(self, end: str) -> Any:
        """What leaves "node" or "node.port"; None where it isn't known."""
        name, _, port = end.partition(".")
        result = self.nodes.get(name)
        return None if result is None else result.output(port)
