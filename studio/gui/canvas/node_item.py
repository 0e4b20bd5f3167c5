"""A node on the canvas: one item that draws itself whole."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from studio.gui.canvas.geometry import CORNER, HEIGHT, PORT, STRIP, WIDTH, port_x
from studio.gui.canvas.looks import Look
from studio.gui.look.icons import paint_icon
from studio.gui.look.theme import mono, sans, theme
from studio.gui.look.tokens import Tokens

if TYPE_CHECKING:
    from studio.engine.inside.judging import Finding

BLOCKS = 0.35
"""Zoom below which a node is a block of its family's colour with its name."""
NAMES = 0.14
"""Zoom below which even the name is left out."""
PORT_NAMES = 1.35
"""Zoom above which ports have their names beside them."""
_SPACE = 14.0


class NodeItem(QGraphicsItem):
    """Draws a node; knows its id and its look, nothing of the document."""

    BOUNDS = QRectF(-10, -12, WIDTH + 20, HEIGHT + 24)
    BODY = QRectF(0, 0, WIDTH, HEIGHT)
    BADGE = QRectF(WIDTH - 9, -9, 18, 18)
    MARK = QRectF(-9, -9, 18, 18)
    """The badge of what a training has found inside it."""

    def __init__(self, node: str, look: Look):
        super().__init__()
        self.id = node
        self.look = look
        self.errors = self.warnings = 0
        self.glow: QColor | None = None
        self.mark: Finding | None = None
        self.hovered = False
        self.expanded = False
        self._texts: tuple[str, str, str] | None = None
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIsSelectable)
        self.setZValue(2)

    def set_look(self, look: Look) -> None:
        """Takes another look."""
        if look != self.look:
            self.look = look
            self._texts = None
            self.update()

    def set_problems(self, errors: int, warnings: int) -> None:
        """Sets what the badge counts."""
        if (errors, warnings) != (self.errors, self.warnings):
            self.errors, self.warnings = errors, warnings
            self.update()

    def set_glow(self, glow: QColor | None, mark: Finding | None) -> bool:
        """Sets what it glows with, and what is wrong inside it; whether it looks another way."""
        if (glow, mark) == (self.glow, self.mark):
            return False
        self.glow, self.mark = glow, mark
        self.update()
        return True

    # Geometry

    def boundingRect(self) -> QRectF:
        return self.BOUNDS

    @property
    def rect(self) -> QRectF:
        """The node's body in the scene."""
        return self.BODY.translated(self.pos())

    @property
    def inputs(self) -> tuple[str, ...]:
        """The input ports that are shown."""
        return self.look.inputs + self.look.spare if self.expanded else self.look.inputs

    def input_point(self, index: int) -> QPointF:
        """The middle of an input port, in the scene."""
        return self.pos() + QPointF(port_x(index, max(len(self.inputs), 1)), 0)

    def output_point(self, index: int) -> QPointF:
        """The middle of an output port, in the scene."""
        return self.pos() + QPointF(port_x(index, max(len(self.look.outputs), 1)), HEIGHT)

    # Painting

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        zoom = option.levelOfDetailFromTransform(painter.worldTransform())
        if self.look.bypass:
            painter.setOpacity(0.5)
        if zoom < BLOCKS:
            self._paint_far(painter, zoom)
            return
        if self.glow is not None:
            self._paint_glow(painter)
        self._paint_body(painter, zoom)
        self._paint_texts(painter)
        self._paint_ports(painter, zoom)
        if self.errors or self.warnings:
            self._paint_badge(painter)
        if self.mark is not None:
            self._paint_mark(painter)

    def _paint_glow(self, painter: QPainter) -> None:
        """A ring of the colour round the body, and a fainter one round that."""
        painter.setPen(Qt.PenStyle.NoPen)
        # The halo of what is selected lies over the inner ring.
        for spread, alpha in ((9.0, 255 if self.isSelected() else 70), (4.5, 255)):
            colour = QColor(self.glow)
            colour.setAlpha(alpha)
            painter.setBrush(colour)
            box = self.BODY.adjusted(-spread, -spread, spread, spread)
            painter.drawRoundedRect(box, CORNER + spread, CORNER + spread)

    def _paint_far(self, painter: QPainter, zoom: float) -> None:
        colour = theme.color("accent") if self.isSelected() else QColor(self.look.colour)
        if self.glow is not None:
            painter.fillRect(self.BODY.adjusted(-9, -9, 9, 9), self.glow)
        painter.fillRect(self.BODY, colour)
        if zoom >= NAMES:
            painter.setPen(QColor("#FFFFFF"))
            painter.setFont(sans(24, 600))
            painter.drawText(
                self.BODY.adjusted(8, 0, -8, 0), Qt.AlignmentFlag.AlignVCenter, self.look.title
            )
        if self.errors or self.warnings:
            colour = theme.color("error" if self.errors else "warning")
            painter.fillRect(QRectF(WIDTH - 24, -8, 32, 32), colour)

    def _paint_body(self, painter: QPainter, zoom: float) -> None:
        state = (self.isSelected(), self.hovered, self.look.block)
        plate = _plate(theme.tokens, state, zoom * painter.device().devicePixelRatioF())
        painter.drawPixmap(self.BOUNDS, plate, QRectF(plate.rect()))
        painter.fillRect(QRectF(1, 9, STRIP, HEIGHT - 18), QColor(self.look.colour))

    def _paint_texts(self, painter: QPainter) -> None:
        t = theme.tokens
        if self._texts is None:
            self._texts = self._elided()
        title, kind, line = self._texts
        top = QRectF(_SPACE + 2, 7, WIDTH - 2 * _SPACE - 2, 20)
        painter.setPen(QColor(t.text))
        painter.setFont(_TITLE)
        painter.drawText(top, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, title)
        painter.setPen(QColor(t.muted))
        painter.setFont(_KIND)
        painter.drawText(top, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, kind)
        if line:
            painter.setFont(_LINE)
            painter.drawText(
                QRectF(_SPACE + 2, 26, WIDTH - 2 * _SPACE, 17),
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
                line,
            )
        for place, (image, colour) in enumerate(self.look.marks):
            paint_icon(painter, image, QRectF(WIDTH - 26 - 16 * place, 28, 12, 12), colour)

    def _elided(self) -> tuple[str, str, str]:
        room = WIDTH - 2 * _SPACE - 2
        name = self.look.title + (f" ×{self.look.repeat}" if self.look.repeat > 1 else "")
        kind = self.look.kind
        gap, least = 10.0, 46.0
        title_width = QFontMetricsF(_TITLE).horizontalAdvance(name)
        left = max(room - title_width - gap, least)
        kind = QFontMetricsF(_KIND).elidedText(kind, Qt.TextElideMode.ElideRight, left)
        left = room - QFontMetricsF(_KIND).horizontalAdvance(kind) - gap
        title = QFontMetricsF(_TITLE).elidedText(name, Qt.TextElideMode.ElideMiddle, left)
        marks = len(self.look.marks)
        left = room - (2 + 16 * marks if marks else 0)
        line = QFontMetricsF(_LINE).elidedText(self.look.line, Qt.TextElideMode.ElideRight, left)
        return title, kind, line

    def _paint_ports(self, painter: QPainter, zoom: float) -> None:
        t = theme.tokens
        painter.setPen(QPen(QColor(t.edge), 1.2))
        painter.setBrush(QColor(t.panel))
        ins, outs = self.inputs, self.look.outputs
        for index in range(len(ins)):
            painter.drawEllipse(QPointF(port_x(index, len(ins)), 0), PORT, PORT)
        for index in range(len(outs)):
            painter.drawEllipse(QPointF(port_x(index, len(outs)), HEIGHT), PORT, PORT)
        if not (self.hovered or self.expanded or zoom > PORT_NAMES):
            return
        painter.setPen(QColor(t.muted))
        painter.setFont(_PORT)
        for names, y in ((ins, -19.0), (outs, HEIGHT + 6.0)):
            if len(names) > 1:
                width = WIDTH / len(names)
                for index, name in enumerate(names):
                    box = QRectF(port_x(index, len(names)) - width / 2, y, width, 12)
                    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)

    def _paint_badge(self, painter: QPainter) -> None:
        count = self.errors + self.warnings
        box = self.BADGE
        painter.setPen(QPen(theme.color("canvas"), 2))
        painter.setBrush(theme.color("error" if self.errors else "warning"))
        painter.drawEllipse(box)
        painter.setPen(QColor("#FFFFFF" if theme.tokens.name == "light" else "#101318"))
        painter.setFont(_BADGE)
        text = "!" if count == 1 else str(min(count, 99))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_mark(self, painter: QPainter) -> None:
        painter.setPen(QPen(theme.color("canvas"), 2))
        painter.setBrush(theme.color("error" if self.mark.severe else "warning"))
        painter.drawEllipse(self.MARK)
        painter.setPen(QColor("#FFFFFF" if theme.tokens.name == "light" else "#101318"))
        painter.setFont(_BADGE)
        painter.drawText(self.MARK, Qt.AlignmentFlag.AlignCenter, MARKS[self.mark.kind])


MARKS = {"not-finite": "∞", "exploding": "↑", "vanishing": "↓", "dead": "0"}
"""What stands on a badge, by the kind of what was found."""


@lru_cache(maxsize=64)
def _plate(t: Tokens, state: tuple[bool, bool, bool], scale: float) -> QPixmap:
    """A node's body without what is written on it, at the size it has on the screen.

    Half a dozen rounded, half transparent rectangles are drawn once a zoom, not once a node.
    """
    selected, hovered, block = state
    body, bounds = NodeItem.BODY, NodeItem.BOUNDS
    pixmap = QPixmap(round(bounds.width() * scale), round(bounds.height() * scale))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(pixmap.width() / bounds.width(), pixmap.height() / bounds.height())
    painter.translate(-bounds.topLeft())
    painter.setPen(Qt.PenStyle.NoPen)
    if selected:
        painter.setBrush(QColor(t.selection))
        painter.drawRoundedRect(body.adjusted(-5, -5, 5, 5), CORNER + 4, CORNER + 4)
    else:
        for spread, alpha in ((3, 8), (2, 12), (1, 14)):
            shadow = QColor(t.shadow)
            shadow.setAlpha(alpha)
            painter.setBrush(shadow)
            painter.drawRoundedRect(body.adjusted(-spread, 2 - spread, spread, spread + 2), 12, 12)
    if block:
        painter.setPen(QPen(QColor(t.accent if selected else t.edge), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(body.adjusted(-3.5, -3.5, 3.5, 3.5), 13, 13)
    border = t.accent if selected or hovered else t.hairline
    painter.setPen(QPen(QColor(border), 2 if selected else 1))
    painter.setBrush(QColor(t.node))
    inset = 0.0 if selected else 0.5
    painter.drawRoundedRect(body.adjusted(inset, inset, -inset, -inset), CORNER, CORNER)
    painter.end()
    return pixmap


_TITLE, _KIND, _LINE = sans(13, 600), sans(11), mono(11)
_PORT, _BADGE = mono(10), sans(11, 600)
