"""Projects and their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from studio.gui.commands.command import command, with_project

if TYPE_CHECKING:
    from studio.gui.window import Window


def _has_recent(window: Window) -> bool:
    return bool(window.settings.recent)


def _has_file(window: Window) -> bool:
    return window.session is not None and window.session.path is not None


@command("file.new", "New project", "Ctrl+N", "file-plus")
def new(window: Window) -> None:
    """Begins an empty project."""
    window.projects.new()


@command("file.open", "Open…", "Ctrl+O", "folder-open")
def open_project(window: Window) -> None:
    """Opens a project from a file."""
    window.projects.choose()


@command("file.open_recent", "Open recent…", "Ctrl+Shift+O", "clock", _has_recent)
def open_recent(window: Window) -> None:
    """Shows the projects that were open before, to choose one."""
    from studio.gui.recent import recent_menu

    menu = recent_menu(window)
    menu.popup(window.bar.mapToGlobal(window.bar.rect().bottomLeft()))


@command("file.add_data", "Add data from a file…", "Ctrl+Shift+I", "database")
def add_data(window: Window) -> None:
    """Reads a file of data, and puts in a pipeline with stages and a model input that fit."""
    from studio.gui.proposing import add_from_file

    add_from_file(window)


@command("file.add_folder", "Add data from a folder…")
def add_folder(window: Window) -> None:
    """The same for a folder of images, texts or sounds, with a folder for each class."""
    from studio.gui.proposing import add_from_file

    add_from_file(window, folder=True)


@command("file.save", "Save", "Ctrl+S", "save", with_project, group=1)
def save(window: Window) -> None:
    """Writes the project to its file."""
    window.projects.save()


@command("file.save_as", "Save as…", "Ctrl+Shift+S", "save-all", with_project, group=1)
def save_as(window: Window) -> None:
    """Writes the project to another file."""
    window.projects.save_as()


@command("file.reload", "Reload from the disk", "", "refresh-cw", _has_file, group=1)
def reload(window: Window) -> None:
    """Reads the project's file again, as a step that can be undone."""
    window.projects.reload()


@command("file.export_script", "Export the script…", "Ctrl+E", "file-code", with_project, group=2)
def export_script(window: Window) -> None:
    """Writes the Python script that trains the project, with the data it reads, to a folder."""
    from studio.gui.exporting import export

    export(window)


@command("file.export_notebook", "Export a notebook…", "", "download", with_project, group=2)
def export_notebook(window: Window) -> None:
    """Writes the same script as a Jupyter notebook, a cell for each of its parts."""
    from studio.gui.exporting import export

    export(window, as_notebook=True)


@command("file.export_diagram", "Export the diagram…", "", "image", with_project, group=2)
def export_diagram(window: Window) -> None:
    """Writes the graph in front as a picture, SVG or PNG, as the canvas shows it."""
    from studio.gui.exporting import export_diagram as export

    export(window)


@command("file.leave", "Close project", "Ctrl+Shift+W", enabled=with_project, group=3)
def leave(window: Window) -> None:
    """Closes the project and goes back to the start page."""
    window.projects.leave()


@command("file.close", "Close window", "Ctrl+W", "x", group=3)
def close(window: Window) -> None:
    """Closes the window; runs go on."""
    window.close()


@command("file.quit", "Quit", "Ctrl+Q", "log-out", group=3)
def quit_app(window: Window) -> None:
    """Closes all windows; runs go on."""
    QApplication.closeAllWindows()
