"""Histograms over time as one picture: the steps go down, the values across."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.engine.inside.judging import figure, share
from studio.engine.inside.reading import Bars, rebinned
from studio.gui.look.theme import mono, sans, theme

BINS = 96
ROWS = 200
"""Rows of the picture, at most: of more steps some are left out."""
EDGE, TITLE, FOOT, SIDE, LAST = 14, 20, 18, 58, 46
"""Pixels: round it, of its title, of the values below, of the steps at its left, of the last
histogram below it."""


class HeatMap(QWidget):
    """The histograms of one node's weights, or activations; `hovered` says what is pointed at."""

    hovered = Signal(str)

    def __init__(self, title: str):
        super().__init__()
        self.title = title
        self.rows: list[Bars] = []
        self.low = self.high = 0.0
        self._image: QImage | None = None
        self._shares: list[list[float]] = []
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(140)
        self.setAccessibleName(title)
        theme.changed.connect(self._themed)

    def show_rows(self, rows: list[Bars]) -> None:
        """Shows the histograms of these steps."""
        step = max(1, -(-len(rows) // ROWS))
        # The last one is always among them.
        self.rows = rows[(len(rows) - 1) % step :: step]
        if rows:
            self.low = min(each.low for each in self.rows)
            self.high = max(each.high for each in self.rows)
            if self.low == self.high:
                self.low, self.high = self.low - 0.5, self.high + 0.5
        self._shares = [rebinned(each, self.low, self.high, BINS) for each in self.rows]
        self._image = None
        self.setAccessibleDescription(self.text)
        self.update()

    @property
    def text(self) -> str:
        """What it shows, in words."""
        if not self.rows:
            return "nothing yet"
        last = self.rows[-1]
        return (
            f"{len(self.rows)} histograms from step {self.rows[0].step} to {last.step}; "
            f"values now from {figure(last.low)} to {figure(last.high)}"
        )

    def _themed(self) -> None:
        self._image = None
        self.update()

    @property
    def area(self) -> QRectF:
        """Where the picture stands."""
        return QRectF(
            EDGE + SIDE,
            TITLE,
            max(self.width() - 2 * EDGE - SIDE, 10),
            max(self.height() - TITLE - FOOT - LAST - 6, 10),
        )

    def _made(self) -> QImage:
        """Each value as its share of its row, in the colour of the accent."""
        if self._image is None:
            image = QImage(BINS, len(self.rows), QImage.Format.Format_Indexed8)
            ground, full = theme.color("field"), theme.color("accent")
            table = []
            for index in range(256):
                part = index / 255
                mixed = (
                    round(a + (b - a) * part)
                    for a, b in zip(ground.getRgb()[:3], full.getRgb()[:3], strict=True)
                )
                table.append(QColor(*mixed).rgb())
            image.setColorTable(table)
            most = max((max(row) for row in self._shares), default=0.0) or 1.0
            for y, row in enumerate(self._shares):
                line = bytes(round(255 * math.sqrt(min(part / most, 1.0))) for part in row)
                image.scanLine(y)[: len(line)] = line
            self._image = image
        return self._image

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(sans(12, 600))
        painter.setPen(theme.color("text"))
        flags = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(EDGE, 0, self.width() - EDGE, TITLE), flags, self.title)
        area = self.area
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("field"))
        painter.drawRect(area)
        if not self.rows:
            painter.setPen(theme.color("muted"))
            painter.setFont(sans(12))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, "Nothing yet")
            return
        painter.drawImage(area, self._made(), QRectF(0, 0, BINS, len(self.rows)))
        painter.setFont(mono(10))
        painter.setPen(theme.color("muted"))
        right = Qt.AlignmentFlag.AlignRight
        side = QRectF(EDGE, area.top(), SIDE - 8, area.height())
        painter.drawText(side, right | Qt.AlignmentFlag.AlignTop, f"{self.rows[0].step:,}")
        painter.drawText(side, right | Qt.AlignmentFlag.AlignBottom, f"{self.rows[-1].step:,}")
        if area.height() > 60:
            painter.drawText(side, right | Qt.AlignmentFlag.AlignVCenter, "step")
        self._paint_last(painter, area)
        foot = QRectF(area.left(), self.height() - FOOT, area.width(), FOOT)
        painter.setPen(theme.color("muted"))
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft | flags, figure(self.low))
        painter.drawText(foot, right | flags, figure(self.high))
        if self.low < 0 < self.high:
            x = area.left() + area.width() * -self.low / (self.high - self.low)
            painter.setPen(theme.color("edge"))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, self.height() - FOOT))
            if 30 < x - area.left() < area.width() - 30:
                painter.setPen(theme.color("muted"))
                painter.drawText(
                    QRectF(x - 20, foot.top(), 40, FOOT), Qt.AlignmentFlag.AlignCenter, "0"
                )

    def _paint_last(self, painter: QPainter, area: QRectF) -> None:
        """The last histogram, below."""
        shares = self._shares[-1]
        most = max(shares) or 1.0
        box = QRectF(area.left(), area.bottom() + 6, area.width(), LAST - 4)
        step = box.width() / BINS
        painter.drawText(
            QRectF(EDGE, box.top(), SIDE - 8, box.height()),
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
            "now",
        )
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent", 190))
        for index, part in enumerate(shares):
            if part:
                height = max(part / most * box.height(), 1.0)
                left = box.left() + index * step
                painter.drawRect(QRectF(left, box.bottom() - height, step - 0.4, height))

    def at(self, point: QPointF) -> str:
        """What stands at a point, in words; "" outside."""
        area = self.area
        if not self.rows or not area.contains(point):
            return ""
        row = min(
            int((point.y() - area.top()) / area.height() * len(self.rows)), len(self.rows) - 1
        )
        column = min(int((point.x() - area.left()) / area.width() * BINS), BINS - 1)
        width = (self.high - self.low) / BINS
        low = self.low + column * width
        part = self._shares[row][column]
        return (
            f"step {self.rows[row].step:,}: {share(part)} from {figure(low)} to "
            f"{figure(low + width)}"
        )

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.hovered.emit(self.at(event.position()))

    def leaveEvent(self, event) -> None:
        self.hovered.emit("")
