"""Two graphs as one on a canvas that is only looked at: what is new, gone and changed in colour."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen, QWheelEvent
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from studio.graph.compare import ADDED, CHANGED, REMOVED
from studio.graph.document import Project
from studio.graph.merged import Marks
from studio.gui.canvas.edge_item import EdgeItem
from studio.gui.canvas.geometry import CORNER
from studio.gui.canvas.looking_view import LookingView
from studio.gui.canvas.node_item import NodeItem
from studio.gui.canvas.scene import CanvasScene
from studio.gui.look.theme import sans, theme

LOOKS = {ADDED: ("good", "+"), REMOVED: ("error", "\N{MINUS SIGN}"), CHANGED: ("warning", "~")}
"""The colour of each kind of difference, and its sign: not all see the colours."""


class Still(QObject):
    """A project that is only looked at, as a scene asks a session for it: nothing ever changes."""

    changed = Signal(object)
    checked = Signal()
    problems = ()

    def __init__(self, project: Project):
        super().__init__()
        self.project = project


class MergedScene(CanvasScene):
    """One graph of two projects. No shapes: there is no model that is both."""

    def __init__(self, project: Project, graph: str, marks: Marks):
        self.marks = marks
        super().__init__(Still(project), graph)
        for name, kind in marks.nodes.items():
            if name in self.nodes:
                self.addItem(NodeMark(self.nodes[name], kind))
                self.addItem(NodeSign(self.nodes[name], kind))
        for key, item in self.edges.items():
            kind = marks.edges.get(key[:2])
            if kind is not None:
                self.addItem(EdgeMark(item, kind))

    def _show_shapes(self) -> None:
        pass

    def _checked(self) -> None:
        pass


class NodeMark(QGraphicsItem):
    """A border of its kind's colour round a node; what is gone is dashed."""

    def __init__(self, node: NodeItem, kind: str):
        super().__init__()
        self.kind = kind
        self._rect = NodeItem.BODY.adjusted(-6, -6, 6, 6)
        self.setPos(node.pos())
        self.setZValue(1.9)

    def boundingRect(self) -> QRectF:
        return self._rect.adjusted(-2, -2, 2, 2)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        colour = theme.color(LOOKS[self.kind][0])
        pen = QPen(colour, 2)
        if self.kind == REMOVED:
            pen.setDashPattern([4, 3])
        tint = QColor(colour)
        tint.setAlpha(38)
        painter.setPen(pen)
        painter.setBrush(tint)
        painter.drawRoundedRect(self._rect, CORNER + 4, CORNER + 4)


class NodeSign(QGraphicsItem):
    """The sign of its kind at a node's corner."""

    def __init__(self, node: NodeItem, kind: str):
        super().__init__()
        self.kind = kind
        self.setPos(node.pos())
        self.setZValue(3)

    def boundingRect(self) -> QRectF:
        return QRectF(-14, -14, 22, 22)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        name, sign = LOOKS[self.kind]
        box = QRectF(-12, -12, 18, 18)
        painter.setPen(QPen(theme.color("canvas"), 2))
        painter.setBrush(theme.color(name))
        painter.drawEllipse(box)
        painter.setPen(theme.color("panel"))
        painter.setFont(sans(13, 700))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, sign)


class EdgeMark(QGraphicsItem):
    """An edge that is new, or gone, drawn over in its kind's colour."""

    def __init__(self, edge: EdgeItem, kind: str):
        super().__init__()
        self.kind = kind
        self._edge = edge
        self.setZValue(1.5)

    def boundingRect(self) -> QRectF:
        return self._edge.path.controlPointRect().adjusted(-4, -4, 4, 4)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        pen = QPen(theme.color(LOOKS[self.kind][0]), 2.4)
        if self.kind == REMOVED:
            pen.setDashPattern([4, 3])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self._edge.path)


class MergedView(LookingView):
    """A drag moves the canvas, the wheel zooms, a click selects a node.

    Signals: `clicked(str)` a node; `entered(str)` one that was clicked twice.
    """

    clicked = Signal(str)
    entered = Signal(str)

    def __init__(self, scene: MergedScene):
        super().__init__(scene)
        self.setAccessibleName("Both graphs")
        self._dragged: QPointF | None = None

    def _first_look(self) -> None:
        """Looks first at what differs."""
        marks = self.scene().marks
        ends = {end.partition(".")[0] for edge in marks.edges for end in edge}
        nodes = [name for name in self.scene().nodes if name in marks.nodes.keys() | ends]
        if nodes and self.isVisible() and not self._fitted:
            self.frame(nodes, animated=False)
        else:
            super()._first_look()

    def node_at(self, event: QMouseEvent) -> str:
        """The node under the mouse; empty where there is none."""
        item = self.scene().node_at(self.to_scene(event.position()))
        return item.id if item is not None else ""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        node = self.node_at(event)
        self.scene().select([node] if node else [])
        if node:
            self.clicked.emit(node)
        else:
            self._dragged = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged is not None:
            self.pan(self._dragged - event.position())
            self._dragged = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        node = self.node_at(event)
        if node:
            self.entered.emit(node)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom_by(1.0015 ** event.angleDelta().y(), event.position())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        ways = {
            Qt.Key.Key_Left: (-40, 0),
            Qt.Key.Key_Right: (40, 0),
            Qt.Key.Key_Up: (0, -40),
            Qt.Key.Key_Down: (0, 40),
        }
        if event.key() in ways:
            self.pan(QPointF(*ways[event.key()]))
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_by(1.25)
        elif event.key() == Qt.Key.Key_Minus:
            self.zoom_by(0.8)
        elif event.key() in (Qt.Key.Key_0, Qt.Key.Key_Home):
            self.frame()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        room = self.viewport().rect()
        self.minimap.move(room.right() - self.minimap.width() - 12, room.bottom() - 106)
