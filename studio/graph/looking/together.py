"""Several files that a person takes at once: one source that reads them all, or their folder."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from studio.graph.looking.folders import KINDS
from studio.graph.looking.kinds import kind_of
from studio.graph.problems import StudioError, quoted

LISTED = {
    "csv": "CSV tables",
    "parquet": "Parquet tables",
    "tfrecord": "TFRecord files",
    "lines": "text files",
}
"""Kinds of which a source reads a list of files."""

CAN = (
    "Together can be taken: CSV or Parquet tables of the same columns, TFRecord files of the same "
    "features, text files, or images or sounds out of one folder."
)


def together(paths: Sequence[Path]) -> Path | list[Path]:
    """Files of one kind, sorted; or the folder of images or sounds.

    Raises StudioError, with a sentence, where they don't belong together.
    """
    if len(paths) == 1:
        return paths[0]
    kinds = {_kind(path): path for path in reversed(paths)}
    if len(kinds) > 1:
        (_, first), (_, other), *_ = reversed(kinds.items())
        raise StudioError(
            f"{quoted(first.name)} and {quoted(other.name)} aren't of one kind. {CAN}"
        )
    (kind,) = kinds
    if kind in LISTED:
        return sorted(paths)
    if kind not in ("images", "audio"):
        raise StudioError(f"{len(paths)} such files aren't read together. {CAN}")
    folders = sorted({path.parent for path in paths})
    if len(folders) > 1:
        raise StudioError(
            f"These files lie in {len(folders)} folders. Take the folder that has those: each "
            "folder in it is a class."
        )
    return folders[0]


def _kind(path: Path) -> str:
    """csv, ..., or images, audio; "folder"; "" for what is no data."""
    kind = kind_of(path)
    return KINDS.get(path.suffix.lower(), kind) if kind == "other" else kind


def called(paths: Sequence[Path]) -> str:
    """What files are called: part for part-0.csv and part-1.csv; else as the first is."""
    stems = [path.name.partition(".")[0] for path in paths]
    if len(stems) == 1:
        return stems[0]
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*stems, strict=False))
    common = "".join(letters[0] for letters in same)
    return common.rstrip("-_ 0123456789") or stems[0]
