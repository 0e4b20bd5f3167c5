"""Sources that read tables which know their columns: Parquet files, SQLite databases."""

from __future__ import annotations

import sqlite3
import time
from functools import lru_cache
from pathlib import Path as File
from typing import Any

from msgspec.structs import replace

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.registry import describe, find
from studio.graph.catalogue.types import Files, Path, Text
from studio.graph.elements import Elements
from studio.graph.files import all_matching
from studio.graph.ops.sources import CsvPlan, plan_elements, table_plan
from studio.graph.problems import quoted
from studio.graph.rule import Args
from studio.graph.spec import Refused
from studio.graph.tables import Column, Table, existing, together

LOOKED_AT = 1000
"""Rows of a query whose types are looked at."""

PATIENCE = 0.3
"""Seconds that a query may take while a project is edited."""


def _params(*first: Param) -> list[Param]:
    """Those of a CSV, with others for what is read."""
    csv = find("studio.data.csv").params
    return [*first, *(csv[name] for name in ("label", "features", "classes", "types"))]


@describe(
    "studio.data.parquet",
    kind="source",
    family="source",
    inputs="",
    shown="path label",
    help="Rows of Parquet files, as numbers and texts by column (needs pyarrow).",
    params=_params(Param("path", Files(), help="The file, a pattern, or a list of them.")),
)
def parquet(p: Args) -> Elements:
    """One element a row: the features, or (features, label)."""
    return plan_elements(parquet_plan(p))


def parquet_plan(p: Args) -> CsvPlan:
    """The plan for a Parquet source, made from the files' schemas."""
    files, table = read_parquet(p.path, p.folder)
    plan = table_plan(p, replace(table, whole=False), files, True)
    _whole_cells(p, table, plan)
    return replace(plan, rows=table.rows)


def read_parquet(paths: str | list[str], folder: File) -> tuple[tuple[str, ...], Table]:
    """The Parquet files of a path, a pattern or a list of these, and what they hold together."""
    files = all_matching(paths, folder)
    tables = {}
    for path, file in files.items():
        state = file.stat()
        tables[path] = _parquet(file, path, state.st_mtime_ns, state.st_size)
    return tuple(files), together(tables)


def _whole_cells(p: Args, table: Table, plan: CsvPlan) -> None:
    for name in plan.columns:
        if table.columns[name].empty:
            raise Refused(
                f"finds empty cells in the column {quoted(name)} of {quoted(p.path)}",
                "Fill them in, or leave the column out of features.",
            )
        if table.columns[name].odd is not None:
            raise Refused(
                f"takes the column {quoted(name)} of {quoted(p.path)}, which holds "
                f"{table.columns[name].odd[1]}",
                "Name the features without it.",
            )


@lru_cache(maxsize=64)
def _parquet(file: File, path: str, _changed: int, _size: int) -> Table:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise Refused(
            f"reads {quoted(path)}, for which pyarrow is needed, and it isn't installed",
            "Install it: pip install pyarrow.",
        ) from None
    try:
        with pq.ParquetFile(file) as opened:
            schema, about = opened.schema_arrow, opened.metadata
    except (OSError, pa.ArrowException) as error:
        said = str(error).split(".")[0]
        raise Refused(f"reads {quoted(path)}, which is no Parquet file: {said}") from None
    groups = [about.row_group(i) for i in range(about.num_row_groups)]
    places = {
        about.schema.column(i).path: i for i in range(len(about.schema)) if groups
    }  # what is nested has a path with points
    columns = {}
    for field in schema:
        known = [group.column(places[field.name]) for group in groups if field.name in places]
        stats = [each.statistics for each in known if each.is_stats_set]
        columns[field.name] = _field(pa, field, stats)
    if not about.num_rows:
        raise Refused(f"reads {quoted(path)}, which has no rows")
    return Table(columns, about.num_rows, True)


def _field(pa: Any, field: Any, stats: list[Any]) -> Column:
    kind = field.type
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    odd = None if number or text else (0, f"values of the type {kind}")
    empty = (0,) if any(each.null_count for each in stats) else ()
    low = high = 0.0
    if number and stats and all(each.has_min_max for each in stats):
        low, high = min(float(s.min) for s in stats), max(float(s.max) for s in stats)
    return Column(field.name, number, not pa.types.is_floating(kind), empty, odd, low, high, ())


@describe(
    "studio.data.sqlite",
    kind="source",
    family="source",
    inputs="",
    shown="path query",
    help="The rows that a query finds in an SQLite database.",
    params=_params(
        Param("path", Path(), help="The file: relative to the project, or absolute."),
        Param("query", Text(empty=False), help="A SELECT."),
    ),
)
def sqlite(p: Args) -> Elements:
    """One element a row: the features, or (features, label)."""
    return plan_elements(sqlite_plan(p))


def sqlite_plan(p: Args) -> CsvPlan:
    """The plan for an SQLite source, made by asking the database, which is only read."""
    table, count = read_query(p.path, p.query, p.folder)
    plan = table_plan(p, table, (p.path,), True)
    _whole_cells(p, table, plan)
    return replace(plan, rows=count)


def read_query(path: str, query: str, folder: File) -> tuple[Table, int | None]:
    """The first rows that a query finds in a database, and how many there are if that is known."""
    file = existing(path, folder)
    state = file.stat()
    return _sqlite(file, path, query, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _sqlite(
    file: File, path: str, query: str, _changed: int, _size: int
) -> tuple[Table, int | None]:
    uri = f"{file.resolve().as_uri()}?mode=ro"
    until = time.monotonic() + PATIENCE
    try:
        connection = sqlite3.connect(uri, uri=True, timeout=0.1)
        try:
            connection.set_progress_handler(lambda: time.monotonic() > until, 10_000)
            inner = query.strip().rstrip(";")
            cursor = connection.execute(f"SELECT * FROM ({inner}\n) LIMIT {LOOKED_AT + 1}")
            names = [each[0] for each in cursor.description]
            rows = cursor.fetchall()
            count = _count(connection, inner) if len(rows) > LOOKED_AT else len(rows)
        finally:
            connection.close()
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise _refusal(str(error), path) from None
    if not rows:
        raise Refused(f"asks {quoted(path)}, which has no row for the query")
    cells = zip(*rows, strict=True)
    columns = {name: _queried(name, values) for name, values in zip(names, cells, strict=True)}
    return Table(columns, len(rows), len(rows) <= LOOKED_AT), count


def _count(connection: sqlite3.Connection, query: str) -> int | None:
    """The number of rows; None where it takes too long."""
    try:
        return connection.execute(f"SELECT COUNT(*) FROM ({query}\n)").fetchone()[0]
    except sqlite3.OperationalError:
        return None


def _refusal(error: str, path: str) -> Refused:
    if "locked" in error:
        return Refused(
            f"asks {quoted(path)}, which another program has locked",
            "Wait until it is done, or close it.",
        )
    if "not a database" in error or "malformed" in error:
        return Refused(f"reads {quoted(path)}, which is no SQLite database, or a damaged one")
    if "interrupted" in error:
        return Refused(
            f"asks {quoted(path)} what takes too long to be looked at",
            "Give the columns an index, or put the result into a table of its own.",
        )
    return Refused(f"asks {quoted(path)}, which can't answer: {error}", "Mend the query.")


def _queried(name: str, values: tuple[Any, ...]) -> Column:
    """A column by the values of its first rows: SQLite lets each row have a type of its own."""
    empty = tuple(row for row, value in enumerate(values, 1) if value is None)
    there = [value for value in values if value is not None]
    number = bool(there) and all(isinstance(value, (int, float)) for value in there)
    odd = None
    if any(isinstance(value, bytes) for value in there):
        odd = (0, "binary data")
    elif not number and not all(isinstance(value, str) for value in there):
        odd = (0, "numbers as well as texts")
    whole = number and all(isinstance(value, int) for value in there)
    low, high = (min(there), max(there)) if number else (0, 0)
    texts = () if number or odd else tuple(sorted(set(there)))
    return Column(name, number, whole, empty, odd, low, high, texts)
