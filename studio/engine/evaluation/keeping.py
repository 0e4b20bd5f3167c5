"""What is kept of a pass over the data: counts, a sample of its numbers, and the worst samples."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappush, heapreplace
from itertools import count
from typing import Any

import numpy as np

MOST = 10_000_000
"""Numbers of an output that are kept at most; of more, a random sample of so many."""

WORST = 25
"""Samples of the highest loss that are told."""

FOLDED = 4_000_000
"""Pairs that wait until they are counted."""


class Misfit(Exception):  # noqa: N818  (it is an answer)
    """Why an output can't be held against its labels, as a whole sentence."""


class Sample:
    """Rows of numbers: all of them, or a random sample where they are more than there is room.

    Each row gets a random key, and those with the smallest keys stay: so every row has the same
    chance, wherever in the pass it comes, and the same rows stay each time.
    """

    def __init__(self, width: int, dtype: str = "float32"):
        self.limit = max(1, MOST // width)
        self.seen = 0
        self._random = np.random.default_rng(0)
        self._parts: list[tuple[np.ndarray, np.ndarray]] = []
        self._kept = 0
        self._dtype = dtype
        self._width = width

    def take(self, rows: np.ndarray) -> None:
        """Takes rows of the shape (n, width)."""
        self._parts.append((self._random.random(len(rows)), rows.astype(self._dtype)))
        self.seen += len(rows)
        self._kept += len(rows)
        if self._kept > 2 * self.limit:
            self._thin()

    def _thin(self) -> None:
        keys, rows = (np.concatenate(each) for each in zip(*self._parts, strict=True))
        if len(keys) > self.limit:
            stay = np.sort(np.argpartition(keys, self.limit)[: self.limit])
            keys, rows = keys[stay], rows[stay]
        self._parts, self._kept = [(keys, rows)], len(keys)

    def rows(self) -> np.ndarray:
        """What is kept, in the order in which it came: (n, width)."""
        if not self._parts:
            return np.empty((0, self._width), self._dtype)
        self._thin()
        return self._parts[0][1]

    def about(self) -> dict[str, int]:
        """`sampled`, where not all is kept: of how many rows the figures are."""
        return {"sampled": self.limit} if self.seen > self.limit else {}


class Pairs:
    """How often each true class was predicted as each other, exactly, whatever their number."""

    def __init__(self, classes: int):
        self.classes = classes
        self._codes = np.empty(0, "int64")
        self._counts = np.empty(0, "int64")
        self._waiting: list[np.ndarray] = []
        self._held = 0

    def take(self, true: np.ndarray, predicted: np.ndarray) -> None:
        """Takes numbers of classes, of the shape (n,) each."""
        self._waiting.append(true.astype("int64") * self.classes + predicted)
        self._held += len(true)
        if self._held > FOLDED:
            self._fold()

    def _fold(self) -> None:
        codes = np.concatenate([self._codes, *self._waiting])
        ones = np.ones(len(codes) - len(self._codes), "int64")
        weights = np.concatenate([self._counts, ones])
        self._codes, where = np.unique(codes, return_inverse=True)
        self._counts = np.zeros(len(self._codes), "int64")
        np.add.at(self._counts, where, weights)
        self._waiting, self._held = [], 0

    def found(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """True classes, predicted ones, and how often each pair came: (pairs,) each."""
        self._fold()
        return self._codes // self.classes, self._codes % self.classes, self._counts


class Worst:
    """The samples of the highest loss."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, dict[str, Any]]] = []
        self._order = count(0, -1)  # of equal ones the first stay

    def offer(self, losses: np.ndarray, describe: Callable[[int], dict[str, Any]]) -> None:
        """Takes those of a batch that are among the worst; only those are described."""
        for at in np.argsort(-losses, kind="stable")[:WORST]:
            loss = float(losses[at])
            if len(self._heap) < WORST:
                heappush(self._heap, (loss, next(self._order), describe(int(at))))
            elif loss > self._heap[0][0]:
                heapreplace(self._heap, (loss, next(self._order), describe(int(at))))
            else:
                break

    def samples(self) -> list[dict[str, Any]]:
        """What was said of them, in no order."""
        return [about for _, _, about in self._heap]

    def found(self) -> list[dict[str, Any]]:
        """What was said of them, the worst first, each with its `loss`."""
        ordered = sorted(self._heap, key=lambda each: (-each[0], -each[1]))
        return [about | {"loss": loss} for loss, _, about in ordered]
