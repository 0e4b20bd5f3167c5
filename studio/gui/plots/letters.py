"""Text on a plot: as text on the screen, as outlines in a file."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPainterPath

from studio.gui.look.theme import theme

Write = Callable[[QPainter, QRectF, Qt.AlignmentFlag, str, QFont, str], None]
"""Writes a line into a rectangle, at a side of it, in the middle of its height."""


def plainly(
    painter: QPainter, rect: QRectF, side: Qt.AlignmentFlag, text: str, font: QFont, color: str
) -> None:
    """As text."""
    painter.setFont(font)
    painter.setPen(theme.color(color))
    painter.drawText(rect, side | Qt.AlignmentFlag.AlignVCenter, text)


def outlined(
    painter: QPainter, rect: QRectF, side: Qt.AlignmentFlag, text: str, font: QFont, color: str
) -> None:
    """As outlines, which need no font where they are shown."""
    metrics = QFontMetricsF(font)
    spare = rect.width() - metrics.horizontalAdvance(text)
    left = {Qt.AlignmentFlag.AlignRight: spare, Qt.AlignmentFlag.AlignHCenter: spare / 2}
    base = rect.center().y() + (metrics.ascent() - metrics.descent()) / 2
    path = QPainterPath()
    path.addText(rect.left() + left.get(side, 0.0), base, font, text)
    painter.fillPath(path, theme.color(color))
