"""Which row of a CSV file can't be read, behind those that are looked at before a run."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from pathlib import Path

from studio.graph.ops.sources import CsvPlan, Feature, csv_plan
from studio.graph.problems import quoted
from studio.graph.rule import Args
from studio.graph.tables import open_table, resolve_path

SEVERAL = 10_000
"""Rows after which it is looked whether the time is up."""


def damaged_row(p: Args, until: float) -> str:
    """The first row that the pipeline of a CSV source refuses: its file, line and cell.

    A sentence without its full stop; "" where none is found until `until`.
    """
    plan = csv_plan(p)
    kinds = _kinds(plan)
    for path in plan.files:
        for number, (line, row) in enumerate(_rows(resolve_path(path, p.folder))):
            wrong = _wrong(row, plan, kinds, p.missing)
            if wrong:
                return f"Line {line:,} of {quoted(path, 200)} {wrong}"
            if number % SEVERAL == 0 and time.monotonic() > until:
                return ""
    return ""


def _rows(file: Path) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of each row behind the header; empty lines are none."""
    with open_table(file) as text:
        reader = csv.reader(text)
        next(reader, None)
        yield from ((reader.line_num, row) for row in reader if row)


def _kinds(plan: CsvPlan) -> dict[str, str]:
    """Column -> the dtype that its cells are read as, for those that are read."""
    given = [plan.features] if isinstance(plan.features, Feature) else plan.features.values()
    kinds = {name: feature.dtype for feature in given for name in feature.columns}
    if plan.label is not None:
        kinds[plan.label] = "string" if plan.classes else "float64"
    return kinds


def _wrong(row: list[str], plan: CsvPlan, kinds: dict[str, str], missing: str) -> str:
    if len(row) != len(plan.header):
        return (
            f"has {len(row)} cells where the header has {len(plan.header)}; mend that line, or "
            "quote the text with a comma in it"
        )
    for name, cell in zip(plan.header, row, strict=True):
        if name not in kinds:
            continue
        if not cell:
            label = name == plan.label and missing == "keep"
            if missing == "error" or label:
                more = "" if label else ' or "keep"'
                return f'has no {quoted(name)}; fill the cell, or set missing to "drop"{more}'
        elif kinds[name] != "string" and not _number(cell):
            return f"has {quoted(cell)} for {quoted(name)}, which should be a number"
        elif name == plan.label and plan.classes and cell not in plan.classes:
            return f"has the label {quoted(cell)}, which is not among the classes; add it there"
    return ""


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
