"""Elements as pictures, or as waves, in a grid that scrolls: painted, without a widget for each."""

from __future__ import annotations

import base64
from typing import Any

from msgspec import Struct
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QAbstractScrollArea, QFrame

from studio.gui.look.theme import mono, theme
from studio.gui.preview.samples import text_of

PICTURE, WAVE = QSize(76, 76), QSize(232, 64)
GAP, CAPTION, EDGE = 12, 18, 14
STEP = 24


class Card(Struct, eq=False):
    """A picture or a wave, and what stands under it."""

    caption: str
    image: QImage | None = None
    points: list[list[float]] = []


def cards_of(names: list[str], rows: list[list[dict[str, Any]]]) -> list[Card]:
    """A card for everything in the rows that can be seen; the single values under it."""
    found = []
    for row in rows:
        said = " · ".join(
            f"{name} {text_of(part)}"
            for name, part in zip(names, row, strict=True)
            if part["shape"] in ([], [1])
        )
        for part in row:
            if "png" in part:
                found.append(Card(said, QImage.fromData(base64.b64decode(part["png"]))))
            elif "wave" in part:
                wave = part["wave"]
                lasts = f"{wave['seconds']:.2f} s" if "seconds" in wave else ""
                caption = " · ".join(filter(None, (lasts, said)))
                found.append(Card(caption, points=wave["points"]))
    return found


class Pictures(QAbstractScrollArea):
    """A grid of cards."""

    def __init__(self) -> None:
        super().__init__()
        self.cards: list[Card] = []
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Pictures of the elements")
        self.verticalScrollBar().setSingleStep(STEP)
        theme.changed.connect(self.viewport().update)

    def show_cards(self, cards: list[Card]) -> None:
        """Shows these cards from the first on."""
        self.cards = cards
        self.setAccessibleDescription("; ".join(card.caption for card in cards[:50]))
        self.verticalScrollBar().setValue(0)
        self._measure()
        self.viewport().update()

    @property
    def _size(self) -> QSize:
        """A card's, without its caption: a grid has cards of one size."""
        waves = any(card.image is None for card in self.cards)
        return WAVE if waves else PICTURE

    def rect_of(self, index: int) -> QRect:
        """Where a card stands, in the viewport."""
        size = self._size
        across = max(1, (self.viewport().width() - 2 * EDGE + GAP) // (size.width() + GAP))
        row, column = divmod(index, across)
        x = EDGE + column * (size.width() + GAP)
        y = 2 + row * (size.height() + CAPTION + GAP) - self.verticalScrollBar().value()
        return QRect(x, y, size.width(), size.height() + CAPTION)

    def _measure(self) -> None:
        bar = self.verticalScrollBar()
        bottom = self.rect_of(len(self.cards) - 1).bottom() + bar.value() if self.cards else 0
        bar.setPageStep(self.viewport().height())
        bar.setRange(0, max(0, bottom + EDGE - self.viewport().height()))

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._measure()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().update()

    def paintEvent(self, event) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(mono(11))
        seen = self.viewport().rect()
        for index, card in enumerate(self.cards):
            rect = self.rect_of(index)
            if rect.intersects(seen):
                self._paint(painter, card, rect)
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(seen).adjusted(1, 1, -1, -1), 4, 4)

    def _paint(self, painter: QPainter, card: Card, rect: QRect) -> None:
        body = rect.adjusted(0, 0, 0, -CAPTION)
        if card.image is not None:
            paint_picture(painter, card.image, body)
        else:
            _paint_wave(painter, card.points, QRectF(body))
        painter.setPen(theme.color("muted"))
        place = QRect(rect.left(), body.bottom() + 1, rect.width(), CAPTION)
        mode, flags = Qt.TextElideMode.ElideRight, Qt.AlignmentFlag.AlignCenter
        said = painter.fontMetrics().elidedText(card.caption, mode, rect.width())
        painter.drawText(place, flags, said)


def paint_picture(painter: QPainter, image: QImage, body: QRect) -> None:
    """A small one is shown large with its pixels as they are, a large one smooth."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("field"))
    painter.drawRoundedRect(body, 4, 4)
    size = image.size().scaled(body.size(), Qt.AspectRatioMode.KeepAspectRatio)
    if image.width() and body.width() >= image.width():
        times = min(body.width() // image.width(), body.height() // max(image.height(), 1))
        size = image.size() * max(times, 1)
    target = QRect(body.topLeft(), size)
    target.moveCenter(body.center())
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, size.width() < image.width())
    painter.drawImage(target, image)


def _paint_wave(painter: QPainter, points: list[list[float]], body: QRectF) -> None:
    """The band between the lowest and highest values."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("field"))
    painter.drawRoundedRect(body, 4, 4)
    low, high = min(p[0] for p in points), max(p[1] for p in points)
    inner = body.adjusted(4, 6, -4, -6)
    scale = inner.height() / (high - low) if high > low else 0.0
    step = inner.width() / max(len(points) - 1, 1)

    def at(index: int, value: float) -> QPointF:
        return QPointF(inner.left() + index * step, inner.bottom() - (value - low) * scale)

    above = [at(i, p[1]) for i, p in enumerate(points)]
    below = [at(i, p[0]) for i, p in enumerate(points)]
    painter.setPen(QPen(theme.color("accent"), 1.2))
    painter.setBrush(theme.color("accent", 60))
    if all(p[0] == p[1] for p in points):
        painter.drawPolyline(QPolygonF(above))
    else:
        painter.drawPolygon(QPolygonF(above + below[::-1]))
