"""The proof of an export: a row a format, what differs behind it, and whether that is allowed."""

from __future__ import annotations

import math
from html import escape
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableWidget, QTableWidgetItem

from studio.engine.figures import bytes_text, number
from studio.graph.problems import printable
from studio.gui.lists import ENTER
from studio.gui.look.icons import icon
from studio.gui.look.theme import mono, theme
from studio.gui.preview.tables import plain
from studio.gui.trained.formats import title_of

COLUMNS = ("Format", "Size", "Difference", "Metric", "Latency, ms", "Tolerance")
METRIC, TOLERANCE = 3, len(COLUMNS) - 1
WIDTHS = (140, 88, 88, 122, 120)
"""Pixels of all columns but the last, which has what is left, where that is enough."""

ENOUGH = 150
"""Pixels of the last column: with fewer it isn't shown, and stands in the tooltips alone."""

ROW, ROOM = 30, 10
"""Pixels of a row, and above and below a sentence that wraps."""

MARGINS = 24
"""Pixels that a cell leaves free beside its text."""

WRAP = Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap


class Proofs(QTableWidget):
    """What `studio export` tells of the formats that it has written; below one that isn't proved
    equal, over the whole width, why.

    Enter or a double click shows a file in its folder, Ctrl+C copies its path.
    `moved` is emitted when another row is the current one.
    """

    moved = Signal()

    def __init__(self) -> None:
        super().__init__(0, len(COLUMNS))
        self.exports: list[dict[str, Any]] = []
        self._of: list[dict[str, Any]] = []  # that of each row
        self._sentences: list[int] = []  # rows with nothing else behind the name
        # The columns have their widths a little later than the table has its own.
        self._late = QTimer(self, interval=0, singleShot=True)
        self._late.timeout.connect(self._fit)
        self.setAccessibleName("Proof of the exports")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalHeaderLabels(COLUMNS)
        head = plain(self)
        for column, width in enumerate(WIDTHS):
            head.resizeSection(column, width)
        head.setSectionResizeMode(TOLERANCE, QHeaderView.ResizeMode.Stretch)
        head.setMinimumSectionSize(60)
        head.sectionResized.connect(self._fit)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._open_menu)
        self.cellDoubleClicked.connect(lambda *_: self.show_in_folder())
        self.currentCellChanged.connect(lambda *_: self.moved.emit())
        theme.changed.connect(self._colour)

    def show_exports(self, exports: list[dict[str, Any]]) -> None:
        """Shows these, in their order."""
        self.exports, self._of, self._sentences = exports, [], []
        self.clearSpans()
        self.setRowCount(0)
        names = {_metric(each) for each in exports} - {""}
        common = names.pop() if len(names) == 1 else ""
        self.horizontalHeaderItem(METRIC).setText(printable(common) or COLUMNS[METRIC])
        for export in exports:
            good = export.get("ok") is True
            title, *figures = _texts(export, bool(common))
            measured = any(figures)
            self._add(export, [title, *(figures if good or measured else [])])
            first = self.item(len(self._of) - 1, 0)
            first.setIcon(icon("check", "good") if good else icon("x", "error"))
            said = "proved" if good else f"failed: {_sentence(export)}"
            first.setData(Qt.ItemDataRole.AccessibleTextRole, f"{title} {said}")
            if not good:
                self._say(export, measured)
        if exports:
            self.setCurrentCell(0, 0)
        self._colour()
        self._fit()
        self._late.start()

    def _add(self, export: dict[str, Any], texts: list[str]) -> None:
        row = len(self._of)
        self._of.append(export)
        self.setRowCount(row + 1)
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            if 0 < column < TOLERANCE:
                item.setFont(mono())
            item.setToolTip(_more(export))
            self.setItem(row, column, item)

    def _say(self, export: dict[str, Any], measured: bool) -> None:
        """Why it failed: below its figures, or in their place where there are none."""
        if measured:
            self._add(export, [])
        row = len(self._of) - 1
        item = QTableWidgetItem(_sentence(export))
        item.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setItem(row, 1, item)
        self.setSpan(row, 1, 1, TOLERANCE)
        self._sentences.append(row)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self.setColumnHidden(TOLERANCE, self.viewport().width() - sum(WIDTHS) < ENOUGH)
        self._late.start()

    def _fit(self, *_: object) -> None:
        """Makes each row as high as its sentence needs: Qt looks at the first column of it only."""
        columns = range(1, len(COLUMNS))
        width = sum(self.columnWidth(each) for each in columns if not self.isColumnHidden(each))
        room = QRect(0, 0, width - MARGINS, 10_000)
        for row in self._sentences:
            text = self.item(row, 1).text()
            height = self.fontMetrics().boundingRect(room, WRAP, text).height()
            self.setRowHeight(row, max(ROW, height + ROOM))

    def _colour(self) -> None:
        for row in range(len(self._of)):
            last = self.item(row, TOLERANCE)
            if last is not None:
                last.setForeground(theme.color("muted"))
            if row in self._sentences:
                self.item(row, 1).setForeground(theme.color("error"))

    # The file of the current row

    @property
    def path(self) -> Path | None:
        """Where the current one was written; None where it wasn't."""
        row = self.currentRow()
        path = self._of[row].get("path") if 0 <= row < len(self._of) else None
        return Path(path) if isinstance(path, str) and path else None

    def show_in_folder(self) -> None:
        """Opens the folder of the current one in the system's file manager."""
        if self.path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.path.parent)))

    def copy_path(self) -> None:
        """Copies the path of the current one."""
        if self.path is not None:
            QGuiApplication.clipboard().setText(str(self.path))

    def event(self, event) -> bool:
        """Copy is meant for the row here, not for the nodes on the canvas."""
        shortcut = event.type() == QEvent.Type.ShortcutOverride
        if shortcut and event.matches(QKeySequence.StandardKey.Copy):
            event.accept()
            return True
        return super().event(event)

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
    good = export.get("ok") is True
    times = [_part(export, "latency_ms").get(each) for each in ("before", "after")]
    return (
        title_of(str(export.get("format", "")), str(export.get("variant") or "")),
        bytes_text(size) if isinstance(size, int) else "",
        "" if largest is None else _difference(largest),
        _pair(*metrics, "" if headed else printable(name)),
        " → ".join(map(_time, times)) if _numbers(times) else "",
        printable(str(export.get("tolerance") or export.get("message") or "")) if good else "",
    )


def _sentence(export: dict[str, Any]) -> str:
    """Why one failed."""
    return printable(str(export.get("message") or "It isn't known why it failed."))


def _metric(export: dict[str, Any]) -> str:
    """The metric that says most: the first that is no loss."""
    names = list(_part(_part(export, "metrics"), "before"))
    return next((name for name in names if not name.endswith("loss")), names[0] if names else "")


def _pair(before: Any, after: Any, name: str = "") -> str:
    if before is None and after is None:
        return ""
    return f"{name} {number(before)} → {number(after)}".strip()


def _time(milliseconds: float) -> str:
    return f"{milliseconds:.3g}" if milliseconds >= 1 else f"{milliseconds:.2g}"


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
    if export.get("tolerance"):
        lines.append(str(export["tolerance"]))
    text = "<br>".join(escape(printable(line), quote=False) for line in lines)
    return f"<p>{text}</p>"
