"""The scalars of a run as TensorBoard reads them: event files, written without TensorFlow.

An event file is a TFRecord file of tensorflow.Event messages. What is written here are their
fields wall_time (1), step (2), file_version (3) and summary (5), which holds values of a tag (1)
and a number (2).
"""

from __future__ import annotations

import math
import struct
import time
from pathlib import Path
from typing import Any

from studio.engine.events import Event, EventReader
from studio.engine.history import told
from studio.graph.records import masked_crc

FINENESS = 1000
"""A step is written where it is a thousandth further than the one before: TensorBoard itself
shows about a thousand points of a curve."""

PART = 1 << 20
"""Bytes of events that are read at once."""

VALIDATION = "val_"


class BoardWriter:
    """Appends scalars to an event file of its own in a folder."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time())}.studio"
        self._file = (folder / name).open("ab")
        self._append(_event(time.time(), 0, _bytes(3, b"brain.Event:2")))

    def write(self, seconds: float, step: int, scalars: dict[str, Any]) -> None:
        """Appends the numbers of a step; what is no number is left out."""
        values = b"".join(
            _bytes(1, _bytes(1, tag.encode()) + b"\x15" + struct.pack("<f", _narrow(value)))
            for tag, value in scalars.items()
            if isinstance(value, int | float)
        )
        if values:
            self._append(_event(seconds, step, _bytes(5, values)))

    def flush(self) -> None:
        """Lets readers see what was written."""
        self._file.flush()

    def close(self) -> None:
        """Nothing more will be written."""
        self._file.close()

    def _append(self, record: bytes) -> None:
        head = struct.pack("<Q", len(record))
        crc = struct.Struct("<I").pack
        self._file.write(head + crc(masked_crc(head)) + record + crc(masked_crc(record)))


def _narrow(value: float) -> float:
    """A number that float32 has room for; beyond, it is infinite."""
    return (
        value if abs(value) < 3.4e38 or not math.isfinite(value) else math.copysign(math.inf, value)
    )


def _event(seconds: float, step: int, rest: bytes) -> bytes:
    return b"\x09" + struct.pack("<d", seconds) + b"\x10" + _varint(step) + rest


def _bytes(field: int, content: bytes) -> bytes:
    return bytes([field << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


class Mirror:
    """Writes what a run tells into a folder for TensorBoard, as Keras' callback names it:
    epoch_loss in train/ and validation/, batch_loss in train/; the test's in test/.
    """

    def __init__(self, run: Path, target: Path):
        self._reader = EventReader(run)
        self._target = target
        self._writers: dict[str, BoardWriter] = {}
        self._step = 0
        self._epoch = 0
        self._resumed = told(run, "resumed")
        """Where it went on from checkpoints, of those that are still to be read."""

    def update(self) -> None:
        """Writes what is new."""
        while True:
            for event in self._reader.read(PART):
                self._take(event)
            if not self._reader.behind:
                break
        for writer in self._writers.values():
            writer.flush()

    def _take(self, event: Event) -> None:
        kind, metrics = event["event"], event.get("metrics")
        if kind == "resumed":
            self._resumed = self._resumed[1:]
            self._step = min(self._step, event["step"])
        if kind in ("step", "epoch") and any(cut[kind] < event[kind] for cut in self._resumed):
            return  # it is told again
        if kind not in ("step", "epoch", "test") or not isinstance(metrics, dict):
            return
        if kind == "step":
            step = event["step"]
            if step - self._step >= max(1, self._step // FINENESS):
                self._step = step
                self._write("train", event, step, {f"batch_{n}": v for n, v in metrics.items()})
            return
        self._epoch = event.get("epoch", self._epoch)
        at = max(0, self._epoch - 1)  # Keras counts epochs from 0
        ours = {name: value for name, value in metrics.items() if not name.startswith(VALIDATION)}
        others = {name.removeprefix(VALIDATION): metrics[name] for name in metrics.keys() - ours}
        for place, found in (("test" if kind == "test" else "train", ours), ("validation", others)):
            self._write(place, event, at, {f"epoch_{name}": v for name, v in found.items()})

    def _write(self, place: str, event: Event, step: int, scalars: dict[str, Any]) -> None:
        if not scalars:
            return
        if place not in self._writers:
            self._writers[place] = BoardWriter(self._target / place)
        self._writers[place].write(event.get("time", 0.0), step, scalars)

    def close(self) -> None:
        """Nothing more will be written."""
        for writer in self._writers.values():
            writer.close()
