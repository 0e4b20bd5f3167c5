"""Where things are on the canvas: sizes, ports, curves. Scene coordinates, pixels at 1:1."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

from studio.graph.layout.anchors import port_place

WIDTH, HEIGHT = 196.0, 50.0
CORNER = 10.0
STRIP = 4.0
PORT = 5.0
"""Radius of a port."""
GRID = 4
DOTS = 24
"""Distance of the dots of the ground."""
MARGIN = 30.0
"""How far an edge that goes round nodes keeps from them."""
REACH = 14.0
"""How near the pointer must be to a port to take it."""


def snapped(value: float) -> float:
    """The nearest line of the grid."""
    return round(value / GRID) * GRID


def port_x(index: int, count: int) -> float:
    """The place of a port along its edge of the node, where the layout counts on it."""
    return port_place(index, count, WIDTH)


def curve(start: QPointF, end: QPointF, around: Iterable[QRectF] = ()) -> QPainterPath:
    """The way of an edge: a smooth vertical curve, led round the nodes that it would cross."""
    path = QPainterPath(start)
    side = _side(start, end, around) if end.y() - start.y() > HEIGHT else None
    if side is None:
        bend = min(max(abs(end.y() - start.y()) / 2, 24.0), 120.0)
        path.cubicTo(start.x(), start.y() + bend, end.x(), end.y() - bend, end.x(), end.y())
        return path
    room = min((end.y() - start.y()) / 2, 72.0)
    out, back = start.y() + room, end.y() - room
    path.cubicTo(start.x(), start.y() + room * 0.6, side, out - room * 0.6, side, out)
    path.lineTo(side, back)
    path.cubicTo(side, back + room * 0.6, end.x(), end.y() - room * 0.6, end.x(), end.y())
    return path


def _side(start: QPointF, end: QPointF, around: Iterable[QRectF]) -> float | None:
    """The x at which an edge passes the nodes in its way, on the nearer side; None if none are."""
    low, high = sorted((start.x(), end.x()))
    top, bottom = start.y() + 4, end.y() - 4
    left, right = low, high
    found = False
    rects = [r for r in around if r.bottom() > top and r.top() < bottom]
    # What is led round one node may meet the next: until nothing new is met.
    for _ in range(len(rects)):
        met = (
            [r for r in rects if r.right() > left and r.left() < right]
            if found
            else [r for r in rects if _crossed(r, start, end)]
        )
        wider = (
            min([left, *(r.left() for r in met)]),
            max([right, *(r.right() for r in met)]),
        )
        if wider == (left, right):
            break
        found, (left, right) = True, wider
    if not found:
        return None
    middle = (start.x() + end.x()) / 2
    to_right, to_left = right + MARGIN - middle, middle - (left - MARGIN)
    return right + MARGIN if to_right <= to_left + 1 else left - MARGIN


def _crossed(rect: QRectF, start: QPointF, end: QPointF) -> bool:
    """Whether the plain curve between two points goes through a rectangle."""
    steps = 12
    bend = min(max(abs(end.y() - start.y()) / 2, 24.0), 120.0)
    for step in range(1, steps):
        t = step / steps
        u = 1 - t
        x = start.x() * (u**3 + 3 * u * u * t) + end.x() * (3 * u * t * t + t**3)
        y = (
            start.y() * u**3
            + 3 * (start.y() + bend) * u * u * t
            + 3 * (end.y() - bend) * u * t * t
            + end.y() * t**3
        )
        if rect.left() - 6 < x < rect.right() + 6 and rect.top() < y < rect.bottom():
            return True
    return False
