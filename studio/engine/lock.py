"""A file that one process at a time holds; it is free again when that process is gone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = ".lock"
"""Beside the runs: held by whoever changes what several processes may change at once."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Waits until nobody else holds the file, and holds it; OSError where it can't be made."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _hold(descriptor)
        yield
    finally:
        os.close(descriptor)  # which lets go of it


if os.name == "posix":
    import fcntl

    def _hold(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

else:
    import msvcrt
    import time

    def _hold(descriptor: int) -> None:
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
                return
            except OSError:
                time.sleep(0.02)
