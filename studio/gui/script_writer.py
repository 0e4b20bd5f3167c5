"""The script of a project, written beside the window: a large one takes longer than a frame may."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct
from PySide6.QtCore import QObject, QTimer

from studio.codegen.script import Script, write_script
from studio.graph.checks import Report
from studio.graph.document import Project
from studio.graph.problems import Problem, ProjectError, StudioError, errors
from studio.graph.shapes import Shapes
from studio.gui.python_colours import spans

MOST = 1500
"""Nodes up to which a script is written within a frame: a thread would only slow the window's."""

LOOK = 8
"""Milliseconds between two looks whether it is written."""


class Written(Struct, frozen=True):
    """A script, or why there is none."""

    project: Project
    script: Script | None
    why: tuple[Problem, ...] = ()
    sentence: str = ""


class ScriptWriter(QObject):
    """Writes one script after the other, a large one in a thread; of those that wait, the last.

    `ready` is called with each that was written, in the window's own thread. No
    thread is there while nothing is written.
    """

    def __init__(self, ready: Callable[[Written], None], parent: QObject):
        super().__init__(parent)
        self._ready = ready
        self._thread: threading.Thread | None = None
        self._next: Callable[[], Written] | None = None
        self._done: Written | None = None
        self._aside = False
        self._timer = QTimer(self, interval=LOOK)
        self._timer.timeout.connect(self._look)

    @property
    def busy(self) -> bool:
        """Whether something is being written, or waits for it."""
        return self._timer.isActive()

    def write(self, project: Project, folder: Path, report: Report) -> None:
        """Has a project written; the report is that of the project as it is."""
        found = errors(report.problems)
        nodes = sum(len(graph.nodes) for graph in project.graphs().values())
        self._aside = not found and nodes > MOST
        if found:
            self._next = lambda: Written(project, None, tuple(found), found[0].sentence())
        elif self._aside:
            copy = snapshot(report)
            self._next = lambda: _write(project, folder, copy)
        else:
            self._next = lambda: _write(project, folder, report)
        self._timer.start()

    def _begin(self) -> None:
        work, self._next = self._next, None
        if not self._aside:
            self._done = work()
            return
        self._thread = threading.Thread(target=self._work, args=(work,), name="script", daemon=True)
        self._thread.start()

    def _work(self, work: Callable[[], Written]) -> None:
        self._done = work()

    def _look(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        if self._next is not None:
            self._begin()
            return  # what was written is shown with the next look: a frame of its own
        done, self._done, self._thread = self._done, None, None
        if self._next is None:
            self._timer.stop()
        if done is not None:
            self._ready(done)

    def forget(self) -> None:
        """Gives up what is being written: another project is shown."""
        self._next = None
        self._timer.stop()
        self._done = self._thread = None


def snapshot(report: Report) -> Report:
    """A report that stays as it is while the shapes of the session go on."""
    shapes = {
        name: Shapes(dict(each.nodes), dict(each.refused)) for name, each in report.shapes.items()
    }
    return Report(shapes, list(report.problems))


def _write(project: Project, folder: Path, report: Report) -> Written:
    spans("pass")  # the lexer takes a moment to load: here, not in the first frame that needs it
    try:
        return Written(project, write_script(project, folder, report=report))
    except ProjectError as error:
        return Written(project, None, error.problems, error.problems[0].sentence())
    except StudioError as error:
        return Written(project, None, (), str(error))
    except Exception as error:  # a defect of ours must not end a thread without a word
        return Written(project, None, (), f"The script can't be written: {error}.")
