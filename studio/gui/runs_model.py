"""The table of runs as Qt's model: a row a run, the columns that were chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QIcon

from studio.engine.run_filter import Filter
from studio.engine.runs import Known
from studio.gui.look.icons import icon
from studio.gui.look.theme import mono, theme
from studio.gui.runs_table.columns import EDITED, FIXED, Choice, Column, Values, arranged

STATES = {
    "queued": ("clock", "muted"),
    "running": ("play", "accent"),
    "completed": ("circle-check", "good"),
    "paused": ("pause", "warning"),
    "stopped": ("square", "warning"),
    "failed": ("circle-alert", "error"),
    "lost": ("circle-help", "error"),
}

TEXT = Qt.ItemDataRole.DisplayRole
ALIGNMENT = Qt.ItemDataRole.TextAlignmentRole
FONT = Qt.ItemDataRole.FontRole
COLOUR = Qt.ItemDataRole.ForegroundRole
DECORATION = Qt.ItemDataRole.DecorationRole
"""What is asked for each cell that is drawn: so it is said quickly, and first."""

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter

LONGEST_TIP = 600
"""Characters of a tooltip."""

Index = QModelIndex | QPersistentModelIndex
Values_of = Callable[[Path], Values]
Write = Callable[[Known, str, str], bool]
"""Notes something of a run: the run, tags or note, what was typed; whether it could be done."""


class RunsModel(QAbstractTableModel):
    """Shows what `show` was given: the runs that the filter lets through, by the chosen column."""

    def __init__(self, choice: Choice, values: Values_of, write: Write):
        super().__init__()
        self.choice = choice
        self.all: list[Known] = []
        self.rows: list[Known] = []
        self.columns: list[Column] = choice.columns([])
        self.marks: dict[Path, QColor] = {}
        """The colours of the runs whose curves are drawn."""
        self._values, self._write = values, write
        self._filter: Filter | None = None
        self._figures = mono()
        self._icons: dict[str, QIcon] = {}

    @property
    def metrics(self) -> list[str]:
        """The metrics that have a column."""
        return self.choice.shown_metrics(self.all)

    def show(self, rows: list[Known]) -> None:
        """Shows these runs; where only figures have changed, selection and place stay."""
        self.all = rows
        self.update()

    def filter(self, wanted: Filter | None) -> None:
        """Shows only the runs that a filter means."""
        self._filter = wanted
        self.update()

    def update(self) -> None:
        """Shows the runs anew, after anything has changed that decides which, where and how."""
        rows, columns = self._arranged(), self.choice.columns(self.all)
        alike = [each.key for each in columns] == [each.key for each in self.columns]
        if alike and [each.folder for each in rows] == [each.folder for each in self.rows]:
            if rows != self.rows:
                self.rows = rows
                self.repaint()
            return
        self.beginResetModel()
        self.rows, self.columns = rows, columns
        self.endResetModel()

    def repaint(self) -> None:
        """Tells that any cell may have changed."""
        if self.rows:
            end = self.index(len(self.rows) - 1, len(self.columns) - 1)
            self.dataChanged.emit(self.index(0, 0), end)

    def _arranged(self) -> list[Known]:
        rows = self.all
        wanted = self._filter
        if wanted is not None:
            values = self._values
            rows = [k for k in rows if wanted.fits(k, lambda k=k: values(k.folder))]
        key, down = self.choice.sort
        columns = [*self.choice.columns(self.all), *FIXED.values()]
        column = next((each for each in columns if each.key == key), FIXED["when"])
        return arranged(rows, column, down, self._values)

    def row_of(self, folder: Path | None) -> int:
        """The row of a run; -1 where it isn't there."""
        return next((i for i, each in enumerate(self.rows) if each.folder == folder), -1)

    def column_of(self, key: str) -> int:
        """The place of a column; -1 where it isn't shown."""
        return next((i for i, each in enumerate(self.columns) if each.key == key), -1)

    def as_text(self, rows: Iterable[Known]) -> str:
        """Runs as a table with tabs between the cells, as spreadsheets take it."""
        columns = [each for each in self.columns if each.key != "curve"]
        lines = [["Id", *(each.title for each in columns)]]
        for known in rows:
            values = self._values(known.folder)
            lines.append([known.folder.name, *(_plain(c, known, values) for c in columns)])
        return "\n".join("\t".join(" ".join(cell.split()) for cell in line) for line in lines)

    # Qt's questions

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            if column.key == "curve":
                return self.choice.curve or column.title
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tip or None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if column.right else LEFT
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        edited = index.isValid() and self.columns[index.column()].key in EDITED
        return super().flags(index) | (
            Qt.ItemFlag.ItemIsEditable if edited else Qt.ItemFlag.NoItemFlags
        )

    def data(self, index: Index, role: int = 0) -> Any:
        column = self.columns[index.column()]
        if role == TEXT:
            known = self.rows[index.row()]
            return column.text(known, self._values(known.folder))
        if role == ALIGNMENT:
            return RIGHT if column.right else LEFT
        if role == FONT:
            return self._figures if column.right else None
        if role in (COLOUR, DECORATION):
            if column.key != "state":
                return None
            state = self.rows[index.row()].progress.state
            if state not in STATES:
                return None
            return theme.color(STATES[state][1]) if role == COLOUR else self._icon(state)
        known = self.rows[index.row()]
        if role == Qt.ItemDataRole.EditRole:
            return known.about.note if column.key == "note" else " ".join(known.about.tags)
        return _tip(known, column) if role == Qt.ItemDataRole.ToolTipRole else None

    def _icon(self, state: str) -> QIcon:
        if state not in self._icons:
            self._icons[state] = icon(*STATES[state])
        return self._icons[state]

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        column = self.columns[index.column()]
        if role != Qt.ItemDataRole.EditRole or column.key not in EDITED:
            return False
        return self._write(self.rows[index.row()], column.key, str(value))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if not 0 <= column < len(self.columns) or self.columns[column].key == "curve":
            return
        self.choice.sort = (self.columns[column].key, order == Qt.SortOrder.DescendingOrder)
        self.choice.remember()
        before = self.rows
        self.layoutAboutToBeChanged.emit()
        self.rows = self._arranged()
        place = {known.folder: row for row, known in enumerate(self.rows)}
        for old in self.persistentIndexList():
            row = place[before[old.row()].folder]
            self.changePersistentIndex(old, self.index(row, old.column()))
        self.layoutChanged.emit()


def _plain(column: Column, known: Known, values: Values) -> str:
    """What a copy says: numbers whole, all else as it is shown."""
    value = column.value(known, values)
    exact = column.key not in FIXED and isinstance(value, float)
    return repr(value) if exact else column.text(known, values)


def _tip(known: Known, column: Column) -> str:
    """Plain text: Qt would take what looks like HTML for it."""
    words = known.about.note if column.key == "note" else ""
    words = words or known.progress.message or str(known.folder)
    escaped = escape(words[:LONGEST_TIP], quote=False).replace("\n", "<br>")
    return f"<qt>{escaped}</qt>"
