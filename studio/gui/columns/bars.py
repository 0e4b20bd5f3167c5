"""The small histogram in a cell of the table of columns."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from studio.gui.columns.model import BARS_ROLE
from studio.gui.look.theme import theme

WIDE, GAP, EDGE = 5.0, 1.0, 5
"""Pixels of a bar at most, between two, and above and below them."""


class Bars(QStyledItemDelegate):
    """Paints bars, as high as the shares that the model gives."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        super().paint(painter, option, index)
        shares = index.data(BARS_ROLE) or ()
        if not shares:
            return
        body = QRectF(option.rect).adjusted(6, EDGE, -6, -EDGE)
        step = min(WIDE + GAP, body.width() / len(shares))
        painter.save()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent", 170))
        for place, share in enumerate(shares):
            high = max(body.height() * share, 1.0) if share else 0.5
            left = body.left() + place * step
            painter.drawRect(QRectF(left, body.bottom() - high, max(step - GAP, 1.0), high))
        painter.restore()
