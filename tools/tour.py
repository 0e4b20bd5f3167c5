"""Draws the pictures of docs/tour.md: real windows, with real runs of the templates behind them.

    python tools/tour.py [--only NAME ...]

Takes some minutes. Nothing of the person who runs it is read or written: settings, caches and
projects are in a folder of their own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

PLACE = Path(__file__).resolve().parent.parent / "docs" / "images"
SIZE = (1440, 900)
PATIENCE = 240.0
"""Seconds that anything may take."""

VARIANTS = (
    ("training.optimizer.params.learning_rate=0.0003", "slow", "A tenth of the rate"),
    ("training.optimizer.params.learning_rate=0.03", "wild", "Ten times the rate"),
)

FOUR = (((0.62, 0.9), (0.62, 0.12), (0.22, 0.62), (0.8, 0.62)),)


class Tour:
    """A window, and what is needed to show it with something in it."""

    def __init__(self, folder: Path):
        from PySide6.QtTest import QTest

        from studio.gui.app import application
        from studio.gui.settings import Settings
        from studio.gui.window import Window

        self.folder = folder
        self.app = application(Settings(kept=False))
        self.window = Window(Settings(kept=False))
        self.window.resize(*SIZE)
        self.window.show()
        self.test = QTest

    def settle(self, seconds: float = 0.3) -> None:
        """Lets the window catch up."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.app.processEvents()
            time.sleep(0.005)

    def wait(self, done: Callable[[], object], what: str) -> None:
        """Waits until something is so; ends the program where it never is."""
        until = time.monotonic() + PATIENCE
        while not done():
            if time.monotonic() > until:
                sys.exit(f"{what} did not come within {PATIENCE:g} s.")
            self.app.processEvents()
            time.sleep(0.01)
        self.settle()

    def theme(self, name: str) -> None:
        """Takes the colours of a theme."""
        from studio.gui.look.theme import theme

        theme.apply(name)
        self.settle()

    def save(self, name: str, widget=None) -> None:
        """Keeps a picture of the window, or of a widget."""
        self.settle()
        (widget or self.window).grab().save(str(PLACE / f"{name}.png"))
        print(name, flush=True)

    def template(self, name: str) -> Path:
        """A project of a template, made once."""
        from studio.graph import templates

        place = self.folder / name
        return place if place.exists() else templates.copy(name, place).parent

    def open(self, name: str, graph: str = "model") -> Path:
        """Opens a template's project and shows a graph of it, whole."""
        place = self.template(name)
        if self.window.session is not None:
            self.window.session.mark_saved()
        assert self.window.projects.open(place)
        self.window.tabs.show(graph)
        self.settle()
        self.window.canvas.frame(animated=False)
        return place

    def studio(self, *arguments: object) -> None:
        """A command, to its end."""
        command = [sys.executable, "-P", "-m", "studio", *map(str, arguments)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def tall(self, dock: str, height: int) -> None:
        """Gives the lower docks some height."""
        from PySide6.QtCore import Qt

        dock = self.window.docks[dock]
        self.window.resizeDocks([dock], [height], Qt.Orientation.Vertical)
        self.settle()


def start(tour: Tour) -> None:
    """The start page."""
    tour.theme("dark")
    page = tour.window.start
    tour.wait(lambda: not page.busy and page.cards.rowCount(), "The start page")
    tour.save("tour-start")


def training(tour: Tour) -> None:
    """A run that goes on, its nodes aglow."""
    tour.theme("light")
    tour.open("digits_cnn")
    window = tour.window
    window.glow.switch(True)
    window.run_command("run.start")
    window.panel("training")
    tour.tall("training", 340)
    progress = window.runner.run.progress
    tour.wait(lambda: window.glow.values() or progress.ended, "The first look inside")
    tour.wait(lambda: progress.epoch > 12 or progress.ended, "The twelfth epoch")
    window.canvas.frame(animated=False)
    tour.settle()
    window.panel("training").draw()
    tour.save("tour-training")
    tour.wait(lambda: progress.ended and not window.runner.all_going, "The end of the run")
    window.glow.switch(False)


def inside(tour: Tour) -> None:
    """Run to here."""
    tour.theme("dark")
    tour.open("digits_cnn")
    window = tour.window
    window.select("model", ["conv1"])
    window.run_command("graph.run_to_here")
    page = window.panel("inside").activations
    tour.tall("inside", 400)
    tour.wait(lambda: not page.asker.busy and page.columns[1].cards, "The activations")
    tour.save("tour-inside")


def results(tour: Tour) -> None:
    """An evaluation, with the samples of a cell; then a drawn digit."""
    tour.theme("light")
    tour.open("digits_cnn")
    window = tour.window
    window.run_command("run.evaluate")
    panel = window.panel("model")
    page = panel.pages["evaluate"]
    tour.wait(lambda: not page.work.working, "The evaluation")
    tour.tall("model", 470)
    page.found.show_view("confusion")
    confused = page.found.confusion.matrix
    counts = confused.counts
    cells = [(c, i, j) for i, r in enumerate(counts) for j, c in enumerate(r) if i != j]
    confused.choose(*max(cells)[1:])
    tour.save("tour-results")
    tour.theme("dark")
    panel.show_page("predict")
    page = panel.pages["predict"]
    tour.wait(lambda: page.draw.sketch is not None, "The model that is drawn for")
    draw(tour, page.draw.pad)
    tour.wait(lambda: page.draw.ready and page.draw.bars.said, "What the drawing is")
    tour.settle(0.5)
    tour.save("tour-draw")


def draw(tour: Tour, pad) -> None:
    """Draws a four with the mouse."""
    from PySide6.QtCore import QPoint, Qt

    box = pad.place
    for line in FOUR:
        points = [
            QPoint(round(box.left() + x * box.width()), round(box.top() + y * box.height()))
            for x, y in line
        ]
        left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        tour.test.mousePress(pad, left, none, points[0])
        for one, other in pairwise(points):
            for step in range(1, 9):
                tour.test.mouseMove(pad, one + (other - one) * step / 8)
        tour.test.mouseRelease(pad, left, none, points[-1])


def runs(tour: Tour) -> None:
    """The table of runs with an overlay; then two runs compared."""
    place = tour.template("digits_cnn")
    for setting, tag, note in VARIANTS:
        tour.studio("run", place, "--epochs", 12, "--set", setting)
        tour.studio("tag", "last", tag, "--runs", place / "runs")
        tour.studio("note", "last", note, "--runs", place / "runs")
    wider(place)
    tour.studio("run", place / "wider.json", "--epochs", 12, "--runs", place / "runs")
    tour.studio("tag", "last", "wider", "--runs", place / "runs")
    tour.theme("dark")
    tour.open("digits_cnn")
    panel = tour.window.panel("runs")
    tour.tall("runs", 400)
    tour.wait(lambda: len(panel.model.rows) >= 3, "The list of runs")
    panel.table.selectAll()
    panel.show_overlay(True)
    tour.settle(2.0)
    tour.save("tour-runs")
    tour.theme("light")
    folders = sorted(each.folder for each in panel.model.rows)
    panel.table.select([folders[0], folders[-1]])
    panel.compare()
    tour.wait(lambda: panel.comparison is not None and panel.comparison.isVisible(), "Two runs")
    panel.comparison.bar.setCurrentIndex(2)
    tour.settle(1.0)
    tour.save("tour-compare", panel.comparison)
    panel.comparison.close()


def wider(place: Path) -> None:
    """The digits with more filters, and without a layer."""
    from studio.graph.compose import delete_and_heal
    from studio.graph.edits import SetParam
    from studio.graph.file import load, save

    project = SetParam("model", "conv4", "filters", 96).apply(load(place / "project.json"))
    save(delete_and_heal(project, "model", ["dropout"]).apply(project), place / "wider.json")


def data(tour: Tour) -> None:
    """A stage of the data; then the columns of a table."""
    tour.theme("light")
    tour.open("digits_cnn", "data")
    window = tour.window
    panel = window.panel("preview")
    tour.tall("preview", 380)
    stages = list(window.canvas.scene().nodes)
    window.select("data", [stages[len(stages) // 2]])
    tour.wait(lambda: panel.result is not None, "The elements of the stage")
    window.canvas.frame(animated=False)
    tour.save("tour-data")
    tour.theme("dark")
    tour.open("penguins_features", "data")
    from studio.gui.columns.dialog import ColumnsDialog

    session = window.session
    source = next(n for n, e in session.project.data.nodes.items() if e.op == "studio.data.csv")
    dialog = ColumnsDialog(window, session, source)
    dialog.show()
    tour.settle(2.0)
    tour.save("tour-columns", dialog)
    dialog.close()


def settings(tour: Tour) -> None:
    """The settings of the training with a schedule; then devices and a cluster."""
    from studio.graph.document import Call
    from studio.graph.edits import SetTraining

    tour.theme("dark")
    tour.open("digits_cnn")
    rate = {
        "op": "keras.optimizers.schedules.CosineDecay",
        "params": {"initial_learning_rate": 0.003, "decay_steps": 500},
    }
    tour.window.session.do(
        SetTraining("optimizer", Call("keras.optimizers.Adam", {"learning_rate": rate}))
    )
    tour.window.panel("training-settings")
    tour.save("tour-settings")
    tour.theme("light")
    tour.open("multi_worker")
    page = tour.window.panel("distribution").page
    tour.wait(lambda: page.isVisible(), "The panel of devices")
    tour.settle(12.0)
    tour.save("tour-devices")


def exports(tour: Tour) -> None:
    """The proof of some formats."""
    tour.theme("light")
    tour.open("digits_cnn")
    panel = tour.window.panel("model")
    page = panel.show_page("export")
    tour.wait(lambda: page.list.rows.rows, "The list of formats")
    for key in ("keras", "weights", "savedmodel", "tflite", "tflite-int8", "onnx"):
        page.list.rows.tick(key)
    page.start()
    tour.wait(lambda: not page.work.working, "The export")
    tour.tall("model", 330)
    tour.save("tour-export")


PICTURES = {
    each.__name__: each
    for each in (start, training, results, inside, runs, data, settings, exports)
}


def main() -> None:
    """Draws all pictures, or those that are named; the later ones need the runs of the first."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=PICTURES, default=list(PICTURES))
    parser.add_argument("--keep", type=Path, help="a folder for the projects, which stays")
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as place:
        folder = options.keep or Path(place)
        folder.mkdir(exist_ok=True)
        for name in ("CONFIG", "STATE", "CACHE", "DATA"):
            os.environ[f"XDG_{name}_HOME"] = str(Path(place, name.lower()))
        tour = Tour(folder)
        for name in options.only:
            PICTURES[name](tour)
        if tour.window.session is not None:
            tour.window.session.mark_saved()
        tour.window.close()


if __name__ == "__main__":
    main()
