"""Runs as the window sees them: started as `studio run` does, followed by their events."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from studio.graph.problems import StudioError

if TYPE_CHECKING:
    from studio.engine.run import Run
    from studio.gui.window import Window

EACH = 100
"""Milliseconds between two looks at the events of a run."""


class Runner(QObject):
    """The run that the window follows.

    Signals: `started(Run)`; `told(list of events)` as they come; `ended(str)` its last state.
    """

    started = Signal(object)
    told = Signal(object)
    ended = Signal(str)

    def __init__(self, window: Window):
        super().__init__(window)
        self._window = window
        self.run: Run | None = None
        self._timer = QTimer(self, interval=EACH)
        self._timer.timeout.connect(self._look)

    @property
    def running(self) -> bool:
        """Whether a run is going on."""
        return self.run is not None and not self.run.progress.ended

    def folder(self) -> Path:
        """Where the runs of the project are kept: beside it, as the command line does."""
        return self._window.session.folder / "runs"

    def start(self) -> bool:
        """Starts the project as it is; where it can't be, its problems are shown instead."""
        from studio.codegen.script import write_script
        from studio.engine.run import start

        session = self._window.session
        session.settle()
        if session.errors:
            self._window.panel("problems")
            self._window.say("It can't be trained yet: see the problems.")
            return False
        if not self._window.projects.trusted(session):
            self._window.projects.trust.tell()
            self._window.say("It isn't run before you trust the code that it brings.")
            return False
        try:
            script = write_script(session.project, session.folder, report=session.report)
            run = start(session.project, session.folder, self.folder(), script)
        except StudioError as error:
            self._window.say(str(error).split("\n")[0])
            return False
        self.follow(run)
        return True

    def follow(self, run: Run) -> None:
        """Shows the events of a run from now on."""
        self.run = run
        self.started.emit(run)
        self._timer.start()
        self._look()

    def stop(self) -> None:
        """Asks the run to end behind its step, with a checkpoint."""
        if self.running:
            self.run.stop()

    def _look(self) -> None:
        events: list[dict[str, Any]] = self.run.poll()
        if events:
            self.told.emit(events)
        if self.run.progress.ended:
            self._timer.stop()
            self.ended.emit(self.run.progress.state)

    def release(self) -> None:
        """Follows no more; the run itself goes on."""
        self._timer.stop()
