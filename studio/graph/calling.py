"""One node's call, made ready for its shape rule; and what a layer refuses when called again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from studio.graph.catalogue.op import Op, Port
from studio.graph.catalogue.registry import find
from studio.graph.document import (
    Graph,
    Node,
    is_reference,
    owner,
    references,
)
from studio.graph.ports import (
    problem_at,
    resolve,
)
from studio.graph.problems import Problem, quoted
from studio.graph.rule import Args
from studio.graph.shapes import NodeResult, Shapes
from studio.graph.spec import Refused, Spec, shape_text
from studio.graph.wiring import Wiring

_NONE: Mapping[str, Spec] = {}


class Calling(Struct, frozen=True):
    """A node's call, ready for its rule: good while it and `made`, whose layer it calls, are."""

    node: Node
    made: Node
    op: Op
    args: Args
    outputs: tuple[str, ...]
    constants: dict[str, Spec]
    """Given in the place of tensors, by port."""


def inputs_of(
    ports: tuple[Port, ...], arriving: dict[str, list[Any]], constants: Mapping[str, Spec] = _NONE
) -> list[Any]:
    """What arrives at each port: a spec, a tuple of them where it takes many, None where free."""
    if "" in arriving and ports:
        arriving[ports[0].name] = arriving.pop("") + arriving.get(ports[0].name, [])
    inputs: list[Any] = []
    for port in ports:
        specs = arriving.get(port.name)
        if port.many:
            inputs.append(tuple(specs or ()))
        elif specs:
            inputs.append(specs[0])
        elif port.name in constants:
            inputs.append(constants[port.name])
        elif port.optional:
            inputs.append(None)
        else:
            raise Refused(f"has nothing at its input {port.name}", "Draw an edge to it.")
    return inputs


def resolved(path: str, params: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
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


def refusal(
    name: str, graph: Graph, node: Node, refused: Refused, sources: list[tuple[str, Any]]
) -> Problem:
    """What a rule's refusal says to a person: the op, what came in, what would mend it."""
    what = owner(graph, node).op.rpartition(".")[2]
    given = ", ".join(f'"{source}" gives {spec}' for source, spec in sources)
    message = f"{what} {refused.message}" + (f"; {given}." if given else ".")
    return problem_at(name, graph, node.id, "shape", message, refused.hint)


def cast(args: Args, given: Any) -> Any:
    """What arrives at a layer, floats in the dtype that it computes with."""
    if isinstance(given, tuple):
        return tuple(cast(args, each) for each in given)
    return args.cast(given) if isinstance(given, Spec) else given


def equal_weights(first: NodeResult, second: NodeResult, node: Node) -> None:
    """Refused where a layer can't be called here a second time with the weights it has."""
    for mine, own in zip(first.weights, second.weights, strict=False):
        if mine.shape != own.shape:
            raise Refused(
                f"shares the weights of {quoted(node.shares)}, whose {mine.name} has shape "
                f"{mine.shape}, but its input here would need {own.shape}",
                f"Feed it the same number of features as {quoted(node.shares)}.",
            )


def equal_images(graph: Graph, wiring: Wiring, shapes: Shapes, node: Node) -> None:
    """Refused where a ready-made model is called on others than the images it was built for."""
    op = find(owner(graph, node).op)
    if op is None or op.kind != "application":
        return
    first, second = (
        shapes.at(wiring.incoming[each][0].source).shape[1:] for each in (node.shares, node.id)
    )
    if first != second:
        raise Refused(
            f"shares {quoted(node.shares)}, which is built for images of {shape_text(first)}, "
            f"and is given some of {shape_text(second)}",
            f"Give it images of the same size as {quoted(node.shares)}.",
        )
