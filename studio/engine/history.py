"""The history of a run as rows: an epoch a row, or a step a row."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from studio.engine import events
from studio.engine.events import Event, decode

KINDS = {name: f'{{"event":"{name}"'.encode() for name in ("epoch", "step", "resumed")}
"""How the line of each kind begins."""

FILE = "history.csv"


def told(folder: Path, kind: str) -> list[Event]:
    """The events of one kind, in order; lines of the others are never decoded.

    What was told behind the checkpoint from which a run went on is left out: it is told again.
    """
    begins = (KINDS[kind], KINDS["resumed"])
    found: list[Event] = []
    try:
        with (folder / events.NAME).open("rb") as file:
            for line in file:
                if line.startswith(begins) and line.endswith(b"\n"):
                    for event in decode(line):
                        if event["event"] == kind:
                            found.append(event)
                        else:
                            found = [each for each in found if each[kind] <= event[kind]]
    except OSError:
        pass
    return found


def table(found: Iterable[Event], first: tuple[str, ...]) -> Iterator[list[Any]]:
    """Rows with a title above: the fields `first`, then each metric.

    A metric that gives a number for each class has a column for each; a number that isn't
    finite is nan; what an event doesn't tell is empty.
    """
    rows = [([each.get(name) for name in first], _flat(each["metrics"])) for each in found]
    names = list(dict.fromkeys(name for _, metrics in rows for name in metrics))
    yield [*first, *names]
    for fields, metrics in rows:
        yield [*fields, *(metrics.get(name, "") for name in names)]


def _flat(metrics: dict[str, Any]) -> dict[str, Any]:
    flat = {}
    for name, value in metrics.items():
        parts = value if isinstance(value, list) else None
        for key, each in (
            [(name, value)]
            if parts is None
            else [(f"{name}_{i}", part) for i, part in enumerate(parts)]
        ):
            flat[key] = "nan" if each is None else each
    return flat


def write(folder: Path, file: TextIO, steps: bool = False) -> None:
    """Writes the history as CSV: a row an epoch, or a row a step."""
    rows = (
        table(told(folder, "step"), ("step", "epoch", "time"))
        if steps
        else table(told(folder, "epoch"), ("epoch", "step", "seconds"))
    )
    csv.writer(file, lineterminator="\n").writerows(rows)


def keep(folder: Path) -> None:
    """Writes history.csv into a run's artifacts; nothing where no epoch was trained."""
    if not told(folder, "epoch"):
        return
    with (folder / "artifacts" / FILE).open("w", newline="", encoding="utf-8") as file:
        write(folder, file)
