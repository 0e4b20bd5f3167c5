"""What is shown, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from studio.gui.commands.command import command, on_canvas, with_nodes, with_project
from studio.gui.look.theme import theme

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from studio.gui.window import Window


@command("view.zoom_in", "Zoom in", "Ctrl+=; Ctrl++", "zoom-in", on_canvas)
def zoom_in(window: Window) -> None:
    """Shows the graph larger."""
    window.canvas.zoom_by(1.25)


@command("view.zoom_out", "Zoom out", "Ctrl+-", "zoom-out", on_canvas)
def zoom_out(window: Window) -> None:
    """Shows the graph smaller."""
    window.canvas.zoom_by(0.8)


@command("view.actual_size", "Actual size", "Ctrl+0", enabled=on_canvas)
def actual_size(window: Window) -> None:
    """Shows the graph at 1:1."""
    window.canvas.zoom_by(1 / window.canvas.zoom)


@command("view.fit", "Show all", "Home", "maximize", on_canvas, "canvas")
def fit(window: Window) -> None:
    """Brings the whole graph into sight."""
    window.canvas.frame()


@command("view.frame", "Show selection", "F", "crosshair", with_nodes, "node")
def frame(window: Window) -> None:
    """Brings the selected nodes into sight."""
    window.canvas.frame(window.selected())


@command("view.problems", "Problems", "Ctrl+Shift+M", "circle-alert", with_project, group=1)
def problems(window: Window) -> None:
    """Shows what is wrong with the project."""
    window.panel("problems")


def _theme(choice: str, title: str, image: str) -> None:
    def choose(window: Window) -> None:
        window.settings.set("theme", choice)
        theme.apply(choice)

    choose.__doc__ = f"Uses the {choice} colours."
    register = command(
        f"view.theme_{choice}",
        title,
        icon=image,
        on=lambda window: theme.choice == choice,
        group=3,
    )
    register(choose)


_theme("system", "Theme of the system", "monitor")
_theme("light", "Light theme", "sun")
_theme("dark", "Dark theme", "moon")


@command("view.reset", "Reset layout", icon="layout-grid", group=4)
def reset(window: Window) -> None:
    """Puts every panel back where it stands at the first start."""
    window.reset_layout()


@command("view.commands", "Find a command…", "Ctrl+K", "command", group=1)
def commands(window: Window) -> None:
    """Finds any command by its name, and does it."""
    from studio.gui.palettes import command_palette

    command_palette(window)


@command("view.library", "Library", "Ctrl+L", "library", with_project, group=1)
def library(window: Window) -> None:
    """Goes to the library, to search it."""
    window.panel("library").search()


@command("view.outline", "Outline", "Ctrl+Shift+E", "list-tree", with_project, group=1)
def outline(window: Window) -> None:
    """Goes to the outline: the whole graph as a tree."""
    window.panel("outline").enter()


@command("view.next_panel", "Next panel", "F6", enabled=with_project, group=1)
def next_panel(window: Window) -> None:
    """Goes on to the next panel with the keyboard, from the last one to the canvas."""
    _go(window, 1)


@command("view.previous_panel", "Previous panel", "Shift+F6", enabled=with_project, group=1)
def previous_panel(window: Window) -> None:
    """Goes back to the panel before."""
    _go(window, -1)


def _go(window: Window, by: int) -> None:
    """Moves the focus among the canvas and the panels that are to be seen."""
    from PySide6.QtWidgets import QApplication

    panels = [
        dock.widget()
        for dock in window.docks.values()
        if dock.isVisible() and not dock.visibleRegion().isEmpty()
    ]
    places = [window.canvas, *panels]
    now = QApplication.focusWidget()
    here = next((i for i, p in enumerate(places) if now and (p is now or p.isAncestorOf(now))), 0)
    for step in range(1, len(places) + 1):
        place = places[(here + by * step) % len(places)]
        target = place if place is window.canvas else _first_of(place)
        if target is not None:
            target.setFocus(Qt.FocusReason.TabFocusReason)
            return


def _first_of(panel: QWidget) -> QWidget | None:
    """The first widget of a panel that the keyboard can use."""
    from PySide6.QtWidgets import QWidget

    for widget in panel.findChildren(QWidget):
        able = widget.isVisible() and widget.isEnabled()
        if able and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            return widget
    return None
