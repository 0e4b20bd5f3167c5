"""From the layers of a model that trains back to the nodes of the project."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from studio.graph.document import Graph, Project
from studio.graph.wiring import wire

Place = tuple[str, str]
"""(graph, node), as problems have it."""

BLOCK = "block:"


def place_of(
    project: Project, path: Sequence[str], named: Mapping[str, Place] = MappingProxyType({})
) -> Place | None:
    """The node that a layer is of, by its name and those of the layers it is in, outermost first.

    The innermost that is known counts: a layer within a ready-made model is that model's node.
    `named` has the nodes whose names Keras has made: see `operations`.
    """
    found, graph = None, project.model
    name_of_graph = "model"
    for name in path:
        if name in named:
            return named[name]
        here = _here(project, graph, name_of_graph, name)
        if here is None:
            continue
        found = here
        # In a model written as a class, a block is a layer with its nodes inside.
        node = project.graphs()[here[0]].nodes[here[1]]
        if node.op and node.op.startswith(BLOCK):
            name_of_graph = node.op
            graph = project.graphs()[name_of_graph]
    return found


def _here(project: Project, graph: Graph | None, called: str, name: str) -> Place | None:
    """The node of a graph, or of a block in it, whose layer has a name."""
    if graph is None:
        return None
    if name in graph.nodes:
        return called, name
    for node in graph.nodes.values():
        if not (node.op and node.op.startswith(BLOCK)):
            continue
        number = r"(?:_\d+)?" if node.repeat > 1 else ""
        match = re.fullmatch(rf"{re.escape(node.id)}{number}(?:_(.+))?", name)
        if match is None:
            continue
        inner = match[1] and _here(project, project.graphs().get(node.op), node.op, match[1])
        return inner or (called, node.id)
    return None


OPS = "keras.ops."


def operations(project: Project, model: Any) -> dict[str, Place]:
    """The nodes that are functions, by the names that Keras has given to their operations.

    Of a function that stands several times the names are in the order in which they were made.
    """
    wanted: dict[str, list[Place]] = {}
    for place, op in _functions(project, "model"):
        wanted.setdefault(_plain(op.rpartition(".")[2]), []).append(place)
    made: dict[str, list[str]] = {}
    for each in getattr(model, "operations", ()):
        made.setdefault(_plain(type(each).__name__), []).append(each.name)
    found: dict[str, Place] = {}
    for function, places in wanted.items():
        names = sorted(made.get(function, ()), key=_number)
        if len(names) == len(places):
            found |= dict(zip(names, places, strict=True))
    return found


def _functions(project: Project, called: str) -> Iterator[tuple[Place, str]]:
    """The nodes of a graph that are functions, those in its blocks among them, as they are made."""
    graph = project.graphs().get(called)
    for name in wire(graph).order if graph is not None else ():
        node = graph.nodes[name]
        if node.op and node.op.startswith(OPS):
            yield (called, name), node.op
        elif node.op and node.op.startswith(BLOCK):
            for _ in range(node.repeat):
                yield from _functions(project, node.op)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _number(name: str) -> int:
    """log, log_1, log_2, ..."""
    match = re.search(r"_(\d+)$", name)
    return int(match[1]) if match else 0
