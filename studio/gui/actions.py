"""The commands as Qt's actions: one for each, in menus, with shortcuts that can be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from studio.gui.commands import Command, all_commands
from studio.gui.commands.command import MENUS
from studio.gui.look.icons import icon

if TYPE_CHECKING:
    from studio.gui.window import Window


def sequences(keys: str) -> list[QKeySequence]:
    """Keys in Qt's portable form, several separated by "; ", as Qt takes them."""
    return QKeySequence.listFromString(keys) if keys else []


class Actions:
    """The actions of a window, by the ids of their commands."""

    def __init__(self, window: Window):
        self._window = window
        self.by_id: dict[str, QAction] = {}
        for command in all_commands():
            action = QAction(command.title, window)
            if command.icon:
                action.setIcon(icon(command.icon))
            action.setCheckable(command.on is not None)
            action.setToolTip(command.help)
            action.setStatusTip(command.help)
            action.triggered.connect(lambda _=False, c=command: self._run(c))
            self.by_id[command.id] = action
            if command.local:
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            else:
                window.addAction(action)
        self.apply_shortcuts()

    def apply_shortcuts(self) -> None:
        """Gives every action its keys: the user's own where there are some."""
        own = self._window.settings.get("shortcuts", {})
        for command in all_commands():
            keys = own.get(command.id, command.shortcut)
            self.by_id[command.id].setShortcuts(sequences(keys))

    def of_canvas(self) -> list[QAction]:
        """The actions whose keys hold on the canvas alone; each view adds them to itself."""
        return [self.by_id[command.id] for command in all_commands() if command.local]

    def shortcut(self, id: str) -> str:
        """A command's first keys, as this system writes them."""
        keys = self.by_id[id].shortcuts()
        return keys[0].toString(QKeySequence.SequenceFormat.NativeText) if keys else ""

    def _run(self, command: Command) -> None:
        if command.enabled(self._window):
            command.run(self._window)
        self._tick()

    def trigger(self, id: str) -> None:
        """Does a command, if it can be done now."""
        command = next(each for each in all_commands() if each.id == id)
        self._run(command)

    def refresh(self) -> None:
        """Greys out what can't be done now, and ticks what is on: for a menu that opens."""
        for command in all_commands():
            self.by_id[command.id].setEnabled(command.enabled(self._window))
        self._tick()

    def _tick(self) -> None:
        for command in all_commands():
            if command.on is not None:
                self.by_id[command.id].setChecked(command.on(self._window))

    def allow_all(self) -> None:
        """For a menu that closes: keys of an action that is grey would do nothing, though it may
        be possible by then.
        """
        for action in self.by_id.values():
            action.setEnabled(True)

    def menu(self, title: str) -> QMenu:
        """A menu of the window: File, Edit, ..."""
        menu = QMenu(title, self._window)
        self._fill(menu, [each for each in all_commands() if each.menu == title])
        menu.aboutToShow.connect(self.refresh)
        menu.aboutToHide.connect(self.allow_all)
        return menu

    def menus(self) -> list[QMenu]:
        """All menus, in their order."""
        return [self.menu(title) for title in MENUS]

    def context_menu(self, where: str) -> QMenu:
        """What can be done with a thing: canvas, node, edge, frame or tab."""
        self.refresh()
        menu = QMenu(self._window)
        self._fill(menu, [each for each in all_commands() if where in each.where])
        menu.aboutToHide.connect(self.allow_all)
        return menu

    def _fill(self, menu: QMenu, commands: list[Command]) -> None:
        last = None
        for command in commands:
            place = (command.menu, command.group)
            if last is not None and place != last:
                menu.addSeparator()
            menu.addAction(self.by_id[command.id])
            last = place
