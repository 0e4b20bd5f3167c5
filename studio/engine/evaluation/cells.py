"""Some samples of each cell of a confusion matrix, to be looked at beside the figures."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from studio.engine.evaluated import EACH
from studio.engine.evaluation.features import scaled, smaller, words
from studio.engine.evaluation.json_values import finite

WRONG, RIGHT = 1500, 500
"""Samples of an output that are kept in all: in cells beside the diagonal, and in those on it."""

SIDE = 64
"""Pixels that a kept picture is high or wide, at most."""


class Cells:
    """The first samples that a pass meets of each cell.

    The first and not the worst: to keep the worst of each would mean to hold the features of
    all that might yet be among them.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[int, int], list[dict[str, Any]]] = {}
        self._room = {False: WRONG, True: RIGHT}

    def offer(
        self,
        true: np.ndarray,
        other: np.ndarray,
        losses: np.ndarray,
        describe: Callable[[int], dict[str, Any]],
        right: Callable[[int, int], bool],
    ) -> None:
        """Takes those of a batch for whose cell there is room; only those are described.

        `true` and `other` number the cell of each position of a sample, (n, positions), -1 where
        it doesn't count: a sample is in the cell of each of its positions, once.
        """
        pairs = np.stack([true, other], -1)
        for cell in np.unique(pairs.reshape(-1, 2), axis=0):
            key = int(cell[0]), int(cell[1])
            if key[0] < 0:
                continue
            is_right = right(*key)
            room = min(EACH - len(self._kept.get(key, ())), self._room[is_right])
            if room <= 0:
                continue
            there = np.flatnonzero((pairs == cell).all(-1).any(1))[:room]
            self._room[is_right] -= len(there)
            kept = self._kept.setdefault(key, [])
            kept += [_small(describe(int(at)), float(losses[at])) for at in there]

    def samples(self) -> list[dict[str, Any]]:
        """All that are kept."""
        return [sample for kept in self._kept.values() for sample in kept]

    def write(self, output: str, place: Path) -> str | None:
        """Writes them, a line of JSON a cell; the name of the file, None where there are none.

        The pictures of all cells are scaled alike, and stand in it as PNG.
        """
        samples = self.samples()
        if not samples:
            return None
        _encode(samples)
        name = "-".join([*words(output), "samples.jsonl"])
        with (place / name).open("wb") as file:
            for cell, kept in sorted(self._kept.items()):
                worst_first = sorted(kept, key=lambda each: -each["loss"])
                line = {"cell": cell, "samples": finite(worst_first)}
                file.write(msgspec.json.encode(line) + b"\n")
        return name


def _small(told: dict[str, Any], loss: float) -> dict[str, Any]:
    told.pop("pictures", None)
    for each in told["features"].values():
        if "array" in each:
            each["array"] = smaller(each["array"], SIDE)
    return told | {"loss": loss}


def _encode(samples: list[dict[str, Any]]) -> None:
    """Puts a PNG in the place of each picture's pixels."""
    for name in samples[0]["features"]:
        found = [each["features"][name] for each in samples]
        found = [each for each in found if "array" in each]
        if found:
            import tensorflow as tf
        for each, image in zip(found, scaled([e.pop("array") for e in found]), strict=True):
            each["png"] = base64.b64encode(tf.io.encode_png(image).numpy()).decode()
