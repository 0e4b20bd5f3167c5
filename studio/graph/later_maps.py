"""A data graph in which what mixes elements comes before what maps them: the same elements, sooner.

Mixing needs all elements before it gives the first; mapped behind it, only
those are mapped that are looked at. It is for looking at data, not for
training, where a cache keeps what was mapped.
"""

from __future__ import annotations

from msgspec.structs import replace

from studio.graph.document import DataGraph, Edge, Node, is_call

RANDOM = ("studio.map.augment",)


def maps_later(graph: DataGraph) -> DataGraph:
    """Puts each map that always gives the same behind the shuffles and splits that follow it.

    Caches in memory before these are left out: they change no element. Only chains are changed,
    of which each stage feeds one other; bypassed stages must be gone.
    """
    for name in list(graph.nodes):
        if _kind(graph.nodes[name]) in ("shuffle", "split"):
            graph = _later(graph, name)
    return graph


def _kind(node: Node) -> str:
    return str(node.op).rpartition(".")[2]


def _later(graph: DataGraph, mixer: str) -> DataGraph:
    """The maps of the chain before one shuffle or split, behind it."""
    chain = _chain(graph, mixer)
    maps = [node for node in chain if _kind(node) == "map"]
    if not maps:
        return graph
    gone = {node.id for node in chain}
    before = next(edge for edge in graph.edges if edge.target_node == chain[0].id)
    nodes = {name: node for name, node in graph.nodes.items() if name not in gone}
    edges = [e for e in graph.edges if e.target_node not in gone and e.source_node not in gone]
    edges.append(Edge(before.source, mixer))
    outputs = dict(graph.outputs)
    ends = [e.source for e in graph.edges if e.source_node == mixer]
    ends += [end for end in outputs.values() if end.partition(".")[0] == mixer]
    for end in dict.fromkeys(ends):
        last = end
        for each in maps:
            copy = replace(each, id=_free(nodes, each.id))
            nodes[copy.id] = copy
            edges.append(Edge(last, copy.id))
            last = copy.id
        behind = edges[len(edges) - len(maps) :]
        led = [replace(e, source=last) if e.source == end and e not in behind else e for e in edges]
        edges = led
        outputs = {key: last if value == end else value for key, value in outputs.items()}
    return replace(graph, nodes=nodes, edges=tuple(edges), outputs=outputs)


def _chain(graph: DataGraph, mixer: str) -> list[Node]:
    """The stages right before a mixing one that may come behind it, in order."""
    found: list[Node] = []
    name = mixer
    while True:
        fed = [edge for edge in graph.edges if edge.target_node == name]
        if len(fed) != 1:
            return found
        name = fed[0].source_node
        feeds = [edge for edge in graph.edges if edge.source_node == name]
        if len(feeds) != 1 or not moves(graph.nodes[name]):
            return found
        found.insert(0, graph.nodes[name])


def moves(node: Node) -> bool:
    """Whether a stage does the same to an element wherever that stands."""
    if _kind(node) in ("cache", "prefetch"):
        return not node.params.get("filename")
    function = node.params.get("function")
    if _kind(node) != "map" or not is_call(function):
        return False
    op = str(function["op"])
    steady = node.params.get("deterministic") is not False
    return op.startswith("studio.map.") and op not in RANDOM and steady


def _free(nodes: dict[str, Node], wish: str) -> str:
    name, number = wish, 2
    while name in nodes:
        name, number = f"{wish}_{number}", number + 1
    return name
