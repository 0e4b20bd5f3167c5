"""Where a node's tensors come in and go out, and where the node stands in the file."""

from __future__ import annotations

from typing import Any

from studio.graph.catalogue.op import Op, Port
from studio.graph.catalogue.registry import find
from studio.graph.code import outline
from studio.graph.document import Block, Graph, Node, Project, is_reference, output_name, owner
from studio.graph.problems import ERROR, Problem, quoted


def op_of(graph: Graph, node: Node) -> Op | None:
    """The catalogue's description of what a node calls; None for blocks, code and the unknown."""
    made = owner(graph, node)
    return find(made.op) if made is not None and made.op is not None else None


def block_of(project: Project, graph: Graph, node: Node) -> Block | None:
    """The block that a node stands for; None where it stands for none that there is."""
    made = owner(graph, node)
    if made is None or made.op is None or not made.op.startswith("block:"):
        return None
    return project.blocks.get(made.op.removeprefix("block:"))


def input_ports(project: Project, node: Node, graph: Graph) -> tuple[Port, ...]:
    """The input ports of a node; none where its op isn't known."""
    made = owner(graph, node)
    if made is None or made.op is None:
        return ()
    if made.op.startswith("code:"):
        return _code_ports(project, made.op.removeprefix("code:"))
    block = block_of(project, graph, node)
    if block is not None:
        return tuple(map(Port, block.inputs))
    op = find(made.op)
    return op.inputs if op else ()


def takes_nothing(project: Project, node: Node, graph: Graph) -> bool:
    """Whether a node is known to have no input: an Input, a source, a block without one."""
    made = owner(graph, node)
    known = made is not None and (
        block_of(project, graph, node) is not None or find(made.op or "") is not None
    )
    return known and not input_ports(project, node, graph)


def _code_ports(project: Project, name: str) -> tuple[Port, ...]:
    """The tensors that the user's layer or function is called on, by its own signature."""
    code = project.code.get(name)
    names = outline(name, code).tensors if code is not None else ()
    if not names:
        return (Port("inputs", many=True, bare=True),)
    first, *others = names
    return (Port(first, many=True, bare=True), *(Port(each, optional=True) for each in others))


def output_ports(project: Project, node: Node, graph: Graph) -> tuple[str, ...]:
    """The names of a node's output ports; none where its op isn't known."""
    made = owner(graph, node)
    if made is None or made.op is None:
        return ()
    if made.op.startswith("code:"):
        name = made.op.removeprefix("code:")
        code = project.code.get(name)
        return outline(name, code).outputs if code is not None else ("output",)
    block = block_of(project, graph, node)
    if block is not None:
        return ("output",) if len(block.outputs) == 1 else tuple(map(output_name, block.outputs))
    op = find(made.op)
    if op is None:
        return ()
    tensors = sum(edge.target_node == node.id for edge in graph.edges) if op.each else 0
    return op.output_names(call_params(graph, node), tensors)


def call_params(graph: Graph, node: Node) -> dict[str, Any]:
    """The parameters of a node's call: its layer's, and those of this call of it alone."""
    made = owner(graph, node)
    if made is node or made is None or made.op is None:
        return node.params
    op = find(made.op)
    others = op.of_call(made.params) if op is not None else ()
    return {key: value for key, value in made.params.items() if key not in others} | node.params


def place_of(name: str, graph: Graph, node: str) -> str:
    """Where a node stands in the file: `model.nodes[3] "conv2"`."""
    head = name.replace("block:", "blocks.")
    index = next((i for i, each in enumerate(graph.nodes) if each == node), None)
    return f"{head}.nodes[{index}] {quoted(node)}" if index is not None else head


def problem_at(
    name: str, graph: Graph, node: str, code: str, message: str, hint: str, severity: str = ERROR
) -> Problem:
    """A problem of a node; its place is looked up, which is worth it only now."""
    return Problem(severity, code, name, node, message, hint, place_of(name, graph, node))


def resolve(value: Any, parameters: dict[str, Any]) -> Any:
    """A parameter's value with {"$": name} replaced by the block's parameter."""
    if is_reference(value):
        return parameters.get(value["$"])
    if isinstance(value, dict):
        return {key: resolve(item, parameters) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, parameters) for item in value]
    return value
