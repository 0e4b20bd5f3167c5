"""Two runs side by side: figures, parameters, both graphs on one canvas, scripts, data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QTableWidget

from studio.graph.compare import ADDED, CHANGED, REMOVED
from studio.graph.file import loads
from studio.graph.merged import merged
from studio.gui.runs_table.compare_window import AROUND, CODE, GRAPH, PARAMETERS, CompareWindow
from studio.gui.runs_table.merged_scene import EdgeMark, NodeMark
from tests.gui.conftest import settle
from tests.gui.run_folders import write_run
from tests.gui.test_runs import CTRL, LEFT, NONE, RATE, click, listed

BYTES = {"bytes": 10, "sha256": "0" * 64}


def another(value: dict) -> None:
    """A wider hidden layer, dropout gone, a normalisation in its place."""
    model = value["model"]
    nodes = {node["id"]: node for node in model["nodes"]}
    nodes["hidden1"]["params"]["units"] = 256
    model["nodes"].remove(nodes["dropout1"])
    place = nodes["dropout1"]["at"]
    model["nodes"].append({"id": "norm", "op": "keras.layers.LayerNormalization", "at": place})
    swap = {"dropout1": "norm"}
    model["edges"] = [[swap.get(end, end) for end in edge] for edge in model["edges"]]


def environment(folder: Path, version: str, digest: str) -> None:
    told = {"versions": {"keras": version}, "data": {"digits.csv": BYTES | {"sha256": digest * 64}}}
    (folder / "environment.json").write_text(json.dumps(told))


@pytest.fixture
def comparison(window, project, qtbot) -> CompareWindow:
    """Two runs, opened side by side as a person does it."""
    folder = project("digits_mlp")
    for number in (1, 2, 3):
        settings = (f"{RATE}={0.01 / number}",)
        change = another if number == 2 else None
        run = write_run(folder, number, settings, change=change, script=True)
        environment(run, f"3.{number}", str(number))
    panel = listed(window, folder, qtbot)
    assert not panel.head.compare.isEnabled()
    click(panel, 1)  # the second is the newer one, whichever is clicked first
    click(panel, 2, CTRL)
    assert panel.head.compare.isEnabled()
    QTest.mouseClick(panel.head.compare, LEFT)
    qtbot.waitUntil(lambda: panel.comparison.ready)
    settle(window)
    return panel.comparison


def texts(table: QTableWidget) -> dict[str, list[str]]:
    """The rows by their first cell."""
    return {
        table.item(row, 0).text(): [
            table.item(row, column).text() for column in range(1, table.columnCount())
        ]
        for row in range(table.rowCount())
    }


def turn(comparison: CompareWindow, tab: int) -> None:
    """Clicks on a tab."""
    place = comparison.bar.tabRect(tab).center()
    QTest.mouseClick(comparison.bar, LEFT, NONE, place)


def test_figures_parameters_and_data_stand_side_by_side(comparison) -> None:
    assert [run.name[9:11] for run in comparison.runs] == ["01", "02"]
    rows = texts(comparison.metrics)
    assert rows["val_loss"] == ["1.667", "0.917", "-0.750"]
    better = {
        row: comparison.metrics.item(row, column).text()
        for row in range(comparison.metrics.rowCount())
        for column in (1, 2)
        if comparison.metrics.item(row, column).data(Qt.ItemDataRole.AccessibleTextRole)
    }
    assert "0.917" in better.values() and "1.667" not in better.values()
    assert len(better) == 4, "the state has no better one"

    turn(comparison, PARAMETERS)
    rows = texts(comparison.parameters)
    assert rows[RATE] == ["0.01", "0.005"]
    assert rows["model.nodes.hidden1.params.units"][1] == "256"
    assert rows["model.nodes.norm"] == ["—", "LayerNormalization()"]
    turn(comparison, AROUND)
    rows = texts(comparison.around)
    assert rows["version of keras"] == ["3.1", "3.2"]
    assert rows["data digits.csv"][0].endswith("sha256 111111111111…")

    QTest.mouseClick(comparison.swap, LEFT)
    assert [run.name[9:11] for run in comparison.runs] == ["02", "01"]


def test_both_graphs_are_drawn_as_one_and_a_click_goes_to_a_node(comparison, window, qtbot) -> None:
    turn(comparison, GRAPH)
    settle(window)
    graphs = comparison.graphs
    scene = graphs.view.scene()
    kinds = {"hidden1": CHANGED, "dropout1": REMOVED, "norm": ADDED}
    assert {name: kinds.get(name) for name in kinds} == scene.marks.nodes
    drawn = [item.kind for item in scene.items() if isinstance(item, NodeMark)]
    assert sorted(drawn) == sorted(kinds.values())
    edges = [item.kind for item in scene.items() if isinstance(item, EdgeMark)]
    assert sorted(edges) == [ADDED, ADDED, REMOVED, REMOVED]
    rects = [scene.nodes[name].rect for name in scene.nodes]
    assert not any(a.intersects(b) for a in rects for b in rects if a is not b), "none is covered"

    row = next(at for at in range(graphs.table.rowCount())
               if graphs.table.item(at, 0).text().endswith("dropout1"))  # fmt: skip
    place = graphs.table.visualItemRect(graphs.table.item(row, 0)).center()
    QTest.mouseClick(graphs.table.viewport(), LEFT, NONE, place)
    assert scene.selected() == ["dropout1"]

    comparison.go_to("model", "norm")
    settle(window)
    point = graphs.view.mapFromScene(scene.nodes["hidden1"].rect.center())
    graphs.view.frame(animated=False)
    point = graphs.view.mapFromScene(scene.nodes["hidden1"].rect.center())
    QTest.mouseClick(graphs.view.viewport(), LEFT, NONE, point)
    assert scene.selected() == ["hidden1"]
    assert graphs.table.item(graphs.table.currentRow(), 0).text() == "~ hidden1.params.units"
    QTest.mouseDClick(graphs.view.viewport(), LEFT, NONE, point)
    assert (window.graph, window.selected()) == ("model", ["hidden1"])

    data = graphs.findChild(QPushButton, "data")
    QTest.mouseClick(data, LEFT)
    settle(window)
    assert graphs.view.scene().name == "data" and not graphs.view.scene().marks.nodes


def test_scripts_are_compared_line_by_line(comparison, window) -> None:
    turn(comparison, CODE)
    lines = comparison.code.toPlainText().splitlines()
    assert lines[0] == f"--- {comparison.runs[0].name}/train.py"
    assert any(line.startswith("+") and "LayerNormalization" in line for line in lines)
    assert any(line.startswith("-") and "Dropout" in line for line in lines)
    QTest.keyClick(comparison, Qt.Key.Key_Escape)
    settle(window)
    assert window.docks["runs"].panel.comparison is None


def test_what_cannot_be_compared_is_said(window, project, qtbot) -> None:
    folder = project("digits_mlp")
    for number in (1, 2):
        write_run(folder, number)
    panel = listed(window, folder, qtbot)
    broken = panel.model.rows[0].folder / "project.json"
    broken.write_text("{")
    panel.table.selectAll()
    panel.compare()
    qtbot.waitUntil(lambda: panel.comparison.ready)
    assert "can't be read" in panel.comparison.error
    assert panel.comparison._same.isVisible()


def test_a_node_that_is_gone_or_has_no_place_covers_none() -> None:
    def project(*nodes: tuple) -> object:
        found = [
            {"id": name, "op": "keras.layers.Flatten"} | ({"at": at} if at else {})
            for name, at in nodes
        ]
        value = {"studio": 1, "model": {"nodes": found, "edges": [["a", "c"]], "outputs": ["c"]}}
        return loads(json.dumps(value).encode())[0]

    one = project(("a", [0, 0]), ("b", [0, 100]), ("c", [0, 200]))
    other = project(("a", [0, 0]), ("c", [0, 100]), ("d", None))
    found = merged(one, other)
    places = [node.at for node in found.project.model.nodes.values()]
    assert len(places) == 4 and None not in places
    assert all(
        abs(a[0] - b[0]) >= 200 or abs(a[1] - b[1]) >= 60
        for at, a in enumerate(places)
        for b in places[:at]
    )
