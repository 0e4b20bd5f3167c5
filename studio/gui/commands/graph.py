"""What is done to nodes and edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.gui.commands.command import command, on_canvas

if TYPE_CHECKING:
    from studio.gui.window import Window


@command("graph.add", "Add…", "Tab", "plus", on_canvas, "canvas", local=True)
def add(window: Window) -> None:
    """Adds a layer or stage by its name, behind the selected nodes."""
    from studio.gui.palettes import quick_add

    quick_add(window)
