"""All commands with their keys, in columns: to be read, searched and changed."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
)

from studio.graph.find import Entry, Index
from studio.gui.actions import sequences
from studio.gui.commands import Command, all_commands
from studio.gui.look.icons import icon
from studio.gui.palettes.popup import SHADOW, Popup
from studio.gui.palettes.shortcut_rows import HEIGHT, Row, RowDelegate, Rows

if TYPE_CHECKING:
    from studio.gui.window import Window

SIZE = (1320, 680)
COLUMNS = (250, 322)
"""The least and the most width of a column."""
MODIFIERS = (
    Qt.Key.Key_Shift,
    Qt.Key.Key_Control,
    Qt.Key.Key_Alt,
    Qt.Key.Key_Meta,
    Qt.Key.Key_AltGr,
    Qt.Key.Key_unknown,
)
HELP = "Enter or a click records new keys, Delete brings the first ones back."


class ShortcutSheet(Popup):
    """What each command's keys are; new ones are recorded in the settings as "shortcuts"."""

    def __init__(self, window: Window):
        super().__init__(window, "Keyboard shortcuts", SIZE)
        self.recording: Command | None = None
        self._wish = ""
        """Keys that another command has: pressed once more, they change hands."""
        head = QHBoxLayout()
        head.setContentsMargins(16, 12, 16, 10)
        title = QLabel("Keyboard shortcuts")
        title.setProperty("role", "title")
        self.field = QLineEdit(placeholderText="Find a command or its keys")
        self.field.setAccessibleName("Find a command or its keys")
        self.field.addAction(icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self.field.setFixedWidth(300)
        self.field.textChanged.connect(self.refresh)
        head.addWidget(title, 1)
        head.addWidget(self.field)
        self.box.addLayout(head)
        line = QFrame()
        line.setProperty("role", "line")
        self.box.addWidget(line)
        self.rows = Rows(self)
        self.list = QListView()
        self.list.setAccessibleName("Commands and their keys")
        self.list.setModel(self.rows)
        self.list.setItemDelegate(RowDelegate(self))
        self.list.setFlow(QListView.Flow.TopToBottom)
        self.list.setWrapping(True)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setProperty("role", "clear")
        self.list.setMouseTracking(True)
        self.list.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.clicked.connect(self._record)
        self.box.addWidget(self.list, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 8, 16, 12)
        self.said = QLabel(HELP, wordWrap=True)
        self.said.setProperty("role", "muted")
        foot.addWidget(self.said, 1)
        for text, call in (("No keys", self.clear), ("Reset all", self.reset_all)):
            button = QPushButton(text)
            button.clicked.connect(call)
            foot.addWidget(button)
        self.box.addLayout(foot)
        self.box.setContentsMargins(SHADOW + 1, SHADOW + 1, SHADOW + 1, SHADOW + 1)
        self.refresh()

    def refresh(self) -> None:
        """Shows the commands that fit what was typed, by menu, with the keys they have now."""
        own = self._own()
        shown = [(each, keys_of(each, own)) for each in all_commands()]
        query = self.field.text().strip()
        index = Index(Entry(each.id, each.title, words=_words(keys)) for each, keys in shown)
        found = {match.key: match.positions for match in index.find(query)}
        rows: list[Row] = []
        for menu, commands in groupby(shown, key=lambda pair: pair[0].menu):
            fitting = [(each, keys) for each, keys in commands if each.id in found]
            rows += [Row(menu)] if fitting else []
            rows += [
                Row(each.title, each, _native(keys), each.id in own, found[each.id])
                for each, keys in fitting
            ]
        self.rows.put(rows)
        self._fit()

    def _fit(self) -> None:
        """Makes the columns as narrow as they may be, so that all are to be seen at once."""
        # Not the viewport's size: a bar at its foot would take the room that makes it needless.
        room = self.list.size()
        columns = -(-len(self.rows.rows) // max(room.height() // HEIGHT, 1)) or 1
        least, most = COLUMNS
        self.list.setGridSize(QSize(min(max(room.width() // columns, least), most), HEIGHT))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.layout().activate()
        self._fit()

    def _own(self) -> dict[str, str]:
        return dict(self.window_.settings.get("shortcuts", {}))

    def _keep(self, own: dict[str, str]) -> None:
        self.window_.settings.set("shortcuts", own)
        self.window_.actions_.apply_shortcuts()
        self.refresh()

    def _current(self) -> Command | None:
        index = self.list.currentIndex()
        return self.rows.rows[index.row()].command if index.isValid() else None

    # Recording

    def _record(self, index: QModelIndex) -> None:
        command = self.rows.rows[index.row()].command
        if command is not None:
            self.recording, self._wish = command, ""
            self.list.setFocus()
            self._say(f"Press the new keys of {command.title}; Escape leaves them as they are.")

    def _say(self, text: str = HELP) -> None:
        self.said.setText(text)
        self.list.viewport().update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        inside = watched in (self.list, self.field)
        if inside and self.recording is not None:
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()  # the keys are for the sheet, whatever they do elsewhere
                return True
            if event.type() == QEvent.Type.KeyPress:
                self._pressed(event)
                return True
        if inside and event.type() == QEvent.Type.KeyPress:
            return self._key(watched, event)
        if watched is self.list and event.type() == QEvent.Type.FocusOut and self.recording:
            self.recording = None
            self._say()
        return super().eventFilter(watched, event)

    def _key(self, watched: QObject, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Escape:
            self.cancel()
        elif watched is self.field and event.key() == Qt.Key.Key_Down:
            first = next((i for i, row in enumerate(self.rows.rows) if row.command), None)
            if first is not None:
                self.list.setCurrentIndex(self.rows.index(first))
                self.list.setFocus()
        elif watched is self.list and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self._current() is not None:
                self._record(self.list.currentIndex())
        elif watched is self.list and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.reset(self._current())
        else:
            return False
        return True

    def _pressed(self, event: QKeyEvent) -> None:
        command = self.recording
        if event.key() in MODIFIERS:
            return
        if event.key() == Qt.Key.Key_Escape:
            self.recording = None
            self._say()
            return
        keys = QKeySequence(event.keyCombination()).toString()
        own = self._own()
        other = holder(keys, command, own)
        if other is not None and self._wish != keys:
            self._wish = keys
            self._say(
                f"{_native(keys)} belongs to {other.title}. Press it again to give it to "
                f"{command.title}, or press other keys."
            )
            return
        if other is not None:
            left = [each for each in _parts(keys_of(other, own)) if each != keys]
            own[other.id] = "; ".join(left)
        own[command.id] = keys
        self.recording, self._wish = None, ""
        self._keep({id: k for id, k in own.items() if k != _first(id)})
        self._say(f"{command.title} has the keys {_native(keys)} now.")

    def reset(self, command: Command | None) -> None:
        """Gives a command back the keys it had at first, where no other has them now."""
        own = self._own()
        if command is None or own.pop(command.id, None) is None:
            return
        for keys in _parts(command.shortcut):
            other = holder(keys, command, own)
            if other is not None:
                self._say(f"{_native(keys)} belongs to {other.title} now; reset that one first.")
                return
        self._keep(own)
        self._say(f"{command.title} has its first keys again.")

    def clear(self) -> None:
        """Takes the current command's keys away."""
        command = self._current()
        if command is not None:
            self._keep(self._own() | {command.id: ""})
            self._say(f"{command.title} has no keys now.")

    def reset_all(self) -> None:
        """Gives every command the keys it had at first."""
        self._keep({})
        self._say("Every command has its first keys again.")


def keys_of(command: Command, own: dict[str, str]) -> str:
    """The keys of a command, in Qt's portable form, several separated by "; "."""
    return own.get(command.id, command.shortcut)


def holder(keys: str, command: Command, own: dict[str, str]) -> Command | None:
    """Another command that has these keys."""
    for each in all_commands():
        if each is not command and keys in _parts(keys_of(each, own)):
            return each
    return None


def _parts(keys: str) -> list[str]:
    return [each.toString() for each in sequences(keys)]


def _first(id: str) -> str:
    return next((each.shortcut for each in all_commands() if each.id == id), "")


def _native(keys: str) -> str:
    form = QKeySequence.SequenceFormat.NativeText
    return "  ".join(each.toString(form) for each in sequences(keys))


def _words(keys: str) -> str:
    return keys.lower().replace("+", " ").replace(";", "") + " " + keys.lower()


def shortcut_sheet(window: Window) -> ShortcutSheet:
    """Opens it."""
    sheet = ShortcutSheet(window)
    sheet.show_at(sheet.field)
    return sheet
