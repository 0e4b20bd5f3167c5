"""Gestures that change nothing: moving the canvas, and selecting what lies in a rectangle."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPen

from studio.gui.canvas.gestures.gesture import Gesture
from studio.gui.look.theme import theme


class Pan(Gesture):
    """Moves the canvas under the pointer."""

    def __init__(self, view, event):
        super().__init__(view, event)
        self._last = event.position()
        view.setCursor(Qt.CursorShape.ClosedHandCursor)

    def move(self, event: QMouseEvent) -> None:
        self.view.pan(self._last - event.position())
        self._last = event.position()

    def end(self, event: QMouseEvent) -> None:
        self.cancel()

    def cancel(self) -> None:
        self.view.unsetCursor()


class RubberBand(Gesture):
    """Selects the nodes that a rectangle touches; with Shift or Ctrl, beside those selected."""

    def __init__(self, view, event):
        super().__init__(view, event)
        more = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
        self._before = self.scene.selected() if event.modifiers() & more else []
        self._box = QRectF(self.began, self.began)
        self.scene.select(self._before)
        for item in self.scene.selectedItems():
            if not hasattr(item, "look"):
                item.setSelected(False)

    def move(self, event: QMouseEvent) -> None:
        self._box = QRectF(self.began, self.at(event)).normalized()
        self.scene.select([*self._before, *self.scene.nearby.within(self._box)])
        self.view.viewport().update()

    def end(self, event: QMouseEvent) -> None:
        self.view.viewport().update()

    def cancel(self) -> None:
        self.scene.select(self._before)
        self.view.viewport().update()

    def paint(self, painter: QPainter) -> None:
        painter.setPen(QPen(theme.color("accent"), 0))
        painter.setBrush(theme.color("accent", 24))
        painter.drawRect(self._box)
