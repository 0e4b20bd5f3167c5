"""What a crash left behind, offered in bars above the canvas; and the journal kept on the disk."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from studio.graph.part_edits import ReplaceProject
from studio.graph.recovery import Recovered, recover

if TYPE_CHECKING:
    from studio.gui.session import Session
    from studio.gui.window import Window

REST = 2000
"""Milliseconds after the last edit at which the disk is waited for."""


class Recovering(QObject):
    """Offers what wasn't saved, and has the disk take the journal when the hands rest."""

    def __init__(self, window: Window):
        super().__init__(window)
        self._window = window
        self._timer = QTimer(self, interval=REST, singleShot=True)
        self._timer.timeout.connect(self._sync)
        window.session_changed.connect(self._attach)

    def found(self, path: Path | None) -> list[Recovered]:
        """What can be recovered of a project; without one, of all that were left behind."""
        return recover(path)

    def offer(self, path: Path | None) -> None:
        """Looks for what was left behind, and offers it."""
        self.tell(self.found(path))

    def tell(self, left: list[Recovered]) -> None:
        """A bar for each that was left behind."""
        for one in left:
            self._window.notices.put(
                f"left:{one.file}",
                _sentence(one),
                "info",
                (
                    ("Discard", one.discard),
                    ("Restore", lambda one=one: self.restore(one)),
                ),
            )

    def restore(self, one: Recovered) -> bool:
        """Brings back what was left behind, as a step that can be undone; False if not."""
        projects, window = self._window.projects, self._window
        if one.path is not None and one.path.is_file():
            there = window.session is not None and window.session.path == one.path
            if not there and not projects.open(one.path):
                return False
        else:
            projects.new()
        session = window.session
        if session is None or not session.do(ReplaceProject(one.project, "Restore")):
            return False
        projects.trust.look()
        # It is in the journal of this session now.
        one.discard()
        window.notices.drop(f"left:{one.file}")
        window.notices.drop(f"left:{one.kept}")
        window.say("Restored. Undo takes it back.")
        return True

    def rest(self) -> None:
        """The project is left."""
        self._timer.stop()

    def _attach(self, session: Session | None) -> None:
        if session is not None:
            session.changed.connect(self._timer.start)

    def _sync(self) -> None:
        session = self._window.session
        if session is not None and session.journal is not None:
            # It may take as long as the disk likes.
            threading.Thread(target=session.journal.sync, daemon=True).start()


def _sentence(one: Recovered) -> str:
    what = "1 change" if one.edits == 1 else f"{one.edits} changes"
    name = one.project.name or (one.path.parent.name if one.path else "an untitled project")
    when = datetime.fromtimestamp(one.when)
    day = "today" if when.date() == datetime.now().date() else when.strftime("%Y-%m-%d")
    be = "is" if one.edits == 1 else "are"
    other = " Its file has changed since." if one.changed_on_disk else ""
    return f"There {be} {what} of {name} that {'was' if one.edits == 1 else 'were'} not saved " + (
        f"({day} {when:%H:%M}).{other}"
    )
