"""What is in a data file, read without TensorFlow: columns of a CSV, arrays of a NumPy file.

Files of up to 32 MB are looked through whole, so that a bad cell is known
before a run starts; of larger ones, the first 32 MB.
"""

from __future__ import annotations

import ast
import csv
import gzip
import io
import math
import re
import zipfile
import zlib
from collections.abc import Iterator
from functools import lru_cache
from itertools import product as grid
from pathlib import Path

from msgspec import Struct

from studio.graph.catalogue.types import Shape
from studio.graph.problems import nearest, quoted
from studio.graph.spec import Refused
from studio.resources import ASSETS

LOOKED_AT = 32 * 1024 * 1024
"""Characters of a CSV file that are looked at before a run."""

LONGEST_LINE = 16 * 1024 * 1024

MOSTLY = 0.9
"""A column with this share of numbers is one of numbers, and its other cells are mistakes."""


MOST_AXES = 4


class Column(Struct, frozen=True):
    """A column of a table: whether it holds numbers, and what is odd in it."""

    name: str
    number: bool
    whole: bool
    empty: tuple[int, ...]
    """The rows with an empty cell; row 1 is the first below the header."""
    odd: tuple[int, str] | None
    """The first row, and its text, that is no number though most are."""
    low: float
    high: float
    texts: tuple[str, ...]
    """The different texts, sorted."""


class Table(Struct, frozen=True):
    """A CSV file."""

    columns: dict[str, Column]
    rows: int
    whole: bool
    """Whether all of the file was looked at."""


def resolve_path(path: str, folder: Path) -> Path:
    """The file that a project's path means: assets:..., absolute, or relative to the project."""
    if path.startswith("assets:"):
        return ASSETS / path.removeprefix("assets:")
    return folder / path


def read_table(path: str, folder: Path) -> Table:
    """What a CSV file (also .gz) holds.

    Raises Refused with a sentence where there is no such file, nothing in it,
    no text, or a row with too many or too few cells.
    """
    file = existing(path, folder)
    state = file.stat()
    return _table(file, path, state.st_mtime_ns, state.st_size)


def together(tables: dict[str, Table]) -> Table:
    """Several files as one table; Refused where their columns differ."""
    (first, one), *others = tables.items()
    if not others:
        return one
    for path, table in others:
        missing = next((name for name in one.columns if name not in table.columns), None)
        if missing is not None or list(table.columns) != list(one.columns):
            raise Refused(
                f"reads {quoted(first)} and {quoted(path)}, whose columns differ"
                + (f": only one has {quoted(missing)}" if missing is not None else ""),
                "Bring them into the same columns in the same order.",
            )
    columns = {name: _joined(name, tables) for name in one.columns}
    each = tables.values()
    return Table(columns, sum(table.rows for table in each), all(table.whole for table in each))


def _joined(name: str, tables: dict[str, Table]) -> Column:
    """One column of several files."""
    before, empty, texts = 0, [], set()
    for table in tables.values():
        empty += [before + row for row in table.columns[name].empty]
        texts |= set(table.columns[name].texts)
        before += table.rows
    columns = {path: table.columns[name] for path, table in tables.items()}
    filled = {path: c for path, c in columns.items() if c.number or c.texts} or columns
    kinds = {c.number: path for path, c in filled.items()}
    if len(kinds) > 1:
        raise Refused(
            f"finds numbers in the column {quoted(name)} of {quoted(kinds[True])}, and text in "
            f"that of {quoted(kinds[False])}",
            "Mend one of the files.",
        )
    return Column(
        name=name,
        number=True in kinds,
        whole=all(c.whole for c in filled.values()),
        empty=tuple(empty),
        odd=next((c.odd for c in filled.values() if c.odd is not None), None),
        low=min(c.low for c in filled.values()),
        high=max(c.high for c in filled.values()),
        texts=tuple(sorted(texts)),
    )


def existing(path: str, folder: Path) -> Path:
    """The path of a data file that can be read; Refused with the reason where it can't."""
    try:
        file = resolve_path(path, folder)
        if file.exists() and not file.is_file():  # a folder, a device or a pipe without end
            raise Refused(f"reads {quoted(path)}, which is no file", "Name a file.")
        with file.open("rb") as opened:
            opened.read(1)
    except (OSError, ValueError) as error:
        if isinstance(error, FileNotFoundError):
            near = _near(file)
            raise Refused(
                f"reads {quoted(path)}, but there is no such file in {_shown(file.parent)}",
                near or "Put the file there, or give another path.",
            ) from None
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise Refused(f"reads {quoted(path)}, which can't be opened: {reason}") from None
    return file


def _near(file: Path) -> str:
    try:
        return nearest(file.name, [each.name for each in file.parent.iterdir()])
    except OSError:
        return ""


def _shown(folder: Path) -> str:
    return quoted(str(folder.resolve()), 200)


@lru_cache(maxsize=16)
def _table(file: Path, path: str, _changed: int, _size: int) -> Table:
    """Cached by the time and size of the file, so that each edit doesn't read it again."""
    try:
        with open_table(file) as text:
            reader = csv.reader(_lines(text, path), strict=True)
            header = next(reader, None)
            if not header or header == [""]:
                raise Refused(f"reads {quoted(path)}, which is empty", "Choose a file with rows.")
            rows, whole = _rows(reader, path, header)
    except UnicodeDecodeError as error:
        raise Refused(
            f"reads {quoted(path)}, which is not UTF-8 text (byte {error.start})",
            "Save it as UTF-8.",
        ) from None
    except (OSError, EOFError, zlib.error) as error:
        raise Refused(f"reads {quoted(path)}, which is damaged: {error}") from None
    except csv.Error as error:
        raise Refused(f"reads {quoted(path)}, which is no CSV: {error}") from None
    twice = (
        {name for name in header if header.count(name) > 1}
        if len(set(header)) < len(header)
        else ()
    )
    if twice:
        raise Refused(f"reads {quoted(path)}, which has two columns called {quoted(min(twice))}")
    if not rows:
        raise Refused(f"reads {quoted(path)}, which has a header but no rows")
    cells = zip(*rows, strict=True)
    columns = {name: _column(name, values) for name, values in zip(header, cells, strict=True)}
    return Table(columns, len(rows), whole)


def open_table(file: Path) -> io.TextIOBase:
    """The text of a CSV file, unpacked where its name ends in .gz."""
    if file.suffix == ".gz":
        return gzip.open(file, "rt", encoding="utf-8-sig", newline="")
    return file.open(encoding="utf-8-sig", newline="")


def _lines(text: io.TextIOBase, path: str) -> Iterator[str]:
    """The lines of a file, none of them without end."""
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise Refused(
                f"reads {quoted(path)}, which has a line of more than {LONGEST_LINE:,} characters",
                "It may be no CSV file.",
            )
        yield line


def _rows(reader, path: str, header: list[str]) -> tuple[list[list[str]], bool]:
    rows, left = [], LOOKED_AT
    for row in reader:
        if not row:
            continue  # an empty line, as at the end of many files
        if len(row) != len(header):
            raise Refused(
                f"reads {quoted(path)}, whose line {reader.line_num} has {len(row)} cells "
                f"where the header has {len(header)}",
                "Mend that line, or quote the text with a comma in it.",
            )
        rows.append(row)
        left -= sum(map(len, row)) + len(row)
        if left < 0:
            return rows, False
    return rows, True


def _column(name: str, cells: tuple[str, ...]) -> Column:
    empty = tuple(row for row, cell in enumerate(cells, 1) if not cell)
    try:
        numbers = [float(cell) for cell in cells if cell] if empty else list(map(float, cells))
        odd = None
    except ValueError:
        numbers, odd = _numbers(cells)
    if not numbers:
        texts = tuple(sorted(set(cells) - {""}))
        return Column(name, False, False, empty, None, 0, 0, texts)
    whole = all(map(float.is_integer, numbers))
    return Column(name, True, whole, empty, odd, min(numbers), max(numbers), ())


def _numbers(cells: tuple[str, ...]) -> tuple[list[float], tuple[int, str] | None]:
    """The numbers of a column with some text in it, and the first text; none if it is a text."""
    numbers, odd, texts = [], None, 0
    for row, cell in enumerate(cells, 1):
        try:
            numbers.append(float(cell))
        except ValueError:
            if cell:
                texts += 1
                odd = odd or (row, cell)
    return (numbers, odd) if len(numbers) >= MOSTLY * (len(numbers) + texts) else ([], None)


_INDEXED = re.compile(r"(.*?)((?:_(?:0|[1-9][0-9]{0,5}))+)")


def grid_of(names: list[str]) -> tuple[str, tuple[int, ...]] | None:
    """The prefix and shape of columns numbered as an array's elements; None where they aren't.

    pixel_0_0, pixel_0_1, ... pixel_7_7 are an array "pixel" of shape (8, 8).
    """
    matches = [_INDEXED.fullmatch(name) for name in names]
    if not all(matches) or len({match[1] for match in matches}) != 1:
        return None
    places = [tuple(map(int, match[2][1:].split("_"))) for match in matches]
    if len(set(map(len, places))) != 1:
        return None
    shape = tuple(max(axis) + 1 for axis in zip(*places, strict=True))
    if len(shape) > MOST_AXES or math.prod(shape) != len(names):
        return None
    return (matches[0][1], shape) if places == list(grid(*map(range, shape))) else None


class Array(Struct, frozen=True):
    """An array of a NumPy file."""

    shape: tuple[int, ...]
    dtype: str


def read_arrays(path: str, folder: Path) -> dict[str, Array]:
    """The arrays of a .npz by name, or the one of a .npy as "array"; their data is not read."""
    file = existing(path, folder)
    try:
        if not zipfile.is_zipfile(file):
            with file.open("rb") as stream:
                return {"array": _npy_header(stream, path)}
        with zipfile.ZipFile(file) as archive:
            found = {}
            for name in archive.namelist():
                with archive.open(name) as stream:
                    found[name.removesuffix(".npy")] = _npy_header(stream, path)
            return found
    except _DAMAGED as error:
        raise Refused(f"reads {quoted(path)}, which is no NumPy file: {error}") from None


MOST_LOOKED_AT = 8_000_000
"""Bytes of an array that are looked through."""
_WHOLE = {"i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "i8": "q", "u8": "Q"}


def whole_range(path: str, name: str, folder: Path) -> tuple[int, int] | None:
    """The smallest and largest of an array's whole numbers; None where they can't be told soon."""
    file = existing(path, folder)
    try:
        if not zipfile.is_zipfile(file):
            with file.open("rb") as stream:
                return _range(stream)
        with zipfile.ZipFile(file) as archive, archive.open(f"{name}.npy") as stream:
            return _range(stream)
    except _DAMAGED:
        return None  # the source says it


def _range(stream) -> tuple[int, int] | None:
    code = str(_npy_head(stream)["descr"])
    if code[1:] not in _WHOLE or (code[0] == ">" and code[2] != "1"):
        return None
    data = stream.read(MOST_LOOKED_AT + 1)
    if not data or len(data) > MOST_LOOKED_AT:
        return None
    values = memoryview(data).cast(_WHOLE[code[1:]])
    return min(values), max(values)


# What reading a file that is no NumPy file, or a damaged one, can raise.
_DAMAGED = (
    OSError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    SyntaxError,
    LookupError,
    TypeError,
    MemoryError,
    RuntimeError,  # an encrypted archive; RecursionError and NotImplementedError are of its kind
)

_NUMPY_DTYPES = {
    "f2": "float16", "f4": "float32", "f8": "float64", "b1": "bool",
    "i1": "int8", "i2": "int16", "i4": "int32", "i8": "int64",
    "u1": "uint8", "u2": "uint16", "u4": "uint32", "u8": "uint64",
}  # fmt: skip


def _npy_head(stream) -> dict:
    """What stands at the head of an array file (NumPy's format, versions 1 to 3)."""
    if stream.read(6) != b"\x93NUMPY":
        raise ValueError("it doesn't begin as one")
    version = stream.read(2)[0]
    length = int.from_bytes(stream.read(2 if version == 1 else 4), "little")
    return ast.literal_eval(stream.read(min(length, 1 << 16)).decode("utf-8"))


def _npy_header(stream, path: str) -> Array:
    """The shape and dtype of an array file."""
    header = _npy_head(stream)
    code, shape = header["descr"], header["shape"]
    if not isinstance(code, str):
        raise ValueError("its elements are records")
    if not isinstance(shape, tuple) or not Shape(unknown=False).accepts(shape):
        raise ValueError(f"its shape is {quoted(shape)}")
    if "O" in code:
        raise Refused(
            f"reads {quoted(path)}, which holds Python objects",
            "Such a file can run code when it is opened, so it is not; save plain arrays.",
        )
    dtype = "string" if code[1] in "SU" else _NUMPY_DTYPES.get(code[1:])
    if dtype is None:
        raise ValueError(f"its elements are {code}")
    return Array(shape, dtype)
