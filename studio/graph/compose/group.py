"""Nodes into a block, and a block back into its nodes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from studio.graph.checks.structure import identifier_problem
from studio.graph.compose.clipboard import STEP, resolve_known
from studio.graph.compose.draft import Draft, ends_of, listed, output_ports_of_block
from studio.graph.compose.names import fresh_id, fresh_ids
from studio.graph.compose.walk import Ways
from studio.graph.document import Block, Edge, Node, Project, output_name, references
from studio.graph.edits import AddNode, Connect, Edit, RemoveNodes, RenameNode, SetBlock, SetStyle
from studio.graph.part_edits import AddPart, Rewire
from studio.graph.ports import block_of, op_of
from studio.graph.problems import StudioError, quoted

Point = tuple[float, float]


def group(
    project: Project, graph: str, ids: Iterable[str], name: str = "block"
) -> tuple[Edit, str]:
    """Makes a block of nodes and puts one node in their place; returns the edit and its id.

    Inputs and outputs are the edges that cross the border, in the edges' order;
    keras.Input nodes stay outside. Raises StudioError for stages of data, for
    layers shared across the border, and where the block would feed itself.
    """
    draft = Draft(project, graph)
    nodes = draft.graph.nodes
    chosen = {draft.node(each).id for each in ids}
    inside = [each for each in nodes if each in chosen and nodes[each].op != "keras.Input"]
    _can_be_grouped(draft, inside)
    within = set(inside)
    name = fresh_id(project.blocks, name)
    crossing = [
        e for e in draft.graph.edges if e.target_node in within and e.source_node not in within
    ]
    sources = list(dict.fromkeys(draft.source(e.source) for e in crossing))
    leaving = [
        e for e in draft.graph.edges if e.source_node in within and e.target_node not in within
    ]
    graph_ends = [end for end in ends_of(draft.graph) if end.partition(".")[0] in within]
    ends = {draft.source(end): end for end in (*(e.source for e in leaving), *graph_ends)}
    if not ends:
        fed = {e.source_node for e in draft.graph.edges}
        ends = {draft.source(each): each for each in inside if each not in fed}
    outputs = {full: _short(draft, end) for full, end in ends.items()}
    inputs = _input_names(draft, sources, within)
    block = _block(draft, inside, inputs, tuple(outputs.values()))
    draft.do(SetBlock(name, block))

    places = [nodes[each].at for each in inside if nodes[each].at is not None]
    at = _middle(places)
    id = fresh_id(nodes, name)
    params = {each: {"$": each} for each in block.parameters}
    first = next(index for index, each in enumerate(nodes) if each in within)
    draft.do(AddNode(graph, Node(id, f"block:{name}", params=params, at=at), first))
    ports = output_ports_of_block(block.outputs)
    led = {
        full: id if index == 0 else f"{id}.{port}"
        for index, (full, port) in enumerate(zip(outputs, ports, strict=True))
    }
    changes = tuple((e, Edge(led[draft.source(e.source)], e.target)) for e in leaving)
    if changes:
        draft.do(Rewire(graph, changes))
    for index, source in enumerate(sources):
        edge = next(e for e in crossing if draft.source(e.source) == source)
        draft.do(Connect(graph, edge.source, id if index == 0 else f"{id}.{inputs[source]}"))
    draft.move_outputs({end: led[draft.source(end)] for end in graph_ends})
    draft.do(RemoveNodes(graph, tuple(inside)))
    if graph == "model" and draft.graph.style == "sequential":
        draft.do(SetStyle("auto"))  # keras.Sequential holds no block
    return draft.step(f"Group {listed(inside)} into {name}"), id


def _can_be_grouped(draft: Draft, inside: list[str]) -> None:
    if draft.name == "data":
        raise StudioError("A block is made of layers; stages of the data can't be grouped.")
    if not inside:
        raise StudioError("A block needs at least one node that isn't an input.")
    within = set(inside)
    for node in draft.graph.nodes.values():
        if node.shares is not None and (node.id in within) != (node.shares in within):
            raise StudioError(
                f"{quoted(node.id)} calls the layer of {quoted(node.shares)}, so only both "
                "together can go into a block."
            )
    ways = Ways(draft.graph)
    fed = {n for each in inside for n in ways.after[each]} - within
    behind: set[str] = set()
    todo = list(fed)
    while todo:
        each = todo.pop()
        if each not in behind:
            behind.add(each)
            todo += [n for n in ways.after[each] if n not in within]
    between = next((e for e in inside for n in ways.before[e] if n in behind), None)
    if between is not None:
        other = next(n for n in ways.before[between] if n in behind)
        raise StudioError(
            f"{quoted(other)} is fed by these nodes and feeds {quoted(between)}, so the block "
            f"would feed itself. Take {quoted(other)}, and all between, in too."
        )


def _input_names(draft: Draft, sources: list[str], within: set[str]) -> dict[str, str]:
    """Source outside -> the id of the block's input: x for the only one, else its source's."""
    if len(sources) == 1:
        return {sources[0]: fresh_id(within, "x")}
    names: dict[str, str] = {}
    for source in sources:
        wish = output_name(_short(draft, source))
        names[source] = fresh_id(within | set(names.values()), wish)
    return names


def _short(draft: Draft, end: str) -> str:
    """An end without its port where that is the first."""
    name = end.partition(".")[0]
    return name if draft.source(end) == draft.source(name) else end


def _block(draft: Draft, inside: list[str], inputs: dict[str, str], outputs: Any) -> Block:
    nodes, within = draft.graph.nodes, set(inside)
    places = [nodes[each].at for each in inside if nodes[each].at is not None]
    top = min((y for _, y in places), default=0.0) - STEP
    left = _middle(places)
    made: dict[str, Node] = {}
    for index, each in enumerate(inputs.values()):
        x = None if left is None else left[0] + 2 * STEP * (index - (len(inputs) - 1) / 2)
        made[each] = Node(each, "keras.Input", at=None if x is None else (x, top))
    made |= {each: nodes[each] for each in inside}
    edges = tuple(
        e if e.source_node in within else Edge(inputs[draft.source(e.source)], e.target)
        for e in draft.graph.edges
        if e.target_node in within
    )
    names = dict.fromkeys(n for each in inside for n in references(nodes[each].params))
    around = draft.graph.parameters if isinstance(draft.graph, Block) else {}
    parameters = {each: around[each] for each in names if each in around}
    return Block(made, edges, inputs=tuple(inputs.values()), outputs=outputs, parameters=parameters)


def _middle(places: list[Point]) -> Point | None:
    if not places:
        return None
    xs, ys = zip(*places, strict=True)
    return ((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2)


def unpack(project: Project, graph: str, id: str) -> tuple[Edit, list[str]]:
    """Puts what is inside a block in the place of a node that stands for it; and the new ids.

    The block's parameters are filled in, a repeated block is written out. Nodes
    that call its layers again are unpacked with it, and call them one by one.
    """
    draft = Draft(project, graph)
    node = draft.node(id)
    first = node.shares or id
    family = [first, *(n.id for n in draft.graph.nodes.values() if n.shares == first)]
    made = draft.node(first)
    block = block_of(project, draft.graph, node)
    if block is None:
        raise StudioError(f"{quoted(id)} stands for no block, so there is nothing to unpack.")
    if made.repeat > 1 and (len(block.inputs), len(block.outputs)) != (1, 1):
        raise StudioError(f"{quoted(id)} repeats a block that hasn't one input and one output.")
    bypassed = next((each for each in family if draft.node(each).bypass), None)
    if bypassed is not None:
        raise StudioError(f"{quoted(bypassed)} is bypassed. Use it again, then unpack it.")
    unpacking = _Unpacking(draft, block, made)
    for each in family:
        unpacking.one(draft.node(each))
    draft.do(RemoveNodes(graph, tuple(unpacking.old)))
    return draft.step(f"Unpack {id}"), unpacking.new


class _Unpacking:
    """A block written out: once for each node that stands for it."""

    def __init__(self, draft: Draft, block: Block, made: Node):
        self.draft = draft
        self.block = block
        self.values = block.parameters | made.params
        self.repeat = made.repeat
        self.new: list[str] = []
        self.old: list[str] = []
        self.first: list[dict[str, str]] = []
        """Of the node that has the layers: inner id -> new id, turn by turn."""

    def one(self, node: Node) -> None:
        draft, block = self.draft, self.block
        taken = set(draft.graph.nodes) - {node.id}
        turns: list[dict[str, str]] = []
        for _ in range(self.repeat):
            ids = fresh_ids(taken, (each for each in block.nodes if each not in block.inputs))
            taken.update(ids.values())
            turns.append(ids)
        if node.id in {new for ids in turns for new in ids.values()}:
            # An inner node may bear the name of the block's node only once that is gone.
            spare = fresh_id(taken, f"{node.id}_block")
            draft.do(RenameNode(draft.name, node.id, spare))
            node = draft.node(spare)
        again = bool(self.first)
        self.first = self.first or turns
        fed = {
            edge.target_port or block.inputs[0]: edge.source
            for edge in draft.graph.edges
            if edge.target_node == node.id and block.inputs
        }
        nodes, edges = [], []
        ends: dict[str, str | None] = {}
        for turn, ids in enumerate(turns):
            nodes += [self._node(each, ids, node, turn, again) for each in ids]
            edges += self._edges(ids, fed)
            ends = {end: _mapped(end, ids, fed) for end in block.outputs}
            fed = {block.inputs[0]: next(iter(ends.values()))} if self.repeat > 1 else fed
        at = list(draft.graph.nodes).index(node.id)
        draft.do(AddPart(draft.name, tuple(nodes), tuple(edges), at))
        self._lead_on(node.id, ends)
        self.old.append(node.id)
        self.new += [new for ids in turns for new in ids.values()]

    def _node(self, inner: str, ids: dict[str, str], node: Node, turn: int, again: bool) -> Node:
        found = self.block.nodes[inner]
        shares = ids[found.shares] if found.shares is not None else None
        at = self._place(found, node, turn)
        if again and _layer(self.block, found):
            layer = self.first[turn][found.shares or inner]
            return Node(ids[inner], shares=layer, at=at, note=found.note, bypass=found.bypass)
        params = resolve_known(found.params, self.values)
        return replace(found, id=ids[inner], shares=shares, params=params, at=at)

    def _place(self, inner: Node, node: Node, turn: int) -> Point | None:
        """The inner nodes lie around the place of the block's node, turn under turn."""
        if inner.at is None or node.at is None:
            return None
        nodes = self.block.nodes
        places = [
            n.at for n in nodes.values() if n.at is not None and n.id not in self.block.inputs
        ]
        middle = _middle(places)
        ys = [y for _, y in places]
        height = max(ys) - min(ys) + STEP
        shift = height * (turn - (self.repeat - 1) / 2)
        return (inner.at[0] - middle[0] + node.at[0], inner.at[1] - middle[1] + node.at[1] + shift)

    def _edges(self, ids: dict[str, str], fed: dict[str, str | None]) -> list[Edge]:
        found = []
        for edge in self.block.edges:
            source, target = _mapped(edge.source, ids, fed), _mapped(edge.target, ids, {})
            if source is not None and target is not None:
                found.append(Edge(source, target))
        return found

    def _lead_on(self, name: str, ends: dict[str, str | None]) -> None:
        """What the block's node fed is fed from inside now."""
        draft = self.draft
        ports = dict(zip(output_ports_of_block(self.block.outputs), ends.values(), strict=True))
        first = next(iter(ports.values()), None)

        def led(end: str) -> str | None:
            port = end.partition(".")[2]
            return ports.get(port) if port else first

        edges = [edge for edge in draft.graph.edges if edge.source_node == name]
        changes = [(e, Edge(led(e.source), e.target)) for e in edges if led(e.source) is not None]
        if changes:
            draft.do(Rewire(draft.name, tuple(changes)))
        own = [end for end in ends_of(draft.graph) if end.partition(".")[0] == name]
        draft.move_outputs({end: led(end) for end in own})


def _mapped(end: str, ids: dict[str, str], fed: dict[str, str | None]) -> str | None:
    """An end inside the block as it is outside: a new node's, or what feeds the input."""
    name, dot, port = end.partition(".")
    return f"{ids[name]}{dot}{port}" if name in ids else fed.get(name)


def _layer(block: Block, node: Node) -> bool:
    op = op_of(block, node)
    return op is None or op.kind in ("layer", "application")


def check_name(name: str) -> None:
    """Raises StudioError where a block can't be called so."""
    why = identifier_problem(name)
    if why:
        raise StudioError(f"A block can't be called so: {why}.")
