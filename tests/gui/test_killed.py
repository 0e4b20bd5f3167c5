"""Killed at any moment, the app comes back with all but the edit that it was just making."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest
from msgspec.structs import replace

from studio.graph.file import load, save
from studio.graph.recovery import recover
from tests.conftest import ROOT

LIVES = int(os.environ.get("STUDIO_KILLS", "5"))
"""`make kill` has it live thirty times."""


@pytest.fixture
def apps(tmp_path) -> Iterator[tuple[subprocess.Popen, Queue[str]]]:
    """The process that begins the lives, and what it says."""
    state = {f"XDG_{name}_HOME": str(tmp_path / name) for name in ("STATE", "CACHE", "CONFIG")}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.gui.killed"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | state | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)},
    )
    said: Queue[str] = Queue()
    reader = threading.Thread(target=lambda: [said.put(line.strip()) for line in process.stdout])
    reader.start()
    yield process, said
    process.stdin.close()
    assert process.wait(30) == 0
    reader.join(30)
    process.stdout.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="lives are forked")
def test_after_a_kill_never_more_than_the_last_edit_is_missing(apps, project, tmp_path) -> None:
    process, said = apps
    path: Path = project("digits_cnn") / "project.json"
    save(replace(load(path), note="0"), path)
    state = tmp_path / "STATE" / "studio" / "journals"
    moments = random.Random(4)
    known = 0  # the last edit that the app said it made
    lives_with_edits = 0
    for life in range(LIVES):
        process.stdin.write(f"{path}\n")
        process.stdin.flush()
        # Some are killed while they still open the project, or restore it.
        wait = moments.uniform(0, 0.6) if life % 4 == 3 else None
        pid = None
        before = known
        while (word := said.get(timeout=60)) != "end":
            kind, _, number = word.partition(" ")
            if kind == "pid":
                pid = int(number)
                if wait is not None:
                    _kill_after(pid, wait)
            elif kind == "opened":
                assert int(number) in (known, known + 1), "edits are missing after a restart"
                known = max(known, int(number))
                if wait is None:
                    assert pid is not None
                    _kill_after(pid, moments.uniform(0.005, 0.4))
            else:
                known = int(number)
        lives_with_edits += known > before
        found = recover(path, state)
        saved = load(path)  # whatever happened, the file is whole
        newest = found[0].project if found else saved
        assert int(newest.note) in (known, known + 1)
        known = int(newest.note)
    assert lives_with_edits >= LIVES // 2, "the script hardly came to edit"


def _kill_after(pid: int, seconds: float) -> None:
    timer = threading.Timer(seconds, os.kill, (pid, signal.SIGKILL))
    timer.start()
