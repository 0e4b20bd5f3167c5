"""Errors of values: how they are spread, and predicted against true."""

from __future__ import annotations

import math
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from studio.engine.figures import number
from studio.gui.look.theme import theme
from studio.gui.trained.chart import Chart
from studio.gui.trained.told import numbers_of

NEAR = 24
"""Pixels from which on a point is not meant."""


class ResidualsView(QWidget):
    """A histogram of predicted less true, and the points themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.edges: list[float] = []
        self.counts: list[float] = []
        self.points: list[list[float]] = [[], []]
        self.spread = Chart("Residuals: predicted less true", "residual", "samples")
        self.against = Chart("Predicted against true", "true", "predicted")
        self._bars = pg.BarGraphItem(x0=[], x1=[], height=[])
        self._none = pg.InfiniteLine(0, angle=90)
        self.spread.plot.addItem(self._bars)
        self.spread.plot.addItem(self._none, ignoreBounds=True)
        self._dots = pg.ScatterPlotItem(size=6, pxMode=True)
        self._alike = pg.PlotCurveItem()
        self.against.plot.addItem(self._alike)
        self.against.plot.addItem(self._dots)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(self.spread, 1)
        row.addWidget(self.against, 1)
        self.spread.hovered.connect(self._over_bars)
        self.against.hovered.connect(self._over_dots)
        theme.changed.connect(self._colour)

    def show_output(self, output: dict[str, Any]) -> bool:
        """Shows an output's errors; False where it has none."""
        told = output.get("residuals")
        edges, counts = (numbers_of(told, each) for each in ("edges", "counts"))
        points = numbers_of(output.get("scatter"), "true", "predicted")
        if edges is None or counts is None or len(edges[0]) != len(counts[0]) + 1:
            self.edges, self.counts = [], []
        else:
            self.edges, self.counts = edges[0], counts[0]
        pairs = list(zip(*points, strict=True)) if points is not None else []
        pairs = [pair for pair in pairs if all(map(math.isfinite, pair))]
        self.points = [[pair[at] for pair in pairs] for at in (0, 1)]
        self._bars.setOpts(x0=self.edges[:-1], x1=self.edges[1:], height=self.counts)
        self._dots.setData(*self.points)
        both = [min(map(min, self.points)), max(map(max, self.points))] if pairs else []
        self._alike.setData(both, both)
        for chart in (self.spread, self.against):
            chart.no_point()
            chart.said.say("")
            chart.plot.getViewBox().autoRange(padding=0.03)
        self._colour()
        return bool(self.counts or pairs)

    def _colour(self) -> None:
        for chart in (self.spread, self.against):
            chart.colour()
        self._bars.setOpts(brush=theme.color("accent", 190), pen=pg.mkPen(theme.color("panel")))
        self._dots.setBrush(theme.color("accent", 130))
        self._dots.setPen(None)
        dashes = pg.mkPen(theme.color("second"), width=1.5, style=Qt.PenStyle.DashLine)
        self._alike.setPen(dashes)
        self._none.setPen(dashes)

    def _over_bars(self, point: tuple[float, float] | None) -> None:
        text = ""
        if point is not None:
            for low, high, count in zip(self.edges, self.edges[1:], self.counts, strict=False):
                if low <= point[0] < high or point[0] == high == self.edges[-1]:
                    text = f"{number(low)} to {number(high)}: {count:,.0f}"
        self.spread.said.say(text)

    def _over_dots(self, point: tuple[float, float] | None) -> None:
        found = self.against.near(*self.points, point) if point is not None else None
        if found is None or found[1] > NEAR:
            self.against.no_point()
            self.against.said.say("")
            return
        true, predicted = (each[found[0]] for each in self.points)
        self.against.point_at(true, predicted)
        told = f"true {number(true)} · predicted {number(predicted)}"
        self.against.said.say(f"{told} · residual {number(predicted - true)}")
