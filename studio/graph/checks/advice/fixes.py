"""The edits that mends are made of: put a node in, take one out, change a call of the training."""

from __future__ import annotations

from typing import Any

from studio.graph.checks.advice.activations import KERNELS
from studio.graph.checks.advice.view import View
from studio.graph.document import Call, DataGraph, Node, Project
from studio.graph.edits import (
    AddNode,
    Connect,
    Disconnect,
    Edit,
    RemoveNodes,
    ResetParam,
    SetOutputs,
    SetParam,
    SetTraining,
    Several,
)

Point = tuple[float, float]


def step(title: str, *edits: Edit) -> Edit:
    """Edits as one step of the history, with a title that a person would give it."""
    return Several(edits, title)


def param(view: View, node: str, name: str, value: Any) -> Edit:
    """Sets a parameter of the layer that a node calls; None takes it back to its default."""
    made = view.made(node).id
    if value is None:
        return ResetParam(view.name, made, name)
    return SetParam(view.name, made, name, value)


def set_activation(view: View, node: str, name: str | None) -> Edit | None:
    """Gives the layer of a node another activation; None for none at all."""
    kind = view.kind(node)
    if not view.plain(node) or (kind != "Activation" and kind not in KERNELS):
        return None
    title = f"Set the activation of {node} to {name or 'none'}"
    value = name or ("linear" if kind == "Activation" else None)
    return step(title, param(view, node, "activation", value))


def insert(
    view: View, end: str, wish: str, op: str, *, only: str | None = None, **params: Any
) -> Edit | None:
    """Puts a new node behind an end, before all that it feeds, or before one node only.

    None where the end is also an output, which would be left without the new node.
    """
    edges = [
        (index, edge)
        for index, edge in enumerate(view.graph.edges)
        if edge.source == end and only in (None, edge.target_node)
    ]
    if not edges or (only is None and _outputs_with(view, end)) or _tangled(view):
        return None
    name = view.fresh(wish)
    first = end.partition(".")[0]
    node = Node(name, op, params=params, at=_between(view, first, edges[0][1].target_node))
    edits: list[Edit] = [AddNode(view.name, node, view.place[first] + 1)]
    for index, edge in edges:
        edits.append(Disconnect(view.name, edge.source, edge.target))
        edits.append(Connect(view.name, name, edge.target, index))
    edits.append(Connect(view.name, end, name, edges[0][0]))
    return step(f"Put {op.rpartition('.')[2]} behind {first}", *edits)


def remove(view: View, node: str) -> Edit | None:
    """Takes out a node with one input, and leads what fed it on to what it fed.

    None where that can't be done without a question: another node calls its
    layer, or losses and metrics go by its name.
    """
    fed = view.wiring.incoming[node]
    data = isinstance(view.graph, DataGraph)
    if len(fed) != 1 or not view.plain(node) or _tangled(view):
        return None
    if node in view.ends and not data:
        return None
    edits: list[Edit] = []
    for index, edge in enumerate(view.graph.edges):
        if edge.source_node == node:
            edits.append(Disconnect(view.name, edge.source, edge.target))
            edits.append(Connect(view.name, fed[0].source, edge.target, index))
    if node in view.ends:
        outputs = view.graph.outputs.items()
        led = {k: fed[0].source if end.partition(".")[0] == node else end for k, end in outputs}
        edits.append(SetOutputs(view.name, led))
    return step(f"Remove {node}", *edits, RemoveNodes(view.name, (node,)))


def swap(view: View, node: str) -> Edit | None:
    """Puts a node before the one that feeds it; both stand in a plain row."""
    other = view.before(node)
    first = view.wiring.incoming[other] if other is not None else ()
    if other is None or view.after(other) != node or len(first) != 1 or _tangled(view):
        return None
    lead, between = first[0], view.wiring.incoming[node][0]
    edits: list[Edit] = [
        Disconnect(view.name, lead.source, lead.target),
        Connect(view.name, lead.source, node, view.graph.edges.index(lead)),
        Disconnect(view.name, between.source, between.target),
        Connect(view.name, node, other, view.graph.edges.index(between)),
    ]
    for index, edge in enumerate(view.graph.edges):
        if edge.source_node == node:
            edits.append(Disconnect(view.name, edge.source, edge.target))
            edits.append(Connect(view.name, other, edge.target, index))
    if node in view.ends:
        if not isinstance(view.graph, DataGraph):
            return None
        outputs = view.graph.outputs.items()
        led = {k: other if end.partition(".")[0] == node else end for k, end in outputs}
        edits.append(SetOutputs(view.name, led))
    return step(f"Put {node} before {other}", *edits)


def changed(call: Call, **params: Any) -> Call:
    """A call with some parameters set; those that are None are left to their default."""
    merged = call.params | params
    return Call(
        call.op, {k: v for k, v in merged.items() if not (k in params and params[k] is None)}
    )


def set_loss(project: Project, output: str, call: Call, title: str) -> Edit:
    """Gives an output another loss."""
    return step(title, SetTraining("losses", project.training.losses | {output: call}))


def set_metric(project: Project, output: str, index: int, call: Call, title: str) -> Edit:
    """Puts another metric in the place of one."""
    own = list(project.training.metrics[output])
    own[index] = call
    return step(title, SetTraining("metrics", project.training.metrics | {output: tuple(own)}))


def set_callback(project: Project, index: int, call: Call | None, title: str) -> Edit:
    """Puts another callback in the place of one, or takes it out (None)."""
    all_ = list(project.training.callbacks)
    all_[index : index + 1] = [] if call is None else [call]
    return step(title, SetTraining("callbacks", tuple(all_)))


def _outputs_with(view: View, end: str) -> bool:
    outputs = view.graph.outputs
    return end in (outputs.values() if isinstance(view.graph, DataGraph) else outputs)


def _tangled(view: View) -> bool:
    """Whether an edge stands there twice, or leads nowhere: what to lead on isn't clear then."""
    edges = view.graph.edges
    lost = any(not {e.source_node, e.target_node} <= view.place.keys() for e in edges)
    return lost or len(set(edges)) < len(edges)


def _between(view: View, first: str, second: str) -> Point | None:
    a, b = view.graph.nodes[first].at, view.graph.nodes[second].at
    return None if a is None or b is None else ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
