"""The gesture that moves nodes: on the grid, along guides, into an edge."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPen

from studio.graph.edits import MoveNodes, Several
from studio.graph.layout.snap import Guides
from studio.gui.canvas.dropping import can_insert, edge_under, insert
from studio.gui.canvas.edge_item import EdgeItem
from studio.gui.canvas.geometry import HEIGHT, WIDTH, snapped
from studio.gui.canvas.gestures.gesture import Gesture
from studio.gui.canvas.node_item import NodeItem
from studio.gui.look.theme import theme

_MORE = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
SNAP = 6.0
"""How near, in pixels of the screen, a guide draws a node to itself."""


class Move(Gesture):
    """Drags the selected nodes; a click without a drag selects. Alt: neither grid nor guides."""

    def __init__(self, view, event, item: NodeItem):
        super().__init__(view, event)
        self.item = item
        self.dragging = False
        self._was_selected = item.isSelected()
        self._more = bool(event.modifiers() & _MORE)
        if self._more:
            item.setSelected(True)
        elif not item.isSelected():
            self.scene.select([item.id])
        self.start: dict[str, tuple[float, float]] = {}
        self.places: dict[str, tuple[float, float]] = {}
        self._guides: Guides | None = None
        self._lines: list[QLineF] = []
        self._into: EdgeItem | None = None

    def _begin(self) -> None:
        self.dragging = True
        places = self.scene.places()
        self.start = {name: places[name] for name in self.scene.selected()}
        others = self.scene.nearby.within(self.view.seen())
        self._guides = Guides(
            [
                (rect.x(), rect.y(), rect.width(), rect.height())
                for name, rect in others.items()
                if name not in self.start
            ]
        )

    def move(self, event: QMouseEvent) -> None:
        if not self.dragging:
            if not self.moved_enough(event):
                return
            self._begin()
        self.places = self._places(event)
        self.scene.move(self.places)
        self._look_for_edge()
        self.view.viewport().update()

    def _places(self, event: QMouseEvent) -> dict[str, tuple[float, float]]:
        """Where the nodes are now; the one that is held stands on the grid, or on a guide."""
        by = self.at(event) - self.began
        x, y = self.start[self.item.id]
        self._lines = []
        if not event.modifiers() & Qt.KeyboardModifier.AltModifier:
            found = self._guides.snap(
                (x + by.x(), y + by.y(), WIDTH, HEIGHT), SNAP / self.view.zoom
            )
            level = {line.upright for line in found.lines}
            to_x = x + by.x() + found.dx if True in level else snapped(x + by.x())
            to_y = y + by.y() + found.dy if False in level else snapped(y + by.y())
            self._lines = [_line(each) for each in found.lines]
            by = QPointF(to_x - x, to_y - y)
        return {name: (x + by.x(), y + by.y()) for name, (x, y) in self.start.items()}

    def _look_for_edge(self) -> None:
        """The edge that the node would be put into if it were let go here."""
        if len(self.start) == 1 and can_insert(self.scene, self.item.id):
            self._into = edge_under(self.scene, self.item.rect, self.item.id)

    def end(self, event: QMouseEvent) -> None:
        if not self.dragging:
            self._clicked()
            return
        self.scene.move(self.places, around=True)
        if self.places == self.start:
            return
        session, graph = self.scene.session, self.scene.name
        # Others that stand where the layout put them are to stay there from now on.
        edit = MoveNodes(graph, self.scene.unplaced() | self.places)
        if self._into is not None:
            put = insert(self.view, self._into.edge, self.item.id)
            edit = Several((edit, put), put.label) if put is not None else edit
        session.do(edit)
        self.scene.settle_edges(self.places)

    def _clicked(self) -> None:
        if self._more and self._was_selected:
            self.item.setSelected(False)
        elif not self._more:
            self.scene.select([self.item.id])

    def cancel(self) -> None:
        if self.dragging:
            self.scene.move(self.start, around=True)

    def paint(self, painter: QPainter) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("second"), 0))
        painter.drawLines(self._lines)
        if self._into is not None:
            painter.setPen(QPen(theme.color("accent"), 4))
            painter.drawPath(self._into.path)


def _line(line) -> QLineF:
    """A guide as it is drawn."""
    if line.upright:
        return QLineF(line.at, line.start, line.at, line.end)
    return QLineF(line.start, line.at, line.end, line.at)
