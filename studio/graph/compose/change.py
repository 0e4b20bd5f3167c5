"""A node made another: with another op, or in another's place; its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from studio.graph.catalogue.registry import find
from studio.graph.code import outline
from studio.graph.compose.draft import Draft, ends_of, output_ports_of_block
from studio.graph.compose.start import starting
from studio.graph.document import Block, Edge, Graph, Node, Project, is_reference, owner
from studio.graph.edits import Edit, MoveNodes, RenameNode, SetOutputs
from studio.graph.part_edits import PutNodes, Rewire
from studio.graph.ports import input_ports, output_ports
from studio.graph.problems import StudioError, quoted


def replace_op(project: Project, graph: str, id: str, op: str) -> Edit:
    """Gives a node another op; the parameters that it has too, and takes, are kept.

    Edges keep their ports by name, else by their place among the ports; those
    for which there is no place go. A node that shared a layer gets its own.
    """
    draft = Draft(project, graph)
    node, before = draft.node(id), draft.graph
    made = owner(before, node) or node
    params = starting(op) | _kept(project, op, made.params)
    repeat = made.repeat if op.startswith("block:") else 1
    new = replace(node, op=op, shares=None, params=params, repeat=repeat)
    old_in = [port.name for port in input_ports(project, node, before)]
    old_out = output_ports(project, node, before)
    draft.do(PutNodes(graph, (new,)))
    ports = input_ports(draft.project, new, draft.graph)
    new_in, many = [port.name for port in ports], {port.name: port.many for port in ports}
    new_out = output_ports(draft.project, new, draft.graph)
    taken: set[str] = set()
    changes, lost = [], []
    for edge in draft.graph.edges:
        source, target = edge.source, edge.target
        if edge.source_node == id:
            source = _led(id, edge.source_port, old_out, new_out)
        if edge.target_node == id:
            target = _led(id, edge.target_port, old_in, new_in)
            port = (target or "").partition(".")[2] or (new_in[0] if new_in else "")
            if target is not None and new_in and not many[port]:
                target = None if port in taken else target
                taken.add(port)
        if source is None or target is None:
            lost.append(edge)
        elif (source, target) != (edge.source, edge.target):
            changes.append((edge, Edge(source, target)))
    # From the last on: of edges alike, the last is the one that is taken away.
    draft.disconnect(reversed(lost))
    if changes:
        draft.do(Rewire(graph, tuple(changes)))
    ends = [end for end in ends_of(draft.graph) if end.partition(".")[0] == id]
    moved = {end: _led(id, end.partition(".")[2], old_out, new_out) for end in ends}
    draft.move_outputs({end: new for end, new in moved.items() if new != end})
    return draft.step(f"Make {id} {op.rpartition('.')[2].rpartition(':')[2]}")


def _kept(project: Project, op: str, params: dict[str, Any]) -> dict[str, Any]:
    """The parameters that the new op has too, where it takes their values."""
    if op.startswith("block:"):
        block = project.blocks.get(op[6:])
        known: Mapping[str, Any] = block.parameters if block is not None else {}
        return {name: value for name, value in params.items() if name in known}
    if op.startswith("code:"):
        code = project.code.get(op[5:])
        names = outline(op[5:], code).parameters if code is not None else ()
        return {name: value for name, value in params.items() if name in names}
    found = find(op)
    if found is None:
        return {}
    return {
        name: value
        for name, value in params.items()
        if name in found.params and (is_reference(value) or found.params[name].accepts(value))
    }


def _led(id: str, port: str, before: Any, after: Any) -> str | None:
    """The end of a node after its ports have changed; None where there is no such port."""
    if not after or not port or port in after:
        return f"{id}.{port}" if port else id
    index = list(before).index(port) if port in before else None
    if index is None or index >= len(after):
        return None
    return id if index == 0 else f"{id}.{after[index]}"


def swap(project: Project, graph: str, first: str, second: str) -> Edit:
    """Puts two nodes in each other's place: edges, outputs and places on the canvas.

    Raises StudioError where one of them lacks a port that the other's edges need.
    """
    draft = Draft(project, graph)
    a, b = draft.node(first), draft.node(second)
    names = {first: second, second: first}

    def end(text: str) -> str:
        name, dot, port = text.partition(".")
        return f"{names[name]}{dot}{port}" if name in names else text

    for node, other in ((a, b), (b, a)):
        _takes_the_place(project, draft.graph, node, other)
    pairs = ((e, Edge(end(e.source), end(e.target))) for e in draft.graph.edges)
    changes = tuple((old, new) for old, new in pairs if old != new)
    if changes:
        draft.do(Rewire(graph, changes))
    ends = ends_of(draft.graph)
    if isinstance(draft.graph, Block) and {first, second} & set(draft.graph.inputs):
        raise StudioError("An input of the block can't change places with another node.")
    if {e.partition(".")[0] for e in ends} & names.keys():
        if graph == "data":
            led = {split: end(e) for split, e in draft.graph.outputs.items()}
            draft.do(SetOutputs(graph, led))
        else:
            draft.set_outputs(map(end, ends), {e: end(e) for e in ends})
    if a.at is not None and b.at is not None:
        draft.do(MoveNodes(graph, {first: b.at, second: a.at}))
    return draft.step(f"Swap {first} and {second}")


def _takes_the_place(project: Project, graph: Graph, node: Node, other: Node) -> None:
    """Raises StudioError where `node` can't have the edges of `other`."""
    ports = input_ports(project, node, graph)
    outs = output_ports(project, node, graph)
    known = {port.name: port for port in ports}
    count = 0
    for edge in graph.edges:
        port = edge.target_port
        if edge.target_node == other.id:
            found = known.get(port) if port else next(iter(ports), None)
            count += found is not None and not found.many and found is ports[0]
            if found is None or count > 1:
                raise StudioError(
                    f"{quoted(node.id)} can't take the place of {quoted(other.id)}, which takes "
                    f"{quoted(edge.source)} in{f' at {port}' if port else ''}."
                )
        out = edge.source_port
        if edge.source_node == other.id and out and outs and out not in outs:
            raise StudioError(
                f"{quoted(node.id)} can't take the place of {quoted(other.id)}: it has no "
                f"output {quoted(out)}."
            )


def rename(project: Project, graph: str, id: str, name: str) -> Edit:
    """Gives a node another id, everywhere it is named, also as a port of its block."""
    draft = Draft(project, graph)
    before = draft.graph
    draft.node(id)
    ends, inputs = ends_of(before), getattr(before, "inputs", ())
    draft.do(RenameNode(graph, id, name))
    if isinstance(before, Block):
        old, new = output_ports_of_block(ends), output_ports_of_block(draft.graph.outputs)
        draft.ports_renamed("source", dict(zip(old, new, strict=True)), new)
        new = draft.graph.inputs
        draft.ports_renamed("target", dict(zip(inputs, new, strict=True)), new)
    return draft.step(f"Rename {id} to {name}")
