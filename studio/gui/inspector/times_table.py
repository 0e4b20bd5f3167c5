"""A small table of what was measured: names, and figures beside them; as high as its rows."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from studio.gui.preview.tables import plain

ROW = 24
"""Pixels that a row is high."""


class TimesTable(QTableWidget):
    """The first column has the room that the others leave; one row can be selected."""

    def __init__(self, name: str, titles: Sequence[str]):
        super().__init__(0, len(titles))
        self.setHorizontalHeaderLabels(titles)
        self.setAccessibleName(name)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        head = plain(self)
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().setDefaultSectionSize(ROW)
        self.hide()

    def put(self, row: int, column: int, text: str, font: QFont | None = None) -> QTableWidgetItem:
        """Writes a cell, a figure at its right; returns it."""
        item = QTableWidgetItem(text)
        if font is not None:
            item.setFont(font)
        if column:
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setItem(row, column, item)
        return item

    def fit(self) -> None:
        """Is as high as its rows."""
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + ROW * self.rowCount() + 2)
