"""The whole graph in the corner of the canvas, with a frame round what is to be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from studio.gui.look.theme import theme

if TYPE_CHECKING:
    from studio.gui.canvas.view import CanvasView

SIZE = (148, 94)
PAUSE = 120
"""Milliseconds after a change before the map is drawn anew."""


class Minimap(QWidget):
    """A click or a drag brings that part of the graph into the middle."""

    def __init__(self, view: CanvasView):
        super().__init__(view)
        self._view = view
        self._picture: QPixmap | None = None
        self._scale = 1.0
        self._origin = QPointF()
        self.setFixedSize(*SIZE)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Map of the graph")
        self._timer = QTimer(self, interval=PAUSE, singleShot=True)
        self._timer.timeout.connect(self._redraw)
        view.scene().drawn.connect(self._timer.start)
        theme.changed.connect(self._redraw)

    def _redraw(self) -> None:
        self._picture = None
        self.update()

    def _draw(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        bounds = self._view.scene().bounds().adjusted(-60, -60, 60, 60)
        room = self.rect().adjusted(6, 6, -6, -6)
        self._scale = min(room.width() / bounds.width(), room.height() / bounds.height())
        self._origin = QPointF(self.rect().center()) - bounds.center() * self._scale
        painter = QPainter(picture)
        painter.translate(self._origin)
        painter.scale(self._scale, self._scale)
        self._view.far.paint(painter, edges=False, colours=False)
        painter.end()
        return picture

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._picture is None:
            self._picture = self._draw()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("hairline"), 1))
        painter.setBrush(theme.color("panel", 235))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        painter.drawPixmap(0, 0, self._picture)
        seen = self._view.seen()
        frame = QRectF(
            seen.topLeft() * self._scale + self._origin,
            seen.bottomRight() * self._scale + self._origin,
        ).intersected(QRectF(self.rect()).adjusted(2, 2, -2, -2))
        painter.setPen(QPen(theme.color("accent"), 1.2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(frame, 3, 3)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._go(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._go(event)

    def _go(self, event: QMouseEvent) -> None:
        self._view.centerOn((event.position() - self._origin) / self._scale)
        self.update()
