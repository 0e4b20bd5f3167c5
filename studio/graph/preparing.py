"""What becomes of new rows on their way into the model: the stages of the data, but not all.

Rows that are to be predicted are parsed, scaled and put together as those of the training were;
they are not split, mixed, repeated, cached or left out, and nobody knows their label.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from studio.graph.bypass import through
from studio.graph.catalogue.registry import find
from studio.graph.document import DataGraph, Node, Project, is_call
from studio.graph.elements import Elements, Nested, Structure
from studio.graph.later_maps import RANDOM
from studio.graph.problems import StudioError, quoted
from studio.graph.shapes import Shapes
from studio.graph.wiring import upstream, wire

ROWS = "rows"
"""The only output of the data graph that prepares rows."""

MANY = 1 << 30
"""A batch of so many holds all rows there are."""

_D = "tf.data.Dataset"
_LEFT_OUT = frozenset(
    {"studio.data.split", "tf.data.experimental.assert_cardinality"}
    | {"tf.data.experimental.service.distribute"}
    | {f"{_D}.{name}" for name in ("shuffle", "repeat", "cache", "prefetch", "take", "skip")}
    | {f"{_D}.{name}" for name in ("shard", "filter", "take_while", "with_options", "snapshot")}
    | {f"{_D}.{name}" for name in ("ignore_errors", "unique", "rebatch")}
)
_BATCHES = frozenset(f"{_D}.{name}" for name in ("batch", "padded_batch", "ragged_batch"))


class Preparing(Struct, frozen=True):
    """How rows of the source become what the model takes.

    The data graph of `project` has the one output "rows", behind the stages that rows go through,
    all of them in one batch. `rows` is what a row of the source is without what only training
    needs: its label, its weight, and, of named parts, those that are `unknown`.
    """

    project: Project
    source: str
    rows: Structure
    unknown: tuple[str, ...] = ()


def preparing(project: Project, shapes: Mapping[str, Shapes]) -> Preparing:
    """How new rows are prepared for a project's model.

    Raises StudioError, which says why, where there is no one kind of row: several sources, or a
    stage that can't be gone through again.
    """
    graph = project.data
    split = next((s for s in ("test", "validation", "train") if graph and s in graph.outputs), None)
    if split is None or "data" not in shapes:
        raise StudioError("The project has no data, so it isn't known what a row of them is.")
    end = graph.outputs[split]
    nodes = {name: _as_prepared(node) for name, node in graph.nodes.items()}
    whole = through(project, replace(graph, nodes=nodes, outputs={ROWS: end}))
    if not whole.outputs:
        raise StudioError(f"Nothing feeds {quoted(end)}.")
    wiring = wire(whole)
    used = upstream(wiring, [whole.outputs[ROWS].partition(".")[0]])
    order = [name for name in wiring.order if name in used]
    sources = [name for name in order if find(whole.nodes[name].op).kind == "source"]
    if len(sources) != 1:
        names = " and ".join(map(quoted, sources))
        raise StudioError(
            f"The data are brought together from {names}, so there is no one kind of row."
        )
    for name in order:
        if len(wiring.incoming[name]) > 1:
            raise StudioError(f"{quoted(name)} brings several parts of the data together.")
    elements = shapes["data"].at(sources[0])
    if not isinstance(elements, Elements) or _nested(elements.structure):
        raise StudioError(f"It isn't known what leaves {quoted(sources[0])}.")
    first = order[1] if len(order) > 1 else None
    rows, unknown = _without_labels(elements.structure, whole.nodes[first] if first else None)
    kept = {name: whole.nodes[name] for name in order}
    edges = tuple(e for e in whole.edges if e.source_node in used and e.target_node in used)
    cut = DataGraph(kept, edges, outputs=whole.outputs)
    return Preparing(replace(project, data=cut), sources[0], rows, unknown)


def _as_prepared(node: Node) -> Node:
    """A stage as new rows go through it."""
    if node.op in _LEFT_OUT or _draws(node):
        return replace(node, bypass=True)
    if node.op in _BATCHES:
        dropped = ("drop_remainder",)
        params = {name: value for name, value in node.params.items() if name not in dropped}
        return replace(node, params=params | {"batch_size": MANY})
    return node


def _draws(node: Node) -> bool:
    function = node.params.get("function")
    return is_call(function) and function["op"] in RANDOM


def _nested(structure: Structure) -> bool:
    if isinstance(structure, (dict, tuple)):
        parts = structure.values() if isinstance(structure, dict) else structure
        return any(map(_nested, parts))
    return isinstance(structure, Nested)


def _without_labels(structure: Structure, first: Node | None) -> tuple[Structure, tuple[str, ...]]:
    """A row without its label, and the named parts that are only labels or weights."""
    several = isinstance(structure, tuple)
    features = structure[0] if several else structure
    function = first.params.get("function") if first is not None else None
    arranged = is_call(function) and function["op"] == "studio.map.arrange"
    if not isinstance(features, dict) or not arranged:
        return features, ()
    paths = function.get("params", {}).get("features", {}).values()
    inside = [path[1:] for path in paths if path[:1] == [0]] if several else list(paths)
    if not all(inside):  # all of them are handed on at once
        return features, ()
    needed = {path[0] for path in inside}
    rows = {name: part for name, part in features.items() if name in needed}
    return rows, tuple(name for name in features if name not in needed)
