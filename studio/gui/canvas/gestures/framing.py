"""Gestures with comment frames: moved with all that lies in them, made larger, drawn anew."""

from __future__ import annotations

from msgspec.structs import replace
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QMouseEvent

from studio.graph.edits import MoveNodes, Several
from studio.graph.part_edits import SetFrame
from studio.gui.canvas.frame_item import FrameItem
from studio.gui.canvas.geometry import snapped
from studio.gui.canvas.gestures.gesture import Gesture

LEAST = 80.0
"""How small a frame may get."""


class MoveFrame(Gesture):
    """Drags a frame by its title, with the nodes and frames that lie whole in it."""

    def __init__(self, view, event, item: FrameItem):
        super().__init__(view, event)
        self.item = item
        self.before = item.frame
        inside = self.scene.nearby.within(item.rect)
        self.start = {
            name: (rect.x(), rect.y()) for name, rect in inside.items() if item.rect.contains(rect)
        }
        self.scene.clearSelection()
        item.setSelected(True)

    def _by(self, event: QMouseEvent) -> tuple[float, float]:
        by = self.at(event) - self.began
        x, y = self.before.x, self.before.y
        return snapped(x + by.x()) - x, snapped(y + by.y()) - y

    def _moved(self, event: QMouseEvent):
        x, y = self._by(event)
        places = {name: (px + x, py + y) for name, (px, py) in self.start.items()}
        return replace(self.before, x=self.before.x + x, y=self.before.y + y), places

    def move(self, event: QMouseEvent) -> None:
        frame, places = self._moved(event)
        self.item.set_frame(frame)
        self.scene.move(places)

    def end(self, event: QMouseEvent) -> None:
        frame, places = self._moved(event)
        if frame == self.before:
            return
        edits = [SetFrame(self.scene.name, self.item.name, frame)]
        if places:
            edits.append(MoveNodes(self.scene.name, self.scene.unplaced() | places))
        self.scene.session.do(Several(tuple(edits), f"Move frame {frame.title or self.item.name}"))
        self.scene.follow(places)

    def cancel(self) -> None:
        self.item.set_frame(self.before)
        self.scene.move(self.start, around=True)


class ResizeFrame(Gesture):
    """Drags the lower right corner of a frame."""

    def __init__(self, view, event, item: FrameItem):
        super().__init__(view, event)
        self.item = item
        self.before = item.frame
        view.setCursor(Qt.CursorShape.SizeFDiagCursor)

    def _sized(self, event: QMouseEvent):
        by = self.at(event) - self.began
        return replace(
            self.before,
            width=max(snapped(self.before.width + by.x()), LEAST),
            height=max(snapped(self.before.height + by.y()), LEAST),
        )

    def move(self, event: QMouseEvent) -> None:
        self.item.set_frame(self._sized(event))

    def end(self, event: QMouseEvent) -> None:
        self.view.unsetCursor()
        frame = self._sized(event)
        if frame != self.before:
            self.scene.session.do(SetFrame(self.scene.name, self.item.name, frame))

    def cancel(self) -> None:
        self.view.unsetCursor()
        self.item.set_frame(self.before)


def frame_around(rect: QRectF) -> tuple[float, float, float, float]:
    """x, y, width and height of a frame that holds a rectangle, its title above it."""
    return rect.x() - 24, rect.y() - 48, rect.width() + 48, rect.height() + 72
