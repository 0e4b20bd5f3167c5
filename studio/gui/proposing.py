"""Data added from a file: looked into beside the window, put in as one step, told in a notice."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from PySide6.QtCore import QObject, QTimer

from studio.graph.document import Project
from studio.graph.problems import StudioError
from studio.gui import beside

if TYPE_CHECKING:
    from studio.graph.compose.propose import Proposal
    from studio.gui.session import Change, Session
    from studio.gui.window import Window

LOOK = 8
"""Milliseconds between two looks whether the file was looked into."""
PATIENCE = 0.4
"""Seconds after which a notice says that it takes a while."""
LAST = 1.0
"""Seconds that a window which closes waits for the thread."""
KEY = "data"
"""The notice of what is being added, and of what was."""


class Task(Struct):
    """Files that are looked into for a project, and what came of them."""

    paths: list[Path]
    place: tuple[float, float] | None
    session: Session | None
    project: Project
    folder: Path
    begun: float
    proposal: Proposal | None = None
    why: str = ""
    told: bool = False
    """Whether a notice says that it takes a while."""

    @property
    def name(self) -> str:
        """What the files are called in a sentence."""
        more = len(self.paths) - 1
        return self.paths[0].name + (f" and {more} more" if more else "")


class Proposing(QObject):
    """Adds data from files to the project of a window, one file at a time.

    The file is looked into by a thread, which never touches the window; what it found for a
    project that was closed meanwhile is let go.
    """

    def __init__(self, window: Window):
        super().__init__(window)
        self._window = window
        self._threads: list[threading.Thread] = []
        """That of the task, and those of files that were given up but are still being read."""
        self._task: Task | None = None
        self._after: Project | None = None
        self._timer = QTimer(self, interval=LOOK)
        self._timer.timeout.connect(self._look)
        window.session_changed.connect(self._session_changed)

    @property
    def busy(self) -> bool:
        """Whether a file is being looked into."""
        return self._task is not None

    def begin(self, *paths: Path, place: tuple[float, float] | None = None) -> None:
        """Has a file, a folder, or several files that belong together, looked into; what is
        proposed is put in as one step.

        `place` is where on the data's canvas. Without a project a new one is begun. A file that
        was still being looked into is given up.
        """
        from studio.gui.projects import empty

        session = self._window.session
        self.forget()
        project = session.project if session is not None else empty()
        # A project in no file has no folder that a path could be relative to.
        known = session is not None and session.path is not None
        folder = session.folder if known else Path()
        self._start(Task(list(paths), place, session, project, folder, time.monotonic()))

    def _start(self, task: Task) -> None:
        self._task = task
        self._window.say(f"Looking into {task.name} …")
        beside.begin()
        thread = threading.Thread(target=_work, args=(task,), name="proposing", daemon=True)
        self._threads.append(thread)
        thread.start()
        self._timer.start()

    def forget(self) -> None:
        """Gives up what is being looked into."""
        if self._task is not None:
            self._window.say("")
            if self._task.told:
                self._window.notices.drop(KEY)
        self._task = None

    def close(self) -> None:
        """The window is about to go."""
        self.forget()
        self._timer.stop()
        for thread in self._threads:
            thread.join(LAST)
            beside.end()
        self._threads.clear()

    def _session_changed(self, session: Session | None) -> None:
        if self._task is not None and self._task.session is not session:
            self.forget()
        if session is not None:
            session.changed.connect(self._changed)

    def _changed(self, change: Change) -> None:
        """Undo in the notice is about what was added, not about what was done since."""
        if self._after is not None and change.after is not self._after:
            self._after = None
            self._window.notices.drop(KEY)

    def _look(self) -> None:
        task = self._task
        # Asked once: one that ends a moment later is seen with the next look.
        alive = [thread for thread in self._threads if thread.is_alive()]
        mine = task is not None and self._threads[-1] in alive
        for _ in range(len(self._threads) - len(alive)):
            beside.end()
        self._threads = alive
        if not alive:
            self._timer.stop()
        if task is None:
            return
        if mine:
            if not task.told and time.monotonic() - task.begun > PATIENCE:
                task.told = True
                sentence = f"Looking into {task.name} …"
                self._window.notices.put(KEY, sentence, "info", (("Cancel", self.forget),))
            return
        self.forget()
        session = self._window.session
        if task.proposal is None:
            self._window.projects.refuse(task.why)
        elif session is not None and session.project is not task.project:
            # It was edited meanwhile: ids may be taken. What was read is known by now.
            self.begin(*task.paths, place=task.place)
        else:
            self._put(task)

    def _put(self, task: Task) -> None:
        window, proposal = self._window, task.proposal
        if window.session is None:
            window.projects.new()
        session = window.session
        self._after = None
        if not session.do(proposal.edit):
            return
        self._after = session.project
        window.select("data", proposal.nodes[:1], reveal=False)
        window.canvas.frame(proposal.nodes)
        window.notices.drop("refused")
        window.notices.put(KEY, proposal.sentence, "info", (("Undo", self._undo),))
        window.say(proposal.edit.label)

    def _undo(self) -> None:
        session = self._window.session
        if session is not None and session.project is self._after:
            session.undo()


def _work(task: Task) -> None:
    """Looks into the file, and has the project checked with it: what is read stays known."""
    from studio.graph.checks import check
    from studio.graph.compose.propose import propose

    try:
        found = propose(task.project, task.paths, task.folder, task.place)
        check(found.edit.apply(task.project), task.folder)
        task.proposal = found
    except StudioError as error:
        task.why = str(error)
    except Exception as error:  # a defect of ours must not end a thread without a word
        task.why = f"{task.name} can't be looked into: {type(error).__name__}, {error}."


def add_from_file(window: Window, folder: bool = False) -> None:
    """Asks for a file, or a folder, and adds the data in it."""
    path = window.projects.ask.data_to_add(folder)
    if path is not None:
        window.proposing.begin(path)
