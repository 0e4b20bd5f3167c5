"""The base of all gestures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF
from PySide6.QtGui import QMouseEvent, QPainter

if TYPE_CHECKING:
    from studio.gui.canvas.view import CanvasView


class Gesture:
    """Begins when it is made, with the press of a button, and ends when that is let go."""

    def __init__(self, view: CanvasView, event: QMouseEvent):
        self.view = view
        self.scene = view.scene()
        self.pressed = event.position()
        self.began = view.to_scene(event.position())

    def move(self, event: QMouseEvent) -> None:
        """The pointer has moved."""

    def end(self, event: QMouseEvent) -> None:
        """The button was let go: what was shown is done."""

    def cancel(self) -> None:
        """Escape: everything is as before."""

    def paint(self, painter: QPainter) -> None:
        """Draws over the scene, in its coordinates, what is to be seen only meanwhile."""

    def moved_enough(self, event: QMouseEvent) -> bool:
        """Whether the pointer has gone so far that a drag is meant, not a click."""
        return (event.position() - self.pressed).manhattanLength() >= 4

    def at(self, event: QMouseEvent) -> QPointF:
        """The pointer in the scene."""
        return self.view.to_scene(event.position())
