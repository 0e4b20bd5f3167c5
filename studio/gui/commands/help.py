"""Finding one's way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.gui.commands.command import command

if TYPE_CHECKING:
    from studio.gui.window import Window


@command("help.first_minute", "Handwritten digits: the first minute", icon="lightbulb")
def first_minute(window: Window) -> None:
    """Leads from a network for digits to a trained model, its mistakes and an exported file."""
    window.guide.begin()


@command("help.shortcuts", "Keyboard shortcuts", "F1", "keyboard")
def shortcuts(window: Window) -> None:
    """Shows every command with its keys, and changes them."""
    from studio.gui.palettes import shortcut_sheet

    shortcut_sheet(window)
