"""What the first point of a run needs is imported beside the window, while TensorFlow starts."""

from __future__ import annotations

import sys
import threading
from importlib import import_module

HEAVY = "pyqtgraph"
"""With NumPy it takes 0.7 s, which the window would stand still for."""

PATIENCE = 5.0
"""Seconds that a window that closes waits for it: no thread may outlive what it works for."""


class Ahead:
    """Imports it once."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Begins, where it isn't there yet."""
        if HEAVY not in sys.modules and self._thread is None:
            self._thread = threading.Thread(target=import_module, args=(HEAVY,), daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Waits for what has begun."""
        if self._thread is not None:
            self._thread.join(PATIENCE)
            self._thread = None
