"""The plot of one metric: its steps and epochs, its validation, the best epoch, a crosshair."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.engine.curves import Curve, Curves
from studio.gui.look.theme import mono, sans, theme
from studio.gui.plots.legend import Legend


class MetricPlot(QWidget):
    """Wheel zooms, a drag pans, a double click shows all again.

    Signal: `hovered(float | None)` the x under the mouse.
    """

    hovered = Signal(object)

    def __init__(self, metric: str):
        super().__init__()
        self.metric = metric
        self._curves: Curves | None = None
        self._hover: float | None = None
        self.free = True
        """Whether the plot chooses itself what is in sight."""
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        self.legend = Legend(metric)
        self.plot = _Plot(self)
        self.plot.setAccessibleName(f"Plot of {metric}")
        box.addWidget(self.legend)
        box.addWidget(self.plot, 1)
        item = self.plot.getPlotItem()
        self.steps = item.plot(connect="finite", antialias=True)
        self.epochs = item.plot(connect="finite", antialias=True)
        self.validation = item.plot(connect="finite", antialias=True)
        for curve in (self.steps, self.epochs, self.validation):
            curve.setDownsampling(auto=True, method="peak")
            curve.setClipToView(True)
        self.best = pg.InfiniteLine(angle=90, label="best", labelOpts={"position": 0.12})
        self.cross = pg.InfiniteLine(angle=90)
        for line in (self.best, self.cross):
            line.hide()
            item.addItem(line, ignoreBounds=True)
        self.plot.setMinimumHeight(90)
        self.colour()

    def colour(self) -> None:
        """Takes the colours of the theme."""
        item = self.plot.getPlotItem()
        self.plot.setBackground(theme.color("panel"))
        for side in ("left", "bottom"):
            axis = item.getAxis(side)
            axis.setPen(pg.mkPen(theme.color("hairline")))
            axis.setTickPen(pg.mkPen(theme.color("hairline")))
            axis.setTextPen(pg.mkPen(theme.color("muted")))
        self.steps.setPen(pg.mkPen(_faint("accent"), width=1))
        self.epochs.setPen(pg.mkPen(theme.color("accent"), width=2))
        self.validation.setPen(pg.mkPen(theme.color("second"), width=2))
        for curve, name in ((self.epochs, "accent"), (self.validation, "second")):
            curve.setSymbolBrush(theme.color(name))
            curve.setSymbolPen(None)
        self.best.setPen(
            pg.mkPen(theme.color("good"), width=1, style=Qt.PenStyle.CustomDashLine, dash=[3, 3])
        )
        self.best.label.setColor(theme.color("good"))
        self.best.label.setFont(sans(11))
        self.cross.setPen(pg.mkPen(theme.color("muted"), width=1))
        self.legend.update()

    def draw(self, curves: Curves, whole: bool) -> None:
        """Shows what the curves hold now; `whole` leaves room for the epochs that are to come."""
        self._curves = curves
        curve = curves.metrics.get(self.metric) or Curve()
        scale = curves.per_epoch
        self.steps.setData(curve.steps.x / (scale or 1.0), curve.steps.y)
        for item, points in ((self.epochs, curve.epochs), (self.validation, curve.validation)):
            # A line needs two points: the first alone is shown as one.
            item.setSymbol("o" if points.count == 1 else None)
            item.setSymbolSize(5)
            item.setData(points.x, points.y)
        best = curves.best
        if self.free:
            ends = [points.x[-1] for points in (curve.epochs, curve.validation) if points.count]
            if curve.steps.count:
                ends.append(curve.steps.x[-1] / (scale or 1.0))
            if whole and curves.epochs and scale:
                ends.append(curves.epochs)
            view = self.plot.getViewBox()
            view.enableAutoRange(y=True)
            view.setXRange(0, max(ends, default=1.0), padding=0.01)
            if best is not None:
                side = (1, 0.5) if best > 0.9 * max(ends) else (0, 0.5)
                self.best.label.anchors = [side, side]
        self.best.setVisible(best is not None)
        if best is not None:
            self.best.setValue(best)
        self._write()

    def look_at(self, x: float | None) -> None:
        """Shows the values at an x, or the last ones again."""
        self._hover = x
        self.cross.setVisible(x is not None)
        if x is not None:
            self.cross.setValue(x)
        self._write()

    def _write(self) -> None:
        if self._curves is None:
            return
        curve = self._curves.metrics.get(self.metric) or Curve()
        scale = self._curves.per_epoch
        train, validation = curve.value(self._hover, scale or 1.0)
        unit = "epoch" if scale else "step"
        place = "" if self._hover is None else f"{unit} {self._hover:.{1 if scale else 0}f}"
        self.legend.show_values(
            [("accent", "train", train), ("second", "validation", validation)], place
        )

    def set_free(self, free: bool) -> None:
        """Lets the plot choose what is in sight, or leaves that to the mouse."""
        self.free = free
        if free and self._curves is not None:
            self.draw(self._curves, whole=False)


class _Plot(pg.PlotWidget):
    """pyqtgraph's plot, in Studio's manners."""

    def __init__(self, owner: MetricPlot):
        super().__init__()
        self._owner = owner
        item = self.getPlotItem()
        item.setMenuEnabled(False)
        item.hideButtons()
        item.setContentsMargins(0, 4, 4, 0)
        item.showGrid(y=True, alpha=1.0)
        for side in ("left", "bottom"):
            axis = item.getAxis(side)
            axis.setZValue(-1)  # the lines of the grid are its
            axis.setStyle(tickFont=mono(11), tickLength=0, tickTextOffset=6, maxTickLevel=0)
        item.getAxis("left").setWidth(46)
        item.getAxis("bottom").enableAutoSIPrefix(False)
        item.getAxis("left").enableAutoSIPrefix(False)
        item.getViewBox().sigRangeChangedManually.connect(lambda *_: owner.set_free(False))
        self.scene().sigMouseMoved.connect(self._moved)

    def _moved(self, point) -> None:
        view = self.getViewBox()
        inside = view.sceneBoundingRect().contains(point)
        self._owner.hovered.emit(view.mapSceneToView(point).x() if inside else None)

    def leaveEvent(self, event) -> None:
        super().leaveEvent(event)
        self._owner.hovered.emit(None)

    def mouseDoubleClickEvent(self, event) -> None:
        super().mouseDoubleClickEvent(event)
        self._owner.set_free(True)


def _faint(name: str) -> QColor:
    """A colour mixed with the ground: transparent lines that overlap would be as strong as any."""
    color, ground = theme.color(name), theme.color("panel")
    pairs = zip(color.getRgb()[:3], ground.getRgb()[:3], strict=True)
    return QColor(*(round(0.45 * one + 0.55 * other) for one, other in pairs))
