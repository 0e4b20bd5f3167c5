"""Undo and redo, and what can be done to any selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.gui.commands.command import command, on_canvas

if TYPE_CHECKING:
    from studio.gui.window import Window


def _can_undo(window: Window) -> bool:
    return window.session is not None and bool(window.session.history.labels()[0])


def _can_redo(window: Window) -> bool:
    return window.session is not None and bool(window.session.history.labels()[1])


@command("edit.undo", "Undo", "Ctrl+Z", "undo-2", _can_undo)
def undo(window: Window) -> None:
    """Takes the last change back."""
    edit = window.session.undo()
    window.say(f"Undone: {edit.label}.")


@command("edit.redo", "Redo", "Ctrl+Shift+Z; Ctrl+Y", "redo-2", _can_redo)
def redo(window: Window) -> None:
    """Makes the change again that was last taken back."""
    edit = window.session.redo()
    window.say(f"Done again: {edit.label}.")


@command("edit.select_all", "Select all", "Ctrl+A", enabled=on_canvas, where="canvas", group=2)
def select_all(window: Window) -> None:
    """Selects every node of the graph in front."""
    window.canvas.scene().select(window.canvas.scene().nodes)


@command("edit.find", "Find in the graphs…", "Ctrl+F", "search", on_canvas, group=2)
def find(window: Window) -> None:
    """Finds nodes by name, op or the value of a parameter, and shows them."""
    from studio.gui.palettes import find_in_graph

    find_in_graph(window)
