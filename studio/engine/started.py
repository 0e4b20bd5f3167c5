"""A process of a local cluster, from its start to its end, and again."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from studio.engine.death import Death


class Started:
    """One process; what it says is appended to a file in the run's folder.

    The training can be led to its end without one that is `spare`, and doesn't wait for the end
    of one that `serves`.
    """

    def __init__(
        self,
        folder: Path,
        task: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: str,
        serves: bool = False,
        spare: bool = False,
    ):
        self.task, self.log = task, log
        self.serves, self.spare = serves, spare
        self.starts = 0
        self.over = False
        """Whether its end has been seen, and it isn't started again."""
        self.died: Death | None = None
        self.follows = False
        """Whether it has likely died of another one's death."""
        self.before = 0
        """Bytes of its log that were there when it was started."""
        self._folder = folder
        self._command = [sys.executable, "-m", *command]
        self._environment = environment
        self._process: subprocess.Popen | None = None

    def start(self) -> int:
        """Starts it; its number."""
        self.starts += 1
        self.over = False
        path = self._folder / self.log
        with path.open("ab") as log:
            self.before = os.fstat(log.fileno()).st_size
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env=self._environment,
            )
        return self._process.pid

    def poll(self) -> int | None:
        """Its exit code; None while it is there, and before its start."""
        return self._process.poll() if self._process is not None else None

    @property
    def there(self) -> bool:
        """Whether it has been started, and is there."""
        return self._process is not None and self.poll() is None

    def kill(self) -> None:
        """Ends it at once."""
        with contextlib.suppress(OSError):
            self._process.kill()

    def wait(self) -> None:
        """Waits for its end."""
        self._process.wait()
