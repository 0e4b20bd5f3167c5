"""Parquet files, SQLite databases, arrays on the disk: against the rows that were written."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace

from studio.graph.checks import check
from studio.graph.ops.tables import _parquet

from .loading import agrees, elements, loaded, project_of, written
from .projects import Json, node, npz, read
from .ruff import found_by_ruff

pytestmark = pytest.mark.filterwarnings("default")
N = range(30)


def parquet(path: Any = "a.parquet", **params: Any) -> Json:
    return node("rows", "studio.data.parquet", path=path, **params)


def sqlite(query: str = "SELECT * FROM t", path: str = "a.db", **params: Any) -> Json:
    return node("rows", "studio.data.sqlite", path=path, query=query, **params)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tables")
    columns = {
        "a": pa.array(list(N), pa.int64()),
        "b": pa.array([i / 4 for i in N], pa.float64()),
        "kind": ["xyz"[i % 3] for i in N],
        "ok": [i % 2 == 0 for i in N],
    }
    table = pa.table(columns)
    pq.write_table(table, made / "a.parquet")
    pq.write_table(table[:20], made / "part0.parquet")
    pq.write_table(table[20:], made / "part1.parquet")
    pq.write_table(pa.table({"a": [1, None], "b": ["x", None]}), made / "gaps.parquet")
    pq.write_table(pa.table({"a": [1, 2], "when": [[1], [2]]}), made / "lists.parquet")
    pq.write_table(pa.table({"a": pa.array([], pa.int64())}), made / "none.parquet")
    (made / "text.parquet").write_text("hello")
    with sqlite3.connect(made / "a.db") as base:
        base.execute("CREATE TABLE t (a INTEGER, b REAL, kind TEXT)")
        base.executemany("INSERT INTO t VALUES (?, ?, ?)", [(i, i / 4, "xyz"[i % 3]) for i in N])
        base.execute("CREATE TABLE odd (a, b, c)")
        base.execute("INSERT INTO odd VALUES (1, NULL, x'00'), ('two', 2, x'01')")
        base.execute("CREATE TABLE big AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1"
                     " FROM n LIMIT 5000) SELECT i, 'k' || i AS text FROM n")  # fmt: skip
    base.close()
    (made / "foreign.db").write_text("this is no database, but a text that is long enough" * 9)
    array = np.arange(3000 * 4, dtype=">f4").reshape(3000, 4)
    np.save(made / "a.npy", array)
    np.savez(made / "a.npz", array=array)
    return made


AB = [[float(i), i / 4] for i in N]
KINDS = ["xyz"[i % 3] for i in N]
CASES: dict[str, tuple[Json, list[Any]]] = {
    "parquet by name": (
        parquet(),
        [{"a": float(i), "b": i / 4, "kind": KINDS[i], "ok": float(i % 2 == 0)} for i in N],
    ),
    "parquet, a vector and a label": (
        parquet(features=["a", "b"], label="ok"),
        [(AB[i], int(i % 2 == 0)) for i in N],
    ),
    "parquet with classes": (
        parquet(features={"pair": ["b", "a"], "word": "kind"}, label="kind", classes=[*"zyx"]),
        [({"pair": AB[i][::-1], "word": KINDS[i]}, "zyx".index(KINDS[i])) for i in N],
    ),
    "parquet with a dtype": (
        parquet(features="a", label="b", types={"a": "int64"}),
        [(i, i / 4) for i in N],
    ),
    "parquet by a pattern": (parquet("part?.parquet", features=["a", "b"]), AB),
    "sqlite by name": (
        sqlite(),
        [{"a": float(i), "b": i / 4, "kind": KINDS[i]} for i in N],
    ),
    "sqlite with classes": (
        sqlite("SELECT b, a, kind FROM t WHERE a < 5;", label="kind"),
        [(AB[i][::-1], i % 3) for i in range(5)],
    ),
    "sqlite with an expression": (
        sqlite("SELECT a * 2 AS twice, b FROM t ORDER BY a DESC", features="twice", label="b"),
        [(2.0 * i, i / 4) for i in reversed(N)],
    ),
    "sqlite of many rows": (
        sqlite("SELECT * FROM big", features="i", types={"i": "int64"}),
        list(range(1, 5001)),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_elements_are_the_rows(name: str, folder: Path) -> None:
    source, wanted = CASES[name]
    dataset, inferred = loaded(project_of(source), folder)
    assert elements(dataset) == wanted
    assert inferred.count == len(wanted)
    agrees(dataset, replace(inferred, count=None))


def test_an_array_on_the_disk_can_have_names(folder: Path) -> None:
    source = npz("a.npy", stream=True, features={"one": "array", "two": "array"})
    dataset, inferred = loaded(project_of(source), folder)
    agrees(dataset, inferred)
    assert elements(dataset)[1] == {"one": [4.0, 5.0, 6.0, 7.0], "two": [4.0, 5.0, 6.0, 7.0]}


def test_an_array_can_stay_on_the_disk(folder: Path) -> None:
    dataset, inferred = loaded(project_of(npz("a.npy", stream=True)), folder)
    agrees(dataset, inferred)
    assert elements(dataset) == np.load(folder / "a.npy").tolist()


def test_ruff_finds_nothing_in_them(folder: Path, tmp_path: Path) -> None:
    sources = {name: case[0] for name, case in CASES.items()} | {"npy": npz("a.npy", stream=True)}
    texts = {name: written(project_of(each), folder)[0] for name, each in sources.items()}
    assert not found_by_ruff(texts, tmp_path)


def sentence(source: Json, folder: Path) -> str:
    problems = check(read(project_of(source)), folder).problems
    assert problems
    return " ".join(problem.sentence() for problem in problems)


BAD = [
    (parquet("no.parquet"), ["no such file"]),
    (parquet("text.parquet"), ["no Parquet file"]),
    (parquet("none.parquet"), ["has no rows"]),
    (parquet("gaps.parquet", features="a"), ["empty cells", '"a"', "leave the column out"]),
    (parquet("lists.parquet"), ['"when"', "values of the type list", "without it"]),
    (parquet(label="kind"), ["the classes of", "as a list"]),
    (parquet(features="c"), ['the column "c"', "There are a, b"]),
    (parquet(["a.parquet", "gaps.parquet"]), ["columns differ"]),
    (npz("a.npz", stream=True), ["packed", ".npy"]),
    (sqlite(path="no.db"), ["no such file"]),
    (sqlite(path="foreign.db"), ["no SQLite database"]),
    (sqlite("SELECT * FROM away"), ["can't answer: no such table: away", "Mend the query"]),
    (sqlite("DELETE FROM t"), ["can't answer", "syntax error"]),
    (sqlite("SELECT * FROM t WHERE a < 0"), ["no row"]),
    (sqlite("SELECT b FROM odd"), ["empty cells", '"b"']),
    (sqlite("SELECT a FROM odd"), ["numbers as well as texts"]),
    (sqlite("SELECT c FROM odd"), ["binary data"]),
    (sqlite("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
            " SELECT MAX(i) AS m FROM n"), ["takes too long"]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "words"), BAD, ids=lambda each: str(each)[:80])
def test_what_cannot_be_read_is_named_before_a_run(source, words, folder: Path) -> None:
    said = sentence(source, folder)
    assert all(word in said for word in words), said


def test_a_locked_database_is_named(tmp_path: Path) -> None:
    base = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    base.execute("CREATE TABLE t (a)")
    base.execute("BEGIN EXCLUSIVE")
    try:
        assert "another program has locked" in sentence(sqlite(), tmp_path)
    finally:
        base.close()


def test_pyarrow_is_asked_for_where_it_is_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    _parquet.cache_clear()
    assert "pip install pyarrow" in sentence(parquet(), folder)
