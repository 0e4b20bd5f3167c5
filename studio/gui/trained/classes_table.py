"""The figures of each class, in a table that sorts."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from studio.engine.figures import number
from studio.graph.problems import printable
from studio.gui.look.theme import mono
from studio.gui.preview.tables import plain
from studio.gui.trained.told import is_number, rows_of

COLUMNS = {
    "precision": ("precision", "Of those taken for it, the part that is"),
    "recall": ("recall", "Of those that are, the part that was taken for it"),
    "f1": ("F1", "The harmonic mean of precision and recall"),
    "support": ("support", "How many there are"),
    "predicted": ("predicted", "How many were taken for it"),
    "roc_area": ("ROC area", "The chance that one that is gets a higher score than one that isn't"),
    "average_precision": ("avg precision", "The area under precision and recall"),
}
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
WORST = 2
"""The column by which it is sorted at first: recall, since that is where a class goes wrong."""


class ClassesTable(QTableWidget):
    """A row a class; a click on a head sorts by it, the first time the lowest first."""

    def __init__(self) -> None:
        super().__init__(0, 1 + len(COLUMNS))
        self.setAccessibleName("Figures of each class")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        heads = [QTableWidgetItem("class")]
        for title, tip in COLUMNS.values():
            head = QTableWidgetItem(title)
            head.setTextAlignment(RIGHT)
            head.setToolTip(tip)
            heads.append(head)
        for column, head in enumerate(heads):
            self.setHorizontalHeaderItem(column, head)
        header = plain(self)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        self.verticalHeader().setDefaultSectionSize(24)
        self.setSortingEnabled(True)

    def show_output(self, output: dict[str, Any]) -> bool:
        """Shows an output's classes, in their order; False where none are told."""
        rows = rows_of(output, "per_class") or rows_of(output, "per_label")
        self.setSortingEnabled(False)
        self.setRowCount(len(rows))
        for place, row in enumerate(rows):
            name = _Cell(printable(str(row.get("class", row.get("label", "")))), place)
            name.setToolTip("")
            self.setItem(place, 0, name)
            for column, key in enumerate(COLUMNS, 1):
                self.setItem(place, column, _figure(row.get(key)))
        for column, key in enumerate(COLUMNS, 1):
            self.setColumnHidden(column, not any(is_number(row.get(key)) for row in rows))
        self.horizontalHeader().setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        return bool(rows)


class _Cell(QTableWidgetItem):
    """A cell that is sorted by a value, not by its text; what isn't told comes last."""

    def __init__(self, text: str, value: float | None):
        super().__init__(text)
        self.value = value

    def __lt__(self, other: QTableWidgetItem) -> bool:
        mine, theirs = self.value, other.value
        if mine is None or theirs is None:
            return mine is not None
        return mine < theirs


def _figure(value: Any) -> _Cell:
    told = is_number(value)
    text = "" if not told else f"{value:,}" if isinstance(value, int) else number(value)
    cell = _Cell(text, value if told else None)
    cell.setFont(mono())
    cell.setTextAlignment(RIGHT)
    return cell
