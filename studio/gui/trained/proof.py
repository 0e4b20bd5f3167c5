"""The proof of an export: a row a format, what differs behind it, and whether that is allowed."""

from __future__ import annotations

import math
from html import escape
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, Qt, QUrl, Signal
from PySide6.QtGui import QColor, QDesktopServices, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableWidget, QTableWidgetItem

from studio.engine.figures import bytes_text, number
from studio.graph.problems import printable
from studio.gui.lists import ENTER
from studio.gui.look.icons import icon
from studio.gui.look.theme import mono, theme
from studio.gui.preview.tables import plain
from studio.gui.trained.formats import title_of

COLUMNS = ("Format", "Size", "Largest difference", "Metric", "Latency", "Proof")
PROOF = len(COLUMNS) - 1
WIDTHS = (116, 74, 118, 126, 112)
"""Pixels of all columns but the last, which has what is left."""

ROW, ROOM = 30, 8
"""Pixels of a row at least, and round what wraps."""


class Proofs(QTableWidget):
    """What `studio export` tells of the formats that it has written.

    Enter or a double click shows a file in its folder, Ctrl+C copies its path.
    `moved` is emitted when another row is the current one.
    """

    moved = Signal()

    def __init__(self) -> None:
        super().__init__(0, len(COLUMNS))
        self.exports: list[dict[str, Any]] = []
        self.setAccessibleName("Proof of the exports")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setWordWrap(True)
        self.setHorizontalHeaderLabels(COLUMNS)
        head = plain(self)
        for column, width in enumerate(WIDTHS):
            head.resizeSection(column, width)
        head.setSectionResizeMode(PROOF, QHeaderView.ResizeMode.Stretch)
        head.setMinimumSectionSize(60)
        head.sectionResized.connect(self.fit_rows)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._open_menu)
        self.cellDoubleClicked.connect(lambda *_: self.show_in_folder())
        self.currentCellChanged.connect(lambda *_: self.moved.emit())
        theme.changed.connect(self._colour)

    def show_exports(self, exports: list[dict[str, Any]]) -> None:
        """Shows these, in their order."""
        self.exports = exports
        self.clearSpans()
        self.setRowCount(len(exports))
        names = {_metric(each) for each in exports} - {""}
        common = names.pop() if len(names) == 1 else ""
        self.horizontalHeaderItem(3).setText(printable(common) or COLUMNS[3])
        for row, export in enumerate(exports):
            for column, text in enumerate(_texts(export, bool(common))):
                item = QTableWidgetItem(text)
                if 0 < column < PROOF:
                    item.setFont(mono())
                item.setToolTip(_more(export) if column < PROOF else "")
                self.setItem(row, column, item)
            self._mark(row, export)
            if not any(self.item(row, column).text() for column in range(1, PROOF)):
                self._span(row)
        if exports:
            self.setCurrentCell(0, 0)
        self._colour()
        self.fit_rows()

    def fit_rows(self, *_: object) -> None:
        """Makes each row as high as its sentence needs."""
        self.resizeRowsToContents()
        for row in range(self.rowCount()):
            self.setRowHeight(row, max(ROW, self.rowHeight(row) + ROOM))

    def _mark(self, row: int, export: dict[str, Any]) -> None:
        good = export.get("ok") is True
        last = self.item(row, PROOF)
        last.setIcon(icon("check", "good") if good else icon("x", "error"))
        said = "proved" if good else "failed"
        last.setData(Qt.ItemDataRole.AccessibleTextRole, f"{said}: {last.text()}")

    def _span(self, row: int) -> None:
        """Nothing was measured: the sentence has all the room."""
        self.setItem(row, 1, self.takeItem(row, PROOF))
        self.setSpan(row, 1, 1, PROOF)

    def _colour(self) -> None:
        for row, export in enumerate(self.exports):
            tone = "muted" if export.get("ok") is True else "error"
            for column in (1, PROOF):
                item = self.item(row, column)
                if item is not None and not item.icon().isNull():
                    item.setForeground(QColor(theme.color(tone)))

    # The file of the current row

    @property
    def path(self) -> Path | None:
        """Where the current one was written; None where it wasn't."""
        row = self.currentRow()
        path = self.exports[row].get("path") if 0 <= row < len(self.exports) else None
        return Path(path) if isinstance(path, str) and path else None

    def show_in_folder(self) -> None:
        """Opens the folder of the current one in the system's file manager."""
        if self.path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.path.parent)))

    def copy_path(self) -> None:
        """Copies the path of the current one."""
        if self.path is not None:
            QGuiApplication.clipboard().setText(str(self.path))

    def keyPressEvent(self, event) -> None:
        if event.key() in ENTER:
            self.show_in_folder()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy_path()
        else:
            super().keyPressEvent(event)

    def _open_menu(self, point: QPoint) -> None:
        if not self.indexAt(point).isValid():
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for text, run in (
            ("Show it in its folder", self.show_in_folder),
            ("Copy its path", self.copy_path),
        ):
            menu.addAction(text, run).setEnabled(self.path is not None)
        menu.popup(self.viewport().mapToGlobal(point))


def exports_of(told: dict[str, Any] | None) -> list[dict[str, Any]] | None:
    """The exports that a report holds; None where it is none."""
    found = told.get("exports") if told is not None else None
    good = isinstance(found, list) and all(isinstance(each, dict) for each in found)
    return found if good else None


def _texts(export: dict[str, Any], headed: bool) -> tuple[str, ...]:
    """The texts of a row; `headed` where the metric's name stands above its column."""
    size = export.get("bytes")
    largest = _part(export, "difference").get("largest")
    name = _metric(export)
    metrics = [_part(_part(export, "metrics"), each).get(name) for each in ("before", "after")]
    times = [_part(export, "latency_ms").get(each) for each in ("before", "after")]
    good = export.get("ok") is True
    sentence = export.get("tolerance" if good else "message") or export.get("message") or ""
    return (
        title_of(str(export.get("format", "")), str(export.get("variant") or "")),
        bytes_text(size) if isinstance(size, int) else "",
        "" if largest is None else _difference(largest),
        _pair(*metrics, "" if headed else printable(name)),
        " → ".join(f"{each:.3g}" for each in times) + " ms" if _numbers(times) else "",
        printable(str(sentence)) or ("Written" if good else "It isn't known why it failed."),
    )


def _metric(export: dict[str, Any]) -> str:
    """The metric that says most: the first that is no loss."""
    names = list(_part(_part(export, "metrics"), "before"))
    return next((name for name in names if not name.endswith("loss")), names[0] if names else "")


def _pair(before: Any, after: Any, name: str = "") -> str:
    if before is None and after is None:
        return ""
    return f"{name} {number(before)} → {number(after)}".strip()


def _numbers(values: list[Any]) -> bool:
    return all(isinstance(each, int | float) for each in values)


def _difference(value: Any) -> str:
    if not isinstance(value, int | float) or not math.isfinite(value):
        return "not finite"
    return f"{value:.1e}" if value else "0"


def _part(whole: dict[str, Any], name: str) -> dict[str, Any]:
    """A part of a report, empty where there is none."""
    found = whole.get(name)
    return found if isinstance(found, dict) else {}


def _more(export: dict[str, Any]) -> str:
    """All that is known of an export, for a tooltip."""
    lines = [str(export.get("path") or "Not written")]
    difference = _part(export, "difference")
    if difference:
        told = ", ".join(f"{name} {_difference(value)}" for name, value in difference.items())
        lines.append(f"Difference of the outputs: {told}")
    metrics = _part(export, "metrics")
    after = _part(metrics, "after")
    for name, value in _part(metrics, "before").items():
        lines.append(f"{name}: {_pair(value, after.get(name))}")
    text = "<br>".join(escape(printable(line), quote=False) for line in lines)
    return f"<p>{text}</p>"
