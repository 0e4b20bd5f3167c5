"""The commands as data: whole, without conflicts, and as docs/commands.md tells them."""

from __future__ import annotations

from collections import Counter

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from studio.graph.compose import remove
from studio.gui.actions import sequences
from studio.gui.commands import all_commands
from studio.gui.commands.__main__ import page
from studio.gui.commands.command import MENUS
from studio.resources import ASSETS
from tests.conftest import ROOT

COMMANDS = {command.id: command for command in all_commands()}


def test_no_keys_belong_to_two_commands() -> None:
    keys = Counter(
        sequence.toString()
        for command in COMMANDS.values()
        for sequence in sequences(command.shortcut)
    )
    assert [key for key, count in keys.items() if count > 1] == []


@pytest.mark.parametrize("id", COMMANDS)
def test_a_command_has_title_help_menu_icon_and_keys_that_are_keys(id) -> None:
    command = COMMANDS[id]
    assert command.title and command.help.endswith(".") and command.menu in MENUS
    assert not command.icon or (ASSETS / "icons" / f"{command.icon}.svg").exists()
    for sequence in sequences(command.shortcut):
        assert sequence.count() == 1 and "Unknown" not in sequence.toString()
    written = command.shortcut.split("; ") if command.shortcut else []
    assert len(written) == len(sequences(command.shortcut))


def test_the_page_of_the_docs_is_current() -> None:
    found = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert found == page(), "run: make commands"


def test_menus_hold_every_command_once(window) -> None:
    shown = [
        action.text()
        for menu in window.actions_.menus()
        for action in menu.actions()
        if not action.isSeparator()
    ]
    assert sorted(shown) == sorted(command.title for command in COMMANDS.values())


def test_keys_work_after_a_menu_in_which_the_command_was_grey(cnn) -> None:
    undo, menu = cnn.actions_.by_id["edit.undo"], cnn.actions_.menu("Edit")
    menu.aboutToShow.emit()
    assert not undo.isEnabled() and cnn.actions_.by_id["edit.find"].isEnabled()
    menu.aboutToHide.emit()
    before = cnn.session.project
    cnn.session.do(remove(before, "model", ["digit"]))
    QTest.keyClick(cnn.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert cnn.session.project is before
    QTest.keyClick(cnn.canvas, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert "digit" not in cnn.session.project.model.nodes


def test_what_is_on_is_ticked(window) -> None:
    window.run_command("view.theme_dark")
    on = [id for id, action in window.actions_.by_id.items() if action.isChecked()]
    window.run_command("view.theme_system")
    assert on == ["view.theme_dark"]
