"""A search field and what it finds: the palette that all others are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QLabel, QLineEdit, QListView

from studio.gui.look.icons import icon
from studio.gui.palettes.popup import Popup
from studio.gui.palettes.rows import HEIGHT, Choice, ChoiceDelegate, Choices

if TYPE_CHECKING:
    from studio.gui.window import Window

WIDTH = 520
MOST = 10
"""Rows to be seen at once."""
FIELD = 46
_STEPS = {
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Tab: 1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_Backtab: -1,
    Qt.Key.Key_PageDown: MOST,
    Qt.Key.Key_PageUp: -MOST,
}


class Palette(Popup):
    """`search` gives the choices for what was typed, best first.

    Signals: `chosen(key)` when one was taken, after it has closed; `reached(key)`
    when another is the current one.
    """

    chosen = Signal(object)
    reached = Signal(object)

    def __init__(
        self,
        window: Window,
        name: str,
        placeholder: str,
        search: Callable[[str], list[Choice]],
        width: int = WIDTH,
        nothing: str = "Nothing is called that.",
    ):
        super().__init__(window, name, (width, FIELD))
        self._search = search
        self.field = QLineEdit(placeholderText=placeholder)
        self.field.setObjectName("paletteField")
        self.field.setAccessibleName(name)
        self.field.setFixedHeight(FIELD - 2)
        self.field.addAction(icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self.line = QFrame()
        self.line.setProperty("role", "line")
        self.rows = Choices(self)
        self.list = QListView()
        self.list.setModel(self.rows)
        self.list.setItemDelegate(ChoiceDelegate(self.list))
        self.list.setAccessibleName(f"{name}: what was found")
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.viewport().setAutoFillBackground(False)
        self.list.setProperty("role", "clear")
        self.nothing = QLabel(nothing, alignment=Qt.AlignmentFlag.AlignCenter)
        self.nothing.setProperty("role", "muted")
        self.nothing.setFixedHeight(56)
        self.box.addWidget(self.field)
        self.box.addWidget(self.line)
        self.box.addSpacing(5)
        self.box.addWidget(self.nothing)
        self.box.addWidget(self.list, 1)
        self.box.addSpacing(5)
        self.field.textChanged.connect(self.refresh)
        self.list.clicked.connect(self._clicked)
        self.list.selectionModel().currentChanged.connect(self._moved)
        self.refresh()

    def refresh(self) -> None:
        """Searches again, for what stands in the field."""
        found = self._search(self.field.text().strip())
        self.rows.put(found)
        count = min(len(found), MOST)
        self.list.setVisible(bool(found))
        asked = bool(self.field.text().strip())
        self.nothing.setVisible(not found and asked)
        below = count * HEIGHT if found else 56 if asked else 0
        self.line.setVisible(bool(below))
        self.wanted = (self.wanted[0], FIELD + 2 + (below + 11 if below else 0))
        self.place()
        first = next((i for i, row in enumerate(found) if row.enabled), None)
        if first is not None:
            self.list.setCurrentIndex(self.rows.index(first))
        self.list.scrollToTop()

    @property
    def current(self) -> Choice | None:
        """The choice that Enter would take."""
        index = self.list.currentIndex()
        return self.rows.rows[index.row()] if index.isValid() else None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and event.type() == QEvent.Type.KeyPress:
            return self._key(event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key in _STEPS:
            self._step(_STEPS[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.take()
        elif key == Qt.Key.Key_Escape:
            self.cancel()
        else:
            return False
        return True

    def _step(self, by: int) -> None:
        """Goes to another row; past the ends it goes round, over those that can't be chosen."""
        able = [i for i, row in enumerate(self.rows.rows) if row.enabled]
        if not able:
            return
        here = self.list.currentIndex().row()
        place = able.index(here) if here in able else -1
        if abs(by) == 1:
            place = (place + by) % len(able)
        else:
            place = min(max(place + by, 0), len(able) - 1)
        self.list.setCurrentIndex(self.rows.index(able[place]))

    def _moved(self, now: QModelIndex) -> None:
        if now.isValid():
            self.reached.emit(self.rows.rows[now.row()].key)

    def _clicked(self, index: QModelIndex) -> None:
        if self.rows.rows[index.row()].enabled:
            self.list.setCurrentIndex(index)
            self.take()

    def take(self) -> None:
        """Takes the current choice, and closes."""
        choice = self.current
        if choice is not None and choice.enabled:
            self.dismiss()
            self.chosen.emit(choice.key)

    def sizeHint(self) -> QSize:
        return QSize(*self.wanted)
