"""Runs as the window sees them: started as `studio run` does, or found; followed by their events.

A run is a process of its own. The window looks at its folder, and its end is
no end of the run. Of those that wait in the queue none needs the window either.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_data_path
from PySide6.QtCore import QObject, QTimer, Signal

from studio.graph.problems import StudioError
from studio.gui.ahead import Ahead
from studio.gui.pace import Pace
from studio.gui.starting import Order, Starting

if TYPE_CHECKING:
    from studio.engine.local_cluster import LocalCluster
    from studio.engine.run import Run
    from studio.gui.session import Session
    from studio.gui.window import Window

EACH = 100
"""Milliseconds between two looks at the events of the runs."""

MOST = 1 << 18
"""Bytes of events that are read in one look, of all runs together: so many take some 5 ms."""

SCAN = 2.0
"""Seconds between two looks for runs that others have started, or put into the queue."""

NEWEST, FURTHER = 30, 50
"""Folders that such a look is at: the newest each time, and so many of the others in turn."""


class Runner(QObject):
    """The runs of the project: `run` is the one that the bar tells of, `shown` the one whose
    curves and log the panels show.

    Signals: `started(Run)` when one is followed; `told(list)` the events of `run` as they come;
    `ended(str)` its last state; `showing(Path | None)` when the panels show another run. Of all
    runs, not of that one alone: `heard(Run, list)` their events, `finished(Run)` when one has
    ended, and `listed()` when other ones go on or wait than before. `preparing(bool)` is told
    while the folder of a run that is large is being made.
    """

    started = Signal(object)
    told = Signal(object)
    ended = Signal(str)
    showing = Signal(object)
    heard = Signal(object, object)
    finished = Signal(object)
    listed = Signal()
    preparing = Signal(bool)

    def __init__(self, window: Window):
        super().__init__(window)
        self._window = window
        self.run: Run | None = None
        self.shown: Path | None = None
        self._paces: dict[Path, Pace] = {}
        self._followed: list[Run] = []
        self._waiting: list[Path] = []  # in the queue's order
        self._next_scan, self._place = 0.0, 0
        self._timer = QTimer(self, interval=EACH)
        self._timer.timeout.connect(self._look)
        self._ahead = Ahead(self)
        self._starting = Starting(self)
        self._starting.ready.connect(self._begun)
        self._starting.refused.connect(self._refused)
        self._starting.working.connect(self.preparing)
        window.session_changed.connect(self._attach)

    @property
    def running(self) -> bool:
        """Whether the run goes on."""
        return self.run is not None and not self.run.progress.ended

    @property
    def pace(self) -> Pace:
        """How fast the run goes."""
        return self.pace_of(self.run)

    def pace_of(self, run: Run | None) -> Pace:
        """How fast a run goes that is followed."""
        return self._paces.setdefault(run.folder, Pace()) if run is not None else Pace()

    @property
    def all_going(self) -> list[Run]:
        """The runs that go on, the first that was started first; not those that wait."""
        runs = (each for each in self._followed if each.folder not in self._waiting)
        return sorted((r for r in runs if not r.progress.ended), key=lambda each: each.id)

    @property
    def queued(self) -> list[Run]:
        """The runs that wait for their turn, in their order."""
        by_folder = {run.folder: run for run in self._followed}
        return [by_folder[each] for each in self._waiting if each in by_folder]

    def folder(self) -> Path | None:
        """Where the project's runs are kept: beside it, as the command line does; None without."""
        session = self._window.session
        if session is None:
            return None
        if session.path is None and session.folder == Path():
            return user_data_path("studio") / "runs"  # it has no place yet
        return session.folder / "runs"

    # Starting

    def start(self, cluster: LocalCluster | None = None, queue: bool = False) -> bool:
        """Starts the project as it is on the screen, saved or not, with a cluster's processes if
        given; or lets it wait for its turn.

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
        self._window.notices.drop(REFUSED)
        order = Order(
            session.project, session.folder, session.report, self.folder(), queue, cluster
        )
        return self._starting.start(order)

    def _refused(self, sentence: str) -> None:
        self._window.say(sentence)
        self._window.notices.put(REFUSED, sentence, "error")

    def _begun(self, run: Run, order: Order) -> None:
        """A run was started, or put into the queue."""
        if order.runs != self.folder():
            return  # another project was opened meanwhile: it goes on unseen
        if order.queue:
            self._scan()
        if run.folder in self._waiting:
            place = self._waiting.index(run.folder) + 1
            self._window.say(f"{run.id} is number {place} in the queue.")
        else:
            self.follow(run)

    def resume(self, folder: Path | None = None) -> None:
        """Lets a run go on: the one that waits, or one that has ended, from its checkpoint."""
        from studio.engine.process import Found
        from studio.engine.run import resume

        folder = folder or self.run.folder
        try:
            run = resume(folder)
        except StudioError as error:
            self._refused(str(error).split("\n")[0])
            return
        if not self.going(folder) or not isinstance(run.process, Found):
            self.follow(run)  # by its new process

    # What a run is asked

    def stop(self, run: Run | None = None, keep_best: bool = False) -> None:
        """Asks a run to end behind its step, with a checkpoint; it may keep the best epoch's
        model.
        """
        run = run or self.run
        if run is None or run.progress.ended or not self._ask(lambda: run.stop(keep_best)):
            return
        kept = "the model of its best epoch is kept" if keep_best else "a checkpoint is written"
        self._window.say(f"Stopping: {kept}.")

    def pause(self, run: Run | None = None) -> None:
        """Asks a run to wait behind its step, with a checkpoint."""
        run = run or self.run
        if run is not None and not run.progress.ended and self._ask(run.pause):
            self._window.say("Pausing behind this step. It holds its memory until it is stopped.")

    def take_out(self, run: Run) -> None:
        """Takes a run out of the queue."""
        from studio.engine.queue import withdraw

        if self._ask(lambda: withdraw(run.folder)):
            self._window.say(f"{run.id} is taken out of the queue.")
        self._look()
        self._scan()

    def move_up(self, run: Run) -> None:
        """Lets a run that waits have its turn before the one before it."""
        from studio.engine.queue import move_up

        self._ask(lambda: move_up(run.folder))
        self._scan()

    def _ask(self, what: Any) -> bool:
        try:
            what()
        except OSError as error:
            self._refused(f"The run can't be told anything: {error.strerror}.")
            return False
        return True

    @property
    def resumable(self) -> bool:
        """Whether the run waits, or has ended before all was trained."""
        state = self.run.progress.state if self.run is not None else ""
        return state in ("paused", "stopped", "failed", "lost")

    # Following

    def follow(self, run: Run) -> None:
        """Tells of a run, and shows it, from now on."""
        self._followed = [each for each in self._followed if each.folder != run.folder]
        self._followed.append(run)
        self._paces[run.folder] = Pace()
        self.run = run
        self._ahead.begin()
        self._timer.start()
        self.started.emit(run)
        self.listed.emit()
        self.show(run.folder)
        self._look()

    def tell_of(self, run: Run) -> None:
        """Lets the bar tell of a run that is followed, and the panels show it."""
        if run is not self.run:
            self.run = run
            self.listed.emit()
        self.show(run.folder)

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
        """Whether a run is one that goes on, or waits for its turn."""
        return any(run.folder == folder for run in self._followed)

    # Other projects, other programs

    def _attach(self, session: Session | None) -> None:
        """Finds the runs of another project that still go on, and those that died unseen."""
        self._followed.clear()
        self._waiting.clear()
        self._paces.clear()
        self.run = None
        self.show(None)
        if session is not None:
            self._scan(whole=True)
            going = self.all_going
            if going:
                self.run = going[-1]
                self.show(self.run.folder)
        self.listed.emit()

    def _in_turn(self, runs: Path) -> list[Path]:
        """Some of the folders, so that a thousand of them hold nothing up."""
        try:
            names = sorted((each.name for each in os.scandir(runs)), reverse=True)
        except OSError:
            return []
        others = names[NEWEST:]
        first, self._place = self._place, self._place + FURTHER
        if self._place >= len(others):
            self._place = 0
        return [runs / name for name in (*names[:NEWEST], *others[first : first + FURTHER])]

    def _scan(self, whole: bool = False) -> None:
        """Looks which runs go on and which wait, whoever has started them."""
        from studio.engine.process import noted
        from studio.engine.queue import advance, waiting

        self._next_scan = time.monotonic() + SCAN
        runs = self.folder()
        if runs is None:
            return
        among = None if whole else [*self._in_turn(runs), *self._waiting]
        waits = list(dict.fromkeys(folder for folder, _ in waiting(runs, among)))
        if waits and not self.all_going:
            advance(runs)  # nobody else may be there to do it
            waits = [folder for folder, _ in waiting(runs)]
        there = reversed(noted(runs, among))
        found = [each for each in dict.fromkeys((*there, *waits)) if not self.going(each)]
        changed = bool(found) or waits != self._waiting
        self._waiting = waits
        if found:
            from studio.engine.run import attach

            for folder in found:
                run = attach(folder)
                self._followed.append(run)
                self._paces[folder] = Pace()
                self.started.emit(run)
        if self._followed:
            self._timer.start()
        if changed:
            self.listed.emit()

    def _look(self) -> None:
        behind, left = False, MOST
        over: list[Run] = []
        for run in list(self._followed):
            if left <= 0:
                behind = True
                break
            before, was_over = run.read_bytes, run.progress.ended
            events: list[dict[str, Any]] = run.poll(left)
            left -= run.read_bytes - before
            behind |= run.behind
            ended = run.progress.ended
            if ended and not run.behind and run.process.poll() is not None:
                self._followed.remove(run)
                self._waiting = [each for each in self._waiting if each != run.folder]
            self._tell(run, events)
            if ended and not was_over:
                over.append(run)
        for run in over:
            self._over(run)
        if self._waiting:
            self._see_begun()
        if self._followed and time.monotonic() >= self._next_scan:
            self._scan()
        if not self._followed:
            self._timer.stop()
        self._timer.setInterval(0 if behind else EACH)

    def _see_begun(self) -> None:
        """Those whose turn has come: the bar tells of one where its own has ended."""
        from studio.engine.queue import is_waiting

        begun = [each for each in self._waiting if not is_waiting(each)]
        if not begun:
            return
        self._waiting = [each for each in self._waiting if each not in begun]
        runs = [r for r in self._followed if r.folder in begun and not r.progress.ended]
        if runs and not self.running:
            self.run = runs[0]
        self.listed.emit()

    def _tell(self, run: Run, events: list[dict[str, Any]]) -> None:
        if not events:
            return
        pace = self.pace_of(run)
        for event in events:
            pace.take(event)
        self.heard.emit(run, events)
        if run is self.run:
            self.told.emit(events)

    def _over(self, run: Run) -> None:
        """A run has told its end."""
        if run is self.run:
            self.ended.emit(run.progress.state)
            self._window.actions_.refresh()
        self._next_scan = 0.0  # the next in the queue may have its turn
        self.finished.emit(run)
        self.listed.emit()

    def release(self) -> None:
        """Follows no more; the runs themselves go on."""
        self._starting.close()
        self._ahead.close()
        self._timer.stop()


REFUSED = "run-refused"
"""The key of the notice that says why a run couldn't be started."""
