"""Projects and their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.gui.commands.command import command, with_project

if TYPE_CHECKING:
    from studio.gui.window import Window


@command("file.new", "New project", "Ctrl+N", "file-plus")
def new(window: Window) -> None:
    """Begins an empty project."""
    window.projects.new()


@command("file.open", "Open…", "Ctrl+O", "folder-open")
def open_project(window: Window) -> None:
    """Opens a project from a file."""
    window.projects.choose()


@command("file.save", "Save", "Ctrl+S", "save", with_project, group=1)
def save(window: Window) -> None:
    """Writes the project to its file."""
    window.projects.save()


@command("file.save_as", "Save as…", "Ctrl+Shift+S", "save-all", with_project, group=1)
def save_as(window: Window) -> None:
    """Writes the project to another file."""
    window.projects.save_as()


@command("file.close", "Close window", "Ctrl+W", "x", group=3)
def close(window: Window) -> None:
    """Closes the window; runs go on."""
    window.close()
