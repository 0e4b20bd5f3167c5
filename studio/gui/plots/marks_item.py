"""The marks of a plot: thin lines with a dot at their tops, those that would touch as one."""

from __future__ import annotations

import pyqtgraph as pg
from msgspec import Struct
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from studio.engine.axis import STEP, TIME, Axis
from studio.engine.marks import (
    BEST,
    CHECKPOINT,
    KINDS,
    PAUSED,
    PROBLEM,
    RATE,
    RESUMED,
    STOPPED,
    TEST,
    Mark,
)
from studio.gui.look.theme import theme

COLORS = {
    PROBLEM: "error",
    BEST: "good",
    STOPPED: "warning",
    RATE: "code_keyword",
    RESUMED: "muted",
    PAUSED: "muted",
    TEST: "muted",
    CHECKPOINT: "faint",
}

TOUCHING = 7
"""Pixels between two marks below which they are one."""

SHORT = 5
"""Pixels of a checkpoint's mark, of which there are many."""

MOST_TOLD = 6
"""Marks of one place whose texts are told."""


class Placed(Struct):
    """Marks at one place along the plot."""

    x: float
    marks: list[Mark]

    @property
    def kind(self) -> str:
        """That of the most important."""
        return min((mark.kind for mark in self.marks), key=KINDS.index)

    @property
    def text(self) -> str:
        """What is said of them, a line each."""
        told = sorted(self.marks, key=lambda mark: KINDS.index(mark.kind))
        lines = [mark.text for mark in told[:MOST_TOLD]]
        if len(told) > MOST_TOLD:
            lines.append(f"and {len(told) - MOST_TOLD} more")
        return "\n".join(lines)


def placed(marks: list[Mark], axis: Axis) -> list[Placed]:
    """Each mark along a plot, in order."""
    found = []
    for mark in marks:
        if mark.step is not None:
            found.append(Placed(float(axis.along(STEP, mark.step)), [mark]))
        elif mark.time is not None:
            found.append(Placed(float(axis.along(TIME, mark.time)), [mark]))
    return sorted(found, key=lambda each: each.x)


def together(marks: list[Placed], apart: float) -> list[Placed]:
    """Those that are less than `apart` from one another as one, at the most important."""
    found: list[Placed] = []
    for each in marks:
        if found and each.x - found[-1].x < apart:
            before = found[-1]
            x = each.x if KINDS.index(each.kind) < KINDS.index(before.kind) else before.x
            found[-1] = Placed(x, before.marks + each.marks)
        else:
            found.append(each)
    return found


class MarksItem(pg.GraphicsObject):
    """Paints marks over the height of the plot."""

    def __init__(self) -> None:
        super().__init__()
        self.marks: list[Placed] = []
        self.setZValue(-0.5)

    def show_marks(self, marks: list[Placed]) -> None:
        """Shows these."""
        if marks != self.marks:
            self.marks = marks
            self.prepareGeometryChange()
            self.update()

    def boundingRect(self) -> QRectF:
        view = self.getViewBox()
        return view.viewRect() if view is not None else QRectF()

    def viewRangeChanged(self) -> None:
        self.prepareGeometryChange()

    def paint(self, painter: QPainter, option, widget) -> None:
        rect = self.boundingRect()
        change = painter.transform()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for each in self.marks:
            if not rect.left() <= each.x <= rect.right():
                continue
            top = change.map(QPointF(each.x, rect.bottom()))
            end = change.map(QPointF(each.x, rect.top()))
            kind = each.kind
            color = theme.color(COLORS[kind])
            painter.setPen(QPen(color, 1.0))
            if kind == CHECKPOINT:
                painter.drawLine(QPointF(end.x(), end.y() - SHORT), end)
                continue
            if kind != BEST:  # whose line is another, with its name
                painter.setPen(QPen(theme.color(COLORS[kind], 110), 1.0))
                painter.drawLine(top, end)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawEllipse(QPointF(top.x(), top.y() + 3), 2.5, 2.5)
        painter.setTransform(change)
