"""An edge on the canvas: a curve, and beside it the shape of what flows there."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPainterPathStroker, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from studio.graph.document import Edge
from studio.gui.canvas.geometry import curve
from studio.gui.canvas.node_item import NodeItem
from studio.gui.look.theme import mono, theme

LABELS = 0.55
"""Zoom below which shapes are left out."""


class EdgeItem(QGraphicsItem):
    """Draws an edge between two nodes' items."""

    def __init__(self, edge: Edge, source: NodeItem, target: NodeItem, ports: tuple[int, int]):
        super().__init__()
        self.edge = edge
        self.source, self.target, self.ports = source, target, ports
        self.label = ""
        self.refused = False
        self._path = QPainterPath()
        self._bounds = QRectF()
        self._body = QRectF()
        self._at = self._middle = QPointF()
        self._left = False
        self._width = 0.0
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIsSelectable)
        self.setZValue(1)

    @property
    def start(self) -> QPointF:
        """Where it leaves its source."""
        return self.source.output_point(self.ports[0])

    @property
    def end(self) -> QPointF:
        """Where it reaches its target."""
        return self.target.input_point(self.ports[1])

    def set_label(self, label: str, refused: bool = False) -> None:
        """Shows another shape."""
        if (label, refused) != (self.label, self.refused):
            self.prepareGeometryChange()
            self.label, self.refused = label, refused
            self._width = len(label) * _letter()
            self._measure()
            self.update()

    def follow(self, around: Iterable[QRectF] = ()) -> None:
        """Goes where its nodes are now, round the rectangles."""
        self.prepareGeometryChange()
        start, end = self.start, self.end
        self._path = curve(start, end, around)
        # Edges that leave a node side by side have their labels one below the other.
        outs = len(self.source.look.outputs)
        place = 0.5 if outs < 2 else 0.3 + 0.4 * self.ports[0] / (outs - 1)
        self._middle = self._path.pointAtPercent(place)
        self._left = end.x() < start.x() - 20
        self._body = self._path.controlPointRect().adjusted(-8, -8, 8, 8)
        self._measure()

    def _measure(self) -> None:
        # Beside the curve on the side that it comes from, where no other edge of its source is.
        self._at = self._middle + QPointF(-self._width - 14 if self._left else 10, 0)
        box = self._body
        if self.label:
            box = box.united(QRectF(self._at.x(), self._at.y() - 9, self._width + 4, 18))
        self._bounds = box

    def boundingRect(self) -> QRectF:
        return self._bounds

    def shape(self) -> QPainterPath:
        """Where it can be hit: some pixels to both sides."""
        stroker = QPainterPathStroker()
        stroker.setWidth(10)
        return stroker.createStroke(self._path)

    @property
    def path(self) -> QPainterPath:
        """The curve, in the scene."""
        return self._path

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        t = theme.tokens
        lit = self.isSelected() or self.source.isSelected() or self.target.isSelected()
        colour = t.error if self.refused else t.accent if lit else t.edge
        painter.setPen(QPen(QColor(colour), 2.4 if self.isSelected() else 1.6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self._path)
        zoom = option.levelOfDetailFromTransform(painter.worldTransform())
        if self.label and zoom >= LABELS:
            box = QRectF(self._at.x(), self._at.y() - 8, self._width + 4, 16)
            painter.fillRect(box.adjusted(-2, 0, 2, 0), theme.color("canvas", 215))
            painter.setPen(QColor(t.error if self.refused else t.faint))
            painter.setFont(_FONT)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, self.label)


_FONT = mono(11)


@cache
def _letter() -> float:
    """The width of a letter; all are as wide."""
    return QFontMetricsF(_FONT).horizontalAdvance("0")
