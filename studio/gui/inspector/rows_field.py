"""A field for a list of calls: callbacks, metrics, the layers of a wrapper, in order."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from studio.graph.catalogue.op import REQUIRED, Param
from studio.graph.catalogue.types import ListOf
from studio.graph.document import is_call
from studio.gui.inspector.call_field import CallField, entries_of
from studio.gui.inspector.field import SEVERAL, Field
from studio.gui.inspector.parts import HEIGHT, Entry, Picker
from studio.gui.inspector.place import ABSENT, MIXED
from studio.gui.inspector.written import same
from studio.gui.look.icons import icon


class RowsField(Field):
    """A card a call, to be edited, moved and removed, and a list of what can be added."""

    long = True

    def make(self) -> QWidget:
        self.rows: list[_Row] = []
        holder = QWidget()
        self._rows_box = QVBoxLayout(holder)
        self._rows_box.setContentsMargins(0, 0, 0, 0)
        self._rows_box.setSpacing(6)
        self.picker = Picker(self._entries)
        self.picker.setFixedHeight(HEIGHT)
        self.picker.setAccessibleName(f"Add to {self.param.name}")
        self.picker.picked.connect(self._add)
        self._rows_box.addWidget(self.picker)
        holder.setFocusProxy(self.picker)
        self._item = Param(self.param.name, self._list_type().item, REQUIRED)
        return holder

    def _list_type(self) -> ListOf:
        kind = self.param.type
        return kind if isinstance(kind, ListOf) else ListOf(kind)

    def _entries(self) -> list[Entry]:
        return entries_of(self._item, self.place)

    @property
    def _items(self) -> list[Any]:
        return list(self.value) if isinstance(self.value, (list, tuple)) else []

    def display(self, value: Any) -> None:
        items = list(value) if isinstance(value, (list, tuple)) else []
        for row in self.rows[len(items) :]:
            row.hide()
            row.deleteLater()
        del self.rows[len(items) :]
        for index, item in enumerate(items):
            if index == len(self.rows):
                row = _Row(self, index)
                self.rows.append(row)
                self._rows_box.insertWidget(index, row)
            self.rows[index].show_item(item, len(items))
        what = SEVERAL if value is MIXED else "Add…"
        self.picker.show_text(what, quiet=True)

    def show_value(self, value: Any) -> None:
        lists = isinstance(value, (list, tuple)) and isinstance(self.value, (list, tuple))
        if lists and len(value) == len(self.value) and not same(list(value), list(self.value)):
            self.value = value
            self.display(value)
            return
        super().show_value(value)

    # What is done to the rows

    def _add(self, value: Any) -> None:
        self.put([*self._items, value])
        if self.rows:
            self.rows[-1].field.setFocus()

    def change(self, index: int, value: Any, typing: str | None) -> None:
        """Puts another call in the place of one."""
        items = self._items
        if value is not ABSENT and not same(items[index], value):
            items[index] = value
            self.take(items, None if typing is None else f"[{index}]{typing}")

    def remove(self, index: int) -> None:
        """Takes one out."""
        items = self._items
        del items[index]
        self.put(items if items or self._list_type().empty else ABSENT)

    def move(self, index: int, by: int) -> None:
        """Moves one up or down."""
        items = self._items
        if 0 <= index + by < len(items):
            items[index], items[index + by] = items[index + by], items[index]
            self.put(items)
            self.rows[index + by].field.setFocus()


class _Row(QWidget):
    """One call of a list, and what moves and removes it."""

    def __init__(self, rows: RowsField, index: int):
        super().__init__()
        self.index = index
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        self.field = CallField(rows._item, rows.place, bare=True)
        self.field.given.connect(lambda value: rows.change(self.index, value, self.field.typing))
        box.addWidget(self.field)
        self._buttons = []
        for name, words, run in (
            ("arrow-up", "Move up", lambda: rows.move(self.index, -1)),
            ("arrow-down", "Move down", lambda: rows.move(self.index, 1)),
            ("x", "Remove", lambda: rows.remove(self.index)),
        ):
            button = QToolButton()
            button.setProperty("role", "tiny")
            button.setIcon(icon(name, "muted"))
            button.setIconSize(QSize(14, 14))
            button.setFixedSize(20, 24)
            button.setToolTip(words)
            button.setAccessibleName(words)
            button.clicked.connect(run)
            self.field.row.addWidget(button)
            self._buttons.append(button)

    def show_item(self, item: Any, count: int) -> None:
        """Shows a call, one of so many."""
        self._buttons[0].setVisible(count > 1)
        self._buttons[1].setVisible(count > 1)
        self._buttons[0].setEnabled(self.index > 0)
        self._buttons[1].setEnabled(self.index < count - 1)
        title = item["op"].rpartition(".")[2] if is_call(item) else str(item)
        self._buttons[2].setAccessibleName(f"Remove {title}")
        self.field.show_value(item)
