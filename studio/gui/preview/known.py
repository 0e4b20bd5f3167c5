"""What is known of a stage's elements: the tensors of one, their ranges, and the labels' counts."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QLabel,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.gui.look.theme import mono
from studio.gui.preview.balance import Balance
from studio.gui.preview.samples import figure
from studio.gui.preview.specs import place
from studio.gui.preview.tables import plain

COLUMNS = ("Part", "Name", "Shape", "Type", "Range", "Mean")
SPEC = 4
"""How many of the columns are known without running anything."""
WIDTH = 504
"""Pixels that it is wide, beside the samples."""
NARROW = 84
"""Pixels that the last column has at least."""
ROWS = 5
"""Tensors in sight at once."""


class Known(QWidget):
    """A row a tensor; below, a bar a class."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(WIDTH)
        self._rows: list[tuple[str, ...]] = []
        self.table = QTableWidget(0, len(COLUMNS))
        self.table.setHorizontalHeaderLabels(COLUMNS)
        self.table.setAccessibleName("What an element is made of")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        head = plain(self.table)
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setDefaultSectionSize(NARROW)  # the last has no less, however short its texts
        head.setStretchLastSection(True)
        self.counted = QLabel()
        self.counted.setProperty("role", "group")
        self.balance = Balance()
        box = QVBoxLayout(self)
        box.setContentsMargins(14, 0, 0, 0)
        box.setSpacing(6)
        box.addWidget(self.table)
        box.addWidget(self._labels(), 1)

    def _labels(self) -> QScrollArea:
        inside = QWidget()
        inside.setObjectName("panel")
        column = QVBoxLayout(inside)
        column.setContentsMargins(14, 2, 14, 8)
        column.setSpacing(4)
        column.addWidget(self.counted)
        column.addWidget(self.balance)
        column.addStretch(1)
        area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setAccessibleName("How often each label was seen")
        area.setWidget(inside)
        return area

    def show_specs(self, rows: list[tuple[str, ...]]) -> None:
        """Shows tensors: part, name, shape and type of each. Figures stay where these do."""
        if self._rows != rows:
            self._rows = rows
            self.table.setRowCount(len(rows))
            for row, texts in enumerate(rows):
                for column, text in enumerate((*texts, "", "")):
                    item = QTableWidgetItem(text)
                    if column >= 1:
                        item.setFont(mono())
                    self.table.setItem(row, column, item)
        for column in (0, 1):
            self.table.setColumnHidden(column, not any(row[column] for row in rows))
        height = self.table.verticalHeader().defaultSectionSize() * min(len(rows), ROWS)
        self.table.setFixedHeight(self.table.horizontalHeader().sizeHint().height() + height + 4)

    def show_figures(self, result: dict[str, Any], port: str, names: tuple[str, ...] = ()) -> None:
        """Shows what was seen beside the tensors of an output, "" where there is only one.

        `names` are those of the classes that a label numbers.
        """
        self.clear_figures()
        rows = {row[:2]: number for number, row in enumerate(self._rows)}
        texts = result.get("texts") or [None] * len(result["spec"])
        for each, known, words in zip(result["spec"], result["ranges"], texts, strict=True):
            part, name = place(each["path"])
            row = rows.get((f"{port} {part}".strip(), name))
            if row is None:
                continue
            said = _figures(known) if known else _of_texts(words) if words else ("", "")
            for column, text in enumerate(said, SPEC):
                self.table.item(row, column).setText(text)
        classes = result["classes"][:1]
        self.balance.show_counts(classes[0]["counts"] if classes else [], names)
        self.counted.setText(f"Labels of {classes[0]['of']:,}" if classes else "")

    def clear_figures(self) -> None:
        """Takes what was seen away."""
        self.counted.setText("")
        self.balance.show_counts([])
        for row in range(self.table.rowCount()):
            for column in range(SPEC, len(COLUMNS)):
                self.table.item(row, column).setText("")


def _figures(known: dict[str, Any]) -> tuple[str, str]:
    """The texts of range and mean."""
    if known["min"] is None:
        return "NaN alone", ""
    missing = f", {known['nan']:.0%} NaN" if known["nan"] else ""
    between = f"{figure(known['min'])} to {figure(known['max'])}{missing}"
    return between, figure(known["mean"])


def _of_texts(words: dict[str, Any]) -> tuple[str, str]:
    """What is told of texts: how many differ, and how long they are."""
    empty = f", {words['empty']:.0%} empty" if words["empty"] else ""
    count = words["different"]
    return f"{count:,} different{empty}", f"{words['mean']:.0f} chars"
