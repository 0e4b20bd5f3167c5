"""What the first point of a run needs is imported beside the window, while TensorFlow starts."""

from __future__ import annotations

import contextlib
import sys
import threading
from importlib import import_module

from PySide6.QtCore import QObject, Signal

from studio.gui import beside

HEAVY = "pyqtgraph"
"""With NumPy it takes 0.7 s, which the window would stand still for."""


class Ahead(QObject):
    """Imports it once."""

    _there = Signal()

    def __init__(self, parent: QObject):
        super().__init__(parent)
        self._thread: threading.Thread | None = None
        self._there.connect(self.close)

    def begin(self) -> None:
        """Begins, where it isn't there yet."""
        if HEAVY in sys.modules or self._thread is not None:
            return
        beside.begin()
        self._thread = threading.Thread(target=self._work, name="ahead", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        with contextlib.suppress(ImportError):  # whoever needs it says so
            import_module(HEAVY)
        self._there.emit()

    def close(self) -> None:
        """Waits for it, where it has begun: no thread outlives what it works for."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            beside.end()
