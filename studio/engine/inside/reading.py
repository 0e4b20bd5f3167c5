"""The histograms of a run as they come: read from where one was before. Needs no TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from studio.engine.inside.place import HISTOGRAMS

MOST = 400
"""Steps whose histograms are kept: of more, each second is let go."""


class Bars(Struct, frozen=True):
    """A histogram at one step: how many values lie in each equal part from low to high."""

    step: int
    epoch: int
    low: float
    high: float
    counts: tuple[int, ...]


class _Line(Struct):
    step: int
    epoch: int
    activations: dict[str, dict[str, Any]] = {}
    weights: dict[str, dict[str, Any]] = {}


class Histograms:
    """Reads a run's histograms; `activations` and `weights` have them by the names of nodes."""

    def __init__(self, run: Path):
        self._path = run / HISTOGRAMS
        self._offset = 0
        self.version = 0
        """Another number once there is more."""
        self.activations: dict[str, list[Bars]] = {}
        self.weights: dict[str, list[Bars]] = {}

    def read(self, most: int = 1 << 19) -> bool:
        """Reads on, so many bytes at most; whether there may be more."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                content = file.read(most)
                if b"\n" not in content:
                    content += file.readline()
        except OSError:
            return False
        whole = content[: content.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            try:
                self._take(msgspec.json.decode(line, type=_Line))
            except (msgspec.DecodeError, KeyError, TypeError):
                continue  # a line that a crash cut short, or another program wrote
        return len(content) >= most

    def _take(self, line: _Line) -> None:
        self.version += 1
        pairs = ((self.activations, line.activations), (self.weights, line.weights))
        for kept, told in pairs:
            for key, each in told.items():
                bars = Bars(
                    line.step,
                    line.epoch,
                    float(each["low"]),
                    float(each["high"]),
                    tuple(each["counts"]),
                )
                rows = kept.setdefault(key, [])
                while rows and rows[-1].step >= bars.step:
                    rows.pop()  # it was resumed from before them
                rows.append(bars)
                if len(rows) > MOST:
                    del rows[1::2]


def rebinned(bars: Bars, low: float, high: float, bins: int) -> list[float]:
    """The shares of a histogram's values in equal parts of another range."""
    found = [0.0] * bins
    total = sum(bars.counts)
    if not total or high <= low:
        return found
    width = (bars.high - bars.low) / len(bars.counts)
    scale = bins / (high - low)
    for index, count in enumerate(bars.counts):
        if not count:
            continue
        left = (bars.low + index * width - low) * scale
        right = left + width * scale
        if right - left <= 1e-9:
            found[min(max(int(left), 0), bins - 1)] += count / total
            continue
        first, last = max(int(left), 0), min(int(right), bins - 1)
        for place in range(first, last + 1):
            part = min(right, place + 1) - max(left, place)
            if part > 0:
                found[place] += count / total * part / (right - left)
    return found
