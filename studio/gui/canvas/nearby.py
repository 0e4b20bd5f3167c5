"""Which nodes are near a place: a grid of cells, so that ten thousand cost no more than ten."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QPointF, QRectF

from studio.gui.canvas.geometry import HEIGHT, WIDTH

CELL = 256.0


class Nearby:
    """The nodes by the cells that they lie in."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], set[str]] = {}
        self._places: dict[str, tuple[float, float]] = {}

    def put(self, node: str, at: QPointF) -> None:
        """Notes where a node is now."""
        self.drop(node)
        self._places[node] = (at.x(), at.y())
        for cell in self._covered(at.x(), at.y(), WIDTH, HEIGHT):
            self._cells.setdefault(cell, set()).add(node)

    def drop(self, node: str) -> None:
        """Forgets a node."""
        place = self._places.pop(node, None)
        if place is not None:
            for cell in self._covered(*place, WIDTH, HEIGHT):
                self._cells[cell].discard(node)

    def within(self, area: QRectF) -> dict[str, QRectF]:
        """The nodes whose bodies meet an area."""
        found: dict[str, QRectF] = {}
        for cell in self._covered(area.x(), area.y(), area.width(), area.height()):
            for node in self._cells.get(cell, ()):
                if node not in found:
                    rect = QRectF(*self._places[node], WIDTH, HEIGHT)
                    if rect.intersects(area):
                        found[node] = rect
        return found

    @staticmethod
    def _covered(x: float, y: float, width: float, height: float) -> Iterator[tuple[int, int]]:
        for column in range(int(x // CELL), int((x + width) // CELL) + 1):
            for row in range(int(y // CELL), int((y + height) // CELL) + 1):
                yield column, row
