"""`studio runs` as text: a row a run, in columns that fit the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from studio.engine.figures import number, seconds_text, when
from studio.engine.progress import Progress
from studio.engine.runs import Known, columns_of
from studio.graph.directions import better
from studio.graph.problems import StudioError, nearest, one_of, printable, quoted

GAP = "  "
NARROWEST = 12
"""Characters that are left of notes, and of tags, when the terminal has no room for all of it."""

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


class Column:
    """A title and a text for each run; numbers stand to the right."""

    def __init__(self, title: str, texts: Iterable[str], right: bool = False):
        self.title, self.right = printable(title), right
        self.texts = [printable(text) for text in texts]
        self.width = max(map(len, (self.title, *self.texts)))

    @property
    def empty(self) -> bool:
        """Whether no run has anything there."""
        return not any(self.texts)

    def cell(self, text: str) -> str:
        """A text in the column's width, cut where it is longer."""
        text = text if len(text) <= self.width else f"{text[: self.width - 1]}…"
        return text.rjust(self.width) if self.right else text.ljust(self.width)


def lines(
    rows: list[Known], queued: list[str], room: int | None = None, coloured: bool = False
) -> Iterator[str]:
    """The lines of the table.

    Where they don't fit into `room` characters, notes and tags are cut, then all metrics but two
    are left out, then when it was (the id says it, too), how long it took, and the two.
    """
    columns = _fitting(_columns(rows, queued), room)
    yield GAP.join(each.cell(each.title) for each in columns).rstrip()
    yield GAP.join("-" * each.width for each in columns)
    for at in range(len(rows)):
        cells = [(each, each.cell(each.texts[at])) for each in columns]
        shown = (
            _painted(cell) if coloured and each.title == "state" else cell for each, cell in cells
        )
        yield GAP.join(shown).rstrip()


def _columns(rows: list[Known], queued: list[str]) -> list[Column]:
    """All that there may be; those without anything in them left out."""
    told = [each.progress for each in rows]
    results = [each.results for each in told]
    took = (seconds_text(each.seconds) if each.progress.epoch else "" for each in rows)
    found = [
        Column("run", (each.folder.name for each in rows)),
        Column("state", (_state(each, queued) for each in rows)),
        Column("when", (when(each.began) for each in rows)),
        Column("epochs", map(_epochs, told), right=True),
        Column("took", took, right=True),
        *(
            Column(name, (number(r[name]) if name in r else "" for r in results), right=True)
            for name in columns_of(rows)
        ),
        Column("tags", (" ".join(each.about.tags) for each in rows)),
        Column("note", (each.about.note for each in rows)),
    ]
    return [each for each in found if not each.empty]


def _fitting(columns: list[Column], room: int | None) -> list[Column]:
    """Those for which there is room, the notes cut."""

    def over() -> int:
        return sum(each.width + len(GAP) for each in columns) - len(GAP) - (room or 0)

    if room is None or over() <= 0:
        return columns
    for each in reversed(columns):
        if each.title in ("note", "tags") and not each.right:
            each.width = max(min(each.width, NARROWEST), each.width - max(0, over()))
    metrics = [each for each in columns if each.right and each.title not in ("epochs", "took")]
    others = [each for title in ("when", "took") for each in columns if each.title == title]
    for each in (*reversed(metrics[2:]), *others, *reversed(metrics[:2])):
        if over() <= 0:
            break
        columns = [other for other in columns if other is not each]
    return columns


def _state(known: Known, queued: list[str]) -> str:
    state, name = known.progress.state, known.folder.name
    if state != "queued":
        return state
    # It waits for its turn, or has got it and doesn't train yet.
    return f"queued {queued.index(name) + 1}" if name in queued else "starting"


def _epochs(progress: Progress) -> str:
    planned = f"/{progress.epochs}" if progress.epochs else ""
    return f"{progress.epoch}{planned}" if progress.epoch else ""


def _painted(cell: str) -> str:
    return f"\x1b[{COLOURS.get(cell.split()[0], '0')}m{cell}\x1b[0m"
