"""Rows that are trained on and tested with too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from studio.graph.catalogue import types
from studio.graph.checks.advice.context import Context
from studio.graph.checks.advice.registry import Finding, advice
from studio.graph.checks.advice.view import View
from studio.graph.problems import quoted
from studio.graph.tables import resolve_path

Way = tuple[Any, ...]
"""From a source on: what it reads, then each split's id with the part taken of it."""

_CHOOSING = frozenset({"take", "skip", "shard", "filter", "take_while"})
"""Stages behind which it isn't known here which rows are left."""


@advice("shared-rows")
def shared_rows(context: Context) -> Iterator[Finding]:
    """The validation or the test has a source of its own, which reads the same file as that of
    the training, or draws the same rows. Its numbers then tell how well the model remembers, not
    how well it does with what it has never seen. Read the data once, put studio.data.split behind
    the source, and take its parts.
    """
    data = context.data
    if data is None or "train" not in data.graph.outputs:
        return
    trained = _ways(context, data, data.graph.outputs["train"])
    for split in ("validation", "test"):
        end = data.graph.outputs.get(split)
        for source, way in _ways(context, data, end).items() if end is not None else ():
            twin = next((name for name, other in trained.items() if _share(way, other)), None)
            if twin is None or source in trained:  # of one source for both, seen-in-training tells
                continue
            yield Finding(
                source,
                f"gives rows for {split} that {quoted(twin)} gives for training, so {split} tells "
                "nothing of new data.",
                "Take the parts of one studio.data.split instead.",
                graph="data",
            )
            break


def _share(one: Way, other: Way) -> bool:
    """Whether one of the two is all of the other, or a part of it."""
    short = min(len(one), len(other))
    return one[:short] == other[:short]


def _ways(context: Context, data: View, end: str) -> dict[str, Way]:
    """Source -> the way from it to an end; sources of whose rows some are chosen are left out."""
    found: dict[str, Way] = {}
    todo: list[tuple[str, Way]] = [(end, ())]
    seen: set[tuple[str, Way]] = set()
    while todo:
        place, behind = todo.pop()
        if (place, behind) in seen:
            continue
        seen.add((place, behind))
        node, _, port = place.partition(".")
        if node not in data.graph.nodes or data.op(node) is None or data.kind(node) in _CHOOSING:
            continue
        if data.op(node).kind == "source":
            found[node] = (_read(context, data, node), *behind)
        if data.kind(node) == "split":
            behind = ((node, port or "train"), *behind)
        todo += [(edge.source, behind) for edge in data.wiring.incoming[node]]
    return found


def _read(context: Context, data: View, node: str) -> str:
    """What a source reads: its file, else its op with all that is set."""
    op, params = data.op(node), data.graph.nodes[node].params
    if op.name != "tfds":  # whose folder holds many datasets
        for name, param in op.params.items():
            value = params.get(name)
            if isinstance(param.type, types.Path) and isinstance(value, str):
                # A NumPy file may hold the arrays of several parts.
                array = params.get("features") if op.path == "studio.data.numpy" else None
                return f"{resolve_path(value, context.folder).absolute()} {array or ''}"
    return f"{op.path} {json.dumps(params, sort_keys=True)}"
