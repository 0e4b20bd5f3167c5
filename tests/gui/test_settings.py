"""Settings: kept from one start to the next, and never in the way."""

from __future__ import annotations

import os
import stat
import sys

import pytest

from studio.gui.settings import Settings


def test_a_value_is_there_the_next_time(tmp_path) -> None:
    path = tmp_path / "deep" / "settings.json"
    Settings(path).set("theme", "dark")
    assert Settings(path).get("theme", "light") == "dark"


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[1]"])
def test_a_file_that_can_not_be_read_does_not_stop_the_app(tmp_path, content) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    settings = Settings(path)
    assert settings.get("theme", "light") == "light"
    settings.set("theme", "dark")
    assert Settings(path).get("theme", "light") == "dark"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in folders")
def test_what_is_no_regular_file_is_left_as_it_is(tmp_path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    settings = Settings(path)
    settings.set("theme", "dark")
    assert settings.get("theme", "light") == "dark"
    assert stat.S_ISFIFO(path.stat().st_mode)
    assert list(tmp_path.iterdir()) == [path]


def test_settings_of_one_process_are_neither_read_nor_written(tmp_path) -> None:
    path = tmp_path / "settings.json"
    Settings(path).set("theme", "dark")
    before = path.read_bytes()
    settings = Settings(path, kept=False)
    assert settings.get("theme", "light") == "light"
    settings.set("theme", "system")
    assert path.read_bytes() == before
