"""The table of runs as Qt's model: a row a run, a column for each of the metrics that they have."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from studio.engine.figures import number, seconds_text, when
from studio.engine.runs import Known, columns_of
from studio.gui.look.icons import icon
from studio.gui.look.theme import mono, theme

FIXED = ("When", "Name", "State", "Epochs", "Duration")
STATES = {
    "queued": ("clock", "muted"),
    "running": ("play", "accent"),
    "completed": ("circle-check", "good"),
    "paused": ("pause", "warning"),
    "stopped": ("square", "warning"),
    "failed": ("circle-alert", "error"),
    "lost": ("circle-help", "error"),
}

Index = QModelIndex | QPersistentModelIndex


class RunsModel(QAbstractTableModel):
    """Shows what `show` was given; sorted by any column, at first the newest first."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Known] = []
        self.metrics: list[str] = []
        self._by = (0, Qt.SortOrder.DescendingOrder)

    def show(self, rows: list[Known]) -> None:
        """Shows these runs; where only figures have changed, selection and place stay."""
        rows = self._sorted(rows)
        metrics = columns_of(rows)
        same = [each.folder for each in rows] == [each.folder for each in self.rows]
        if same and metrics == self.metrics:
            if rows != self.rows:
                self.rows = rows
                end = self.index(len(rows) - 1, self.columnCount() - 1)
                self.dataChanged.emit(self.index(0, 0), end)
            return
        self.beginResetModel()
        self.rows, self.metrics = rows, metrics
        self.endResetModel()

    def row_of(self, folder: Path | None) -> int:
        """The row of a run; -1 where it isn't there."""
        return next((i for i, each in enumerate(self.rows) if each.folder == folder), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(FIXED) + len(self.metrics)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return [*FIXED, *self.metrics][section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        known, column = self.rows[index.row()], index.column()
        progress = known.progress
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(known, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.FontRole and column >= 3:
            return mono()
        if column == 2 and role == Qt.ItemDataRole.ForegroundRole:
            return theme.color(STATES.get(progress.state, ("", "text"))[1])
        if column == 2 and role == Qt.ItemDataRole.DecorationRole and progress.state in STATES:
            return icon(*STATES[progress.state])
        if role == Qt.ItemDataRole.ToolTipRole:
            return progress.message or str(known.folder)
        return None

    def _text(self, known: Known, column: int) -> str:
        progress = known.progress
        if column == 0:
            return when(known.began)
        if column == 1:
            return known.name
        if column == 2:
            return progress.state
        if column == 3:
            planned = f" / {progress.epochs}" if progress.epochs else ""
            return f"{progress.epoch}{planned}" if progress.epoch else ""
        if column == 4:
            return seconds_text(known.seconds)
        name = self.metrics[column - len(FIXED)]
        results = progress.results
        return number(results[name]) if name in results else ""

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._by = (column, order)
        before = self.rows
        self.layoutAboutToBeChanged.emit()
        self.rows = self._sorted(before)
        place = {id(known): row for row, known in enumerate(self.rows)}
        for old in self.persistentIndexList():
            row = place[id(before[old.row()])]
            self.changePersistentIndex(old, self.index(row, old.column()))
        self.layoutChanged.emit()

    def _sorted(self, rows: list[Known]) -> list[Known]:
        column, order = self._by
        return sorted(
            rows,
            key=lambda known: self._key(known, column),
            reverse=order == Qt.SortOrder.DescendingOrder,
        )

    def _key(self, known: Known, column: int) -> Any:
        progress = known.progress
        if column < len(FIXED):
            keys = (known.began, known.name, progress.state, progress.epoch, known.seconds)
            return keys[column]
        names = self.metrics
        at = column - len(FIXED)
        value = progress.results.get(names[at]) if at < len(names) else None
        return value if isinstance(value, int | float) and math.isfinite(value) else -math.inf


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column >= 3 else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
