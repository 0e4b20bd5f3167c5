"""CSV and Parquet files: their columns, and the source that reads them."""

from __future__ import annotations

from pathlib import Path

from studio.graph.document import Call
from studio.graph.files import all_matching
from studio.graph.looking.columns import (
    DROPPED,
    MOST_CLASSES,
    PROSE,
    Columns,
    choose,
    features_of,
    filling,
    mean_words,
    scaling,
    told_of,
)
from studio.graph.looking.found import Found, Written, counted, given, words
from studio.graph.ops.tables import read_parquet
from studio.graph.problems import quoted
from studio.graph.spec import Refused
from studio.graph.tables import Table, grid_of, read_table, resolve_path, together

_PARTED = {";": "semicolons", "\t": "tabs", "|": "bars"}


def look_at_csv(written: Written, folder: Path) -> Found:
    """A CSV file, those of a pattern, or several."""
    files = all_matching(written, folder)
    table = together({path: read_table(path, folder) for path in files})
    _check_header(table, next(iter(files)))
    columns = choose(table, lambda name: table.columns[name].texts, gaps=True)
    used = columns.features + ([columns.label] if columns.label is not None else [])
    gaps = {row for name in used for row in table.columns[name].empty}
    unlabelled = columns.label is not None and bool(table.columns[columns.label].empty)
    keep = len(gaps) > DROPPED * table.rows and not unlabelled
    features = features_of(columns, table, named=keep)
    maps, told = _maps(columns, table), told_of(columns)
    if keep:
        maps = [filling(features, table)]
        told.append("gaps are filled")
    elif gaps:
        told.append(f"{counted(len(gaps), 'rows')} with gaps left out")
    if not table.whole and columns.classes:
        told.append("classes as in the first 32 MB")
    params = given(
        path=written,
        label=columns.label,
        features=features,
        classes=list(columns.classes) if columns.classes and not table.whole else None,
        missing=("keep" if keep else "drop") if gaps or not table.whole else None,
    )
    found = Found("rows", {"": Call("studio.data.csv", params)}, maps, input=_input(columns))
    found.label, found.told = columns.label_told, told
    found.again = any(call.op == "studio.map.hash_words" for call in maps) and table.whole
    return found


def _check_header(table: Table, written: str) -> None:
    names = list(table.columns)
    if len(names) == 1:
        other = next((mark for mark in _PARTED if mark in names[0]), None)
        if other is not None:
            raise Refused(
                f"reads {quoted(written)}, whose cells are parted by {_PARTED[other]}, where "
                "commas were expected",
                "Save it with commas between the cells.",
            )
    if len(names) > 1 and sum(map(_is_number, names)) > len(names) / 2:
        raise Refused(
            f"reads {quoted(written)}, whose first line has numbers where the names of the columns "
            "were expected",
            "Put a line with a name for each column before it.",
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def look_at_parquet(written: Written, folder: Path) -> Found:
    """A Parquet file, those of a pattern, or several."""
    files, table = read_parquet(written, folder)

    def classes(name: str) -> tuple[str, ...]:
        return _texts(name, [resolve_path(path, folder) for path in files])

    columns = choose(table, classes, gaps=False)
    if len(columns.texts) == 1:
        some = _texts(columns.texts[0], [resolve_path(files[0], folder)], whole=False)
        if mean_words(some) >= PROSE:
            columns.prose = columns.texts
    params = given(
        path=written,
        label=columns.label,
        features=features_of(columns, table),
        classes=list(columns.classes) or None,
    )
    source = Call("studio.data.parquet", params)
    found = Found("rows", {"": source}, _maps(columns, table), input=_input(columns), again=True)
    found.label, found.told = columns.label_told, told_of(columns)
    return found


def _texts(name: str, files: list[Path], whole: bool = True) -> tuple[str, ...]:
    """The different texts of a column, sorted; empty where there are too many.

    Where they needn't be `whole`, those of the first rows.
    """
    import pyarrow.parquet as pq

    found: set[str] = set()
    for file in files:
        with pq.ParquetFile(file) as opened:
            for batch in opened.iter_batches(columns=[name]):
                found.update(batch.column(0).unique().to_pylist())
                if len(found) > MOST_CLASSES or not whole:
                    return () if whole else tuple(sorted(found)[:MOST_CLASSES])
    return tuple(sorted(found))


def _maps(columns: Columns, table: Table) -> list[Call]:
    """The functions for features of one kind: words of a text, pixels from 0 to 1."""
    if columns.prose and not columns.numbers and len(columns.texts) == 1:
        return [words()]
    return scaling(columns, table)


def _input(columns: Columns) -> str:
    """What one input of the model is called."""
    if columns.texts:
        return "words" if columns.prose else columns.texts[0]
    grid = grid_of(columns.numbers)
    return grid[0] if grid else columns.numbers[0] if len(columns.numbers) == 1 else "features"
