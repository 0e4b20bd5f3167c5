"""Training the project."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from studio.graph.cluster import CLUSTERED, TF_CONFIG
from studio.gui.commands.command import command, with_project

if TYPE_CHECKING:
    from studio.gui.window import Window


def _running(window: Window) -> bool:
    return window.runner.running


def _beside(window: Window) -> bool:
    return with_project(window) and bool(window.runner.all_going)


def _some(window: Window) -> bool:
    return bool(window.runner.all_going or window.runner.queued)


def _can_cluster(window: Window) -> bool:
    strategy = window.session.project.distribution if with_project(window) else None
    return strategy is not None and strategy.op in CLUSTERED and not window.runner.running


def _can_pause(window: Window) -> bool:
    return window.runner.running and not window.runner.run.progress.paused


def _can_resume(window: Window) -> bool:
    return window.runner.resumable


def _has_shown(window: Window) -> bool:
    return window.runner.shown is not None


@command("run.start", "Run", "Ctrl+R", "play", with_project)
def start(window: Window) -> None:
    """Trains the project, as `studio run` does; while a run goes on: beside it, or behind it."""
    if window.runner.all_going:
        window.bar.offer_run()
    elif _can_cluster(window) and TF_CONFIG not in os.environ:
        window.panel("distribution").page.offer_run()
    elif window.runner.start():
        window.panel("training")


@command("run.beside", "Run beside", "Ctrl+Alt+Return", "play", _beside)
def beside(window: Window) -> None:
    """Trains the project at once, beside the runs that go on."""
    if window.runner.start():
        window.panel("training")


@command("run.queue", "Queue", "Ctrl+Alt+Q", "clock", with_project)
def queue(window: Window) -> None:
    """Trains the project as it is now when no other run of it goes on any more."""
    window.runner.start(queue=True)


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


@command("run.stop_best", "Stop and keep the best", "Ctrl+Alt+.", "star", _running)
def stop_best(window: Window) -> None:
    """Ends the training behind its step, with the model of its best epoch."""
    window.runner.stop(keep_best=True)


@command("run.going", "Runs that go on or wait", "Ctrl+Alt+G", "layers", _some)
def going(window: Window) -> None:
    """Lists all runs that go on or wait in the queue, to show, pause, stop or order them."""
    window.bar.show_going()


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


def _overlays(window: Window) -> bool:
    panel = window.docks["runs"].panel
    return panel is not None and panel.overlays


@command("run.overlay", "Overlay of runs", "", "chart-line", with_project, on=_overlays, group=1)
def overlay(window: Window) -> None:
    """Draws the curves of the runs that are selected in their table over each other."""
    on = _overlays(window)
    window.panel("runs").show_overlay(not on)


def _two_runs(window: Window) -> bool:
    panel = window.docks["runs"].panel
    return with_project(window) and panel is not None and len(panel.selected()) == 2


@command("run.compare", "Compare two runs", "", "git-compare", _two_runs, group=1)
def compare(window: Window) -> None:
    """Shows what differs between the two runs that are selected in their table."""
    window.panel("runs").compare()


@command("run.filter", "Filter the runs", "", "search", with_project, group=1)
def filter_runs(window: Window) -> None:
    """Goes to the filter of the table of runs: val_accuracy > 0.97 and tag:baseline."""
    window.panel("runs").filter.setFocus()


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


@command("run.inside_measure", "Glow with the next figure", "Ctrl+Alt+J", "", _inside, group=1)
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


@command("run.distribution", "Devices and strategy", icon="cpu", enabled=with_project, group=3)
def distribution(window: Window) -> None:
    """Shows devices, strategy, batches, and the tasks of a cluster."""
    window.panel("distribution")


@command(
    "run.local_cluster", "Run on a local cluster", icon="network", enabled=_can_cluster, group=3
)
def local_cluster(window: Window) -> None:
    """Trains with a process for each task of the cluster, all on this machine, as one run."""
    window.panel("distribution").page.run()


@command(
    "run.show_folder", "Show the run's folder", icon="folder-open", enabled=_has_shown, group=3
)
def show_folder(window: Window) -> None:
    """Opens the folder of the run that is shown, in the system's file manager."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(window.runner.shown)))
