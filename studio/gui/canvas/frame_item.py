"""A comment frame: a titled rectangle behind the nodes that belong together."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from studio.gui.look.theme import sans, theme
from studio.gui.look.tokens import FAMILIES

TITLE = 26.0
"""Height of the title, by which a frame is taken."""
HANDLE = 14.0
"""Size of the corner by which it is made larger."""


class FrameItem(QGraphicsItem):
    """Draws a frame of the document."""

    def __init__(self, name: str, frame: Any):
        super().__init__()
        self.name = name
        self.frame = frame
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIsSelectable)
        self.setZValue(0)
        self.setPos(frame.x, frame.y)

    def set_frame(self, frame: Any) -> None:
        """Takes another size, place, title or colour."""
        if frame is not self.frame:
            self.prepareGeometryChange()
            self.frame = frame
            self.setPos(frame.x, frame.y)
            self.update()

    @property
    def rect(self) -> QRectF:
        """The frame in the scene."""
        return QRectF(self.frame.x, self.frame.y, self.frame.width, self.frame.height)

    def boundingRect(self) -> QRectF:
        return QRectF(-3, -3, self.frame.width + 6, self.frame.height + 6)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        named = FAMILIES.get(self.frame.color)
        colour = QColor(named) if named else theme.color("accent")
        body = QRectF(0, 0, self.frame.width, self.frame.height)
        ground = QColor(colour)
        ground.setAlpha(20)
        painter.setPen(
            QPen(theme.color("accent"), 2)
            if self.isSelected()
            else QPen(theme.color("hairline"), 1)
        )
        painter.setBrush(ground)
        painter.drawRoundedRect(body, 10, 10)
        zoom = option.levelOfDetailFromTransform(painter.worldTransform())
        painter.setPen(theme.color("muted"))
        # The title stays readable from afar.
        painter.setFont(sans(round(12 / min(1.0, max(zoom, 0.12))), 600))
        painter.drawText(
            body.adjusted(12, 6, -12, 0),
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop,
            self.frame.title,
        )
