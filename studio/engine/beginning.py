"""A training that doesn't come to its first step: where it is at work, said while it is."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

from studio.engine.events import EventWriter
from studio.engine.fault import place_in
from studio.engine.run import SCRIPT
from studio.graph.document import Project

SECONDS = 60.0
"""Behind which it is said that no step has been done yet."""

CODE = "slow-start"


class Beginning:
    """Says once, from a thread of its own, what a training is at that has not begun to step."""

    def __init__(
        self,
        folder: Path,
        project: Project,
        events: EventWriter,
        steps_done: Callable[[], int],
        seconds: float | None = None,
    ):
        self._folder, self._project, self._events = folder, project, events
        self._steps_done, self._seconds = steps_done, SECONDS if seconds is None else seconds
        self._main = threading.current_thread().ident
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._begun = steps_done()

    def start(self) -> None:
        """Begins to watch the thread that calls this."""
        self._thread.start()

    def close(self) -> None:
        """Nothing more will be said."""
        self._over.set()

    def _watch(self) -> None:
        if self._over.wait(self._seconds) or self._steps_done() > self._begun:
            return
        place, line = place_in(self._folder, self._project, self._lines())
        graph, node = place or ("", "")
        where = f' at "{node}" ({graph})' if node else f" at line {line}" if line else ""
        self._events.write(
            "problem",
            code=CODE,
            graph=graph,
            node=node,
            line=line,
            message=f"No step has been done for {self._seconds:.0f} seconds: the script is still"
            f"{where}. It goes on; data without an end would never be counted, mixed or adapted "
            "to. studio stop ends it.",
        )

    def _lines(self) -> list[int]:
        """The lines of the script where the training's thread is, the innermost last."""
        frame = sys._current_frames().get(self._main)
        script = str(self._folder / SCRIPT)
        stack = traceback.extract_stack(frame) if frame is not None else []
        return [each.lineno for each in stack if each.filename == script and each.lineno]
