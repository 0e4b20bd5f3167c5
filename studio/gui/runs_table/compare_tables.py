"""The tables of a comparison: figures, parameters, data and versions of two runs side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import UNSET
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QTableWidget, QTableWidgetItem

from studio.engine.figures import bytes_text, number, seconds_text
from studio.engine.run_parameters import value_text
from studio.graph.compare import Difference
from studio.gui.look.icons import icon
from studio.gui.look.theme import mono, theme
from studio.gui.preview.tables import plain
from studio.gui.runs_table.merged_scene import LOOKS

LONGEST = 200
"""Characters of a value in a cell; the tooltip of a run's folder has no more either."""

Row = Sequence[str]


class Sides(QTableWidget):
    """A table of what differs: what it is, how the one has it, how the other."""

    def __init__(self, name: str, titles: Sequence[str], widths: Sequence[int]):
        super().__init__(0, len(titles))
        self.setAccessibleName(name)
        self.setHorizontalHeaderLabels(titles)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setWordWrap(False)
        head = plain(self)
        head.setStretchLastSection(True)
        for at, width in enumerate(widths):
            head.resizeSection(at, width)

    def fill(self, rows: Iterable[Row]) -> None:
        """Shows these rows."""
        rows = list(rows)
        self.setRowCount(len(rows))
        for at, row in enumerate(rows):
            for column, text in enumerate(row):
                item = QTableWidgetItem(text[:LONGEST])
                if column:
                    item.setFont(mono())
                self.setItem(at, column, item)

    def title(self, names: Sequence[str]) -> None:
        """Names the two runs in the head."""
        for at, name in enumerate(names, self.columnCount() - len(names)):
            self.setHorizontalHeaderItem(at, QTableWidgetItem(name))


def figures(found: dict[str, Any]) -> tuple[list[Row], dict[int, int]]:
    """The rows of the figures, and of each row whose better side is known, that side's column."""
    runs = found["runs"]
    rows: list[Row] = [
        ("state", *(each["state"] for each in runs), ""),
        ("epochs", *(str(each["epoch"]) for each in runs), ""),
        ("duration", *(seconds_text(each["seconds"]) for each in runs), ""),
    ]
    better: dict[int, int] = {}
    names = [each["run"] for each in runs]
    for each in found["metrics"]:
        values = each["values"]
        if each["better"] is not None:
            better[len(rows)] = 1 + names.index(each["better"])
        rows.append((each["metric"], *map(_figure, values), _change(values)))
    return rows, better


def _figure(value: Any) -> str:
    return "" if value is None else number(value)


def _change(values: list[Any]) -> str:
    """How far the second is from the first."""
    if not all(isinstance(value, int | float) for value in values):
        return ""
    away = values[1] - values[0]
    return "same" if not away else f"{'+' if away > 0 else '-'}{number(abs(away))}"


def mark_better(table: QTableWidget, better: dict[int, int]) -> None:
    """Marks the better one of each metric."""
    for row, column in better.items():
        item = table.item(row, column)
        item.setIcon(icon("check", "good"))
        item.setForeground(theme.color("good"))
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{item.text()}, better")


def of_differences(found: Iterable[Difference]) -> list[Row]:
    """Rows of path, before and after."""
    return [(each.path, _side(each.before), _side(each.after)) for each in found]


def _side(value: Any) -> str:
    if value is UNSET:
        return "—"
    if isinstance(value, dict) and "op" in value:
        inner = ", ".join(f"{name}={_side(v)}" for name, v in value.get("params", {}).items())
        return f"{str(value['op']).rpartition('.')[2]}({inner})"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_side(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_side, value))}]"
    return value_text(value)


def surroundings(found: dict[str, Any]) -> list[Row]:
    """Rows of the data's fingerprints and the versions that aren't the same."""
    rows: list[Row] = []
    for each in found["data"]:
        rows.append((f"data {each['path']}", *(_data(each.get(k)) for k in ("before", "after"))))
    for each in found["versions"]:
        sides = (str(each.get(key) or "—") for key in ("before", "after"))
        rows.append((f"version of {each['path']}", *sides))
    return rows


def _data(value: dict[str, Any] | None) -> str:
    if value is None:
        return "—"
    return f"{bytes_text(value['bytes'])}, sha256 {value['sha256'][:12]}…"


def mark_kinds(table: QTableWidget, kinds: Sequence[str]) -> None:
    """Colours the first cell of each row by what has become of it."""
    for row, kind in enumerate(kinds):
        item = table.item(row, 0)
        name, sign = LOOKS[kind]
        item.setText(f"{sign} {item.text()}")
        item.setForeground(theme.color(name))
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{kind}: {item.text()[2:]}")
