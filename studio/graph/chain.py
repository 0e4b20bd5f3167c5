"""Whether a model is a chain, the form that keras.Sequential can hold."""

from __future__ import annotations

from itertools import pairwise

from studio.graph.catalogue.registry import find
from studio.graph.document import Block, ModelGraph
from studio.graph.wiring import upstream, wire


def called_nodes(graph: ModelGraph | Block) -> list[str]:
    """The nodes that the outputs hang on, and all inputs, in the order of their calls."""
    wiring = wire(graph)
    used = upstream(wiring, (end.partition(".")[0] for end in graph.outputs))
    inputs = {node.id for node in graph.nodes.values() if node.op == "keras.Input"}
    return [name for name in wiring.order if name in used or name in inputs]


def chain(graph: ModelGraph) -> list[str] | None:
    """The nodes of a chain from one input to one output; None where the model is no chain.

    The graph has no bypassed nodes: it comes from `through`.
    """
    order = called_nodes(graph)
    called = set(order)
    if len(graph.outputs) != 1 or "." in graph.outputs[0] or not order:
        return None
    edges = [e for e in graph.edges if e.target_node in called]
    if {(e.source, e.target_node) for e in edges} != set(pairwise(order)):
        return None
    if len(edges) != len(order) - 1 or order[-1] != graph.outputs[0]:
        return None
    ports = {e.target_node: e.target_port for e in edges}
    for position, name in enumerate(order):
        op = find(graph.nodes[name].op or "")
        if op is None or op.kind not in (("layer", "application") if position else ("input",)):
            return None
        if op.inputs and (op.inputs[0].many or op.input(ports[name]) is not op.inputs[0]):
            return None
        if op.of_call(graph.nodes[name].params):
            return None  # keras.Sequential calls its layers with nothing but a tensor
        if len(op.output_names(graph.nodes[name].params)) != 1:
            return None
    return order
