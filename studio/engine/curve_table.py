"""The points of a run as rows, read from its events: every one, however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studio.engine.events import NAME, Event, EventReader, decode

HEAD = ["of", "x", "metric", "value"]

PART = 1 << 16
"""Bytes of events that are taken at once: some milliseconds of work."""

MACHINE = ("cpu", "memory")
"""What events of resources tell of the training, and of the machine."""

Rows = list[list[Any]]


def rows(folder: Path, everything: bool = False) -> Iterator[tuple[float, Rows]]:
    """Parts of the rows, with how much has been read, from 0 to 1: kind, x, metric, value.

    Kinds are step and epoch. With `everything` what is told beside the metrics comes, too:
    learning rates, gradient norms, and by time, in seconds since 1970, the machine. What a run
    that went on from a checkpoint has told twice comes once, as it was told last.
    """
    size = max(1, (folder / NAME).stat().st_size)
    ends = _ends(folder)
    reader, at, done = EventReader(folder), 0, 0
    yield 0.0, [HEAD]
    while True:
        lines = reader.lines(PART)
        found: Rows = []
        for event in decode(lines):
            if event["event"] == "resumed":
                at += 1
                continue
            limits = ends[at] if at < len(ends) else None
            found += [row for row in _rows(event, everything) if _stays(row, limits)]
        done += len(lines)
        yield min(1.0, done / size), found
        if not reader.behind:
            return


def _ends(folder: Path) -> list[dict[str, float]]:
    """For each time that it went on: the steps and epochs that no later one goes behind."""
    found = []
    with (folder / NAME).open("rb") as file:
        for event in decode(b"".join(line for line in file if b'"event":"resumed"' in line)):
            if event["event"] == "resumed":
                found.append({"step": event["step"], "epoch": event["epoch"]})
    for before, behind in zip(found[-2::-1], found[:0:-1], strict=False):
        for kind, value in behind.items():
            before[kind] = min(before[kind], value)
    return found


def _stays(row: list[Any], limits: dict[str, float] | None) -> bool:
    return limits is None or row[1] <= limits.get(row[0], float("inf"))


def _rows(event: Event, everything: bool) -> Rows:
    kind, found = event["event"], []
    if kind in ("step", "epoch"):
        for name, value in event["metrics"].items():
            if not isinstance(value, list):
                found.append([kind, event[kind], name, "nan" if value is None else value])
        if everything and "learning_rate" in event:
            found.append([kind, event[kind], "learning_rate", event["learning_rate"]])
    elif everything and kind == "inside" and isinstance(event.get("gradients"), dict):
        found.append(["step", event.get("step"), "gradient norm", event["gradients"].get("norm")])
    elif everything and kind == "resources":
        found += _machine(event)
    return found


def _machine(event: Event) -> Rows:
    at = event.get("time")
    machine = event.get("machine")
    gpus = event.get("gpus")
    told = [("training", event), ("machine", machine)]
    told += [(f"gpu {n}", gpu) for n, gpu in enumerate(gpus if isinstance(gpus, list) else [])]
    return [
        ["time", at, f"{who} {what}", said[what]]
        for who, said in told
        if isinstance(said, dict)
        for what in (*MACHINE, "load")
        if what in said
    ]
