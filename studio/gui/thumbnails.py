"""Pictures of model graphs, drawn by the canvas' own items and kept in the user's cache folder."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QLinearGradient, QPainter

from studio import __version__
from studio.graph.file import load, write_atomically
from studio.graph.problems import StudioError
from studio.gui.canvas.node_item import BLOCKS
from studio.gui.canvas.scene import CanvasScene
from studio.gui.look.theme import theme
from studio.gui.session import Session

SHARP = 2
"""Pixels of a picture for one of the page, so that it is sharp on any screen."""
LEAST, WIDE = 0.42, 0.28
"""Zoom below which a graph isn't drawn whole, but its beginning; a wide one may be smaller."""
_DRAWING = 1
"""Counts the changes of how they are drawn."""


def cache_folder() -> Path:
    """Where the pictures are kept, for this user."""
    from platformdirs import user_cache_path

    return user_cache_path("studio", appauthor=False) / "thumbnails"


def thumbnail(path: Path, size: QSize) -> QImage:
    """The picture of a project's model in the theme of the moment; drawn if it wasn't before.

    It is an empty image where the project can't be read.
    """
    try:
        raw = path.read_bytes()
    except OSError:
        return QImage()
    what = f"{__version__} {_DRAWING} {theme.tokens} {size.width()}x{size.height()}".encode()
    kept = cache_folder() / f"{hashlib.sha256(what + raw).hexdigest()}.png"
    image = QImage(str(kept)) if kept.is_file() else QImage()
    if image.isNull():
        image = _drawn(path, size)
        if not image.isNull():
            with contextlib.suppress(OSError):
                kept.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(kept, _png(image))
    image.setDevicePixelRatio(SHARP)
    return image


def _drawn(path: Path, size: QSize) -> QImage:
    try:
        session = Session(load(path), path)
    except StudioError:
        return QImage()
    scene = CanvasScene(session, "model")
    box = scene.bounds().adjusted(-20, -20, 20, 20)
    across, down = size.width() / box.width(), size.height() / box.height()
    zoom = min(max(min(across, down), max(min(LEAST, across), WIDE)), 0.9)
    room = QRectF(0, 0, size.width() / zoom, size.height() / zoom)
    room.moveTop(box.center().y() - room.height() / 2 if zoom <= down else box.top())
    room.moveLeft(_middle(scene, room) - room.width() / 2)
    # Nodes are drawn as from near, however small they come out.
    larger = max(1.0, (BLOCKS + 0.01) / zoom)
    target = QRectF(0, 0, size.width() * larger, size.height() * larger)
    image = QImage(size * SHARP, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(SHARP / larger)
    image.fill(theme.color("canvas"))
    painter = QPainter(image)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    scene.render(painter, target, room, Qt.AspectRatioMode.IgnoreAspectRatio)
    if room.bottom() < box.bottom():
        _fade(painter, target)
    painter.end()
    scene.release()
    scene.deleteLater()
    session.deleteLater()
    return image


def _middle(scene: CanvasScene, room: QRectF) -> float:
    """The middle, from left to right, of the nodes between the top and the bottom of a room."""
    rects = [item.rect for item in scene.nodes.values() if item.y() < room.bottom()]
    if not rects:
        return 0.0
    return (min(rect.left() for rect in rects) + max(rect.right() for rect in rects)) / 2


def _fade(painter: QPainter, target: QRectF) -> None:
    """The graph goes on below."""
    below = target.adjusted(0, target.height() * 2 / 3, 0, 0)
    ground = QLinearGradient(below.topLeft(), below.bottomLeft())
    ground.setColorAt(0, theme.color("canvas", 0))
    ground.setColorAt(1, theme.color("canvas"))
    painter.fillRect(below, ground)


def _png(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data())
