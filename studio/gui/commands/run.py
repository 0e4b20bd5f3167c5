"""Training the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from studio.gui.commands.command import command, with_project

if TYPE_CHECKING:
    from studio.gui.window import Window


def _running(window: Window) -> bool:
    return window.runner.running


def _can_start(window: Window) -> bool:
    return with_project(window) and not window.runner.running


def _can_pause(window: Window) -> bool:
    return window.runner.running and not window.runner.run.progress.paused


def _can_resume(window: Window) -> bool:
    return window.runner.resumable


def _has_shown(window: Window) -> bool:
    return window.runner.shown is not None


@command("run.start", "Run", "Ctrl+R", "play", _can_start)
def start(window: Window) -> None:
    """Trains the project, as `studio run` does."""
    if window.runner.start():
        window.panel("training")


@command("run.pause", "Pause", "Ctrl+Alt+P", "pause", _can_pause)
def pause(window: Window) -> None:
    """Lets the training wait behind its step, with a checkpoint; its process stays."""
    window.runner.pause()


@command("run.resume", "Resume", "Ctrl+Alt+R", "play", _can_resume)
def resume(window: Window) -> None:
    """Lets the training go on: the same as if it had never waited, stopped or died."""
    window.runner.resume()


@command("run.stop", "Stop", "Ctrl+.", "square", _running)
def stop(window: Window) -> None:
    """Ends the training behind its step, with a checkpoint."""
    window.runner.stop()


@command("run.training", "Training", "Ctrl+Shift+T", "chart-line", with_project, group=1)
def training(window: Window) -> None:
    """Shows the curves of the run."""
    window.panel("training")


@command("run.log", "Log", "Ctrl+Shift+L", "terminal", with_project, group=1)
def log(window: Window) -> None:
    """Shows what the run has printed."""
    window.panel("log")


@command("run.runs", "Runs", "Ctrl+Shift+R", "table", with_project, group=1)
def runs(window: Window) -> None:
    """Shows all runs of the project."""
    window.panel("runs")


def _inside(window: Window) -> bool:
    return window.glow.on


@command(
    "run.inside",
    "Show what goes on inside",
    "Ctrl+Alt+I",
    "scan",
    with_project,
    "canvas",
    on=_inside,
    group=1,
)
def inside(window: Window) -> None:
    """Lets nodes glow with gradients or activations while they train, at most 2 % of the time."""
    window.glow.switch(not window.glow.on)


@command("run.inside_measure", "Glow with the next figure", "Ctrl+Alt+G", "", _inside, group=1)
def inside_measure(window: Window) -> None:
    """Lets nodes glow with the next figure: gradients, the change of weights, activations."""
    window.glow.next_measure()


@command("run.histograms", "Histograms by layer", "Ctrl+Alt+H", "", with_project, group=1)
def histograms(window: Window) -> None:
    """Shows how the weights and activations of the selected node have spread, step by step."""
    window.panel("inside").show_page("over_time")


@command("run.export", "Export the model…", "Ctrl+Shift+X", "package", with_project, group=2)
def export(window: Window) -> None:
    """Shows the formats that the model of the run can be written in, each proven equal."""
    page = window.panel("model").show_page("export")
    if page is not None:
        page.enter()


@command("run.evaluate", "Evaluate the model", "", "list", with_project, group=2)
def evaluate(window: Window) -> None:
    """Shows what the model of the run gets right and wrong on its test split."""
    page = window.panel("model").show_page("evaluate")
    if page is not None:
        page.start()


@command("run.predict", "Predict a file…", "", "wand-sparkles", with_project, group=2)
def predict(window: Window) -> None:
    """Shows what the model of the run says of the rows of a file."""
    page = window.panel("model").show_page("predict")
    if page is not None:
        page.choose()


@command(
    "run.settings", "Training settings", icon="sliders-horizontal", enabled=with_project, group=3
)
def settings(window: Window) -> None:
    """Shows optimizer, losses, metrics, callbacks and the other settings of the training."""
    window.panel("training-settings")


@command(
    "run.show_folder", "Show the run's folder", icon="folder-open", enabled=_has_shown, group=3
)
def show_folder(window: Window) -> None:
    """Opens the folder of the run that is shown, in the system's file manager."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(window.runner.shown)))
