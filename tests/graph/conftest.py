"""What the tests of studio/graph share."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

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
