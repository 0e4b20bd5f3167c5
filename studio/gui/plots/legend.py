"""The line above a plot: its name, and what its curves are at."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.engine.figures import number
from studio.gui.look.theme import mono, sans, theme

Entry = tuple[str, str, float | None]
"""A curve: the token of its colour, its name, its value."""


class Legend(QWidget):
    """One line, painted; what has no room at the right is left out."""

    def __init__(self, title: str):
        super().__init__()
        self._title = title
        self._entries: list[Entry] = []
        self._place = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(200, 26)

    def show_values(self, entries: list[Entry], place: str = "") -> None:
        """Shows the curves that have a value; `place` says where it is that they have it."""
        shown = [each for each in entries if each[2] is not None]
        if (shown, place) != (self._entries, self._place):
            self._entries, self._place = shown, place
            self.setAccessibleName(self.text)
            self.update()

    @property
    def text(self) -> str:
        """What it says, as one text."""
        values = [f"{name} {number(value)}" for _, name, value in self._entries]
        return " ".join([self._title, *values, self._place]).strip()

    def paintEvent(self, event) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle, at = self.height() / 2, 0.0
        place = QFontMetricsF(sans(11)).horizontalAdvance(self._place) + 8 if self._place else 0
        room = self.width() - place

        def write(text: str, font, color: str) -> None:
            nonlocal at
            painter.setFont(font)
            painter.setPen(theme.color(color))
            width = QFontMetricsF(font).horizontalAdvance(text)
            rect = QRectF(at, 0, max(0.0, room - at), self.height())
            painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, text)
            at += width

        write(self._title, sans(13, 600), "text")
        for color, name, value in self._entries:
            said = number(value)
            width = QFontMetricsF(sans(12)).horizontalAdvance(name) + 32
            if at + width + QFontMetricsF(mono()).horizontalAdvance(said) + 6 > room:
                break
            at += 12
            pen = QPen(theme.color(color), 2.5)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawLine(QPointF(at, middle), QPointF(at + 12, middle))
            at += 18
            write(name, sans(12), "muted")
            at += 5
            write(said, mono(), "text")
        if self._place:
            painter.setFont(sans(11))
            painter.setPen(theme.color("muted"))
            painter.drawText(
                self.rect(),
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
                self._place,
            )
