"""A small curve, drawn from its points: what a schedule does, what a range test has found."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QWidget

from studio.gui.look.theme import mono, theme

HEIGHT = 112
TOP, BOTTOM = 18, 18
"""Pixels above and below the curve, for its figures."""

_KEYS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End)

Point = tuple[float, float]


def short(value: float) -> str:
    """A number in a few letters."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:.3g}"


class Curve(QWidget):
    """A line over its points. The mouse, or the arrow keys, read one off.

    `say` writes a point as it is read off.
    """

    def __init__(self, name: str, say: Callable[[float, float], str]):
        super().__init__()
        self.points: list[Point] = []
        self.faint: list[Point] = []
        self.mark: float | None = None
        self.ends = ("", "")
        self.log = self.zero = False
        self._say = say
        self._at: int | None = None
        self.setFixedHeight(HEIGHT)
        self.setMinimumWidth(80)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        theme.changed.connect(self.update)

    def show_points(
        self,
        points: Sequence[Point],
        ends: tuple[str, str],
        zero: bool = False,
        log: bool = False,
        faint: Sequence[Point] = (),
        mark: float | None = None,
    ) -> None:
        """Draws these; `ends` stand below. `zero`: from 0 up; `log`: over the
        logarithm of x; `faint` are drawn behind them; `mark` is an x that is marked."""
        self.points = [p for p in points if math.isfinite(p[1])]
        self.faint = [p for p in faint if math.isfinite(p[1])]
        self.ends, self.zero, self.log, self.mark = ends, zero, log, mark
        self._at = None if self._at is None else min(self._at, len(self.points) - 1)
        if self.points:
            (x, y), (x_end, y_end) = self.points[0], self.points[-1]
            self.setAccessibleDescription(
                f"From {self._say(x, y)} to {self._say(x_end, y_end)}; the highest is "
                f"{short(max(p[1] for p in self.points))}."
            )
        self.update()

    @property
    def reading(self) -> str:
        """What is read off now; empty where nothing is."""
        if self._at is None or not 0 <= self._at < len(self.points):
            return ""
        return self._say(*self.points[self._at])

    # Where things are

    def _range(self) -> tuple[float, float]:
        values = [y for _, y in self.points]
        low, high = min(values), max(values)
        if self.zero:
            low, high = min(low, 0.0), max(high, 0.0)
        return (low, high) if high > low else (low - 0.5 * abs(low) - 1e-9, high + 1e-9)

    def _across(self, x: float) -> float:
        first, last = self.points[0][0], self.points[-1][0]
        if self.log:
            x, first, last = math.log(x), math.log(first), math.log(last)
        share = (x - first) / (last - first) if last > first else 0.0
        return 2 + share * (self.width() - 4)

    def _place(self, point: Point) -> QPointF:
        low, high = self._range()
        room = self.height() - TOP - BOTTOM
        level = min(max((point[1] - low) / (high - low), 0.0), 1.0)
        return QPointF(self._across(point[0]), TOP + (1 - level) * room)

    def _path(self, points: Sequence[Point]) -> QPainterPath:
        path = QPainterPath()
        for index, point in enumerate(points):
            place = self._place(point)
            path.lineTo(place) if index else path.moveTo(place)
        return path

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        base = self.height() - BOTTOM + 0.5
        painter.setPen(QPen(theme.color("edge" if self.hasFocus() else "hairline"), 1))
        painter.drawLine(QPointF(0, base), QPointF(self.width(), base))
        if not self.points:
            return
        self._draw_curve(painter, base)
        self._draw_words(painter)

    def _draw_curve(self, painter: QPainter, base: float) -> None:
        path = self._path(self.points)
        if self.zero:
            area = QPainterPath(path)
            area.lineTo(self._across(self.points[-1][0]), base)
            area.lineTo(self._across(self.points[0][0]), base)
            painter.fillPath(area, theme.color("accent", 26))
        if self.faint:
            painter.setPen(QPen(theme.color("edge", 150), 1))
            painter.drawPath(self._path(self.faint))
        if self.mark is not None:
            painter.setPen(QPen(theme.color("good"), 1, Qt.PenStyle.DashLine))
            x = self._across(self.mark)
            painter.drawLine(QPointF(x, TOP), QPointF(x, base))
        painter.setPen(QPen(theme.color("accent"), 1.5))
        painter.drawPath(path)
        if self.reading:
            place = self._place(self.points[self._at])
            painter.setPen(QPen(theme.color("muted"), 1))
            painter.drawLine(QPointF(place.x(), TOP), QPointF(place.x(), base))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent"))
            painter.drawEllipse(place, 3, 3)

    def _draw_words(self, painter: QPainter) -> None:
        painter.setFont(mono(10))
        painter.setPen(theme.color("muted"))
        low, high = self._range()
        head = QRectF(0, 0, self.width(), TOP - 4)
        foot = QRectF(0, self.height() - BOTTOM + 3, self.width(), BOTTOM - 3)
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        painter.drawText(foot, left, self.ends[0])
        painter.drawText(foot, right, self.ends[1])
        if self.reading:
            painter.setPen(theme.color("text"))
            painter.drawText(head, right, self.reading)
        painter.setPen(theme.color("muted"))
        painter.drawText(head, left, short(high))
        if not self.zero and high > low:
            place = QRectF(0, self.height() - BOTTOM - 15, self.width(), 14)
            painter.drawText(place, left, short(low))

    # Reading it off

    def _read(self, index: int | None) -> None:
        if index != self._at:
            self._at = index
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.points:
            x = event.position().x()
            near = min(
                range(len(self.points)), key=lambda i: abs(self._across(self.points[i][0]) - x)
            )
            self._read(near)

    def leaveEvent(self, event: QEvent) -> None:
        self._read(None)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and event.key() in _KEYS:
            event.accept()  # Home is the canvas', elsewhere
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        last = len(self.points) - 1
        at = 0 if self._at is None else self._at
        wide = max(1, last // 50)
        to = {
            Qt.Key.Key_Left: at - wide,
            Qt.Key.Key_Right: at + wide,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }.get(event.key())
        if to is None or last < 0:
            super().keyPressEvent(event)
            return
        self._read(min(max(to, 0), last))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._read(None)
        super().focusOutEvent(event)
