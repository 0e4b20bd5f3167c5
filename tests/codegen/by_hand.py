"""The elements that the cases' data graphs give, row by row, written by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from .projects import ROWS

A = [float(i) for i in range(ROWS)]
B = [i / 4 for i in range(ROWS)]
NUMBERS = list(range(ROWS))
Y = [i % 3 for i in range(ROWS)]
AB = list(zip(A, B, strict=True))
TEXTS = [f"The {'ab'[i % 2]}, b!" for i in range(ROWS)]
KINDS = ["xyz"[i % 3] for i in range(ROWS)]
GRID = [
    tuple(tuple(float(i * 10 + 3 * r + c) for c in range(3)) for r in range(2)) for i in range(ROWS)
]
PIXELS = [
    tuple(tuple(float(i * 6 + 3 * r + c) for c in range(3)) for r in range(2)) for i in range(ROWS)
]
SQUARES = [float(i * i) for i in range(ROWS)]
FULL = [i for i in range(ROWS) if i]
NAN = "nan"
DAYS = [date(1999, 12, 29) + timedelta(days=61 * i) for i in range(ROWS)]


def by_name(**columns: list[Any]) -> list[dict[str, Any]]:
    """A dictionary for each row."""
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def pairs(*columns: list[Any]) -> list[tuple[Any, ...]]:
    """A tuple for each row."""
    return list(zip(*columns, strict=True))


WORDS = [["the", "ab"[i % 2], "b"] for i in range(ROWS)]

SOURCES: dict[str, list[Any]] = {
    "csv of numbers": [((*ab, float(y)), a) for ab, y, a in pairs(AB, Y, A)],
    "csv with a label": pairs(AB, Y),
    "csv gzipped": pairs(AB, Y),
    "csv with a label of reals": pairs(pairs(A, SQUARES), [i + 0.5 for i in range(ROWS)]),
    "csv with a label of texts": pairs(A, ["xyz".index(kind) for kind in KINDS]),
    "csv with classes given": pairs(A, ["zyxw".index(kind) for kind in KINDS]),
    "csv of one column": pairs(A, A),
    "csv of one column in a list": pairs([(a,) for a in A], Y),
    "csv of one text": pairs(TEXTS, NUMBERS),
    "csv of texts in a list": pairs(pairs(TEXTS, KINDS), NUMBERS),
    "csv of named features": pairs(by_name(one=A, two=AB), Y),
    "csv of named features without a label": pairs(by_name(one=A, two=AB), A),
    "csv of named texts": pairs(by_name(t=TEXTS, k=[(k,) for k in KINDS]), NUMBERS),
    "csv of numbers and texts by their names": pairs(by_name(text=TEXTS, kind=KINDS), NUMBERS),
    "csv numbered as a grid": pairs(GRID, NUMBERS),
    "csv with gaps dropped": pairs([(float(i), float(i)) for i in FULL], FULL),
    "csv with gaps kept": pairs([(0.0, NAN), *((float(i), float(i)) for i in FULL)], NUMBERS),
    "csv with one column's gaps kept": pairs([NAN, *map(float, FULL)], A),
    "csv with named gaps kept": pairs(
        by_name(
            b=[NAN, *map(float, FULL)],
            ab=[(0.0, NAN), *((float(i), float(i)) for i in FULL)],
            word=["ab"[i % 2] if i != 5 else "" for i in range(ROWS)],
        ),
        A,
    ),
    "csv with named gaps dropped": [
        ({"b": float(i), "word": "ab"[i % 2]}, i) for i in FULL if i != 5
    ],
    "csv with odd column names": [((a, a, a), 1) for a in A],
    "npz of one array": pairs(PIXELS, Y),
    "npz with an array chosen": pairs(PIXELS, Y),
    "npz of named arrays": pairs(by_name(big=PIXELS, small=[i * 6 for i in range(ROWS)]), Y),
    "npz without a label": pairs([i * 6 for i in range(ROWS)], A),
    "npy": pairs(A, A),
}
STAGES: dict[str, list[Any]] = {
    "repeat": pairs(AB, Y) * 3,
    "take": pairs(AB, Y)[:5],
    "take all": pairs(AB, Y),
    "skip": pairs(AB, Y)[5:],
    "cache": pairs(AB, Y),
    "prefetch": pairs(AB, Y),
    "prefetch of two": pairs(AB, Y),
    "window": [(tuple(SQUARES[i : i + 4]), SQUARES[i + 4]) for i in range(ROWS - 4)],
    "window with a horizon": [(tuple(SQUARES[i : i + 3]), SQUARES[i + 4]) for i in range(ROWS - 4)],
    "window of vectors": [(tuple(AB[i : i + 3]), AB[i + 3]) for i in range(ROWS - 3)],
    "rescale": [((a * 0.5, b * 0.5), y) for (a, b), y in pairs(AB, Y)],
    "rescale with an offset": [((a * 0.5 - 1.5, b * 0.5 - 1.5), y) for (a, b), y in pairs(AB, Y)],
    "rescale with an offset alone": [((a + 2, b + 2), y) for (a, b), y in pairs(AB, Y)],
    "rescale by nothing": pairs(AB, Y),
    "rescale by zero": [((0.0, 0.0), y) for y in Y],
    "rescale without a label": [((a * 2, b * 2, y * 2.0), a) for (a, b), y in pairs(AB, Y)],
    "rescale of whole numbers": [(i * 1.5, float(i)) for i in range(ROWS)],
    "rescale of named features": [
        ({"one": a / 2 + 1, "two": (a / 2 + 1, b / 2 + 1)}, y) for (a, b), y in pairs(AB, Y)
    ],
    "rescale with one call at a time": pairs(AB, Y),
    "cast": [((int(a), int(b)), y) for (a, b), y in pairs(AB, Y)],
    "cast without a label": [((*ab, float(y)), a) for ab, y, a in pairs(AB, Y, A)],
    "cast of named features": pairs(by_name(one=A, two=AB), Y),
    "one-hot": [(ab, tuple(float(i == y) for i in range(3))) for ab, y in pairs(AB, Y)],
    "gaps filled": pairs(
        by_name(
            b=[9.0, *map(float, FULL)],
            ab=[(0.0, 2.5), *((float(i), float(i)) for i in FULL)],
            word=["ab"[i % 2] * (i != 5) for i in range(ROWS)],
        ),
        NUMBERS,
    ),
    "gaps filled with flags": pairs(
        by_name(
            b=[-1.0, *map(float, FULL)],
            ab=[(0.0, NAN), *((float(i), float(i)) for i in FULL)],
            word=["ab"[i % 2] if i != 5 else "none" for i in range(ROWS)],
            b_missing=[float(i == 0) for i in range(ROWS)],
            word_missing=[float(i == 5) for i in range(ROWS)],
        ),
        NUMBERS,
    ),
    "dates taken apart": pairs(
        by_name(
            i=A,
            day_weekday=[day.weekday() for day in DAYS],
            day_month=[day.month for day in DAYS],
            day_year=[day.year for day in DAYS],
            day_day=[day.day for day in DAYS],
        ),
        [i % 2 for i in range(ROWS)],
    ),
    "dates with times": pairs(
        by_name(
            time_hour=[(i, i) for i in range(ROWS)],
            time_minute=[(i * 5, i * 5) for i in range(ROWS)],
            time_weekday=[(day.weekday(),) * 2 for day in DAYS],
        ),
        [i % 2 for i in range(ROWS)],
    ),
    "arrange": [({"x": ab}, {"answer": y}) for ab, y in pairs(AB, Y)],
    "arrange without labels": [({"x": ab, "y": y}, a) for ab, y, a in pairs(AB, Y, A)],
    "zip and arrange": [({"x": ab}, {"d": y, "e": y}) for ab, y in pairs(AB, Y)],
}
