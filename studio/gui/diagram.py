"""A graph as the canvas shows it, as a picture in a file: SVG or PNG."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QRectF, QSize
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from studio.graph.document import Project
from studio.graph.file import shown, write_atomically
from studio.graph.problems import StudioError, nearest, one_of, quoted
from studio.gui.canvas.scene import CanvasScene
from studio.gui.look.theme import theme
from studio.gui.session import Session

ENDINGS = (".svg", ".png")
AROUND = 24.0
"""Of the page, left free round the graph."""
SHARP = 2.0
"""Pixels of a PNG for one of the page, unless it says otherwise."""
FALLBACKS = {"Inter": "sans-serif", "JetBrains Mono": "monospace"}
"""What a viewer of an SVG takes where it doesn't have the fonts."""
MOST = 8_000
"""Pixels of a PNG's longer side, at most: a large graph comes out smaller."""


def write_diagram(
    project: Project, folder: Path, graph: str, target: Path, sharp: float = SHARP
) -> None:
    """Draws the graph called "model", "data" or "block:NAME" into a file, in the theme of now.

    `folder` is what the project's relative paths are relative to. Raises StudioError where there
    is no such graph, or the file can't be written.
    """
    if target.suffix.lower() not in ENDINGS:
        raise StudioError(f"{shown(target)} is no name of a picture: it ends in .svg or .png.")
    there = project.graphs()
    if graph not in there:
        hint = nearest(graph, there) or f"There is {one_of(there)}."
        raise StudioError(f"The project has no graph {quoted(graph)}. {hint}")
    if not there[graph].nodes:
        raise StudioError(f"The graph {quoted(graph)} is empty: there is nothing to draw.")
    session = Session(project, folder / "project.json")
    scene = CanvasScene(session, graph)
    try:
        session.settle()
        scene.refresh()
        draw = _svg if target.suffix.lower() == ".svg" else _png
        content = draw(scene, sharp, project.name or graph)
    finally:
        scene.release()
        scene.deleteLater()
        session.deleteLater()
    try:
        write_atomically(target, content)
    except OSError as error:
        raise StudioError(f"{shown(target)} can't be written: {error.strerror}.") from None


def diagram(
    project: Project, folder: Path, graph: str, target: Path, look: str, sharp: float
) -> None:
    """The same as a command, in a process without a window or a screen."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from studio.gui.app import application
    from studio.gui.settings import Settings

    app = application(Settings(kept=False))
    theme.apply(look)
    write_diagram(project, folder, graph, target, sharp)
    app.processEvents()


def _room(scene: CanvasScene) -> QRectF:
    return scene.bounds().adjusted(-AROUND, -AROUND, AROUND, AROUND)


def _svg(scene: CanvasScene, sharp: float, title: str) -> bytes:
    room, buffer = _room(scene), QBuffer()
    size = room.size().toSize()
    made = QSvgGenerator()
    made.setOutputDevice(buffer)
    made.setSize(size)
    made.setViewBox(QRectF(0, 0, size.width(), size.height()))
    made.setTitle(title)
    _paint(scene, QPainter(made), QRectF(0, 0, size.width(), size.height()), room)
    content = bytes(buffer.data())
    for family, otherwise in FALLBACKS.items():
        named = f'font-family="{family}'
        content = content.replace(f'{named}"'.encode(), f'{named}, {otherwise}"'.encode())
    return content


def _png(scene: CanvasScene, sharp: float, title: str) -> bytes:
    room = _room(scene)
    sharp = min(sharp, MOST / max(room.width(), room.height()))
    image = QImage(
        QSize(round(room.width() * sharp), round(room.height() * sharp)),
        QImage.Format.Format_RGB32,
    )
    target = QRectF(0, 0, image.width(), image.height())
    _paint(scene, QPainter(image), target, room)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data())


def _paint(scene: CanvasScene, painter: QPainter, target: QRectF, room: QRectF) -> None:
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    painter.fillRect(target, theme.color("canvas"))
    scene.render(painter, target, room)
    painter.end()
