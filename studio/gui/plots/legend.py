"""The line above a plot: its name, and what its curves are at."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.engine.figures import number
from studio.gui.look.theme import mono, sans, theme
from studio.gui.plots.letters import Write, plainly
from studio.gui.plots.ticks import value_text

Entry = tuple[str, str, float | None]
"""A curve: the token of its colour, its name, its value."""


class Legend(QWidget):
    """One line, painted; what has no room at the right is left out."""

    def __init__(self, title: str, unit: str = ""):
        super().__init__()
        self._title, self._unit = title, unit
        self._entries: list[Entry] = []
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(200, 26)

    def show_values(self, entries: list[Entry]) -> None:
        """Shows the curves that have a value."""
        shown = [each for each in entries if each[2] is not None]
        if shown != self._entries:
            self._entries = shown
            self.setAccessibleName(self.text)
            self.update()

    @property
    def text(self) -> str:
        """What it says, as one text."""
        values = [f"{name} {self._said(value)}".strip() for _, name, value in self._entries]
        return " ".join([self._title, *values])

    def _said(self, value: float) -> str:
        if math.isnan(value):
            return "not finite"
        if not self._unit:
            return number(value)
        return value_text(value, value, self._unit)

    def paintEvent(self, event) -> None:
        painter = QPainter(self)
        self.paint_on(painter)
        painter.end()

    def paint_on(self, painter: QPainter, write: Write = plainly) -> None:
        """Paints it where the painter stands: on the screen, or into a file."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle, at, room = self.height() / 2, 0.0, float(self.width())

        def say(text: str, font: QFont, color: str) -> None:
            nonlocal at
            rect = QRectF(at, 0, max(0.0, room - at), self.height())
            text = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
            write(painter, rect, Qt.AlignmentFlag.AlignLeft, text, font, color)
            at += QFontMetricsF(font).horizontalAdvance(text)

        say(self._title, sans(13, 600), "text")
        for color, name, value in self._entries:
            said = self._said(value)
            width = QFontMetricsF(sans(12)).horizontalAdvance(name) + (35 if name else 30)
            if at + width + QFontMetricsF(mono()).horizontalAdvance(said) > room:
                break
            at += 12
            pen = QPen(theme.color(color), 2.5)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawLine(QPointF(at, middle), QPointF(at + 12, middle))
            at += 18
            if name:
                say(name, sans(12), "muted")
                at += 5
            say(said, mono(), "text")
