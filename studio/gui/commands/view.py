"""What is shown, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.gui.commands.command import command, on_canvas, with_nodes, with_project
from studio.gui.look.theme import theme

if TYPE_CHECKING:
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
    @command(
        f"view.theme_{choice}",
        title,
        icon=image,
        on=lambda window: theme.choice == choice,
        group=3,
    )
    def choose(window: Window) -> None:
        window.settings.set("theme", choice)
        theme.apply(choice)

    choose.__doc__ = f"Uses the {choice} colours."


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
