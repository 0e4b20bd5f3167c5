"""`studio show A B` as text: what differs, and what each reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from studio.engine.figures import bytes_text, number, seconds_text
from studio.graph.problems import printable
from studio.run_page import value_text

LONGEST = 60
"""Characters of a value."""


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The lines of a comparison, the first run's column at the left."""
    titles = ("", *(printable(each["run"]) for each in found["runs"]))
    rows = [
        ("state", *(each["state"] for each in found["runs"])),
        ("epochs", *(str(each["epoch"]) for each in found["runs"])),
        ("took", *(seconds_text(each["seconds"]) for each in found["runs"])),
    ]
    rows += [_metric(each, found["runs"]) for each in found["metrics"]]
    yield from _table([titles, *rows])
    if found["metrics"]:
        yield "(* is better)"
    told = (
        ("parameters", [_row(each) for each in found["parameters"]]),
        ("nodes", [_row(each) for each in found["nodes"]]),
        ("data", [_row(each, _data) for each in found["data"]]),
        ("versions", [_row(each) for each in found["versions"]]),
    )
    for name, rows in told:
        if rows:
            yield ""
            yield from _table([(name, "", ""), *rows])
    same = [name for name, rows in told if not rows]
    if same:
        yield ""
        yield f"The same in both: {', '.join(same)}."


def _metric(found: dict[str, Any], runs: list[dict[str, Any]]) -> tuple[str, ...]:
    cells = []
    for run, value in zip(runs, found["values"], strict=True):
        mark = "*" if found["better"] == run["run"] else ""
        cells.append("-" if value is None else f"{number(value)}{mark}")
    return (printable(found["metric"]), *cells)


def _row(found: dict[str, Any], text=value_text) -> tuple[str, str, str]:
    return (
        printable(found["path"]),
        *(_short(text(found[key])) if key in found else "-" for key in ("before", "after")),
    )


def _data(value: dict[str, Any]) -> str:
    return f"{bytes_text(value['bytes'])}, sha256 {value['sha256'][:12]}…"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield printable("  ".join(cells).rstrip())
