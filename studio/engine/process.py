"""process.json: which process trains a run; it is there as long as the process is, so any program
finds the runs that go on, and follows those that it hasn't started itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import time
from collections.abc import Iterable
from pathlib import Path

from studio.engine import events
from studio.graph.file import write_atomically
from studio.graph.text import dump

NAME = "process.json"

GRACE, BEGINNING = 1.0, 30.0
"""Seconds of silence behind which a process that is gone is taken to have died without a word:
whoever started it knows more about its end, and may be about to tell it; and one that has never
said that it is there may still be on its way."""


WAITING = "queue.json"
"""Beside a run that waits for its turn."""

BOOT = 120
"""Seconds within which a machine isn't started twice."""


def note(folder: Path, process: int | None = None) -> None:
    """Says that a process, or this one, trains the run."""
    about = {"process": process or os.getpid(), "machine": platform.node(), "boot": boot()}
    write_atomically(folder / NAME, dump(about).encode())


def boot() -> str:
    """What tells this start of the machine from the others: an id, or when it was in seconds."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    import psutil

    return str(psutil.boot_time())


def _same_boot(one: str, other: str) -> bool:
    """Whether two such are of the same start; a clock that is set moves its time a little."""
    try:
        return abs(float(one) - float(other)) < BOOT
    except ValueError:
        return one == other


def other_boot(folder: Path) -> bool:
    """Whether this machine has been started again since a process said that it trains a run."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        about = json.loads((folder / NAME).read_bytes())
        return about["machine"] == platform.node() and not _same_boot(about["boot"], boot())
    return False


def forget(folder: Path) -> None:
    """Says that the run has ended."""
    with contextlib.suppress(OSError):
        (folder / NAME).unlink()


def noted(runs: Path, among: Iterable[Path] | None = None) -> list[Path]:
    """The folders of runs whose process is there, or died without a word; the newest first.

    These are all, or those among some folders.
    """
    if among is not None:
        return sorted((each for each in among if (each / NAME).exists()), reverse=True)
    return sorted((path.parent for path in runs.glob(f"*/{NAME}")), reverse=True)


class Found:
    """The process of a run that another process may have started; used like a Popen."""

    def __init__(self, folder: Path):
        self.folder = folder

    def poll(self) -> int | None:
        """None while it is there, or waits for its turn; else 1.

        How it ended is known only to whoever started it.
        """
        if (self.folder / WAITING).exists() or self._process() is not None:
            return None
        if other_boot(self.folder):
            return 1
        grace = GRACE if (self.folder / NAME).exists() else BEGINNING
        with contextlib.suppress(OSError):
            if time.time() - (self.folder / events.NAME).stat().st_mtime < grace:
                return None
        return 1

    @property
    def there(self) -> bool:
        """Whether it is there now, or may still be on its way."""
        noted = (self.folder / NAME).exists()
        return self._process() is not None if noted else self.poll() is None

    def kill(self) -> None:
        """Ends it at once."""
        import psutil

        with contextlib.suppress(psutil.Error):
            process = self._process()
            if process:
                process.kill()

    def wait(self) -> None:
        """Waits for its end."""
        while self._process() is not None:
            time.sleep(0.05)

    def _process(self):
        """It as psutil has it; None where it is gone. True where only another machine knows."""
        import psutil

        try:
            about = json.loads((self.folder / NAME).read_bytes())
            if about["machine"] != platform.node():
                return True
            if other_boot(self.folder):
                return None
            process = psutil.Process(about["process"])
            # A number is given again: it is ours only if it was started for this folder.
            ours = Path(process.cmdline()[-1]).samefile(self.folder)
            return process if ours else None
        except (OSError, ValueError, KeyError, TypeError, IndexError, psutil.Error):
            return None  # a zombie has no command line
