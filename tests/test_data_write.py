"""`studio data write` while it goes on: what a terminal shows of it, and what an end leaves."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.writing import clear
from tests.codegen.projects import chain, csv, stage, write_files
from tests.conftest import hear_interrupts, studio

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A project whose data has no end."""
    write_files(tmp_path)
    data = chain(csv("words.csv", features="text"), stage("more", "repeat"), batch=None)
    (tmp_path / "project.json").write_text(json.dumps({"studio": 1, "data": data}))
    return tmp_path


class Terminal:
    """A command whose standard error is a terminal."""

    def __init__(self, *arguments: object):
        import pty

        self._mine, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "studio", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=theirs,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"TERM": "xterm", "COLUMNS": "120"},
            preexec_fn=hear_interrupts,
        )
        os.close(theirs)
        self.shown = ""

    def until(self, words: str = "", seconds: float = 120) -> None:
        """Reads what is shown until these words come, or else to its end."""
        end = time.monotonic() + seconds
        while not (words and words in self.shown):
            assert time.monotonic() < end, self.shown
            if select.select([self._mine], [], [], 0.1)[0]:
                try:
                    self.shown += os.read(self._mine, 65536).decode(errors="replace")
                except OSError:  # nobody holds the other end any more
                    return
            elif self.process.poll() is not None:
                return

    def end(self) -> tuple[int, str]:
        """The exit code, and what was printed."""
        self.until()
        out, _ = self.process.communicate(timeout=60)
        os.close(self._mine)
        return self.process.returncode, out.decode()


def writing(folder: Path, *more: Any) -> Terminal:
    out = folder / "out"
    return Terminal("data", "write", folder, "--node", "more", "--out", out, "--shards", 3, *more)


MANY = ("--take", 10_000_000)


def test_a_terminal_shows_how_far_it_is_and_then_the_line_alone(endless: Path) -> None:
    terminal = writing(endless, "--take", 6000)
    code, out = terminal.end()
    assert code == 0, terminal.shown
    assert out.startswith("6,000 elements of more are in 3 files")
    assert "writing more" in terminal.shown
    assert "of 6,000 elements  3 shards" in terminal.shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing_of_what_was_begun(number: int, endless: Path) -> None:
    terminal = writing(endless, *MANY)
    terminal.until("elements/s")
    assert sorted(path.suffix for path in (endless / "out").iterdir()) == [".part"] * 3
    terminal.process.send_signal(number)
    code, out = terminal.end()
    assert (code, out) == (130, "")
    assert f"studio: interrupted; nothing is left in {endless / 'out'}." in terminal.shown
    assert "Traceback" not in terminal.shown
    assert list((endless / "out").iterdir()) == []


def test_nor_does_a_process_that_is_killed_while_it_writes(endless: Path) -> None:
    terminal = writing(endless, *MANY)
    terminal.until("elements/s")
    (child,) = psutil.Process(terminal.process.pid).children()
    child.kill()
    code, _ = terminal.end()
    assert code == 1
    assert "The process that answers" in terminal.shown
    assert list((endless / "out").iterdir()) == []


@pytest.mark.slow
def test_nothing_is_shown_where_nobody_looks(endless: Path) -> None:
    terminal = writing(endless, "--take", 50, "--json")
    code, out = terminal.end()
    assert (code, terminal.shown, json.loads(out)["count"]) == (0, "", 50)
    again = endless / "again"
    done = studio("data", "write", endless, "--node", "more", "--out", again, "--take", 50)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1


def test_only_what_is_whole_is_kept(tmp_path: Path) -> None:
    names = ["00000-of-00002.tfrecord", "00001-of-00002.tfrecord.part", "mine.txt"]
    for name in names:
        (tmp_path / name).write_text("x")
    (tmp_path / "features.json").write_text("{}")
    clear(tmp_path, 2)
    assert len(list(tmp_path.iterdir())) == 4
    (tmp_path / "features.json").unlink()
    clear(tmp_path, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
