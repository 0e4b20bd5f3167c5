"""The canvas shows the document, and the mouse moves and connects what is on it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from tests.gui.conftest import at, drag, middle, settle


def test_every_node_and_edge_of_the_document_is_drawn(cnn) -> None:
    graph = cnn.session.project.model
    scene = cnn.canvas.scene()
    assert scene.nodes.keys() == graph.nodes.keys()
    assert [key[:2] for key in scene.edges] == [(e.source, e.target) for e in graph.edges]
    assert {item.label for item in scene.edges.values()} >= {"(·, 8, 8, 1)", "(·, 8, 8, 32)"}


def test_a_node_is_dragged_and_undo_puts_it_back(cnn) -> None:
    item = cnn.canvas.scene().nodes["conv1"]
    before = item.pos()
    start = middle(cnn, "conv1")
    drag(cnn, start, start + QPoint(120, 40))
    assert item.pos() != before
    assert cnn.session.project.model.nodes["conv1"].at == (item.x(), item.y())
    cnn.run_command("edit.undo")
    assert item.pos() == before


def test_an_edge_is_drawn_from_port_to_port(cnn) -> None:
    scene = cnn.canvas.scene()
    start = at(cnn, scene.nodes["conv2"].output_point(0))
    end = at(cnn, scene.nodes["skip"].input_point(0))
    count = len(cnn.session.project.model.edges)
    drag(cnn, start, end)
    assert len(cnn.session.project.model.edges) == count + 1
    assert cnn.session.project.model.edges[-1].source == "conv2"


def test_a_wire_that_would_make_a_circle_is_refused_with_the_reason(cnn) -> None:
    scene = cnn.canvas.scene()
    start = at(cnn, scene.nodes["skip"].output_point(0))
    end = at(cnn, scene.nodes["conv1"].input_point(0))
    before = cnn.session.project
    drag(cnn, start, end)
    assert cnn.session.project is before
    assert "circle" in cnn.said


def test_a_rubber_band_selects_what_it_touches(cnn) -> None:
    viewport = cnn.canvas.viewport()
    drag(cnn, QPoint(2, 2), QPoint(viewport.width() - 2, viewport.height() - 2))
    assert cnn.selected() == list(cnn.session.project.model.nodes)
    QTest.mouseClick(
        viewport, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(5, 5)
    )
    settle(cnn)
    assert cnn.selected() == []
