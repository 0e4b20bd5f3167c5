"""Data dropped onto the window: the pipeline that is put in, told, undone; and what is refused."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.graph.compose import propose as proposals
from studio.graph.edits import SetParam, SetProject
from studio.graph.file import dumps
from studio.gui.questions import DISCARD
from studio.gui.settings import Settings
from studio.gui.window import Window
from tests.conftest import events
from tests.data_files import KINDS, png, put, table, wav
from tests.gui.conftest import settle
from tests.gui.test_projects import Answers, drop, notice, press

INPUTS = {"numbers": ["features"], "images": ["image"], "mixed": ["numbers", "island"]}


@pytest.fixture
def let_go(window, qtbot):
    """A function: drops a file onto the window, and waits until it was looked into."""

    def act(path: Path, target=None) -> None:
        drop(window, target or (window.canvas.viewport() if window.session else window), path)
        qtbot.waitUntil(lambda: not window.proposing.busy, timeout=10_000)
        settle(window)

    return act


def let_go_at(window, path: Path, point: QPoint) -> None:
    """Drops a file at a place of the canvas."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    what = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton)
    what += (Qt.KeyboardModifier.NoModifier,)
    port = window.canvas.viewport()
    for event in (QDragEnterEvent(point, *what), QDropEvent(QPointF(point), *what)):
        QApplication.sendEvent(port, event)
    settle(window)


@pytest.mark.parametrize("kind", INPUTS)
def test_data_dropped_on_the_start_page_begins_a_project(window, let_go, tmp_path, kind) -> None:
    path = KINDS[kind](tmp_path)
    let_go(path)
    project = window.session.project
    assert window.graph == "data" and window.session.path is None and window.session.unsaved
    inputs = [node.id for node in project.model.nodes.values() if node.op == "keras.Input"]
    assert inputs == INPUTS[kind] and project.model.outputs and project.training.losses
    assert window.canvas.scene().nodes.keys() == project.data.nodes.keys()
    source = next(iter(project.data.nodes.values()))
    assert source.params["path"] == path.as_posix()
    assert window.selected() == [source.id]
    assert notice(window, "data").text.startswith(f"{path.name}: ")
    assert not [p for p in window.session.problems if p.graph == "data"]


def flowers(folder: Path) -> Path:
    """Three kinds that two numbers and a text tell apart."""
    return table(
        folder / "flowers.csv",
        "width,height,colour,species",
        lambda i: f"{i % 3 + i % 7 / 9},{i % 5},{('red', 'blue')[i % 2]},{'xyz'[i % 3]}",
        180,
    )


def prices(folder: Path) -> Path:
    """A number far from 0."""
    return table(
        folder / "homes.csv",
        "rooms,area,garden,target",
        lambda i: f"{i % 6},{40 + i % 11 * 9},{('yes', 'no')[i % 2]},{200_000 + i % 6 * 9_000.5}",
        180,
    )


def shapes(folder: Path) -> Path:
    for i in range(40):
        png(folder / "shapes" / ("high", "wide")[i % 2] / f"{i}.png", 16 + 8 * (i % 2), 20, 1)
    return folder / "shapes"


def tones(folder: Path) -> Path:
    for i in range(24):
        wav(folder / "tones" / ("long", "short")[i % 2] / f"{i}.wav", 900 - 600 * (i % 2))
    return folder / "tones"


def counted(folder: Path) -> Path:
    labels = np.arange(160, dtype="uint8") % 4
    images = np.full((160, 9, 9), 40, "uint8") * labels[:, None, None] + 5
    np.savez(folder / "counted.npz", x=images, y=labels)
    return folder / "counted.npz"


def letters(folder: Path) -> Path:
    for i in range(24):
        put(folder / "letters" / ("ham", "spam")[i % 2] / f"{i}.txt", ("dear you", "buy")[i % 2])
    return folder / "letters"


TRAINED = (flowers, prices, shapes, tones, counted, letters, KINDS["prose"])


@pytest.mark.slow
@pytest.mark.parametrize("kind", TRAINED, ids=lambda kind: kind.__name__)
def test_what_was_dropped_trains_with_the_next_click(window, let_go, qtbot, tmp_path, kind) -> None:
    """From the start page: a drop, Run, and the loss falls. Nothing is said against it before."""
    let_go(kind(tmp_path))
    assert [p.sentence() for p in window.session.problems] == []
    QTest.mouseClick(window.bar.run, Qt.MouseButton.LeftButton)
    runner = window.runner
    qtbot.waitUntil(lambda: runner.run is not None and not runner.running, timeout=240_000)
    told = events(runner.run.folder)
    assert runner.run.progress.state == "completed", (runner.run.folder / "log.txt").read_text()
    losses = [each["metrics"]["loss"] for each in told if each["event"] == "epoch"]
    assert len(losses) >= 10 and losses[-1] < 0.8 * losses[0], losses
    folder = runner.run.folder
    qtbot.waitUntil(lambda: not runner.going(folder), timeout=60_000)


def test_all_that_was_added_is_in_sight(window, let_go, qtbot, tmp_path) -> None:
    let_go(KINDS["images"](tmp_path))
    qtbot.waitUntil(lambda: window.canvas.seen().contains(window.canvas.scene().bounds()))
    assert window.canvas.zoom > 0.5


def test_a_drop_onto_a_project_is_one_step_that_undo_in_the_notice_takes_back(
    cnn, let_go, tmp_path
) -> None:
    before, text = cnn.session.project, dumps(cnn.session.project)
    steps = len(cnn.session.history.labels()[0])
    let_go(KINDS["numbers"](cnn.session.path.parent))
    after = cnn.session.project
    assert cnn.graph == "data"
    assert cnn.session.history.labels()[0][steps:] == ["Add data from flowers.csv"]
    assert after.data.nodes["flowers"].params["path"] == "flowers.csv"
    assert after.model is before.model and after.data.outputs == before.data.outputs
    press(cnn, "data", "Undo")
    assert cnn.session.project is before and dumps(before) == text
    assert notice(cnn, "data") is None
    assert cnn.canvas.scene().nodes.keys() == before.data.nodes.keys()
    cnn.run_command("edit.redo")
    assert cnn.session.project is after


def test_the_notice_goes_with_the_next_change_as_its_undo_would_be_of_that(
    cnn, let_go, tmp_path
) -> None:
    let_go(KINDS["numbers"](tmp_path))
    assert notice(cnn, "data") is not None
    cnn.session.do(SetParam("model", "conv1", "filters", 5))
    assert notice(cnn, "data") is None


def test_it_lies_where_it_was_let_go_on_the_canvas_of_the_data(window, qtbot, tmp_path) -> None:
    window.projects.new()
    window.tabs.show("data")
    settle(window)
    point = window.canvas.viewport().rect().center() + QPoint(80, -60)
    wanted = window.canvas.to_scene(QPointF(point))
    let_go_at(window, KINDS["numbers"](tmp_path), point)
    qtbot.waitUntil(lambda: not window.proposing.busy)
    item = window.canvas.scene().nodes["flowers"]
    assert item.rect.contains(wanted) or (item.rect.center() - wanted).manhattanLength() < 8


def test_two_files_lie_beside_each_other(window, let_go, tmp_path) -> None:
    let_go(KINDS["numbers"](tmp_path))
    let_go(KINDS["prose"](tmp_path))
    scene = window.canvas.scene()
    rects = [item.sceneBoundingRect() for item in scene.nodes.values()]
    for index, rect in enumerate(rects):
        assert not any(rect.intersects(other) for other in rects[index + 1 :])
    assert window.session.project.data.outputs["train"] == "train"
    assert "stays as it was" in notice(window, "data").text


REFUSED = {
    "a spreadsheet": ("a.xlsx", "Save the sheet as CSV"),
    "one image": ("a.png", "into a folder"),
    "a bad table": ("a.csv", "line 3"),
    "no project": ("a.json", "not JSON"),
}


@pytest.mark.parametrize("where", ["the start page", "a project"])
@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_a_notice_and_nothing_changes(
    window, let_go, project, tmp_path, case, where
) -> None:
    if where == "a project":
        window.projects.open(project("digits_mlp"))
    before = window.session
    document = before and before.project
    name, wanted = REFUSED[case]
    let_go(put(tmp_path / name, "a,b\n1,2\n3\n"))
    assert wanted in notice(window, "refused").text
    assert list(window.notices.by_key) == ["refused"]
    assert window.session is before and (before is None or before.project is document)
    let_go(KINDS["numbers"](tmp_path))
    assert list(window.notices.by_key) == ["data"]


def test_several_tables_become_one_source_and_others_a_sentence(window, qtbot, tmp_path) -> None:
    rows = "a,species\n" + "".join(f"{i},{'xy'[i % 2]}\n" for i in range(20))
    paths = [put(tmp_path / f"part{i}.csv", rows) for i in range(3)]
    drop(window, window, *paths, put(tmp_path / "a.txt", "hello\n"))
    qtbot.waitUntil(lambda: not window.proposing.busy, timeout=10_000)
    assert "aren't of one kind" in notice(window, "refused").text
    drop(window, window, *paths)
    qtbot.waitUntil(lambda: not window.proposing.busy, timeout=10_000)
    settle(window)
    source = next(iter(window.session.project.data.nodes.values()))
    assert source.params["path"] == [path.as_posix() for path in paths]
    assert notice(window, "data").text.startswith("part0.csv and 2 more: 60 rows")
    assert list(window.notices.by_key) == ["data"]


def test_a_folder_that_is_a_project_is_opened_and_not_read_as_data(window, let_go, project) -> None:
    folder = project("digits_mlp")
    put(folder / "cat" / "a.txt", "hello")
    let_go(folder)
    assert window.session.path == folder / "project.json"


@pytest.fixture
def slow(monkeypatch):
    """Files take as long to look into as the test wants: until the event is set."""
    goes_on = threading.Event()

    def wait(*args):
        goes_on.wait(10)
        return real(*args)

    real = proposals.propose
    monkeypatch.setattr(proposals, "propose", wait)
    yield goes_on
    goes_on.set()


def test_what_takes_a_while_says_so_and_can_be_given_up(cnn, slow, qtbot, tmp_path) -> None:
    before = cnn.session.project
    drop(cnn, cnn.canvas.viewport(), KINDS["numbers"](tmp_path))
    assert cnn.proposing.busy and "Looking into flowers.csv" in cnn.said
    qtbot.waitUntil(lambda: notice(cnn, "data") is not None)
    press(cnn, "data", "Cancel")
    slow.set()
    settle(cnn)
    assert not cnn.proposing.busy and notice(cnn, "data") is None
    assert cnn.session.project is before


def test_a_project_that_is_closed_meanwhile_gets_nothing(cnn, slow, tmp_path) -> None:
    drop(cnn, cnn.canvas.viewport(), KINDS["numbers"](tmp_path))
    assert cnn.proposing.busy
    cnn.projects.leave()
    slow.set()
    settle(cnn)
    assert not cnn.proposing.busy and cnn.session is None


def test_a_window_that_is_closed_meanwhile_closes(qapp, slow, tmp_path) -> None:
    window = Window(Settings(tmp_path / "settings.json"))
    window.show()
    window.proposing.begin(KINDS["numbers"](tmp_path))
    assert window.proposing.busy
    window.close()
    assert not window.proposing.busy
    slow.set()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_what_was_edited_meanwhile_is_kept(cnn, slow, qtbot, tmp_path) -> None:
    drop(cnn, cnn.canvas.viewport(), KINDS["numbers"](tmp_path))
    cnn.session.do(SetProject("note", "meanwhile"))
    slow.set()
    qtbot.waitUntil(lambda: not cnn.proposing.busy)
    settle(cnn)
    assert cnn.session.project.note == "meanwhile"
    assert "flowers" in cnn.session.project.data.nodes


def test_a_defect_is_a_sentence_too(cnn, let_go, monkeypatch, tmp_path) -> None:
    def broken(*_):
        raise RuntimeError("no more")

    monkeypatch.setattr(proposals, "propose", broken)
    let_go(KINDS["numbers"](tmp_path))
    assert "flowers.csv can't be looked into: RuntimeError, no more." in notice(cnn, "refused").text


@pytest.mark.parametrize("command", ["file.add_data", "file.add_folder"])
def test_the_commands_ask_and_do_the_same(window, qtbot, tmp_path, command) -> None:
    path = KINDS["images" if command == "file.add_folder" else "numbers"](tmp_path)
    window.projects.ask = Answers(data_to_add=path, unsaved=DISCARD)
    window.run_command(command)
    qtbot.waitUntil(lambda: window.session is not None and not window.proposing.busy)
    assert window.projects.ask.asked == ["data_to_add"]
    assert window.graph == "data" and notice(window, "data") is not None


def test_who_goes_back_adds_nothing(cnn) -> None:
    before = cnn.session.project
    cnn.projects.ask = Answers(data_to_add=None)
    cnn.run_command("file.add_data")
    assert not cnn.proposing.busy and cnn.session.project is before


def test_what_a_large_table_says_is_read_once(window, let_go, tmp_path, monkeypatch) -> None:
    from studio.graph import tables

    rows: list[str] = []
    real = tables._rows

    def counted(*args):
        rows.append(threading.current_thread().name)
        return real(*args)

    monkeypatch.setattr(tables, "_rows", counted)
    let_go(table(tmp_path / "large.csv", "a,b", lambda i: f"{i}.5,{i % 7}", rows=5000))
    assert rows == ["proposing"]
