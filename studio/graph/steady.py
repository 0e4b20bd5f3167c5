"""Which stages of a data graph give the same elements however often they are gone through.

What they have made can be kept while data is looked at, stage after stage.
"""

from __future__ import annotations

from collections.abc import Iterable

from studio.graph.catalogue.registry import find
from studio.graph.document import DataGraph, Node
from studio.graph.later_maps import moves
from studio.graph.wiring import Wiring, upstream, wire

PASSING = ("zip", "concatenate", "take", "skip", "repeat", "enumerate", "prefetch")
PASSING += ("batch", "padded_batch", "ragged_batch", "unbatch")
DOWNLOADED = ("keras.datasets.", "studio.data.tfds")
GENERATOR = "tf.data.Dataset.from_generator"


def steady(graph: DataGraph) -> list[str]:
    """The stages that always give the same, and are fed by none that doesn't, in order.

    A generator of the user's own is one where its elements are mixed later, so that
    they are kept; nobody knows what it would give another time.
    """
    wiring, found = wire(graph), []
    kept = set(mixed(graph))
    for name in wiring.order:
        node = graph.nodes[name]
        fed = [edge.source_node for edge in wiring.incoming[name]]
        if all(each in found for each in fed) and _steady(node, name in kept):
            found.append(name)
    return found


def mixed(graph: DataGraph) -> list[str]:
    """The stages whose elements are all needed before the first can be shown.

    These feed a split or a shuffle, or are the generators that do so by way of other stages.
    """
    wiring = wire(graph)
    mixers = [name for name, node in graph.nodes.items() if _kind(node) in ("split", "shuffle")]
    feeding = {edge.source_node for name in mixers for edge in wiring.incoming[name]}
    feeding |= set(_generators(graph, wiring, mixers))
    # Of a split, what feeds it is kept.
    return [
        name for name, node in graph.nodes.items() if name in feeding and _kind(node) != "split"
    ]


def only_whole(graph: DataGraph) -> list[str]:
    """The stages that are kept only with all of their elements."""
    return [
        name for name, node in graph.nodes.items() if node.op == GENERATOR or _kind(node) == "cache"
    ]


def _generators(graph: DataGraph, wiring: Wiring, mixers: Iterable[str]) -> Iterable[str]:
    return (name for name in upstream(wiring, mixers) if graph.nodes[name].op == GENERATOR)


def _kind(node: Node) -> str:
    return str(node.op).rpartition(".")[2]


def _steady(node: Node, kept: bool) -> bool:
    op = find(node.op or "")
    if op is not None and op.kind == "source":
        return not str(node.op).startswith(DOWNLOADED) and (node.op != GENERATOR or kept)
    if _kind(node) == "shuffle":
        return (
            node.params.get("reshuffle_each_iteration") is False
            and node.params.get("seed") is not None
        )
    return _kind(node) in ("split", *PASSING) or moves(node)
