"""Layers frozen or thawed, by patterns of their ids or by how deep they lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from studio.graph.catalogue.registry import find
from studio.graph.document import Block, Graph, Node, Project, is_reference, owner
from studio.graph.edits import Edit, ResetParam, SetParam, Several
from studio.graph.problems import StudioError, nearest, one_of, quoted
from studio.graph.shapes import NodeResult, Shapes
from studio.graph.wiring import wire


class Layer(Struct, frozen=True):
    """A node whose layer can be frozen; `name` is its id, inside a block behind the block's."""

    graph: str
    node: Node
    name: str
    depth: int
    """How many layers with weights lie on the longest way to it, itself counted."""
    height: int
    """The same from it to the end."""
    trains: bool


def frozen_nodes(project: Project, shapes: Shapes) -> list[Layer]:
    """The layers of the model that hold weights and can be frozen, in the order of their calls.

    Those in a block are called block/node, and lie as deep as the node that stands for the block.
    """
    found: dict[tuple[str, str], Layer] = {}
    depths, heights = _depths(project.model, shapes)
    for name in wire(project.model).order:
        made = owner(project.model, project.model.nodes[name])
        if made is None or made.bypass:
            continue
        place = (depths[made.id], heights[made.id])
        result = shapes.nodes.get(made.id)
        for layer in _layers(project, "model", project.model, made, result, place):
            found.setdefault((layer.graph, layer.node.id), layer)
    return list(found.values())


def _layers(
    project: Project,
    graph: str,
    within: Graph,
    node: Node,
    result: NodeResult | None,
    place: tuple[int, int],
) -> Iterator[Layer]:
    """The layers of one node: itself, or those in its block."""
    op = find(node.op or "")
    if (node.op or "").startswith("block:"):
        block = project.blocks.get(node.op[6:])
        inside = result.inside[0] if result is not None and result.inside else Shapes()
        for name in wire(block).order if block is not None else ():
            made = owner(block, block.nodes[name])
            if made is not None and not made.bypass:
                inner = inside.nodes.get(made.id)
                yield from _layers(project, node.op, block, made, inner, place)
    elif op is not None and "trainable" in op.params and result is not None and result.weights:
        before = f"{graph[6:]}/" if isinstance(within, Block) else ""
        trains = node.params.get("trainable", True) is not False
        yield Layer(graph, node, f"{before}{node.id}", *place, trains)


def _depths(graph: Graph, shapes: Shapes) -> tuple[dict[str, int], dict[str, int]]:
    """Layers with weights on the longest way to each node, and from each to the end."""
    wiring, depths, heights = wire(graph), {}, {}

    def counts(name: str) -> int:
        result = shapes.nodes.get(name)
        return int(result is not None and bool(result.weights))

    for name in wiring.order:
        before = (depths.get(edge.source_node, 0) for edge in wiring.incoming[name])
        depths[name] = max(before, default=0) + counts(name)
    after: dict[str, list[str]] = {name: [] for name in wiring.order}
    for name in wiring.order:
        for edge in wiring.incoming[name]:
            after.setdefault(edge.source_node, []).append(name)
    for name in reversed(wiring.order):
        heights[name] = max((heights[each] for each in after[name]), default=0) + counts(name)
    for node in graph.nodes.values():  # a layer lies where it is called first
        if node.shares in depths and node.id in depths:
            depths[node.shares] = min(depths[node.shares], depths[node.id])
    return depths, heights


def chosen(
    layers: Sequence[Layer], patterns: Sequence[str], depth: int | None, but: Sequence[str]
) -> list[Layer]:
    """The layers that patterns or a depth mean, but for some.

    A pattern is an id with * ? [], or that of a block, for all that is in it. A depth of 3 means
    the first three layers with weights on each way from the inputs, -3 all but the last three.
    Raises StudioError for a pattern that means nothing.
    """
    found = [each for each in layers if any(_means(pattern, each) for pattern in patterns)]
    for pattern in (*patterns, *but):
        if not any(_means(pattern, each) for each in layers):
            names = [each.name for each in layers]
            hint = nearest(pattern, names) or f"There are {one_of(names[:8])}."
            raise StudioError(f"No layer with weights is called like {quoted(pattern)}. {hint}")
    if depth is not None:
        lies = [
            each for each in layers if (each.depth <= depth if depth > 0 else each.height > -depth)
        ]
        found = [each for each in layers if each in found or each in lies]
    return [each for each in found if not any(_means(pattern, each) for pattern in but)]


def layers_of(project: Project, shapes: Shapes, graph: str, ids: Sequence[str]) -> list[Layer]:
    """The layers that nodes of a graph stand for: themselves, and all in their blocks.

    `shapes` are those of the model; a node that shares a layer stands for it, too.
    """
    within = project.graph(graph)
    made = [owner(within, within.nodes[name]) for name in ids]
    own = {each.id for each in made if each is not None}
    blocks = {(each.op or "") for each in made if each is not None} & _blocks(project)
    inside = blocks | {op for block in blocks for op in _within(project, block)}
    return [
        each
        for each in frozen_nodes(project, shapes)
        if (each.graph == graph and each.node.id in own) or each.graph in inside
    ]


def _blocks(project: Project) -> set[str]:
    return {f"block:{name}" for name in project.blocks}


def _within(project: Project, block: str) -> set[str]:
    """The blocks that a block holds, at any depth; none holds itself."""
    there = {node.op for node in project.blocks[block[6:]].nodes.values() if node.op}
    found = there & _blocks(project)
    return found.union(*(_within(project, each) for each in found))


def _means(pattern: str, layer: Layer) -> bool:
    block = layer.name.rpartition("/")[0]
    return fnmatchcase(layer.name, pattern) or bool(block and fnmatchcase(block, pattern))


def freeze(layers: Sequence[Layer], thaw: bool = False) -> Edit | None:
    """One edit that freezes layers, or thaws them; None where they are so already."""
    edits: list[Edit] = []
    for layer in layers:
        if is_reference(layer.node.params.get("trainable")):
            raise StudioError(
                f"{quoted(layer.name)} is frozen by a parameter of its block: set it there."
            )
        if layer.trains != thaw:
            where = (layer.graph, layer.node.id, "trainable")
            edits.append(ResetParam(*where) if thaw else SetParam(*where, False))
    title = f"{'Thaw' if thaw else 'Freeze'} {len(edits)} layer{'s' * (len(edits) != 1)}"
    return Several(tuple(edits), title) if edits else None
