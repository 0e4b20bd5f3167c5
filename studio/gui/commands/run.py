"""Training the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.gui.commands.command import command, with_project

if TYPE_CHECKING:
    from studio.gui.window import Window


def _running(window: Window) -> bool:
    return window.runner.running


def _can_start(window: Window) -> bool:
    return with_project(window) and not window.runner.running


@command("run.start", "Run", "Ctrl+R", "play", _can_start)
def start(window: Window) -> None:
    """Trains the project, as `studio run` does."""
    if window.runner.start():
        window.panel("training")


@command("run.stop", "Stop", "Ctrl+.", "square", _running)
def stop(window: Window) -> None:
    """Ends the training behind its step, with a checkpoint."""
    window.runner.stop()
