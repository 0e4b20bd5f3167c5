"""Lists of our own: a view in which Enter activates, and rows of which those that stay are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListView

ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class List(QListView):
    """A list in which Enter activates, whatever the system has."""

    KEYS = ENTER

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in self.KEYS:
            self.activated.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)


class ListRows(QAbstractListModel):
    """Rows of which those that are alike at the top and the bottom stay, and what is chosen there.

    What a row shows, `data`, is a subclass's.
    """

    def __init__(self, parent: Any = None):
        super().__init__(parent)
        self.rows: list[Any] = []

    def put(self, rows: list[Any]) -> None:
        """Shows these rows."""
        old = self.rows
        first, last = common(old, rows)
        if len(old) - last > first:
            self.beginRemoveRows(QModelIndex(), first, len(old) - last - 1)
            self.rows = old[:first] + old[len(old) - last :]
            self.endRemoveRows()
        if len(rows) - last > first:
            self.beginInsertRows(QModelIndex(), first, len(rows) - last - 1)
            self.rows = list(rows)
            self.endInsertRows()

    def at(self, index: QModelIndex) -> Any:
        """What a row stands for; None where there is none."""
        return self.rows[index.row()] if index.isValid() else None

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)


def common(old: Sequence[Any], new: Sequence[Any]) -> tuple[int, int]:
    """How many items at the beginning, and behind them at the end, two lists have in common."""
    room = min(len(old), len(new))
    first = 0
    while first < room and old[first] == new[first]:
        first += 1
    last = 0
    while last < room - first and old[-1 - last] == new[-1 - last]:
        last += 1
    return first, last
