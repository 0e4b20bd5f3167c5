"""The curves of a run, read from its events as they come: a million steps in less than a second.

Nearly all events are steps of the same metrics. They are decoded by msgspec into the fields that
a plot needs, a whole part of the file at once, and go into the curves as arrays. What has another
form (a metric more, numbers for each class, a line that a crash cut short) goes one by one.
"""

from __future__ import annotations

import math
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec import defstruct

from studio.engine.curves import Curves
from studio.engine.events import Event, EventReader, decode
from studio.engine.runs import STEP

PART = 1 << 20
"""Bytes that are taken at once: more of them would only go through more of the memory."""

RATE = b'"learning_rate":'

NEWLINE, BEGINNING = 10, np.frombuffer(STEP, np.uint8)

RESUMED = b'{"event":"resumed"'


class CurveReader:
    """Follows the events of a run; `curves` holds what they have said so far."""

    def __init__(self, folder: Path):
        self.curves = Curves()
        self._reader = EventReader(folder)
        self._names: tuple[str, ...] | None = None
        self._decoder: msgspec.json.Decoder | None = None

    @property
    def behind(self) -> bool:
        """Whether the last call left events unread, for `most`."""
        return self._reader.behind

    def read(self, most: int | None = None) -> list[Event]:
        """Takes the events since the last call, of the first `most` bytes; those that are no
        steps are returned.
        """
        told = self._part(most or PART)
        while most is None and self.behind:
            told += self._part(PART)
        return told

    def _part(self, most: int) -> list[Event]:
        lines = self._reader.lines(most)
        if RESUMED in lines:  # what was told before it and what behind it must not be mixed
            told = decode(lines)
            self.curves.take(told)
            return [each for each in told if each["event"] != "step"]
        steps, others = _parted(lines)
        if steps and not self._take(steps):
            self.curves.take(decode(steps))
        told = decode(others)
        self.curves.take(told)
        return told

    def _take(self, steps: bytes) -> bool:
        """Takes lines of steps that all tell the same metrics; False where they don't."""
        for _ in range(2):
            if self._decoder is not None:
                try:
                    self._fill(self._decoder.decode_lines(steps), RATE in steps)
                    return True
                except msgspec.MsgspecError:
                    pass  # other metrics than before, perhaps from now on
            if not self._expect(steps):
                return False
        return False

    def _expect(self, steps: bytes) -> bool:
        """From now on the metrics of the first of some lines; False where they are the same."""
        first = decode(steps[: steps.find(b"\n") + 1])
        metrics = first[0].get("metrics") if first else None
        if not isinstance(metrics, dict) or tuple(metrics) == self._names:
            return False
        self._names = tuple(metrics)
        try:
            self._decoder = _decoder(self._names)
        except ValueError:  # a name that msgspec can't have as a field's
            self._decoder = None
        return self._decoder is not None

    def _fill(self, found: list[Any], rates: bool) -> None:
        x, times, epochs = (_column(found, name) for name in ("step", "time", "epoch"))
        self.curves.add_times(x, times, epochs)
        metrics = [each.metrics for each in found]
        for at, name in enumerate(self._names):
            self.curves.add_steps(name, x, _column(metrics, f"m{at}"))
        if rates:
            told = [each for each in found if each.learning_rate is not None]
            self.curves.beside.add_rates([(each.step, each.learning_rate) for each in told])


def _column(found: list[Any], name: str) -> np.ndarray:
    of = attrgetter(name)
    try:
        return np.fromiter(map(of, found), float, len(found))
    except TypeError:  # some are None, which becomes nan
        return np.array(list(map(of, found)), float)


def _decoder(names: tuple[str, ...]) -> msgspec.json.Decoder:
    """Of steps that tell exactly these metrics, each a number or null."""
    metrics = defstruct(
        "Metrics",
        [(f"m{at}", float | None) for at in range(len(names))],
        rename={f"m{at}": name for at, name in enumerate(names)},
        forbid_unknown_fields=True,
        gc=False,
    )
    step = defstruct(
        "Step",
        [
            ("step", int),
            ("epoch", int),
            ("metrics", metrics),
            ("time", float, math.nan),
            ("learning_rate", float | None, None),
        ],
        gc=False,
    )
    return msgspec.json.Decoder(step)


def _parted(lines: bytes) -> tuple[bytes, bytes]:
    """The lines of steps, and the others, each in their order."""
    if len(lines) < len(STEP):
        return b"", lines
    there = np.frombuffer(lines, np.uint8)
    ends = np.flatnonzero(there == NEWLINE) + 1
    starts = np.concatenate([[0], ends[:-1]])
    short = ends - starts < len(STEP)
    if short.any():  # lines that others have cut
        starts = np.where(short, 0, starts)
    found = (there[starts[:, None] + np.arange(len(STEP))] == BEGINNING).all(axis=1) & ~short
    if found.all():
        return lines, b""
    steps: list[bytes] = []
    others: list[bytes] = []
    at = 0
    for row in np.flatnonzero(~found):
        start = int(ends[row - 1]) if row else 0
        steps.append(lines[at:start])
        at = int(ends[row])
        others.append(lines[start:at])
    return b"".join([*steps, lines[at:]]), b"".join(others)
