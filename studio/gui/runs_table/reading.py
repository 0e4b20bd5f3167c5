"""Reads the runs of a folder for the table, a little at a time, and then their parameters."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from studio.engine.about import About
from studio.engine.run_parameters import Parameters, Values
from studio.engine.runs import Known, Runs

BUDGET = 0.012
"""Seconds that are read at once; between two parts the window is drawn."""

NONE: Values = {}

GROWS = 0.5
"""Seconds between two looks of a table that is still being read for the first time."""


class Reading(QObject):
    """`found` is emitted with runs to show, the newest first; `known` when parameters are too."""

    found = Signal(object)
    known = Signal()

    def __init__(self, parent: QObject):
        super().__init__(parent)
        self.runs: Runs | None = None
        self.parameters = Parameters()
        self.complete = False
        """Whether the parameters of all runs are read."""
        self._scan: Iterator[Known] | None = None
        self._part: list[Known] = []
        self._again = False
        self._first = True
        self._shown_at = 0.0
        self._reading: Iterator[Known] = iter(())
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._go_on)

    @property
    def busy(self) -> bool:
        """Whether there is something left to read."""
        return self._timer.isActive()

    def values(self, folder: Path) -> Values:
        """The parameters of a run as far as they are read: the table never waits for a file."""
        return self.parameters.read.get(folder, NONE)

    def read(self, folder: Path) -> None:
        """Looks at the runs anew; the first part at once."""
        if self.runs is None or self.runs.folder != folder:
            self.forget()
            self.runs = Runs(folder, indexed=True)
        if self._scan is not None:
            self._again = True  # something may have changed behind where it is now
            return
        self._scan, self._part = self.runs.scan(), []
        self._timer.start()
        self._go_on()

    def forget(self) -> None:
        """Reads no more."""
        self._timer.stop()
        self.runs, self._scan, self._again, self._first = None, None, False, True
        self.parameters, self.complete = Parameters(), False
        self._reading = iter(())

    def drop(self, folders: list[Path]) -> None:
        """Knows these runs no more: they are gone from their place."""
        for folder in folders:
            self.runs.forget(folder)
        self._again = self._scan is not None
        self.found.emit(self.runs.known)

    def noted(self, folder: Path, said: About) -> None:
        """Shows what was just noted of a run."""
        self.runs.noted(folder, said)
        self._again = self._scan is not None
        self.found.emit(self.runs.known)

    def _go_on(self) -> None:
        until = time.perf_counter() + BUDGET
        if self._scan is not None:
            self._list(until)
        if self._scan is None:
            self._read_parameters(until)

    def _list(self, until: float) -> None:
        while time.perf_counter() < until:
            known = next(self._scan, None)
            if known is None:
                self._listed()
                return
            self._part.append(known)
        now = time.monotonic()
        if self._first and now - self._shown_at > GROWS:
            self._shown_at = now
            self.found.emit(list(self._part))

    def _listed(self) -> None:
        self._scan, self._first, self._part = None, False, []
        rows = self.runs.known
        self._reading = iter([each for each in rows if not self.parameters.has(each.folder)])
        self.found.emit(rows)
        if self._again:
            self._again = False
            self._scan = self.runs.scan()

    def _read_parameters(self, until: float) -> None:
        some = False
        while time.perf_counter() < until:
            known = next(self._reading, None)
            if known is None:
                self._timer.stop()
                if some or not self.complete:
                    self.complete = True
                    self.known.emit()
                return
            some = True
            self.parameters.of(known.folder)
