"""Gestures with a wire in the hand: a new edge, or an end of one that is led elsewhere."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPen

from studio.graph.compose import connect, disconnect, reroute, why_not
from studio.graph.problems import StudioError
from studio.gui.canvas.edge_item import EdgeItem
from studio.gui.canvas.geometry import PORT, curve
from studio.gui.canvas.gestures.gesture import Gesture
from studio.gui.canvas.port_at import PortAt, port_at
from studio.gui.look.theme import sans, theme


class Wire(Gesture):
    """Draws an edge from a port to another; let go over nothing, it asks for a new node.

    With `edge`, that edge's end is in the hand: let go over nothing, it is taken away.
    """

    def __init__(self, view, event, port: PortAt, edge: EdgeItem | None = None):
        super().__init__(view, event)
        self.port = port
        self.edge = edge
        self.point = self.began
        self.over: PortAt | None = None
        self.why: str | None = None
        self._expanded: str | None = None
        self._asked: tuple[str, str] | None = None
        if edge is not None:
            edge.setOpacity(0)  # hiding it would deselect it
        view.setCursor(Qt.CursorShape.CrossCursor)

    def move(self, event: QMouseEvent) -> None:
        self.point = self.at(event)
        self._look()
        self.view.viewport().update()

    def _look(self) -> None:
        """What is under the wire, and whether it can go there."""
        item = self.scene.node_at(self.point)
        near = port_at(self.scene, self.point, self.view.zoom, out=not self.port.out)
        name = near.node if near is not None else item.id if item is not None else None
        if name != self._expanded:
            for each, on in ((self._expanded, False), (name, True)):
                if each is not None and self.port.out:
                    self.scene.expand(each, on)
            self._expanded = name
            near = port_at(self.scene, self.point, self.view.zoom, out=not self.port.out)
        if near is None and item is not None and item.id != self.port.node:
            near = self._first_fit(item)
        self.over = near if near is None or near.node != self.port.node else None
        pair = self.ends() if self.over is not None else None
        if pair != self._asked:
            self._asked = pair
            self.why = self._why_not(*pair) if pair is not None else None

    def _first_fit(self, item) -> PortAt | None:
        """The port of a node that the wire is over: the first that takes it, or the first."""
        from studio.gui.canvas.port_at import ports_of

        ports = [port for port in ports_of(item) if port.out != self.port.out]
        for port in ports:
            if self._why_not(*self._pair(port)) is None:
                return port
        return ports[0] if ports else None

    def _pair(self, other: PortAt) -> tuple[str, str]:
        first, second = (self.port, other) if self.port.out else (other, self.port)
        return first.end, second.end

    def ends(self) -> tuple[str, str]:
        """Source and target of the edge that would be drawn."""
        return self._pair(self.over)

    def _why_not(self, source: str, target: str) -> str | None:
        session = self.scene.session
        shapes = session.report.shapes
        moved = self.edge.edge if self.edge is not None else None
        return why_not(session.project, self.scene.name, source, target, shapes, moved)

    def end(self, event: QMouseEvent) -> None:
        self.move(event)
        over, why = self.over, self.why
        self.cancel()
        if over is not None:
            self._connect(*self._pair(over), why)
        elif self.edge is not None:
            if self.moved_enough(event):
                self.scene.session.do(self._cut())
        elif self.moved_enough(event):
            self.view.ask_for_node(self.point, self.port)

    def _cut(self):
        return disconnect(self.scene.session.project, self.scene.name, [self.edge.edge])

    def _connect(self, source: str, target: str, why: str | None) -> None:
        session, graph = self.scene.session, self.scene.name
        # A port that is taken gives its edge up for the new one; all else is refused.
        if why is not None and "feeds it already" not in why:
            self.view.window_.say(why)
            return
        try:
            if self.edge is None:
                edit = connect(session.project, graph, source, target)
            elif (source, target) == (self.edge.edge.source, self.edge.edge.target):
                return
            else:
                edit = reroute(session.project, graph, self.edge.edge, source, target)
        except StudioError as error:
            self.view.window_.say(str(error))
            return
        session.do(edit)

    def cancel(self) -> None:
        if self._expanded is not None:
            self.scene.expand(self._expanded, False)
        if self.edge is not None:
            self.edge.setOpacity(1)
        self.view.unsetCursor()
        self.view.viewport().update()

    def paint(self, painter: QPainter) -> None:
        end = self.over.point if self.over is not None else self.point
        first, second = (self.port.point, end) if self.port.out else (end, self.port.point)
        taken = self.why is not None and "feeds it already" in self.why
        bad = self.why is not None and not taken
        colour = theme.tokens.error if bad else theme.tokens.accent
        painter.setBrush(Qt.BrushStyle.NoBrush)
        pen = QPen(QColor(colour), 2)
        if self.over is None:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawPath(curve(first, second))
        painter.setBrush(QColor(colour))
        painter.drawEllipse(end, PORT, PORT)
        if bad:
            _bubble(painter, self.point, self.why, self.view.zoom, self.view.seen())


def _bubble(painter: QPainter, at: QPointF, text: str, zoom: float, seen: QRectF) -> None:
    """A sentence beside the pointer, at the size of the interface whatever the zoom."""
    painter.save()
    painter.translate(at)
    painter.scale(1 / zoom, 1 / zoom)
    font = sans(12)
    painter.setFont(font)
    flags = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft
    box = QFontMetricsF(font).boundingRect(QRectF(0, 0, 280, 400), flags, text)
    box = box.adjusted(-10, -7, 10, 7)
    right = (seen.right() - at.x()) * zoom
    below = (seen.bottom() - at.y()) * zoom
    x = 16 if right > box.width() + 30 else -box.width() - 16
    y = 18 if below > box.height() + 30 else -box.height() - 18
    box.moveTo(x, y)
    painter.setPen(QPen(theme.color("error"), 1))
    painter.setBrush(theme.color("panel"))
    painter.drawRoundedRect(box, 7, 7)
    painter.setPen(theme.color("error"))
    painter.drawText(box.adjusted(10, 7, -10, -7), flags, text)
    painter.restore()
