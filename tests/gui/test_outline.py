"""The outline says what the graphs are, and does with the keyboard what the canvas does."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from studio.graph.compose import (
    add_node,
    delete_and_heal,
    group,
    order_nodes,
    rename,
    rename_block,
    unpack,
)
from studio.graph.document import Edge
from tests.gui.conftest import settle

CONTROL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def tree(cnn):
    """The tree of the outline on digits_cnn, with the focus in it."""
    panel = cnn.panel("outline")
    settle(cnn)
    panel.enter()
    return panel.tree


def names(tree, parent: QModelIndex | None = None) -> list[str]:
    rows = tree.model()
    parent = parent or QModelIndex()
    return [rows.index(i, 0, parent).data() for i in range(rows.rowCount(parent))]


def find(tree, *path: str) -> QModelIndex:
    index = QModelIndex()
    for name in path:
        if tree.model().canFetchMore(index):
            tree.model().fetchMore(index)
        index = tree.model().index(names(tree, index).index(name), 0, index)
    return index


def press(tree, key: Qt.Key, held=NONE) -> None:
    QTest.keyClick(QApplication.focusWidget(), key, held)
    settle(tree._panel.window_)


def model_rows(tree) -> list[str]:
    return names(tree, find(tree, "Model"))


def test_it_shows_every_graph_and_its_nodes_in_the_order_of_the_file(cnn, tree) -> None:
    assert names(tree) == ["Model", "Data"]
    assert model_rows(tree) == list(cnn.session.project.model.nodes)
    assert tree.isExpanded(find(tree, "Model"))


def test_a_row_says_op_shape_what_feeds_it_and_what_it_feeds(cnn, tree) -> None:
    said = find(tree, "Model", "skip").data(Qt.ItemDataRole.AccessibleTextRole)
    assert said.startswith("skip, Add, (·, 8, 8, 32), fed by ")
    assert "conv1" in said and "feeds pool" in said
    cnn.session.do(delete_and_heal(cnn.session.project, "model", ["image"]))
    settle(cnn)
    said = find(tree, "Model", "conv1").data(Qt.ItemDataRole.AccessibleTextRole)
    assert "shape unknown" in said
    assert any(p.message in said for p in cnn.session.problems if p.node == "conv1")


def test_the_selection_is_that_of_the_canvas_both_ways(cnn, tree) -> None:
    cnn.select("model", ["conv2", "norm", "pool"])
    assert [i.data() for i in tree.selectedIndexes()] == ["conv2", "norm", "pool"]
    tree.setCurrentIndex(find(tree, "Model", "dropout"))
    assert cnn.selected() == ["dropout"]
    press(tree, Qt.Key.Key_Up)
    assert cnn.selected() == ["mean"]
    tree.setCurrentIndex(find(tree, "Data", "split"))
    assert (cnn.graph, cnn.selected()) == ("data", ["split"])


def test_f2_renames_in_the_row(cnn, tree) -> None:
    tree.setCurrentIndex(find(tree, "Model", "conv1"))
    press(tree, Qt.Key.Key_F2)
    editor = QApplication.focusWidget()
    assert isinstance(editor, QLineEdit) and editor.text() == "conv1"
    QTest.keyClicks(editor, "stem")
    press(tree, Qt.Key.Key_Return)
    assert "stem" in cnn.session.project.model.nodes
    assert cnn.selected() == ["stem"] and tree.currentIndex().data() == "stem"


def test_a_name_that_cant_be_is_refused_with_the_reason(cnn, tree) -> None:
    tree.setCurrentIndex(find(tree, "Model", "conv1"))
    press(tree, Qt.Key.Key_F2)
    QTest.keyClicks(QApplication.focusWidget(), "conv2")
    press(tree, Qt.Key.Key_Return)
    assert "conv1" in cnn.session.project.model.nodes
    assert "conv2" in cnn.said and tree.currentIndex().data() == "conv1"


def test_del_deletes_heals_the_chain_and_goes_to_the_neighbour(cnn, tree) -> None:
    tree.setCurrentIndex(find(tree, "Model", "norm"))
    press(tree, Qt.Key.Key_Delete)
    graph = cnn.session.project.model
    assert "norm" not in graph.nodes and Edge("conv2", "relu") in graph.edges
    assert tree.currentIndex().data() in ("conv2", "relu")
    assert cnn.selected() == [tree.currentIndex().data()]


def test_c_connects_to_what_is_typed_and_says_what_cant_be(cnn, tree) -> None:
    tree.setCurrentIndex(find(tree, "Model", "conv2"))
    press(tree, Qt.Key.Key_C)
    field = QApplication.focusWidget()
    QTest.keyClicks(field, "conv1")
    palette = field.parentWidget()
    row = palette.rows.rows[0]
    assert not row.enabled and "circle" in row.hint
    field.clear()
    QTest.keyClicks(field, "skip")
    press(tree, Qt.Key.Key_Return)
    assert Edge("conv2", "skip") in cnn.session.project.model.edges
    assert tree.hasFocus()


@pytest.mark.parametrize("key", [Qt.Key.Key_Insert, Qt.Key.Key_A])
def test_add_puts_what_is_chosen_behind_the_node(cnn, tree, key) -> None:
    tree.setCurrentIndex(find(tree, "Model", "digit"))
    press(tree, key)
    QTest.keyClicks(QApplication.focusWidget(), "softmax")
    press(tree, Qt.Key.Key_Return)
    assert Edge("digit", "softmax") in cnn.session.project.model.edges
    assert cnn.session.project.model.outputs == ("softmax",)
    assert tree.currentIndex().data() == "softmax"


def test_bypass_and_duplicate(cnn, tree) -> None:
    tree.setCurrentIndex(find(tree, "Model", "dropout"))
    press(tree, Qt.Key.Key_B)
    assert cnn.session.project.model.nodes["dropout"].bypass
    assert "bypassed" in tree.currentIndex().data(Qt.ItemDataRole.AccessibleTextRole)
    press(tree, Qt.Key.Key_B)
    assert not cnn.session.project.model.nodes["dropout"].bypass
    press(tree, Qt.Key.Key_D, CONTROL)
    assert tree.currentIndex().data() == "dropout2"


def test_other_keys_of_the_canvas_hold_in_the_tree_too(cnn, tree) -> None:
    cnn.settings.set("shortcuts", {"graph.add": "Shift+A"})
    cnn.actions_.apply_shortcuts()
    tree.setCurrentIndex(find(tree, "Model", "conv1"))
    press(tree, Qt.Key.Key_A, Qt.KeyboardModifier.ShiftModifier)
    assert QApplication.focusWidget().accessibleName() == "Add behind conv1"


def test_alt_and_the_arrows_move_rows_and_keep_them_selected(cnn, tree) -> None:
    before = model_rows(tree)
    tree.setCurrentIndex(find(tree, "Model", "conv2"))
    press(tree, Qt.Key.Key_Down, ALT)
    assert model_rows(tree)[2:4] == ["norm", "conv2"]
    assert tree.currentIndex().data() == "conv2" and cnn.selected() == ["conv2"]
    press(tree, Qt.Key.Key_Up, ALT)
    assert model_rows(tree) == before
    tree.setCurrentIndex(find(tree, "Model", before[0]))
    press(tree, Qt.Key.Key_Up, ALT)
    assert model_rows(tree) == before


def test_rows_are_dropped_between_others_of_their_graph_alone(cnn, tree) -> None:
    rows = tree.model()
    data = rows.mimeData([find(tree, "Model", "digit"), find(tree, "Model", "dropout")])
    copy, parent = Qt.DropAction.MoveAction, find(tree, "Model")
    assert not rows.canDropMimeData(data, copy, 0, 0, find(tree, "Data"))
    rows.dropMimeData(data, copy, 1, 0, parent)
    settle(cnn)
    assert model_rows(tree)[:4] == ["image", "dropout", "digit", "conv1"]


def test_a_block_opens_in_its_row_and_follows_the_block(cnn, tree) -> None:
    cnn.session.do(group(cnn.session.project, "model", ["conv2", "norm", "relu"], "unit")[0])
    settle(cnn)
    assert names(tree) == ["Model", "Data", "unit"]
    inner = find(tree, "Model", "unit")
    tree.expand(inner)
    assert names(tree, inner) == list(cnn.session.project.blocks["unit"].nodes)
    tree.setCurrentIndex(find(tree, "Model", "unit", "norm"))
    assert (cnn.graph, cnn.selected()) == ("block:unit", ["norm"])
    press(tree, Qt.Key.Key_F2)
    QTest.keyClicks(QApplication.focusWidget(), "centre")
    press(tree, Qt.Key.Key_Return)
    assert "centre" in names(tree, find(tree, "Model", "unit"))
    assert "centre" in names(tree, find(tree, "unit"))
    cnn.session.do(rename_block(cnn.session.project, "unit", "cell"))
    assert names(tree) == ["Model", "Data", "cell"]
    assert find(tree, "Model", "unit", "centre").isValid()
    cnn.session.do(unpack(cnn.session.project, "model", "unit")[0])
    settle(cnn)
    assert model_rows(tree) == list(cnn.session.project.model.nodes)


def test_it_follows_every_kind_of_edit_and_its_undo(cnn, tree) -> None:
    def check() -> None:
        for title, graph in (("Model", "model"), ("Data", "data")):
            assert names(tree, find(tree, title)) == list(cnn.session.project.graph(graph).nodes)

    # Qt's own check that a model keeps the contract, after every change.
    tester = QAbstractItemModelTester(
        tree.model(), QAbstractItemModelTester.FailureReportingMode.Warning
    )
    find(tree, "Data", "split")
    project = cnn.session.project
    edits = [
        lambda p: add_node(p, "model", "keras.layers.Dense", connect_from="conv1")[0],
        lambda p: rename(p, "model", "conv3", "third"),
        lambda p: order_nodes(p, "model", ["digit", "image"], "norm"),
        lambda p: delete_and_heal(p, "model", ["norm", "pool", "digit"]),
        lambda p: delete_and_heal(p, "data", list(p.data.nodes)),
        lambda p: add_node(p, "data", "tf.data.Dataset.batch")[0],
    ]
    for edit in edits:
        assert cnn.session.do(edit(cnn.session.project))
        check()
    for _ in edits:
        cnn.session.undo()
        check()
    assert cnn.session.project is project
    assert tester.failureReportingMode() is not None


def test_enter_on_a_graph_brings_it_to_the_front(cnn, tree) -> None:
    tree.setCurrentIndex(find(tree, "Data"))
    press(tree, Qt.Key.Key_Return)
    assert cnn.graph == "data"
