"""Elements as rows of a table: a column a tensor."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from studio.graph.problems import printable
from studio.gui.look.theme import mono, sans

SHOWN, DIGITS = 16, 4
"""Values of a tensor that a cell shows, and their digits."""

Index = QModelIndex | QPersistentModelIndex


class SamplesModel(QAbstractTableModel):
    """Shows what `show` was given."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.rows: list[list[dict[str, Any]]] = []

    def show(self, names: list[str], rows: list[list[dict[str, Any]]]) -> None:
        """Shows these rows, a tensor for each of the names."""
        self.beginResetModel()
        self.names, self.rows = names, rows
        self.endResetModel()

    def texts(self, column: int) -> bool:
        """Whether a column holds texts to be read, not numbers to be compared."""
        return any(row[column]["dtype"] == "string" for row in self.rows)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.names)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return self.names[section] if orientation == Qt.Orientation.Horizontal else section

    def data(self, index: Index, role: int = 0) -> Any:
        part = self.rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return text_of(part)
        if role == Qt.ItemDataRole.ToolTipRole:
            return text_of(part, len(part["values"]))
        if role == Qt.ItemDataRole.FontRole:
            return sans() if part["dtype"] == "string" else mono()
        return None


def text_of(part: dict[str, Any], most: int = SHOWN) -> str:
    """The values of a tensor, as they stand in a cell."""
    if "said" in part:
        return part["said"]
    texts = [figure(value) for value in part["values"][:most]]
    if part["shape"] is None:
        return part["dtype"]
    if part["shape"] == [] or (len(texts) == 1 and part["dtype"] == "string"):
        return texts[0] if texts else ""
    more = " …" if part.get("of", len(part["values"])) > most else ""
    return f"{'  '.join(texts)}{more}"


def figure(value: Any) -> str:
    """A value as it is read."""
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}" if abs(value) < 1e4 else f"{value:,.0f}"
    if isinstance(value, str):
        return printable(value)
    return str(value)
