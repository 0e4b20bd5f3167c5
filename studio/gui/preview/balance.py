"""How often each label was seen: a bar for each class."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from studio.gui.look.theme import mono, theme
from studio.gui.preview.naming import called

ROW, MOST = 17, 12
"""A bar's height with the gap below it, and how many stand below each other."""
LONGEST = 150
"""Pixels that the name of a class takes at most."""


class Balance(QWidget):
    """Bars below each other; with more classes than have room, the rest is counted in words."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: list[list[Any]] = []
        self.names: tuple[str, ...] = ()
        self.setAccessibleName("How often each label was seen")
        theme.changed.connect(self.update)

    def show_counts(self, counts: list[list[Any]], names: tuple[str, ...] = ()) -> None:
        """Shows [label, how often] of each, by the names of the classes where they have some."""
        self.counts, self.names = counts, names
        said = (f"{called(label, names)}: {n}" for label, n in counts)
        self.setAccessibleDescription(", ".join(said))
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
        mode = Qt.TextElideMode.ElideRight
        texts = [metrics.elidedText(called(label, self.names), mode, LONGEST) for label, _ in shown]
        left = max(map(metrics.horizontalAdvance, texts)) + 10
        right = metrics.horizontalAdvance(f"{most:,}  100 %") + 10
        room = max(self.width() - left - right, 10)
        for row, (_, n) in enumerate(shown):
            y = row * ROW
            painter.setPen(theme.color("muted"))
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(QRectF(0, y, left - 8, ROW), flags, texts[row])
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent", 190))
            painter.drawRoundedRect(QRectF(left, y + 4, max(room * n / most, 2), ROW - 8), 2, 2)
            painter.setPen(theme.color("muted"))
            place = QRectF(left + room, y, right, ROW)
            painter.drawText(place, flags, f"{n:,} {n / total:4.0%}")
        if len(self.counts) > MOST:
            said = f"and {len(self.counts) - MOST} more"
            painter.drawText(QRectF(left, MOST * ROW, room, ROW), Qt.AlignmentFlag.AlignLeft, said)
