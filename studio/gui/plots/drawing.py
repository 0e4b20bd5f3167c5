"""A plot as lines and text on any painter: what a file of vectors needs.

A file has no clipping that all programs know, so what is out of sight is cut off here.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen, QPolygonF

from studio.engine.marks import BEST, CHECKPOINT, KINDS
from studio.gui.look.theme import mono, sans, theme
from studio.gui.plots.axes import WIDTH
from studio.gui.plots.letters import outlined
from studio.gui.plots.line import DOTS, Line
from studio.gui.plots.marks_item import COLORS, SHORT
from studio.gui.plots.plot import Plot

BELOW, RIGHT = 22, 10
"""Pixels below the lines, for numbers, and to their right."""


class Drawing:
    """Draws one plot into a rectangle."""

    def __init__(self, painter: QPainter, plot: Plot, rect: QRectF):
        self.painter, self.plot = painter, plot
        top = plot.legend.height() + 4
        self.rect = rect.adjusted(WIDTH, top, -RIGHT, -BELOW)
        (self.start, self.end), (self.low, self.high) = plot.plot.getViewBox().viewRange()

    def paint(self) -> None:
        """Grid and numbers, marks, and the lines over them."""
        self._values()
        self._along()
        self._marks()
        for line in self.plot.lines():
            if line.isVisible():
                self._line(line)
        self._name_marks()

    def _x(self, x: np.ndarray | float) -> np.ndarray | float:
        return self.rect.left() + (x - self.start) / (self.end - self.start) * self.rect.width()

    def _y(self, y: np.ndarray | float) -> np.ndarray | float:
        return self.rect.bottom() - (y - self.low) / (self.high - self.low) * self.rect.height()

    def _pen(self, color: str, alpha: int = 255) -> None:
        self.painter.setPen(QPen(theme.color(color, alpha), 1))

    def _text(self, rect: QRectF, side: Qt.AlignmentFlag, text: str) -> None:
        outlined(self.painter, rect, side, text, mono(11), "muted")

    def _values(self) -> None:
        axis, rect = self.plot.plot.value_axis, self.rect
        ((spacing, values),) = axis.tickValues(self.low, self.high, rect.height())
        for value, said in zip(values, axis.tickStrings(values, 1, spacing), strict=True):
            y = self._y(value)
            self._pen("hairline")
            self.painter.drawLine(QPointF(rect.left(), y), QPointF(rect.right(), y))
            place = QRectF(rect.left() - WIDTH, y - 8, WIDTH - 6, 16)
            self._text(place, Qt.AlignmentFlag.AlignRight, said)
        self._pen("hairline")
        self.painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        self.painter.drawLine(rect.bottomLeft(), rect.topLeft())

    def _along(self) -> None:
        axis, rect = self.plot.plot.along_axis, self.rect
        ((spacing, values),) = axis.tickValues(self.start, self.end, rect.width())
        for value, said in zip(values, axis.tickStrings(values, 1, spacing), strict=True):
            place = QRectF(self._x(value) - 40, rect.bottom() + 4, 80, 16)
            self._text(place, Qt.AlignmentFlag.AlignHCenter, said)

    def _marks(self) -> None:
        painter, rect = self.painter, self.rect
        for each in self.plot.marks.marks:
            if not self.start <= each.x <= self.end:
                continue
            x, kind = self._x(each.x), each.kind
            short = kind == CHECKPOINT
            self._pen(COLORS[kind], 255 if short or kind == BEST else 110)
            top = rect.bottom() - SHORT if short else rect.top()
            if kind == BEST:
                pen = painter.pen()
                pen.setDashPattern([3, 3])
                painter.setPen(pen)
            painter.drawLine(QPointF(x, top), QPointF(x, rect.bottom()))
            if short:
                continue
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color(COLORS[kind]))
            painter.drawEllipse(QPointF(x, top + 3), 2.5, 2.5)
            painter.setBrush(Qt.BrushStyle.NoBrush)

    def _name_marks(self) -> None:
        """Names beside the marks, the most important first, as far as there is room."""
        rect = self.rect
        marks = [
            mark
            for mark in self.plot.marks.marks
            if mark.kind != CHECKPOINT and self.start <= mark.x <= self.end
        ]
        taken = [QRectF(self._x(mark.x) - 3, rect.top(), 6, 1) for mark in marks]
        for each in sorted(marks, key=lambda mark: KINDS.index(mark.kind)):
            x = self._x(each.x)
            width = QFontMetricsF(sans(10)).horizontalAdvance(each.kind)
            for left in (x + 5, x - 5 - width):
                place = QRectF(left, rect.top() - 3, width, 12)
                inside = rect.left() < left and left + width < rect.right()
                if inside and not any(place.intersects(other) for other in taken):
                    side = Qt.AlignmentFlag.AlignLeft
                    outlined(self.painter, place, side, each.kind, sans(10), "muted")
                    taken.append(place)
                    break

    def _line(self, line: Line) -> None:
        x, y = line.getData()
        if x is None or not len(x):
            return
        pen = QPen(line.opts["pen"])
        pen.setCosmetic(False)
        self.painter.setBrush(Qt.BrushStyle.NoBrush)
        for one, other in _pieces(*self._cut(x, y)):
            points = zip(self._x(one), self._y(other), strict=True)
            polygon = QPolygonF([QPointF(*point) for point in points])
            self.painter.setPen(pen)
            self.painter.drawPolyline(polygon)
            if len(polygon) == 1 or (line.dots and len(x) <= DOTS):
                self.painter.setPen(Qt.PenStyle.NoPen)
                self.painter.setBrush(pen.color())
                for point in polygon:
                    self.painter.drawEllipse(point, 2.5, 2.5)
                self.painter.setBrush(Qt.BrushStyle.NoBrush)

    def _cut(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What is in sight, with the line's places at the edges."""
        inside = (x >= self.start) & (x <= self.end)
        edges = [edge for edge in (self.start, self.end) if x[0] < edge < x[-1]]
        at = np.searchsorted(x, edges)
        x = np.insert(x, at, edges)
        y = np.insert(y, at, np.interp(edges, np.delete(x, at + np.arange(len(at))), y))
        inside = np.insert(inside, at, True)
        return x[inside], np.clip(y[inside], self.low, self.high)


def _pieces(x: np.ndarray, y: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """A line's parts between its gaps."""
    gaps = np.flatnonzero(~np.isfinite(y))
    parts = zip(np.split(x, gaps), np.split(y, gaps), strict=True)
    found = [(one[np.isfinite(other)], other[np.isfinite(other)]) for one, other in parts]
    return [part for part in found if len(part[0])]
