"""The title of a comment frame while it is typed, in its place on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit

from studio.graph.part_edits import SetFrame
from studio.gui.canvas.frame_item import FrameItem

if TYPE_CHECKING:
    from studio.gui.canvas.view import CanvasView


class FrameTitle(QLineEdit):
    """A field over a frame's title: Enter or a click elsewhere takes it, Escape doesn't."""

    def __init__(self, view: CanvasView, item: FrameItem):
        super().__init__(item.frame.title, view.viewport())
        self._view, self._name = view, item.name
        self.setAccessibleName("Title of the frame")
        corner = view.viewportTransform().map(item.pos() + QPointF(6, 2)).toPoint()
        self.setGeometry(corner.x(), corner.y(), max(180, round(item.rect.width() / 2)), 30)
        self.editingFinished.connect(self._take)
        self.show()
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._leave()
        else:
            super().keyPressEvent(event)

    def _take(self) -> None:
        scene = self._view.scene()
        frame = scene.graph.frames.get(self._name)
        if frame is not None and self.text() != frame.title:
            scene.session.do(SetFrame(scene.name, self._name, replace(frame, title=self.text())))
        self._leave()

    def _leave(self) -> None:
        self.blockSignals(True)
        self.hide()
        self._view.setFocus(Qt.FocusReason.OtherFocusReason)
        self.deleteLater()
