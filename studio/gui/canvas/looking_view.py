"""The view of a graph, to be looked at: zoom, what is in sight, how it is drawn near and far."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from PySide6.QtCore import QEasingCurve, QPointF, QRectF, Qt, QTimer, QVariantAnimation
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPixmap, QShowEvent, QTransform
from PySide6.QtWidgets import QGraphicsView, QStyle

from studio.gui.canvas.far import Far
from studio.gui.canvas.geometry import DOTS
from studio.gui.canvas.minimap import Minimap
from studio.gui.canvas.node_item import BLOCKS, NAMES
from studio.gui.canvas.scene import CanvasScene
from studio.gui.look.theme import theme

NEAREST, FARTHEST = 4.0, 0.02
MANY = 1200
"""Nodes in sight past which they are drawn from afar though their names could be read."""
_WORLD = 200_000.0


class LookingView(QGraphicsView):
    """Shows a scene; `far` draws it from afar, `minimap` all of it in a corner."""

    def __init__(self, scene: CanvasScene):
        super().__init__(scene)
        self.far = Far(scene)
        self._fitted = False
        self._animation: QVariantAnimation | None = None
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
        self.setFrameShape(self.Shape.NoFrame)
        self.minimap = Minimap(self)

    def scene(self) -> CanvasScene:
        """The graph's items."""
        return super().scene()

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
        self.drawForeground(painter, self.seen())

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        painter.fillRect(rect, theme.color("canvas"))
        if self.zoom < 0.5:
            return
        left, top = rect.left() // DOTS * DOTS, rect.top() // DOTS * DOTS
        area = QRectF(left - DOTS / 2, top - DOTS / 2, rect.right() - left + DOTS, 0)
        area.setBottom(rect.bottom() + DOTS)
        painter.drawTiledPixmap(area, _dots(theme.tokens.dots))

    def showEvent(self, event: QShowEvent) -> None:
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
