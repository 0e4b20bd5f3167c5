"""A file or folder of data -> how it would be read, by who knows its kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.graph.document import Call
from studio.graph.looking.arrays import look_at_array, look_at_records
from studio.graph.looking.databases import look_at_database
from studio.graph.looking.folders import look_into_folder
from studio.graph.looking.found import Found, Written, words
from studio.graph.looking.kinds import MENDS, READ, kind_of
from studio.graph.looking.tables import look_at_csv, look_at_parquet
from studio.graph.problems import StudioError, quoted
from studio.graph.spec import Refused


def look(path: Path, written: Written, folder: Path) -> Found:
    """How a file or folder would be read; `written` is its path as the project has it.

    Of several files of one kind, `path` is the first and `written` a list.
    Raises StudioError, with a sentence, where it can't be.
    """
    kind = kind_of(path)
    if not path.exists():
        raise StudioError(f"There is no file or folder {quoted(str(path), 200)}.")
    if kind in ("", "other"):
        mend = MENDS.get(path.suffix.lower(), f"What can be read is {READ}.")
        raise StudioError(f"{quoted(path.name)} is no data that Studio reads. {mend}")
    try:
        return _LOOKS[kind](written, folder)
    except Refused as refused:
        raise refusal(refused) from None
    except OSError as error:
        raise StudioError(f"{quoted(path.name)} can't be read: {error.strerror}.") from None


def refusal(refused: Refused) -> StudioError:
    """What a reader refuses, as a sentence for who dropped the file."""
    return StudioError(f"Nothing was added: the source {refused.message}. {refused.hint}".strip())


def _lines(written: Written, folder: Path) -> Found:
    source = Call("studio.data.lines", {"path": written})
    return Found("lines", {"": source}, [words()], "words", again=True)


_LOOKS: dict[str, Callable[[Any, Path], Found]] = {
    "csv": look_at_csv,
    "parquet": look_at_parquet,
    "numpy": look_at_array,
    "tfrecord": look_at_records,
    "sqlite": look_at_database,
    "lines": _lines,
    "folder": lambda written, folder: look_into_folder(written, folder, look),
}
