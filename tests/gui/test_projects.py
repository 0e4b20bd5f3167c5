"""Projects and their files: opened, saved, recovered, watched, trusted; nothing is ever lost."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.graph import journal
from studio.graph.document import Code
from studio.graph.edits import MoveNodes, SetCode, SetParam, SetProject
from studio.graph.file import dumps, load
from studio.graph.recovery import replay
from studio.gui.difference import Difference
from studio.gui.questions import CANCEL, DISCARD, SAVE, Questions
from studio.gui.trust import content_hash
from tests.gui.conftest import settle

NO_MODIFIER = Qt.KeyboardModifier.NoModifier


class Answers(Questions):
    """Answers from a list, where a person would be asked."""

    def __init__(self, **answers):
        super().__init__(None)
        self.answers = answers
        self.asked: list[str] = []

    def _answer(self, what: str):
        self.asked.append(what)
        return self.answers[what]

    def unsaved(self, name):
        return self._answer("unsaved")

    def project_to_open(self):
        return self._answer("project_to_open")

    def file_to_write(self, title, suggested, kinds=""):
        return self._answer("file_to_write")

    def data_to_add(self, folder=False):
        return self._answer("data_to_add")

    def folder_for(self, title, suggested):
        return self._answer("folder_for")


def notice(window, key: str):
    return window.notices.by_key.get(key)


def press(window, key: str, label: str) -> None:
    """Clicks a button of a notice."""
    QTest.mouseClick(notice(window, key).buttons[label], Qt.MouseButton.LeftButton)
    settle(window)


def left_behind(window) -> str:
    """The key of the notice about what was not saved."""
    return next(key for key in window.notices.by_key if key.startswith("left:"))


def crash(path: Path | None, project, *edits) -> None:
    """Leaves a journal as a process that was killed does."""
    opened = journal.begin(project, path)
    for edit in edits:
        project = edit.apply(project)
        opened.record(edit, project)
    lines = opened.file.read_bytes().split(b"\n")
    header = json.loads(lines[0]) | {"pid": 2**22 + 1, "started": 1.0}
    opened.file.write_bytes(b"\n".join([json.dumps(header).encode(), *lines[1:]]))
    os.close(opened._descriptor)


def drop(window, target, *paths: Path) -> None:
    """Drops files onto a widget of the window."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    what = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, NO_MODIFIER)
    for event in (
        QDragEnterEvent(QPoint(20, 20), *what),
        QDropEvent(QPointF(20, 20), *what),
    ):
        QApplication.sendEvent(target, event)
        assert event.isAccepted()
    settle(window)


def test_a_project_is_opened_by_its_file_or_its_folder(window, project) -> None:
    folder = project("digits_cnn")
    assert window.projects.open(folder)
    assert window.session.path == folder / "project.json"
    assert window.projects.open(folder / "project.json")
    assert window.settings.recent == [folder / "project.json"]


BAD = {
    "a picture": (b"\x89PNG\r\n\x1a\n", "UTF-8"),
    "no JSON": (b"import keras", "JSON"),
    "a list": (b"[1, 2]", "no Studio project"),
    "another program's JSON": (b'{"version": 3, "cells": []}', "project"),
    "a project of a newer format": (b'{"studio": 99}', "99"),
    "nothing": (b"", "what.bin is"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("way", ["opened", "dropped on the start page", "dropped on the canvas"])
def test_a_file_that_is_no_project_is_a_sentence_in_the_window(
    window, project, tmp_path, name, way
) -> None:
    content, word = BAD[name]
    file = tmp_path / "what.bin"
    file.write_bytes(content)
    if way == "dropped on the canvas":
        assert window.projects.open(project("digits_cnn"))
    before = window.session
    if way == "opened":
        assert not window.projects.open(file)
    else:
        drop(window, window.canvas.viewport() if window.session else window, file)
    assert word in notice(window, "refused").text
    assert window.session is before
    assert list(window.notices.by_key) == ["refused"]


def test_a_folder_without_a_project_and_several_files_are_refused_in_one_notice(
    window, qtbot, tmp_path
) -> None:
    (tmp_path / "empty").mkdir()
    drop(window, window, tmp_path / "empty")
    assert "project.json" in notice(window, "refused").text
    (tmp_path / "other").mkdir()
    drop(window, window, tmp_path / "empty", tmp_path / "other")
    qtbot.waitUntil(lambda: not window.proposing.busy, timeout=10_000)
    assert "2 such files aren't read together" in notice(window, "refused").text
    assert len(window.notices.by_key) == 1


def test_a_folder_dropped_onto_the_window_is_opened(window, project) -> None:
    drop(window, window, project("digits_cnn"))
    assert window.session.name == "digits_cnn"
    other = project("penguins")
    drop(window, window.canvas.viewport(), other / "project.json")
    assert window.session.path == other / "project.json"


def test_what_a_file_says_and_cannot_be_read_is_told_before_it_is_lost(window, project) -> None:
    path = project("digits_cnn") / "project.json"
    value = json.loads(path.read_text())
    value["surprise"] = 1
    path.write_text(json.dumps(value))
    assert window.projects.open(path)
    assert "would be lost by saving" in notice(window, "unread").text
    assert "surprise" in " ".join(p.sentence() for p in window.session.problems)
    window.session.do(SetProject("note", "hello"))
    assert window.projects.save()
    settle(window)
    assert notice(window, "unread") is None
    assert window.session.problems == []


def test_saving_writes_the_bytes_of_the_document_and_clears_the_mark(cnn) -> None:
    path = cnn.session.path
    cnn.session.do(SetParam("model", "conv1", "filters", 5))
    assert cnn.windowTitle().startswith("digits_cnn *")
    cnn.run_command("file.save")
    assert path.read_text() == dumps(cnn.session.project)
    assert not cnn.session.unsaved
    cnn.run_command("edit.undo")
    assert cnn.session.unsaved
    cnn.run_command("edit.redo")
    assert not cnn.session.unsaved


def test_saving_elsewhere_takes_relative_paths_from_there(cnn, tmp_path) -> None:
    target = tmp_path / "other" / "copy.json"
    target.parent.mkdir()
    cnn.projects.ask = Answers(file_to_write=target)
    cnn.run_command("file.save_as")
    assert (cnn.session.path, cnn.session.folder) == (target, target.parent)
    assert load(target) == cnn.session.project
    assert journal.owner(target) == os.getpid()


def test_a_folder_that_cannot_be_written_to_is_a_sentence(cnn, tmp_path) -> None:
    cnn.projects.ask = Answers(file_to_write=tmp_path / "nowhere" / "project.json")
    cnn.run_command("file.save_as")
    assert "can't be saved" in notice(cnn, "refused").text


@pytest.mark.parametrize("answer", [SAVE, DISCARD, CANCEL])
def test_what_is_unsaved_is_asked_about_once(cnn, project, answer) -> None:
    path = cnn.session.path
    before = path.read_text()
    cnn.session.do(SetProject("note", "mine"))
    cnn.projects.ask = Answers(unsaved=answer)
    other = project("penguins")
    assert cnn.projects.open(other) == (answer != CANCEL)
    assert cnn.projects.ask.asked == ["unsaved"]
    assert (path.read_text() == before) == (answer != SAVE)
    assert cnn.session.path.parent.name == ("digits_cnn" if answer == CANCEL else "penguins")


def test_a_window_with_unsaved_changes_stays_when_closing_is_cancelled(cnn) -> None:
    cnn.session.do(SetProject("note", "mine"))
    cnn.projects.ask = Answers(unsaved=CANCEL)
    assert not cnn.close()
    assert cnn.isVisible()


def test_closing_the_project_leads_to_the_start_page_and_leaves_no_journal(cnn) -> None:
    path = cnn.session.path
    assert journal.owner(path) == os.getpid()
    cnn.run_command("file.leave")
    assert cnn.session is None
    assert journal.owner(path) is None
    assert [p.name for p in path.parent.iterdir() if "journal" in p.name] == []


# Recovery


def test_a_crash_loses_nothing_and_restoring_can_be_undone(window, project) -> None:
    path = project("digits_cnn") / "project.json"
    first = path.read_text()
    crash(path, load(path), SetParam("model", "conv1", "filters", 5), SetProject("note", "kept"))
    assert window.projects.open(path)
    key = left_behind(window)
    assert "There are 2 changes of digits_cnn" in notice(window, key).text
    assert window.session.project.note != "kept"
    press(window, key, "Restore")
    assert window.session.project.note == "kept"
    assert window.session.unsaved
    assert path.read_text() == first
    window.run_command("edit.undo")
    assert dumps(window.session.project) == first
    assert not window.session.unsaved


def test_what_was_restored_and_not_saved_survives_a_second_crash(window, project) -> None:
    path = project("digits_cnn") / "project.json"
    crash(path, load(path), SetProject("note", "kept"))
    assert window.projects.open(path)
    press(window, left_behind(window), "Restore")
    window.session.do(SetParam("model", "conv1", "filters", 7))
    beside = window.session.journal.file
    found, edits = replay(beside.read_bytes())
    assert (found.note, edits) == ("kept", 2)
    assert dumps(found) == dumps(window.session.project)


def test_what_is_discarded_is_not_offered_again(window, project) -> None:
    path = project("digits_cnn") / "project.json"
    crash(path, load(path), SetProject("note", "away"))
    assert window.projects.open(path)
    press(window, left_behind(window), "Discard")
    window.run_command("file.leave")
    assert window.projects.open(path)
    assert list(window.notices.by_key) == []


def test_a_notice_that_was_closed_is_there_again_the_next_time(window, project) -> None:
    path = project("digits_cnn") / "project.json"
    crash(path, load(path), SetProject("note", "later"))
    assert window.projects.open(path)
    QTest.mouseClick(notice(window, left_behind(window)).closer, Qt.MouseButton.LeftButton)
    window.run_command("file.leave")
    assert window.projects.open(path)
    press(window, left_behind(window), "Restore")
    assert window.session.project.note == "later"


def test_a_project_that_was_never_saved_is_offered_on_the_start_page(window) -> None:
    window.projects.new()
    fresh = window.session.project
    window.run_command("file.leave")
    crash(None, fresh, SetProject("name", "sketch"), SetProject("note", "never saved"))
    window.projects.begin(None)
    key = left_behind(window)
    assert "sketch" in notice(window, key).text
    press(window, key, "Restore")
    assert (window.session.path, window.session.project.note) == (None, "never saved")
    assert window.session.unsaved


# The file changes meanwhile


def change(path: Path, note: str) -> None:
    value = json.loads(path.read_text())
    value["note"] = note
    path.write_text(json.dumps(value))


def test_a_file_that_another_program_changed_is_noticed_and_reloaded(cnn, qtbot) -> None:
    path = cnn.session.path
    cnn.session.do(SetParam("model", "conv1", "filters", 5))
    change(path, "theirs")
    qtbot.waitUntil(lambda: notice(cnn, "disk") is not None, timeout=5000)
    assert cnn.session.project.note != "theirs"
    press(cnn, "disk", "Reload")
    assert cnn.session.project.note == "theirs"
    assert not cnn.session.unsaved
    cnn.run_command("edit.undo")
    assert cnn.session.project.model.nodes["conv1"].params["filters"] == 5


def test_keeping_mine_makes_saving_write_over_theirs(cnn) -> None:
    path = cnn.session.path
    change(path, "theirs")
    cnn.projects.disk.look()
    press(cnn, "disk", "Keep mine")
    assert cnn.session.unsaved
    assert cnn.projects.save()
    assert load(path).note != "theirs"


def test_saving_never_writes_over_what_another_program_wrote(cnn) -> None:
    path = cnn.session.path
    cnn.session.do(SetProject("note", "mine"))
    change(path, "theirs")
    assert not cnn.projects.save()
    assert load(path).note == "theirs"
    assert "another program" in notice(cnn, "disk").text


def test_the_difference_is_shown_and_the_question_stays(cnn) -> None:
    change(cnn.session.path, "theirs")
    cnn.session.do(SetProject("note", "mine"))
    cnn.projects.disk.look()
    press(cnn, "disk", "Show difference")
    (dialog,) = cnn.findChildren(Difference)
    lines = dialog.text.toPlainText().splitlines()
    assert '-  "note": "theirs",' in lines
    assert '+  "note": "mine",' in lines
    assert notice(cnn, "disk") is not None
    dialog.close()


def test_a_file_that_is_gone_is_written_anew_by_saving(cnn) -> None:
    cnn.session.path.unlink()
    cnn.projects.disk.look()
    assert "is gone" in notice(cnn, "disk").text
    cnn.session.do(SetProject("note", "mine"))
    assert cnn.projects.save()
    assert load(cnn.session.path).note == "mine"
    assert notice(cnn, "disk") is None


def test_our_own_saving_is_no_change_by_another(cnn, qtbot) -> None:
    cnn.session.do(SetProject("note", "mine"))
    assert cnn.projects.save()
    cnn.projects.disk.look()
    qtbot.wait(300)
    assert list(cnn.notices.by_key) == []


def test_a_second_window_on_one_project_is_told(window, project) -> None:
    path = project("digits_cnn") / "project.json"
    other = journal.begin(load(path), path)
    assert window.projects.open(path)
    assert f"process {os.getpid()}" in notice(window, "owner").text
    other.close()


# Trust


def test_code_from_elsewhere_is_shown_and_not_run_until_it_is_trusted(window, project) -> None:
    path = project("custom_layer") / "project.json"
    assert window.projects.open(path)
    session = window.session
    assert session.project.code
    assert not window.projects.trusted(session)
    assert next(iter(session.project.code)) in notice(window, "trust").text
    window.run_command("run.start")
    assert not window.runner.running
    press(window, "trust", "Trust")
    assert window.projects.trusted(session)
    assert window.settings.get("trusted") == [content_hash(session.project)]
    window.run_command("file.leave")
    assert window.projects.open(path)
    assert window.projects.trusted(window.session)
    assert notice(window, "trust") is None


def test_code_that_somebody_changed_is_other_code(window, project) -> None:
    path = project("custom_layer") / "project.json"
    window.settings.set("trusted", [content_hash(load(path))])
    value = json.loads(path.read_text())
    next(iter(value["code"].values()))["source"] += "\n# changed"
    path.write_text(json.dumps(value))
    assert window.projects.open(path)
    assert not window.projects.trusted(window.session)


def test_what_is_written_in_this_window_is_trusted_and_remembered_by_saving(cnn) -> None:
    cnn.session.do(SetCode("double", Code("function", "def double(x):\n    return 2 * x\n")))
    assert cnn.projects.trusted(cnn.session)
    assert cnn.settings.get("trusted", []) == []
    assert cnn.projects.save()
    assert cnn.settings.get("trusted") == [content_hash(cnn.session.project)]


def test_code_tells_its_shapes_once_it_is_trusted(window, project, qtbot) -> None:
    path = project("custom_layer") / "project.json"
    value = json.loads(path.read_text())
    for code in value["code"].values():
        code.pop("output_shape", None)
        code.pop("weights", None)
    path.write_text(json.dumps(value))
    assert window.projects.open(path)
    node = next(
        each.id
        for each in window.session.project.model.nodes.values()
        if (each.op or "").startswith("code:")
    )
    settle(window)
    assert window.session.shapes("model").at(node) is None
    press(window, "trust", "Trust")
    qtbot.waitUntil(lambda: window.session.shapes("model").at(node) is not None, timeout=120_000)
    settle(window)
    shape = window.session.shapes("model").at(node).shape
    labels = [edge.label for edge in window.canvas.scene().edges.values()]
    assert any(f"{shape[-1]})" in label for label in labels)
    assert not window.session.errors


def test_moving_a_node_is_in_the_journal_at_once(cnn) -> None:
    cnn.session.do(MoveNodes("model", {"conv1": (7.0, 9.0)}))
    found, edits = replay(cnn.session.journal.file.read_bytes())
    assert (edits, found.model.nodes["conv1"].at) == (1, (7.0, 9.0))
    cnn.run_command("edit.undo")
    found, _ = replay(cnn.session.journal.file.read_bytes())
    assert dumps(found) == dumps(cnn.session.project)
