"""The columns of the table of runs: what each shows, and by what it sorts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec import Struct

from studio.engine.figures import number, seconds_text, when
from studio.engine.run_parameters import MISSING, value_of, value_text
from studio.engine.runs import Known, columns_of
from studio.gui.settings import Settings

METRIC, PARAMETER = "metric:", "parameter:"
"""How the keys of those columns begin."""

SETTING = "runs_table"
"""The name under which the choices are remembered."""

Values = dict[str, Any]
Cell = Callable[[Known, Values], Any]


class Column(Struct, frozen=True):
    """A column: its key, its title, its text and the value that it sorts by (None: none)."""

    key: str
    title: str
    text: Callable[[Known, Values], str]
    value: Cell
    width: int = 106
    right: bool = False
    tip: str = ""


def _epochs(known: Known, _: Values) -> str:
    progress = known.progress
    planned = f" / {progress.epochs}" if progress.epochs else ""
    return f"{progress.epoch}{planned}" if progress.epoch else ""


FIXED = {
    each.key: each
    for each in (
        Column("when", "When", lambda k, _: when(k.began), lambda k, _: k.began, 136),
        Column("name", "Name", lambda k, _: k.name, lambda k, _: k.name.casefold(), 150),
        Column("state", "State", lambda k, _: k.progress.state, lambda k, _: k.progress.state, 112),
        Column("epochs", "Epochs", _epochs, lambda k, _: k.progress.epoch, 80, True),
        Column(
            "duration", "Duration", lambda k, _: seconds_text(k.seconds), lambda k, _: k.seconds,
            76, True,
        ),
        Column("curve", "Curve", lambda k, _: "", lambda k, _: None, 96),
        Column(
            "tags", "Tags", lambda k, _: " ".join(k.about.tags),
            lambda k, _: " ".join(k.about.tags).casefold() or None, 120,
            tip="Double click or F2: write the tags of the run, separated by blanks",
        ),
        Column(
            "note", "Note", lambda k, _: " ".join(k.about.note.split()),
            lambda k, _: k.about.note.casefold() or None, 180,
            tip="Double click or F2: write a note of the run",
        ),
    )
}  # fmt: skip
"""Those that every run has, in their order; metrics and parameters stand before the tags."""

EDITED = ("tags", "note")


def metric_column(name: str) -> Column:
    """A column of a metric's last value."""

    def text(known: Known, _: Values) -> str:
        results = known.progress.results
        return number(results[name]) if name in results else ""

    def value(known: Known, _: Values) -> Any:
        found = known.progress.results.get(name)
        return found if isinstance(found, int | float) and math.isfinite(found) else None

    return Column(METRIC + name, name, text, value, right=True)


def parameter_column(path: str, title: str) -> Column:
    """A column of a parameter."""

    def value(_: Known, values: Values) -> Any:
        found = value_of(values, path)
        return None if found is MISSING else found

    def text(_: Known, values: Values) -> str:
        return value_text(value_of(values, path))

    return Column(PARAMETER + path, title, text, value, 118, True, path)


def short_titles(paths: Sequence[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """A title for each path: its end, as long as it must be to be no other's."""
    found, used = {}, set(taken)
    for path in paths:
        words = [word for word in path.split(".") if word not in ("params", "nodes")] or [path]
        count = 2 if words[-1] == "op" and len(words) > 1 else 1
        title = ".".join(words[-count:])
        while title in used and count < len(words):
            count += 1
            title = ".".join(words[-count:])
        used.add(title)
        found[path] = title
    return found


class Choice:
    """Which columns are shown: what was chosen before, else what says most of the runs."""

    def __init__(self, settings: Settings):
        self._settings = settings
        kept = settings.get(SETTING, {})

        def words(name: str) -> list[str]:
            value = kept.get(name)
            return [w for w in value if isinstance(w, str)] if isinstance(value, list) else []

        self.hidden = set(words("hidden"))
        self.parameters = words("parameters")
        self.metrics = words("metrics") if "metrics" in kept else None
        """None: those that most of the runs have."""
        self.curve = kept["curve"] if isinstance(kept.get("curve"), str) else ""
        """The metric of the small curves; empty: val_loss, or loss where there is none."""
        sort = kept.get("sort")
        right = isinstance(sort, list) and len(sort) == 2 and isinstance(sort[0], str)
        self.sort: tuple[str, bool] = (sort[0], bool(sort[1])) if right else ("when", True)
        """The key of the column that is sorted by, and whether the highest comes first."""
        self.overlay = kept.get("overlay") is True
        self._counted: tuple[list[Known], list[str]] = ([], [])

    def remember(self) -> None:
        """Keeps the choices for the next time."""
        kept = {
            "hidden": sorted(self.hidden),
            "parameters": self.parameters,
            "curve": self.curve,
            "sort": list(self.sort),
            "overlay": self.overlay,
        }
        if self.metrics is not None:
            kept["metrics"] = self.metrics
        self._settings.set(SETTING, kept)

    def reset(self) -> None:
        """The columns as they were at first."""
        self.hidden, self.parameters, self.metrics, self.curve = set(), [], None, ""
        self.remember()

    def shown_metrics(self, rows: list[Known]) -> list[str]:
        """The metrics that have a column."""
        if self.metrics is not None:
            return self.metrics
        if rows is not self._counted[0]:  # all of them are looked at for it
            self._counted = rows, columns_of(rows)
        return self._counted[1]

    def columns(self, rows: list[Known]) -> list[Column]:
        """The columns of a table of these runs."""
        metrics = self.shown_metrics(rows)
        titles = short_titles(self.parameters, metrics)
        fixed = [each for key, each in FIXED.items() if key not in self.hidden]
        return [
            *(each for each in fixed if each.key not in EDITED),
            *map(metric_column, metrics),
            *(parameter_column(path, titles[path]) for path in self.parameters),
            *(each for each in fixed if each.key in EDITED),
        ]

    def toggle(self, key: str, on: bool, rows: list[Known]) -> None:
        """Shows a column, or no longer; the name is always there."""
        if key.startswith(METRIC):
            self.metrics = _changed(self.shown_metrics(rows), key.removeprefix(METRIC), on)
        elif key.startswith(PARAMETER):
            self.parameters = _changed(self.parameters, key.removeprefix(PARAMETER), on)
        elif key != "name":
            (self.hidden.discard if on else self.hidden.add)(key)
        self.remember()


def _changed(names: list[str], name: str, on: bool) -> list[str]:
    others = [each for each in names if each != name]
    return [*others, name] if on else others


def arranged(rows: list[Known], column: Column, down: bool, values) -> list[Known]:
    """The runs by a column's values; numbers before texts, and those without any last."""
    keyed = [(_rank(column.value(known, values(known.folder))), known) for known in rows]
    having = [each for each in keyed if each[0] is not None]
    having.sort(key=lambda each: each[0], reverse=down)
    return [known for _, known in having] + [known for rank, known in keyed if rank is None]


def _rank(value: Any) -> tuple[bool, Any] | None:
    if value is None:
        return None
    if isinstance(value, int | float):
        return None if isinstance(value, float) and math.isnan(value) else (False, value)
    return True, value if isinstance(value, str) else value_text(value)
