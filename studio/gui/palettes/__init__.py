"""What comes up over the window to be typed into: commands, ops, nodes, shortcuts."""

from __future__ import annotations

from studio.gui.palettes.adding import quick_add, replace_with
from studio.gui.palettes.commands import command_palette
from studio.gui.palettes.connecting import connect_from
from studio.gui.palettes.finding import find_in_graph
from studio.gui.palettes.shortcuts import shortcut_sheet

__all__ = [
    "command_palette",
    "connect_from",
    "find_in_graph",
    "quick_add",
    "replace_with",
    "shortcut_sheet",
]
