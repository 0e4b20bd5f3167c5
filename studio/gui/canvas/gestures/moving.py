"""Gestures that move things: nodes, and comment frames with all that lies in them."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent

from studio.graph.edits import MoveNodes
from studio.gui.canvas.geometry import snapped
from studio.gui.canvas.gestures.gesture import Gesture
from studio.gui.canvas.node_item import NodeItem


class Move(Gesture):
    """Drags the selected nodes; a click without a drag selects."""

    def __init__(self, view, event, item: NodeItem):
        super().__init__(view, event)
        self.item = item
        self.dragging = False
        self._toggled = False
        more = event.modifiers() & (
            Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
        )
        if more:
            self._toggled = item.isSelected()
            item.setSelected(True)
        elif not item.isSelected():
            self.scene.select([item.id])
        self.start: dict[str, tuple[float, float]] = {}

    def move(self, event: QMouseEvent) -> None:
        if not self.dragging:
            if not self.moved_enough(event):
                return
            self.dragging = True
            places = self.scene.places()
            self.start = {name: places[name] for name in self.scene.selected()}
        self.scene.move(self.places(self.at(event) - self.began))

    def places(self, by: QPointF) -> dict[str, tuple[float, float]]:
        """Where the nodes are after a move; the one that is held stands on the grid."""
        x, y = self.start[self.item.id]
        by = QPointF(snapped(x + by.x()) - x, snapped(y + by.y()) - y)
        return {name: (x + by.x(), y + by.y()) for name, (x, y) in self.start.items()}

    def end(self, event: QMouseEvent) -> None:
        if not self.dragging:
            self._clicked(event)
            return
        places = self.places(self.at(event) - self.began)
        self.scene.move(places, around=True)
        if places != self.start:
            # Others that stand where the layout put them are to stay there from now on.
            self.scene.session.do(MoveNodes(self.scene.name, self.scene.unplaced() | places))

    def _clicked(self, event: QMouseEvent) -> None:
        more = event.modifiers() & (
            Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
        )
        if self._toggled:
            self.item.setSelected(False)
        elif not more:
            self.scene.select([self.item.id])

    def cancel(self) -> None:
        if self.dragging:
            self.scene.move(self.start, around=True)
