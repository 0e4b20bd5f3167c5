"""The share of a training's time in which its steps wait for data.

TensorFlow knows it, but tells it to its profiler alone. So a short window of that is opened now
and then, at the level that costs least; between the ends of the first and of the last batch that
it sees being taken lie whole steps, and in them the waiting.
"""

from __future__ import annotations

import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

FIRST, EACH = 5.0, 60.0
"""Seconds from the first step to the first window, and from one window to the next."""

SHARE = 0.003
"""The part of the time that windows may take, of this thread's own."""

SHORTEST, LONGEST, STEPS = 0.3, 4.0, 8
"""A window's seconds, and the steps that are enough for one."""

TAKEN = re.compile(r"IteratorGetNext\w*::DoCompute")
"""The operation in which a step takes a batch, and waits where there is none."""


class InputWait:
    """Opens a window where one is due, and closes it early when all `ended`.

    `steps` says how many steps have been done.
    """

    def __init__(self, steps: Callable[[], int], ended: threading.Event):
        self._steps, self._ended = steps, ended
        self._seen = 0
        self._next: float | None = None
        self.share: float | None = None
        """The last that was measured."""

    def look(self) -> None:
        """Measures, where it is time; called in a thread of its own, which it holds up to 4 s."""
        now = time.monotonic()
        if self._next is None:
            self._next = now + FIRST if self._steps() else None
            return
        seen, self._seen = self._seen, self._steps()
        if now < self._next or seen == self._seen:  # it may be paused, or tested
            return
        used = time.thread_time()
        found = self._measured()
        self.share = self.share if found is None else found
        took = time.thread_time() - used
        self._next = time.monotonic() + max(EACH, took / SHARE)

    def _measured(self) -> float | None:
        """None where another profile is being taken, or too few steps were seen."""
        import tensorflow as tf

        profiler = tf.profiler.experimental
        options = profiler.ProfilerOptions(
            host_tracer_level=1, python_tracer_level=0, device_tracer_level=0
        )
        with tempfile.TemporaryDirectory(prefix="studio-profile-") as folder:
            try:
                profiler.start(folder, options=options)
            except tf.errors.AlreadyExistsError:
                return None
            try:
                self._wait()
            finally:
                profiler.stop()
            return share(_taken(Path(folder)))

    def _wait(self) -> None:
        begun, first = time.monotonic(), self._steps()
        while (passed := time.monotonic() - begun) < LONGEST:
            enough = passed >= SHORTEST and self._steps() - first >= STEPS
            if enough or self._ended.wait(0.05):
                break


def share(taken: Iterable[tuple[int, int]]) -> float | None:
    """The part of the time from the first end to the last in which batches were being taken.

    `taken`: beginning and end of each taking, in any unit. None where they are fewer than three.
    """
    spans = sorted(taken, key=lambda span: span[1])
    if len(spans) < 3:
        return None
    begun = reached = spans[0][1]
    waited = 0
    for start, end in spans[1:]:
        waited += max(0, end - max(start, reached))
        reached = max(reached, end)
    return round(waited / (reached - begun), 4) if reached > begun else None


def _taken(folder: Path) -> list[tuple[int, int]]:
    """When batches were taken, in picoseconds, as a profile tells."""
    try:
        from tensorflow.tsl.profiler.protobuf import xplane_pb2
    except ImportError:  # where another version of TensorFlow has put it
        return []
    found = []
    for file in folder.rglob("*.xplane.pb"):
        space = xplane_pb2.XSpace()
        space.ParseFromString(file.read_bytes())
        for plane in space.planes:
            wanted = {key for key, each in plane.event_metadata.items() if TAKEN.match(each.name)}
            for line in plane.lines:
                start = line.timestamp_ns * 1000
                for event in line.events:
                    if event.metadata_id in wanted:
                        begun = start + event.offset_ps
                        found.append((begun, begun + event.duration_ps))
    return found
