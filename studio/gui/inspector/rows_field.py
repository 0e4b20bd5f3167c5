"""A field for a list of calls: callbacks, metrics, the layers of a wrapper, in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QPoint, QRect, QTimer
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from studio.graph.catalogue.op import REQUIRED, Param
from studio.graph.catalogue.types import ListOf
from studio.graph.document import is_call
from studio.graph.problems import ERROR
from studio.gui.inspector.call_card import CallCard
from studio.gui.inspector.call_field import entries_of
from studio.gui.inspector.field import SEVERAL, Field
from studio.gui.inspector.parts import HEIGHT, Entry, Picker
from studio.gui.inspector.place import ABSENT, MIXED
from studio.gui.inspector.written import same
from studio.gui.look.theme import theme

GAP = 6
"""Pixels between two cards."""


class RowsField(Field):
    """A card a call, to be opened, moved and removed, and a list of what can be added."""

    long = True

    def make(self) -> QWidget:
        self.rows: list[CallCard] = []
        self._from: int | None = None
        self._slot = 0
        holder = QWidget()
        self._holder = holder
        self._rows_box = QVBoxLayout(holder)
        self._rows_box.setContentsMargins(0, 0, 0, 0)
        self._rows_box.setSpacing(GAP)
        self.picker = Picker(self._entries)
        self.picker.setFixedHeight(HEIGHT)
        self.picker.setAccessibleName(f"Add to {self.param.name}")
        self.picker.picked.connect(self._add)
        self._rows_box.addWidget(self.picker)
        holder.setFocusProxy(self.picker)
        self.item = Param(self.param.name, self._list_type().item, REQUIRED)
        self._line = _Line(holder)
        self.place.session.checked.connect(self._show_problems)
        return holder

    def _list_type(self) -> ListOf:
        kind = self.param.type
        return kind if isinstance(kind, ListOf) else ListOf(kind)

    def _entries(self) -> list[Entry]:
        return entries_of(self.item, self.place)

    @property
    def _items(self) -> list[Any]:
        return list(self.value) if isinstance(self.value, (list, tuple)) else []

    def display(self, value: Any) -> None:
        items = list(value) if isinstance(value, (list, tuple)) else []
        opened = _still_open([(row.item, row.open) for row in self.rows], items)
        for row in self.rows[len(items) :]:
            row.hide()
            row.deleteLater()
        del self.rows[len(items) :]
        for index, item in enumerate(items):
            if index == len(self.rows):
                row = CallCard(self, index)
                self.rows.append(row)
                self._rows_box.insertWidget(index, row)
            self.rows[index].open = opened[index]
            self.rows[index].show_item(item, len(items))
        what = SEVERAL if value is MIXED else "Add…"
        self.picker.show_text(what, quiet=True)
        self._show_problems()

    def show_value(self, value: Any) -> None:
        lists = isinstance(value, (list, tuple)) and isinstance(self.value, (list, tuple))
        if lists and len(value) == len(self.value) and not same(list(value), list(self.value)):
            self.value = value
            self.display(value)
            return
        super().show_value(value)

    def _show_problems(self) -> None:
        """Marks the cards of the training of which something is wrong."""
        found: dict[int, str] = {}
        if self.place.graph == "training":
            start = f"training.{self.param.name}["
            for problem in self.place.session.problems:
                place = problem.place.removeprefix("project.")
                if problem.severity == ERROR and place.startswith(start):
                    index = place[len(start) :].partition("]")[0]
                    if index.isdigit():
                        found.setdefault(int(index), problem.message)
        for index, row in enumerate(self.rows):
            row.head.show_problem(found.get(index, ""))

    # What is done to the rows

    def _add(self, value: Any) -> None:
        self.put([*self._items, value])
        if self.rows:
            self.rows[-1].open = True
            self.rows[-1].show_item(self.rows[-1].item, len(self.rows))
            head = self.rows[-1].head
            QTimer.singleShot(0, head, head.setFocus)  # the list gives it back when it closes

    def change(self, index: int, value: Any, typing: str | None) -> None:
        """Puts another call in the place of one."""
        items = self._items
        if value is not ABSENT and not same(items[index], value):
            items[index] = value
            self.rows[index].item = value
            self.take(items, None if typing is None else f"[{index}]{typing}")
            self.rows[index].show_item(value, len(items))

    def remove(self, index: int) -> None:
        """Takes one out."""
        items = self._items
        del items[index]
        self.put(items if items or self._list_type().empty else ABSENT)
        if self.rows:
            self.go_to(min(index, len(self.rows) - 1))
        else:
            self.picker.setFocus()

    def move(self, index: int, by: int) -> None:
        """Moves one up or down by so many places."""
        items = self._items
        if by and 0 <= index + by < len(items):
            items.insert(index + by, items.pop(index))
            self.put(items)
            self.rows[index + by].head.setFocus()

    def go_to(self, index: int) -> None:
        """Goes to a card with the keyboard, or behind the last to what can be added."""
        if 0 <= index < len(self.rows):
            self.rows[index].head.setFocus()
        elif index >= len(self.rows):
            self.picker.setFocus()

    # A card that is dragged

    def drag(self, index: int, y: float) -> None:
        """A card is held at a height on the screen: a line shows where it would go."""
        self._from = index
        at = self._holder.mapFromGlobal(QPoint(0, int(y))).y()
        middles = [row.geometry().center().y() for row in self.rows]
        self._slot = sum(middle < at for middle in middles)
        if self._slot < len(self.rows):
            top = self.rows[self._slot].y() - GAP // 2
        else:
            top = self.rows[-1].geometry().bottom() + GAP // 2
        self._line.setGeometry(QRect(0, max(0, top - 1), self._holder.width(), 3))
        self._line.raise_()
        self._line.show()
        area = self._scrolling()
        if area is not None:
            area.ensureVisible(0, self._holder.mapTo(area.widget(), QPoint(0, at)).y(), 0, 24)

    def drop(self) -> None:
        """The card that is held goes to where the line is."""
        index, slot = self._from, self._slot
        self.let_go()
        if index is not None:
            self.move(index, slot - index - (slot > index))

    def let_go(self) -> None:
        """The card that is held stays where it was."""
        self._from = None
        self._line.hide()

    def _scrolling(self) -> QScrollArea | None:
        at = self.parentWidget()
        while at is not None and not isinstance(at, QScrollArea):
            at = at.parentWidget()
        return at


class _Line(QWidget):
    """Where a card that is dragged would go."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), theme.color("accent"))


def _still_open(before: Sequence[tuple[Any, bool]], items: Sequence[Any]) -> list[bool]:
    """Which cards are open behind a change: a call keeps that wherever it goes."""
    left, found = list(before), [False] * len(items)
    waiting = []
    for index, item in enumerate(items):
        match = next((each for each in left if same(each[0], item)), None)
        if match is None:
            waiting.append(index)
        else:
            left.remove(match)
            found[index] = match[1]
    for index in waiting:
        op = items[index]["op"] if is_call(items[index]) else None
        alike = (each for each in left if is_call(each[0]) and each[0]["op"] == op)
        match = next(alike, None)
        if match is not None:
            left.remove(match)
            found[index] = match[1]
    return found
