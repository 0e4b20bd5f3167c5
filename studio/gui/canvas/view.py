"""The view of a graph: looking around in it, and what the mouse and the keys begin there."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QEasingCurve,
    QEvent,
    QPoint,
    QPointF,
    QRectF,
    Qt,
    QTimer,
    QVariantAnimation,
)
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QGraphicsView, QStyle

from studio.graph import compose
from studio.graph.compose import walk
from studio.graph.edits import MoveNodes
from studio.gui.canvas.arranging import Arranging
from studio.gui.canvas.dropping import drop_op, dropped_op, paint_ghost
from studio.gui.canvas.far import Far
from studio.gui.canvas.frame_item import TITLE
from studio.gui.canvas.frame_title import FrameTitle
from studio.gui.canvas.geometry import DOTS, GRID, HEIGHT, WIDTH
from studio.gui.canvas.gestures.gesture import Gesture
from studio.gui.canvas.gestures.looking import Pan
from studio.gui.canvas.keyboard import KeyWire
from studio.gui.canvas.minimap import Minimap
from studio.gui.canvas.node_item import BLOCKS, NAMES, NodeItem
from studio.gui.canvas.pick import frame_at, pick
from studio.gui.canvas.problem_card import ProblemCard, show_for
from studio.gui.canvas.scene import CanvasScene
from studio.gui.look.theme import theme

if TYPE_CHECKING:
    from studio.gui.canvas.port_at import PortAt
    from studio.gui.window import Window

NEAREST, FARTHEST = 4.0, 0.02
MANY = 1200
"""Nodes in sight past which they are drawn from afar though their names could be read."""
_WORLD = 200_000.0
_KEYS = (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride)
_STEPS = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}


class CanvasView(QGraphicsView):
    """Shows a scene; `far` draws it from afar."""

    def __init__(self, window: Window, scene: CanvasScene):
        super().__init__(scene)
        self.window_ = window
        self.far = Far(scene)
        self.gesture: Gesture | None = None
        self._fitted = False
        self._drop_at: QPointF | None = None
        self._animation: QVariantAnimation | None = None
        self._space = False
        self.hovered: NodeItem | None = None
        self.wire: KeyWire | None = None
        self._card: ProblemCard | None = None
        self.arranging: Arranging | None = None
        self._title: FrameTitle | None = None
        self.setAccessibleName(f"Canvas of {scene.name}")
        self.viewport().setAccessibleName(f"Canvas of {scene.name}")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        self.setOptimizationFlag(self.OptimizationFlag.DontSavePainterState, False)
        self.setViewportUpdateMode(self.ViewportUpdateMode.SmartViewportUpdate)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTransformationAnchor(self.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(self.ViewportAnchor.NoAnchor)
        # The scene's own rectangle follows its items (its index needs that); the view's doesn't.
        self.setSceneRect(QRectF(-_WORLD, -_WORLD, 2 * _WORLD, 2 * _WORLD))
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        self.setAcceptDrops(True)
        self.addActions(window.actions_.of_canvas())
        self.setFrameShape(self.Shape.NoFrame)
        self.minimap = Minimap(self)
        self._tidy = QTimer(self, interval=0, singleShot=True)
        self._tidy.timeout.connect(self._bound)
        scene.drawn.connect(self._tidy.start)
        self._bound()

    def scene(self) -> CanvasScene:
        """The graph's items."""
        return super().scene()

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

    # Looking around

    @property
    def zoom(self) -> float:
        """Pixels of the screen for one of the scene."""
        return self.transform().m11()

    def to_scene(self, point: QPointF) -> QPointF:
        """A point of the viewport in the scene, to the fraction of a pixel."""
        return self.viewportTransform().inverted()[0].map(point)

    def seen(self) -> QRectF:
        """What of the scene is to be seen."""
        return QRectF(
            self.to_scene(QPointF(0, 0)),
            self.to_scene(QPointF(self.viewport().width(), self.viewport().height())),
        )

    def pan(self, by: QPointF) -> None:
        """Moves the canvas by pixels of the screen."""
        bars = (self.horizontalScrollBar(), self.verticalScrollBar())
        for bar, pixels in zip(bars, (by.x(), by.y()), strict=True):
            bar.setValue(bar.value() + round(pixels))
        self.minimap.update()

    def zoom_by(self, factor: float, about: QPointF | None = None) -> None:
        """Zooms so that what is under a point of the viewport (its middle) stays there."""
        about = about if about is not None else QPointF(self.viewport().rect().center())
        before = self.to_scene(about)
        farthest = min(FARTHEST, self._fitting(self.scene().sceneRect()))
        zoom = min(max(self.zoom * factor, farthest), NEAREST)
        self.setTransform(QTransform.fromScale(zoom, zoom))
        self.pan(QPointF(self.viewportTransform().map(before)) - about)
        self.minimap.update()

    def frame(self, nodes: Iterable[str] | None = None, animated: bool = True) -> None:
        """Brings nodes (by default all) into sight, not nearer than 1:1."""
        box = self.scene().bounds(nodes).adjusted(-40, -40, 40, 40)
        self.look_at(box.center(), min(self._fitting(box), 1.0), animated)

    def _fitting(self, box: QRectF) -> float:
        """The zoom at which a rectangle is just in sight."""
        room = self.viewport().rect()
        return min(room.width() / box.width(), room.height() / box.height())

    def reveal(self, nodes: Iterable[str]) -> None:
        """Brings nodes into sight if they aren't, at the zoom there is."""
        box = self.scene().bounds(nodes)
        if not self.seen().adjusted(20, 20, -20, -20).contains(box):
            self.look_at(box.center(), max(self.zoom, BLOCKS), True)

    def look_at(self, middle: QPointF, zoom: float, animated: bool) -> None:
        """Brings a point into the middle at a zoom."""
        self._fitted = True
        if self._animation is not None:
            self._animation.stop()
        milliseconds = 160 if animated and self.animates() else 0
        if not milliseconds:
            self._look(middle, zoom)
            return
        begin, zoom0 = self.seen().center(), self.zoom
        self._animation = QVariantAnimation(self, duration=milliseconds)
        self._animation.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._animation.setStartValue(0.0)
        self._animation.setEndValue(1.0)
        self._animation.valueChanged.connect(
            lambda t: self._look(begin + (middle - begin) * t, zoom0 * (zoom / zoom0) ** t)
        )
        self._animation.start()

    def _look(self, middle: QPointF, zoom: float) -> None:
        self.setTransform(QTransform.fromScale(zoom, zoom))
        self.centerOn(middle)
        self.minimap.update()

    def animates(self) -> bool:
        """Whether the system lets things move."""
        hint = QStyle.StyleHint.SH_Widget_Animation_Duration
        return self.isVisible() and self.style().styleHint(hint, None, self) > 0

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._is_far():
            self._paint_far()
        else:
            super().paintEvent(event)

    def _is_far(self) -> bool:
        if self.zoom < NAMES:
            return True
        if self.zoom >= BLOCKS or len(self.scene().nodes) < MANY:
            return False
        whole, seen = self.scene().sceneRect(), self.seen()
        share = seen.intersected(whole).width() * seen.intersected(whole).height()
        density = len(self.scene().nodes) / max(whole.width() * whole.height(), 1.0)
        return share * density > MANY

    def _paint_far(self) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), theme.color("canvas"))
        painter.setTransform(self.viewportTransform())
        for frame in self.scene().frames.values():
            painter.save()
            painter.translate(frame.pos())
            painter.fillRect(frame.boundingRect(), theme.color("selection"))
            painter.restore()
        self.far.paint(painter)
        if self.gesture is not None:
            self.gesture.paint(painter)

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        painter.fillRect(rect, theme.color("canvas"))
        if self.zoom < 0.5:
            return
        left, top = rect.left() // DOTS * DOTS, rect.top() // DOTS * DOTS
        area = QRectF(left - DOTS / 2, top - DOTS / 2, rect.right() - left + DOTS, 0)
        area.setBottom(rect.bottom() + DOTS)
        painter.drawTiledPixmap(area, _dots(theme.tokens.dots))

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for each in (self.gesture, self.wire):
            if each is not None:
                each.paint(painter)
        if self._drop_at is not None:
            paint_ghost(painter, self.scene(), self._drop_at)

    def showEvent(self, event) -> None:
        super().showEvent(event)
        if not self._fitted:
            QTimer.singleShot(0, self, self._first_look)

    def _first_look(self) -> None:
        if self._fitted or not self.isVisible():
            return
        box = self.scene().bounds().adjusted(-40, -40, 40, 40)
        if self._fitting(box) >= 0.5:
            self.frame(animated=False)
        else:  # the beginning of the graph, where it can be read
            first = next(iter(self.scene().nodes.values())).rect.center()
            half = self.viewport().height() / 2
            self.look_at(QPointF(first.x(), box.top() + half - 10), 1.0, False)

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

    def _badge_at(self, point: QPointF) -> NodeItem | None:
        """The node whose badge is under a point of the viewport."""
        if self.zoom < BLOCKS:
            return None
        at = self.to_scene(point)
        for name in self.scene().nearby.within(QRectF(at.x() - 12, at.y() - 12, 24, 24)):
            item = self.scene().nodes[name]
            if (item.errors or item.warnings) and NodeItem.BADGE.contains(at - item.pos()):
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

    def walk(self, direction: str) -> None:
        """Selects the next node along an edge, or beside; the first of all where none is."""
        chosen = self.scene().selected()
        graph = self.scene().graph
        if not chosen:
            found = list(graph.nodes)
        else:
            # The layout's places count, too, for nodes that the document has no place for.
            placed = MoveNodes(self.scene().name, self.scene().places())
            project = placed.apply(self.scene().session.project)
            found = walk(project, self.scene().name, chosen[-1], direction)
        if found:
            self.scene().select(found[:1])
            self.reveal(found[:1])

    def nudge(self, direction: str) -> None:
        """Moves the selected nodes by a step of the grid."""
        x, y = _STEPS[direction]
        places = self.scene().places()
        chosen = self.scene().selected()
        moved = {n: (places[n][0] + x * GRID, places[n][1] + y * GRID) for n in chosen}
        edit = MoveNodes(self.scene().name, self.scene().unplaced() | moved)
        self.scene().session.do(edit, merge=f"nudge:{self.scene().name}:{chosen}")

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

    def selected_frames(self) -> list[str]:
        """The names of the selected frames."""
        return [name for name, item in self.scene().frames.items() if item.isSelected()]

    def delete(self, heal: bool) -> None:
        """Removes what is selected: nodes and frames, or edges."""
        scene = self.scene()
        nodes, frames = scene.selected(), self.selected_frames()
        edges = [item.edge for item in scene.edges.values() if item.isSelected()]
        if nodes and heal and not frames:
            self.window_.compose(compose.delete_and_heal, nodes)
        elif nodes or frames:
            self.window_.compose(compose.remove, nodes, frames)
        elif edges:
            self.window_.compose(compose.disconnect, edges)

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


@cache
def _dots(color: str) -> QPixmap:
    """A tile of the ground, with one dot in its middle."""
    tile = QPixmap(DOTS, DOTS)
    tile.fill(Qt.GlobalColor.transparent)
    painter = QPainter(tile)
    painter.setPen(QColor(color))
    painter.drawPoint(DOTS // 2, DOTS // 2)
    painter.end()
    return tile
