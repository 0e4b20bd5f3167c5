"""Runs as the window sees them: started as `studio run` does, or found; followed by their events.

A run is a process of its own. The window looks at its folder, and its end is
no end of the run.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_data_path
from PySide6.QtCore import QObject, QTimer, Signal

from studio.graph.problems import StudioError
from studio.gui.pace import Pace

if TYPE_CHECKING:
    from studio.engine.local_cluster import LocalCluster
    from studio.engine.run import Run
    from studio.gui.session import Session
    from studio.gui.window import Window

EACH = 100
"""Milliseconds between two looks at the events of the runs."""

MOST = 1 << 20
"""Bytes of events that are read in one look: so many take some 20 ms."""


class Runner(QObject):
    """The runs of the project: `run` is the one that the bar tells of, `shown` the one whose
    curves and log the panels show.

    Signals: `started(Run)` when one is followed; `told(list)` the events of `run` as they come;
    `ended(str)` its last state; `showing(Path | None)` when the panels show another run.
    """

    started = Signal(object)
    told = Signal(object)
    ended = Signal(str)
    showing = Signal(object)

    def __init__(self, window: Window):
        super().__init__(window)
        self._window = window
        self.run: Run | None = None
        self.pace = Pace()
        self.shown: Path | None = None
        self._going: list[Run] = []
        self._timer = QTimer(self, interval=EACH)
        self._timer.timeout.connect(self._look)
        window.session_changed.connect(self._attach)

    @property
    def running(self) -> bool:
        """Whether the run goes on."""
        return self.run is not None and not self.run.progress.ended

    def folder(self) -> Path | None:
        """Where the project's runs are kept: beside it, as the command line does; None without."""
        session = self._window.session
        if session is None:
            return None
        if session.path is None and session.folder == Path():
            return user_data_path("studio") / "runs"  # it has no place yet
        return session.folder / "runs"

    def start(self, cluster: LocalCluster | None = None) -> bool:
        """Starts the project as it is on the screen, saved or not; with a cluster's processes.

        Where it can't be, its problems are shown instead.
        """
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
        self._window.projects.trust.remember()  # the run has the same code
        from studio.codegen.script import write_script
        from studio.engine.run import start

        try:
            script = write_script(session.project, session.folder, report=session.report)
            run = start(session.project, session.folder, self.folder(), script, cluster)
        except StudioError as error:
            self._window.say(str(error).split("\n")[0])
            return False
        self.follow(run)
        return True

    def stop(self) -> None:
        """Asks the run to end behind its step, with a checkpoint."""
        if self.running:
            self.run.stop()
            self._window.say("Stopping: a checkpoint is being written.")

    def pause(self) -> None:
        """Asks the run to wait behind its step, with a checkpoint."""
        if self.running:
            self.run.pause()
            self._window.say("Pausing behind this step. It holds its memory until it is stopped.")

    def resume(self, folder: Path | None = None) -> None:
        """Lets a run go on: the one that waits, or one that has ended, from its checkpoint."""
        from studio.engine.run import resume

        folder = folder or self.run.folder
        try:
            run = resume(folder)
        except StudioError as error:
            self._window.say(str(error).split("\n")[0])
            return
        if not self.going(folder):
            self.follow(run)

    @property
    def resumable(self) -> bool:
        """Whether the run waits, or has ended before all was trained."""
        state = self.run.progress.state if self.run is not None else ""
        return state in ("paused", "stopped", "failed", "lost")

    def follow(self, run: Run) -> None:
        """Tells of a run, and shows it, from now on."""
        self.run = run
        self.pace = Pace()
        self._going.append(run)
        self._timer.start()
        self.started.emit(run)
        self.show(run.folder)
        self._look()

    def show(self, folder: Path | None) -> None:
        """Shows a run's curves and log, whether it goes on or not."""
        if folder != self.shown:
            self.shown = folder
            self.showing.emit(folder)

    def devices(self) -> list[dict[str, str]]:
        """The devices that the last run found; none before there was one."""
        folder = self.run.folder if self.run is not None else self._newest()
        if folder is None:
            return []
        try:
            about = json.loads((folder / "environment.json").read_bytes())
            return [each for each in about["devices"] if isinstance(each, dict)]
        except (OSError, ValueError, KeyError, TypeError):
            return []  # it hasn't come so far

    def _newest(self) -> Path | None:
        runs = self.folder()
        names = sorted(path.name for path in runs.glob("*-*-*")) if runs is not None else []
        return runs / names[-1] if names else None

    def going(self, folder: Path | None) -> bool:
        """Whether a run is one that goes on."""
        return any(run.folder == folder for run in self._going)

    # Other projects, other programs

    def _attach(self, session: Session | None) -> None:
        """Finds the runs of another project that still go on, and those that died unseen."""
        self._going.clear()
        self.run = None
        self.show(None)
        if session is None:
            return
        from studio.engine.process import noted

        folders = noted(self.folder())
        if folders:
            from studio.engine.run import attach

            self._going = [attach(folder) for folder in folders]
            self.run, self.pace = self._going[0], Pace()
            self.started.emit(self.run)
            self.show(self.run.folder)
            self._timer.start()

    def _look(self) -> None:
        behind = False
        for run in list(self._going):
            events: list[dict[str, Any]] = run.poll(MOST)
            behind |= run.behind
            ended = run.progress.ended
            if ended and not run.behind and run.process.poll() is not None:
                self._going.remove(run)
            if run is self.run:
                self._tell(events)
        if not self._going:
            self._timer.stop()
        self._timer.setInterval(0 if behind else EACH)

    def _tell(self, events: list[dict[str, Any]]) -> None:
        if not events:
            return
        for event in events:
            self.pace.take(event)
        self.told.emit(events)
        if self.run.progress.ended:
            self.ended.emit(self.run.progress.state)
            self._window.actions_.refresh()

    def release(self) -> None:
        """Follows no more; the runs themselves go on."""
        self._timer.stop()
