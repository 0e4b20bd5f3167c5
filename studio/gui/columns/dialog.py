"""The dialog in which a person says what the columns of a table are for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from studio.graph.compose.columns import (
    FEATURE,
    LABEL,
    OUT,
    ROLES,
    WAYS,
    WEIGHT,
    Editing,
    Use,
    change_columns,
    changes,
    problem,
)
from studio.graph.looking.found import counted
from studio.graph.problems import StudioError
from studio.graph.tables import resolve_path
from studio.gui.columns.bars import Bars
from studio.gui.columns.model import BARS, NAME, ColumnsModel, Search
from studio.gui.columns.sampling import rows_of
from studio.gui.notice import Line
from studio.gui.preview.tables import plain

if TYPE_CHECKING:
    from studio.gui.session import Session
    from studio.gui.window import Window

SIZE = (1080, 640)
WIDTHS = (44, 190, 82, 84, 96, 70, 92, 82, 116)
KEYS = {"F": FEATURE, "L": LABEL, "W": WEIGHT, "O": OUT}
"""What the selected columns become with a key."""


class ColumnsDialog(QDialog):
    """Shows the columns of a CSV source; what is chosen is done with Apply, as one step."""

    def __init__(self, window: Window, session: Session, source: str):
        """Raises StudioError, with a sentence, where the table can't be read."""
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.session, self.source = session, source
        self.editing = Editing(session.project, source, session.folder)
        self.setWindowTitle(f"Columns of {source}")
        self.resize(*SIZE)
        self.model = ColumnsModel(self.editing)
        self.model.setParent(self)
        self.shown = Search(self.model)
        self.shown.setParent(self)
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 14, 16, 14)
        box.setSpacing(10)
        box.addLayout(self._head())
        box.addWidget(self._table(), 1)
        box.addLayout(self._foot())
        self._reading: Iterator[list[list[str]]] | None = self._rows()
        self._read: list[list[str]] = []
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._read_some)
        self._timer.start()
        session.changed.connect(self._changed)
        self.table.selectRow(0)
        self.refresh()
        self.table.setFocus()

    def _head(self) -> QHBoxLayout:
        self.search = QLineEdit(placeholderText="Search columns", clearButtonEnabled=True)
        self.search.setAccessibleName("Search columns by name, role, kind or type")
        self.search.setMinimumWidth(220)
        self.search.textChanged.connect(self._look_for)
        find = QShortcut(QKeySequence.StandardKey.Find, self)
        find.activated.connect(lambda: self.search.setFocus(Qt.FocusReason.ShortcutFocusReason))
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.search, 1)
        self.about = QLabel()
        self.about.setProperty("role", "muted")
        row.addWidget(self.about)
        self.role, self.kind, self.way = QComboBox(), QComboBox(), QComboBox()
        named = (("role", "Role"), ("kind", "Kind"), ("way", "Prepared"))
        for name, title in named:
            combo = getattr(self, name)
            combo.setAccessibleName(f"{title} of the selected columns")
            combo.setMinimumWidth(124)
            combo.activated.connect(lambda _, name=name: self._choose(name))
            label = QLabel(title)
            label.setProperty("role", "muted")
            label.setBuddy(combo)
            row.addSpacing(4)
            row.addWidget(label)
            row.addWidget(combo)
        return row

    def _table(self) -> QWidget:
        self.table = Table(self)
        self.table.setModel(self.shown)
        self.table.setAccessibleName("Columns")
        head = plain(self.table)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.setWordWrap(False)
        for section, width in enumerate(WIDTHS):
            head.setSectionResizeMode(section, QHeaderView.ResizeMode.Interactive)
            head.resizeSection(section, width)
        head.setStretchLastSection(True)
        self.bars = Bars(self.table)
        self.table.setItemDelegateForColumn(BARS, self.bars)
        self.table.selectionModel().selectionChanged.connect(self._offer)
        self.model.dataChanged.connect(self.refresh)
        return self.table

    def _foot(self) -> QHBoxLayout:
        self.told = Line("", Qt.TextElideMode.ElideRight)
        self.told.setProperty("role", "muted")
        cancel = QPushButton("Cancel")
        cancel.setProperty("role", "outline")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        self.apply = QPushButton("Apply")
        self.apply.setProperty("role", "primary")
        self.apply.setAutoDefault(False)
        self.apply.clicked.connect(self.accept)
        keys = QShortcut(QKeySequence("Ctrl+Return"), self)
        keys.activated.connect(self.apply.click)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.told, 1)
        row.addWidget(cancel)
        row.addWidget(self.apply)
        return row

    # What is in the table

    def _rows(self) -> Iterator[list[list[str]]]:
        path = next(iter(self.editing.files))
        yield from rows_of(resolve_path(path, self.editing.folder))

    def _read_some(self) -> None:
        """Reads on, a little at a time, so that no frame waits."""
        try:
            self._read += next(self._reading)
        except (StopIteration, OSError, ValueError):
            self._timer.stop()
            self._reading = None
            if self._read:
                self.model.show_rows(self._read, len(self._read) == self.editing.table.rows)

    def _look_for(self, text: str) -> None:
        self.shown.look_for(text)
        if self.shown.rowCount() and not self.table.selectionModel().hasSelection():
            self.table.selectRow(0)
        self.refresh()

    def _changed(self) -> None:
        """The project was changed beside the dialog, which knows the one before."""
        if self.session.project is not self.editing.project:
            self.reject()

    # Choosing

    def selected(self) -> list[int]:
        """The rows of the model that are selected."""
        chosen = self.table.selectionModel().selection()
        rows = {row for part in chosen for row in range(part.top(), part.bottom() + 1)}
        index, source = self.shown.index, self.shown.mapToSource
        return sorted(source(index(row, NAME)).row() for row in rows)

    def uses(self, rows: list[int]) -> list[Use]:
        """What columns would be used for."""
        return [self.model.wanted[self.model.columns[row].name] for row in rows]

    def change(self, **values: str) -> None:
        """Gives the selected columns another role; or those that are features, another kind or
        way."""
        rows = self.selected()
        if "role" not in values:
            uses = zip(rows, self.uses(rows), strict=True)
            rows = [row for row, use in uses if use.role == FEATURE]
        self.model.change(rows, **values)

    def _choose(self, name: str) -> None:
        self.change(**{name: getattr(self, name).currentText()})

    def refresh(self, *_: object) -> None:
        """Says what would be read, or why it can't be."""
        wrong = problem(self.editing, self.model.wanted)
        self.told.setProperty("role", "warning" if wrong else "muted")
        self.told.style().polish(self.told)
        self.told.say(wrong or self.editing.told(self.model.wanted))
        count = len(changes(self.editing, self.model.wanted))
        self.apply.setEnabled(bool(count) and not wrong)
        self.apply.setText(f"Apply {counted(count, 'changes')}" if count else "Apply")
        rows, all_rows = self.shown.rowCount(), self.model.rowCount()
        many = counted(all_rows, "columns")
        self.about.setText(many if rows == all_rows else f"{rows:,} of {many}")
        self._offer()

    def _offer(self, *_: object) -> None:
        """What the selected columns can become; what they are, where that is the same of all."""
        rows = self.selected()
        uses = self.uses(rows)
        _fill(self.role, ROLES if rows else (), {use.role for use in uses})
        features = [use for use in uses if use.role == FEATURE]
        possible = {
            kind
            for row, use in zip(rows, uses, strict=True)
            if use.role == FEATURE
            for kind in self.model.kinds(row)
        }
        kinds, chosen = {use.kind for use in features}, {use.way for use in features}
        ways = WAYS[features[0].kind] if len(kinds) == 1 else ()
        _fill(self.kind, [kind for kind in WAYS if kind in possible], kinds)
        _fill(self.way, [*sorted(chosen - {*ways}), *ways] if ways else (), chosen)

    def accept(self) -> None:
        """Does what was chosen, as one step of the history."""
        try:
            edit = change_columns(self.editing, self.model.wanted)
        except StudioError as error:
            self.told.say(str(error))
            return
        self.session.changed.disconnect(self._changed)
        if edit is not None:
            self.session.do(edit)
        super().accept()

    def done(self, result: int) -> None:
        self._timer.stop()
        self._reading = None
        super().done(result)


class Table(QTableView):
    """The columns; a letter gives the selected ones a role, Space uses them or leaves them out."""

    def __init__(self, dialog: ColumnsDialog):
        super().__init__(dialog)
        self._dialog = dialog

    def keyPressEvent(self, event: QKeyEvent) -> None:
        text, dialog = event.text().upper(), self._dialog
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                dialog.apply.click()
            else:
                dialog.role.setFocus(Qt.FocusReason.ShortcutFocusReason)
        elif event.key() == Qt.Key.Key_Space:
            uses = [
                dialog.model.wanted[dialog.model.columns[row].name] for row in dialog.selected()
            ]
            dialog.change(role=FEATURE if any(use.role == OUT for use in uses) else OUT)
        elif text in KEYS and event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.ShiftModifier,
        ):
            dialog.change(role=KEYS[text])
        else:
            super().keyPressEvent(event)


def _fill(combo: QComboBox, values: tuple[str, ...] | list[str], now: set[str]) -> None:
    with QSignalBlocker(combo):
        combo.clear()
        combo.addItems(values)
        combo.setEnabled(bool(values))
        combo.setCurrentIndex(-1)
        if len(now) == 1:
            combo.setCurrentText(*now)


def edit_columns(window: Window) -> ColumnsDialog | None:
    """Opens the dialog on the selected source; None, with a sentence, where it can't be read."""
    (source,) = window.selected()
    try:
        dialog = ColumnsDialog(window, window.session, source)
    except StudioError as error:
        window.say(str(error))
        return None
    dialog.open()
    return dialog
