"""Nodes taken out of a graph: with a gap, healed, or left standing and bypassed."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from studio.graph.bypass import let_through
from studio.graph.compose.draft import Draft, ends_of, listed
from studio.graph.document import Block, Edge, Node, Project
from studio.graph.edits import Edit, RemoveNodes
from studio.graph.part_edits import PutNodes, Rewire, SetFrame
from studio.graph.ports import takes_nothing
from studio.graph.problems import StudioError, quoted


def remove(project: Project, graph: str, ids: Iterable[str], frames: Iterable[str] = ()) -> Edit:
    """Takes nodes and frames out, with their edges; losses of lost outputs go along."""
    draft, ids, frames = Draft(project, graph), _unique(ids), tuple(frames)
    take_out(draft, ids)
    draft.do(*(SetFrame(graph, frame, None) for frame in frames))
    return draft.step(f"Remove {listed(ids) or 'frame'}")


def delete_and_heal(project: Project, graph: str, ids: Iterable[str]) -> Edit:
    """Takes nodes out and leads what fed each on to what it fed, as its bypass would.

    Of several inputs the first goes on. An output that was taken out moves to
    what fed it, with its losses and metrics. A port that takes several tensors
    gets none twice by this.
    """
    draft, ids = Draft(project, graph), _unique(ids)
    gone = set(ids)
    fed: dict[str, list[Edge]] = {name: [] for name in ids}
    for edge in draft.graph.edges:
        if edge.target_node in gone:
            fed[edge.target_node].append(edge)
    past = {name: let_through(project, draft.graph, draft.node(name), fed[name]) for name in ids}

    def source(end: str) -> str | None:
        seen: set[str] = set()
        while (name := end.partition(".")[0]) in gone:
            edge = past[name]
            if edge is None or name in seen:
                return None
            seen.add(name)
            end = edge.source
        return end

    touched = {e.target_node for e in draft.graph.edges if e.source_node in gone}
    kept = {
        (draft.source(edge.source), draft.target(edge.target))
        for edge in draft.graph.edges
        if edge.target_node in touched and edge.source_node not in gone
    }
    changes = []
    for edge in draft.graph.edges:
        if edge.source_node not in gone or edge.target_node in gone:
            continue
        start = source(edge.source)
        if start is None:
            continue
        way = draft.source(start), draft.target(edge.target)
        if way not in kept:
            kept.add(way)
            changes.append((edge, Edge(start, edge.target)))
    if changes:
        draft.do(Rewire(graph, tuple(changes)))
    ends = [end for end in ends_of(draft.graph) if end.partition(".")[0] in gone]
    draft.move_outputs({end: source(end) for end in ends})
    take_out(draft, ids)
    return draft.step(f"Delete {listed(ids)}")


def take_out(draft: Draft, ids: tuple[str, ...]) -> None:
    """Removes nodes; a layer that others still call goes to the first of them."""
    gone = set(ids)
    made = {n.shares for n in draft.graph.nodes.values() if n.shares in gone and n.id not in gone}
    for name in sorted(made):
        hand_on_layer(draft, name, gone)
    ends = [end for end in ends_of(draft.graph) if end.partition(".")[0] in gone]
    draft.move_outputs(dict.fromkeys(ends))
    block = draft.graph
    if isinstance(block, Block) and gone & set(block.inputs):
        names = {name: name if name not in gone else None for name in block.inputs}
        left = tuple(name for name in block.inputs if name not in gone)
        draft.ports_renamed("target", names, left)
    draft.do(RemoveNodes(draft.name, ids))


def hand_on_layer(draft: Draft, name: str, gone: set[str]) -> None:
    """Gives the layer of a node to the first of those that call it and stay."""
    made = draft.node(name)
    sharers = [n for n in draft.graph.nodes.values() if n.shares == name and n.id not in gone]
    if made.shares is None and sharers:
        first, *others = sharers
        first = replace(first, op=made.op, shares=None, params=made.params, repeat=made.repeat)
        changed = (first, *(replace(other, shares=first.id) for other in others))
        draft.do(PutNodes(draft.name, changed))


def bypass(project: Project, graph: str, ids: Iterable[str], on: bool = True) -> Edit:
    """Lets the first input of nodes past them, or no longer.

    Those that call the same layer are bypassed together. Raises StudioError for
    a node that takes nothing in.
    """
    draft, wanted = Draft(project, graph), _unique(ids)
    changed: dict[str, Node] = {}
    for name in wanted:
        node = draft.node(name)
        if on and takes_nothing(project, node, draft.graph):
            raise StudioError(
                f"{quoted(name)} takes nothing in that could go past it; "
                "remove it, or bypass what it feeds."
            )
        if node.bypass != on:
            changed[name] = node
    if on:
        shared = {n.id for n in draft.graph.nodes.values() if n.shares in changed and not n.bypass}
        changed |= {name: draft.graph.nodes[name] for name in shared}
    else:
        shared = {n.shares for n in changed.values() if n.shares in draft.graph.nodes}
        made = {name: draft.graph.nodes[name] for name in shared}
        changed |= {name: node for name, node in made.items() if node.bypass}
    draft.do(PutNodes(graph, tuple(replace(node, bypass=on) for node in changed.values())))
    return draft.step(f"{'Bypass' if on else 'Use'} {listed(wanted)}")


def detach(project: Project, graph: str, ids: Iterable[str]) -> Edit:
    """Takes the edges of nodes away and heals the chain; the nodes stay where they are."""
    draft, ids = Draft(project, graph), _unique(ids)
    gone = set(ids)
    for name in ids:
        edges = draft.graph.edges
        into = [edge for edge in edges if edge.target_node == name]
        first = let_through(draft.project, draft.graph, draft.node(name), into)
        out = [e for e in edges if e.source_node == name and e.target_node not in gone]
        touched = {edge.target_node for edge in out}
        kept = {
            (draft.source(edge.source), draft.target(edge.target))
            for edge in edges
            if edge.target_node in touched
        }
        changes = []
        for edge in out if first is not None else ():
            way = draft.source(first.source), draft.target(edge.target)
            if way not in kept:
                kept.add(way)
                changes.append((edge, Edge(first.source, edge.target)))
        if changes:
            draft.do(Rewire(graph, tuple(changes)))
        led = {old for old, _ in changes}
        draft.disconnect([*into, *(edge for edge in out if edge not in led)])
    return draft.step(f"Detach {listed(ids)}")


def _unique(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))
