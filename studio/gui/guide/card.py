"""The way into the first minute, on the start page: a wide button with real digits on it."""

from __future__ import annotations

import csv
import gzip
from io import StringIO
from itertools import islice

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from studio.gui.guide.steps import TITLE
from studio.gui.look.letters import draw_text
from studio.gui.look.theme import sans, theme
from studio.resources import ASSETS

ABOUT = "Your first model: train it, see what it gets wrong, export it. Offline."
SIDE, PIXELS, MOST = 40, 8, 16.0
"""Pixels that a digit is wide on the page and in the file; the largest value in it."""

READ = 60
"""Rows of the file that are looked through for the ten digits."""


class FirstMinute(QAbstractButton):
    """Begins the first minute."""

    def __init__(self) -> None:
        super().__init__()
        self.setText(TITLE)
        self.setAccessibleName(TITLE)
        self.setAccessibleDescription(ABOUT)
        self.setToolTip(ABOUT)
        self.setFixedHeight(84)
        self.setMaximumWidth(1100)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._digits: dict[str, bytes] = {}

    def sizeHint(self) -> QSize:
        return QSize(640, 84)

    def read_digits(self) -> None:
        """Reads the digits to draw; once, and when there is time."""
        if self._digits:
            return
        try:
            with gzip.open(ASSETS / "data" / "digits.csv.gz", "rt", encoding="utf-8") as file:
                rows = csv.DictReader(StringIO("".join(islice(file, READ))))
                for row in rows:
                    label = row.pop("digit")
                    scaled = (round(255 * float(value) / MOST) for value in row.values())
                    self._digits.setdefault(label, bytes(scaled))
        except (OSError, ValueError, KeyError):
            return  # the button says enough
        self.update()

    def paintEvent(self, event) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        hovered, chosen = self.underMouse(), self.hasFocus()
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        edge = "accent" if chosen or hovered else "hairline"
        painter.setPen(QPen(theme.color(edge), 2 if chosen else 1))
        painter.setBrush(theme.color("selection"))
        painter.drawRoundedRect(box, 10, 10)
        left = 20.0
        room = self._paint_digits(painter)
        width = self.width() - room - left - 16
        draw_text(
            painter, QRectF(left, 18, width, 24), self.text(), sans(15, 600), theme.color("text")
        )
        draw_text(painter, QRectF(left, 44, width, 20), ABOUT, sans(12), theme.color("muted"))

    def _paint_digits(self, painter: QPainter) -> float:
        """Draws as many of the ten as have room beside the text; how much they take."""
        text = QFontMetricsF(sans(12)).horizontalAdvance(ABOUT) + 52
        count = min(len(self._digits), int((self.width() - text) // (SIDE + 8)))
        for index in range(max(0, count)):
            x = self.width() - 20 - (count - index) * (SIDE + 8) + 8
            target = QRectF(x, (self.height() - SIDE) / 2, SIDE, SIDE)
            painter.drawImage(target, self._picture(str(index)))
        return 20.0 + max(0, count) * (SIDE + 8)

    def _picture(self, digit: str) -> QImage:
        """Ink in the accent's colour."""
        image = QImage(PIXELS, PIXELS, QImage.Format.Format_ARGB32)
        for place, ink in enumerate(self._digits.get(digit, bytes(PIXELS * PIXELS))):
            colour = QColor(theme.color("accent"))
            colour.setAlpha(ink)
            image.setPixelColor(place % PIXELS, place // PIXELS, colour)
        return image
