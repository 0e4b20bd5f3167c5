"""What the tests of studio/graph share."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples each time; STUDIO_EXAMPLES=10000 looks for more.
EXAMPLES = int(os.environ.get("STUDIO_EXAMPLES", "0"))
settings.register_profile(
    "graph", deadline=None, derandomize=not EXAMPLES, max_examples=EXAMPLES or 100
)
settings.load_profile("graph")


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    def late(*_) -> None:
        pytest.fail(f"it hangs: no end after {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def ends() -> Callable[[float], AbstractContextManager[None]]:
    """`with ends(5):` fails where what is inside hangs; no measure of speed."""
    return _within


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True
        ).returncode
    )
    if not mounted:
        pytest.skip("only root can make a disk that is full")
    yield folder
    subprocess.run(["umount", folder], check=True)
