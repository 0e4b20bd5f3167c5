"""The trash of Linux: what lies where, also on another disk."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from studio.engine.trash import throw_away
from studio.graph.problems import StudioError

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the trash of Linux")
SHM = Path("/dev/shm")


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "Trash"


def test_names_are_never_taken_twice_and_paths_are_encoded(home, tmp_path) -> None:
    for number, name in ((1, "é %"), (2, "é %.2"), (3, "é %.3")):
        folder = tmp_path / "é %"
        folder.mkdir()
        (folder / "a").write_text(str(number))
        place = throw_away(folder)
        assert place == home / "files" / name and (place / "a").read_text() == str(number)
        info = (home / "info" / f"{name}.trashinfo").read_text()
        assert f"\nPath={tmp_path}/%C3%A9%20%25\n" in info
    assert (home.stat().st_mode & 0o777) == 0o700


def test_a_link_goes_and_what_it_leads_to_stays(home, tmp_path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    place = throw_away(tmp_path / "link")
    assert place.is_symlink() and (tmp_path / "real").is_dir()


def test_what_can_not_be_moved_stays_and_leaves_nothing_in_the_trash(home, tmp_path) -> None:
    with pytest.raises(StudioError, match="can't be moved to the trash: No such file"):
        throw_away(tmp_path / "gone")
    assert not list(home.rglob("*.trashinfo"))
    home.parent.mkdir(exist_ok=True)
    shutil.rmtree(home, ignore_errors=True)
    home.write_text("no folder")
    (tmp_path / "run").mkdir()
    with pytest.raises(StudioError, match="It is where it was"):
        throw_away(tmp_path / "run")
    assert (tmp_path / "run").is_dir()


@pytest.mark.skipif(
    not SHM.is_dir() or not os.access(SHM, os.W_OK), reason="there is no second disk here"
)
def test_on_another_disk_it_goes_into_the_trash_of_that_disk(home, tmp_path) -> None:
    if SHM.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second disk here")
    folder = SHM / f"studio-{os.getpid()}" / "run"
    folder.mkdir(parents=True)
    trash = SHM / f".Trash-{os.getuid()}"
    ours = not trash.exists()
    try:
        place = throw_away(folder)
        assert place.parent == trash / "files" and place.is_dir() and not folder.exists()
        info = trash / "info" / f"{place.name}.trashinfo"
        assert f"\nPath=studio-{os.getpid()}/run\n" in info.read_text()
        place.rmdir()
        info.unlink()
    finally:
        shutil.rmtree(folder.parent)
        if ours:
            shutil.rmtree(trash, ignore_errors=True)
