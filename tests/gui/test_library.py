"""The library shows what can be added to the graph in front, and adds it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.graph.compose import group
from studio.graph.document import Code
from studio.graph.edits import SetCode
from studio.gui.adding import MIME
from studio.gui.panels.library_rows import HEADING, ITEM, MORE
from tests.gui.conftest import settle


def library(window):
    panel = window.panel("library")
    settle(window)
    return panel


def texts(panel, kind: str = ITEM) -> list[str]:
    return [row.text for row in panel.rows.rows if row.kind == kind]


def row_of(panel, text: str):
    place = next(i for i, row in enumerate(panel.rows.rows) if row.text == text)
    index = panel.rows.index(place)
    panel.list.scrollTo(index)
    return index


def click(panel, text: str, twice: bool = False) -> None:
    index = row_of(panel, text)
    point = panel.list.visualRect(index).center()
    QTest.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=point)
    if twice:
        QTest.mouseDClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=point)
    settle(panel.window_)


def test_families_stand_in_order_with_the_common_ones_first(cnn) -> None:
    panel = library(cnn)
    assert texts(panel, HEADING)[:3] == ["Input", "Core", "Convolution"]
    shown = texts(panel)
    assert shown[:3] == ["Input", "Dense", "Embedding"]
    assert "EinsumDense" not in shown
    count = len([item for family in panel._families for item in family.items])
    assert panel.field.placeholderText() == f"Search {count} layers and stages"


def test_a_click_on_more_shows_the_rest_of_a_family_and_again_folds_it(cnn) -> None:
    panel = library(cnn)
    more = texts(panel, MORE)[0]
    click(panel, more)
    assert "EinsumDense" in texts(panel)
    click(panel, "Fewer")
    assert "EinsumDense" not in texts(panel)


def test_typing_finds_by_the_letters_and_marks_them(cnn) -> None:
    panel = library(cnn)
    panel.search()
    QTest.keyClicks(QApplication.focusWidget(), "mha")
    first = panel.rows.rows[0]
    assert first.text == "MultiHeadAttention"
    assert "".join(first.text[i] for i in first.positions).lower() == "mha"
    assert first.hint == "Attention"
    QTest.keyClicks(panel.field, "zzz")
    assert panel.nothing.isVisible() and "mhazzz" in panel.nothing.text()
    QTest.keyClick(panel.field, Qt.Key.Key_Escape)
    assert panel.field.text() == "" and texts(panel)[0] == "Input"


def test_a_double_click_adds_behind_the_selected_node_in_one_step(cnn) -> None:
    panel = library(cnn)
    before = cnn.session.project
    cnn.select("model", ["conv1"])
    click(panel, "Dropout", twice=True)
    graph = cnn.session.project.model
    assert cnn.selected() == ["dropout2"]
    assert ("conv1", "dropout2") in [(e.source, e.target) for e in graph.edges]
    assert graph.nodes["dropout2"].at[1] > graph.nodes["conv1"].at[1]
    cnn.run_command("edit.undo")
    assert cnn.session.project is before


def test_enter_in_the_search_adds_what_is_found_first(cnn) -> None:
    panel = library(cnn)
    cnn.select("model", [])
    panel.search()
    QTest.keyClicks(panel.field, "dense")
    QTest.keyClick(panel.field, Qt.Key.Key_Return)
    settle(cnn)
    assert cnn.session.project.model.nodes["dense"].op == "keras.layers.Dense"
    assert not [e for e in cnn.session.project.model.edges if "dense" in (e.source, e.target)]


def test_a_letter_typed_in_the_list_begins_a_search(cnn) -> None:
    panel = library(cnn)
    panel.search()
    QTest.keyClick(panel.field, Qt.Key.Key_Down)
    assert panel.list.hasFocus()
    QTest.keyClicks(panel.list, "f")  # on the canvas, F would show the selection
    assert panel.field.hasFocus() and panel.field.text() == "f"


def test_what_is_dragged_out_is_the_path_of_the_op(cnn) -> None:
    panel = library(cnn)
    data = panel.rows.mimeData([row_of(panel, "Conv2D")])
    assert bytes(data.data(MIME).data()) == b"keras.layers.Conv2D"
    assert not panel.rows.flags(row_of(panel, "Convolution")) & Qt.ItemFlag.ItemIsDragEnabled


def test_the_data_graph_has_sources_stages_and_maps(cnn) -> None:
    panel = library(cnn)
    cnn.tabs.show("data")
    settle(cnn)
    assert texts(panel, HEADING)[:3] == ["Sources", "Stages", "Maps"]
    cnn.select("data", [next(iter(cnn.session.project.data.nodes))])
    panel.search()
    QTest.keyClicks(panel.field, "one_hot")
    QTest.keyClick(panel.field, Qt.Key.Key_Return)
    settle(cnn)
    node = cnn.session.project.data.nodes[cnn.selected()[0]]
    assert node.op == "tf.data.Dataset.map"
    assert node.params["function"]["op"] == "studio.map.one_hot"


def test_blocks_and_code_of_the_project_have_headings_of_their_own(cnn) -> None:
    panel = library(cnn)
    edit, *_ = group(cnn.session.project, "model", ["conv2", "norm"], "pair")
    cnn.session.do(edit)
    cnn.session.do(SetCode("Mine", Code("layer", "class Mine(keras.layers.Layer): ...")))
    settle(cnn)
    assert texts(panel, HEADING)[-2:] == ["Blocks of this project", "Code of this project"]
    assert texts(panel)[-2:] == ["pair", "Mine"]
    cnn.tabs.show("block:pair")
    settle(cnn)
    assert "pair" not in texts(panel)  # it can't hold itself


def test_a_custom_layer_is_code_that_works_and_a_node_of_it(cnn) -> None:
    panel = library(cnn)
    cnn.select("model", ["conv1"])
    click(panel, "Custom layer…", twice=True)
    project = cnn.session.project
    assert list(project.code) == ["MyLayer"]
    node = project.model.nodes[cnn.selected()[0]]
    assert node.op == "code:MyLayer"
    assert cnn.session.shapes("model").at(node.id).shape == (None, 8, 8, 32)
    weights = cnn.session.shapes("model").nodes[node.id].weights
    assert [each.shape for each in weights] == [(32,)]
    problems = [p.code for p in cnn.session.problems if p.node in (node.id, "MyLayer")]
    assert problems == ["unused"]  # it leads to no output yet
    click(panel, "Custom layer…", twice=True)
    assert len(cnn.session.project.code) == 2


def test_a_panel_that_is_not_seen_does_nothing_until_it_is(cnn) -> None:
    panel = library(cnn)
    cnn.docks["library"].hide()
    cnn.tabs.show("data")
    assert texts(panel, HEADING)[0] == "Input"
    library(cnn)
    assert texts(panel, HEADING)[0] == "Sources"


def test_every_row_says_what_it_is(cnn) -> None:
    panel = library(cnn)
    said = row_of(panel, "Dense").data(Qt.ItemDataRole.AccessibleTextRole)
    assert said.startswith("Dense, core, ")
    tip = row_of(panel, "Dense").data(Qt.ItemDataRole.ToolTipRole)
    assert "keras.layers.Dense" in tip
    assert panel.list.accessibleName() and panel.field.accessibleName()
    assert panel.list.indexAt(QPoint(40, 10)).isValid()
