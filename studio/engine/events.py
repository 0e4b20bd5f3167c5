"""events.jsonl: one JSON object a line, appended whole; read from where one was before.

Every event has "event" (its kind) and "time" (seconds since 1970):

    {"event": "state", "state": "running", ...}      queued, paused, stopped, completed, failed
    {"event": "resumed", "epoch": 2, "step": 51}     it goes on from there: what is behind is gone
    {"event": "plan", "epochs": 25, "steps": 23}     when training begins; steps may be null
    {"event": "step", "step": 41, "epoch": 2, "metrics": {"loss": 0.41}}
    {"event": "epoch", "epoch": 2, "step": 46, "seconds": 0.61, "learning_rate": 0.001,
     "metrics": {"loss": 0.4, "val_loss": 0.5}}
    {"event": "early_stop", "epoch": 9, "step": 207}      a callback has ended the training
    {"event": "test", "metrics": {"loss": 0.39}}
    {"event": "problem", "code": "not-finite", "step": 41, "epoch": 2, "found": true,
     "graph": "model", "node": "wide", "message": "The loss is nan at step 41 ..."}
    {"event": "resources", "cpu": 180.0, "memory": 900000000, "gpus": [{"name", "load", ...}],
     "machine": {"cpu": 95.0, "memory": 7000000000, "total": 16000000000, "cores": 8},
     "steps_per_second": 210.0, "samples_per_second": 13440.0, "input_wait": 0.04}
    {"event": "inside", "step": 41, "epoch": 2, "seconds": 0.04, "share": 0.012, "first": 0.3,
     "gradients": {"norm": 1.2, "nodes": {"conv1": 0.3}}, "activations": {"conv1": {"mean", ...}},
     "weights": {"conv1": {"norm": 4.1, "update": 0.001}}}    see docs/inside.md
    {"event": "checkpoint", "path": "checkpoints/stopped.keras", "step": 41}
    {"event": "member", "task": "worker:1", "state": "started", "process": 4711}
    {"event": "member", "task": "worker:1", "state": "died", "message": "Worker 1 was ended ..."}

A step has a "learning_rate", too, now and then, where a schedule gives another at each step.

Where a run trains with several processes, each of them is a member: started (those of the data are
ready a little later), and then ended, or died. One that died is started again where the training
bears that. The process that leads tells the rest of the events, and in its last word as a member
how the training "end"s; a failure's state names the "task" that it came from.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import msgspec

NAME = "events.jsonl"
FINAL = frozenset({"stopped", "completed", "failed", "lost"})
"""States that a run doesn't leave by itself."""

Event = dict[str, Any]


class EventWriter:
    """Appends events; each is one write, so that a reader never sees half of one from us."""

    def __init__(self, folder: Path):
        self._file = os.open(folder / NAME, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            os.write(self._file, b"\n")  # behind a line that a power cut left unfinished
        self._writing = threading.Lock()
        self._encode = msgspec.json.Encoder().encode

    def write(self, event: str, **fields: Any) -> None:
        """Appends an event with the present time; numbers that are not finite become null."""
        with self._writing:  # so that times are in order, whichever thread tells
            line = {"event": event, "time": round(time.time(), 4)} | fields
            os.write(self._file, self._encode(line) + b"\n")

    def close(self) -> None:
        """Nothing more will be written."""
        os.close(self._file)


class EventReader:
    """Reads the events of a run as they come."""

    def __init__(self, folder: Path):
        self._path = folder / NAME
        self._offset = 0
        self.behind = False
        """Whether the last call left events unread, for `most`."""

    @property
    def offset(self) -> int:
        """How many bytes have been read."""
        return self._offset

    def read(self, most: int | None = None) -> list[Event]:
        """The events since the last call; a line that is not yet whole waits for the next.

        Of more than `most` bytes the first are read, so that whoever must not
        wait long can read a long story in parts.
        """
        return decode(self.lines(most))

    def lines(self, most: int | None = None) -> bytes:
        """Like `read`, as they are written: whole lines."""
        try:
            with self._path.open("rb") as file:
                there = file.seek(0, os.SEEK_END) - self._offset
                file.seek(self._offset)
                content = file.read(-1 if most is None else most)
                if most is not None and b"\n" not in content:
                    content += file.readline()
        except FileNotFoundError:
            return b""
        whole = content[: content.rfind(b"\n") + 1]
        self._offset += len(whole)
        self.behind = there > len(content)
        return whole


def decode(lines: bytes) -> list[Event]:
    """The events of whole lines."""
    events = []
    for line in lines.splitlines():
        try:
            event = msgspec.json.decode(line)
        except msgspec.DecodeError:
            continue  # a line that a crash cut short
        if isinstance(event, dict) and _sound(event):
            events.append(event)
    return events


def _sound(event: Event) -> bool:
    """Whether an event has the form that its kind has; a file may be changed by others, too."""
    kind = event.get("event")
    if not isinstance(event.get("time", 0.0), (float, int)):
        return False
    if kind == "step":  # nearly all are
        return isinstance(event.get("step"), int) and _counted(event)
    if kind == "epoch":
        return isinstance(event.get("step", 0), int) and _counted(event)
    if kind == "state":
        return _worded(event, "state")
    if kind == "member":
        number = isinstance(event.get("process"), int | None)
        return number and _worded(event, "task", "state")
    if kind == "plan":
        return all(isinstance(event.get(name, 0), int | None) for name in ("epochs", "steps"))
    if kind == "resumed":
        return all(isinstance(event.get(name), int) for name in ("epoch", "step"))
    return _measured(event) if kind == "test" else isinstance(kind, str)


def _worded(event: Event, *names: str) -> bool:
    """Whether an event tells these as texts, and its message and task as such if it has them."""
    optional = (event.get(name, "") for name in ("message", "task"))
    return all(isinstance(each, str) for each in (*map(event.get, names), *optional))


def _counted(event: Event) -> bool:
    return isinstance(event.get("epoch"), int) and _measured(event)


def _measured(event: Event) -> bool:
    metrics = event.get("metrics")
    if not isinstance(metrics, dict):
        return False
    return _NO_FIGURES.isdisjoint(map(type, metrics.values()))


_NO_FIGURES = frozenset({str, dict})
