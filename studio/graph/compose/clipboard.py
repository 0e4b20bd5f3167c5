"""Parts of a graph as text, and back: copy, cut, paste, duplicate.

The text is a project file of its own, which holds the nodes as its model or
data graph (or as its first block, where they come from one), and the blocks
and code that they need. So a whole project.json can be pasted too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from studio.graph.compose.draft import Draft, graph_of, listed, node_of
from studio.graph.compose.names import fresh_id, fresh_ids
from studio.graph.compose.remove import remove
from studio.graph.document import (
    Block,
    Code,
    DataGraph,
    Edge,
    Frame,
    Graph,
    ModelGraph,
    Node,
    Project,
    is_call,
    owner,
    references,
)
from studio.graph.edits import Edit, SetBlock, SetCode
from studio.graph.file import dumps, loads
from studio.graph.part_edits import AddPart, SetFrame
from studio.graph.ports import op_of, resolve
from studio.graph.problems import StudioError, quoted

Point = tuple[float, float]
STEP = 112.0
"""The distance at which nodes without a place are put under each other."""


def copy(project: Project, graph: str, ids: Iterable[str], frames: Iterable[str] = ()) -> str:
    """The text of nodes and frames: their inner edges, and the blocks and code they need."""
    found = graph_of(project, graph)
    wanted = {node_of(found, each).id for each in ids}
    nodes = {
        n.id: _standing_alone(found, n, wanted) for n in found.nodes.values() if n.id in wanted
    }
    edges = tuple(e for e in found.edges if {e.source_node, e.target_node} <= wanted)
    kept = {name: frame for name, frame in found.frames.items() if name in set(frames)}
    parts: dict[str, Any] = {}
    blocks: dict[str, Block] = {}
    if graph == "data":
        parts["data"] = DataGraph(nodes, edges, kept)
    elif graph == "model":
        parts["model"] = ModelGraph(nodes, edges, kept)
    else:
        inputs = tuple(name for name in found.inputs if name in wanted)
        own = Block(nodes, edges, kept, inputs=inputs, parameters=found.parameters)
        blocks[graph.removeprefix("block:")] = own
    needed_blocks, needed_code = _needs(project, nodes.values())
    blocks |= {name: project.blocks[name] for name in needed_blocks if name not in blocks}
    code = {name: project.code[name] for name in needed_code}
    return dumps(Project(**parts, blocks=blocks, code=code))


def cut(
    project: Project, graph: str, ids: Iterable[str], frames: Iterable[str] = ()
) -> tuple[str, Edit]:
    """The text of nodes and frames, and the edit that takes them out."""
    ids, frames = tuple(ids), tuple(frames)
    text = copy(project, graph, ids, frames)
    edit = remove(project, graph, ids, frames)
    return text, replace(edit, title=edit.title.replace("Remove", "Cut", 1))


def paste(
    project: Project, graph: str, text: str, at: Point | None = None
) -> tuple[Edit, list[str]]:
    """What puts the nodes of a text into a graph, and their new ids.

    Their middle comes to `at`; without it they lie a little beside where they
    were. Blocks and code of the same name that say something else come under a
    new one. Raises StudioError where the text is none of `copy`'s.
    """
    part, came_from = _read(text, graph)
    draft = Draft(project, graph)
    blocks = {name: block for name, block in came_from.blocks.items() if block is not part}
    names = _take_along(draft, blocks, came_from.code)
    into = draft.graph
    keeps = isinstance(into, Block) and isinstance(part, Block)
    values = part.parameters if isinstance(part, Block) else {}
    if keeps:
        values = {name: v for name, v in values.items() if name not in into.parameters}
    ids = fresh_ids(into.nodes, part.nodes)
    shift = _shift(part, at)
    nodes = [_pasted(node, ids, names, values, shift) for node in part.nodes.values()]
    if at is not None:
        nodes = _placed(nodes, at)
    _put(draft, nodes, part.edges, ids, part.frames, shift)
    new_ids = [node.id for node in nodes]
    return draft.step(f"Paste {listed(new_ids) or 'frame'}"), new_ids


def duplicate(
    project: Project,
    graph: str,
    ids: Iterable[str],
    shared: bool = False,
    by: Point = (40.0, 40.0),
    frames: Iterable[str] = (),
) -> tuple[Edit, list[str]]:
    """What puts a second of each node beside it, and the new ids; edges between them go along.

    `shared` calls the same layers again: second calls of one set of weights.
    """
    draft, into = Draft(project, graph), graph_of(project, graph)
    wanted = {node_of(into, each).id for each in ids}
    ids_ = fresh_ids(into.nodes, (name for name in into.nodes if name in wanted))
    nodes = []
    for name in ids_:
        node = into.nodes[name]
        if shared and _has_layer(project, into, node):
            made = owner(into, node)
            new = Node("", shares=made.id, note=node.note, bypass=node.bypass)
        else:
            new = _standing_alone(into, node, wanted)
            new = replace(new, shares=ids_.get(new.shares, new.shares))
        spot = None if node.at is None else (node.at[0] + by[0], node.at[1] + by[1])
        nodes.append(replace(new, id=ids_[name], at=spot))
    chosen = {}
    for name in frames:
        if name not in into.frames:
            raise StudioError(f"There is no frame {quoted(name)}.")
        chosen[name] = into.frames[name]
    _put(draft, nodes, into.edges, ids_, chosen, by)
    title = f"Call {listed(ids_)} again" if shared else f"Duplicate {listed(ids_)}"
    return draft.step(title), list(ids_.values())


def _put(
    draft: Draft,
    nodes: list[Node],
    edges: Iterable[Edge],
    ids: dict[str, str],
    frames: dict[str, Frame],
    by: Point,
) -> None:
    """Adds nodes with the edges between them, old id -> new id, and frames, moved by so much."""
    into = draft.graph
    between = tuple(
        Edge(_end(e.source, ids), _end(e.target, ids))
        for e in edges
        if e.source_node in ids and e.target_node in ids
    )
    draft.do(AddPart(draft.name, tuple(nodes), between))
    if isinstance(into, Block):
        new = [node.id for node in nodes if node.op == "keras.Input"]
        draft.set_inputs((*into.inputs, *new))
    for name, frame in frames.items():
        moved = replace(frame, x=frame.x + by[0], y=frame.y + by[1])
        draft.do(SetFrame(draft.name, fresh_id(draft.graph.frames, name), moved))


def _has_layer(project: Project, graph: Graph, node: Node) -> bool:
    """Whether a node makes something that can be called twice: a layer, a block, own code."""
    made = owner(graph, node)
    if made is None or made.op is None:
        return False
    if made.op.startswith("code:"):
        code = project.code.get(made.op[5:])
        return code is not None and code.kind == "layer"
    op = op_of(graph, node)
    return made.op.startswith("block:") or (op is not None and op.kind in ("layer", "application"))


def _standing_alone(graph: Graph, node: Node, wanted: set[str]) -> Node:
    """The node as it is without the others: a shared layer that isn't among them is its own."""
    made = owner(graph, node)
    if node.shares is None or node.shares in wanted or made is None:
        return node
    return replace(node, op=made.op, shares=None, params=made.params, repeat=made.repeat)


def _needs(project: Project, nodes: Iterable[Node]) -> tuple[list[str], list[str]]:
    """The blocks and the code that nodes use, directly or inside of blocks."""
    blocks: dict[str, None] = {}
    code: dict[str, None] = {}
    todo = list(nodes)
    while todo:
        node = todo.pop(0)
        for op in (node.op or "", *_ops(node.params)):
            name = op.partition(":")[2]
            if op.startswith("block:") and name in project.blocks and name not in blocks:
                blocks[name] = None
                todo += project.blocks[name].nodes.values()
            if op.startswith("code:") and name in project.code:
                code[name] = None
    return list(blocks), list(code)


def _ops(value: Any) -> list[str]:
    """The ops of all calls in a value."""
    found = [value["op"]] if is_call(value) and isinstance(value["op"], str) else []
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            found += _ops(item)
    return found


def _read(text: str, graph: str) -> tuple[Graph, Project]:
    """The part that a text brings for a graph, and the project it came as."""
    came, problems = loads(text, "the pasted text")
    if problems:
        raise StudioError(f"The pasted text can't be used: {problems[0].sentence()}")
    parts = [came.data] if graph == "data" else [came.model, *came.blocks.values()]
    part = next((each for each in parts if each is not None and (each.nodes or each.frames)), None)
    if part is not None:
        return part, came
    if came.data is not None or came.model is not None or came.blocks:
        here, there = ("data stages", "layers") if graph == "data" else ("layers", "data stages")
        raise StudioError(f"The pasted text holds {there}; here stand {here}.")
    raise StudioError("The pasted text is a project without nodes.")


def _take_along(draft: Draft, blocks: dict[str, Block], code: dict[str, Code]) -> dict[str, str]:
    """Puts blocks and code into the project; old op -> new op of those that got a new name."""
    project, names = draft.project, {}
    for kind, there, found in (
        ("code", project.code, code),
        ("block", project.blocks, blocks),
    ):
        for name, each in found.items():
            if name in there and there[name] != each:
                taken = (
                    there.keys() | found.keys() | {new.partition(":")[2] for new in names.values()}
                )
                names[f"{kind}:{name}"] = f"{kind}:{fresh_id(taken, name)}"
    for name, each in code.items():
        new = names.get(f"code:{name}", f"code:{name}")[5:]
        if new not in project.code:
            # A class or function must be called as its entry is.
            source = re.sub(rf"\b{re.escape(name)}\b", new, each.source)
            draft.do(SetCode(new, replace(each, source=source)))
    for name, block in blocks.items():
        new = names.get(f"block:{name}", f"block:{name}")[6:]
        if new not in project.blocks:
            nodes = (
                {n.id: _with_ops(n, names) for n in block.nodes.values()} if names else block.nodes
            )
            draft.do(SetBlock(new, replace(block, nodes=nodes)))
    return names


def _with_ops(node: Node, names: dict[str, str]) -> Node:
    return replace(node, op=names.get(node.op, node.op), params=_led_ops(node.params, names))


def _led_ops(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        led = {key: _led_ops(item, names) for key, item in value.items()}
        if is_call(value) and isinstance(value["op"], str):
            led["op"] = names.get(value["op"], value["op"])
        return led
    return [_led_ops(item, names) for item in value] if isinstance(value, list) else value


def _pasted(
    node: Node, ids: dict[str, str], names: dict[str, str], values: dict[str, Any], shift: Point
) -> Node:
    params = resolve_known(node.params, values)
    at = None if node.at is None else (node.at[0] + shift[0], node.at[1] + shift[1])
    shares = ids.get(node.shares) if node.shares is not None else None
    if node.shares is not None and shares is None:
        raise StudioError(
            f"The pasted text can't be used: {quoted(node.id)} shares the layer of "
            f"{quoted(node.shares)}, which isn't in it."
        )
    node = replace(node, id=ids[node.id], shares=shares, params=params, at=at)
    return _with_ops(node, names) if names else node


def resolve_known(value: Any, values: dict[str, Any]) -> Any:
    """A value with {"$": name} replaced where the name is known; others stay."""
    names = set(references(value))
    if not names & values.keys():
        return value
    return resolve(value, {name: {"$": name} for name in names} | values)


def _end(end: str, ids: dict[str, str]) -> str:
    name, dot, port = end.partition(".")
    return f"{ids[name]}{dot}{port}"


def _shift(part: Graph, at: Point | None) -> Point:
    """How far the part moves, so that its middle comes to a point."""
    if at is None:
        return (40.0, 40.0)
    corners = [node.at for node in part.nodes.values() if node.at is not None]
    if not corners:
        frames = part.frames.values()
        corners = [p for f in frames for p in ((f.x, f.y), (f.x + f.width, f.y + f.height))]
    if not corners:
        return (0.0, 0.0)
    xs, ys = zip(*corners, strict=True)
    return (at[0] - (min(xs) + max(xs)) / 2, at[1] - (min(ys) + max(ys)) / 2)


def _placed(nodes: list[Node], at: Point) -> list[Node]:
    """Where none of the nodes has a place, they stand under each other."""
    if any(node.at is not None for node in nodes):
        return nodes
    return [replace(node, at=(at[0], at[1] + STEP * i)) for i, node in enumerate(nodes)]
