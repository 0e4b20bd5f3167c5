"""What people do on the canvas, each a short story told with real mouse and key events."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.graph.edits import SetParam
from studio.graph.file import dumps
from studio.gui.canvas.problem_card import ProblemCard
from studio.gui.look.theme import theme
from studio.gui.settings import Settings
from studio.gui.window import Window
from tests.gui.conftest import at, drag, middle, opened, settle

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def model(window: Window):
    return window.session.project.model


def edges(window: Window) -> list[tuple[str, str]]:
    return [(e.source, e.target) for e in model(window).edges]


def select(window: Window, *nodes: str) -> None:
    window.canvas.scene().select(nodes)
    window.canvas.setFocus()
    settle(window)


def key(window: Window, *keys: Qt.Key, modifier=NONE) -> None:
    for each in keys:
        QTest.keyClick(window.canvas, each, modifier)
        settle(window)


def click(window: Window, node: str, modifier=NONE) -> None:
    QTest.mouseClick(window.canvas.viewport(), LEFT, modifier, middle(window, node))
    settle(window)


def drop(window: Window, op: str, point: QPoint) -> None:
    """Drops an op of the library at a place of the viewport."""
    data = QMimeData()
    data.setData("application/x-studio-op", op.encode())
    action, button = Qt.DropAction.CopyAction, LEFT
    port = window.canvas.viewport()
    QApplication.sendEvent(port, QDragEnterEvent(point, action, data, button, NONE))
    QApplication.sendEvent(port, QDropEvent(QPointF(point), action, data, button, NONE))
    settle(window)


def edge_middle(window: Window, source: str, target: str) -> QPoint:
    item = window.canvas.scene().edges[source, target, 0]
    return at(window, item.path.pointAtPercent(0.5))


def test_a_dense_dropped_on_an_edge_is_put_into_it(cnn) -> None:
    drop(cnn, "keras.layers.Dense", edge_middle(cnn, "mean", "dropout"))
    assert ("mean", "dense") in edges(cnn)
    assert ("dense", "dropout") in edges(cnn)
    assert ("mean", "dropout") not in edges(cnn)


def test_a_layer_dropped_on_the_ground_stands_there_alone(cnn) -> None:
    drop(cnn, "keras.layers.Flatten", QPoint(30, 30))
    assert "flatten" in model(cnn).nodes
    assert not [e for e in edges(cnn) if "flatten" in e]
    assert cnn.selected() == ["flatten"]


def test_a_free_node_dragged_onto_an_edge_is_put_into_it(cnn) -> None:
    drop(cnn, "keras.layers.Dropout", QPoint(60, 60))
    (name,) = cnn.selected()
    drag(cnn, middle(cnn, name), edge_middle(cnn, "conv2", "norm"))
    assert ("conv2", name) in edges(cnn)
    assert (name, "norm") in edges(cnn)


def test_delete_closes_the_chain(cnn) -> None:
    select(cnn, "norm")
    key(cnn, Qt.Key.Key_Delete)
    assert "norm" not in model(cnn).nodes
    assert ("conv2", "relu") in edges(cnn)


def test_shift_delete_leaves_the_chain_open(cnn) -> None:
    select(cnn, "norm")
    key(cnn, Qt.Key.Key_Delete, modifier=SHIFT)
    assert "norm" not in model(cnn).nodes
    assert ("conv2", "relu") not in edges(cnn)


def test_an_edge_is_selected_by_a_click_and_deleted(cnn) -> None:
    point = edge_middle(cnn, "mean", "dropout")
    QTest.mouseClick(cnn.canvas.viewport(), LEFT, NONE, point)
    key(cnn, Qt.Key.Key_Backspace)
    assert ("mean", "dropout") not in edges(cnn)
    assert {"mean", "dropout"} <= model(cnn).nodes.keys()


def test_copy_and_paste_give_fresh_names_and_the_edges_between(cnn) -> None:
    select(cnn, "conv2", "norm")
    cnn.run_command("edit.copy")
    cnn.run_command("edit.paste")
    settle(cnn)
    first, second = cnn.selected()
    assert (first, second) in edges(cnn)
    assert model(cnn).nodes[first].params == model(cnn).nodes["conv2"].params


def test_cut_takes_out_what_paste_brings_back(cnn) -> None:
    select(cnn, "relu")
    cnn.run_command("edit.cut")
    assert "relu" not in model(cnn).nodes
    cnn.run_command("edit.paste")
    assert "relu" in model(cnn).nodes


def test_paste_into_another_window_keeps_the_parameters(cnn, qapp, qtbot, tmp_path) -> None:
    select(cnn, "conv1")
    cnn.run_command("edit.copy")
    for other in opened(Window(Settings(tmp_path / "other.json")), qtbot):
        other.projects.new()
        settle(other)
        other.run_command("edit.paste")
        settle(other)
        assert other.session.project.model.nodes["conv1"].params == model(cnn).nodes["conv1"].params


def test_foreign_text_in_the_clipboard_changes_nothing(cnn) -> None:
    before = cnn.session.project
    for text in ("hello", "", "{}", '{"studio": 1, "model": 3}', "\x00" * 10):
        QGuiApplication.clipboard().setText(text)
        cnn.run_command("edit.paste")
        assert cnn.session.project is before
        assert "clipboard" in cnn.said


def test_duplicate_has_weights_of_its_own(cnn) -> None:
    select(cnn, "conv3")
    cnn.run_command("edit.duplicate")
    (name,) = cnn.selected()
    assert model(cnn).nodes[name].op == "keras.layers.Conv2D"


def test_a_duplicate_that_shares_weights_bears_the_mark(cnn) -> None:
    select(cnn, "conv3")
    cnn.run_command("edit.duplicate_shared")
    (name,) = cnn.selected()
    assert model(cnn).nodes[name].shares == "conv3"
    assert cnn.canvas.scene().nodes[name].look.shared


def test_a_group_becomes_a_block_with_a_tab_and_its_shapes(cnn) -> None:
    select(cnn, "conv2", "norm", "relu", "conv3")
    cnn.run_command("graph.group")
    settle(cnn)
    (block,) = cnn.selected()
    assert model(cnn).nodes[block].op == "block:block"
    assert not cnn.session.errors
    cnn.run_command("graph.open_block")
    settle(cnn)
    assert cnn.graph == "block:block"
    assert {item.label for item in cnn.canvas.scene().edges.values()} == {"(·, 8, 8, 32)"}


def test_a_block_is_unpacked_where_it_stood(cnn) -> None:
    before = {name: node.params for name, node in model(cnn).nodes.items()}
    select(cnn, "conv2", "norm")
    cnn.run_command("graph.group")
    cnn.run_command("graph.unpack")
    settle(cnn)
    assert {name: node.params for name, node in model(cnn).nodes.items()} == before


def test_plus_repeats_a_block_and_minus_takes_it_back(cnn) -> None:
    select(cnn, "conv2", "norm")
    cnn.run_command("graph.group")
    settle(cnn)
    (block,) = cnn.selected()
    cnn.canvas.setFocus()
    key(cnn, Qt.Key.Key_Plus, Qt.Key.Key_Plus, Qt.Key.Key_Minus)
    assert model(cnn).nodes[block].repeat == 2
    assert cnn.canvas.scene().nodes[block].look.repeat == 2


def test_b_bypasses_a_node_and_uses_it_again(cnn) -> None:
    select(cnn, "pool")
    key(cnn, Qt.Key.Key_B)
    assert model(cnn).nodes["pool"].bypass
    assert cnn.canvas.scene().edges["pool", "conv4", 0].label == "(·, 8, 8, 32)"
    key(cnn, Qt.Key.Key_B)
    assert cnn.canvas.scene().edges["pool", "conv4", 0].label == "(·, 4, 4, 32)"


def test_z_freezes_a_layer_and_trains_it_again(cnn) -> None:
    select(cnn, "conv4")
    key(cnn, Qt.Key.Key_Z)
    assert model(cnn).nodes["conv4"].params["trainable"] is False
    assert cnn.canvas.scene().nodes["conv4"].look.frozen
    assert cnn.said.startswith("Frozen: conv4 · ") and cnn.said.endswith(" parameters are trained")
    key(cnn, Qt.Key.Key_Z)
    assert "trainable" not in model(cnn).nodes["conv4"].params
    assert cnn.said.startswith("Trained again: conv4 · ")
    select(cnn, "pool")
    key(cnn, Qt.Key.Key_Z)
    assert cnn.said == "These nodes have no weights that could be frozen."


def test_shift_and_z_freeze_all_that_feeds_a_node_in_one_step(cnn) -> None:
    before = model(cnn)
    select(cnn, "conv4")
    key(cnn, Qt.Key.Key_Z, modifier=SHIFT)
    frozen = {
        name for name, node in model(cnn).nodes.items() if node.params.get("trainable") is False
    }
    assert "conv4" in frozen and len(frozen) > 1 and "digit" not in frozen
    cnn.run_command("edit.undo")
    assert model(cnn) == before


def test_o_makes_a_node_an_output(cnn) -> None:
    select(cnn, "mean")
    key(cnn, Qt.Key.Key_O)
    assert model(cnn).outputs == ("digit", "mean")
    assert cnn.canvas.scene().nodes["mean"].look.result
    key(cnn, Qt.Key.Key_O)
    assert model(cnn).outputs == ("digit",)


def test_the_layout_is_one_step(cnn, qtbot) -> None:
    start = middle(cnn, "conv4")
    drag(cnn, start, start + QPoint(90, -60))
    select(cnn)
    steps = len(cnn.session.history.labels()[0])
    cnn.run_command("graph.layout")
    qtbot.waitUntil(lambda: cnn.canvas.arranging is None)
    assert len(cnn.session.history.labels()[0]) == steps + 1
    rows = [model(cnn).nodes[name].at[1] for name in ("image", "conv1", "skip", "digit")]
    assert rows == sorted(rows)


def test_escape_ends_a_layout_and_nothing_moves(cnn, qtbot) -> None:
    before = cnn.session.project
    cnn.canvas.setFocus()
    cnn.run_command("graph.layout")
    cnn.canvas.end_everything()
    qtbot.waitUntil(lambda: cnn.canvas.arranging is None)
    assert cnn.session.project is before


def test_a_frame_goes_round_the_selection_and_takes_it_along(cnn) -> None:
    select(cnn, "conv2", "norm")
    cnn.run_command("graph.frame")
    QTest.keyClicks(QApplication.focusWidget(), "Encoder")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    settle(cnn)
    (frame,) = model(cnn).frames.values()
    assert frame.title == "Encoder"
    places = cnn.canvas.scene().places()
    corner = at(cnn, QPointF(frame.x + 30, frame.y + 10))
    drag(cnn, corner, corner + QPoint(60, 20))
    (moved,) = model(cnn).frames.values()
    by = moved.x - frame.x, moved.y - frame.y
    assert by != (0, 0)
    for name in ("conv2", "norm"):
        x, y = places[name]
        assert cnn.canvas.scene().places()[name] == (x + by[0], y + by[1])


def test_c_and_arrows_and_enter_draw_an_edge(cnn) -> None:
    select(cnn, "norm")
    key(cnn, Qt.Key.Key_C)
    assert cnn.canvas.wire is not None
    for _ in range(12):
        if cnn.canvas.wire.target.node == "skip":
            break
        key(cnn, Qt.Key.Key_Down)
    key(cnn, Qt.Key.Key_Return)
    assert cnn.canvas.wire is None
    assert ("norm", "skip") in edges(cnn)


def test_escape_lets_the_wire_of_the_keyboard_go(cnn) -> None:
    before = cnn.session.project
    select(cnn, "norm")
    key(cnn, Qt.Key.Key_C, Qt.Key.Key_Escape)
    assert cnn.canvas.wire is None
    assert cnn.session.project is before


def test_arrows_walk_along_the_edges(cnn) -> None:
    select(cnn, "image")
    key(cnn, Qt.Key.Key_Down)
    assert cnn.selected() == ["conv1"]
    key(cnn, Qt.Key.Key_Up)
    assert cnn.selected() == ["image"]


def test_control_and_arrows_move_in_one_step_of_the_history(cnn) -> None:
    select(cnn, "digit")
    x, y = cnn.canvas.scene().places()["digit"]
    steps = len(cnn.session.history.labels()[0])
    key(cnn, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down, modifier=CONTROL)
    assert model(cnn).nodes["digit"].at == (x + 8, y + 4)
    assert len(cnn.session.history.labels()[0]) == steps + 1


def test_brackets_select_what_feeds_a_node_and_what_it_feeds(cnn) -> None:
    select(cnn, "norm")
    key(cnn, Qt.Key.Key_BracketLeft)
    assert set(cnn.selected()) >= {"image", "conv1", "conv2"}
    select(cnn, "mean")
    key(cnn, Qt.Key.Key_BracketRight)
    assert set(cnn.selected()) >= {"dropout", "digit"}


def test_the_wheel_zooms_to_the_pointer(cnn) -> None:
    point = QPointF(300, 200)
    before, zoom = cnn.canvas.to_scene(point), cnn.canvas.zoom
    event = QWheelEvent(
        point,
        cnn.canvas.viewport().mapToGlobal(point),
        QPoint(),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        NONE,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(cnn.canvas.viewport(), event)
    assert cnn.canvas.zoom > zoom
    after = cnn.canvas.to_scene(point)
    assert (after - before).manhattanLength() * cnn.canvas.zoom < 2


def test_the_middle_button_moves_the_canvas(cnn) -> None:
    before = cnn.canvas.seen().center()
    drag(cnn, QPoint(200, 200), QPoint(260, 240), Qt.MouseButton.MiddleButton)
    moved = cnn.canvas.seen().center() - before
    assert abs(moved.x() * cnn.canvas.zoom + 60) < 3
    assert abs(moved.y() * cnn.canvas.zoom + 40) < 3


def test_home_brings_all_into_sight_and_f_the_selection(cnn, qtbot) -> None:
    cnn.canvas.look_at(QPointF(5000, 5000), 1.0, False)
    cnn.run_command("view.fit")
    qtbot.waitUntil(lambda: cnn.canvas.seen().contains(cnn.canvas.scene().bounds()))
    select(cnn, "digit")
    cnn.run_command("view.frame")
    qtbot.waitUntil(lambda: abs(cnn.canvas.zoom - 1) < 1e-6)
    assert cnn.canvas.seen().contains(cnn.canvas.scene().nodes["digit"].rect)


def test_a_click_on_the_map_goes_there(cnn) -> None:
    cnn.canvas.zoom_by(4)
    before = cnn.canvas.seen().center()
    settle(cnn)
    cnn.canvas.minimap.grab()
    QTest.mouseClick(cnn.canvas.minimap, LEFT, NONE, QPoint(74, 84))
    assert cnn.canvas.seen().center().y() > before.y()


def test_escape_puts_a_dragged_node_back(cnn) -> None:
    before = cnn.canvas.scene().places()
    port, start = cnn.canvas.viewport(), middle(cnn, "conv1")
    QTest.mousePress(port, LEFT, NONE, start)
    QTest.mouseMove(port, start + QPoint(50, 50))
    assert cnn.canvas.scene().places() != before
    key(cnn, Qt.Key.Key_Escape)
    QTest.mouseRelease(port, LEFT, NONE, start + QPoint(50, 50))
    assert cnn.canvas.scene().places() == before
    assert not cnn.session.unsaved


def test_the_end_of_an_edge_is_led_to_another_node(cnn) -> None:
    scene = cnn.canvas.scene()
    start = at(cnn, scene.nodes["dropout"].input_point(0))
    cnn.session.do(SetParam("model", "dropout", "rate", 0.2))
    drag(cnn, start, middle(cnn, "digit"))
    assert ("mean", "digit") in edges(cnn)
    assert ("mean", "dropout") not in edges(cnn)


def test_the_end_of_an_edge_let_go_over_nothing_takes_it_away(cnn) -> None:
    start = at(cnn, cnn.canvas.scene().nodes["digit"].input_point(0))
    drag(cnn, start, QPoint(20, 20))
    assert ("dropout", "digit") not in edges(cnn)


def test_a_wire_says_why_not_while_it_is_still_in_the_hand(cnn) -> None:
    scene = cnn.canvas.scene()
    port = cnn.canvas.viewport()
    QTest.mousePress(port, LEFT, NONE, at(cnn, scene.nodes["mean"].output_point(0)))
    for target in ("conv4", "conv1"):
        QTest.mouseMove(port, at(cnn, scene.nodes[target].input_point(0)))
        assert "circle" in cnn.canvas.gesture.why
    cnn.canvas.cancel_gesture()
    QTest.mouseRelease(port, LEFT, NONE, QPoint(5, 5))


def test_a_wire_to_a_taken_port_takes_the_place_of_the_edge_there(cnn) -> None:
    scene = cnn.canvas.scene()
    start = at(cnn, scene.nodes["conv1"].output_point(0))
    drag(cnn, start, at(cnn, scene.nodes["conv3"].input_point(0)))
    assert ("conv1", "conv3") in edges(cnn)
    assert ("relu", "conv3") not in edges(cnn)


def test_free_ports_show_while_a_wire_is_over_their_node(window, project) -> None:
    window.projects.open(project("attention_encoder"))
    window.canvas.frame(animated=False)
    settle(window)
    scene = window.canvas.scene()
    name = next(n for n, item in scene.nodes.items() if item.look.kind == "MultiHeadAttention")
    item = scene.nodes[name]
    assert item.look.spare
    source = next(iter(scene.nodes.values()))
    port = window.canvas.viewport()
    QTest.mousePress(port, LEFT, NONE, at(window, source.output_point(0)))
    QTest.mouseMove(port, middle(window, name))
    assert item.inputs == item.look.inputs + item.look.spare
    window.canvas.cancel_gesture()
    QTest.mouseRelease(port, LEFT, NONE, QPoint(5, 5))
    assert item.inputs == item.look.inputs


def test_a_parameter_changes_the_shapes_behind_it_at_once(cnn) -> None:
    cnn.session.do(SetParam("model", "conv4", "filters", 128))
    assert cnn.canvas.scene().edges["conv4", "mean", 0].label == "(·, 2, 2, 128)"
    assert cnn.canvas.scene().nodes["conv4"].look.line.startswith("128")


def test_what_is_refused_is_red_and_counted(cnn) -> None:
    cnn.session.do(SetParam("model", "conv3", "filters", 7))
    settle(cnn)
    assert cnn.canvas.scene().nodes["skip"].errors == 1
    assert cnn.canvas.scene().edges["conv3", "skip", 0].refused


def test_the_badge_says_what_is_wrong_and_offers_the_mend(cnn) -> None:
    cnn.session.do(SetParam("model", "conv2", "use_bias", True))
    settle(cnn)
    item = cnn.canvas.scene().nodes["conv2"]
    cnn.canvas.frame(["conv2"], animated=False)
    QTest.mouseMove(cnn.canvas.viewport(), at(cnn, item.pos() + item.BADGE.center()))
    settle(cnn)
    card = cnn.canvas.findChild(ProblemCard)
    assert card.isVisible()
    QTest.mouseClick(card.buttons[0], LEFT)
    settle(cnn)
    assert model(cnn).nodes["conv2"].params["use_bias"] is False
    assert not item.warnings


def test_r_puts_another_layer_in_the_place_of_one(cnn) -> None:
    select(cnn, "pool")
    key(cnn, Qt.Key.Key_R)
    QTest.keyClicks(QApplication.focusWidget(), "AveragePooling2D")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    settle(cnn)
    assert model(cnn).nodes["pool"].op == "keras.layers.AveragePooling2D"
    assert {("skip", "pool"), ("pool", "conv4")} <= set(edges(cnn))
    assert cnn.selected() == ["pool"]


def test_shift_and_click_add_to_the_selection_and_take_from_it(cnn) -> None:
    click(cnn, "conv1")
    click(cnn, "norm", SHIFT)
    assert cnn.selected() == ["conv1", "norm"]
    click(cnn, "conv1", SHIFT)
    assert cnn.selected() == ["norm"]


def test_all_that_was_done_is_undone_to_the_first_bytes(cnn) -> None:
    first = dumps(cnn.session.project)
    select(cnn, "norm")
    key(cnn, Qt.Key.Key_Delete)
    drop(cnn, "keras.layers.Dense", QPoint(40, 40))
    select(cnn, "conv1")
    cnn.run_command("edit.duplicate_shared")
    cnn.session.do(SetParam("model", "conv4", "filters", 9))
    while cnn.session.undo() is not None:
        settle(cnn)
    assert dumps(cnn.session.project) == first
    assert cnn.canvas.scene().nodes.keys() == model(cnn).nodes.keys()
    assert not cnn.session.unsaved


def test_the_theme_can_be_changed_while_a_graph_is_shown(cnn) -> None:
    light = cnn.canvas.grab().toImage().pixelColor(3, 3)
    cnn.run_command("view.theme_dark")
    dark = cnn.canvas.grab().toImage().pixelColor(3, 3)
    assert theme.tokens.name == "dark"
    assert dark.lightness() < 60 < light.lightness()
    cnn.run_command("view.theme_light")


def test_the_data_graph_has_a_tab_of_its_own(cnn) -> None:
    cnn.tabs.show("data")
    settle(cnn)
    assert cnn.graph == "data"
    assert cnn.canvas.scene().nodes.keys() == cnn.session.project.data.nodes.keys()
    assert any("int" in item.label for item in cnn.canvas.scene().edges.values())


def test_select_all_and_nothing(cnn) -> None:
    cnn.canvas.setFocus()
    cnn.run_command("edit.select_all")
    assert len(cnn.selected()) == len(model(cnn).nodes)
    key(cnn, Qt.Key.Key_Escape)
    assert cnn.selected() == []
