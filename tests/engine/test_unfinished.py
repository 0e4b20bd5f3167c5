"""What a killed process has left unfinished goes with the next one, and nothing else does."""

from __future__ import annotations

import os
import platform
import re
import signal
import subprocess
import sys
from pathlib import Path

from studio.engine.unfinished import MARK, beside

KILLED = """
import sys, time
from pathlib import Path
from studio.engine.unfinished import beside
with beside(Path(sys.argv[1])) as place:
    Path(place, "half").write_text("half")
    print(place, flush=True)
    time.sleep(600)
"""


def test_what_a_kill_left_is_taken_away_by_the_next(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    with process:
        left = Path(process.stdout.readline().strip())
        with beside(tmp_path):
            assert (left / "half").exists(), "it is still at work"
        process.kill()
    assert process.returncode == -signal.SIGKILL or os.name != "posix"
    assert (left / "half").exists()
    with beside(tmp_path) as place:
        assert not left.exists()
        assert Path(place).parent == tmp_path
    assert not list(tmp_path.iterdir())


def test_what_is_somebody_elses_stays(tmp_path: Path) -> None:
    machine = re.sub(r"\W+", "-", platform.node())
    kept = [
        tmp_path / f"{MARK}-{machine}-other-1",
        tmp_path / f"{MARK}-another-machine-999999999-x",
        tmp_path / f"{MARK}-{machine}-{os.getpid()}-x",
        tmp_path / ".git",
    ]
    for each in kept:
        each.mkdir()
    link = tmp_path / f"{MARK}-{machine}-999999999-link"
    link.symlink_to(kept[-1])
    with beside(tmp_path):
        assert all(each.is_dir() for each in [*kept, link])
