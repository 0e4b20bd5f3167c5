"""The inspector, by real keys: what is typed is set at once, what is wrong is said and not set."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from studio.graph.catalogue.op import Op, Param
from studio.graph.catalogue.registry import find, paths
from studio.graph.catalogue.types import (
    Bool,
    Choice,
    DictOf,
    Either,
    Float,
    Int,
    Ints,
    ListOf,
    OneCall,
    Shape,
    Text,
    Type,
)
from studio.graph.document import Node, Project
from studio.graph.edits import AddNode, Connect, SetParam, SetTraining
from studio.graph.file import plain
from studio.gui.inspector.form import Form
from studio.gui.inspector.line_field import LineField
from studio.gui.inspector.place import ABSENT, Place
from studio.gui.inspector.written import read, same, written
from studio.gui.session import Session
from studio.gui.window import Window
from tests.gui.conftest import settle


@pytest.fixture
def open_template(window, project):
    def opened(name: str) -> Window:
        assert window.projects.open(project(name)), window.said
        settle(window)
        return window

    return opened


def inspector(window: Window):
    return window.docks["node"].panel


def field(window: Window, name: str, inside: str = ""):
    """The field of a parameter; `inside` a parameter that is a call."""
    form = inspector(window).node.form
    if inside:
        form = form.fields[inside].form
    return form.fields[name]


def type_over(qtbot, line, text: str) -> None:
    """Types into a line from the keyboard, over what stands there."""
    line.setFocus()
    line.selectAll()
    if text:
        qtbot.keyClicks(line, text)
    else:
        qtbot.keyClick(line, Qt.Key.Key_Delete)


def pick(qtbot, picker, text: str) -> None:
    """Picks an entry of a list from the keyboard: its first letters open the list and find it."""
    picker.setFocus()
    qtbot.keyClicks(picker, text[0])
    assert picker.view().isVisible()
    qtbot.keyClicks(picker.view(), text[1:])
    assert picker.view().currentIndex().data() == text
    qtbot.keyClick(picker.view(), Qt.Key.Key_Return)


def label_after(window: Window, node: str) -> str:
    scene = window.canvas.scene()
    return next(item.label for key, item in scene.edges.items() if key[0] == node)


def params(window: Window, node: str) -> dict:
    return window.session.project.model.nodes[node].params


# Typing


def test_typing_sets_the_parameter_letter_by_letter_and_the_next_shape_follows(qtbot, cnn):
    cnn.select("model", ["conv1"])
    line = field(cnn, "filters").editor
    line.setFocus()
    line.selectAll()
    seen = []
    for letter in "128":
        qtbot.keyClicks(line, letter)
        seen.append((params(cnn, "conv1")["filters"], label_after(cnn, "conv1")))
    assert seen == [(1, "(·, 8, 8, 1)"), (12, "(·, 8, 8, 12)"), (128, "(·, 8, 8, 128)")]
    assert inspector(cnn).node.facts.rows[1] == ("output", "(·, 8, 8, 128)")


def test_the_field_keeps_focus_and_cursor_while_the_document_follows(qtbot, cnn):
    cnn.select("model", ["conv1"])
    form = inspector(cnn).node.form
    line = field(cnn, "filters").editor
    type_over(qtbot, line, "64")
    qtbot.keyClick(line, Qt.Key.Key_Left)
    qtbot.keyClicks(line, "0")
    cnn.session.settle()
    assert (line.text(), line.cursorPosition()) == ("604", 2)
    assert line.hasFocus()
    assert inspector(cnn).node.form is form


def test_undo_after_typing_is_one_step_also_from_within_the_field(qtbot, cnn):
    cnn.select("model", ["conv1"])
    before = cnn.session.project
    line = field(cnn, "filters").editor
    type_over(qtbot, line, "128")
    qtbot.keyClick(line, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert cnn.session.project is before
    assert line.text() == "32"
    assert cnn.session.redo() is not None
    assert (params(cnn, "conv1")["filters"], line.text()) == (128, "128")


def test_a_pause_begins_a_step_of_its_own(qtbot, cnn):
    cnn.select("model", ["conv1"])
    line = field(cnn, "filters").editor
    type_over(qtbot, line, "12")
    cnn.session.history.seal()
    qtbot.keyClicks(line, "8")
    cnn.session.undo()
    assert params(cnn, "conv1")["filters"] == 12


@pytest.mark.parametrize("typed", ["many", "-3", "0", "1.5", '"8"', "true", ""])
def test_what_is_no_value_is_shown_and_said_and_not_set(qtbot, cnn, typed):
    cnn.select("model", ["conv1"])
    before = cnn.session.project
    filters = field(cnn, "filters")
    type_over(qtbot, filters.editor, typed)
    assert cnn.session.project.model.nodes["conv1"].params["filters"] in (32, 1)
    if typed != "1.5":  # which begins with a 1
        assert cnn.session.project is before
    assert filters.editor.text() == typed
    assert filters.editor.property("wrong") == "true"
    assert "whole number of at least 1" in filters.wrong
    qtbot.keyClick(filters.editor, Qt.Key.Key_Escape)
    assert filters.editor.text() == str(params(cnn, "conv1")["filters"])
    assert filters.editor.property("wrong") == "false"


def test_arrow_keys_and_the_wheel_step_a_number_and_stop_at_its_range(qtbot, cnn):
    cnn.select("model", ["conv1"])
    line = field(cnn, "filters").editor
    line.setFocus()
    for key, value in ((Qt.Key.Key_Up, 33), (Qt.Key.Key_PageUp, 43), (Qt.Key.Key_Down, 42)):
        qtbot.keyClick(line, key)
        assert params(cnn, "conv1")["filters"] == value
    for _ in range(6):
        qtbot.keyClick(line, Qt.Key.Key_PageDown)
    assert params(cnn, "conv1")["filters"] == 1
    _wheel(line, 120)
    assert params(cnn, "conv1")["filters"] == 2


def test_the_wheel_over_a_field_without_focus_changes_nothing(qtbot, cnn):
    cnn.select("model", ["conv1"])
    before = cnn.session.project
    cnn.canvas.setFocus()
    for name in ("filters", "padding"):
        _wheel(field(cnn, name).editor, 120)
    assert cnn.session.project is before


def _wheel(widget, angle: int) -> None:
    at = QPointF(widget.rect().center())
    event = QWheelEvent(
        at,
        widget.mapToGlobal(at),
        QPoint(),
        QPoint(0, angle),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def test_dragging_a_name_sideways_steps_its_number(qtbot, cnn):
    cnn.select("model", ["conv1"])
    label = field(cnn, "filters").label
    qtbot.mousePress(label, Qt.MouseButton.LeftButton, pos=QPoint(4, 8))
    qtbot.mouseMove(label, QPoint(24, 8))
    qtbot.mouseRelease(label, Qt.MouseButton.LeftButton, pos=QPoint(24, 8))
    assert params(cnn, "conv1")["filters"] == 37


# Defaults


def test_a_changed_value_is_reset_by_its_button_or_by_emptying_the_field(qtbot, cnn):
    cnn.select("model", ["conv1"])
    strides = field(cnn, "strides")
    assert (strides.editor.text(), strides.editor.placeholderText()) == ("", "1 × 1")
    type_over(qtbot, strides.editor, "2x2")
    assert params(cnn, "conv1")["strides"] == [2, 2]
    qtbot.keyClick(strides.editor, Qt.Key.Key_Return)
    assert strides.editor.text() == "2 × 2"
    qtbot.mouseClick(strides._reset, Qt.MouseButton.LeftButton)
    assert "strides" not in params(cnn, "conv1")
    assert strides._reset.isHidden()
    type_over(qtbot, strides.editor, "2")
    type_over(qtbot, strides.editor, "")
    assert "strides" not in params(cnn, "conv1")


def test_what_is_at_its_default_and_rarely_matters_is_folded(qtbot, cnn):
    cnn.select("model", ["conv1"])
    form = inspector(cnn).node.form
    assert list(form.fields)[:3] == ["filters", "kernel_size", "strides"]
    assert "padding" in form.fields and "groups" not in form.fields
    more = form.findChild(QPushButton, "more")
    folded = len(form.op.params) - len(form.fields)
    assert more.text() == f"Show {folded} more at their defaults"
    qtbot.mouseClick(more, Qt.MouseButton.LeftButton)
    assert set(form.fields) == set(form.op.params)
    assert list(form._order)[-4:] == ["trainable", "dtype", "autocast", "name"]
    qtbot.mouseClick(more, Qt.MouseButton.LeftButton)
    assert "groups" not in form.fields


def test_a_choice_and_a_switch(qtbot, cnn):
    cnn.select("model", ["conv1"])
    pick(qtbot, field(cnn, "padding").editor, "valid")
    assert params(cnn, "conv1")["padding"] == "valid"
    cnn.select("model", ["conv2"])
    switch = field(cnn, "use_bias").editor
    before = params(cnn, "conv2")["use_bias"]
    switch.setFocus()
    qtbot.keyClick(switch, Qt.Key.Key_Space)
    assert params(cnn, "conv2")["use_bias"] is not before


# Calls in calls


def test_an_initializer_unfolds_its_own_form(qtbot, cnn):
    cnn.select("model", ["conv1"])
    inspector(cnn).node.form.turn()
    chosen = field(cnn, "kernel_initializer")
    assert chosen.form is None
    pick(qtbot, chosen.picker, "HeNormal")
    assert params(cnn, "conv1")["kernel_initializer"] == {"op": "keras.initializers.HeNormal"}
    type_over(qtbot, field(cnn, "seed", "kernel_initializer").editor, "42")
    assert params(cnn, "conv1")["kernel_initializer"] == {
        "op": "keras.initializers.HeNormal",
        "params": {"seed": 42},
    }
    cnn.session.undo()
    assert field(cnn, "seed", "kernel_initializer").editor.text() == ""
    cnn.session.undo()
    assert chosen.form is None


def test_a_train_step_and_its_optimizers_stand_in_the_form_of_the_training(qtbot, open_template):
    window = open_template("digits_gan")
    form = inspector(window).project.training.form
    step = form.fields["train_step"]
    assert step.place.code(step.kind.kinds) == ["take_turns"]
    assert step._title(step.value) == "take_turns" and step.form is None
    rate = form.fields["optimizers.discriminator"].form.fields["learning_rate"]
    type_over(qtbot, rate._line.editor, "0.002")
    changed = window.session.project.training.optimizers["discriminator"]
    assert changed.params == {"learning_rate": 0.002, "beta_1": 0.5}


def test_a_schedule_in_an_optimizer_keeps_the_rate_it_began_with(qtbot, cnn):
    form = inspector(cnn).project.training.form
    rate = form.fields["optimizer"].form.fields["learning_rate"]
    type_over(qtbot, rate._line.editor, "0.002")
    rate.turn()
    pick(qtbot, rate._call.picker, "CosineDecay")
    given = plain(cnn.session.project.training.optimizer)
    assert given["params"]["learning_rate"] == {
        "op": "keras.optimizers.schedules.CosineDecay",
        "params": {"initial_learning_rate": 0.002},
    }
    type_over(qtbot, rate._call.form.fields["decay_steps"].editor, "5000")
    given = plain(cnn.session.project.training.optimizer)
    assert given["params"]["learning_rate"]["params"]["decay_steps"] == 5000
    rate.turn()
    given = plain(cnn.session.project.training.optimizer)
    assert "learning_rate" not in given.get("params", {})


def test_another_optimizer_keeps_what_both_have(qtbot, cnn):
    optimizer = inspector(cnn).project.training.form.fields["optimizer"]
    type_over(qtbot, optimizer.form.fields["learning_rate"]._line.editor, "0.01")
    pick(qtbot, optimizer.picker, "SGD")
    assert plain(cnn.session.project.training.optimizer) == {
        "op": "keras.optimizers.SGD",
        "params": {"learning_rate": 0.01},
    }


def test_the_speed_of_a_training_may_be_left_to_a_measurement(qtbot, cnn):
    form = inspector(cnn).project.training.form
    form.turn()
    type_over(qtbot, form.fields["steps_per_execution"].editor, "auto")
    assert cnn.session.project.training.steps_per_execution == "auto"
    pick(qtbot, form.fields["jit_compile"].editor, "auto")
    assert cnn.session.project.training.jit_compile == "auto"
    type_over(qtbot, form.fields["epochs"].editor, "16")
    assert cnn.session.project.training.epochs == 16


def test_callbacks_are_added_moved_and_removed(qtbot, cnn):
    def names() -> list[str]:
        return [c.op.rpartition(".")[2] for c in cnn.session.project.training.callbacks]

    callbacks = inspector(cnn).project.training.form.fields["callbacks"]
    before = names()
    pick(qtbot, callbacks.picker, "TerminateOnNaN")
    assert names() == [*before, "TerminateOnNaN"]
    pick(qtbot, callbacks.picker, "EarlyStopping")
    callbacks.move(len(before) + 1, -1)
    assert names() == [*before, "EarlyStopping", "TerminateOnNaN"]
    row = callbacks.rows[len(before)]
    type_over(qtbot, row.field.form.fields["patience"].editor, "7")
    changed = cnn.session.project.training.callbacks[len(before)]
    assert changed.params["patience"] == 7
    qtbot.mouseClick(row.remove, Qt.MouseButton.LeftButton)
    assert names() == [*before, "TerminateOnNaN"]


def test_losses_and_metrics_stand_by_the_outputs_of_the_model(qtbot, open_template):
    window = open_template("two_inputs_two_outputs")
    form = inspector(window).project.training.form
    outputs = list(window.session.project.model.outputs)
    for field in ("losses", "loss_weights", "metrics"):
        assert [f"{field}.{name}" for name in outputs] == [
            name for name in form.fields if name.startswith(f"{field}.")
        ]
    type_over(qtbot, form.fields[f"loss_weights.{outputs[0]}"].editor, "0.25")
    assert window.session.project.training.loss_weights[outputs[0]] == 0.25
    type_over(qtbot, form.fields["epochs"].editor, "9")
    assert window.session.project.training.epochs == 9


def test_the_dock_of_the_training_shows_the_same_and_follows(qtbot, cnn):
    panel = cnn.panel("training-settings")
    QApplication.processEvents()
    seed = panel.training.form.fields["seed"]
    type_over(qtbot, seed.editor, "11")
    assert cnn.session.project.training.seed == 11
    cnn.session.do(SetTraining("epochs", 77))
    assert panel.training.form.fields["epochs"].editor.text() == "77"
    cnn.panel("node")
    cnn.select("model", [])
    assert inspector(cnn).project.training.form.fields["epochs"].editor.text() == "77"


def test_with_nothing_selected_the_project_is_summed_up(qtbot, cnn):
    rows = dict(inspector(cnn).project.facts.rows)
    assert rows["model"] == f"{len(cnn.session.project.model.nodes)} nodes"
    assert rows["parameters"] == "38,058"
    type_over(qtbot, inspector(cnn).project.form.fields["name"].editor, "other")
    assert cnn.session.project.name == "other"


def test_tab_goes_through_the_form_as_the_eye_does_also_into_a_call_within(qtbot, cnn):
    call = {"op": "keras.initializers.RandomNormal"}
    cnn.session.do(SetParam("model", "conv1", "kernel_initializer", call))
    cnn.select("model", ["conv1"])
    page = inspector(cnn).node
    page.head.name.setFocus()
    seen = []
    while (at := QApplication.focusWidget()) is not page.note.editor and len(seen) < 30:
        seen.append(at.accessibleName() or at.text())
        qtbot.keyClick(at, Qt.Key.Key_Tab)
    more = page.form._more.text()
    fields = [name for name in page.form._order if name in page.form.fields]
    after = fields.index("kernel_initializer") + 1
    within = list(find(call["op"]).params)
    assert seen == ["name", "bypass", *fields[:after], *within, *fields[after:], more]
    for name in reversed(seen):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Backtab)
        at = QApplication.focusWidget()
        assert (at.accessibleName() or at.text()) == name


# Several nodes


def test_several_nodes_edit_what_they_have_in_common_in_one_step(qtbot, cnn):
    cnn.select("model", ["conv1", "conv2", "conv3"])
    before = cnn.session.project
    filters = field(cnn, "filters")
    type_over(qtbot, filters.editor, "48")
    assert [params(cnn, n)["filters"] for n in ("conv1", "conv2", "conv3")] == [48, 48, 48]
    cnn.session.undo()
    assert cnn.session.project is before


def test_values_that_differ_are_named_so_until_one_is_given(qtbot, cnn):
    cnn.session.do(SetParam("model", "conv1", "filters", 8))
    cnn.select("model", ["conv1", "conv2"])
    line = field(cnn, "filters").editor
    assert (line.text(), line.placeholderText()) == ("", "several")
    type_over(qtbot, line, "9")
    assert params(cnn, "conv1")["filters"] == params(cnn, "conv2")["filters"] == 9


def test_different_ops_share_the_parameters_that_both_have(qtbot, cnn):
    cnn.select("model", ["conv1", "digit"])
    form = inspector(cnn).node.form
    assert "activation" in form.op.params and "use_bias" in form.op.params
    assert "filters" not in form.op.params and "units" not in form.op.params


# The head


def test_a_node_is_renamed_when_its_name_is_finished(qtbot, cnn):
    cnn.select("model", ["conv1"])
    name = inspector(cnn).node.head.name
    type_over(qtbot, name.editor, "first")
    assert "first" not in cnn.session.project.model.nodes
    qtbot.keyClick(name.editor, Qt.Key.Key_Return)
    assert "first" in cnn.session.project.model.nodes
    assert cnn.selected() == ["first"]
    assert cnn.docks["node"].windowTitle() == "first"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("2nd", "no Python identifier"),
        ("class", "a word of Python"),
        ("conv2", "already a node"),
        ("", "needs a name"),
    ],
)
def test_a_name_that_cannot_be_is_said_and_not_given(qtbot, cnn, typed, said):
    cnn.select("model", ["conv1"])
    before = cnn.session.project
    name = inspector(cnn).node.head.name
    type_over(qtbot, name.editor, typed)
    qtbot.keyClick(name.editor, Qt.Key.Key_Return)
    assert said in name.wrong
    assert cnn.session.project is before


def test_bypass_and_note(qtbot, cnn):
    cnn.select("model", ["dropout"])
    page = inspector(cnn).node
    qtbot.mouseClick(page.head.bypass.editor, Qt.MouseButton.LeftButton)
    assert cnn.session.project.model.nodes["dropout"].bypass
    type_over(qtbot, page.note.editor, "off for now")
    assert cnn.session.project.model.nodes["dropout"].note == "off for now"
    cnn.session.undo()
    assert (cnn.session.project.model.nodes["dropout"].note, page.note.editor.text()) == ("", "")


def test_problems_of_the_node_are_cards_whose_button_mends_them(qtbot, cnn):
    cnn.session.do(AddNode("model", Node("lost", op="keras.layers.Flatten")))
    cnn.session.settle()
    cnn.select("model", ["lost"])
    cards = inspector(cnn).node.cards
    assert {problem.node for problem in cards.problems} == {"lost"}
    button = cards.findChild(QPushButton)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert "lost" not in cnn.session.project.model.nodes


def test_a_shared_layer_shows_whose_it_is_and_can_be_given_its_own(qtbot, cnn):
    session = cnn.session
    session.do(AddNode("model", Node("again", shares="conv3")))
    session.do(Connect("model", "norm", "again"))
    session.do(Connect("model", "again", "skip"))
    cnn.select("model", ["again"])
    edges = session.project.model.edges
    type_over(qtbot, field(cnn, "filters").editor, "16")
    assert params(cnn, "conv3")["filters"] == 16
    qtbot.mouseClick(inspector(cnn).node.head.part, Qt.MouseButton.LeftButton)
    again = session.project.model.nodes["again"]
    assert (again.shares, again.op, again.params["filters"]) == (None, "keras.layers.Conv2D", 16)
    assert session.project.model.edges == edges


# Blocks and code


def test_a_block_has_its_parameters_as_fields_and_inside_it_they_can_be_used(qtbot, open_template):
    window = open_template("residual_blocks")
    project = window.session.project
    name, block = next(iter(project.blocks.items()))
    user = next(n.id for n in project.model.nodes.values() if n.op == f"block:{name}")
    window.select("model", [user])
    assert set(inspector(window).node.form.fields) >= set(block.parameters)
    type_over(qtbot, field(window, "filters").editor, "24")
    assert params(window, user)["filters"] == 24
    repeat = inspector(window).node.head.repeat
    type_over(qtbot, repeat.editor, "4")
    assert window.session.project.model.nodes[user].repeat == 4

    conv = next(n.id for n in block.nodes.values() if n.params.get("filters") == {"$": "filters"})
    window.select(f"block:{name}", [conv])
    filters = field(window, "filters")
    assert filters._chip.text() == "= filters"
    assert filters.editor.isHidden() and not filters._chip.isHidden()
    own = next(a for a in filters.menu().actions() if a.text() == "Use a value of its own")
    own.trigger()
    inside = lambda: window.session.project.blocks[name].nodes[conv].params  # noqa: E731
    assert isinstance(inside()["filters"], int)
    uses = next(a for a in filters.menu().actions() if a.menu() is not None)
    uses.menu().actions()[0].trigger()
    assert inside()["filters"] == {"$": "filters"}


def test_own_code_is_edited_beside_its_parameters(qtbot, open_template):
    window = open_template("custom_layer")
    project = window.session.project
    node = next(n for n in project.model.nodes.values() if (n.op or "").startswith("code:"))
    window.select("model", [node.id])
    page = inspector(window).node
    qtbot.mouseClick(page._edit_code, Qt.MouseButton.LeftButton)
    text = page.editor.text
    name = node.op.removeprefix("code:")
    assert text.toPlainText() == project.code[name].source
    before = window.session.project
    text.setFocus()
    qtbot.keyClick(text, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClicks(text, "x = (")
    assert window.session.project.code[name].source.endswith("x = (")
    assert text.wrong_line == text.blockCount()
    assert not page.editor._said.isHidden()
    assert page.form.fields.keys() == {"units"} and page.form.op.params
    formats = text.document().findBlockByNumber(0).layout().formats()
    assert formats, "the code is coloured"
    qtbot.keyClick(text, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.session.project is before
    assert text.wrong_line == 0
    assert text.toPlainText() == project.code[name].source


# Every op


def test_every_op_can_be_shown_and_every_field_gives_its_default_back(qapp):
    place = Place(Session(Project()), "model")
    made = 0
    for path in paths():
        op = find(path)
        form = Form(op, {}, place)
        form.turn()
        assert set(form.fields) == set(op.params), path
        for name, each in form.fields.items():
            default = op.params[name].default
            if op.params[name].required:
                continue
            each.show_value(default)
            assert each.value == default, (path, name)
            if isinstance(each, LineField) and default != "":
                again = read(each.param, each.editor.text())
                axes = each.param.type.axes if isinstance(each.param.type, Ints) else 0
                alike = [v if isinstance(v, list) else [v] * axes for v in (again, default)]
                same_axes = axes and alike[0] == alike[1]
                assert same(again, default) or same_axes, (path, name, default, again)
            each.show_value(ABSENT)
            made += 1
        form.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert made > 2000


class CallParam(Param, frozen=True):
    """A parameter of a layer's call."""

    call: bool = True


def test_arguments_of_the_call_stand_in_a_group_of_their_own(qapp):
    params = {
        "causal": CallParam("causal", Bool(), False),
        "units": Param("units", Int(1)),
        "training": CallParam("training", Bool(), None),
    }
    form = Form(Op("x", "layer", "core", params=params), {}, Place(Session(Project()), "model"))
    form.turn()
    grid = form.layout()
    widgets = [grid.itemAt(index).widget() for index in range(grid.count())]
    shown = [w.text() if isinstance(w, QLabel) else getattr(w, "param", None) for w in widgets[:4]]
    assert shown == [params["units"], "Call", params["causal"], params["training"]]


# What is typed


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        (Int(1), "12", 12),
        (Int(), "-1", -1),
        (Int(1), " 7 ", 7),
        (Float(), "1e-3", 0.001),
        (Float(), ".5", 0.5),
        (Float(), "2", 2),
        (Float(point=True), "2", 2.0),
        (Ints(2), "3", 3),
        (Ints(2), "3x3", [3, 3]),
        (Ints(2), "3, 5", [3, 5]),
        (Ints(2), "(3, 3)", [3, 3]),
        (Ints(2), "[3, 3]", [3, 3]),
        (Ints(2), "3 × 3", [3, 3]),
        (Shape(), "8 × 8 × 1", [8, 8, 1]),
        (Shape(), "none, 3", [None, 3]),
        (Shape(), "· × 3", [None, 3]),
        (Shape(), "? 3", [None, 3]),
        (Shape(), "()", []),
        (ListOf(Int()), "1, 2", [1, 2]),
        (ListOf(Int()), "(1, 2)", [1, 2]),
        (ListOf(Text()), "a, b", ["a", "b"]),
        (Either((Int(), ListOf(Int()))), "-1", -1),
        (Either((Int(), ListOf(Int()))), "1, 2", [1, 2]),
        (Either((Choice(("auto",)), Int())), "auto", "auto"),
        (DictOf(Float()), '{"0": 1.5}', {"0": 1.5}),
        (DictOf(Float()), "{'a': 2}", {"a": 2}),
        (Text(), "plain words", "plain words"),
        (Text(), '"12"', "12"),
        (Type(), "[1, {'a': None}]", [1, {"a": None}]),
        (OneCall(("activation",)), "relu", "relu"),
    ],
)
def test_what_is_typed_is_read_as_the_type_would_have_it(kind, typed, value):
    found = read(Param("p", kind), typed)
    assert found == value and type(found) in (type(value), *type(value).__subclasses__())
    assert json.loads(json.dumps(found)) == value
    assert read(Param("p", kind), written(kind, found)) in (value, [value] * 2)


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        (Int(1), "0"),
        (Int(), "1.5"),
        (Float(min=0, max=1), "2"),
        (Float(), "nan"),
        (Float(), "1e999"),
        (Ints(2), "3 × 3 × 3"),
        (Ints(2), "three"),
        (Shape(), "8 × b"),
        (ListOf(Int()), "1, b"),
        (ListOf(Int()), "[" * 500),
        (Choice(("a", "b")), "c"),
        (DictOf(Float()), "{1: 2}"),
        (DictOf(Float()), "__import__('os')"),
        (Type(), "words"),
        (Int(), "9" * 5000),
    ],
)
def test_what_is_none_of_its_values_is_refused_with_what_is_expected(kind, typed):
    with pytest.raises(ValueError, match="Expected"):
        read(Param("p", kind), typed)


ODD = (
    None,
    True,
    -1,
    1.5,
    "",
    "none",
    'quote " and \\ and \n line',
    [],
    [None],
    [[1], {"a": None}],
    {},
    {"op": 5},
    {"op": "keras.layers.Dense", "params": 7},
    {"op": "keras.initializers.HeNormal", "params": {"unknown": {"op": None}}},
    {"op": "code:Lost"},
    {"op": "no.such", "params": {}},
    {"$": "lost"},
    {"$": 5},
    [{"op": "keras.callbacks.EarlyStopping", "params": {"patience": "x"}}, 5, None],
)


def test_whatever_stands_in_a_file_is_shown_and_left_as_it_is(qapp):
    place = Place(Session(Project()), "model")
    for path in (
        "keras.layers.Bidirectional",
        "keras.layers.LSTM",
        "keras.layers.MultiHeadAttention",
        "keras.layers.StackedRNNCells",
        "keras.Input",
        "keras.optimizers.Adam",
        "keras.callbacks.EarlyStopping",
        "studio.data.csv",
        "tf.data.Dataset.map",
    ):
        form = Form(find(path), {}, place)
        form.turn()
        given = []
        form.given.connect(lambda *each, given=given: given.append(each))
        for value in ODD:
            form.show_values(dict.fromkeys([*form.op.params, "unknown"], value))
            assert all(same(each.value, value) for each in form.fields.values())
        form.show_values({})
        assert not given
        form.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
