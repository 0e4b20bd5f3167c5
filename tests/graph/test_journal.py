"""Work is never lost: what a session did is there after its process was killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from studio.graph import compose, journal
from studio.graph.document import ModelGraph, Project
from studio.graph.edits import SetParam, SetProject, SetStyle
from studio.graph.file import dumps, load, save
from studio.graph.history import History
from studio.graph.journal import begin, fingerprint, owner
from studio.graph.problems import StudioError
from studio.graph.recovery import recover, replay
from studio.resources import TEMPLATES

from .samples import read_value, sample

DEAD = 2**22 + 1  # no process of Linux, macOS or Windows has such a number


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "work" / "project.json"
    made.parent.mkdir()
    made.write_bytes((TEMPLATES / "digits_cnn" / "project.json").read_bytes())
    return made


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def crashed(opened: journal.Journal) -> Path:
    """Leaves a journal as a process that was killed would: its header names another one."""
    head, _, rest = opened.file.read_bytes().partition(b"\n")
    header = json.loads(head) | {"pid": DEAD}
    opened.file.write_bytes(json.dumps(header).encode() + b"\n" + rest)
    os.close(opened._descriptor)
    return opened.file


def worked(path: Path | None, state: Path, count: int = 5) -> tuple[journal.Journal, History]:
    """A session with so many edits, the last of which was undone and done again."""
    done = History(load(path) if path is not None else Project(model=ModelGraph()))
    opened = begin(done.project, path, state)
    for number in range(count):
        edit = SetProject("name", f"name{number}")
        opened.record(edit, done.do(edit))
    if count:
        done.undo()
        opened.moved(done.project)
        done.redo()
        opened.moved(done.project)
    return opened, done


def test_a_clean_end_leaves_nothing_behind(path, state) -> None:
    opened, _ = worked(path, state)
    assert opened.file == path.with_name(".project.json.journal")
    opened.close()
    assert [each.name for each in path.parent.iterdir()] == ["project.json"]
    assert recover(path, state) == []


def test_what_was_done_is_recovered_to_the_last_edit(path, state) -> None:
    opened, done = worked(path, state)
    crashed(opened)
    (found,) = recover(path, state)
    assert dumps(found.project) == dumps(done.project)
    assert (found.edits, found.path, found.changed_on_disk) == (5, path, False)
    assert abs(found.when - time.time()) < 3600
    found.discard()
    assert recover(path, state) == []


def test_a_project_without_a_file_is_recovered_from_the_state_folder(state) -> None:
    opened, done = worked(None, state)
    crashed(opened)
    (found,) = recover(None, state)
    assert found.path is None
    assert dumps(found.project) == dumps(done.project)


def test_a_folder_that_cannot_be_written_to_leaves_the_journal_to_the_state_folder(
    path, state, monkeypatch
) -> None:
    opening = os.open

    def refuse(name, *rest, **more):
        if Path(name).parent == path.parent:
            raise PermissionError(13, "Permission denied")
        return opening(name, *rest, **more)

    monkeypatch.setattr(os, "open", refuse)
    opened, done = worked(path, state)
    monkeypatch.undo()
    assert opened.file.parent == state
    crashed(opened)
    (found,) = recover(path, state)
    assert dumps(found.project) == dumps(done.project)


def test_after_a_save_the_journal_starts_afresh(path, state) -> None:
    opened, done = worked(path, state)
    save(done.project, path)
    opened.saved(done.project, path)
    edit = SetStyle("functional")
    opened.record(edit, done.do(edit))
    crashed(opened)
    (found,) = recover(path, state)
    assert (found.edits, found.project.model.style) == (1, "functional")


def test_an_undo_to_before_the_save_is_recovered_too(path, state) -> None:
    opened, done = worked(path, state)
    save(done.project, path)
    opened.saved(done.project, path)
    done.undo()
    opened.moved(done.project)
    edit = SetStyle("functional")
    opened.record(edit, done.do(edit))
    crashed(opened)
    (found,) = recover(path, state)
    assert dumps(found.project) == dumps(done.project)


def test_saving_under_another_name_takes_the_journal_there(path, state) -> None:
    opened, done = worked(path, state)
    other = path.with_name("other.json")
    save(done.project, other)
    opened.saved(done.project, other)
    assert opened.file == other.with_name(".other.json.journal")
    assert owner(path, state) is None
    assert owner(other, state) == os.getpid()
    opened.close()


def test_killed_between_save_and_journal_nothing_is_offered(path, state) -> None:
    opened, done = worked(path, state)
    save(done.project, path)
    file = crashed(opened)
    assert recover(path, state) == []
    assert not file.exists()


@pytest.mark.parametrize("cut", [1, 2, 10, 30])
def test_a_cut_last_line_costs_that_line_alone(path, state, cut) -> None:
    done = History(load(path))
    opened = begin(done.project, path, state)
    for number in range(3):
        edit = SetProject("name", f"name{number}")
        opened.record(edit, done.do(edit))
    content = crashed(opened).read_bytes()
    project, edits = replay(content[:-cut])
    assert (project.name, edits) == ("name1", 2)


def test_a_line_that_cannot_be_done_again_ends_the_replay() -> None:
    base = json.dumps({"project": dumps(read_value(sample("digits_cnn"))[0])})
    good = '{"do": {"edit": "SetProject", "field": "name", "value": "a"}}'
    for bad in ("{", "3", "[]", '{"do": 3}', '{"do": {"edit": "Fly"}}', '{"at": 99}', '{"x": 1}'):
        project, edits = replay("\n".join(["{}", base, good, bad, good, ""]).encode())
        assert (project.name, edits) == ("a", 1), bad
    for nothing in (b"", b"\n", b"{}\n", b"\xff\xfe\n\xff\n", b"{}\n3\n"):
        with pytest.raises(StudioError):
            replay(nothing)


def test_garbage_beside_a_project_is_no_journal(path, state) -> None:
    path.with_name(".project.json.journal").write_bytes(b"\x00garbage")
    assert owner(path, state) is None
    assert recover(path, state) == []
    opened, _ = worked(path, state)
    assert owner(path, state) == os.getpid()
    opened.close()


def test_a_file_changed_meanwhile_is_told(path, state) -> None:
    opened, _ = worked(path, state)
    before = fingerprint(path)
    path.write_bytes(path.read_bytes().replace(b'"epochs": ', b'"epochs": 1'))
    assert fingerprint(path) != before
    crashed(opened)
    (found,) = recover(path, state)
    assert found.changed_on_disk


def test_a_second_window_is_told_and_writes_a_journal_of_its_own(path, state) -> None:
    assert owner(path, state) is None
    first, _ = worked(path, state)
    assert owner(path, state) == os.getpid()
    second, done = worked(path, state, 3)
    assert second.file.parent == state
    first.close()
    assert owner(path, state) == os.getpid()
    crashed(second)
    assert owner(path, state) is None
    (found,) = recover(path, state)
    assert dumps(found.project) == dumps(done.project)


def test_opening_again_keeps_what_was_left_behind_until_it_is_discarded(path, state) -> None:
    opened, done = worked(path, state)
    crashed(opened)
    (found,) = recover(path, state)
    again = begin(load(path), path, state)
    (still,) = recover(path, state)
    assert dumps(still.project) == dumps(done.project)
    found.discard()
    assert recover(path, state) == []
    again.close()


def test_what_was_recovered_and_not_saved_is_not_lost_by_a_second_crash(path, state) -> None:
    opened, done = worked(path, state)
    crashed(opened)
    (found,) = recover(path, state)
    again = begin(found.project, path, state, changed=True)
    found.discard()
    crashed(again)
    (second,) = recover(path, state)
    assert dumps(second.project) == dumps(done.project)


def test_a_number_given_to_another_process_is_no_owner(path, state) -> None:
    opened, _ = worked(path, state)
    head, _, rest = opened.file.read_bytes().partition(b"\n")
    header = json.loads(head)
    header["started"] -= 100
    opened.file.write_bytes(json.dumps(header).encode() + b"\n" + rest)
    assert owner(path, state) is None
    opened.close()


def test_a_full_disk_is_told_and_the_next_line_holds_all_again(path, state, monkeypatch) -> None:
    done = History(load(path))
    opened = begin(done.project, path, state)
    writing = os.write

    def full(descriptor: int, content: bytes) -> int:
        if len(content) > 10:
            return writing(descriptor, content[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    edit = SetProject("name", "lost line")
    opened.record(edit, done.do(edit))
    assert "No space left on device" in opened.problem
    monkeypatch.undo()
    edit = SetParam("model", "digit", "units", 3)
    opened.record(edit, done.do(edit))
    assert not opened.problem
    done.undo()
    opened.moved(done.project)
    crashed(opened)
    (found,) = recover(path, state)
    assert dumps(found.project) == dumps(done.project)


def test_beyond_the_states_that_are_kept_a_step_is_written_whole(path, state, monkeypatch) -> None:
    monkeypatch.setattr(journal, "MOST_STATES", 3)
    done = History(load(path))
    opened = begin(done.project, path, state)
    for number in range(6):
        edit = SetProject("name", f"name{number}")
        opened.record(edit, done.do(edit))
    for position in (4, 1, 6, 5):
        done.jump(position)
        opened.moved(done.project)
        project, _ = replay(opened.file.read_bytes())
        assert dumps(project) == dumps(done.project)
    opened.close()


def test_every_composed_edit_is_recovered(path, state) -> None:
    done = History(load(path))
    opened = begin(done.project, path, state)
    for make in (
        lambda p: compose.group(p, "model", ["norm", "relu"], "unit")[0],
        lambda p: compose.duplicate(p, "model", ["conv1"], shared=True)[0],
        lambda p: compose.paste(p, "model", compose.copy(p, "model", ["unit", "conv2"]))[0],
        lambda p: compose.delete_and_heal(p, "model", ["digit"]),
    ):
        edit = make(done.project)
        opened.record(edit, done.do(edit))
    crashed(opened)
    (found,) = recover(path, state)
    assert dumps(found.project) == dumps(done.project)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked, to begin at once")
def test_killed_at_any_moment_at_most_the_last_edit_is_missing(tmp_path, ends) -> None:
    chance = random.Random(4)
    offered = 0
    nursery = subprocess.Popen(
        [sys.executable, "-m", "tests.graph.killed"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with ends(120), nursery:
        for life in range(30):
            folder = tmp_path / str(life)
            folder.mkdir()
            path = folder / "project.json"
            path.write_bytes((TEMPLATES / "digits_cnn" / "project.json").read_bytes())
            nursery.stdin.write(f"{folder}\n")
            nursery.stdin.flush()
            pid, done, enough = 0, 0, chance.randint(1, 25)
            for line in nursery.stdout:
                if line.startswith("pid"):
                    pid = int(line.split()[1])
                elif line.startswith("end"):
                    break
                else:
                    done = int(line)
                if pid and done >= enough:
                    time.sleep(chance.random() / 200)
                    enough = 10**9
                    os.kill(pid, signal.SIGKILL)
            found = recover(path, folder / "state")
            saved = load(path)
            offered += len(found)
            best = found[0].project if found else saved
            # One more may have been done than was told before the end came.
            assert int(best.note) in (done, done + 1)
        nursery.stdin.close()
    assert offered > 10
