"""A ring round the widget that is to be pressed; the mouse goes through it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QWidget

from studio.gui.look.theme import theme

AROUND = 5
"""Pixels between the widget and the outer edge of the ring."""


class Ring(QWidget):
    """Lies above the window's own widgets, where its target is."""

    def __init__(self, window: QWidget):
        super().__init__(window)
        self.target: QWidget | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()

    def put(self, target: QWidget | None) -> None:
        """Goes to a widget; hides where there is none, or it isn't to be seen."""
        self.target = target
        window = self.parentWidget()
        if target is None or not target.isVisible() or target.window() is not window:
            self.hide()
            return
        corner = target.mapTo(window, QPoint(0, 0)) - QPoint(AROUND, AROUND)
        box = target.rect().translated(corner).adjusted(0, 0, 2 * AROUND, 2 * AROUND)
        if box != self.geometry():
            self.setGeometry(box)
        self.show()
        self.raise_()

    def paintEvent(self, event) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for inset, alpha, width in ((1.5, 70, 3.0), (3.0, 255, 2.0)):
            painter.setPen(QPen(theme.color("accent", alpha), width))
            box = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
            painter.drawRoundedRect(box, 10, 10)
