"""Which times the nodes of a project are made in its model: those in a block once for each use."""

from __future__ import annotations

import re

from msgspec import Struct

from studio.engine.node_names import BLOCK, Place
from studio.graph.document import Graph, Node, Project, owner
from studio.graph.wiring import wire


class Instance(Struct, frozen=True):
    """One use of a graph: of the model its only one, of a block one for each time it is made.

    `prefix` is what its layers have before their names in the functional form: "stage1_2".
    """

    graph: str
    prefix: str = ""
    above: str = ""
    """The prefix of the graph that uses it."""


def op_of(graph: Graph, node: Node) -> str:
    """What a node calls, its owner's where it shares one; "" for none."""
    made = owner(graph, node)
    return (made.op if made is not None else node.op) or ""


def names_of(prefix: str, node: Node) -> list[str]:
    """What the uses of a block by one node are called, one for each repeat."""
    head = f"{prefix}_{node.id}" if prefix else node.id
    if node.repeat == 1:
        return [head]
    return [f"{head}_{number}" for number in range(1, node.repeat + 1)]


def instances(project: Project) -> list[Instance]:
    """Every use of every graph, the model first, those within a block behind it."""
    found: list[Instance] = []
    _gather(project, Instance("model"), found)
    return found


def _gather(project: Project, here: Instance, found: list[Instance]) -> None:
    found.append(here)
    graph = project.graph(here.graph)
    for name in wire(graph).order if graph is not None else ():
        node = graph.nodes[name]
        op = node.op or ""
        if op.startswith(BLOCK):
            for prefix in names_of(here.prefix, node):
                _gather(project, Instance(op, prefix, here.prefix), found)


def split(name: str, node: str) -> tuple[str, int]:
    """(what stands before a node's id in a name, the number of its repeat; 0 where it has none).

    "stage1_2_conv1" of conv1 is ("stage1_2", 0), "stage1_2" of stage1 is ("", 2).
    """
    match = re.fullmatch(rf"(?:(.*)_)?{re.escape(node)}(?:_(\d+))?", name)
    return ((match[1] or ""), int(match[2] or 0)) if match else ("", 0)


def key_of(place: Place) -> str:
    """A node's name in events: conv1, or block:residual/conv1."""
    graph, node = place
    return node if graph == "model" else f"{graph}/{node}"


def place_of_key(key: str) -> Place:
    """The graph and the node of a name in events."""
    graph, slash, node = key.rpartition("/")
    return (graph, node) if slash else ("model", node)
