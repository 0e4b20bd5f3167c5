"""`studio runs` as text: a row a run, in columns that fit the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from studio.engine.directions import better
from studio.engine.figures import number, seconds_text, when
from studio.engine.runs import Known, columns_of
from studio.graph.problems import StudioError, nearest, one_of, printable, quoted

GAP = "  "
NARROWEST = 12
"""Characters that are left of a note when the terminal has no room for all of it."""

COLOURS = {
    "completed": "32",
    "running": "36",
    "queued": "2",
    "starting": "36",
    "stopped": "33",
    "paused": "33",
    "failed": "31",
    "lost": "31",
}
"""How a terminal shows each state (SGR)."""

KEYS: dict[str, Callable[[Known], Any]] = {
    "when": lambda each: -each.began,
    "run": lambda each: each.folder.name,
    "name": lambda each: each.name,
    "state": lambda each: each.progress.state,
    "epochs": lambda each: -each.progress.epoch,
    "duration": lambda each: -each.seconds,
}


def arranged(rows: list[Known], column: str) -> list[Known]:
    """The runs by a column: the newest, longest and best first; those without a figure last.

    Raises StudioError where there is no such column.
    """
    if column in KEYS:
        return sorted(rows, key=KEYS[column])
    metrics = {name for each in rows for name in each.progress.results}
    if column not in metrics and rows:
        hint = nearest(column, [*KEYS, *metrics]) or f"There are {one_of([*KEYS, *metrics])}."
        raise StudioError(f"The runs have no column {quoted(column)}. {hint}")
    sign = -1 if better(column) == "higher" else 1

    def key(each: Known) -> tuple[bool, float]:
        value = each.progress.results.get(column)
        known = isinstance(value, int | float)
        return not known, sign * value if known else 0.0

    return sorted(rows, key=key)


def as_json(known: Known, queued: list[str]) -> dict[str, Any]:
    """One run of `studio runs --json`."""
    progress, name = known.progress, known.folder.name
    return {
        "run": name,
        "project": known.name,
        "state": progress.state,
        "message": progress.message,
        "began": known.began,
        "seconds": round(known.seconds, 3),
        "epoch": progress.epoch,
        "epochs": progress.epochs,
        "step": progress.step,
        "metrics": progress.results,
        "tags": list(known.about.tags),
        "note": known.about.note,
        "queue": queued.index(name) + 1 if name in queued else None,
        "folder": str(known.folder),
    }


def lines(
    rows: list[Known], queued: list[str], room: int | None = None, coloured: bool = False
) -> Iterator[str]:
    """The lines of the table. Where they don't fit into so many columns, metrics are left out
    from the right, and then the notes are cut.
    """
    metrics = columns_of(rows)
    while True:
        table = [_titles(metrics), *(_row(each, metrics, queued) for each in rows)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        last = next((i for i in range(len(widths) - 1, -1, -1) if widths[i]), 0)
        kept = [i for i in range(len(widths)) if widths[i]]
        over = sum(widths[i] + len(GAP) for i in kept) - len(GAP) - room if room else 0
        if over > 0 and last == len(widths) - 1:
            cut = min(over, max(0, widths[-1] - NARROWEST))
            widths[-1] -= cut
            over -= cut
        if over <= 0 or not metrics:
            break
        metrics = metrics[:-1]
    for at, cells in enumerate(table):
        yield _line(cells, widths, len(metrics), coloured and at > 0)
        if not at:
            yield GAP.join("-" * widths[i] for i in kept)


def _titles(metrics: list[str]) -> list[str]:
    return ["run", "state", "when", "epochs", "took", *metrics, "", ""]


def _row(known: Known, metrics: list[str], queued: list[str]) -> list[str]:
    progress, name = known.progress, known.folder.name
    state = progress.state
    if state == "queued":  # it waits for its turn, or has got it and doesn't train yet
        state = f"queued {queued.index(name) + 1}" if name in queued else "starting"
    planned = f"/{progress.epochs}" if progress.epochs else ""
    results = progress.results
    return [
        printable(name),
        state,
        when(known.began),
        f"{progress.epoch}{planned}" if progress.epoch else "",
        seconds_text(known.seconds) if progress.epoch else "",
        *(number(results[each]) if each in results else "" for each in metrics),
        " ".join(known.about.tags),
        printable(known.about.note),
    ]


def _line(cells: list[str], widths: list[int], metrics: int, coloured: bool) -> str:
    """One line: texts to the left, numbers to the right, a column without anything left out."""
    found = []
    for at, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        if not width:
            continue
        cell = cell if len(cell) <= width else f"{cell[: width - 1]}…"
        cell = cell.rjust(width) if 3 <= at < 5 + metrics else cell.ljust(width)
        if coloured and at == 1:
            cell = f"\x1b[{COLOURS.get(cell.split()[0], '0')}m{cell}\x1b[0m"
        found.append(cell)
    return GAP.join(found).rstrip()
