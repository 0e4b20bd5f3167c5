"""Who feeds whom in a graph, and in which order its nodes can be called."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import chain

from msgspec import Struct

from studio.graph.document import Edge, Graph


class Wiring(Struct, frozen=True):
    """The edges of a graph by node; edges that lead nowhere are left out."""

    incoming: dict[str, list[Edge]]
    outgoing: dict[str, list[Edge]]
    order: tuple[str, ...]
    """Every node behind the ones that feed it; those on a cycle, and behind it, are missing."""
    rank: dict[str, int]
    """The place of each node in `order`."""
    sharers: dict[str, list[str]]
    """The nodes that call a node's layer again."""
    fed: dict[str, list[str]]
    """The nodes that a node feeds."""
    feeds: dict[str, list[tuple[str, str, str]]]
    """What feeds a node: (source, its port, the port fed), the first port's name being empty."""


_REMEMBERED = 8
_wired: deque[tuple[Graph, Wiring]] = deque(maxlen=_REMEMBERED)


def wire(graph: Graph) -> Wiring:
    """The wiring of a graph; ties in the order are broken by the order of the file.

    The last ones are remembered: checks, advice, inference and printing ask for the same one,
    and most edits leave it as it was.
    """
    for known, wiring in reversed(tuple(_wired)):
        if known is graph or _wired_alike(known, graph):
            return wiring
    wiring = _wire(graph)
    _wired.append((graph, wiring))
    return wiring


def _wired_alike(one: Graph, other: Graph) -> bool:
    """Whether two graphs have the very same edges, between nodes of the same names."""
    if one.edges is not other.edges:
        return False
    if one.nodes is other.nodes:
        return True
    if list(one.nodes) != list(other.nodes):
        return False
    pairs = zip(one.nodes.values(), other.nodes.values(), strict=True)
    return all(a is b or a.shares == b.shares for a, b in pairs)


def _wire(graph: Graph) -> Wiring:
    incoming: dict[str, list[Edge]] = {name: [] for name in graph.nodes}
    outgoing: dict[str, list[Edge]] = {name: [] for name in graph.nodes}
    fed: dict[str, list[str]] = {name: [] for name in graph.nodes}
    feeds: dict[str, list[tuple[str, str, str]]] = {name: [] for name in graph.nodes}
    for edge in graph.edges:
        source, _, out = edge.source.partition(".")
        target, _, into = edge.target.partition(".")
        if source in incoming and target in incoming:
            incoming[target].append(edge)
            outgoing[source].append(edge)
            fed[source].append(target)
            feeds[target].append((source, out, into))
    # A shared node can only be called once the layer it shares has been made.
    waits = {name: len(edges) for name, edges in incoming.items()}
    sharers: dict[str, list[str]] = {}
    for name, node in graph.nodes.items():
        if node.shares is not None and node.shares in graph.nodes:
            waits[name] += 1
            sharers.setdefault(node.shares, []).append(name)
    order = [name for name, count in waits.items() if not count]
    for name in order:  # which grows meanwhile
        for follower in chain(fed[name], sharers.get(name, ())):
            waits[follower] -= 1
            if not waits[follower]:
                order.append(follower)
    rank = {name: index for index, name in enumerate(order)}
    return Wiring(incoming, outgoing, tuple(order), rank, sharers, fed, feeds)


def cycle(graph: Graph) -> list[str]:
    """The nodes of one cycle, in order; empty where there is none."""
    import networkx  # takes 0.2 s: only once it is known that there is a cycle

    directed = networkx.DiGraph()
    directed.add_edges_from((e.source_node, e.target_node) for e in graph.edges)
    directed.add_edges_from((n.shares, n.id) for n in graph.nodes.values() if n.shares)
    try:
        return [source for source, _ in networkx.find_cycle(directed)]
    except networkx.NetworkXNoCycle:
        return []


def upstream(wiring: Wiring, nodes: Iterable[str]) -> set[str]:
    """The nodes and all that feed them."""
    found, todo = set(), list(nodes)
    while todo:
        name = todo.pop()
        if name not in found and name in wiring.incoming:
            found.add(name)
            todo.extend(edge.source_node for edge in wiring.incoming[name])
    return found
