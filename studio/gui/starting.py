"""A run's folder is made and its process started: at once where that is quick, else beside the
window, which goes on meanwhile.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from PySide6.QtCore import QObject, Signal

from studio.graph.checks import Report
from studio.graph.document import Project
from studio.graph.problems import StudioError
from studio.gui import beside

if TYPE_CHECKING:
    from studio.engine.local_cluster import LocalCluster
    from studio.engine.run import Run

QUICK_NODES, QUICK_BYTES = 200, 4 << 20
"""A project of so many nodes, with data files of so many bytes, is prepared in some 30 ms."""


class Order(Struct, frozen=True):
    """What is to be run: the project with what its check has found, and where the run is kept."""

    project: Project
    folder: Path
    report: Report
    runs: Path
    queue: bool = False
    cluster: LocalCluster | None = None


class Starting(QObject):
    """Starts one run at a time.

    Signals: `ready(Run, Order)` it is started, or waits in the queue; `refused(str)` the sentence
    of why it can't be; `working(bool)` while it is being prepared beside the window.
    """

    ready = Signal(object, object)
    refused = Signal(str)
    working = Signal(bool)
    _done = Signal(object, object)

    def __init__(self, parent: QObject):
        super().__init__(parent)
        self._thread: threading.Thread | None = None
        self._closed = False
        self._done.connect(self._take)

    def start(self, order: Order) -> bool:
        """Starts it; False where that is known to have failed, or another is being started."""
        if self._thread is not None:
            return False
        if _quick(order):
            found = _made(order)
            self._tell(found, order)
            return not isinstance(found, str)
        self._thread = threading.Thread(target=self._work, args=(order,), daemon=True)
        self.working.emit(True)
        beside.begin()
        self._thread.start()
        return True

    def _work(self, order: Order) -> None:
        self._done.emit(_made(order), order)

    def _take(self, found: Run | str, order: Order) -> None:
        if self._closed:
            return
        self._end()
        self.working.emit(False)
        self._tell(found, order)

    def _tell(self, found: Run | str, order: Order) -> None:
        if isinstance(found, str):
            self.refused.emit(found)
        else:
            self.ready.emit(found, order)

    def close(self) -> None:
        """The window closes: a run that is being prepared is started all the same."""
        self._closed = True
        self._end()

    def _end(self) -> None:
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            beside.end()


def _made(order: Order) -> Run | str:
    """The run, started or in the queue; or why it can't be."""
    from studio.codegen.script import write_script
    from studio.engine.queue import advance, enqueue
    from studio.engine.run import attach, launch, prepare
    from studio.engine.weights_fit import refuse_unfit

    try:
        refuse_unfit(order.project, order.folder, order.report)
        script = write_script(order.project, order.folder, report=order.report)
        place = prepare(order.project, order.folder, order.runs, script, order.cluster)
        if not order.queue:
            return launch(place)
        enqueue(place)
        advance(order.runs)
        return attach(place)
    except StudioError as error:
        return str(error).split("\n")[0]
    except OSError as error:
        return f"The run can't be kept in {order.runs}: {error.strerror}."


def _quick(order: Order) -> bool:
    """Whether it is prepared in no time: little to write, and little data to be fingerprinted."""
    from studio.engine.files import data_files

    if sum(len(graph.nodes) for graph in order.project.graphs().values()) > QUICK_NODES:
        return False
    try:
        files = data_files(order.project, order.folder).values()
        if any(path.is_dir() for path in files):
            return False
        return sum(path.stat().st_size for path in files if path.exists()) <= QUICK_BYTES
    except (StudioError, OSError):
        return True  # which is told at once
