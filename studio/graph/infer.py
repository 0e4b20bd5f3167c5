"""Shapes along the edges: every node's outputs, weights and cost, in pure Python.

A node is inferred from its own call and the specs that reach it, nothing else.
What is refused stops only the nodes that hang on it. After an edit only what it
touches is inferred again, and what comes out unchanged carries nothing on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.graph.asking import Answers, Ask
from studio.graph.bypass import let_through
from studio.graph.calling import (
    Calling,
    cast,
    equal_images,
    equal_weights,
    inputs_of,
    refusal,
    resolved,
)
from studio.graph.catalogue.registry import find
from studio.graph.code import declared_weights, output_spec, output_structure
from studio.graph.constant import constant_spec
from studio.graph.document import (
    GRAPH_KINDS,
    Graph,
    Node,
    Project,
    owner,
    references,
)
from studio.graph.ports import (
    call_params,
    input_ports,
    output_ports,
    resolve,
)
from studio.graph.problems import quoted
from studio.graph.rule import Args
from studio.graph.shapes import NodeResult, Shapes
from studio.graph.spec import Refused, Result, Spec, Weight
from studio.graph.touched import Broken, Known, same_outputs, touched
from studio.graph.wiring import Wiring, wire

MOST_NODES = 50_000
"""Nodes that blocks may unfold to."""

MOST_LEVELS = 50
"""Blocks in blocks."""


class Inference:
    """Infers the data and model graphs of a project, and again after each of its edits.

    `folder` is what the project's relative paths are relative to. `ask` tells
    what a layer or function of the user's own gives and holds, by running it;
    without it only the declared shapes are known. What it has answered is kept,
    so that the same call of the same source is asked once.
    """

    def __init__(self, folder: Path = Path(), ask: Ask | None = None):
        self.folder = folder
        self._answers = Answers(ask)
        self._again: set[str] = set()
        self.project = Project()
        self._broken: Broken = frozenset()
        self._known: dict[str, Known] = {}
        self._wirings: dict[str, Wiring] = {}
        self._calls: dict[str, dict[str, Calling]] = {}
        self._left = MOST_NODES
        self._level = 0

    def run(self, project: Project, broken: Broken = frozenset()) -> dict[str, Shapes]:
        """The shapes of both graphs; nodes in `broken` are left out, and what hangs on them."""
        if project.blocks is not self.project.blocks:
            kept = {name: calls for name, calls in self._calls.items() if name in GRAPH_KINDS}
            self._calls = kept
            self._wirings = {name: wire(block) for name, block in project.blocks.items()}
        if project.precision != self.project.precision:  # each layer's call has it
            self._known.pop("model", None)
            self._calls = {name: calls for name, calls in self._calls.items() if name == "data"}
        self.project, self._broken = project, broken
        self._left = MOST_NODES
        found = {}
        for name in ("data", "model"):
            graph = project.graph(name)
            if graph is None:
                self._known.pop(name, None)
                self._calls.pop(name, None)
                continue
            if name not in self._known:
                known = Known(graph, wire(graph), project.blocks, project.code, broken, Shapes())
                self._known[name] = known
                due = set(known.wiring.order)
            else:
                known = self._known[name]
                due = touched(name, known, project, broken, self._again)
                calls = self._calls.get(name, {})
                for node in calls.keys() - graph.nodes.keys():
                    del calls[node]
            self._spread(name, known, due)
            if len(known.shapes.refused) > 1:
                refused = known.shapes.refused
                known.shapes.refused = {n: refused[n] for n in graph.nodes if n in refused}
            found[name] = known.shapes
        self._again = set()
        return found

    def trial(
        self, project: Project, graph: Graph, node: Node, arriving: dict[str, list[Any]]
    ) -> NodeResult:
        """What a node would give for these inputs by port; raises Refused where it refuses them."""
        if project.blocks is not self.project.blocks:
            self._wirings = {name: wire(block) for name, block in project.blocks.items()}
        if project.precision != self.project.precision:
            self._calls = {}
        self.project, self._broken, self._left = project, frozenset(), MOST_NODES
        return self._node("", graph, node, arriving, {})

    def again(self, *code: str, forget: bool = False) -> None:
        """Has the nodes that call these pieces of code inferred again by the next run.

        To be said once `ask` can answer what it didn't know before; `forget`
        asks again, too, what it has answered.
        """
        self._again.update(code)
        if forget:
            self._answers.forget()

    def _spread(self, name: str, known: Known, touched: set[str]) -> None:
        """Infers nodes in their order, and what hangs on those that came out changed."""
        shapes, wiring = known.shapes, known.wiring
        rank = wiring.rank
        due = bytearray(len(wiring.order))  # by rank: what follows a node always stands behind it
        for node in touched:
            due[rank[node]] = 1
        shapes.inferred = 0
        index = due.find(1)
        while index >= 0:
            node = wiring.order[index]
            shapes.inferred += 1
            before = shapes.nodes.get(node)
            self._one(name, known.graph, wiring, shapes, node)
            after = shapes.nodes.get(node)
            if not same_outputs(before, after):
                for follower in wiring.fed[node]:
                    if follower in rank:
                        due[rank[follower]] = 1
            # Those who call its layer again must fit its weights.
            if node in wiring.sharers and before != after:
                for sharer in wiring.sharers[node]:
                    if sharer in rank:
                        due[rank[sharer]] = 1
            index = due.find(1, index + 1)

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
        known = shapes.nodes
        known.pop(node_id, None)
        if shapes.refused:
            shapes.refused.pop(node_id, None)
        if self._broken and not self._broken.isdisjoint(((name, node_id), (name, node.shares))):
            return
        if node.bypass:
            edge = let_through(self.project, graph, node, wiring.incoming[node_id])
            spec = shapes.at(edge.source) if edge is not None else None
            if spec is not None:
                ports = output_ports(self.project, node, graph) or ("output",)
                shapes.nodes[node_id] = NodeResult(dict.fromkeys(ports, spec))
            return
        arriving: dict[str, list[Any]] = {}
        for source, port, into in wiring.feeds[node_id]:
            if source not in known:
                return  # what feeds it was refused: that has been said
            outputs = known[source].outputs
            spec = outputs.get(port) if port else next(iter(outputs.values()), None)
            if spec is None:
                return
            if into in arriving:
                arriving[into].append(spec)
            else:
                arriving[into] = [spec]
        try:
            result = self._node(name, graph, node, arriving, parameters or {})
            if node.shares is not None and node.shares in known:
                equal_weights(known[node.shares], result, node)
                equal_images(graph, wiring, shapes, node)
                result = NodeResult(result.outputs, (), result.flops, result.inside)
        except Refused as refused:
            given = [(edge.source, shapes.at(edge.source)) for edge in wiring.incoming[node_id]]
            shapes.refused[node_id] = refusal(name, graph, node, refused, given)
        else:
            known[node_id] = result

    def _node(
        self,
        name: str,
        graph: Graph,
        node: Node,
        arriving: dict[str, list[Any]],
        parameters: dict[str, Any],
    ) -> NodeResult:
        made = node if node.shares is None else owner(graph, node)
        if made.op.startswith("block:"):
            inputs = inputs_of(input_ports(self.project, node, graph), arriving)
            return self._block(graph, made, inputs, resolve(made.params, parameters))
        if made.op.startswith("code:"):
            ports = input_ports(self.project, node, graph)
            inputs = inputs_of(ports, arriving)
            given = [(port.name, each) for port, each in zip(ports, inputs, strict=True)]
            names = output_ports(self.project, node, graph)
            return self._code(made, given, resolve(made.params, parameters), names)
        call = self._call(name, graph, node, made, parameters)
        inputs = inputs_of(call.op.inputs, arriving, call.constants)
        if call.op.kind == "layer":
            inputs = [call.args.cast(x) if type(x) is Spec else cast(call.args, x) for x in inputs]
        result = call.op.rule(call.args, *inputs)
        if not isinstance(result, Result):  # a data stage has no weights: Elements, or several
            result = Result(result if isinstance(result, tuple) else (result,))
        names = call.outputs
        if call.op.each:
            names = call.op.outputs({"": sum(map(len, arriving.values()))})
        outputs = dict(zip(names, result.outputs, strict=True))
        return NodeResult(outputs, result.weights, result.flops)

    def _call(
        self, name: str, graph: Graph, node: Node, made: Node, parameters: dict[str, Any]
    ) -> Calling:
        """A node's call with all its values; made once, where no block's parameters are in it."""
        calls = self._calls.setdefault(name, {})
        kept = calls.get(node.id)
        if kept is not None and kept.node is node and kept.made is made:
            return kept
        op = find(made.op)
        if op.rule is None:
            raise Refused(f"can't be inferred: Studio has no shape rule for {op.path} yet")
        params = made.params if made is node else call_params(graph, node)
        changing = parameters and references(params)
        given = resolved(made.op, params, parameters) if changing else params
        constants = {
            port.name: constant_spec(given[port.name], port.weak)
            for port in op.inputs
            if port.name in given and not port.many
        }
        values = op.filled(given)
        outputs = op.outputs(values)
        if changing and not op.each and outputs != op.output_names(params):
            raise Refused(
                "has outputs that hang on a parameter of its block",
                "Write the value itself in the block: its code must know how many there are.",
            )
        own_code = self._own if op.kind == "stage" else None
        policy = "float32" if op.kind == "stage" else self.project.precision
        args = Args(values, policy, self.folder, own_code)
        call = Calling(node, made, op, args, outputs, constants)
        if not changing:
            calls[node.id] = call
        return call

    def _own(
        self, method: str, call: dict[str, Any], structure: Any, settings: dict[str, Any]
    ) -> Any:
        """What leaves a data stage that calls the user's own code: as declared, else as answered.

        None where it is neither.
        """
        code = self.project.code.get(call["op"].removeprefix("code:"))
        if code is None:
            return None
        declared = output_structure(code, call.get("params", {}), structure)
        if declared is not None:
            return declared
        return self._answers.of_stage(self.project, method, call, structure, settings)

    def _code(
        self, made: Node, inputs: list[Any], params: dict[str, Any], names: tuple[str, ...]
    ) -> NodeResult:
        """What the user's own code gives: as it declares, else as it answers."""
        name = made.op.removeprefix("code:")
        code, args = self.project.code[name], Args({}, self.project.precision)
        first = inputs[0][1] if inputs else ()
        if code.kind == "layer":
            first = cast(args, first)
        declared = output_spec(code, params, first)
        answer = self._answers.of(self.project, name, params, inputs)
        outputs: dict[str, Any] = {}
        if answer is not None:
            if len(answer.outputs) != len(names):
                raise Refused(
                    f"gives {len(answer.outputs)} tensors, but its source shows {len(names)}",
                    "Return them as a tuple that is written out: return first, second.",
                )
            outputs = dict(zip(names, answer.outputs, strict=True))
        if declared is not None:
            outputs = {names[0]: declared} | {k: v for k, v in outputs.items() if k != names[0]}
        if answer is not None:
            return NodeResult(outputs, answer.weights, flops=None)
        weights = declared_weights(code, params, first, args.variable_dtype)
        return NodeResult(outputs, weights, flops=None)

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
        inside = []
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
            inside.append(shapes)
        names = output_ports(self.project, node, graph)
        outputs = dict(zip(names, outputs, strict=True))
        return NodeResult(outputs, tuple(weights), flops, tuple(inside))
