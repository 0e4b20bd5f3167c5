"""What was read of the runs of a folder, kept for the next time: an index that can be made anew.

The folder is the truth: an entry is good as long as the run's events and notes have the times and
sizes that they had. The index is a file of SQLite in the user's cache, so that nobody who only
looks at runs writes beside them, where others may work too, perhaps over a network. One that is
missing, damaged, or of another version of Studio is made anew; one that can't be written is done
without.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from zlib import crc32

import msgspec
from msgspec import Struct
from platformdirs import user_cache_path

from studio.engine.about import About
from studio.engine.progress import Progress

FORMAT = 1

PATIENCE = 0.02
"""Seconds for which another window that writes is waited for."""


class Kept(Struct, array_like=True):
    """What is kept of a run."""

    mark: tuple[int, int, int]
    began: float
    progress: Progress
    about: About


_FIELDS = (FORMAT, *(each.__struct_fields__ for each in (Kept, Progress, About)))
VERSION = crc32(repr(_FIELDS).encode()) & 0x7FFFFFFF
"""Another number when anything else is kept."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Kept).decode


def place_of(folder: Path) -> Path:
    """The file of the index of a folder of runs."""
    name = sha256(str(folder.resolve()).encode()).hexdigest()[:24]
    return user_cache_path("studio") / "runs" / f"{name}.sqlite"


def read(folder: Path) -> dict[str, Kept]:
    """What is kept of the runs, by their names; nothing where there is no index that is sound."""
    place = place_of(folder)
    if not place.is_file():
        return {}
    try:
        with contextlib.closing(_opened(place)) as index:
            if index.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                return {}
            rows = index.execute("SELECT name, kept FROM runs").fetchall()
            return {name: _decode(kept) for name, kept in rows}
    except (sqlite3.Error, msgspec.DecodeError, TypeError, ValueError):
        return {}


def write(folder: Path, changed: Iterable[tuple[str, Kept]], gone: Iterable[str]) -> bool:
    """Keeps what was read, and forgets runs that are gone; whether that could be done."""
    place = place_of(folder)
    rows = [(name, _encode(kept)) for name, kept in changed]
    old = [(name,) for name in gone]
    if not rows and not old:
        return True
    for _ in range(2):
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(_opened(place)) as index, index:
                _prepare(index)
                index.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?)", rows)
                index.executemany("DELETE FROM runs WHERE name = ?", old)
            return True
        except sqlite3.OperationalError:
            return False  # another one writes, or there is no room, or no right
        except sqlite3.DatabaseError:
            with contextlib.suppress(OSError):
                place.unlink()  # damaged: it is made anew
        except OSError:
            return False
    return False


def _opened(place: Path) -> sqlite3.Connection:
    index = sqlite3.connect(place, timeout=PATIENCE)
    # What a power cut loses is read again.
    index.execute("PRAGMA synchronous = OFF")
    return index


def _prepare(index: sqlite3.Connection) -> None:
    if index.execute("PRAGMA user_version").fetchone()[0] != VERSION:
        index.execute("DROP TABLE IF EXISTS runs")
        index.execute(f"PRAGMA user_version = {VERSION}")
    index.execute("CREATE TABLE IF NOT EXISTS runs (name TEXT PRIMARY KEY, kept BLOB NOT NULL)")
