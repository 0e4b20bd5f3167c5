"""A process that doesn't outlive the one that has started it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

EACH = 0.5
"""Seconds between looks at the parent, where the system doesn't tell its end."""

_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG


def leave_with(parent: int) -> None:
    """Ends this process as soon as that parent is gone, whatever either is doing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(EACH)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
