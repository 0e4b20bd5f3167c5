"""The small curves in the table: of the rows in sight, read a little at a time, kept."""

from __future__ import annotations

import math
import time
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import (
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QTimer,
    Signal,
)
from PySide6.QtGui import QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from studio.engine.epoch_figures import EpochFigures
from studio.engine.runs import Known
from studio.gui.look.theme import theme

PART = 1 << 20
"""Bytes of events that are read at once."""

BUDGET = 0.008
"""Seconds of one look at what is to be read."""

OFTEN = 0.15
"""Seconds between two drawings while there is more to read."""

MOST = 60
"""Points of a curve; one with more is drawn by its means."""

Line = tuple[float, ...]


class Sparks(QObject):
    """The values of small curves. `ready` is emitted when some were read."""

    ready = Signal()

    def __init__(self, parent: QObject):
        super().__init__(parent)
        self.metric = ""
        self._read: dict[Path, tuple[float, EpochFigures]] = {}
        self._lines: dict[Path, Line] = {}
        self._wanted: dict[Path, float] = {}
        self._told = 0.0
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._look)

    def choose(self, metric: str) -> None:
        """Shows another metric; empty: val_loss, or loss."""
        if metric != self.metric:
            self.metric = metric
            self._lines.clear()

    def forget(self) -> None:
        """Other runs are shown from now on."""
        self._timer.stop()
        for kept in (self._read, self._lines, self._wanted):
            kept.clear()

    def of(self, known: Known) -> Line:
        """The curve of a run as far as it is read, which is begun."""
        folder, told = known.folder, known.progress.time
        read = self._read.get(folder)
        if (read is None or read[0] != told) and folder not in self._wanted:
            self._wanted[folder] = told
            self._timer.start()
        if read is not None and folder not in self._lines:
            self._lines[folder] = _thin(_figures(read[1], self.metric))
        return self._lines.get(folder, ())

    def _look(self) -> None:
        until = time.perf_counter() + BUDGET
        while self._wanted and time.perf_counter() < until:
            folder, told = next(iter(self._wanted.items()))
            figures = self._read[folder][1] if folder in self._read else EpochFigures(folder)
            if figures.read(PART):
                self._lines.pop(folder, None)
            self._read[folder] = (told, figures)
            if not figures.behind:
                del self._wanted[folder]
        if not self._wanted:
            self._timer.stop()
        now = time.monotonic()
        if not self._wanted or now - self._told > OFTEN:
            self._told = now
            self.ready.emit()


def _figures(figures: EpochFigures, metric: str) -> list[float | None]:
    names = figures.metrics()
    if not metric:
        metric = next((each for each in ("val_loss", "loss") if each in names), "")
    return figures.of(metric)


def _thin(values: list[float | None]) -> Line:
    """So many values as can be seen; those that are no number are left out."""
    found = [value for value in values if value is not None and math.isfinite(value)]
    if len(found) <= MOST:
        return tuple(found)
    ends = [round(at * len(found) / MOST) for at in range(MOST + 1)]
    parts = (found[begin:end] for begin, end in pairwise(ends))
    return tuple(sum(part) / len(part) for part in parts)


class SparkDelegate(QStyledItemDelegate):
    """Draws a run's small curve; its last value has a dot."""

    def __init__(self, sparks: Sparks, known_at, parent: QObject):
        super().__init__(parent)
        self._sparks, self._known_at = sparks, known_at

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().paint(painter, option, index)
        line = self._sparks.of(self._known_at(index.row()))
        if not line:
            return
        box = QRectF(option.rect).adjusted(10, 7, -12, -7)
        low, high = min(line), max(line)
        height = (high - low) or 1.0
        wide = box.width() / max(1, len(line) - 1)
        flat = 0.5 if high == low else 0.0
        points = [
            QPointF(
                box.left() + at * wide,
                box.bottom() - box.height() * ((value - low) / height + flat),
            )
            for at, value in enumerate(line)
        ]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("accent"), 1.4))
        painter.drawPolyline(QPolygonF(points))
        painter.setBrush(theme.color("accent"))
        painter.drawEllipse(points[-1], 1.6, 1.6)
        painter.restore()
