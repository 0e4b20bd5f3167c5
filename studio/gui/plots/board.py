"""The plots of a run, side by side as far as there is room."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QWidget

from studio.engine.curves import Curves
from studio.gui.plots.metric_plot import MetricPlot

WIDTH, HEIGHT = 300, 150
"""Pixels that a plot needs at least."""


class Board(QScrollArea):
    """A plot for each chosen metric."""

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        inside.setObjectName("panel")
        self.viewport().setObjectName("panel")
        self._grid = QGridLayout(inside)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(22)
        self._grid.setVerticalSpacing(6)
        self.setWidget(inside)
        self.plots: dict[str, MetricPlot] = {}
        self._columns = 0

    def choose(self, metrics: Iterable[str]) -> None:
        """Shows these metrics, in this order; their plots stay as they were."""
        names = list(metrics)
        if names == list(self.plots):
            return
        kept = self.plots
        self.plots = {name: kept.pop(name, None) or self._made(name) for name in names}
        for plot in kept.values():
            self._grid.removeWidget(plot)
            plot.deleteLater()
        self._arrange()

    def _made(self, metric: str) -> MetricPlot:
        plot = MetricPlot(metric)
        plot.setMinimumHeight(HEIGHT)
        plot.hovered.connect(self._hover)
        return plot

    def _hover(self, x: float | None) -> None:
        for plot in self.plots.values():
            plot.look_at(x)

    def draw(self, curves: Curves, whole: bool) -> None:
        """Shows what the curves hold now."""
        for plot in self.plots.values():
            plot.draw(curves, whole)

    def colour(self) -> None:
        """Takes the colours of the theme."""
        for plot in self.plots.values():
            plot.colour()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fitting() != self._columns:
            self._arrange()

    def _fitting(self) -> int:
        return max(1, min(len(self.plots), self.viewport().width() // WIDTH))

    def _arrange(self) -> None:
        self._columns = self._fitting()
        for column in range(max(self._grid.columnCount(), self._columns)):
            self._grid.setColumnStretch(column, int(column < self._columns))
        for index, plot in enumerate(self.plots.values()):
            self._grid.addWidget(plot, *divmod(index, self._columns))
