"""Shapes along the edges: every node's outputs, weights and cost, in pure Python.

A node is inferred from its own call and the specs that reach it, nothing else.
What is refused stops only the nodes that hang on it. After an edit only what it
touches is inferred again, and what comes out unchanged carries nothing on.
"""

from __future__ import annotations

import heapq
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from studio.graph.catalogue.registry import find
from studio.graph.code import output_spec
from studio.graph.constant import constant_spec
from studio.graph.document import Graph, Node, Project, is_reference, owner, references
from studio.graph.ports import call_params, input_ports, output_ports, problem_at, resolve
from studio.graph.problems import Problem, quoted
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec, Weight
from studio.graph.wiring import Wiring, wire

MOST_NODES = 50_000
"""Nodes that blocks may unfold to."""

MOST_LEVELS = 50
"""Blocks in blocks."""

Broken = frozenset[tuple[str, str]]
"""Nodes, as (graph, id), whose call is already known to be wrong."""


class NodeResult(Struct, frozen=True):
    """What is known of one node; `outputs` by port name, the first port first."""

    outputs: dict[str, Any]
    weights: tuple[Weight, ...] = ()
    flops: int | None = 0

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
        """What was refused, in the order of the file as far as it is known."""
        return list(self.refused.values())

    def at(self, end: str) -> Any:
        """What leaves "node" or "node.port"; None where it isn't known."""
        name, _, port = end.partition(".")
        result = self.nodes.get(name)
        return None if result is None else result.output(port)


class _Known(Struct):
    """A graph as it was last inferred."""

    graph: Graph
    wiring: Wiring
    blocks: dict[str, Any]
    broken: Broken
    shapes: Shapes


class Inference:
    """Infers the data and model graphs of a project, and again after each of its edits.

    `folder` is what the project's relative paths are relative to.
    """

    def __init__(self, folder: Path = Path()):
        self.folder = folder
        self.project = Project()
        self._broken: Broken = frozenset()
        self._known: dict[str, _Known] = {}
        self._wirings: dict[str, Wiring] = {}
        self._left = MOST_NODES
        self._level = 0

    def run(self, project: Project, broken: Broken = frozenset()) -> dict[str, Shapes]:
        """The shapes of both graphs; nodes in `broken` are left out, and what hangs on them."""
        if project.blocks is not self.project.blocks:
            self._wirings = {name: wire(block) for name, block in project.blocks.items()}
        self.project, self._broken = project, broken
        self._left = MOST_NODES
        found = {}
        for name in ("data", "model"):
            graph = project.graph(name)
            if graph is None:
                self._known.pop(name, None)
                continue
            if name not in self._known:
                known = _Known(graph, wire(graph), project.blocks, broken, Shapes())
                self._known[name] = known
                touched = set(known.wiring.order)
            else:
                known = self._known[name]
                touched = _touched(name, known, project, broken)
            self._spread(name, known, touched)
            found[name] = known.shapes
        return found

    def _spread(self, name: str, known: _Known, touched: set[str]) -> None:
        """Infers nodes in their order, and what hangs on those that came out changed."""
        shapes, wiring = known.shapes, known.wiring
        heap = [wiring.rank[node] for node in touched]
        heapq.heapify(heap)
        waiting = set(heap)
        shapes.inferred = len(heap)
        while heap:
            index = heapq.heappop(heap)
            node = wiring.order[index]
            before = shapes.nodes.get(node)
            self._one(name, known.graph, wiring, shapes, node)
            after = shapes.nodes.get(node)
            followers = [] if _same_outputs(before, after) else wiring.fed(node)
            # Those who call its layer again must fit its weights.
            followers += [] if before == after else wiring.sharers.get(node, [])
            for follower in followers:
                at = wiring.rank.get(follower)
                if at is not None and at not in waiting:
                    waiting.add(at)
                    heapq.heappush(heap, at)
                    shapes.inferred += 1

    def _one(
        self,
        name: str,
        graph: Graph,
        wiring: Wiring,
        shapes: Shapes,
        node_id: str,
        parameters: dict[str, Any] | None = None,
    ) -> None:
        """Infers one node into `shapes`, from what they know of the nodes that feed it."""
        node = graph.nodes[node_id]
        _forget(shapes, node_id)
        if self._broken and not self._broken.isdisjoint(((name, node_id), (name, node.shares))):
            return
        arriving: dict[str, list[Any]] = {}
        sources = []
        for edge in wiring.incoming[node_id]:
            spec = shapes.at(edge.source)
            if spec is None:
                return  # what feeds it was refused: that has been said
            arriving.setdefault(edge.target_port, []).append(spec)
            sources.append((edge.source, spec))
        try:
            result = self._node(graph, node, arriving, parameters or {})
            if node.shares is not None and node.shares in shapes.nodes:
                _equal_weights(shapes.nodes[node.shares], result, node)
                result = NodeResult(result.outputs, (), result.flops)
        except Refused as refused:
            shapes.refused[node_id] = _problem(name, graph, node, refused, sources)
        else:
            shapes.nodes[node_id] = result

    def _node(
        self, graph: Graph, node: Node, arriving: dict[str, list[Any]], parameters: dict[str, Any]
    ) -> NodeResult:
        made = owner(graph, node)
        ports = input_ports(self.project, node, graph)
        if "" in arriving and ports:
            arriving[ports[0].name] = arriving.pop("") + arriving.get(ports[0].name, [])
        params = call_params(graph, node)
        values = _resolved(made.op, params, parameters) if parameters else params
        inputs: list[Any] = []
        for port in ports:
            specs = arriving.get(port.name, ())
            if not specs and port.name in values and not port.many:
                specs = (constant_spec(values[port.name], port.weak),)
            elif not specs and not port.optional and not port.many:
                raise Refused(f"has nothing at its input {port.name}", "Draw an edge to it.")
            inputs.append(tuple(specs) if port.many else (specs[0] if specs else None))
        if made.op.startswith("block:"):
            return self._block(graph, made, inputs, values)
        if made.op.startswith("code:"):
            code = self.project.code[made.op.removeprefix("code:")]
            spec = output_spec(code, values, inputs[0] if inputs else ())
            return NodeResult({"output": spec} if spec is not None else {}, flops=None)
        op = find(made.op)
        if op.rule is None:
            raise Refused(f"can't be inferred: Studio has no shape rule for {op.path} yet")
        values = op.filled(values)
        args = Args(values, folder=self.folder)
        if op.kind == "layer":
            inputs = [_cast(args, each) for each in inputs]
        result = op.rule(args, *inputs)
        if not isinstance(result, Result):  # a data stage has no weights: Elements, or several
            result = Result(result if isinstance(result, tuple) else (result,))
        tensors = sum(map(len, arriving.values()))
        names = op.outputs(values | {"": tensors} if op.each else values)
        if parameters and names != op.output_names(params, tensors):
            raise Refused(
                "has outputs that hang on a parameter of its block",
                "Write the value itself in the block: its code must know how many there are.",
            )
        outputs = dict(zip(names, result.outputs, strict=True))
        return NodeResult(outputs, result.weights, result.flops)

    def _block(
        self, graph: Graph, node: Node, inputs: list[Any], given: dict[str, Any]
    ) -> NodeResult:
        """Infers what is inside a block, as often as it is repeated."""
        name = node.op.removeprefix("block:")
        block = self.project.blocks[name]
        values = block.parameters | given
        if node.repeat > 1 and (len(block.inputs), len(block.outputs)) != (1, 1):
            raise Refused("can only be repeated with one input and one output")
        if self._level == MOST_LEVELS:
            raise Refused(f"is the block in more than {MOST_LEVELS} blocks")
        wiring = self._wirings[name]
        weights: list[Weight] = []
        flops: int | None = 0
        for turn in range(node.repeat):
            self._left -= len(block.nodes)
            if self._left < 0:
                raise Refused(f"unfolds to more than {MOST_NODES:,} nodes")
            fed = dict(zip(block.inputs, inputs, strict=True))
            shapes = Shapes({name: NodeResult({"output": spec}) for name, spec in fed.items()})
            self._level += 1
            for inner in wiring.order:
                if inner not in fed:
                    self._one(node.op, block, wiring, shapes, inner, values)
            self._level -= 1
            if shapes.refused:
                inside = shapes.problems[0]
                where = f" in its turn {turn + 1}" if node.repeat > 1 else ""
                message = inside.message.rstrip(".")
                raise Refused(
                    f"fails inside at {quoted(inside.node)}{where}: {message}", inside.hint
                )
            outputs = [shapes.at(end) for end in block.outputs]
            if any(spec is None for spec in outputs):
                raise Refused("has an output that nothing inside it gives")
            for result in shapes.nodes.values():
                weights.extend(result.weights)
                flops = None if None in (flops, result.flops) else flops + result.flops
            inputs = outputs
        names = output_ports(self.project, node, graph)
        return NodeResult(dict(zip(names, outputs, strict=True)), tuple(weights), flops)


def _touched(name: str, known: _Known, project: Project, broken: Broken) -> set[str]:
    """Brings what is known up to a changed graph; the nodes that must be inferred again."""
    graph, before = project.graph(name), known.graph
    touched: set[str] = set()
    if graph.nodes is not before.nodes:
        for node in graph.nodes.values():
            old = before.nodes.get(node.id)
            if old is not node and (old is None or _call_differs(old, node)):
                touched.add(node.id)
                touched.update(n.id for n in graph.nodes.values() if n.shares == node.id)
    if graph.edges is not before.edges or graph.nodes.keys() != before.nodes.keys():
        wiring, old_wiring = wire(graph), known.wiring
        for node, edges in wiring.incoming.items():
            if edges != old_wiring.incoming.get(node) or node not in old_wiring.rank:
                touched.add(node)
        # What is gone, or now on a cycle or behind one, is known no longer.
        for node in before.nodes.keys() - wiring.rank.keys():
            _forget(known.shapes, node)
        known.wiring = wiring
    changed = broken ^ known.broken
    touched.update(node for where, node in changed if where == name)
    if project.blocks is not known.blocks or any(
        where.startswith("block:") for where, _ in changed
    ):
        blocks = {n.id for n in graph.nodes.values() if (n.op or "").startswith("block:")}
        touched |= blocks | {n.id for n in graph.nodes.values() if n.shares in blocks}
    known.graph, known.blocks, known.broken = graph, project.blocks, broken
    return touched & known.wiring.rank.keys()


def _same_outputs(before: NodeResult | None, after: NodeResult | None) -> bool:
    """Whether nothing changes for the nodes that a node feeds."""
    if before is None or after is None:
        return before is after
    return before.outputs == after.outputs


def _call_differs(old: Node, new: Node) -> bool:
    """Whether two versions of a node call something else; its place and note don't count."""
    return (old.op, old.shares, old.repeat) != (new.op, new.shares, new.repeat) or (
        old.params is not new.params and old.params != new.params
    )


def _forget(shapes: Shapes, node: str) -> None:
    shapes.nodes.pop(node, None)
    shapes.refused.pop(node, None)


def _resolved(path: str, params: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """A call's parameters inside a block, with those of the block in their places, and checked."""
    values = resolve(params, parameters)
    op = find(path)
    for key, value in params.items() if op is not None else ():
        param = op.param(key) if references(value) else None
        if param is not None and not param.accepts(values[key]):
            raise Refused(
                f"gets {quoted(values[key])} as {key} from its block, and expects "
                f"{param.expected()}"
            )
        port = op.input(key)
        if is_reference(value) and port is not None and port.weak and isinstance(values[key], list):
            # The block's code can't hand over both, a number of Python and a list as a tensor.
            raise Refused(
                f"gets {quoted(values[key])} as {key} from its block, and expects a number",
                f"Draw an edge to its {key}.",
            )
    return values


def _problem(
    name: str, graph: Graph, node: Node, refused: Refused, sources: list[tuple[str, Any]]
) -> Problem:
    what = owner(graph, node).op.rpartition(".")[2]
    given = ", ".join(f'"{source}" gives {spec}' for source, spec in sources)
    message = f"{what} {refused.message}" + (f"; {given}." if given else ".")
    return problem_at(name, graph, node.id, "shape", message, refused.hint)


def _cast(args: Args, given: Any) -> Any:
    if isinstance(given, tuple):
        return tuple(_cast(args, each) for each in given)
    return args.cast(given) if isinstance(given, Spec) else given


def _equal_weights(first: NodeResult, second: NodeResult, node: Node) -> None:
    """Refused where a layer can't be called here a second time with the weights it has."""
    for mine, own in zip(first.weights, second.weights, strict=False):
        if mine.shape != own.shape:
            raise Refused(
                f"shares the weights of {quoted(node.shares)}, whose {mine.name} has shape "
                f"{mine.shape}, but its input here would need {own.shape}",
                f"Feed it the same number of features as {quoted(node.shares)}.",
            )
