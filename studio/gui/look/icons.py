"""Icons from assets/icons, drawn in a colour of the theme and sharp at any scale."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from studio.gui.look.theme import theme
from studio.resources import ASSETS


@cache
def _source(name: str) -> bytes:
    return (ASSETS / "icons" / f"{name}.svg").read_bytes()


@cache
def _renderer(name: str, color: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(_source(name).replace(b"currentColor", color.encode())))


def paint_icon(painter: QPainter, name: str, rect: QRectF, color: str) -> None:
    """Draws an icon; `color` is a token of the theme, or #RRGGBB."""
    _renderer(name, color if color[0] == "#" else getattr(theme.tokens, color)).render(
        painter, rect
    )


class _Engine(QIconEngine):
    """Draws with the theme's colour of the moment, so that an icon follows a change of theme."""

    def __init__(self, name: str, color: str):
        super().__init__()
        self._name, self._color = name, color

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        color = "faint" if mode == QIcon.Mode.Disabled else self._color
        paint_icon(painter, self._name, QRectF(rect), color)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _Engine(self._name, self._color)


def icon(name: str, color: str = "text") -> QIcon:
    """An icon by its file's name, in a token's colour."""
    return QIcon(_Engine(name, color))
