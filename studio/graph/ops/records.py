"""Sources that read records of files one after the other: TFRecord files, lines of text."""

from __future__ import annotations

import codecs
import gzip
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import DictOf, Either, Files, Int, ListOf, Text, Type
from studio.graph.elements import Elements
from studio.graph.files import all_matching
from studio.graph.problems import nearest, quoted
from studio.graph.records import Records, Seen, compression_of, read_records
from studio.graph.rule import Args
from studio.graph.spec import Refused, Spec, product

_FILES = "The file, a pattern such as logs/*.txt, or a list of them."
_CYCLE = Param(
    "cycle_length",
    Int(1),
    None,
    "Files read beside each other, their rows taking turns; null for up to 8, 1 for one "
    "behind the other.",
)
LOOKED_AT = 32 * 1024 * 1024


def cycle_length(p: Args, files: int) -> int:
    """How many files are read beside each other."""
    return min(files, getattr(p, "cycle_length", None) or 8)


def one_compression(files: dict[str, Path]) -> str:
    """What all files are packed with; Refused where they differ."""
    kinds = {path: compression_of(file) for path, file in files.items()}
    first = next(iter(kinds))
    other = next((path for path, kind in kinds.items() if kind != kinds[first]), None)
    if other is not None:
        raise Refused(
            f"reads {quoted(first)} and {quoted(other)}, of which only one is compressed alike",
            "Read them by sources of their own.",
        )
    return kinds[first]


@describe(
    "studio.data.lines",
    kind="source",
    family="source",
    inputs="",
    shown="path",
    help="The lines of text files (also gzipped).",
    params=[Param("path", Files(), help=_FILES), _CYCLE],
)
def lines(p: Args) -> Elements:
    """One element a line, without its end."""
    files = all_matching(p.path, p.folder)
    one_compression(files)
    counts = []
    for path, file in files.items():
        state = file.stat()
        counts.append(_lines(file, path, state.st_mtime_ns, state.st_size))
    if sum(count or 0 for count in counts) == 0 and None not in counts:
        raise Refused(f"reads {quoted(next(iter(files)))}, which has no line")
    return Elements(Spec((), "string"), None if None in counts else sum(counts))


@lru_cache(maxsize=256)
def _lines(file: Path, path: str, _changed: int, _size: int) -> int | None:
    """The number of a file's lines, None where it is too long; Refused where it is no UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    read = count = 0
    last = b""
    try:
        with gzip.open(file) if compression_of(file) == "GZIP" else file.open("rb") as stream:
            while block := stream.read(1 << 20):
                try:
                    decoder.decode(block)
                except UnicodeDecodeError:
                    line = count + _bad_line(block, last)
                    raise Refused(
                        f"reads {quoted(path)}, which is not UTF-8 text (line {line})",
                        "Save it as UTF-8.",
                    ) from None
                read, count, last = read + len(block), count + block.count(b"\n"), block[-1:]
                if read >= LOOKED_AT:
                    return None
    except (OSError, EOFError, zlib.error) as error:
        raise Refused(f"reads {quoted(path)}, which is damaged: {error}") from None
    return count + (last not in (b"", b"\n"))


def _bad_line(block: bytes, before: bytes) -> int:
    """In which line of a block the first byte is that is no UTF-8; 1 is the first."""
    for number, line in enumerate(block.split(b"\n"), 1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            return number
    return 1


class Feature(Struct, frozen=True):
    """A feature of the records, as it is parsed."""

    dtype: str
    shape: tuple[int | None, ...]
    """(None,) for a list of any length."""

    @property
    def fixed(self) -> bool:
        """Whether each record has as many values."""
        return None not in self.shape


class RecordPlan(Struct, frozen=True):
    """How records become elements; the shape rule and the code are both made from it."""

    files: tuple[str, ...]
    compression: str
    features: dict[str, Feature]
    label: str | None
    count: int | None


@describe(
    "studio.data.tfrecord",
    kind="source",
    family="source",
    inputs="",
    shown="path label",
    help="The tf.train.Example records of TFRecord files (also GZIP or ZLIB).",
    params=[
        Param("path", Files(), help=_FILES),
        Param("label", Text(), None, "The feature to be predicted; null for none."),
        Param(
            "features",
            Either((ListOf(Text(), empty=False), DictOf(Type(), empty=False))),
            None,
            'The features to take: their names, or name -> {"dtype": "float32", "shape": [28, 28]} '
            "with [null] for lists of any length. By default all, as the first records have them.",
        ),
        _CYCLE,
    ],
)
def tfrecord(p: Args) -> Elements:
    """One element a record: features by name, one feature alone, or (features, label)."""
    plan = record_plan(p)
    specs = {name: Spec(each.shape, each.dtype) for name, each in plan.features.items()}
    label = specs.pop(plan.label) if plan.label is not None else None
    features: Any = next(iter(specs.values())) if len(specs) == 1 else specs
    return Elements(features if label is None else (features, label), plan.count)


def record_plan(p: Args) -> RecordPlan:
    """The plan for a TFRecord source, made by looking into its files."""
    files = all_matching(p.path, p.folder)
    compression = one_compression(files)
    found = {path: read_records(file, path) for path, file in files.items()}
    counts = [each.count for each in found.values()]
    if not any(count is None or count for count in counts):
        raise Refused(f"reads {quoted(next(iter(files)))}, which has no record")
    seen = _together(found)
    features = _chosen(p, seen)
    if p.label is not None and p.label not in features:
        features |= {p.label: _named(p.label, None, seen)}
    if set(features) == {p.label}:
        raise Refused(f"finds no feature but the label {quoted(p.label)}")
    count = None if None in counts else sum(counts)
    return RecordPlan(tuple(files), compression, features, p.label, count)


def _together(files: dict[str, Records]) -> dict[str, Seen]:
    """The features of all files."""
    found: dict[str, Seen] = {}
    first = None
    for path, records in files.items():
        if not records.features:
            continue
        for name, seen in records.features.items():
            old = found.get(name)
            if old is not None and old.dtype != seen.dtype:
                raise Refused(
                    f"reads {quoted(name)} as {old.dtype} in {quoted(first)} and as {seen.dtype} "
                    f"in {quoted(path)}"
                )
            least = min(seen.least, old.least) if old else (seen.least if first is None else 0)
            found[name] = Seen(seen.dtype, least, max(seen.most, old.most if old else 0))
        for name in found.keys() - records.features.keys():
            found[name] = Seen(found[name].dtype, 0, found[name].most)
        first = first or path
    return dict(sorted(found.items()))


def _chosen(p: Args, seen: dict[str, Seen]) -> dict[str, Feature]:
    if p.features is None:
        return {name: _named(name, None, seen) for name, each in seen.items() if each.dtype}
    given = p.features if isinstance(p.features, dict) else dict.fromkeys(p.features)
    return {name: _named(name, each, seen) for name, each in given.items()}


def _named(name: str, given: Any, seen: dict[str, Seen]) -> Feature:
    """A feature as the project, or else the records, say it."""
    if name not in seen:
        there = f"There are {', '.join(seen)}." if seen else ""
        raise Refused(
            f"takes the feature {quoted(name)}, which the first records don't have",
            nearest(name, seen) or there,
        )
    there = seen[name]
    if given is None:
        if there.least != there.most:
            return Feature(there.dtype, (None,))
        return Feature(there.dtype, () if there.most == 1 else (there.most,))
    if not isinstance(given, dict) or not given.keys() <= {"dtype", "shape"}:
        raise Refused(
            f"gives {quoted(given)} for the feature {quoted(name)}",
            'Write {"dtype": "float32", "shape": [28, 28]}, or leave one of them out.',
        )
    dtype, shape = given.get("dtype", there.dtype), given.get("shape")
    if dtype != there.dtype:
        raise Refused(
            f"reads {quoted(name)} as {quoted(dtype)}, but the records have it as {there.dtype}",
            f"Write {there.dtype}, and cast it by a map stage.",
        )
    if shape is None:
        return _named(name, None, seen)
    whole = isinstance(shape, list) and all(type(size) is int and size > 0 for size in shape)
    if not whole and shape != [None]:
        raise Refused(
            f"gives {quoted(name)} the shape {quoted(shape)}",
            "Write whole numbers, or [null] for lists of any length.",
        )
    size = None if shape == [None] else product(shape)
    if size is not None and not there.least == there.most == size:
        has = str(there.most) if there.least == there.most else f"{there.least} to {there.most}"
        raise Refused(
            f"gives {quoted(name)} a shape of {size} values, but the records have {has}",
            "Write a shape that has as many, or [null].",
        )
    return Feature(dtype, tuple(shape))
