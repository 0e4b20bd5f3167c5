"""The stages of a proposed pipeline: sources, maps, a split, then a cache and batches."""

from __future__ import annotations

from collections.abc import Container
from enum import Enum
from pathlib import Path
from typing import Any

from studio.graph.catalogue.registry import find
from studio.graph.checks.advice.data import BUFFER, USUAL
from studio.graph.compose.names import fresh_id
from studio.graph.document import Call, Node
from studio.graph.elements import Elements, leaves
from studio.graph.looking.found import Found
from studio.graph.rule import Args
from studio.graph.spec import BYTES, Spec, product

PARTS = ("train", "validation", "test")
SHARE = 0.1
"""The part of the data for validation, and for the test."""
MANY, LARGE_BATCH = 20_000, 128
"""Elements from which on batches are larger."""
CACHED = 2**30
"""Bytes up to which a part is kept in memory."""
MIXED = 2**29
"""Bytes that a shuffle may hold."""
STRING = 64
"""Bytes that a text may have, and the words of an axis without a size."""
_NAMES = {
    "decode_image": "decode",
    "rescale": "scaled",
    "hash_words": "words",
    "fill_missing": "filled",
    "rename": "renamed",
    "add_channel": "with_channel",
    "to_features_and_label": "joined",
}


class Split(Enum):
    """How the parts come about."""

    SHARES = "shares"
    PARTS = "parts"
    NONE = "none"


class Pipeline:
    """Nodes and edges for what was found, with ids that are free; each at a column and a row.

    `elements` is what leaves the batches for training, `count` how many elements came in.
    Raises Refused where a source refuses its file.
    """

    def __init__(self, found: Found, folder: Path, taken: Container[str], name: str):
        self.nodes: list[Node] = []
        self.edges: list[tuple[str, str]] = []
        self.spots: dict[str, tuple[int, int]] = {}
        self.outputs: dict[str, str] = {}
        self.count: int | None = 0
        self.split = Split.PARTS
        self._found = found
        self._folder = folder
        self._taken = taken
        ends: dict[str, tuple[str, Elements, int]] = {}
        for part in ("", *PARTS):
            if part in found.sources:
                ends |= self._part(part, found.sources[part], name)
        train = ends["train"][1]
        self.batch_size = LARGE_BATCH if (self._about(train) or 0) >= MANY else USUAL
        for part in PARTS:
            if part in ends:
                self._batches(part, *ends[part])

    def _part(self, part: str, source: Call, name: str) -> dict[str, tuple[str, Elements, int]]:
        """A source and its maps, split where that is needed: part -> end, elements, row."""
        column = PARTS.index(part) - 1 if part else 0
        wish = f"{name}_{part}" if part else name
        end, elements = self._add(wish, source, (), column, 0)
        known = self.count is not None and elements.count is not None
        self.count = self.count + elements.count if known else None
        row = 1
        for function in self._found.maps:
            call = Call("tf.data.Dataset.map", {"function": _plain(function)})
            wish = _NAMES[function.op.rpartition(".")[2]]
            end, elements = self._add(wish, call, (end, elements), column, row)
            row += 1
        others = [each for each in PARTS[1:] if each not in self._found.sources]
        if part not in ("", "train") or not others or (part and "validation" not in others):
            return {part: (end, elements, row)}
        others = others if not part else ["validation"]
        shares = {each: _share(self._about(elements)) for each in others}
        if None in shares.values():
            self.split = Split.NONE if not part else Split.PARTS
            return {"train": (end, elements, row)}
        if not part:
            self.split = Split.SHARES
        end, parts = self._add(
            "split", Call("studio.data.split", shares), (end, elements), column, row
        )
        return {
            each: (f"{end}.{each}", made, row + 1)
            for each, made in zip(PARTS, parts, strict=True)
            if each == "train" or each in others
        }

    def _batches(self, part: str, end: str, elements: Elements, row: int) -> None:
        """What is behind a part: kept in memory, mixed for training, joined to batches."""
        column = 0 if self.split is Split.NONE else PARTS.index(part) - 1
        size, count = _bytes(elements), self._about(elements)
        # The test is gone through once: nothing is to be kept of it.
        if self._found.again and part != "test" and count and count * size <= CACHED:
            call = Call("tf.data.Dataset.cache")
            end, elements = self._add("cache", call, (end, elements), column, row)
            row += 1
        if part == "train":
            buffer = max(USUAL, min(count or BUFFER, BUFFER, MIXED // size))
            call = Call("tf.data.Dataset.shuffle", {"buffer_size": buffer})
            end, elements = self._add("shuffle", call, (end, elements), column, row)
            row += 1
        uneven = any(None in spec.shape and not spec.ragged for spec in _specs(elements))
        op = f"tf.data.Dataset.{'ragged_batch' if uneven else 'batch'}"
        call = Call(op, {"batch_size": self.batch_size})
        end, elements = self._add(part, call, (end, elements), column, row)
        self.outputs[part] = end
        if part == "train":
            self.elements = elements

    def _about(self, elements: Elements) -> int | None:
        return elements.count if elements.count is not None else self._found.about

    def _add(
        self, wish: str, call: Call, fed: tuple[str, Elements] | tuple[()], column: int, row: int
    ) -> tuple[str, Any]:
        """Adds a node and the edge to it; its id, and what its rule says leaves it."""
        op = find(call.op)
        given = fed[1:]
        made = op.rule(Args(op.filled(call.params), folder=self._folder), *given)
        name = fresh_id(_Both(self._taken, self.spots), wish)
        self.nodes.append(Node(name, call.op, params=call.params))
        self.spots[name] = (column, row)
        if fed:
            self.edges.append((fed[0], name))
        return name, made


class _Both:
    """The names of two containers."""

    def __init__(self, *parts: Container[str]):
        self._parts = parts

    def __contains__(self, name: object) -> bool:
        return any(name in part for part in self._parts)


def _plain(call: Call) -> dict[str, Any]:
    """A call as the value of a parameter."""
    return {"op": call.op, "params": call.params} if call.params else {"op": call.op}


def _share(count: int | None) -> float | int | None:
    """A tenth; of few elements, one; None where there are too few to give any away."""
    if count is not None and count < len(PARTS):
        return None
    return SHARE if count is None or int(SHARE * count) else 1


def _specs(elements: Elements) -> list[Spec]:
    return [spec for spec in leaves(elements.structure) if isinstance(spec, Spec)]


def _bytes(elements: Elements) -> int:
    """About how much memory an element takes."""
    return sum(
        (product(size or STRING for size in spec.shape) or 1)
        * (STRING if spec.dtype == "string" else BYTES[spec.dtype])
        for spec in _specs(elements)
    )
