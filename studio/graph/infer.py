"""Shapes along the edges: every node's outputs, weights and cost, in pure Python.

A node is inferred from its own call and the specs that reach it, nothing else.
What is refused stops only the nodes that hang on it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import Struct, field

from studio.graph.catalogue.op import Op, Port
from studio.graph.catalogue.registry import find
from studio.graph.document import Block, Graph, Node, Project, is_reference, owner, references
from studio.graph.problems import ERROR, Problem, quoted
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec, Weight
from studio.graph.wiring import wire


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
    """What inference found in one graph."""

    nodes: dict[str, NodeResult] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def at(self, end: str) -> Any:
        """What leaves "node" or "node.port"; None where it isn't known."""
        name, _, port = end.partition(".")
        result = self.nodes.get(name)
        return None if result is None else result.output(port)


def input_ports(project: Project, node: Node, graph: Graph) -> tuple[Port, ...]:
    """The input ports of a node; none where its op isn't known."""
    made = owner(graph, node)
    if made is None or made.op is None:
        return ()
    if made.op.startswith("block:"):
        block = project.blocks.get(made.op[6:])
        return tuple(map(Port, block.inputs)) if block else ()
    if made.op.startswith("code:"):
        return (Port("inputs", many=True),)
    op = find(made.op)
    return op.inputs if op else ()


def output_ports(project: Project, node: Node, graph: Graph) -> tuple[str, ...]:
    """The names of a node's output ports; none where its op isn't known."""
    made = owner(graph, node)
    if made is None or made.op is None:
        return ()
    if made.op.startswith("block:"):
        block = project.blocks.get(made.op[6:])
        if block is None:
            return ()
        names = [end.replace(".", "_") for end in block.outputs]
        return ("output",) if len(names) == 1 else tuple(names)
    if made.op.startswith("code:"):
        return ("output",)
    op = find(made.op)
    return op.outputs(op.filled(made.params)) if op else ()


def resolve(value: Any, parameters: dict[str, Any]) -> Any:
    """A parameter's value with {"$": name} replaced by the block's parameter."""
    if is_reference(value):
        return parameters.get(value["$"])
    if isinstance(value, dict):
        return {key: resolve(item, parameters) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, parameters) for item in value]
    return value


class Inference:
    """Infers the graphs of one project.

    `broken` are nodes, as (graph, id), whose call is already known to be wrong;
    they are left out, and what hangs on them with them.
    """

    MOST_NODES = 100_000
    """Nodes that blocks may unfold to, and MOST_LEVELS the blocks in blocks."""
    MOST_LEVELS = 50

    def __init__(
        self,
        project: Project,
        broken: frozenset[tuple[str, str]] = frozenset(),
        folder: Path = Path(),
    ):
        self.project = project
        self.broken = broken
        self.folder = folder
        self._left = self.MOST_NODES
        self._level = 0

    def graph(
        self,
        name: str,
        graph: Graph,
        given: dict[str, Any] | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> Shapes:
        """The shapes of a graph; `given` are the specs of a block's inputs."""
        shapes = Shapes()
        wiring = wire(graph)
        for node_id in wiring.order:
            node = graph.nodes[node_id]
            if {(name, node_id), (name, node.shares)} & self.broken:
                continue
            if given is not None and node_id in given:
                shapes.nodes[node_id] = NodeResult({"output": given[node_id]})
                continue
            arriving: dict[str, list[Any]] = {}
            sources = []
            for edge in wiring.incoming[node_id]:
                spec = shapes.at(edge.source)
                arriving.setdefault(edge.target_port, []).append(spec)
                sources.append((edge.source, spec))
            if any(spec is None for _, spec in sources):
                continue  # what feeds it was refused: that has been said
            try:
                result = self._node(name, graph, node, arriving, parameters or {})
            except Refused as refused:
                shapes.problems.append(self._problem(name, graph, node, refused, sources))
                continue
            if node.shares is not None and node.shares in shapes.nodes:
                refused = _unequal(shapes.nodes[node.shares], result, node)
                if refused:
                    shapes.problems.append(self._problem(name, graph, node, refused, sources))
                    continue
                result = NodeResult(result.outputs, (), result.flops)
            if result is not None:
                shapes.nodes[node_id] = result
        return shapes

    def _node(
        self,
        name: str,
        graph: Graph,
        node: Node,
        arriving: dict[str, list[Any]],
        parameters: dict[str, Any],
    ) -> NodeResult:
        made = owner(graph, node)
        ports = input_ports(self.project, node, graph)
        first = ports[0].name if ports else ""
        arriving = {port or first: specs for port, specs in arriving.items()}
        inputs = []
        for port in ports:
            specs = tuple(arriving.get(port.name, ()))
            if not specs and not port.optional and not port.many:
                raise Refused(f"has nothing at its input {port.name}", "Draw an edge to it.")
            inputs.append(specs if port.many else (specs[0] if specs else None))
        if made.op.startswith("block:"):
            return self._block(made, inputs, parameters)
        if made.op.startswith("code:"):
            raise Refused("is code, whose output shapes aren't known here")
        op = find(made.op)
        if op.rule is None:
            raise Refused(f"can't be inferred: Studio has no shape rule for {op.path} yet")
        values = resolve(made.params, parameters)
        for key, value in made.params.items():
            if references(value) and not op.params[key].accepts(values[key]):
                raise Refused(
                    f"gets {quoted(values[key])} as {key} from its block, and expects "
                    f"{op.params[key].expected()}"
                )
        args = Args(op.filled(values), folder=self.folder)
        if op.kind == "layer":
            inputs = [_cast(args, each) for each in inputs]
        result = op.rule(args, *inputs)
        if not isinstance(result, Result):  # a data stage has no weights: Elements, or several
            result = Result(result if isinstance(result, tuple) else (result,))
        names = op.outputs(op.filled(values))
        return NodeResult(
            dict(zip(names, result.outputs, strict=True)), result.weights, result.flops
        )

    def _block(self, node: Node, inputs: list[Any], parameters: dict[str, Any]) -> NodeResult:
        name = node.op[6:]
        block: Block = self.project.blocks[name]
        values = block.parameters | resolve(node.params, parameters)
        if node.repeat > 1 and (len(block.inputs), len(block.outputs)) != (1, 1):
            raise Refused("can only be repeated with one input and one output")
        if self._level == self.MOST_LEVELS:
            raise Refused(f"is the block in more than {self.MOST_LEVELS} blocks")
        weights: list[Weight] = []
        flops: int | None = 0
        for turn in range(node.repeat):
            self._left -= len(block.nodes)
            if self._left < 0:
                raise Refused(f"unfolds to more than {self.MOST_NODES:,} nodes")
            given = dict(zip(block.inputs, inputs, strict=True))
            self._level += 1
            shapes = self.graph(f"block:{name}", block, given, values)
            self._level -= 1
            if shapes.problems:
                inside = shapes.problems[0]
                where = f" in its turn {turn + 1}" if node.repeat > 1 else ""
                raise Refused(
                    f'fails inside at "{inside.node}"{where}: {inside.message}', inside.hint
                )
            outputs = [shapes.at(end) for end in block.outputs]
            if any(spec is None for spec in outputs):
                raise Refused("has an output that nothing inside it gives")
            for result in shapes.nodes.values():
                weights.extend(result.weights)
                flops = None if None in (flops, result.flops) else flops + result.flops
            inputs = outputs
        names = output_ports(self.project, node, Graph(nodes={node.id: node}))
        return NodeResult(dict(zip(names, outputs, strict=True)), tuple(weights), flops)

    def _problem(
        self,
        name: str,
        graph: Graph,
        node: Node,
        refused: Refused,
        sources: list[tuple[str, Any]],
    ) -> Problem:
        what = owner(graph, node).op.rpartition(".")[2]
        given = ", ".join(f'"{source}" gives {spec}' for source, spec in sources)
        message = f"{what} {refused.message}" + (f"; {given}." if given else ".")
        code = getattr(refused, "code", "shape")
        place = place_of(name, graph, node.id)
        return Problem(ERROR, code, name, node.id, message, refused.hint, place)


def _cast(args: Args, given: Any) -> Any:
    if isinstance(given, tuple):
        return tuple(_cast(args, each) for each in given)
    return args.cast(given) if isinstance(given, Spec) else given


def _unequal(first: NodeResult, second: NodeResult, node: Node) -> Refused | None:
    """Why a layer can't be called here a second time with the weights it has."""
    for mine, own in zip(first.weights, second.weights, strict=False):
        if mine.shape != own.shape:
            return Refused(
                f'shares the weights of "{node.shares}", whose {mine.name} has shape '
                f"{mine.shape}, but its input here would need {own.shape}",
                f'Feed it the same number of features as "{node.shares}".',
            )
    return None


def place_of(name: str, graph: Graph, node: str) -> str:
    """Where a node stands in the file: `model.nodes[3] "conv2"`."""
    head = name.replace("block:", "blocks.")
    index = next((i for i, each in enumerate(graph.nodes) if each == node), None)
    return f"{head}.nodes[{index}] {quoted(node)}" if index is not None else head


def op_of(project: Project, graph: Graph, node: Node) -> Op | None:
    """The catalogue's description of what a node calls; None for blocks, code and the unknown."""
    made = owner(graph, node)
    return find(made.op) if made is not None and made.op is not None else None
