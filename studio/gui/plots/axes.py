"""The two axes of a plot: few numbers, well apart, and a quiet grid."""

from __future__ import annotations

import pyqtgraph as pg

from studio.gui.look.theme import mono, theme
from studio.gui.plots.ticks import along_text, clock, linear, logarithmic, value_text

WIDTH = 56
"""Pixels at the left of each plot: the same, so that plots below one another are aligned."""

APART, APART_ALONG = 20, 60
"""Pixels from one number to the next, at least."""


class _Axis(pg.AxisItem):
    def __init__(self, side: str):
        super().__init__(side)
        self.setZValue(-1)  # the lines of the grid are its
        self.setStyle(tickFont=mono(11), tickLength=0, tickTextOffset=6, maxTickLevel=0)
        self.enableAutoSIPrefix(False)

    def colour(self) -> None:
        """Takes the colours of the theme."""
        for set_pen in (self.setPen, self.setTickPen):
            set_pen(pg.mkPen(theme.color("hairline")))
        self.setTextPen(pg.mkPen(theme.color("muted")))


class ValueAxis(_Axis):
    """At the left: values, in their unit."""

    def __init__(self, unit: str = ""):
        super().__init__("left")
        self.unit = unit
        self.log = False
        self.setWidth(WIDTH)
        self.setGrid(255)

    def tickValues(self, minVal, maxVal, size):  # noqa: N803
        most = max(2, int(size // APART))
        return [(logarithmic if self.log else linear)(minVal, maxVal, most)]

    def tickStrings(self, values, scale, spacing):
        if self.log:
            values = [10.0**value for value in values]
            return [value_text(value, min(value, spacing), self.unit) for value in values]
        return [value_text(value, spacing, self.unit) for value in values]


class AlongAxis(_Axis):
    """At the bottom: epochs, steps or time."""

    def __init__(self) -> None:
        super().__init__("bottom")
        self.kind = "epoch"

    def tickValues(self, minVal, maxVal, size):  # noqa: N803
        most = max(2, int(size // APART_ALONG))
        if self.kind == "time":
            return [clock(minVal, maxVal, most)]
        return [linear(minVal, maxVal, most, whole=self.kind == "step")]

    def tickStrings(self, values, scale, spacing):
        return [along_text(value, self.kind, spacing) for value in values]
