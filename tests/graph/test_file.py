"""project.json: saving an unchanged project changes no byte, and a failed save loses none."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path

import pytest

from studio.graph import edits
from studio.graph.document import Project
from studio.graph.file import dumps, load, loads, read, save, write_atomically
from studio.graph.problems import ProjectError, StudioError

from .samples import NAMES, SAMPLES, sample, template_text

ODD = """{"name" : "odd","studio":1,
\t"training": { "epochs":3 , "loss_weights":{"a":1e-3,"b":0.10, "c":1E5,"d":-0.0} },

  "model":{"nodes":[{"op":"keras.Input", "id":"x","params":{"shape":[8,  8]},"at":[ -0.0,1.50 ]
  }],"outputs":["x"], "edges":[]}, "note": "\\u00e9\\ud83d\\ude00\\/"   }"""
LAYOUTS = {
    "one line": '{"studio": 1, "name": "x", "note": ""}',
    "odd": ODD,
    "CRLF": template_text("digits_cnn").replace("\n", "\r\n"),
    "CRLF without a last line end": ODD.replace("\n", "\r\n"),
    "BOM": "\ufeff" + template_text("digits_cnn"),
    "BOM and CRLF": "\ufeff" + ODD.replace("\n", "\r\n"),
    "tabs": json.dumps(sample("penguins"), indent="\t"),
    "keys turned round": json.dumps(dict(reversed(sample("penguins").items()))),
    "defaults written out": '{"studio": 1, "training": {"loop": "fit", "epochs": 1}, "blocks": {}}',
    "trailing space": template_text("sunspots") + "\n \n",
    "only the format": '{"studio": 1}',
}


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_a_template_is_written_as_studio_would_write_it(name) -> None:
    project, problems = loads(template_text(name))
    assert problems == []
    assert dumps(project) == template_text(name)


@pytest.mark.parametrize(
    "content",
    [*map(template_text, NAMES), *LAYOUTS.values()],
    ids=[*NAMES, *LAYOUTS],
)
def test_saving_a_loaded_project_changes_no_byte(content, tmp_path) -> None:
    path = tmp_path / "project.json"
    path.write_bytes(content.encode())
    before = path.stat()
    save(load(path), path)
    assert path.read_bytes() == content.encode()
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert files(tmp_path) == ["project.json"]


@pytest.mark.parametrize("content", LAYOUTS.values(), ids=LAYOUTS)
def test_a_changed_project_is_written_anew_with_its_numbers_as_typed(content, tmp_path) -> None:
    path = tmp_path / "project.json"
    path.write_bytes(content.encode())
    project = edits.SetProject("name", "changed").apply(load(path))
    save(project, path)
    assert load(path) == project
    text = path.read_text("utf-8")
    assert text == dumps(project)
    if "1e-3" in content:
        assert all(number in text for number in ("1e-3", "0.10", "1E5", "-0.0", "1.50"))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_project_is_the_same_after_it_was_saved_and_loaded(name, tmp_path) -> None:
    project, _ = loads(json.dumps(sample(name)))
    save(project, tmp_path / "project.json")
    again = load(tmp_path)  # a folder stands for the project.json in it
    assert again == project
    assert dumps(again) == dumps(project)
    save(again, tmp_path / "other.json")
    assert (tmp_path / "other.json").read_bytes() == (tmp_path / "project.json").read_bytes()


def test_a_file_of_another_project_is_replaced(tmp_path) -> None:
    path = tmp_path / "project.json"
    path.write_text('{"studio": 1, "name": "old"}')
    save(Project(name="new"), path)
    assert load(path).name == "new"


@pytest.mark.parametrize("content", ["", "{", "not json", '{"studio": 99}', "\ufffd"])
def test_a_file_that_is_no_project_is_replaced(content, tmp_path) -> None:
    path = tmp_path / "project.json"
    path.write_text(content)
    save(Project(name="new"), path)
    assert load(path).name == "new"


def test_a_link_stays_a_link(tmp_path) -> None:
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "there.json", tmp_path / "project.json"
    target.write_text('{"studio": 1}')
    link.symlink_to(target)
    save(Project(name="new"), link)
    assert link.is_symlink()
    assert load(target).name == "new"
    assert files(tmp_path / "real") == ["there.json"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o664, 0o755])
def test_the_mode_of_a_file_is_kept(mode, tmp_path) -> None:
    path = tmp_path / "project.json"
    path.write_text('{"studio": 1}')
    path.chmod(mode)
    save(Project(name="new"), path)
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_mode_that_any_program_would_give_it(umask, mode, tmp_path) -> None:
    before = os.umask(umask)
    try:
        save(Project(), tmp_path / "project.json")
        assert os.umask(umask) == umask, "the umask was changed"
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "project.json").stat().st_mode) == mode


def assert_unsaved(folder: Path, path: Path, old: bytes | None, words: str) -> None:
    before = files(folder)
    with pytest.raises(StudioError) as refused:
        save(Project(name="new", note="x" * 100_000), path)
    assert words in str(refused.value)
    assert str(path) in str(refused.value)
    assert files(folder) == before, "a temporary file was left"
    if old is not None:
        assert path.read_bytes() == old


@pytest.mark.parametrize("step", ["os.fsync", "os.fdopen", "pathlib.Path.replace"])
def test_a_full_disk_leaves_the_old_file_whole(step, tmp_path, monkeypatch) -> None:
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "project.json"
    path.write_text('{"studio": 1, "name": "old"}')
    monkeypatch.setattr(step, full)
    assert_unsaved(tmp_path, path, b'{"studio": 1, "name": "old"}', "No space left")


def test_a_disk_that_is_really_full_leaves_the_old_file_whole(small_disk) -> None:
    path = small_disk / "project.json"
    save(Project(name="old"), path)
    old = path.read_bytes()
    assert_unsaved(small_disk, path, old, "No space left")
    assert load(path).name == "old"


def test_a_folder_that_is_not_there_is_named(tmp_path) -> None:
    assert_unsaved(tmp_path, tmp_path / "no" / "project.json", None, "No such file")


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path) -> None:
    (tmp_path / "project.json").mkdir()
    assert_unsaved(tmp_path, tmp_path / "project.json", None, "Is a directory")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_rights_leaves_the_old_file_whole(tmp_path) -> None:
    path = tmp_path / "project.json"
    path.write_text('{"studio": 1}')
    tmp_path.chmod(0o500)
    try:
        assert_unsaved(tmp_path, path, b'{"studio": 1}', "Permission denied")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("name", ["a\0b.json", "x" * 300 + ".json", "\ud800.json"])
def test_a_name_that_no_file_can_have_is_refused(name, tmp_path) -> None:
    with pytest.raises(StudioError) as refused:
        save(Project(), tmp_path / name)
    str(refused.value).encode()
    with pytest.raises(StudioError) as refused:
        read(tmp_path / name)
    str(refused.value).encode()


def test_an_interrupted_write_leaves_nothing_behind(tmp_path, monkeypatch) -> None:
    def interrupt(*_):
        raise KeyboardInterrupt

    (tmp_path / "x").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "x", b"new")
    assert files(tmp_path) == ["x"]
    assert (tmp_path / "x").read_bytes() == b"old"


@pytest.mark.skipif(os.name == "nt", reason="no such pipes there")
def test_what_is_no_file_is_written_into_and_stays_what_it_is(tmp_path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomically(pipe, b"new")
        assert os.read(reader, 10) == b"new"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert files(tmp_path) == ["pipe"]


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"\xff\xfe\x00", "not-json", "not UTF-8 text (byte 0)"),
        (b"", "not-json", "line 1, column 1"),
        (b"null", "no-project", "no Studio project"),
        (b"[]", "no-project", "no Studio project"),
        (b'{"nodes": []}', "no-project", "no Studio project"),
        (b'{"studio": "1"}', "no-project", 'gives "1" as its format'),
        (b'{"studio": true}', "no-project", "gives true as its format"),
        (b'{"studio": 0}', "no-project", "gives 0 as its format"),
        (b'{"studio": 1.0}', "no-project", "gives 1.0 as its format"),
        (b'{"studio": 2}', "newer-format", "newer than the newest one this Studio reads (1)"),
        (b'{"studio": 99, "what": 1}', "newer-format", "has format 99"),
    ],
)
def test_what_is_no_project_is_refused_with_the_file_named(content, code, words, tmp_path) -> None:
    path = tmp_path / "my.json"
    path.write_bytes(content)
    with pytest.raises(ProjectError) as refused:
        read(path)
    (problem,) = refused.value.problems
    assert problem.code == code
    assert words in problem.message
    assert "my.json" in problem.message
    assert problem.hint


def test_a_file_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(StudioError, match=r"my\.json can't be read: No such file"):
        read(tmp_path / "my.json")
    with pytest.raises(StudioError, match=r"project\.json can't be read: No such file"):
        read(tmp_path)
