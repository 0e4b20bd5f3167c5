"""Where the time of a pipeline goes: a bar for each stage, as long as what it costs a sample."""

from __future__ import annotations

from html import escape
from typing import Any

from msgspec import Struct
from PySide6.QtCore import QEvent, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QAbstractScrollArea, QFrame

from studio.gui.look.theme import mono, sans, theme

ROW, HEAD, EDGE = 26, 44, 14
NAME, FIGURE = 190, 132
"""Pixels of a stage's name at most, and of its figures."""


class Cost(Struct, frozen=True):
    """A stage, by its end, and the seconds that it adds to a sample of the last."""

    end: str
    own: float


def costs_of(result: dict[str, Any]) -> list[Cost]:
    """A row for each stage, in order; the port is told where a stage has several."""
    return [Cost(row["end"].removesuffix(".output"), row["own"]) for row in result["stages"]]


def time_text(seconds: float) -> str:
    """A time of one sample."""
    for limit, scale, unit in ((1.0, 1.0, "s"), (1e-3, 1e3, "ms")):
        if seconds >= limit:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs" if seconds >= 5e-8 else "0 µs"


def pace_text(seconds: float) -> str:
    """How many samples there are in a second."""
    return f"{float(f'{1 / max(seconds, 1e-9):.2g}'):,.0f} samples/s"


def summed(result: dict[str, Any]) -> str:
    """All of it in a sentence."""
    seconds, later = result["seconds"], result["later"]
    said = f"{pace_text(seconds)}, {time_text(seconds)} each"
    if later and later < seconds / 2:
        said += f"; with full caches {pace_text(later)}"
    return said


class Costs(QAbstractScrollArea):
    """The bars, painted. A click, or Enter, on a stage tells `chosen` its node."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Cost] = []
        self.said = ""
        self.current = 0
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("What each stage costs")
        self.setMouseTracking(True)
        theme.changed.connect(self.viewport().update)

    def show_costs(self, result: dict[str, Any]) -> None:
        """Shows what was measured."""
        self.rows, self.said, self.current = costs_of(result), summed(result), 0
        rows = (f"{row.end}: {time_text(row.own)}" for row in self.rows)
        self.setAccessibleDescription(f"{self.said}. {', '.join(rows)}")
        self.viewport().setToolTip(f"<p>{escape(self.said)}</p>")
        self._measure()
        self.viewport().update()

    def rect_of(self, index: int) -> QRect:
        """Where a row stands, in the viewport."""
        y = HEAD + index * ROW - self.verticalScrollBar().value()
        return QRect(EDGE - 6, y, self.viewport().width() - 2 * EDGE + 12, ROW)

    def _measure(self) -> None:
        bar, room = self.verticalScrollBar(), self.viewport().height()
        bar.setPageStep(room)
        bar.setSingleStep(ROW)
        bar.setRange(0, max(0, HEAD + len(self.rows) * ROW + EDGE - room))

    def resizeEvent(self, event: QEvent) -> None:
        super().resizeEvent(event)
        self._measure()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().update()

    def _at(self, event: QMouseEvent) -> int | None:
        point = event.position().toPoint()
        found = (i for i in range(len(self.rows)) if self.rect_of(i).contains(point))
        return next(found, None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self._at(event)
        if index is not None and event.button() == Qt.MouseButton.LeftButton:
            self._go(index)
            self.chosen.emit(self.rows[index].end.partition(".")[0])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        over = self._at(event) is not None
        self.viewport().setCursor(
            Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        if event.key() in moves and self.rows:
            self._go(min(max(self.current + moves[event.key()], 0), len(self.rows) - 1))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.rows:
            self.chosen.emit(self.rows[self.current].end.partition(".")[0])
        else:
            super().keyPressEvent(event)

    def _go(self, index: int) -> None:
        self.current = index
        rect, bar = self.rect_of(index), self.verticalScrollBar()
        if rect.top() < HEAD:
            bar.setValue(bar.value() + rect.top() - HEAD)
        elif rect.bottom() > self.viewport().height():
            bar.setValue(bar.value() + rect.bottom() - self.viewport().height())
        self.viewport().update()

    def paintEvent(self, event: QEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        most = max((row.own for row in self.rows), default=0.0)
        total = sum(row.own for row in self.rows)
        for index, row in enumerate(self.rows):
            self._paint(painter, index, row, most, total)
        width = self.viewport().width()
        painter.fillRect(0, 0, width, HEAD - 4, theme.color("panel"))
        painter.setFont(sans())
        painter.setPen(theme.color("text"))
        place = QRect(EDGE, 6, width - 2 * EDGE, HEAD - 12)
        said = painter.fontMetrics().elidedText(
            self.said, Qt.TextElideMode.ElideRight, place.width()
        )
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, said)

    def _paint(self, painter: QPainter, index: int, row: Cost, most: float, total: float) -> None:
        rect = QRectF(self.rect_of(index))
        if index == self.current and self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 4, 4)
        name = min(NAME, rect.width() / 3)
        painter.setFont(sans())
        painter.setPen(theme.color("text"))
        said = painter.fontMetrics().elidedText(
            row.end, Qt.TextElideMode.ElideMiddle, int(name - 12)
        )
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(rect.left() + 6, rect.top(), name, ROW), middle, said)
        room = max(rect.width() - name - FIGURE, 10.0)
        long = room * row.own / most if most else 0.0
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent", 190))
        bar = QRectF(rect.left() + name, rect.top() + 8, max(long, 2.0), ROW - 16)
        painter.drawRoundedRect(bar, 2, 2)
        painter.setFont(mono(11))
        painter.setPen(theme.color("muted"))
        share = f"{row.own / total:4.0%}" if total else ""
        place = QRectF(rect.right() - FIGURE, rect.top(), FIGURE - 6, ROW)
        painter.drawText(
            place, middle | Qt.AlignmentFlag.AlignRight, f"{time_text(row.own):>8} {share}"
        )
