"""Folders for what isn't finished, beside where it will be; what a kill left is taken away."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
import tempfile
from pathlib import Path

MARK = ".studio-unfinished"


def beside(folder: Path) -> tempfile.TemporaryDirectory:
    """A hidden folder within a folder, for as long as the `with` lasts.

    Where a process was killed, its folder stays: the next one that has something to write there
    takes it away. OSError where none can be made.
    """
    machine = re.sub(r"\W+", "-", platform.node())
    with contextlib.suppress(OSError):
        sweep(folder, machine)
    prefix = f"{MARK}-{machine}-{os.getpid()}-"
    return tempfile.TemporaryDirectory(prefix=prefix, dir=folder)


def sweep(folder: Path, machine: str) -> None:
    """Takes away what processes of this machine have left that are no more."""
    import psutil

    for left in folder.glob(f"{MARK}-{machine}-*"):
        number = left.name.removeprefix(f"{MARK}-{machine}-").partition("-")[0]
        if number.isdigit() and not left.is_symlink() and not psutil.pid_exists(int(number)):
            shutil.rmtree(left, ignore_errors=True)
