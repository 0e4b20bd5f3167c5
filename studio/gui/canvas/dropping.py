"""Things dropped on the canvas: an op from the library, onto the ground or onto an edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from studio.graph.compose import add_node, insert_on_edge, new_node
from studio.graph.document import Edge, Node
from studio.graph.problems import StudioError
from studio.gui.canvas.edge_item import EdgeItem
from studio.gui.canvas.geometry import CORNER, HEIGHT, WIDTH, snapped
from studio.gui.look.theme import theme

if TYPE_CHECKING:
    from studio.gui.canvas.scene import CanvasScene
    from studio.gui.canvas.view import CanvasView

OP = "application/x-studio-op"
"""The mime type of an op's path."""


def dropped_op(data: QMimeData) -> str:
    """The op that is being dropped; empty where it is something else."""
    return bytes(data.data(OP)).decode() if data.hasFormat(OP) else ""


def corner(middle: QPointF) -> tuple[float, float]:
    """The place of a node whose middle is at a point."""
    return snapped(middle.x() - WIDTH / 2), snapped(middle.y() - HEIGHT / 2)


def edge_under(scene: CanvasScene, rect: QRectF, but: str = "") -> EdgeItem | None:
    """The edge that a node lying there would be put into; none at the node `but` itself."""
    inner = rect.adjusted(30, 8, -30, -8)
    found = []
    for item in scene.items(inner):
        if not isinstance(item, EdgeItem) or not item.path.intersects(inner):
            continue
        if but not in (item.edge.source_node, item.edge.target_node):
            found.append(item)
    return found[0] if found else None


def drop_op(view: CanvasView, op: str, middle: QPointF) -> str | None:
    """Adds a node of an op there, into the edge that lies under it; returns its id."""
    from studio.gui.adding import node_of_op  # which places nodes on the canvas itself

    scene = view.scene()
    session, graph = scene.session, scene.name
    at = corner(middle)
    edge = edge_under(scene, QRectF(*at, WIDTH, HEIGHT))
    op, params = node_of_op(session.project, op)
    try:
        if edge is not None:
            node = new_node(session.project, graph, op, at, params)
            edit, name = insert_on_edge(session.project, graph, edge.edge, node), node.id
        else:
            edit, name = add_node(session.project, graph, op, at, params=params)
    except StudioError as error:
        view.window_.say(str(error))
        return None
    if not session.do(edit):
        return None
    scene.select([name])
    return name


def paint_ghost(painter: QPainter, scene: CanvasScene, middle: QPointF) -> None:
    """Shows where a node would come to lie that is still in the hand, and the edge it would cut."""
    rect = QRectF(*corner(middle), WIDTH, HEIGHT)
    edge = edge_under(scene, rect)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if edge is not None:
        painter.setPen(QPen(theme.color("accent"), 4))
        painter.drawPath(edge.path)
    painter.setPen(QPen(theme.color("accent"), 2, Qt.PenStyle.DashLine))
    painter.setBrush(theme.color("selection", 170))
    painter.drawRoundedRect(rect, CORNER, CORNER)


def can_insert(scene: CanvasScene, name: str) -> bool:
    """Whether a node stands alone, so that it can be put into an edge."""
    return not scene.by_node.get(name)


def insert(view: CanvasView, edge: Edge, node: str | Node):
    """The edit that puts a node into an edge; None where it can't be, which is said."""
    session = view.scene().session
    try:
        return insert_on_edge(session.project, view.scene().name, edge, node)
    except StudioError as error:
        view.window_.say(str(error))
        return None
