"""What a press of the left button begins, by what is under the pointer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QMouseEvent

from studio.gui.canvas.gestures.gesture import Gesture
from studio.gui.canvas.gestures.looking import RubberBand
from studio.gui.canvas.gestures.moving import Move

if TYPE_CHECKING:
    from studio.gui.canvas.view import CanvasView


def pick(view: CanvasView, event: QMouseEvent) -> Gesture:
    """The gesture that begins here."""
    at = view.to_scene(event.position())
    item = view.scene().node_at(at)
    if item is not None:
        return Move(view, event, item)
    return RubberBand(view, event)
