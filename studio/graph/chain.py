"""Whether a model is a chain, the form that keras.Sequential can hold."""

from __future__ import annotations

from itertools import pairwise

from studio.graph.catalogue.registry import find
from studio.graph.document import ModelGraph
from studio.graph.wiring import upstream, wire


def used_nodes(graph: ModelGraph) -> list[str]:
    """The nodes that the outputs hang on, and all inputs, in the order of their calls."""
    wiring = wire(graph)
    used = upstream(wiring, (end.partition(".")[0] for end in graph.outputs))
    inputs = {node.id for node in graph.nodes.values() if node.op == "keras.Input"}
    return [name for name in wiring.order if name in used or name in inputs]


def chain(graph: ModelGraph) -> list[str] | None:
    """The nodes of a chain from one input to one output; None where the model is no chain."""
    order = used_nodes(graph)
    if len(graph.outputs) != 1 or "." in graph.outputs[0] or not order:
        return None
    edges = {(e.source, e.target) for e in graph.edges if e.target_node in order}
    if edges != set(pairwise(order)) or order[-1] != graph.outputs[0]:
        return None
    for position, name in enumerate(order):
        op = find(graph.nodes[name].op or "")
        if op is None or op.kind not in (("layer", "application") if position else ("input",)):
            return None
        if op.inputs and op.inputs[0].many:
            return None
        if len(op.output_names(graph.nodes[name].params)) != 1:
            return None
    return order
