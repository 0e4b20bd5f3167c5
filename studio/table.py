"""Tables as text: `studio summary`, a row a node, in columns that fit the terminal; plain ones."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from studio.graph.problems import printable

TITLES = ("node", "op", "output", "params", "FLOPs")
GAP = "  "
NARROWEST = 12
"""Characters that are left of a column when the terminal has no room for all of it."""

Row = tuple[list[str], ...]
"""The lines of each cell."""


def print_summary(found: dict[str, Any]) -> None:
    """Prints a summary; what is piped elsewhere keeps one line for each output."""
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in lines(found, room):
        print(line)


def lines(found: dict[str, Any], room: int | None = None) -> Iterator[str]:
    """The lines of a summary; cells too long for so many columns are folded."""
    rows = [_row(row) for row in found["nodes"]]
    widths = [max(len(line) for row in rows for line in row[i]) for i in range(5)] if rows else []
    widths = [max(len(title), width) for title, width in zip_longest(TITLES, widths, fillvalue=0)]
    over = sum(widths) + len(GAP) * (len(widths) - 1) - room if room else 0
    for index in sorted((0, 1, 2), key=lambda i: -widths[i]):
        taken = min(max(over, 0), max(widths[index] - NARROWEST, 0))
        widths[index] -= taken
        over -= taken
    yield _line(TITLES, widths)
    yield GAP.join("-" * width for width in widths)
    for row in rows:
        folded = [_folded(cell, width) for cell, width in zip(row, widths, strict=True)]
        for texts in zip_longest(*folded, fillvalue=""):
            yield _line(texts, widths)
    totals = found["totals"]
    yield ""
    yield (
        f"{totals['params']:,} parameters ({totals['trainable_params']:,} trainable, "
        f"{totals['weight_bytes'] / 1e6:.2f} MB); {_number(totals['flops'])} FLOPs and "
        f"{totals['activation_bytes'] / 1e3:.1f} kB of activations a sample"
    )


def _row(row: dict[str, Any]) -> Row:
    op = str(row["op"]).removeprefix("keras.").removeprefix("layers.")
    op += f" (shares {row['shares']})" if "shares" in row else ""
    outputs = [
        f"({', '.join('·' if size is None else str(size) for size in output['shape'])}) "
        f"{output['dtype']}"
        for output in row["outputs"]
    ]
    numbers = ([_number(row[key])] for key in ("params", "flops"))
    return [printable(row["id"])], [printable(op)], outputs or ["?"], *numbers


def _folded(cell: list[str], width: int) -> list[str]:
    return [text[at : at + width] for text in cell for at in range(0, len(text) or 1, width)]


def _line(texts: tuple[str, ...], widths: list[int]) -> str:
    """One line: texts to the left, numbers to the right."""
    left = [text.ljust(width) for text, width in zip(texts[:3], widths[:3], strict=True)]
    right = [text.rjust(width) for text, width in zip(texts[3:], widths[3:], strict=True)]
    return GAP.join(left + right).rstrip()


def _number(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def columns(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """The lines of a plain table; its first row holds the titles."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for index, row in enumerate(rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield GAP.join(cells).rstrip()
        if not index:
            yield GAP.join("-" * width for width in widths)
