"""One metric of any number of runs in one plot: a curve a run, each in a look of its own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyqtgraph as pg
from msgspec import Struct
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from studio.engine.figures import number, seconds_text
from studio.engine.run_curves import EPOCH, TIME, Line
from studio.engine.smoothing import smooth
from studio.gui.look.theme import mono, theme
from studio.gui.look.tokens import SERIES

DASHES = (None, (5, 3), (1.5, 2.5), (8, 3, 1.5, 3))
"""When the colours are used up, they come again in other lines."""

NEAR = 14.0
"""Pixels from a curve at which the mouse means it."""

PALE = 0.28
"""How much of its colour a curve keeps while another one is meant."""


class Drawn(Struct, frozen=True):
    """A curve that is to be drawn: whose it is, what it is called, its place among the looks."""

    folder: Path
    label: str
    look: int
    line: Line


def colour_of(look: int) -> QColor:
    """The colour of a run, by its place among the looks."""
    colours = SERIES[theme.tokens.name]
    return QColor(colours[look % len(colours)])


def pen_of(look: int, width: float, pale: bool = False) -> QPen:
    """The pen that a run's curve is drawn with."""
    colour = colour_of(look)
    if pale:
        ground = theme.color("panel")
        pairs = zip(colour.getRgb()[:3], ground.getRgb()[:3], strict=True)
        colour = QColor(*(round(PALE * one + (1 - PALE) * other) for one, other in pairs))
    dash = DASHES[look // len(SERIES[theme.tokens.name]) % len(DASHES)]
    pen = pg.mkPen(colour, width=width)
    if dash is not None:
        pen.setDashPattern(list(dash))
    return pen


class OverlayPlot(QWidget):
    """Wheel zooms, a drag pans, a double click shows all again.

    Signal: `pointed(Path | None)` the run whose curve the mouse is at.
    """

    pointed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._by = EPOCH
        self._what = ("", EPOCH, 0.0)
        self._meant: Path | None = None
        self._pointed: Path | None = None
        self.free = True
        """Whether the plot chooses itself what is in sight."""
        self._drawn: dict[Path, Drawn] = {}
        self.curves: dict[Path, pg.PlotDataItem] = {}
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        self.plot = _Plot(self)
        self.said = QLabel()
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.said.setProperty("role", "small")
        self.said.setFixedHeight(18)
        box.addWidget(self.plot, 1)
        box.addWidget(self.said)
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
        self._paint()

    def show(self, runs: Iterable[Drawn], metric: str, by: str, weight: float) -> None:
        """Draws these curves and no others."""
        runs = list(runs)
        anew, self._what = (metric, by, weight) != self._what, (metric, by, weight)
        if by != self._by:
            self.free = True
        self._by = by
        item = self.plot.getPlotItem()
        self.plot.setAccessibleName(f"{metric} of {len(runs)} runs by {by}")
        item.getAxis("bottom").times = by == TIME
        before, self._drawn = self._drawn, {each.folder: each for each in runs}
        for folder in [each for each in self.curves if each not in self._drawn]:
            item.removeItem(self.curves.pop(folder))
        for each in runs:
            curve = self.curves.get(each.folder)
            if curve is None:
                curve = self.curves[each.folder] = self._made()
                item.addItem(curve)
            x, y = each.line
            old = before.get(each.folder)
            if anew or old is None or not _same(old.line, each.line):
                curve.setData(x, smooth(y, weight) if weight else y)
            # A line needs two points: the first alone is shown as one.
            curve.setSymbol("o" if len(x) == 1 else None)
        if self._meant not in self._drawn:
            self._meant = None
        self._paint()
        if self.free:
            item.getViewBox().autoRange(padding=0.03)
            item.getViewBox().enableAutoRange()
        self._say(None)

    def _made(self) -> pg.PlotDataItem:
        curve = pg.PlotDataItem(connect="finite", antialias=True, symbolSize=5)
        curve.setDownsampling(auto=True, method="peak")
        curve.setClipToView(True)
        return curve

    def mean(self, folder: Path | None) -> None:
        """Brings the curve of a run out, and lets the others step back; None: all are alike."""
        folder = folder if folder in self._drawn else None
        if folder != self._meant:
            self._meant = folder
            self._paint()

    @property
    def meant(self) -> Path | None:
        """The run whose curve is brought out."""
        return self._meant

    def _paint(self) -> None:
        for folder, curve in self.curves.items():
            look, meant = self._drawn[folder].look, folder == self._meant
            # A line wider than a pixel takes much longer to draw, and many make no picture.
            width = 2.6 if meant else 1.5 if len(self.curves) <= 12 else 1
            curve.setPen(pen_of(look, width, pale=self._meant is not None and not meant))
            curve.setSymbolBrush(colour_of(look))
            curve.setSymbolPen(None)
            curve.setZValue(1 if meant else 0)

    def hover(self, point: QPointF | None) -> None:
        """The mouse is at a point of the scene, or nowhere: the curve there is meant."""
        view = self.plot.getViewBox()
        found = None
        if point is not None and view.sceneBoundingRect().contains(point):
            found = self._nearest(view, point)
        self._say(found)
        folder = found[0] if found else None
        if folder != self._pointed:  # else the legend may mean another one
            self._pointed = folder
            self.mean(folder)
            self.pointed.emit(folder)

    def _nearest(self, view, point: QPointF) -> tuple[Path, float, float] | None:
        """The run whose curve is next to a point, and the place of the curve there."""
        at = view.mapSceneToView(point)
        best, found = NEAR, None
        for folder, curve in self.curves.items():
            x, y = curve.getOriginalDataset()
            if x is None or not len(x):
                continue
            place = min(int(np.searchsorted(x, at.x())), len(x) - 1)
            if place and at.x() - x[place - 1] < x[place] - at.x():
                place -= 1
            there = np.interp(at.x(), x, y)
            if not np.isfinite(there):
                continue
            away = abs(view.mapViewToScene(QPointF(at.x(), there)).y() - point.y())
            inside = x[0] <= at.x() <= x[-1] or len(x) == 1
            if inside and away < best:
                best, found = away, (folder, float(x[place]), float(y[place]))
        return found

    def _say(self, found: tuple[Path, float, float] | None) -> None:
        if found is None:
            self.said.setText("")
            return
        folder, x, y = found
        where = seconds_text(x) if self._by == TIME else f"{self._by} {x:g}"
        self.said.setText(f"{self._drawn[folder].label} · {where} · {number(y)}")

    def set_free(self, free: bool) -> None:
        """Lets the plot choose what is in sight, or leaves that to the mouse."""
        self.free = free
        if free:
            self.plot.getPlotItem().getViewBox().autoRange(padding=0.03)


def _same(one: Line, other: Line) -> bool:
    """Whether nothing has come to a line: it only grows, or ends otherwise than before."""
    ends = [(len(x), x[-1], y[-1]) if len(x) else (0,) for x, y in (one, other)]
    return ends[0] == ends[1]


class _Bottom(pg.AxisItem):
    """The axis at the bottom, which also says times."""

    times = False

    def tickStrings(self, values, scale, spacing):
        if not self.times:
            return super().tickStrings(values, scale, spacing)
        if spacing < 1:
            return [f"{value:g} s" for value in values]
        return [seconds_text(value) for value in values]


class _Plot(pg.PlotWidget):
    """pyqtgraph's plot, in Studio's manners."""

    def __init__(self, owner: OverlayPlot):
        super().__init__(axisItems={"bottom": _Bottom("bottom")})
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
            axis.enableAutoSIPrefix(False)
        item.getAxis("left").setWidth(46)
        item.getViewBox().sigRangeChangedManually.connect(lambda *_: owner.set_free(False))
        self.scene().sigMouseMoved.connect(owner.hover)

    def leaveEvent(self, event) -> None:
        super().leaveEvent(event)
        self._owner.hover(None)

    def mouseDoubleClickEvent(self, event) -> None:
        super().mouseDoubleClickEvent(event)
        self._owner.set_free(True)
