"""The first rows of a table, read a little at a time, and what they say of a column."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from studio.graph.problems import printable
from studio.graph.tables import Column, open_table

ROWS, LETTERS = 1000, 4_000_000
"""Rows, and letters, that are read at most."""
STEP = 50
"""Rows that are read at a time."""
BINS, EXAMPLES, TAKEN, SHORT = 16, 4, 60, 40
"""Bars of a histogram, values that are shown, those that are looked at for these, and letters of
each."""


class Summary(Struct, frozen=True):
    """What is seen in a column. `bars` are shares of the highest; `at_least` says that there may
    be more different values than were counted."""

    examples: str
    different: int
    at_least: bool
    bars: tuple[float, ...]
    told: str


def rows_of(file: Path) -> Iterator[list[list[str]]]:
    """The first rows of a file, some at a time."""
    with open_table(file) as text:
        reader = csv.reader(text)
        width = len(next(reader, []))
        some: list[list[str]] = []
        count = letters = 0
        for row in reader:
            if len(row) != width:
                continue
            some.append(row)
            count += 1
            letters += sum(map(len, row))
            if len(some) >= STEP:
                yield some
                some = []
            if count >= ROWS or letters >= LETTERS:
                break
        yield some


def summary(column: Column, cells: list[str], whole: bool) -> Summary:
    """What the cells of a column say; `whole` where these are all there are."""
    filled = [cell for cell in cells if cell]
    different = len(column.texts) if column.texts else len(set(filled))
    shown = list(dict.fromkeys((*filled[:TAKEN], *column.texts[:EXAMPLES])))[:EXAMPLES]
    examples = ", ".join(_short(printable(cell)) for cell in shown)
    bars = _numbers(column, filled) if column.number else _texts(filled)
    told = f"{_figure(column.low)} to {_figure(column.high)}" if column.number else ""
    sure = whole or bool(column.texts)
    return Summary(examples, different, not sure, bars, told)


def _short(text: str) -> str:
    return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e9 else f"{value:.4g}"


def _numbers(column: Column, cells: list[str]) -> tuple[float, ...]:
    """How many numbers lie in each part of the column's range."""
    width = column.high - column.low
    if not width > 0 or not math.isfinite(width):
        return (1.0,) if cells else ()
    bins = min(BINS, int(width) + 1) if column.whole else BINS
    counts = [0] * bins
    for cell in cells:
        try:
            place = (float(cell) - column.low) / width
        except ValueError:
            continue
        if 0 <= place <= 1:  # also no NaN
            counts[min(int(place * bins), bins - 1)] += 1
    return _shares(counts)


def _texts(cells: list[str]) -> tuple[float, ...]:
    """How often the most frequent texts come."""
    counts: dict[str, int] = {}
    for cell in cells:
        counts[cell] = counts.get(cell, 0) + 1
    return _shares(sorted(counts.values(), reverse=True)[:BINS])


def _shares(counts: list[int]) -> tuple[float, ...]:
    most = max(counts, default=0)
    return tuple(count / most for count in counts) if most else ()
