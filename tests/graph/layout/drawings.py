"""Graphs to lay out, and what can be seen in a layout."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from studio.graph.document import Edge, Graph, Node
from studio.graph.layout.layered import NODE, Layout


def graph(*chains: str) -> Graph:
    """The graph of chains of ids: "a b c"; a node of several chains is one."""
    nodes: dict[str, Node] = {}
    edges = []
    for chain in chains:
        ends = chain.split()
        for end in ends:
            name = end.partition(".")[0]
            nodes.setdefault(name, Node(name, op="keras.layers.Add"))
        edges += [Edge(a, b) for a, b in pairwise(ends)]
    return Graph(nodes, tuple(edges))


RESIDUAL = graph("x conv1 norm1 relu1 add1 conv2 norm2 relu2 add2 out", "x add1", "add1 add2")
UNET = graph("x e1 p1 e2 p2 mid u2 c2 u1 c1 out", "e1 c1", "e2 c2")
INCEPTION = graph("x a1 a2 a3 join y", "x b1 b2 join", "x c1 join", "x d1 join")
ATTENTION = graph("x norm q mix add out", "norm k mix", "norm v mix", "x add", "mask mix")


def overlaps(made: Layout, sizes: dict[str, tuple[float, float]]) -> list[tuple[str, str]]:
    """The pairs of nodes that lie on each other."""
    boxes = [(n, x, y, *sizes.get(n, NODE)) for n, (x, y) in made.places.items()]
    return [
        (a, b)
        for i, (a, x, y, w, h) in enumerate(boxes)
        for b, left, top, wide, high in boxes[:i]
        if x < left + wide and left < x + w and y < top + high and top < y + h
    ]


def lines(
    drawn: Graph, made: Layout, sizes: dict[str, tuple[float, float]]
) -> Iterator[tuple[Edge, list[tuple[float, float]]]]:
    """Every edge with its points, from the source's lower middle to the target's upper middle."""
    for index, edge in enumerate(drawn.edges):
        if edge.source_node in made.places and edge.target_node in made.places:
            (x, y), (w, h) = made.places[edge.source_node], sizes.get(edge.source_node, NODE)
            (left, top), (wide, _) = (
                made.places[edge.target_node],
                sizes.get(edge.target_node, NODE),
            )
            yield edge, [(x + w / 2, y + h), *made.routes.get(index, ()), (left + wide / 2, top)]
