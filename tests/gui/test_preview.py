"""The Preview dock: samples of the stage that is selected, from a real process."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from studio.graph.edits import SetParam
from studio.gui.panels.preview import PreviewPanel
from studio.gui.preview.costs import time_text
from studio.gui.window import Window
from tests.gui.conftest import settle

LONG = 90_000
"""Milliseconds that loading TensorFlow may take on a busy machine."""


def shown(window: Window, qtbot, graph: str, node: str) -> PreviewPanel:
    """The panel, once it shows the samples of a node."""
    panel = window.panel("preview")
    window.select(graph, [node])
    settle(window)
    qtbot.waitUntil(lambda: seen(panel), timeout=LONG)
    settle(window)
    return panel


def seen(panel: PreviewPanel) -> bool:
    return panel.result is not None and not panel.asker.busy


def bars(panel: PreviewPanel) -> list[tuple[int, int]]:
    return [(label, n) for label, n in panel.known.balance.counts]


def test_a_stage_is_seen_as_pictures_a_table_or_text(window, project, qtbot) -> None:
    """Images, their ranges and classes; batches by their rows; then others, in the same process."""
    assert window.projects.open(project("digits_cnn"))
    panel = shown(window, qtbot, "data", "scale")
    assert panel.shown.currentWidget() is panel.pictures
    assert len(panel.pictures.cards) == 24
    first = panel.pictures.cards[0]
    assert (first.caption, first.image.width(), first.image.height()) == ("label 0", 8, 8)
    assert panel.known.table.item(0, 4).text() == "0 to 1"
    assert [label for label, _ in bars(panel)] == list(range(10))
    assert "24 elements" in panel.note.text()
    warm = window.projects.trust.warm

    panel.take.setCurrentIndex(0)
    panel.take.activated.emit(0)
    qtbot.waitUntil(lambda: len(panel.pictures.cards) == 8, timeout=LONG)

    a_parameter_that_changes_is_seen(window, panel, qtbot)
    the_outputs_of_a_split_can_be_chosen(window, panel, qtbot)
    with_the_model_it_is_what_feeds_training(window, qtbot)
    what_is_wrong_is_a_sentence(window, panel, qtbot)

    window.session.mark_saved()
    assert window.projects.open(project("penguins"))
    panel = shown(window, qtbot, "data", "birds")
    assert panel.shown.currentWidget() is panel.rows
    assert panel.model.names == ["body", "island", "sex", "label"]
    cells = [panel.model.index(0, column).data() for column in range(4)]
    assert cells == ["39.1  18.7  181  3750", "Torgersen", "male", "0 · Adelie"]
    assert panel.known.balance.names == ("Adelie", "Chinstrap", "Gentoo")
    assert panel.known.balance.accessibleDescription().startswith("Adelie: ")
    assert panel.known.table.item(1, 4).text().endswith(" different")
    what_each_stage_costs(window, qtbot)

    assert window.projects.open(project("attention_encoder"))
    panel = shown(window, qtbot, "data", "texts")
    assert panel.model.index(0, 0).data().startswith("Give New York a downpour")

    assert window.projects.open(project("sunspots"))
    panel = shown(window, qtbot, "data", "windows")
    assert panel.shown.currentWidget() is panel.pictures
    assert len(panel.pictures.cards[0].points) == 33
    assert window.projects.trust.warm is warm


def what_each_stage_costs(window: Window, qtbot) -> None:
    """Asked by a button, told as a bar a stage; a click on one goes there; again is samples."""
    panel = shown(window, qtbot, "data", "train")
    QTest.mouseClick(panel.clock, Qt.MouseButton.LeftButton)
    assert "Measuring" in panel.note.text() and panel.cancel.isVisible()
    qtbot.waitUntil(lambda: panel.shown.currentWidget() is panel.costs, timeout=LONG)
    assert [row.end for row in panel.costs.rows] == ["birds", "split.train", "shuffle", "train"]
    assert all(row.own >= 0 for row in panel.costs.rows) and panel.costs.rows[0].own > 0
    assert "samples/s" in panel.costs.said
    panel.costs.setFocus()
    QTest.keyClick(panel.costs, Qt.Key.Key_Down)
    assert panel.costs.current == 1
    place = panel.costs.rect_of(2).center()
    QTest.mouseClick(panel.costs.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert window.selected() == ["shuffle"] and not panel.clock.isChecked()
    settle(window)
    qtbot.waitUntil(lambda: seen(panel), timeout=LONG)
    assert panel.shown.currentWidget() is panel.rows


def a_parameter_that_changes_is_seen(window: Window, panel: PreviewPanel, qtbot) -> None:
    function = {"op": "studio.map.rescale", "params": {"scale": 1.0}}
    assert window.session.do(SetParam("data", "scale", "function", function))
    qtbot.waitUntil(lambda: panel.known.table.item(0, 4).text() == "0 to 16", timeout=LONG)
    before = panel.result
    window.run_command("edit.undo")
    qtbot.waitUntil(lambda: panel.result is not before and seen(panel), timeout=LONG)
    assert panel.known.table.item(0, 4).text() == "0 to 1"


def the_outputs_of_a_split_can_be_chosen(window: Window, panel: PreviewPanel, qtbot) -> None:
    panel = shown(window, qtbot, "data", "split")
    assert panel.port.isVisible()
    panel.port.setCurrentText("test")
    panel.port.activated.emit(2)
    qtbot.waitUntil(lambda: seen(panel) and panel.result["cardinality"] == 179, timeout=LONG)
    assert panel.known.table.item(4, 4).text() == "0 to 1"


def with_the_model_it_is_what_feeds_training(window: Window, qtbot) -> None:
    panel = shown(window, qtbot, "model", "conv1")
    assert panel.title.text() == "train: 23 elements"
    assert "rows of batches" in panel.note.text()
    assert not panel.port.isVisible()


def what_is_wrong_is_a_sentence(window: Window, panel: PreviewPanel, qtbot) -> None:
    window.select("data", ["scale"])
    assert window.session.do(SetParam("data", "digits", "path", "nowhere.csv"))
    qtbot.waitUntil(lambda: "nowhere.csv" in panel.words.text(), timeout=LONG)
    assert panel.shown.currentIndex() == 0
    assert panel.known.balance.isHidden()
    window.run_command("edit.undo")


def test_nothing_is_asked_before_a_stage_is_selected_in_front(cnn) -> None:
    cnn.select("data", ["scale"])
    settle(cnn)
    assert cnn.docks["preview"].panel is None
    assert cnn.projects.trust._warm is None


def test_code_of_somebody_else_waits_for_trust(window, project, qtbot, monkeypatch) -> None:
    """What the button asks for is that the person trusts the code; then it is looked at."""
    folder = project("custom_layer")
    assert window.projects.open(folder)
    panel = window.panel("preview")
    window.select("data", ["scale"])
    settle(window)
    panel.asker.untrusted.emit()
    assert panel.trust.isVisible() and "trust" in panel.words.text()
    assert not window.projects.trusted(window.session)
    QTest.mouseClick(panel.trust, Qt.MouseButton.LeftButton)
    assert window.projects.trusted(window.session)


def test_figures_stand_beside_the_tensors_that_they_are_of(qtbot, qapp) -> None:
    """By their path in the element, in whatever order they come, and at the right output."""
    from studio.gui.preview.known import Known

    known = Known()
    qtbot.addWidget(known)
    tensors = [("features", "b"), ("features", "a.0"), ("label", "")]
    known.show_specs(
        [
            (f"{port} {part}", name, "()", "int32")
            for port in ("train", "test")
            for part, name in tensors
        ]
    )
    paths = [[0, "a", 0], [1], [0, "b"]]
    seen = [{"min": n, "max": n + 1, "mean": n, "nan": 0} for n in range(3)]
    found = {"spec": [{"path": path} for path in paths], "ranges": seen, "classes": []}
    known.show_figures(found, "test")
    ranges = [known.table.item(row, 4).text() for row in range(6)]
    assert ranges == ["", "", "", "2 to 3", "0 to 1", "1 to 2"]


@pytest.mark.parametrize("key", [Qt.Key.Key_Down, Qt.Key.Key_PageDown])
def test_the_grid_scrolls_by_keys(qtbot, qapp, key) -> None:
    from studio.gui.preview.pictures import Card, Pictures

    grid = Pictures()
    qtbot.addWidget(grid)
    grid.resize(200, 120)
    grid.show()
    grid.show_cards([Card(str(n), points=[[0, 1], [1, 2]]) for n in range(20)])
    QTest.keyClick(grid, key)
    assert grid.verticalScrollBar().value() > 0


def test_an_edge_tells_what_flows_along_it(window, project) -> None:
    """Where the pointer rests on it: each tensor by its name, how many elements, the classes."""
    assert window.projects.open(project("penguins"))
    window.tabs.show("data")
    window.canvas.frame(animated=False)
    settle(window)
    item = window.canvas.scene().edges["birds", "split", 0]
    port = window.canvas.viewport()
    point = window.canvas.mapFromScene(item.path.pointAtPercent(0.5))
    event = QHelpEvent(QEvent.Type.ToolTip, point, port.mapToGlobal(point))
    QApplication.sendEvent(port, event)
    told = QToolTip.text()
    QToolTip.hideText()
    assert "birds → split" in told and "333 elements" in told and "3 classes" in told
    assert "island" in told and "string" in told


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.5, "2.5 s"), (0.0031, "3.1 ms"), (42e-6, "42 µs"), (3e-7, "0.3 µs"), (0.0, "0 µs")],
)
def test_times_are_told_in_the_unit_that_fits(seconds: float, text: str) -> None:
    assert time_text(seconds) == text
