"""Inside the model, in the window: run to here, the canvas while it trains, histograms."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolTip

from studio.engine.events import EventWriter
from studio.engine.inside.place import HISTOGRAMS
from studio.engine.run import Run
from studio.graph.edits import SetTraining
from studio.graph.file import save
from studio.gui.canvas.node_item import NodeItem
from studio.gui.inside.scale import MEASURES, Range, heat
from studio.gui.window import Window
from tests.gui.conftest import at, middle, settle

LONG = 240_000
"""Milliseconds that a process with TensorFlow may take on a busy machine."""

LEFT, CONTROL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier
SLEEPS = "import sys, time; time.sleep(120)"


def click(widget) -> None:
    QTest.mouseClick(widget, LEFT)


def keys(window: Window, key: Qt.Key) -> None:
    """Ctrl+Alt and a key, on the canvas."""
    QTest.keyClick(window.canvas, key, CONTROL | ALT)
    settle(window)


def choose(window: Window, node: str) -> None:
    """Clicks on a node."""
    QTest.mouseClick(
        window.canvas.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, middle(window, node)
    )
    settle(window)


def figures(**more: Any) -> dict[str, Any]:
    return {"min": 0.0, "max": 1.0, "mean": 0.1, "std": 0.3, "zeros": 0.5, "bad": 0.0} | more


def told(step: int, **nodes: float) -> dict[str, Any]:
    """An event as a training writes it, with these norms of gradients."""
    activations = {name: figures() for name in (*nodes, "relu", "pool")}
    return {
        "step": step,
        "epoch": 1,
        "gradients": {"norm": 2.5, "nodes": nodes},
        "activations": activations,
        "weights": {name: {"norm": 2.0, "update": 0.001} for name in nodes},
        "seconds": 0.04,
        "share": 0.0081,
        "first": 0.3,
    }


class Going:
    """A run that goes on: a real process that only sleeps, and a folder that the test writes."""

    def __init__(self, window: Window, qtbot):
        self.window, self.qtbot = window, qtbot
        self.folder = window.runner.folder() / "20260101-120000-digits_cnn"
        self.folder.mkdir(parents=True)
        save(window.session.project, self.folder / "project.json")
        self.events = EventWriter(self.folder)
        self.events.write("state", state="running")
        self.events.write("plan", epochs=5, steps=20)
        self.process = subprocess.Popen([sys.executable, "-S", "-c", SLEEPS])
        window.runner.follow(Run(self.folder, self.process))
        settle(window)

    @property
    def asked(self) -> bool:
        return (self.folder / "control" / "inside").exists()

    def tell(self, **event: Any) -> None:
        before = self.window.glow.event
        self.events.write("inside", **event)
        said = event.get("message")
        self.qtbot.waitUntil(
            lambda: (
                self.window.glow.message == said
                if said
                else self.window.glow.event is not before
                and self.window.glow.event["step"] == event["step"]
            )
        )
        settle(self.window)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.events.close()


@pytest.fixture
def going(cnn, qtbot):
    run = Going(cnn, qtbot)
    yield run
    run.end()
    qtbot.waitUntil(lambda: not cnn.runner.running)


def glow(window: Window, node: str) -> str:
    colour = window.canvas.scene().nodes[node].glow
    return colour.name() if colour is not None else ""


def test_nodes_glow_while_they_train(cnn, going) -> None:
    """Switched on by its keys, shown with another figure, a badge asked, switched off again."""
    legend, item = cnn.glow.legend, cnn.canvas.scene().nodes
    assert not going.asked and legend.isHidden()
    keys(cnn, Qt.Key.Key_I)
    assert going.asked and legend.isVisible() and "Waiting" in legend.note.text()
    going.tell(**told(20, conv1=0.001, conv2=0.09, digit=0.9))
    assert glow(cnn, "conv1") == heat(0.0).name() and not glow(cnn, "pool")
    assert len({glow(cnn, name) for name in ("conv1", "conv2", "digit")}) == 3
    assert "0.81 % of the time" in legend.note.text() and "all 2.5" in legend.note.text()
    assert (legend.scale._low, legend.scale._high) == ("0.001", "1")
    box = legend.geometry()
    assert cnn.tabs.stack.rect().contains(box) and box.left() < 20

    # Only a node with another colour is painted anew.
    lit: list[None] = []
    cnn.canvas.scene().lit.connect(lambda: lit.append(None))
    going.tell(**told(40, conv1=0.001, conv2=0.09, digit=0.9))
    assert not lit and "step 40" in legend.note.text()
    going.tell(**told(60, conv1=0.5, conv2=0.09, digit=0.9))
    assert len(lit) == 1 and glow(cnn, "conv1") not in ("", heat(0.0).name())

    keys(cnn, Qt.Key.Key_J)
    assert legend.measure.currentText() == MEASURES[1].title
    legend.measure.setFocus()
    QTest.keyClick(legend.measure, Qt.Key.Key_End)
    legend.measure.activated.emit(legend.measure.currentIndex())
    settle(cnn)
    assert cnn.glow.measure is MEASURES[-1]
    assert glow(cnn, "pool") == glow(cnn, "relu") == heat(0.5).name()

    wrong = told(80, conv1=0.5, conv2=2e4, digit=0.9)
    wrong["activations"]["relu"] = figures(zeros=0.995, dead=0.75)
    going.tell(**wrong)
    assert [name for name in item if item[name].mark] == ["conv2", "relu"]
    assert "2 badges" in legend.note.text()
    the_badge_says_what_is_wrong(cnn)
    going.tell(message='Looking inside failed at "relu" (model): no memory.')
    assert legend.note.text().startswith("Looking inside failed")

    click(legend.off)
    settle(cnn)
    assert not going.asked and legend.isHidden() and not cnn.glow.on
    assert not any(each.glow or each.mark for each in item.values())


def the_badge_says_what_is_wrong(window: Window) -> None:
    window.canvas.frame(["relu"], animated=False)
    settle(window)
    item = window.canvas.scene().nodes["relu"]
    place = at(window, item.pos() + NodeItem.MARK.center())
    QTest.mouseMove(window.canvas.viewport(), place)
    settle(window)
    assert "99 % of what it gives" in QToolTip.text() or "100 %" in QToolTip.text()
    assert "LeakyReLU" in QToolTip.text()
    QTest.mouseMove(window.canvas.viewport(), place + at(window, QPointF(90, 90)))
    settle(window)


def test_the_glow_ends_with_the_run_and_is_asked_of_the_next(cnn, going, qtbot) -> None:
    assert not cnn.glow.on
    cnn.run_command("run.inside")
    action: QAction = cnn.actions_.by_id["run.inside"]
    assert action.isChecked()
    going.tell(**told(20, conv1=0.1, digit=0.9))
    assert glow(cnn, "conv1")
    going.process.kill()
    qtbot.waitUntil(lambda: not cnn.runner.running, timeout=10_000)
    settle(cnn)
    assert not glow(cnn, "conv1") and cnn.glow.legend.isHidden() and cnn.glow.on
    other = going.folder.with_name("20260101-120001-digits_cnn")
    going.folder.rename(other)
    again = Going(cnn, qtbot)
    try:
        assert again.asked and cnn.glow.legend.isVisible()
    finally:
        again.end()


def write_histograms(run: Path, steps: int) -> None:
    path = run / HISTOGRAMS
    path.parent.mkdir(exist_ok=True)
    lines = []
    for step in range(1, steps + 1):
        parts = {}
        for part, spread in (("activations", 2.0), ("weights", 0.5)):
            bars = {"low": -spread, "high": spread * step, "counts": [step, 10, 5, 1]}
            parts[part] = {"conv1": bars, "digit": bars}
        parts["activations"]["pool"] = {"low": 0.0, "high": 1.0, "counts": [0, 1, 0, 0]}
        lines.append(json.dumps({"step": 10 * step, "epoch": 1} | parts))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_histograms_of_the_selected_node_over_time(cnn, going, qtbot) -> None:
    keys(cnn, Qt.Key.Key_H)
    page = cnn.docks["inside"].panel.over_time
    assert page.pages.currentWidget() is page.empty and page.empty.button.isVisible()
    click(page.empty.button)
    settle(cnn)
    assert going.asked and page.watch.isChecked()
    write_histograms(going.folder, 3)
    choose(cnn, "conv1")
    qtbot.waitUntil(lambda: len(page.maps["weights"].rows) == 3)
    write_histograms_more(going.folder, 4)
    qtbot.waitUntil(lambda: len(page.maps["weights"].rows) == 7)
    maps = page.maps
    assert (maps["weights"].low, maps["weights"].high) == (-0.5, 2.0)
    assert "from step 10 to 70" in maps["weights"].accessibleDescription()
    settle(cnn)
    QTest.mouseMove(maps["weights"], maps["weights"].area.center().toPoint())
    assert page.note.text().startswith("step 40: ") and "% from" in page.note.text()
    choose(cnn, "pool")
    assert maps["weights"].isHidden() and len(maps["activations"].rows) == 3
    choose(cnn, "skip")
    assert not maps["activations"].rows and page.title.text().startswith("Select a node")
    image = maps["activations"].grab().toImage()
    assert not image.isNull()
    click(page.watch)
    assert not going.asked


def write_histograms_more(run: Path, steps: int) -> None:
    bars = {"low": -0.5, "high": 2.0, "counts": [1, 10, 5, 1]}
    with (run / HISTOGRAMS).open("a", encoding="utf-8") as file:
        for step in range(4, 4 + steps):
            told = {"step": 10 * step, "epoch": 1, "weights": {"conv1": bars}}
            file.write(json.dumps(told) + "\n")


@pytest.mark.parametrize(
    ("values", "logarithmic", "ends", "places"),
    [
        ([0.002, 0.05], True, (0.001, 0.1), {0.001: 0.0, 0.01: 0.5, 0.1: 1.0, 7.0: 1.0, 0.0: 0.0}),
        ([1.0], True, (1.0, 10.0), {1.0: 0.0, 10.0: 1.0}),
        ([0.3], False, (0.0, 1.0), {0.3: 0.3, -1.0: 0.0, 2.0: 1.0}),
    ],
)
def test_a_scale_goes_from_little_to_much(
    values: list[float],
    logarithmic: bool,
    ends: tuple[float, float],
    places: dict[float, float],
) -> None:
    scale = Range()
    scale.take({str(value): value for value in values}, logarithmic)
    assert (scale.low, scale.high) == pytest.approx(ends)
    scale.take({"less": ends[1]}, logarithmic)
    assert scale.high == pytest.approx(ends[1]) or scale.high == 10 * ends[1]
    scale = Range(*ends)
    for value, place in places.items():
        assert scale.place(value, logarithmic) == pytest.approx(place)


def test_run_to_here_says_what_stops_it(window, project, qtbot) -> None:
    """A project with a mistake, whose node a button goes to; then one whose code isn't trusted."""
    folder = project("digits_cnn")
    text = folder / "project.json" if folder.is_dir() else folder
    value = json.loads(text.read_text(encoding="utf-8"))
    next(n for n in value["model"]["nodes"] if n["id"] == "digit")["params"]["units"] = -3
    text.write_text(json.dumps(value), encoding="utf-8")
    assert window.projects.open(folder)
    window.canvas.frame(animated=False)
    settle(window)
    choose(window, "conv1")
    QTest.keyClick(window.canvas, Qt.Key.Key_H)
    settle(window)
    page = window.docks["inside"].panel.activations
    assert page.isVisible() and page.button.text() == "Show digit"
    assert "units" in page.words.text()
    click(page.button)
    settle(window)
    assert window.selected() == ["digit"]

    window.session.mark_saved()
    assert window.projects.open(project("custom_layer"))
    window.canvas.frame(animated=False)
    settle(window)
    assert page.pages.currentWidget() is page.empty
    choose(window, "flatten")
    click(page.empty.button)
    qtbot.waitUntil(lambda: page.button.text() == "Trust", timeout=LONG)
    assert "once you trust it" in page.words.text()


@pytest.mark.slow
def test_run_to_here_shows_what_a_node_makes_of_a_batch(cnn, qtbot) -> None:
    choose(cnn, "conv1")
    QTest.keyClick(cnn.canvas, Qt.Key.Key_H)
    settle(cnn)
    page = cnn.docks["inside"].panel.activations
    assert page.isVisible() and page.cancel.isVisible()
    click(page.cancel)
    settle(cnn)
    assert page.words.text().startswith("Cancelled") and not page.asker.busy
    click(page.again)
    qtbot.waitUntil(lambda: page.result is not None, timeout=LONG)
    settle(cnn)
    (given,), (made,) = (column.cards for column in page.columns)
    assert len(given.images()) == 1 and len(made.images()) == 32
    assert given.told["batch"] == [64, 8, 8, 1] and made.told["batch"] == [64, 8, 8, 32]
    first = given.images()[0].copy()
    assert "labelled" in page.title.text()

    page.sample.setFocus()
    QTest.keyClick(page.sample, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: page.result["sample"] == 1, timeout=LONG)
    assert page.columns[0].cards[0].images()[0] != first
    QTest.keyClick(page.sample, Qt.Key.Key_A, CONTROL)
    QTest.keyClicks(page.sample, "9999")
    QTest.keyClick(page.sample, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.result["sample"] == 63, timeout=LONG)

    choose(cnn, "digit")
    qtbot.waitUntil(lambda: page.result["node"] == "digit", timeout=LONG)
    assert len(page.columns[1].cards[0].sample["bars"]) == 10
    choose(cnn, "image")
    qtbot.waitUntil(lambda: page.result["node"] == "image", timeout=LONG)
    assert not page.columns[0].cards


@pytest.mark.slow
def test_a_node_that_fails_is_named_with_keras_own_words(window, project, qtbot) -> None:
    folder = project("custom_layer")
    text = folder / "project.json" if folder.is_dir() else folder
    value = json.loads(text.read_text(encoding="utf-8"))
    source = value["code"]["Projection"]["source"]
    head, call, tail = source.partition("    def call(self, ")
    name = tail.partition(")")[0].partition(",")[0]
    first, _, rest = tail.partition(":\n")
    fails = f"        if not isinstance({name}, keras.KerasTensor) and tf.executing_eagerly():\n"
    fails += "            raise ValueError('numbers are not for me')\n"
    value["code"]["Projection"]["source"] = f"{head}{call}{first}:\n{fails}{rest}"
    text.write_text(json.dumps(value), encoding="utf-8")
    assert window.projects.open(folder)
    window.projects.trust.agree()
    window.canvas.frame(animated=False)
    settle(window)
    choose(window, "relu")
    QTest.keyClick(window.canvas, Qt.Key.Key_H)
    page = window.docks["inside"].panel.activations
    qtbot.waitUntil(lambda: page.button.text().startswith("Show"), timeout=LONG)
    assert "numbers are not for me" in page.words.text()
    assert page.words.text().startswith('"projection" fails')
    click(page.button)
    settle(window)
    assert window.selected() == ["projection"]


@pytest.mark.slow
def test_a_real_run_glows_and_its_weights_can_be_looked_through(cnn, qtbot) -> None:
    for name, value in (("epochs", 400), ("callbacks", [])):
        assert cnn.session.do(SetTraining(name, value))
    keys(cnn, Qt.Key.Key_I)
    click(cnn.bar.run)
    qtbot.waitUntil(lambda: cnn.glow.event is not None, timeout=LONG)
    settle(cnn)
    trained = ("conv1", "conv2", "norm", "conv3", "conv4", "digit")
    assert all(glow(cnn, name) for name in trained)
    assert cnn.glow.event["share"] <= 0.02
    cnn.runner.stop()
    qtbot.waitUntil(lambda: not cnn.runner.running, timeout=LONG)
    settle(cnn)
    assert not any(glow(cnn, name) for name in trained)

    choose(cnn, "digit")
    keys(cnn, Qt.Key.Key_H)
    panel = cnn.docks["inside"].panel
    assert sum(panel.over_time.maps["weights"].rows[-1].counts) == 64 * 10 + 10
    QTest.keyClick(cnn.canvas, Qt.Key.Key_H)
    page = panel.activations
    qtbot.waitUntil(lambda: page.result is not None and page.weights.count() == 2, timeout=LONG)
    before = page.columns[1].cards[0].told["figures"]
    page.weights.setFocus()
    QTest.keyClick(page.weights, Qt.Key.Key_Down)
    page.weights.activated.emit(1)
    qtbot.waitUntil(lambda: page.columns[1].cards[0].told["figures"] != before, timeout=LONG)
    assert page.columns[1].cards[0].told["figures"]["std"] > before["std"]
