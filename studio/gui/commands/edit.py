"""Undo and redo, and what can be done to any selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication

from studio.graph import compose
from studio.graph.problems import StudioError
from studio.gui.canvas import handling
from studio.gui.commands.command import command, on_canvas, with_nodes

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


MIME = "application/x-studio-graph"


def _with_parts(window: Window) -> bool:
    """Whether nodes, edges or frames are selected."""
    return window.canvas is not None and bool(window.canvas.scene().selectedItems())


@command("edit.cut", "Cut", "Ctrl+X", "scissors", with_nodes, "node", group=1)
def cut(window: Window) -> None:
    """Takes the selected nodes out, to be pasted elsewhere."""
    text, edit = compose.cut(
        window.session.project,
        window.graph,
        window.selected(),
        handling.selected_frames(window.canvas),
    )
    if window.session.do(edit):
        _to_clipboard(text)


@command("edit.copy", "Copy", "Ctrl+C", "copy", with_nodes, "node", group=1)
def copy(window: Window) -> None:
    """Copies the selected nodes, with the edges between them and the blocks they need."""
    _to_clipboard(
        compose.copy(
            window.session.project,
            window.graph,
            window.selected(),
            handling.selected_frames(window.canvas),
        )
    )
    count = len(window.selected())
    window.say(f"{count} node{'s' * (count != 1)} copied.")


def _to_clipboard(text: str) -> None:
    data = QMimeData()
    data.setData(MIME, text.encode())
    data.setText(text)
    QGuiApplication.clipboard().setMimeData(data)


@command("edit.paste", "Paste", "Ctrl+V", "clipboard-paste", on_canvas, "canvas", group=1)
def paste(window: Window) -> None:
    """Puts in what was copied, here or in another window."""
    text = QGuiApplication.clipboard().text()
    at = window.canvas.point_for_paste()
    try:
        edit, ids = compose.paste(window.session.project, window.graph, text, at)
    except StudioError:
        window.say("There is nothing of a graph in the clipboard.")
        return
    if window.session.do(edit):
        window.canvas.scene().select(ids)


def _duplicate(window: Window, shared: bool) -> None:
    found = window.compose(compose.duplicate, window.selected(), shared)
    if found is not None:
        window.canvas.scene().select(found)


@command("edit.duplicate", "Duplicate", "Ctrl+D", "copy", with_nodes, "node", group=1)
def duplicate(window: Window) -> None:
    """Puts a second of each selected node beside it, with weights of its own."""
    _duplicate(window, False)


@command(
    "edit.duplicate_shared",
    "Duplicate, sharing weights",
    "Ctrl+Shift+D",
    "link",
    with_nodes,
    "node",
    group=1,
)
def duplicate_shared(window: Window) -> None:
    """Puts a second call of each selected layer beside it, with the same weights."""
    _duplicate(window, True)


@command(
    "edit.delete",
    "Delete",
    "Delete; Backspace",
    "trash-2",
    _with_parts,
    "node edge frame",
    group=1,
    local=True,
)
def delete(window: Window) -> None:
    """Removes what is selected; a chain that loses a node is closed again."""
    handling.delete(window.canvas, heal=True)


@command(
    "edit.delete_open",
    "Delete without closing the chain",
    "Shift+Delete",
    enabled=_with_parts,
    group=1,
    local=True,
)
def delete_open(window: Window) -> None:
    """Removes what is selected, with its edges."""
    handling.delete(window.canvas, heal=False)


@command("edit.select_all", "Select all", "Ctrl+A", enabled=on_canvas, where="canvas", group=2)
def select_all(window: Window) -> None:
    """Selects every node of the graph in front."""
    window.canvas.scene().select(window.canvas.scene().nodes)


@command("edit.deselect", "Select nothing", "Escape", enabled=on_canvas, group=2, local=True)
def deselect(window: Window) -> None:
    """Ends what is under way on the canvas, or selects nothing."""
    if not window.canvas.end_everything():
        window.canvas.scene().select([])


@command("edit.find", "Find in the graphs…", "Ctrl+F", "search", on_canvas, group=2)
def find(window: Window) -> None:
    """Finds nodes by name, op or the value of a parameter, and shows them."""
    from studio.gui.palettes import find_in_graph

    find_in_graph(window)
