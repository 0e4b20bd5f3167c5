"""From the layers of a model that trains back to the nodes of the project."""

from __future__ import annotations

import re
from collections.abc import Sequence

from studio.graph.document import Graph, Project

Place = tuple[str, str]
"""(graph, node), as problems have it."""

BLOCK = "block:"


def place_of(project: Project, path: Sequence[str]) -> Place | None:
    """The node that a layer is of, by its name and those of the layers it is in, outermost first.

    The innermost that is known counts: a layer within a ready-made model is that model's node.
    """
    found, graph = None, project.model
    name_of_graph = "model"
    for name in path:
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
