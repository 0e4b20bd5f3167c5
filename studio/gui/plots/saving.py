"""The plots as files: an image, a drawing, the points."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtSvg import QSvgGenerator

from studio.engine.curve_table import rows
from studio.gui.look.theme import sans, theme
from studio.gui.plots.drawing import Drawing
from studio.gui.plots.letters import outlined

if TYPE_CHECKING:
    from studio.gui.plots.board import Board

EDGE = 16
"""Pixels round the plots in a file."""


def save_png(board: Board, path: Path) -> None:
    """Writes the plots as they are seen; OSError where they can't be written."""
    if not board.widget().grab().save(str(path), "PNG"):
        raise OSError(0, "the image could not be written")


def save_svg(board: Board, path: Path, title: str) -> None:
    """Writes the plots as lines and text that can be scaled; OSError where they can't be."""
    beside = path.with_name(f".{path.name}.part")
    board.widget().layout().activate()
    size = board.widget().size() + QSize(2 * EDGE, 2 * EDGE)
    made = QSvgGenerator()
    made.setFileName(str(beside))
    made.setSize(size)
    made.setViewBox(QRect(QPoint(0, 0), size))
    made.setTitle(title)
    painter = QPainter()
    if not painter.begin(made):
        raise OSError(0, "the file can't be made")
    try:
        _paint(board, painter, size)
    finally:
        painter.end()
    beside.replace(path)


def _paint(board: Board, painter: QPainter, size: QSize) -> None:
    painter.fillRect(QRect(QPoint(0, 0), size), theme.color("panel"))
    painter.translate(EDGE, EDGE)
    for head in board.heads:
        place, side = QRectF(head.geometry()), Qt.AlignmentFlag.AlignLeft
        outlined(painter, place, side, head.text(), sans(11, 600), "muted")
    for plot in board.all:
        painter.save()
        painter.translate(plot.pos())
        plot.legend.paint_on(painter, outlined)
        Drawing(painter, plot, QRectF(plot.rect())).paint()
        painter.restore()


def save_csv(folder: Path, path: Path, everything: bool = False) -> Iterator[float]:
    """Writes every point of a run, and says now and then which part of it is done. It takes the
    path's place when it is whole; OSError where it can't be written.
    """
    beside = path.with_name(f".{path.name}.part")
    try:
        with beside.open("w", newline="", encoding="utf-8") as file:
            write = csv.writer(file).writerows
            for part, found in rows(folder, everything):
                write(found)
                yield part
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
