"""The columns of a table as rows: what is in them, and what each is for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)

from studio.graph.compose.columns import FEATURE, LABEL, OUT, WAYS, Editing, Use, kinds_of
from studio.graph.compose.columns import USUAL_WAY as USUAL
from studio.graph.problems import printable
from studio.gui.columns.sampling import Summary, summary
from studio.gui.look.theme import mono, sans, theme

HEADS = (
    *("Use", "Column", "Role", "Kind", "Prepared", "Type", "Missing", "Different"),
    *("Values", "Examples"),
)
USE, NAME, ROLE, KIND, WAY, TYPE, MISSING, DIFFERENT, BARS, EXAMPLES = range(len(HEADS))
BARS_ROLE = Qt.ItemDataRole.UserRole + 1
"""The heights of the bars of a column's histogram."""

Index = QModelIndex | QPersistentModelIndex


class ColumnsModel(QAbstractTableModel):
    """A row a column; `wanted` is how they would be used."""

    def __init__(self, editing: Editing):
        super().__init__()
        self.editing = editing
        self.columns = list(editing.table.columns.values())
        self.wanted: dict[str, Use] = dict(editing.uses)
        self._rows: list[list[str]] = []
        self._whole = False
        self._seen: dict[int, Summary] = {}
        self._kinds: dict[int, tuple[str, ...]] = {}

    def show_rows(self, rows: list[list[str]], whole: bool) -> None:
        """Shows what the first rows say of the columns."""
        self._rows, self._whole = rows, whole
        self._seen.clear()
        last = self.index(self.rowCount() - 1, EXAMPLES)
        self.dataChanged.emit(self.index(0, DIFFERENT), last)

    def seen(self, row: int) -> Summary | None:
        """What is in a column, as far as it was read; made when it is to be seen."""
        if row not in self._seen and self._rows:
            cells = [each[row] for each in self._rows]
            self._seen[row] = summary(self.columns[row], cells, self._whole)
        return self._seen.get(row)

    def kinds(self, row: int) -> tuple[str, ...]:
        """The kinds that a column can be of."""
        if row not in self._kinds:
            self._kinds[row] = kinds_of(self.columns[row])
        return self._kinds[row]

    def change(self, rows: Iterable[int], **values: str) -> None:
        """Gives columns another role, kind or way, as far as that is one of theirs."""
        for row in rows:
            column = self.columns[row]
            use = self.wanted[column.name]
            role, kind = values.get("role", use.role), values.get("kind", use.kind)
            if kind not in self.kinds(row):
                continue
            way = values.get("way", use.way)
            if kind != use.kind or (role != use.role and role == FEATURE and use.role == OUT):
                way = values.get("way", USUAL[kind])
            if way not in WAYS[kind] and (kind, way) != (use.kind, use.way):
                continue
            self._put(column.name, Use(role, kind, way))
            if role in (LABEL, "weight"):
                self._only(column.name, role)
        self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, TYPE))

    def _put(self, name: str, use: Use) -> None:
        before = self.editing.uses[name]
        # What goes back to the role it has is as it was.
        self.wanted[name] = before if use.role == before.role != FEATURE else use

    def _only(self, name: str, role: str) -> None:
        """The label, and the weight, is one column: the one before becomes a feature."""
        for other, use in self.wanted.items():
            if other != name and use.role == role:
                back = FEATURE if role == LABEL else OUT
                kind = use.kind
                self._put(other, Use(back, kind, USUAL[kind]))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.columns)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return HEADS[section]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.column() == USE else flags

    def setData(self, index: Index, value: Any, role: int = 0) -> bool:
        if index.column() != USE or role != Qt.ItemDataRole.CheckStateRole:
            return False
        on = Qt.CheckState(value) == Qt.CheckState.Checked
        use = self.wanted[self.columns[index.row()].name]
        if on == (use.role == OUT):
            self.change([index.row()], role=FEATURE if on else OUT)
        return True

    def data(self, index: Index, role: int = 0) -> Any:
        row, section = index.row(), index.column()
        column = self.columns[row]
        use = self.wanted[column.name]
        if role == Qt.ItemDataRole.CheckStateRole and section == USE:
            return Qt.CheckState.Unchecked if use.role == OUT else Qt.CheckState.Checked
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, section)
        if role == Qt.ItemDataRole.FontRole:
            return mono() if section in (TYPE, MISSING, DIFFERENT) else sans()
        if role == Qt.ItemDataRole.ForegroundRole:
            changed = use != self.editing.uses[column.name] and section in (ROLE, KIND, WAY, NAME)
            faint = use.role == OUT
            return theme.color("accent" if changed else "muted" if faint else "text")
        if role == Qt.ItemDataRole.ToolTipRole and section == EXAMPLES:
            return printable(self._text(row, section))
        if role == BARS_ROLE and section == BARS:
            seen = self.seen(row)
            return seen.bars if seen is not None else ()
        if role == Qt.ItemDataRole.AccessibleTextRole and section == BARS:
            seen = self.seen(row)
            return seen.told if seen is not None else ""
        return None

    def _text(self, row: int, section: int) -> str:
        column = self.columns[row]
        use = self.wanted[column.name]
        if section == NAME:
            return printable(column.name) or "(no name)"
        if section == ROLE:
            return use.role
        if section in (KIND, WAY):
            return (use.kind, use.way)[section - KIND] if use.role == FEATURE else ""
        if section == TYPE:
            return "text" if not column.number else "whole" if column.whole else "number"
        if section == MISSING:
            missing = len(column.empty)
            return f"{missing:,} ({missing / self.editing.table.rows:.0%})" if missing else "0"
        seen = self.seen(row)
        if seen is None:
            return "…" if section in (DIFFERENT, EXAMPLES) else ""
        if section == DIFFERENT:
            return f"{seen.different:,}{'+' if seen.at_least else ''}"
        if section == EXAMPLES:
            return f"{seen.told}: {seen.examples}" if seen.told else seen.examples
        return ""


class Search(QSortFilterProxyModel):
    """The columns whose name, role, kind or type has every word that is looked for."""

    def __init__(self, model: ColumnsModel):
        super().__init__()
        self.setSourceModel(model)
        self._words: list[str] = []

    def look_for(self, text: str) -> None:
        """Shows those alone in which all words are found."""
        self.beginFilterChange()
        self._words = text.lower().split()
        self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    def filterAcceptsRow(self, row: int, parent: Index) -> bool:
        model = self.sourceModel()
        said = " ".join(model._text(row, each) for each in (NAME, ROLE, KIND, WAY, TYPE)).lower()
        return all(word in said for word in self._words)
