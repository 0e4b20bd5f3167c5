"""How often each label was seen: a bar for each class."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from studio.gui.look.theme import mono, theme

ROW, MOST = 17, 12
"""A bar's height with the gap below it, and how many stand below each other."""


class Balance(QWidget):
    """Bars below each other; with more classes than have room, the rest is counted in words."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: list[list[Any]] = []
        self.setAccessibleName("How often each label was seen")
        theme.changed.connect(self.update)

    def show_counts(self, counts: list[list[Any]]) -> None:
        """Shows [label, how often] of each."""
        self.counts = counts
        self.setAccessibleDescription(", ".join(f"{label}: {n}" for label, n in counts))
        self.setFixedHeight(self.sizeHint().height())
        self.setVisible(bool(counts))
        self.update()

    def sizeHint(self) -> QSize:
        rows = min(len(self.counts), MOST) + (len(self.counts) > MOST)
        return QSize(260, rows * ROW + 2 if rows else 0)

    def paintEvent(self, event) -> None:
        if not self.counts:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(mono(11))
        most = max(n for _, n in self.counts)
        total = sum(n for _, n in self.counts)
        metrics = painter.fontMetrics()
        shown = self.counts[:MOST]
        left = max(metrics.horizontalAdvance(str(label)) for label, _ in shown) + 10
        right = metrics.horizontalAdvance(f"{most:,}  100 %") + 10
        room = max(self.width() - left - right, 10)
        for row, (label, n) in enumerate(shown):
            y = row * ROW
            painter.setPen(theme.color("muted"))
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(QRectF(0, y, left - 8, ROW), flags, str(label))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent", 190))
            painter.drawRoundedRect(QRectF(left, y + 4, max(room * n / most, 2), ROW - 8), 2, 2)
            painter.setPen(theme.color("muted"))
            place = QRectF(left + room, y, right, ROW)
            painter.drawText(place, flags, f"{n:,} {n / total:4.0%}")
        if len(self.counts) > MOST:
            said = f"and {len(self.counts) - MOST} more"
            painter.drawText(QRectF(left, MOST * ROW, room, ROW), Qt.AlignmentFlag.AlignLeft, said)
