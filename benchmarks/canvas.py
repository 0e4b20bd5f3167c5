"""What the canvas and the window cost; NodeGraphQt on the same graph beside it, where it is there.

    python benchmarks/canvas.py [--rounds N]

Offscreen, in pixels of a 1440x900 window. Start-up is measured in processes of
its own, from their start to a window that has been painted and takes input.
NodeGraphQt isn't a dependency: `pip install NodeGraphQt` where it is to be compared.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from msgspec.structs import replace
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest

from benchmarks.graph import network
from studio.graph.document import Edge, ModelGraph, Node, Project
from studio.graph.edits import SetParam
from studio.graph.file import read, save
from studio.graph.find import Finder
from studio.gui.app import application
from studio.gui.settings import Settings
from studio.gui.window import Window
from studio.resources import TEMPLATES

START = """
import sys, time
began = time.time() - float(sys.argv[2])
import psutil
from pathlib import Path
from studio.gui.app import application
from studio.gui.settings import Settings
settings = Settings(Path(sys.argv[3]) / "settings.json")
app = application(settings)
from studio.gui.window import Window
window = Window(settings)
window.show()
if sys.argv[1] != "-":
    window.projects.open(Path(sys.argv[1]))
app.processEvents()
window.grab()
print(time.time() - float(sys.argv[2]), psutil.Process().memory_info().rss / 1e6)
heavy = sorted({"tensorflow", "keras", "networkx", "pyqtgraph", "numpy"} & set(sys.modules))
print(" ".join(heavy) or "none")
if window.session is not None:
    window.session.mark_saved()
window.close()
"""


def milliseconds(run: Callable[[], object]) -> float:
    """How long a call takes."""
    began = time.perf_counter()
    run()
    return (time.perf_counter() - began) * 1000


def report(what: str, times: list[float], wanted: float | None = None, unit: str = "ms") -> None:
    """One line: median and worst, and what is wanted."""
    limit = f"  wanted <= {wanted:g} {unit}" if wanted else ""
    median = statistics.median(times)
    print(f"  {what:42} median {median:9.2f} {unit}  worst {max(times):9.2f} {unit}{limit}")


def started(project: str, rounds: int) -> None:
    """Start-up of the whole process."""
    seconds, megabytes, heavy = [], [], ""
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, "-c", START, project, str(time.time()), folder],
                capture_output=True,
                text=True,
                check=True,
            )
        first, heavy = done.stdout.splitlines()[-2:]
        second, rss = map(float, first.split())
        seconds.append(second)
        megabytes.append(rss)
    wanted = 1.0 if project == "-" else None
    report("window painted, from the process' start", seconds, wanted, "s")
    report("resident", megabytes, 220.0, "MB")
    print(f"  heavy modules loaded: {heavy}")


def painted(window: Window, view: object) -> Callable[[], object]:
    """A call that paints the whole viewport."""
    port = view.viewport()
    image = QImage(port.size(), QImage.Format.Format_ARGB32_Premultiplied)

    def paint() -> None:
        painter = QPainter(image)
        port.render(painter, QPoint())
        painter.end()

    return paint


def canvas(app, count: int, rounds: int) -> None:
    """Opening, painting, panning, dragging and typing in a graph of so many nodes."""
    project = network(count)
    print(f"{count} nodes, {len(project.model.edges)} edges")
    big = count > 5000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "project.json"
        save(project, path)
        window = Window(Settings(Path(folder) / "settings.json"))
        window.resize(1440, 900)
        window.show()
        app.processEvents()

        def open_it() -> None:
            window.projects.open(path)
            app.processEvents()

        opened = [milliseconds(open_it)]
        report("open", opened, 3000 if big else 500)
        view = window.canvas
        scene = view.scene()
        paint = painted(window, view)
        middle = list(scene.nodes.values())[count // 2].rect.center()
        view.look_at(middle, 1.0, False)
        app.processEvents()
        paint()
        report("repaint at 1:1", [milliseconds(paint) for _ in range(rounds)], 8)

        def pan() -> None:
            view.pan(QPointF(0, 40))
            paint()

        report("pan at 1:1, painted", [milliseconds(pan) for _ in range(rounds)], 10)
        view.frame(animated=False)
        app.processEvents()
        paint()
        report("repaint of all", [milliseconds(paint) for _ in range(rounds)], 33 if big else 16)
        view.look_at(middle, 1.0, False)
        app.processEvents()
        dragged(app, view, middle, rounds)
        searched(window, rounds)
        if big:
            arranged(app, view)
        window.session.mark_saved()
        window.close()
        app.processEvents()


def dragged(app, view, middle: QPointF, rounds: int) -> None:
    """A node dragged, a frame at a time: the gesture alone, without the painting."""
    port = view.viewport()
    here = view.viewportTransform().map(middle).toPoint()
    item = view.scene().node_at(middle)
    here = view.viewportTransform().map(item.rect.center()).toPoint()
    QTest.mousePress(port, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, here)
    QTest.mouseMove(port, here + QPointF(12, 12).toPoint())
    app.processEvents()
    times = []
    for step in range(rounds * 3):
        at = here + QPointF(12 + step * 3, 12 + step).toPoint()
        times.append(milliseconds(lambda a=at: QTest.mouseMove(port, a)))
        app.processEvents()
    QTest.keyClick(view, Qt.Key.Key_Escape)
    view.cancel_gesture()
    app.processEvents()
    report("drag, a frame", times, 1.5)


def searched(window: Window, rounds: int) -> None:
    """A search through all graphs, as the bar does it at each key, the first time and later."""
    find = Finder().find
    project = window.session.project
    report("search, the first", [milliseconds(lambda: find(project, "conv"))], 50)
    words = ("relu", "norm12", "filters=16", "digit", "sum9")
    report("search", [milliseconds(lambda w=w: find(project, w)) for w in words * rounds], 50)


def arranged(app, view) -> None:
    """The layout of the whole graph, from the key to the nodes' new places; and ended halfway."""

    def wait() -> None:
        while view.arranging is not None:
            app.processEvents()

    def lay_out() -> None:
        view.arrange(None)
        wait()

    report("layout", [milliseconds(lay_out)], 10_000)
    view.arrange(None)
    until = time.monotonic() + 0.2
    while time.monotonic() < until:
        app.processEvents()
    view.end_everything()
    report("layout, ended", [milliseconds(wait)], 100)


def chain(count: int) -> Project:
    """A template's data and training, with so many layers behind its first convolution."""
    project, _ = read(TEMPLATES / "digits_cnn")
    kinds = ("BatchNormalization", "Activation", "Dropout")
    params = ({}, {"activation": "relu"}, {"rate": 0.1})
    nodes = {
        "image": project.model.nodes["image"],
        "conv": Node("conv", "keras.layers.Conv2D", params={"filters": 16, "kernel_size": 3}),
    }
    for index in range(count - 4):
        name = f"n{index}"
        nodes[name] = Node(name, f"keras.layers.{kinds[index % 3]}", params=params[index % 3])
    nodes["mean"] = Node("mean", "keras.layers.GlobalAveragePooling2D")
    nodes["digit"] = project.model.nodes["digit"]
    edges = tuple(Edge(*pair) for pair in pairwise(nodes))
    return replace(project, model=ModelGraph(nodes, edges, outputs=("digit",)))


def typed(app, rounds: int) -> None:
    """A number typed that changes 1,000 shapes: until all that shows them is current."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "project.json"
        save(chain(1000), path)
        window = Window(Settings(Path(folder) / "settings.json"))
        window.resize(1440, 900)
        window.show()
        window.projects.open(path)
        # Both beside each other, so that both are kept current; the inspector shows a node.
        window.docks["problems"].setFloating(True)
        window.panel("problems")
        window.panel("code")
        window.select("model", ["conv"])
        code = window.docks["code"].panel
        idle(app, lambda: code.script is not None)
        whole, longest, steps = [], [], []
        for turn in range(rounds):
            filters = 21 + turn
            edit = SetParam("model", "conv", "filters", filters)
            began = time.perf_counter()
            window.session.do(edit, merge="typing")
            steps = [(time.perf_counter() - began) * 1000]
            while f"Conv2D({filters}," not in code.view.toPlainText():
                steps.append(milliseconds(app.processEvents))
            whole.append((time.perf_counter() - began) * 1000)
            longest.append(max(steps))
            idle(app, lambda: not window.session._check_timer.isActive())
        report("typing: canvas, inspector, problems, code", whole, 100)
        report("  its longest step", longest, 32)
        window.session.mark_saved()
        window.close()
        app.processEvents()


def idle(app, ready: Callable[[], bool], seconds: float = 20) -> None:
    """Lets the window work until something is so, and a moment longer."""
    until = time.monotonic() + seconds
    while not ready() and time.monotonic() < until:
        app.processEvents()
    until = time.monotonic() + 0.3
    while time.monotonic() < until:
        app.processEvents()


def node_graph_qt(app, count: int, rounds: int) -> None:
    """The same graph in NodeGraphQt."""
    if importlib.util.find_spec("NodeGraphQt") is None:
        print("NodeGraphQt isn't installed: not compared")
        return
    from NodeGraphQt import BaseNode, NodeGraph

    class Layer(BaseNode):
        __identifier__ = "layer"
        NODE_NAME = "Layer"

        def __init__(self):
            super().__init__()
            self.add_input("inputs", multi_input=True)
            self.add_output("output", multi_output=True)

    project = network(count)
    graph = NodeGraph()
    graph.register_node(Layer)
    print(f"NodeGraphQt: {count} nodes")
    made = {}

    def build() -> None:
        for index, name in enumerate(project.model.nodes):
            at = [index % 4 * 240, index // 4 * 120]
            made[name] = graph.create_node("layer.Layer", name=name, pos=at, push_undo=False)
        for edge in project.model.edges:
            made[edge.source_node].output(0).connect_to(
                made[edge.target_node].input(0), push_undo=False
            )

    report("build", [milliseconds(build)])
    graph.widget.resize(1440, 900)
    graph.widget.show()
    app.processEvents()
    viewer = graph.viewer()
    paint = painted(None, viewer)
    viewer.reset_zoom()
    app.processEvents()
    paint()
    report("repaint at 1:1", [milliseconds(paint) for _ in range(rounds)])
    graph.select_all()
    graph.fit_to_selection()
    app.processEvents()
    paint()
    report("repaint of all", [milliseconds(paint) for _ in range(rounds)])


def main() -> None:
    """Measures start-up, both sizes, and NodeGraphQt."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    print("start-up")
    started("-", 3)
    with tempfile.TemporaryDirectory() as folder:
        save(network(1000), Path(folder) / "project.json")
        print("start-up with a project of 1,000 nodes")
        started(folder, 3)
        app = application(Settings(Path(folder) / "settings.json"))
        canvas(app, 1000, options.rounds)
        typed(app, options.rounds)
        canvas(app, 10000, options.rounds)
        node_graph_qt(app, 1000, options.rounds)


if __name__ == "__main__":
    main()
