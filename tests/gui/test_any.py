"""Whatever a person does, in whatever order: canvas and document agree, and all can be undone."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtTest import QTest

from studio.graph import templates
from studio.graph.catalogue.registry import find
from studio.graph.edits import SetParam
from studio.graph.file import dumps
from studio.gui.canvas.labels import label_of
from studio.gui.canvas.looks import look_of
from studio.gui.canvas.scene import arriving_at, keys_of
from studio.gui.settings import Settings
from studio.gui.window import Window
from tests.conftest import slow
from tests.gui.conftest import at, drag, middle, settle
from tests.gui.test_stories import drop, key

OPS = ("Dense", "Conv2D", "Dropout", "Add", "Concatenate", "LSTM", "Flatten", "BatchNormalization")
VALUES = (("units", 12), ("filters", 5), ("rate", 0.25), ("kernel_size", 1), ("padding", "same"))
COMMANDS = {
    "edit": (
        "copy",
        "paste",
        "cut",
        "duplicate",
        "duplicate_shared",
        "delete",
        "delete_open",
        "select_all",
        "deselect",
        "undo",
        "redo",
    ),
    "graph": (
        "bypass",
        "output",
        "group",
        "unpack",
        "repeat_more",
        "repeat_less",
        "frame",
        "upstream",
        "downstream",
        "walk_down",
        "walk_left",
        "nudge_up",
    ),
    "view": ("fit", "frame", "zoom_in"),
}
TEMPLATES = ("digits_cnn", "residual_blocks", "lstm_states", "two_inputs_two_outputs")


class Anything(RuleBasedStateMachine):
    """A window on a template, and a person who tries everything."""

    @initialize(name=st.sampled_from(TEMPLATES))
    def open(self, name: str) -> None:
        self.folder = Path(tempfile.mkdtemp())
        templates.copy(name, self.folder / name)
        self.window = Window(Settings(self.folder / "settings.json"))
        self.window.resize(1440, 900)
        self.window.show()
        assert self.window.projects.open(self.folder / name)
        settle(self.window)
        self.window.canvas.frame(animated=False)
        self.first = dumps(self.window.session.project)

    def teardown(self) -> None:
        if not hasattr(self, "window"):
            return
        try:
            self._undo_all()
        finally:
            self.window.session.mark_saved()
            self.window.close()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            shutil.rmtree(self.folder)
            del self.window

    def _undo_all(self) -> None:
        session = self.window.session
        for _ in range(2000):
            if session.undo() is None:
                break
        assert dumps(session.project) == self.first
        self.canvas_and_document_agree()

    @property
    def scene(self):
        return self.window.canvas.scene()

    def _node(self, index: int) -> str | None:
        names = list(self.scene.nodes)
        return names[index % len(names)] if names else None

    @rule(index=st.integers(0, 40), more=st.booleans())
    def click(self, index: int, more: bool) -> None:
        name = self._node(index)
        if name is not None:
            modifier = Qt.KeyboardModifier.ShiftModifier if more else Qt.KeyboardModifier.NoModifier
            place = middle(self.window, name)
            port = self.window.canvas.viewport()
            QTest.mouseClick(port, Qt.MouseButton.LeftButton, modifier, place)
            settle(self.window)

    @rule(
        command=st.sampled_from([f"{menu}.{name}" for menu in COMMANDS for name in COMMANDS[menu]])
    )
    def do(self, command: str) -> None:
        self.window.run_command(command)
        if command == "graph.frame":
            QTest.keyClick(self.window.canvas.viewport(), Qt.Key.Key_Escape)
        settle(self.window)

    @rule(op=st.sampled_from(OPS), x=st.integers(5, 800), y=st.integers(5, 480))
    def drop_an_op(self, op: str, x: int, y: int) -> None:
        if self.window.graph != "data":
            drop(self.window, f"keras.layers.{op}", QPoint(x, y))

    @rule(index=st.integers(0, 40), x=st.integers(-90, 90), y=st.integers(-90, 90))
    def drag_a_node(self, index: int, x: int, y: int) -> None:
        name = self._node(index)
        if name is not None:
            start = middle(self.window, name)
            drag(self.window, start, start + QPoint(x, y), steps=2)

    @rule(first=st.integers(0, 40), second=st.integers(0, 40))
    def draw_a_wire(self, first: int, second: int) -> None:
        source, target = self._node(first), self._node(second)
        if source is None or not self.scene.nodes[source].look.outputs:
            return
        start = at(self.window, self.scene.nodes[source].output_point(0))
        if source != target:
            drag(self.window, start, middle(self.window, target), steps=2)

    @rule(index=st.integers(0, 40), which=st.sampled_from(VALUES))
    def set_a_parameter(self, index: int, which: tuple) -> None:
        name = self._node(index)
        node = self.scene.graph.nodes.get(name) if name else None
        op = find(node.op) if node is not None and node.op else None
        if op is not None and which[0] in op.params:
            self.window.session.do(SetParam(self.scene.name, name, *which), merge="typing")
            settle(self.window)

    @precondition(lambda self: self.window.tabs.bar.count() > 1)
    @rule(index=st.integers(0, 8))
    def another_graph(self, index: int) -> None:
        self.window.tabs.bar.setCurrentIndex(index % self.window.tabs.bar.count())
        settle(self.window)
        self.window.canvas.frame(animated=False)

    @rule()
    def lay_out(self) -> None:
        self.window.run_command("graph.layout")
        until = time.monotonic() + 20
        while self.window.canvas.arranging is not None and time.monotonic() < until:
            QCoreApplication.processEvents()
        assert self.window.canvas.arranging is None

    @rule(which=st.sampled_from([Qt.Key.Key_C, Qt.Key.Key_Down, Qt.Key.Key_Return]))
    def press_keys(self, which: Qt.Key) -> None:
        self.window.canvas.setFocus()
        key(self.window, which)
        if self.window.canvas.wire is not None and which == Qt.Key.Key_C:
            key(self.window, Qt.Key.Key_Down, Qt.Key.Key_Return)
        self.window.canvas.end_everything()

    @invariant()
    def canvas_and_document_agree(self) -> None:
        if not hasattr(self, "window"):
            return
        session, scene = self.window.session, self.scene
        graph = scene.graph
        assert scene.nodes.keys() == graph.nodes.keys()
        drawable = {
            (source, target, n)
            for (source, target, n), edge in zip(keys_of(graph.edges), graph.edges, strict=True)
            if edge.source_node in graph.nodes and edge.target_node in graph.nodes
        }
        assert scene.edges.keys() == drawable
        assert scene.frames.keys() == graph.frames.keys()
        ends = graph.outputs.values() if isinstance(graph.outputs, dict) else graph.outputs
        results = frozenset(end.partition(".")[0] for end in ends)
        fed, shapes = arriving_at(graph.edges), session.shapes(scene.name)
        for name, item in scene.nodes.items():
            node = graph.nodes[name]
            wanted = look_of(session.project, graph, node, results, fed.get(name, Counter()))
            assert item.look == wanted, name
            if node.at is not None:
                assert (item.x(), item.y()) == node.at
            assert item.id == name
        for item in scene.edges.values():
            assert item.label == label_of(shapes.at(item.edge.source))
        assert set(self.window.selected()) <= graph.nodes.keys()
        assert set(self.window.tabs._names) == {"model", "data"} | {
            f"block:{name}" for name in session.project.blocks
        }


@pytest.mark.parametrize("steps", [100, *slow(300)])
def test_whatever_is_done(steps: int, qapp) -> None:
    run_state_machine_as_test(
        Anything,
        settings=settings(
            stateful_step_count=steps,
            max_examples=2,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
