"""A wire in the hand of the keyboard: C begins it, arrows choose where it goes, Enter draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPen

from studio.graph.compose import connect, why_not
from studio.graph.problems import StudioError
from studio.gui.canvas.geometry import PORT, curve
from studio.gui.canvas.port_at import PortAt, ports_of
from studio.gui.look.theme import theme

if TYPE_CHECKING:
    from studio.gui.canvas.view import CanvasView

_WAYS = {
    Qt.Key.Key_Down: (0, 1),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Left: (-1, 0),
}


class KeyWire:
    """Chooses among the ports that a node's first output can feed, the nearest first."""

    def __init__(self, view: CanvasView, node: str):
        self.view = view
        item = view.scene().nodes[node]
        self.start = next(port for port in ports_of(item) if port.out)
        self.targets = self._targets()
        self.target = self.targets[0] if self.targets else None
        self._show()

    def _targets(self) -> list[PortAt]:
        scene = self.view.scene()
        session, shapes = scene.session, scene.session.report.shapes
        found = []
        for item in scene.nodes.values():
            for port in ports_of(item):
                if port.out or port.node == self.start.node:
                    continue
                ends = (self.start.end, port.end)
                if why_not(session.project, scene.name, *ends, shapes) is None:
                    found.append(port)
        return sorted(found, key=lambda port: _distance(self.start.point, port.point))

    def _show(self) -> None:
        if self.target is None:
            self.view.window_.say(f"Nothing can be fed by {self.start.node}.")
            return
        self.view.window_.say(
            f"{self.start.node} → {self.target.end}: arrows choose, Enter connects, Esc ends"
        )
        self.view.reveal([self.target.node])
        self.view.viewport().update()

    def key(self, event: QKeyEvent) -> bool:
        """Takes a key; False once the wire is no longer in the hand."""
        if event.key() in _WAYS and self.target is not None:
            self.target = self._next(*_WAYS[event.key()])
            self._show()
            return True
        if event.key() == Qt.Key.Key_Tab and self.target is not None:
            index = self.targets.index(self.target)
            self.target = self.targets[(index + 1) % len(self.targets)]
            self._show()
            return True
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.target is not None:
            self._draw()
        else:
            self.view.window_.say("")
        self.view.viewport().update()
        return False

    def _next(self, x: int, y: int) -> PortAt:
        """The nearest target in a direction; the one there is, where there is none."""
        here = self.target.point
        best, nearest = self.target, float("inf")
        for port in self.targets:
            by = port.point - here
            along = by.x() * x + by.y() * y
            aside = abs(by.x() * y) + abs(by.y() * x)
            if along > 1 and along + 2 * aside < nearest:
                best, nearest = port, along + 2 * aside
        return best

    def _draw(self) -> None:
        scene = self.view.scene()
        try:
            edit = connect(scene.session.project, scene.name, self.start.end, self.target.end)
        except StudioError as error:
            self.view.window_.say(str(error))
            return
        if scene.session.do(edit):
            self.view.window_.say(f"{self.start.end} feeds {self.target.end}.")

    def paint(self, painter: QPainter) -> None:
        """Draws the wire over the scene."""
        if self.target is None:
            return
        painter.setPen(QPen(theme.color("accent"), 2, Qt.PenStyle.DashLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(curve(self.start.point, self.target.point))
        painter.setBrush(theme.color("accent"))
        painter.drawEllipse(self.target.point, PORT + 1, PORT + 1)


def _distance(one: QPointF, other: QPointF) -> float:
    by = other - one
    # Below is where a graph goes on.
    return (by.x() ** 2 + by.y() ** 2) ** 0.5 + (400 if by.y() < 0 else 0)
