"""A line of a plot: of any number of points as many as there are pixels."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter

from studio.engine.axis import Axis
from studio.engine.points import Points
from studio.gui.look.theme import theme
from studio.gui.plots.view import View

DOTS = 40
"""A line of so many points or fewer may show them as dots."""


class Line(pg.PlotCurveItem):
    """`kind` says by what its points are: epochs, steps or time; `color` is a token.

    Of few points `dots` shows each; with `stairs` a value holds from the point before; one that is
    `noisy` goes up and down at each of many points.
    """

    def __init__(
        self,
        kind: str,
        color: str,
        width: float = 2.0,
        dots: bool = False,
        stairs: bool = False,
        noisy: bool = False,
    ):
        super().__init__(connect="finite")
        self.kind, self.color, self.width = kind, color, width
        self.dots, self.stairs, self.noisy = dots, stairs, noisy
        self.points = Points()
        self.least = self.greatest = float("nan")
        """Of what is in sight, as it is drawn."""
        self._axis: Axis | None = None
        self._faint = self._dense = False
        self.colour()

    def colour(self) -> None:
        """Takes the colours of the theme."""
        color = faint(self.color) if self._faint else theme.color(self.color)
        pen = pg.mkPen(color, width=1.0 if self._faint or self._dense else self.width)
        pen.setJoinStyle(Qt.PenJoinStyle.BevelJoin)
        self.setPen(pen)

    def set_faint(self, on: bool) -> None:
        """Draws it thin and pale, as what stands behind another line."""
        if on != self._faint:
            self._faint = on
            self.colour()

    def _set_dense(self, on: bool) -> None:
        """A wide and smooth line that goes up and down at each pixel would look the same, and take
        ten times as long.
        """
        if on != self._dense:
            self._dense = on
            self.colour()

    def show_points(
        self, points: Points, axis: Axis, view: View, pixels: int, log: bool = False
    ) -> None:
        """Draws what is in sight of some points, or of their logarithms."""
        self.points, self._axis = points, axis
        start, end = (axis.back(self.kind, place) for place in view.sight)
        x, y = points.outline(start, end, pixels)
        if log:
            with np.errstate(divide="ignore", invalid="ignore"):
                y = np.where(y > 0, np.log10(y), np.nan)
        known = y[np.isfinite(y)]
        self.least, self.greatest = (known.min(), known.max()) if len(known) else (np.nan,) * 2
        self._set_dense(self.noisy and len(x) > pixels // 2)
        x = axis.along(self.kind, x)
        if self.stairs and len(x):
            first = 0.0 if x[0] == axis.along(self.kind, points.x[0]) else x[0]
            x, y = np.repeat(np.concatenate([[first], x]), 2)[1:-1], np.repeat(y, 2)
        self.setData(
            x,
            y,
            connect="all" if np.isfinite(y).all() else "finite",
            antialias=not self._dense,
        )

    def getOriginalDataset(self) -> tuple[np.ndarray, np.ndarray]:
        """All points as they stand along the plot, also those that are out of sight."""
        if self._axis is None:
            return self.points.x, self.points.y
        return self._axis.along(self.kind, self.points.x), self.points.y

    def paint(self, painter: QPainter, option, widget) -> None:
        super().paint(painter, option, widget)
        x, y = self.getData()
        if x is None or not len(x):
            return
        known = np.isfinite(y)
        single = known.sum() == 1  # a line needs two points
        if not (single or (self.dots and len(x) <= DOTS)):
            return
        change = painter.transform()
        painter.resetTransform()  # in pixels they are round
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.opts["pen"].color())
        for point in zip(x[known], y[known], strict=True):
            painter.drawEllipse(change.map(QPointF(*point)), 2.5, 2.5)
        painter.setTransform(change)


def faint(name: str) -> QColor:
    """A colour mixed with the ground: transparent lines that overlap would be as strong as any."""
    color, ground = theme.color(name), theme.color("panel")
    pairs = zip(color.getRgb()[:3], ground.getRgb()[:3], strict=True)
    return QColor(*(round(0.45 * one + 0.55 * other) for one, other in pairs))
