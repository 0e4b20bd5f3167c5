"""What the charts of an evaluation share: pyqtgraph's plot in Studio's look, and values to read."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from studio.gui.look.theme import mono, sans, theme
from studio.gui.notice import Line


class Chart(QWidget):
    """A plot with its title, and a line that says what is under the mouse.

    Signal: `hovered(object)` the point under the mouse as (x, y), or None.
    """

    hovered = Signal(object)

    def __init__(self, title: str, below: str, left: str):
        super().__init__()
        self.title = QLabel(title)
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setFont(sans(12, 600))
        self.said = Line("", Qt.TextElideMode.ElideRight)
        self.said.setProperty("role", "small")
        self.plot = _Plot(self)
        self.plot.setAccessibleName(title)
        item = self.plot.getPlotItem()
        item.setLabel("bottom", below)
        item.setLabel("left", left)
        self.mark = pg.ScatterPlotItem(size=9, pxMode=True)
        self.mark.setZValue(10)
        item.addItem(self.mark, ignoreBounds=True)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.title)
        box.addWidget(self.said)
        box.addWidget(self.plot, 1)
        self.colour()

    def colour(self) -> None:
        """Takes the colours of the theme."""
        self.plot.setBackground(theme.color("panel"))
        item = self.plot.getPlotItem()
        for side in ("left", "bottom"):
            axis = item.getAxis(side)
            axis.setPen(pg.mkPen(theme.color("hairline")))
            axis.setTickPen(pg.mkPen(theme.color("hairline")))
            axis.setTextPen(pg.mkPen(theme.color("muted")))
            axis.label.setFont(sans(11))
            axis.label.setDefaultTextColor(theme.color("muted"))
        self.mark.setBrush(theme.color("text"))
        self.mark.setPen(pg.mkPen(theme.color("panel"), width=1.5))

    def point_at(self, x: float, y: float) -> None:
        """Marks a point of a curve."""
        self.mark.setData([x], [y])

    def no_point(self) -> None:
        """Marks none."""
        self.mark.setData([], [])

    def near(self, xs, ys, point: tuple[float, float]) -> tuple[int, float] | None:
        """Which of these points is nearest on the screen, and how many pixels away."""
        import numpy as np

        view = self.plot.getViewBox()
        wide, high = view.viewPixelSize()
        away = np.hypot((np.asarray(xs) - point[0]) / wide, (np.asarray(ys) - point[1]) / high)
        if not len(away) or not np.isfinite(away).any():
            return None
        at = int(np.nanargmin(away))
        return at, float(away[at])


class _Plot(pg.PlotWidget):
    """pyqtgraph's plot, in Studio's manners: wheel zooms, a drag pans, a double click resets."""

    def __init__(self, chart: Chart):
        super().__init__()
        self._chart = chart
        item = self.getPlotItem()
        item.setMenuEnabled(False)
        item.hideButtons()
        item.setContentsMargins(0, 4, 8, 0)
        item.showGrid(x=True, y=True, alpha=1.0)
        for side in ("left", "bottom"):
            axis = item.getAxis(side)
            axis.setZValue(-1)  # the lines of the grid are its
            axis.setStyle(tickFont=mono(11), tickLength=0, tickTextOffset=6, maxTickLevel=0)
            axis.enableAutoSIPrefix(False)
        self.setMinimumHeight(90)
        self.scene().sigMouseMoved.connect(self._moved)

    def _moved(self, point) -> None:
        view = self.getViewBox()
        if not view.sceneBoundingRect().contains(point):
            self._chart.hovered.emit(None)
            return
        there = view.mapSceneToView(point)
        self._chart.hovered.emit((there.x(), there.y()))

    def leaveEvent(self, event) -> None:
        super().leaveEvent(event)
        self._chart.hovered.emit(None)

    def mouseDoubleClickEvent(self, event) -> None:
        super().mouseDoubleClickEvent(event)
        self.getViewBox().autoRange(padding=0.03)
