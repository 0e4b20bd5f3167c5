"""The graph seen from afar: all nodes as blocks of colour, all edges as lines, in a few calls.

Ten thousand items that each draw themselves take a tenth of a second; a few
lists of rectangles and lines take some milliseconds. The minimap draws so too.
"""

from __future__ import annotations

from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from studio.gui.canvas.geometry import HEIGHT, WIDTH
from studio.gui.canvas.scene import CanvasScene
from studio.gui.look.theme import theme


class Far:
    """What a scene looks like from afar, kept until something in it changes."""

    def __init__(self, scene: CanvasScene):
        self._scene = scene
        self._rects: dict[str, list[QRectF]] | None = None
        self._lines: list[QLineF] = []
        self._marks: dict[str, list[QRectF]] = {}
        scene.drawn.connect(self.forget)
        scene.lit.connect(self.forget)
        scene.selectionChanged.connect(self.forget)

    def forget(self) -> None:
        """Something has changed."""
        self._rects = None

    def _gather(self) -> None:
        rects: dict[str, list[QRectF]] = {}
        marks: dict[str, list[QRectF]] = {}
        accent = theme.tokens.accent
        for item in self._scene.nodes.values():
            at = item.pos()
            rect = QRectF(at.x(), at.y(), WIDTH, HEIGHT)
            colour = item.glow.name() if item.glow is not None else item.look.colour
            rects.setdefault(accent if item.isSelected() else colour, []).append(rect)
            if item.errors or item.warnings:
                tone = theme.tokens.error if item.errors else theme.tokens.warning
                mark = QRectF(at.x() + WIDTH - 40, at.y() - 20, 60, 60)
                marks.setdefault(tone, []).append(mark)
        self._lines = [QLineF(item.start, item.end) for item in self._scene.edges.values()]
        self._rects, self._marks = rects, marks

    def paint(self, painter: QPainter, edges: bool = True, colours: bool = True) -> None:
        """Draws the graph in scene coordinates."""
        if self._rects is None:
            self._gather()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if edges:
            painter.setPen(QPen(theme.color("edge"), 0))
            painter.drawLines(self._lines)
        painter.setPen(QPen(QColor(0, 0, 0, 0), 0))
        for colour, rects in self._rects.items():
            plain = colours or colour == theme.tokens.accent
            painter.setBrush(QColor(colour) if plain else theme.color("edge"))
            painter.drawRects(rects)
        for tone, rects in self._marks.items():
            painter.setBrush(QColor(tone))
            painter.drawRects(rects)
