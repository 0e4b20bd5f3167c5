"""SQLite databases: the table that is read, and the query that reads it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from studio.graph.document import Call
from studio.graph.looking.columns import MOST_CLASSES, choose, features_of, told_of
from studio.graph.looking.found import Found, given, words
from studio.graph.ops.tables import read_query
from studio.graph.problems import quoted
from studio.graph.spec import Refused
from studio.graph.tables import existing

PATIENCE = 3.0
"""Seconds that the database may be asked for."""


def look_at_database(written: str, folder: Path) -> Found:
    """The largest table of a database, without the rows that have empty cells."""
    file = existing(written, folder)
    until = time.monotonic() + PATIENCE
    try:
        connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=0.1)
        try:
            connection.set_progress_handler(lambda: time.monotonic() > until, 10_000)
            tables = _tables(connection)
            if not tables:
                raise Refused(f"reads {quoted(written)}, which has no table with rows")
            name = max(tables, key=lambda each: tables[each])
            gaps = _gaps(connection, name)
            query = _query(name, gaps)
            table, _ = read_query(written, query, folder)

            def classes(column: str) -> tuple[str, ...]:
                return _texts(connection, query, column)

            columns = choose(table, classes, gaps=False)
        finally:
            connection.close()
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise Refused(
            f"reads {quoted(written)}, which can't be looked into: {error}",
            "It may be damaged, locked by another program, or no SQLite database.",
        ) from None
    params = given(
        path=written,
        query=query,
        label=columns.label,
        features=features_of(columns, table),
        classes=list(columns.classes) or None,
    )
    prose = columns.prose and not columns.numbers and len(columns.texts) == 1
    found = Found("rows", {"": Call("studio.data.sqlite", params)}, again=True)
    found.maps = [words()] if prose else []
    found.input = "words" if prose else columns.features[0] if len(columns.features) == 1 else ""
    found.input = found.input or "features"
    found.label, found.told = columns.label_told, told_of(columns)
    if len(tables) > 1:
        found.told.insert(0, f"the table {name} of {len(tables)}")
    if gaps:
        found.told.append("rows with gaps left out")
    return found


def _tables(connection: sqlite3.Connection) -> dict[str, int]:
    """The tables and views that have rows, and how many."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
        "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    ).fetchall()
    counts = {name: _asked(connection, f"SELECT COUNT(*) FROM {_name(name)}") for (name,) in names}
    return {name: row[0] for name, row in counts.items() if row[0]}


def _asked(connection: sqlite3.Connection, query: str) -> Sequence[int]:
    return connection.execute(query).fetchone()


def _gaps(connection: sqlite3.Connection, table: str) -> list[str]:
    """The columns of a table in which cells are empty, but not all of them."""
    names = [row[0] for row in connection.execute(f"SELECT * FROM {_name(table)}").description]
    sums = ", ".join(f"SUM({_name(each)} IS NULL)" for each in names)
    rows, *counts = _asked(connection, f"SELECT COUNT(*), {sums} FROM {_name(table)}")
    return [each for each, count in zip(names, counts, strict=True) if 0 < count <= rows / 2]


def _query(table: str, gaps: list[str]) -> str:
    """The rows of a table that have no gap in these columns."""
    where = " AND ".join(f"{_name(each)} IS NOT NULL" for each in gaps)
    return f"SELECT * FROM {_name(table)}" + (f" WHERE {where}" if where else "")


def _name(text: str) -> str:
    """A name as SQL has it, whatever is in it."""
    return '"' + text.replace('"', '""') + '"'


def _texts(connection: sqlite3.Connection, query: str, column: str) -> tuple[str, ...]:
    """The different texts of a column; empty where there are too many, or others than texts."""
    found = connection.execute(
        f"SELECT DISTINCT {_name(column)} FROM ({query}) ORDER BY 1 LIMIT {MOST_CLASSES + 1}"
    ).fetchall()
    texts = tuple(row[0] for row in found)
    return texts if len(texts) <= MOST_CLASSES and all(isinstance(t, str) for t in texts) else ()
