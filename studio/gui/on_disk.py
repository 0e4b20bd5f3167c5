"""The file of the open project, watched: another program may change it meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer

from studio.graph.journal import fingerprint

if TYPE_CHECKING:
    from studio.gui.window import Window

REST = 150
"""Milliseconds after the last sign of a change in which a writer may come to its end."""


class OnDisk(QObject):
    """Compares a file with what was last read from it, or written to it, by this window."""

    def __init__(self, window: Window):
        super().__init__(window)
        self._window = window
        self._path: Path | None = None
        self._known: str | None = None
        self._watcher: QFileSystemWatcher | None = None
        self._timer = QTimer(self, interval=REST, singleShot=True)
        self._timer.timeout.connect(self.look)

    def watch(self, path: Path | None) -> None:
        """Watches another file, as it is now; None: no more."""
        self._timer.stop()
        if self._watcher is not None:
            self._watcher.disconnect(self._timer)  # it may still have something to say
            self._watcher.deleteLater()
            self._watcher = None
        self._path = path
        if path is None:
            return
        self._known = fingerprint(path)
        self._watcher = QFileSystemWatcher(self)
        self._watcher.fileChanged.connect(self._timer.start)
        # A file that is put in the place of the old one is another one to the system.
        self._watcher.directoryChanged.connect(self._timer.start)
        self._follow()

    def _follow(self) -> None:
        there = set(self._watcher.files() + self._watcher.directories())
        wanted = [str(p) for p in (self._path, self._path.parent) if p.exists()]
        if new := [each for each in wanted if each not in there]:
            self._watcher.addPaths(new)

    @property
    def foreign(self) -> bool:
        """Whether the file holds what this window has neither read nor written."""
        found = fingerprint(self._path) if self._path is not None else None
        return found is not None and found != self._known

    def written(self) -> None:
        """Takes the file as it is now for known: it was read, or written, or is to be kept."""
        self._known = fingerprint(self._path)
        self._timer.stop()
        self._follow()
        self._window.notices.drop("disk")

    def look(self) -> None:
        """Says that the file has changed, if it has."""
        if self._path is None:
            return
        self._follow()
        if not self._path.exists():
            self._window.notices.put(
                "disk",
                f"{self._path.name} is gone from {self._path.parent}. Saving writes it anew.",
                "warning",
            )
        elif self.foreign:
            self.tell()
        else:
            self._window.notices.drop("disk")

    def tell(self) -> None:
        """Offers what can be done about a file that was changed by another program."""
        projects = self._window.projects
        self._window.notices.put(
            "disk",
            f"{self._path.name} was changed by another program.",
            "warning",
            (
                ("Show difference", self._difference),
                ("Keep mine", self._keep),
                ("Reload", projects.reload),
            ),
        )

    def _keep(self) -> None:
        self.written()
        self._window.session.mark_changed()

    def _difference(self) -> None:
        from studio.gui.difference import Difference

        self.tell()  # the question stays
        Difference(self._window, self._path, self._window.session.project).show()
