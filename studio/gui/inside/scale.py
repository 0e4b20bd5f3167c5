"""The colours of a scale from little to much, and the figures that nodes glow with."""

from __future__ import annotations

import math
from typing import Any

from msgspec import Struct
from PySide6.QtGui import QColor

from studio.gui.look.tokens import HEAT

STEPS = 32
"""Colours of the scale: a node is painted anew only where it has another one of them."""


class Measure(Struct, frozen=True):
    """A figure of a node that it can glow with."""

    id: str
    title: str
    part: str
    name: str
    logarithmic: bool = True

    def of(self, event: dict[str, Any]) -> dict[str, float]:
        """The figure by the names of nodes, where it is a finite number."""
        part = event.get(self.part) or {}
        values = part.get("nodes", {}) if self.part == "gradients" else part
        found = {}
        for key, value in values.items():
            value = value.get(self.name) if isinstance(value, dict) else value
            if isinstance(value, (int, float)) and math.isfinite(value):
                found[key] = float(value)
        return found


MEASURES = (
    Measure("gradients", "Gradient norm", "gradients", ""),
    Measure("update", "Change of weights a step", "weights", "update"),
    Measure("spread", "Spread of activations", "activations", "std"),
    Measure("zeros", "Zeros in activations", "activations", "zeros", logarithmic=False),
)


class Range(Struct):
    """The range of a scale; it only widens, so that a colour stays what it means."""

    low: float = math.inf
    high: float = -math.inf

    def take(self, values: dict[str, float], logarithmic: bool) -> None:
        """Widens it to powers of ten round the values; a share goes from 0 to 1."""
        if not logarithmic:
            self.low, self.high = 0.0, 1.0
            return
        found = [value for value in values.values() if value > 0]
        if found:
            self.low = min(self.low, 10.0 ** math.floor(math.log10(max(min(found), 1e-12))))
            self.high = max(self.high, 10.0 ** math.ceil(math.log10(min(max(found), 1e12))))
            if self.low == self.high:
                self.high *= 10

    def place(self, value: float, logarithmic: bool) -> float:
        """Where a value lies in it, from 0 to 1."""
        if not logarithmic:
            return min(max(value, 0.0), 1.0)
        if value <= self.low or not math.isfinite(self.low):
            return 0.0
        span = math.log10(self.high) - math.log10(self.low)
        return min((math.log10(value) - math.log10(self.low)) / span, 1.0)


def heat(level: float) -> QColor:
    """The colour of a place on the scale, from 0 to 1."""
    level = round(min(max(level, 0.0), 1.0) * STEPS) / STEPS
    place = level * (len(HEAT) - 1)
    index = min(int(place), len(HEAT) - 2)
    one, other, part = QColor(HEAT[index]), QColor(HEAT[index + 1]), place - index
    mixed = (
        round(a + (b - a) * part) for a, b in zip(one.getRgb()[:3], other.getRgb()[:3], strict=True)
    )
    return QColor(*mixed)
