"""Finding one's way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.gui.commands.command import command

if TYPE_CHECKING:
    from studio.gui.window import Window


@command("help.shortcuts", "Keyboard shortcuts", "F1", "keyboard")
def shortcuts(window: Window) -> None:
    """Shows every command with its keys, and changes them."""
    from studio.gui.palettes import shortcut_sheet

    shortcut_sheet(window)
