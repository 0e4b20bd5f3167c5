"""Texts in lists of our own: elided where there is no room, the letters that matched marked."""

from __future__ import annotations

from collections.abc import Collection
from itertools import groupby

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

MIDDLE = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft


def draw_text(
    painter: QPainter,
    rect: QRectF,
    text: str,
    font: QFont,
    color: QColor,
    elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> float:
    """Draws a line of text in a rectangle, in the middle of its height; returns its width."""
    metrics = QFontMetricsF(font)
    text = metrics.elidedText(text, elide, rect.width())
    painter.setFont(font)
    painter.setPen(color)
    painter.drawText(rect, MIDDLE | Qt.TextFlag.TextSingleLine, text)
    return metrics.horizontalAdvance(text)


def draw_matched(
    painter: QPainter,
    rect: QRectF,
    text: str,
    matched: Collection[int],
    font: QFont,
    color: QColor,
    mark: QColor,
) -> float:
    """The same with some of its letters, by their places, in another colour and bolder."""
    if not matched:
        return draw_text(painter, rect, text, font, color)
    bold = QFont(font)
    bold.setWeight(QFont.Weight.DemiBold)
    text = QFontMetricsF(bold).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
    places, x = set(matched), rect.left()
    for on, run in groupby(range(len(text)), key=places.__contains__):
        part = "".join(text[place] for place in run)
        part_font = bold if on else font
        width = QFontMetricsF(part_font).horizontalAdvance(part)
        painter.setFont(part_font)
        painter.setPen(mark if on else color)
        room = QRectF(x, rect.top(), width + 2, rect.height())
        painter.drawText(room, MIDDLE | Qt.TextFlag.TextSingleLine, part)
        x += width
    return x - rect.left()


def draw_dot(painter: QPainter, x: float, middle: float, color: str) -> None:
    """The square dot of a family, 8 pixels wide, its left edge at x."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(color))
    painter.drawRoundedRect(QRectF(x, middle - 4, 8, 8), 2, 2)


def draw_ground(painter: QPainter, rect: QRectF, color: QColor, ring: QColor | None = None) -> None:
    """The ground of a row that is selected or under the pointer; `ring` shows the focus."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawRoundedRect(rect, 6, 6)
    if ring is not None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        pen = painter.pen()
        pen.setStyle(Qt.PenStyle.SolidLine)
        pen.setColor(ring)
        pen.setWidthF(2)
        painter.setPen(pen)
        painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 5, 5)
