"""The view of a graph: looking around in it, and what the mouse and the keys begin there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QEvent,
    QPoint,
    QPointF,
    QRectF,
    Qt,
    QTimer,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip

from studio.gui.canvas.arranging import Arranging
from studio.gui.canvas.dropping import drop_op, dropped_op, paint_ghost
from studio.gui.canvas.frame_item import TITLE
from studio.gui.canvas.frame_title import FrameTitle
from studio.gui.canvas.geometry import HEIGHT, WIDTH
from studio.gui.canvas.gestures.gesture import Gesture
from studio.gui.canvas.gestures.looking import Pan
from studio.gui.canvas.keyboard import KeyWire
from studio.gui.canvas.looking_view import LookingView
from studio.gui.canvas.node_item import BLOCKS, NodeItem
from studio.gui.canvas.pick import frame_at, pick
from studio.gui.canvas.problem_card import ProblemCard, show_for
from studio.gui.canvas.scene import CanvasScene
from studio.gui.inside.words import words
from studio.gui.look.theme import theme

if TYPE_CHECKING:
    from studio.gui.canvas.port_at import PortAt
    from studio.gui.window import Window

_KEYS = (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride)


class CanvasView(LookingView):
    """What the mouse and the keys begin on a graph; what they do to it is in `handling`."""

    # Events come while the base is made: these are asked for by then.
    wire: KeyWire | None = None
    gesture: Gesture | None = None

    def __init__(self, window: Window, scene: CanvasScene):
        super().__init__(scene)
        self.window_ = window
        self._drop_at: QPointF | None = None
        self._space = False
        self.hovered: NodeItem | None = None
        self._card: ProblemCard | None = None
        self._told: NodeItem | None = None
        self.arranging: Arranging | None = None
        self._title: FrameTitle | None = None
        self.setAccessibleName(f"Canvas of {scene.name}")
        self.viewport().setAccessibleName(f"Canvas of {scene.name}")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        self.setAcceptDrops(True)
        self.addActions(window.actions_.of_canvas())
        self._tidy = QTimer(self, interval=0, singleShot=True)
        self._tidy.timeout.connect(self._bound)
        scene.drawn.connect(self._tidy.start)
        self._bound()

    def release(self) -> None:
        """Ends with its scene."""
        self.scene().release()
        self.end_everything()
        self.scene().blockSignals(True)  # items that die tell of their selection
        theme.changed.disconnect(self.minimap._redraw)
        self.deleteLater()

    def _bound(self) -> None:
        self.scene().setSceneRect(self.scene().bounds().adjusted(-400, -400, 400, 400))
        self.minimap.setVisible(len(self.scene().nodes) > 4 and self.height() > 260)
        self.viewport().update()

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for each in (self.gesture, self.wire):
            if each is not None:
                each.paint(painter)
        if self._drop_at is not None:
            paint_ghost(painter, self.scene(), self._drop_at)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        size = self.size()
        self.minimap.move(
            size.width() - self.minimap.width() - 14, size.height() - self.minimap.height() - 14
        )

    # The mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if self.gesture is not None:
            return
        left = event.button() == Qt.MouseButton.LeftButton
        if event.button() == Qt.MouseButton.MiddleButton or (left and self._space):
            self.gesture = Pan(self, event)
        elif left:
            self.gesture = pick(self, event)
        elif event.button() == Qt.MouseButton.RightButton:
            self._select_under(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.gesture is not None:
            self.gesture.move(event)
        else:
            self._hover(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        gesture, self.gesture = self.gesture, None
        if gesture is not None:
            gesture.end(event)
            self.viewport().update()

    def end_everything(self) -> bool:
        """Ends gesture, wire and layout as if they had not begun; False where there are none."""
        if self.arranging is not None:
            self.arranging.cancel()
            return True
        if self.wire is not None:
            self.wire = None
            self.viewport().update()
            return True
        return self.cancel_gesture()

    def cancel_gesture(self) -> bool:
        """Ends what the mouse is doing as if it had not begun; False where it does nothing."""
        gesture, self.gesture = self.gesture, None
        if gesture is not None:
            gesture.cancel()
            self.viewport().update()
        return gesture is not None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = self.to_scene(event.position())
        item = self.scene().node_at(at)
        frame = frame_at(self, at)
        if item is None and frame is not None and at.y() - frame.rect.top() < TITLE:
            self.edit_frame(frame.name)
        elif item is None:
            self.window_.run_command("graph.add")
        elif item.look.block:
            self.window_.run_command("graph.open_block")
        else:
            self.window_.run_command("graph.edit")

    def wheelEvent(self, event: QWheelEvent) -> None:
        pixels = event.pixelDelta()
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if not pixels.isNull() and not control:  # a touchpad scrolls
            self.pan(QPointF(-pixels.x(), -pixels.y()))
        else:
            self.zoom_by(1.0015 ** event.angleDelta().y(), event.position())
        event.accept()

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self.zoom_by(1.0 + event.value(), event.position())
            return True
        if event.type() == QEvent.Type.Leave:
            self._hover(None)
        return super().viewportEvent(event)

    def _hover(self, point: QPointF | None) -> None:
        """Lights what is under the pointer: a node, with the names of its ports, or its badge."""
        found = None
        badge = self._badge_at(point) if point is not None else None
        if badge is not None:
            self._card = show_for(self, badge)
        elif self._card is not None:
            self._card.leave()
            self._card = None
        mark = self._badge_at(point, NodeItem.MARK) if point is not None else None
        if mark is not None and mark is not self._told:
            where = self.viewport().mapToGlobal(point.toPoint())
            QToolTip.showText(where, words(mark.mark), self.viewport())
        elif mark is None and self._told is not None:
            QToolTip.hideText()
        self._told = mark
        if point is not None:
            at = self.to_scene(point)
            near = self.scene().nearby.within(QRectF(at.x() - 12, at.y() - 12, 24, 24))
            found = self.scene().nodes[next(iter(near))] if near else None
        if found is self.hovered:
            return
        for item, on in ((self.hovered, False), (found, True)):
            if item is not None and item.scene() is not None:
                item.hovered = on
                item.update()
        self.hovered = found

    def _badge_at(self, point: QPointF, badge: QRectF = NodeItem.BADGE) -> NodeItem | None:
        """The node whose badge, of problems or of what goes on inside, is under a point of the
        viewport."""
        if self.zoom < BLOCKS:
            return None
        at = self.to_scene(point)
        for name in self.scene().nearby.within(QRectF(at.x() - 12, at.y() - 12, 24, 24)):
            item = self.scene().nodes[name]
            has = item.mark if badge is NodeItem.MARK else item.errors or item.warnings
            if has and badge.contains(at - item.pos()):
                return item
        return None

    def _select_under(self, point: QPointF) -> None:
        item = self.scene().node_at(self.to_scene(point))
        if item is not None and not item.isSelected():
            self.scene().select([item.id])

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        at = self.to_scene(QPointF(event.pos()))
        where = "canvas"
        if self.scene().node_at(at) is not None:
            where = "node"
        elif any(item.isSelected() for item in self.scene().edges.values()):
            where = "edge"
        self.menu_at = at
        self.window_.actions_.context_menu(where).exec(event.globalPos())

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = True
            self.setCursor(Qt.CursorShape.OpenHandCursor)
            return
        event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = False
            self.unsetCursor()
            return
        event.ignore()

    def focusOutEvent(self, event) -> None:
        self._space = False
        super().focusOutEvent(event)

    def event(self, event: QEvent) -> bool:
        # While the keyboard holds a wire, keys that are commands else are its own.
        if self.wire is not None and event.type() in _KEYS:
            if event.type() == QEvent.Type.KeyPress and not self.wire.key(event):
                self.wire = None
            event.accept()
            return True
        return super().event(event)

    def begin_wire(self, node: str) -> None:
        """Takes a wire from a node in hand, to be led by the keyboard."""
        if self.scene().nodes[node].look.outputs:
            self.wire = KeyWire(self, node)
            if self.wire.target is None:
                self.wire = None

    def arrange(self, only: list[str] | None) -> None:
        """Lays the graph out, or some of its nodes; a second time: ends that."""
        if self.arranging is not None:
            self.arranging.cancel()
            return
        self.arranging = Arranging(self, only)
        self.arranging.done.connect(self._arranged)
        self.window_.say("Laying out… Esc ends it.")

    def _arranged(self) -> None:
        self.arranging.deleteLater()
        self.arranging = None
        self.window_.say("")

    def edit_frame(self, name: str) -> None:
        """Opens the title of a frame for typing."""
        item = self.scene().frames.get(name)
        if item is not None:
            self._title = FrameTitle(self, item)

    # Dropping

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_op(event.mimeData()):
            event.acceptProposedAction()
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if dropped_op(event.mimeData()):
            event.acceptProposedAction()
            self._drop_at = self.to_scene(event.position())
            self.viewport().update()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop_at = None
        self.viewport().update()

    def dropEvent(self, event: QDropEvent) -> None:
        op = dropped_op(event.mimeData())
        self._drop_at = None
        if op:
            event.acceptProposedAction()
            drop_op(self, op, self.to_scene(event.position()))
            self.setFocus(Qt.FocusReason.MouseFocusReason)

    def ask_for_node(self, point: QPointF, port: PortAt) -> None:
        """Asks what a wire that was let go over nothing is to be wired to."""
        from studio.gui.palettes import quick_add

        quick_add(self.window_, at=point, wire=port)

    # Places

    def point_for_paste(self) -> tuple[float, float]:
        """Where the middle of what is pasted goes: under the pointer, or the middle of the view."""
        at = self.place_for_new()
        return at.x() + WIDTH / 2, at.y() + HEIGHT / 2

    def place_for_new(self) -> QPointF:
        """Where a new node goes that nobody has pointed a place out for: the middle of the view."""
        cursor = self.mapFromGlobal(self.cursor().pos())
        inside = self.viewport().rect().contains(cursor) and self.underMouse()
        point = QPointF(cursor if inside else QPoint(self.viewport().rect().center()))
        return self.to_scene(point) - QPointF(WIDTH / 2, HEIGHT / 2)
