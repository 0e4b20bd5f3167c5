"""What a training takes of the machine, written among its events every two seconds."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from studio.engine.events import EventWriter
from studio.engine.gpus import Gpus
from studio.engine.input_wait import InputWait
from studio.graph.document import Project

EACH = 2.0
"""Seconds from one event to the next."""

SHARE = 0.002
"""The part of the time that measuring may take; where it takes more, it is done less often."""


class Resources(threading.Thread):
    """Measures in a thread of its own until it is closed.

    `steps` says how many steps have been done; `batch` how many samples are in one, where that
    is known. Without `waits` it isn't measured how long steps wait for data.
    """

    def __init__(
        self, events: EventWriter, steps: Callable[[], int], batch: int | None, waits: bool = True
    ):
        super().__init__(name="resources", daemon=True)
        self._events, self._steps, self._batch = events, steps, batch
        self._ended = threading.Event()
        self._gpus: Gpus | None = None
        self.waiting = InputWait(steps, self._ended) if waits else None

    def run(self) -> None:
        """Writes an event now and then."""
        import psutil

        process = psutil.Process()
        process.cpu_percent(None)  # which tells what was used since it was asked before
        psutil.cpu_percent(None)
        before, at, pause = self._steps(), time.monotonic(), EACH
        while not self._ended.wait(pause):
            used = time.thread_time()
            steps, now = self._steps(), time.monotonic()
            self.tell(psutil, process, (steps - before) / (now - at))
            before, at = steps, now
            pause = max(EACH, (time.thread_time() - used) / SHARE)
            if self.waiting is not None:
                self._look()

    def tell(self, psutil: Any, process: Any, pace: float) -> None:
        """Writes one event; `pace` is in steps a second."""
        self._gpus = self._gpus or Gpus()
        told = self._machine(psutil, process) | {"gpus": self._gpus.read()}
        self._events.write("resources", **told, **self._pace(pace))

    def close(self) -> None:
        """Ends it; nothing is written any more."""
        self._ended.set()
        self.join()

    @staticmethod
    def _machine(psutil: Any, process: Any) -> dict[str, Any]:
        memory = psutil.virtual_memory()
        return {
            "cpu": process.cpu_percent(None),
            "memory": process.memory_info().rss,
            "machine": {
                "cpu": psutil.cpu_percent(None),
                "memory": memory.total - memory.available,
                "total": memory.total,
                "cores": psutil.cpu_count() or 1,
            },
        }

    def _pace(self, steps: float) -> dict[str, Any]:
        if steps < 0:  # it has gone back to a checkpoint
            return {}
        told: dict[str, Any] = {"steps_per_second": round(steps, 3)}
        if self._batch:
            told["samples_per_second"] = round(steps * self._batch, 3)
        if self.waiting is not None and self.waiting.share is not None:
            told["input_wait"] = self.waiting.share
        return told

    def _look(self) -> None:
        """How long steps wait: what can't be measured must not end the rest."""
        try:
            self.waiting.look()
        except Exception as error:
            print(f"How long steps wait for data can't be measured: {error}", file=sys.stderr)
            self.waiting = None


def profiles(project: Project) -> bool:
    """Whether a project may take a profile of its own, of which there can be but one at a time."""
    if any("profiler" in code.source for code in project.code.values()):
        return True
    return any(
        each.op == "keras.callbacks.TensorBoard" and each.params.get("profile_batch")
        for each in project.training.callbacks
    )
