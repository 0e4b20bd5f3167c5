"""What a press of the left button begins, by what is under the pointer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent

from studio.gui.canvas.edge_item import EdgeItem
from studio.gui.canvas.frame_item import HANDLE, TITLE, FrameItem
from studio.gui.canvas.gestures.framing import MoveFrame, ResizeFrame
from studio.gui.canvas.gestures.gesture import Gesture
from studio.gui.canvas.gestures.looking import RubberBand
from studio.gui.canvas.gestures.moving import Move
from studio.gui.canvas.gestures.wiring import Wire
from studio.gui.canvas.node_item import BLOCKS
from studio.gui.canvas.port_at import PortAt, port_at, ports_of

if TYPE_CHECKING:
    from studio.gui.canvas.view import CanvasView

GRIP = 26.0
"""How near to its end an edge is taken by that end, in pixels of the screen."""


def pick(view: CanvasView, event: QMouseEvent) -> Gesture | None:
    """The gesture that begins here; None where a click has done all there is to do."""
    scene = view.scene()
    at = view.to_scene(event.position())
    item = scene.node_at(at)
    if view.zoom >= BLOCKS:
        port = port_at(scene, at, view.zoom)
        # In the body of another node the node is meant, not a port that is merely near.
        if port is not None and (item is None or item.id == port.node):
            return _at_port(view, event, port)
    if item is not None:
        return Move(view, event, item)
    edge = edge_at(view, at)
    if edge is not None:
        return _at_edge(view, event, edge, at)
    frame = frame_at(view, at)
    if frame is not None:
        corner = frame.rect.bottomRight() - at
        if corner.x() < HANDLE and corner.y() < HANDLE:
            return ResizeFrame(view, event, frame)
        if at.y() - frame.rect.top() < TITLE:
            return MoveFrame(view, event, frame)
    return RubberBand(view, event)


def _at_port(view: CanvasView, event: QMouseEvent, port: PortAt) -> Gesture:
    """A new edge; from an input that has one, that edge is taken up by its end."""
    if not port.out:
        items = [
            view.scene().edges[key]
            for key in view.scene().by_node[port.node]
            if view.scene().edges[key].edge.target_node == port.node
        ]
        mine = [each for each in items if (each.end - port.point).manhattanLength() < 1]
        if len(mine) == 1 and not event.modifiers() & Qt.KeyboardModifier.AltModifier:
            return Wire(view, event, _source(mine[0]), mine[0])
    return Wire(view, event, port)


def _at_edge(view: CanvasView, event: QMouseEvent, edge: EdgeItem, at: QPointF) -> Gesture | None:
    more = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
    if not more:
        view.scene().select([])
    edge.setSelected(True)
    near = min(GRIP / view.zoom, (edge.end - edge.start).manhattanLength() / 3)
    if (edge.end - at).manhattanLength() < near:
        return Wire(view, event, _source(edge), edge)
    if (edge.start - at).manhattanLength() < near:
        return Wire(view, event, _target(edge), edge)
    return None


def _source(edge: EdgeItem) -> PortAt:
    outs = [port for port in ports_of(edge.source) if port.out]
    return outs[edge.ports[0]]


def _target(edge: EdgeItem) -> PortAt:
    ins = [port for port in ports_of(edge.target) if not port.out]
    return ins[edge.ports[1]]


def edge_at(view: CanvasView, at: QPointF) -> EdgeItem | None:
    """The edge within some pixels of a point."""
    away = 6 / view.zoom
    area = QRectF(at.x() - away, at.y() - away, 2 * away, 2 * away)
    found = [
        item
        for item in view.scene().items(area)
        if isinstance(item, EdgeItem) and item.path.intersects(area)
    ]
    return found[0] if found else None


def frame_at(view: CanvasView, at: QPointF) -> FrameItem | None:
    """The smallest frame that a point lies in."""
    found = [frame for frame in view.scene().frames.values() if frame.rect.contains(at)]
    return min(found, key=lambda frame: frame.rect.width(), default=None)
