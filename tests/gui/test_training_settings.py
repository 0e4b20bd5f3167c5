"""The settings of the training in the window: schedules drawn, cards in order, speeds measured."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.engine import learning_rate, speed
from studio.graph.edits import SetParam, SetTraining
from studio.graph.file import load, plain
from studio.graph.schedules import SCHEDULES
from studio.gui.window import Window
from studio.training_commands import _rate_json, _speed_json
from tests.gui.conftest import settle
from tests.gui.test_inspector import pick, type_over

pytestmark = pytest.mark.slow  # they take long, and one window is theirs for all that time

LONG = 400_000
"""Milliseconds that a measurement may take on a busy machine."""

LEFT, NONE, ALT = (
    Qt.MouseButton.LeftButton,
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.AltModifier,
)
COSINE = {"op": f"{SCHEDULES}.CosineDecay", "params": {"initial_learning_rate": 0.01}}
COSINE["params"]["decay_steps"] = 1000


@pytest.fixture
def cnn(shared) -> Window:
    """The window on the template digits_cnn."""
    return shared("digits_cnn")


@pytest.fixture
def panel(cnn):
    """The panel, in front, and as it is at first."""
    found = cnn.panel("training-settings")
    found.attach(cnn.session)
    settle(cnn)
    return found


def fields(panel) -> dict[str, Any]:
    return panel.training.form.fields


def set_rate(window: Window, rate: Any) -> None:
    params = {"learning_rate": rate}
    window.session.do(SetTraining("optimizer", {"op": "keras.optimizers.Adam", "params": params}))
    settle(window)


def rate_of(window: Window) -> Any:
    return plain(window.session.project.training.optimizer)["params"]["learning_rate"]


def curve_of(panel) -> Any:
    return fields(panel)["optimizer"].form.fields["learning_rate"]._call.curve


def click(widget) -> None:
    QTest.mouseClick(widget, LEFT)


def hover(widget, at: QPointF) -> None:
    """Moves the mouse over a widget, also one beside the screen, which is small offscreen."""
    place = QPointF(widget.mapToGlobal(at.toPoint()))
    event = QMouseEvent(QEvent.Type.MouseMove, at, place, *[Qt.MouseButton.NoButton] * 2, NONE)
    QApplication.sendEvent(widget, event)


# Schedules


def test_a_schedule_is_drawn_over_the_steps_of_the_training(panel, cnn, qtbot) -> None:
    """A person chooses a schedule, reads its curve, and has it end with the training."""
    rate = fields(panel)["optimizer"].form.fields["learning_rate"]
    click(rate._button)
    pick(qtbot, rate._call.picker, "CosineDecay")
    drawn = curve_of(panel)
    assert drawn.curve.isHidden() and "once all that it needs" in drawn.words.text()
    type_over(qtbot, rate._call.form.fields["decay_steps"].editor, "1000")
    settle(cnn)
    assert drawn.curve.isVisibleTo(panel)
    points = drawn.curve.points
    assert (points[0], points[-1][0]) == ((0, pytest.approx(0.003)), 25 * 23 - 1)
    assert "25 epochs of 23 batches" in drawn.words.text()
    assert "ends at step 1,000, behind the training" in drawn.words.text()

    click(drawn.fit)
    settle(cnn)
    assert rate_of(cnn)["params"]["decay_steps"] == 575
    assert rate._call.form.fields["decay_steps"].editor.text() == "575"
    assert drawn.fit.isHidden()
    assert drawn.curve.points[-1][1] == pytest.approx(0, abs=1e-6)
    cnn.session.undo()
    settle(cnn)
    assert rate_of(cnn)["params"]["decay_steps"] == 1000
    assert not drawn.fit.isHidden()


def test_a_curve_is_read_by_the_mouse_and_by_the_keyboard(panel, cnn) -> None:
    set_rate(cnn, COSINE)
    curve = curve_of(panel).curve
    panel._page.ensureWidgetVisible(curve)
    settle(cnn)
    hover(curve, QPointF(2, 40))
    assert curve.reading == "step 0  0.01"
    curve.setFocus()
    QTest.keyClick(curve, Qt.Key.Key_End)
    assert curve.reading.startswith("step 574  ")
    QTest.keyClick(curve, Qt.Key.Key_Home)
    QTest.keyClick(curve, Qt.Key.Key_Right)
    assert curve.reading.startswith(f"step {round(7 * 574 / 399)}  ")
    assert "From step 0  0.01 to step 574" in curve.accessibleDescription()


CHANGES = [
    ([SetTraining("epochs", 2)], "2 epochs of 23 batches", 45),
    ([SetParam("data", "train", "batch_size", 128)], "2 epochs of 12 batches", 23),
    ([SetTraining("steps_per_epoch", 1), SetTraining("epochs", 1)], "1 epoch of 1 batch.", 1),
]


def test_a_curve_follows_what_changes_the_number_of_steps(panel, cnn) -> None:
    set_rate(cnn, COSINE)
    for edits, words, last in CHANGES:
        for edit in edits:
            cnn.session.do(edit)
        settle(cnn)
        assert words in curve_of(panel).words.text()
        assert curve_of(panel).curve.points[-1][0] == last
    params = {"initial_learning_rate": 0.01, "first_decay_steps": 10, "t_mul": 0.5}
    cnn.session.do(SetTraining("epochs", 100))
    set_rate(cnn, {"op": f"{SCHEDULES}.CosineDecayRestarts", "params": params})
    assert "on it is not a number" in curve_of(panel).words.text()


def test_where_the_steps_arent_known_a_schedule_is_drawn_over_its_own(shared) -> None:
    window = shared("tfds_mnist")
    panel = window.panel("training-settings")
    set_rate(window, COSINE)
    assert curve_of(panel).curve.points[-1][0] == 999
    assert "isn't known" in curve_of(panel).words.text()


# Cards


CALLBACKS = [
    {"op": "keras.callbacks.EarlyStopping", "params": {"patience": 3}},
    {"op": "keras.callbacks.TerminateOnNaN"},
    {"op": "keras.callbacks.ModelCheckpoint", "params": {"filepath": "best.keras"}},
]


@pytest.fixture
def cards(panel, cnn):
    """The field of three callbacks, in sight."""
    cnn.session.do(SetTraining("callbacks", CALLBACKS))
    settle(cnn)
    found = fields(panel)["callbacks"]
    panel._page.ensureWidgetVisible(found.picker)
    settle(cnn)
    return found


def names(window: Window) -> list[str]:
    return [call.op.rpartition(".")[2] for call in window.session.project.training.callbacks]


def titles(cards) -> list[str]:
    return [row.head.title for row in cards.rows]


ORDER = ["EarlyStopping", "TerminateOnNaN", "ModelCheckpoint"]


def test_a_card_says_what_matters_and_opens_to_its_form(cards, panel, cnn, qtbot) -> None:
    first = cards.rows[0]
    assert (first.head.title, first.head.line) == ("EarlyStopping", "patience 3")
    assert cards.rows[1].head.line.startswith("Callback that terminates")
    assert len({row.head.image for row in cards.rows}) == 3
    metrics = fields(panel)["metrics.digit"]
    assert [row.head.line for row in metrics.rows] == ["accuracy"]  # as it is logged
    assert not first.field.isVisible()
    click(first.head)
    assert first.field.isVisible() and not cards.rows[2].field.isVisible()
    type_over(qtbot, first.field.form.fields["patience"].editor, "9")
    assert cnn.session.project.training.callbacks[0].params == {"patience": 9}
    assert first.head.line == "patience 9"
    click(first.head)
    assert not first.field.isVisible()


def hold(cards, index: int, to: int) -> None:
    """Takes a card by its head, and draws it to a height in the list."""
    head = cards.rows[index].head
    QTest.mousePress(head, LEFT, NONE, QPoint(60, 12))
    start = cards._holder.mapFromGlobal(head.mapToGlobal(QPoint(60, 12)))
    for step in range(1, 6):
        at = QPoint(60, start.y() + (to - start.y()) * step // 5)
        QTest.mouseMove(head, head.mapFromGlobal(cards._holder.mapToGlobal(at)))
        QApplication.processEvents()


def let_go(cards, index: int) -> None:
    QTest.mouseRelease(cards.rows[index].head, LEFT, NONE, QPoint(60, 12))
    QApplication.processEvents()


def test_a_card_is_drawn_to_another_place(cards, cnn) -> None:
    click(cards.rows[0].head)
    QApplication.processEvents()
    below = cards.rows[2].geometry().bottom() + 2
    hold(cards, 0, below)
    assert cards._line.isVisible()
    let_go(cards, 0)
    assert not cards._line.isVisible()
    assert names(cnn) == titles(cards) == [*ORDER[1:], ORDER[0]]
    assert [row.open for row in cards.rows] == [False, False, True]  # it stays open where it goes
    hold(cards, 2, 2)
    let_go(cards, 2)
    assert names(cnn) == ORDER
    cnn.session.undo()
    assert names(cnn) == titles(cards) == [*ORDER[1:], ORDER[0]]


def test_a_card_that_is_let_go_by_escape_stays(cards, cnn) -> None:
    hold(cards, 2, 2)
    QTest.keyClick(cards.rows[2].head, Qt.Key.Key_Escape)
    let_go(cards, 2)
    assert names(cnn) == ORDER
    assert not cards.rows[2].open
    hold(cards, 1, cards.rows[1].geometry().center().y() + 8)
    let_go(cards, 1)
    assert names(cnn) == ORDER


def test_cards_are_ordered_and_removed_by_the_keyboard(cards, cnn) -> None:
    def focused() -> str:
        return QApplication.focusWidget().accessibleName()

    for index, key in ((0, Qt.Key.Key_Up), (2, Qt.Key.Key_Down)):  # they go no further
        cards.rows[index].head.setFocus()
        QTest.keyClick(cards.rows[index].head, key, ALT)
    assert names(cnn) == ORDER
    cards.rows[0].head.setFocus()
    QTest.keyClick(cards.rows[0].head, Qt.Key.Key_Down, ALT)
    assert names(cnn) == ["TerminateOnNaN", "EarlyStopping", "ModelCheckpoint"]
    assert focused() == "EarlyStopping"
    QTest.keyClick(cards.rows[1].head, Qt.Key.Key_Down)
    assert focused() == "ModelCheckpoint"
    QTest.keyClick(cards.rows[2].head, Qt.Key.Key_Down)
    assert focused() == "Add to callbacks"
    cards.rows[2].head.setFocus()
    QTest.keyClick(cards.rows[2].head, Qt.Key.Key_Return)
    assert cards.rows[2].field.isVisible()
    QTest.keyClick(cards.rows[2].head, Qt.Key.Key_Delete)
    assert names(cnn) == ["TerminateOnNaN", "EarlyStopping"]
    assert focused() == "EarlyStopping"
    for _ in range(2):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Delete)
    assert names(cnn) == [] and focused() == "Add to callbacks"
    for _ in range(4):
        cnn.session.undo()
    assert names(cnn) == titles(cards) == ORDER


def test_a_card_is_replaced_from_its_menu_and_keeps_what_fits(cards, cnn, qtbot) -> None:
    menu = cards.rows[0].menu()
    actions = {action.text().partition("\t")[0]: action for action in menu.actions()}
    assert not actions["Move up"].isEnabled() and actions["Move down"].isEnabled()
    actions["Replace…"].trigger()
    picker = cards.rows[0].field.picker
    assert picker.view().isVisible()
    qtbot.keyClicks(picker.view(), "ReduceLROnPlateau")
    qtbot.keyClick(picker.view(), Qt.Key.Key_Return)
    changed = cnn.session.project.training.callbacks[0]
    assert changed.op == "keras.callbacks.ReduceLROnPlateau"
    assert changed.params == {"patience": 3}
    assert not picker.isVisible() and titles(cards)[0] == "ReduceLROnPlateau"


def test_what_is_added_is_open_and_what_is_wrong_is_marked(cards, cnn, qtbot) -> None:
    pick(qtbot, cards.picker, "CSVLogger")
    settle(cnn)
    new = cards.rows[3]
    assert new.field.isVisible() and cnn.focusWidget() is new.head
    assert "filename" in new.head.problem
    type_over(qtbot, new.field.form.fields["filename"].editor, "log.csv")
    settle(cnn)
    assert new.head.problem == ""
    assert new.head.line == "filename log.csv"


# What is measured


def test_the_learning_rate_that_a_test_suggests_is_taken_over(panel, cnn) -> None:
    """What `studio lr` has found is drawn, and put where the optimizer has its rate."""
    optimizer = cnn.session.project.training.optimizer
    rates = [1e-6 * 10 ** (6 * i / 99) for i in range(100)]
    losses = [
        2.3 - 1.5 * min(1, max(0, i - 40) / 30) + 20 * max(0, i - 80) ** 2 for i in range(100)
    ]
    found = learning_rate.judge(optimizer, ("learning_rate",), rates, losses, 100)
    strip = panel.rate
    strip._done(json.dumps(_rate_json(found)))
    assert strip.curve.isVisibleTo(panel) and strip.curve.log
    assert strip.curve.mark == found.suggested
    settle(cnn)
    parts = (strip.begin, strip.curve, strip.words, strip.use)
    edges = [(part.geometry().top(), part.geometry().bottom()) for part in parts]
    assert all(above[1] < below[0] for above, below in pairwise(edges))
    assert strip.words.text() == found.words
    click(strip.use)
    assert rate_of(cnn) == found.suggested
    set_rate(cnn, COSINE)
    click(strip.use)
    assert rate_of(cnn)["params"] == {
        "initial_learning_rate": found.suggested,
        "decay_steps": 1000,
    }


def times(project: Any) -> speed.Speed:
    """What half a minute of measuring is told as."""
    ways = [(1, False, 2.0), (4, False, 1.1), (16, False, 0.5), (1, True, 4.0), (4, True, 3.0)]
    told = [{"steps": s, "xla": x, "ms": ms, "compile_seconds": 1.0} for s, x, ms in ways]
    failed = [{"steps": 16, "xla": True, "why": "can't be compiled: InternalError"}]
    more = {"samples": 64, "count": 23, "eager_ms": 40.0, "ready_ms": 2.0, "fed_ms": 2.5}
    return speed.judge(project.training, (1, False), {"ways": told, "failed": failed} | more)


def test_the_speed_that_was_measured_is_a_table_to_choose_from(panel, cnn) -> None:
    strip = panel.speed
    found = times(cnn.session.project)
    strip._done(json.dumps(_speed_json(found)))
    table = strip.table
    assert table.isVisibleTo(panel) and table.rowCount() == 6
    row = [table.item(table.currentRow(), column).text() for column in range(3)]
    assert row == ["16 steps a call", "0.5", "4.00"]
    assert "can't be compiled" in strip.words.text()
    click(strip.use)
    training = cnn.session.project.training
    assert (training.steps_per_execution, training.jit_compile) == (16, False)
    assert not strip.use.isEnabled()
    table.setFocus()
    QTest.keyClick(table, Qt.Key.Key_Down)
    assert strip.use.text() == "Use XLA"
    QTest.keyClick(table, Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
    assert strip.use.isHidden()  # eager is only measured
    cnn.session.undo()
    training = cnn.session.project.training
    assert (training.steps_per_execution, training.jit_compile) == (1, False)
    assert table.toolTip() == ""
    cnn.session.do(SetParam("data", "train", "batch_size", 128))
    assert "has changed since" in table.toolTip()


def test_what_the_run_that_is_shown_has_measured_stands_there(panel, cnn, tmp_path) -> None:
    folder = tmp_path / "2026-01-02-1"
    (folder / "artifacts").mkdir(parents=True)
    plain_way = {"steps": 1, "xla": False, "compile_seconds": 1.0, "ms": 2.0}
    best = plain_way | {"steps": 16, "ms": 0.4}
    kept = {"chosen": best, "measured": [plain_way, best], "note": ""}
    (folder / "artifacts" / "speed.json").write_text(json.dumps(kept))
    cnn.runner.show(folder)
    assert panel.speed.table.rowCount() == 2
    assert panel.speed.words.text() == "As the run 2026-01-02-1 has measured it."
    assert panel.speed.use.text() == "Use 16 steps a call"


BROKEN = ["", "{}", '{"ways": 3}', '{"rates": [1, 2], "losses": [1]}', "no JSON", '{"rates": null}']


def test_an_answer_that_cant_be_read_is_said(panel) -> None:
    for strip in (panel.rate, panel.speed):
        for printed in BROKEN:
            strip.say("")
            strip._done(printed)
            assert "isn't understood" in strip.words.text(), printed
            assert strip.begin.isVisibleTo(panel)


def test_a_measurement_is_given_up_and_leaves_nothing(panel, cnn, qtbot) -> None:
    strip = panel.rate
    strip.begin.setFocus()
    QTest.keyClick(strip.begin, Qt.Key.Key_Space)
    place = Path(strip._place.name)
    assert load(place / "project.json").name == "digits_cnn"
    assert (place / "assets").is_dir()  # the data lies beside it
    assert strip.cancel.hasFocus() and not strip.begin.isVisible()
    assert strip.words.text().startswith("Training with a rising learning rate…")
    qtbot.wait(300)
    QTest.keyClick(strip.cancel, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not strip.work.working, timeout=LONG)
    assert strip.words.text() == "Given up."
    assert strip.begin.hasFocus() and not place.exists()


def test_why_nothing_can_be_measured_is_said_by_the_command_itself(panel, cnn, qtbot) -> None:
    values = {"boundaries": [10], "values": [0.1, 0.01]}
    set_rate(cnn, {"op": f"{SCHEDULES}.PiecewiseConstantDecay", "params": values})
    click(panel.rate.begin)
    qtbot.waitUntil(lambda: not panel.rate.work.working, timeout=LONG)
    assert "has no initial_learning_rate" in panel.rate.words.text()
    assert panel.rate.words.property("role") == "error"


def test_a_project_with_errors_shows_them_instead(panel, cnn) -> None:
    cnn.session.do(SetParam("model", "conv1", "filters", -1))
    for strip in (panel.rate, panel.speed):
        click(strip.begin)
        assert not strip.work.working
    assert cnn.docks["problems"].panel.in_front


@pytest.mark.slow
def test_rate_and_speed_of_the_project_on_the_screen_are_measured(window, project, qtbot) -> None:
    """Nothing of it is saved: what the commands measure is what stands on the screen."""
    folder = project("digits_mlp")
    assert window.projects.open(folder)
    window.session.do(SetTraining("seed", 11))
    before = (folder / "project.json").read_bytes()
    panel = window.panel("training-settings")
    settle(window)
    for strip in (panel.rate, panel.speed):
        click(strip.begin)
        assert load(Path(strip._place.name) / "project.json").training.seed == 11
        qtbot.waitUntil(lambda strip=strip: not strip.work.working, timeout=LONG)
        assert strip.use.isVisibleTo(panel), strip.words.text()
    click(panel.rate.use)
    assert rate_of(window) == panel.rate.rate
    names = [panel.speed.table.item(row, 0).text() for row in range(panel.speed.table.rowCount())]
    assert names[:3] == ["eager", "tf.function", "4 steps a call"]
    assert (folder / "project.json").read_bytes() == before
