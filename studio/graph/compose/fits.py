"""What can be joined: the ops that fit a wire's open end, and why two ends don't meet.

Both ask the shape rules themselves, on the specs that are known, so the answer
is the one that the check gives once the wire is drawn.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from studio.graph.catalogue.op import Op, Port
from studio.graph.catalogue.registry import find, of_kind
from studio.graph.compose.draft import full_target, graph_of
from studio.graph.compose.start import starting
from studio.graph.compose.walk import ways_of
from studio.graph.document import Block, Edge, Graph, Node, Project, owner
from studio.graph.infer import Inference
from studio.graph.ports import input_ports, output_ports, takes_nothing
from studio.graph.problems import one_of, quoted
from studio.graph.rule import Args
from studio.graph.shapes import Shapes
from studio.graph.spec import Refused, Result, Spec

# What people reach for first; the others follow by family and name.
_FIRST = """
Dense Conv2D Conv1D Dropout BatchNormalization LayerNormalization Activation ReLU MaxPooling2D
MaxPooling1D GlobalAveragePooling2D GlobalAveragePooling1D Flatten Add Concatenate LSTM GRU
Bidirectional Embedding MultiHeadAttention Reshape Rescaling
batch map shuffle split cache prefetch take
"""
_RANK = {name: index for index, name in enumerate(_FIRST.split())}
_TYPICAL = tuple(
    Spec(shape, dtype)
    for dtype in ("float32", "int32")
    for shape in ((None, 32), (None, 32, 32), (None, 32, 32, 3), (None, 8, 16, 16, 3))
)


class Fit(Struct, frozen=True):
    """An op for the end of a wire, with parameters to begin with and what would leave it."""

    op: str
    params: dict[str, Any]
    gives: Any = None


def fits(
    project: Project, graph: str, end: str, direction: str, shapes: dict[str, Shapes]
) -> list[Fit]:
    """The ops that go with an open end, the likeliest first.

    `direction` "out": `end` gives the tensor, and the ops are those that take
    it. "in": `end` is an input, and the ops are those that can give it one.
    `shapes` are those of the graphs as they were last inferred.
    """
    if direction == "in":
        found = _givers(project, graph, end, shapes)
    else:
        found = _takers(graph, _known(shapes, graph, end))
    return found + _blocks(project, graph)


def _known(shapes: dict[str, Shapes], graph: str, end: str) -> Any:
    return shapes[graph].at(end) if graph in shapes else None


def _takers(graph: str, spec: Any) -> list[Fit]:
    found = []
    for op, values, params in _candidates(graph == "data"):
        gives = _tried(op, values, spec) if spec is not None else ()
        if gives is not None:
            several = op.inputs[0].many  # what it gives hangs on what else will come
            found.append(Fit(op.path, dict(params), gives[0] if gives and not several else None))
    return found


def _givers(project: Project, name: str, end: str, shapes: dict[str, Shapes]) -> list[Fit]:
    graph = graph_of(project, name)
    node = graph.nodes.get(end.partition(".")[0])
    sources = [op for op in of_kind("source" if name == "data" else "input") if op is not None]
    found = [Fit(op.path, starting(op.path)) for op in sources]
    if name == "data" or node is None:
        return found + [Fit(op.path, dict(params)) for op, _, params in _candidates(name == "data")]
    accepted: dict[Any, bool] = {}
    for op, params, gives in _typical():
        for spec in gives:
            if spec not in accepted:
                arriving = _arriving(project, graph, name, node, shapes, skip=end)
                accepted[spec] = _refusal(project, graph, node, arriving, end, spec) is None
            if accepted[spec]:
                found.append(Fit(op.path, dict(params), spec))
                break
    return found


def _blocks(project: Project, graph: str) -> list[Fit]:
    """The project's own blocks and layers; what they take is known once they stand there."""
    if graph == "data":
        return []
    own = [f"block:{name}" for name, b in project.blocks.items() if f"block:{name}" != graph]
    own += [f"code:{name}" for name, c in project.code.items() if c.kind in ("layer", "function")]
    return [Fit(op, {}) for op in own]


@cache
def _candidates(data: bool) -> tuple[tuple[Op, dict[str, Any], dict[str, Any]], ...]:
    """Every op that takes something in, with all its parameters and those that are given."""
    found = []
    for op in of_kind("stage") if data else of_kind("layer", "function"):
        required = {name for name, param in op.params.items() if param.required}
        params = starting(op.path)
        if op.rule is not None and op.inputs and required <= params.keys():
            found.append((op, op.filled(params), params))
    return tuple(sorted(found, key=_rank))


def _rank(candidate: tuple[Op, Any, Any]) -> tuple[Any, ...]:
    op = candidate[0]
    return (op.kind == "function", _RANK.get(op.name, len(_RANK)), op.name)


def _tried(op: Op, values: dict[str, Any], spec: Any) -> tuple[Any, ...] | None:
    """What leaves an op for one spec at all it needs; None where it refuses."""
    try:
        args = Args(values)
        if isinstance(spec, Spec) and op.kind == "layer":
            spec = args.cast(spec)
        result = op.rule(args, *(_given(port, spec, i) for i, port in enumerate(op.inputs)))
    except (Refused, ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
        # A rule may also stumble over a spec that its op could never get.
        return None
    if isinstance(result, Result):
        return result.outputs
    return result if isinstance(result, tuple) else (result,)


def _given(port: Port, spec: Any, index: int) -> Any:
    if port.many:
        return (spec, spec)
    return spec if index == 0 or not port.optional else None


@cache
def _typical() -> tuple[tuple[Op, dict[str, Any], tuple[Spec, ...]], ...]:
    """The layers with what they give for inputs of the usual kinds."""
    found = []
    for op, values, params in _candidates(False):
        if op.kind == "layer":
            tried = (_tried(op, values, spec) for spec in _TYPICAL)
            gives = dict.fromkeys(each[0] for each in tried if each)
            found.append((op, params, tuple(gives)))
    return tuple(found)


def why_not(
    project: Project,
    graph: str,
    source: str,
    target: str,
    shapes: dict[str, Shapes],
    moved: Edge | None = None,
) -> str | None:
    """Why an edge from `source` to `target` can't be, as a sentence; None where it can.

    `moved` is the edge whose end is in the hand: it is no obstacle to itself.
    """
    found = graph_of(project, graph)
    first, second = source.partition(".")[0], target.partition(".")[0]
    for name in (first, second):
        if name not in found.nodes:
            return f"There is no node {quoted(name)}."
    if first == second:
        return f"{quoted(first)} can't feed itself."
    node = found.nodes[second]
    why = _no_port(project, found, source, node, target)
    if why:
        return why
    if second in ways_of(found).upstream(first):
        return f"{quoted(second)} feeds {quoted(first)} already, so tensors would go in a circle."
    wanted = full_target(project, found, target)
    port = wanted.partition(".")[2]
    known = next((p for p in input_ports(project, node, found) if p.name == port), None)
    if known is not None and not known.many:
        for edge in _edges_into(found, second):
            if edge != moved and full_target(project, found, edge.target) == wanted:
                what = f"{quoted(second)} takes one tensor"
                what += "" if known is input_ports(project, node, found)[0] else f" at {port}"
                return f"{what}, and {quoted(edge.source)} feeds it already."
    spec = _known(shapes, graph, source)
    if spec is None or node.bypass:
        return None
    arriving = _arriving(project, found, graph, node, shapes, moved)
    refused = _refusal(project, found, node, arriving, target, spec)
    if refused is None:
        return None
    what = owner(found, node).op.rpartition(".")[2]
    return f"{what} {refused.message}; {quoted(source)} gives {spec}."


def _no_port(project: Project, graph: Graph, source: str, node: Node, target: str) -> str:
    first, _, out = source.partition(".")
    port = target.partition(".")[2]
    if isinstance(graph, Block) and node.id in graph.inputs:
        return f"{quoted(node.id)} is an input of the block; it is fed where the block stands."
    if takes_nothing(project, node, graph):
        return f"{quoted(node.id)} takes nothing in."
    outs = output_ports(project, graph.nodes[first], graph)
    if out and outs and out not in outs:
        return f"{quoted(first)} has no output {quoted(out)}, but {one_of(outs)}."
    ports = [each.name for each in input_ports(project, node, graph)]
    if port and ports and port not in ports:
        return f"{quoted(node.id)} has no input {quoted(port)}, but {one_of(ports)}."
    return ""


def _edges_into(graph: Graph, node: str) -> list[Edge]:
    return _incoming(graph).get(node, [])


_last: list[Any] = []


def _incoming(graph: Graph) -> dict[str, list[Edge]]:
    """The edges by target; those of the last graph asked for are kept, as a mouse asks often."""
    if not _last or _last[0] is not graph.edges:
        found: dict[str, list[Edge]] = {}
        for edge in graph.edges:
            found.setdefault(edge.target_node, []).append(edge)
        _last[:] = [graph.edges, found]
    return _last[1]


def _arriving(
    project: Project,
    graph: Graph,
    name: str,
    node: Node,
    shapes: dict[str, Shapes],
    moved: Edge | None = None,
    skip: str = "",
) -> dict[str, list[Any]] | None:
    """What feeds a node by port; None where a part of it isn't known."""
    free = full_target(project, graph, skip) if skip else ""
    found: dict[str, list[Any]] = {}
    for edge in _edges_into(graph, node.id):
        target = full_target(project, graph, edge.target)
        if edge == moved or target == free:
            continue
        spec = _known(shapes, name, edge.source)
        if spec is None:
            return None
        found.setdefault(target.partition(".")[2], []).append(spec)
    return found


@lru_cache(maxsize=1)
def _inference() -> Inference:
    return Inference(Path())


def _refusal(
    project: Project,
    graph: Graph,
    node: Node,
    arriving: dict[str, list[Any]] | None,
    target: str,
    spec: Any,
) -> Refused | None:
    """What the node's rule says against one more tensor; None where it takes it, or can't say."""
    made = owner(graph, node)
    op = find(made.op) if made is not None and made.op is not None else None
    if arriving is None or op is None or not _sound(op, made):
        return None
    port = full_target(project, graph, target).partition(".")[2]
    given = {name: list(specs) for name, specs in arriving.items()}
    given.setdefault(port, []).append(spec)
    if any(each.name not in given and not each.optional for each in op.inputs):
        return None  # what else it needs isn't there yet
    if op.input(port).many and len(given[port]) == 1:
        given[port] = [spec, spec]  # the second one is still to come
    try:
        _inference().trial(project, graph, node, given)
    except Refused as refused:
        return refused
    return None


def _sound(op: Op, made: Node) -> bool:
    """Whether a call is right as far as its rule looks: its own mistakes are told elsewhere."""
    return op.rule is not None and all(
        param.accepts(made.params[name]) if name in made.params else not param.required
        for name, param in op.params.items()
    )
