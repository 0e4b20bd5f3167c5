"""Whether a file is what its name says, seen by its first and last bytes: images, texts, sounds."""

from __future__ import annotations

import math
import os
import wave
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

LOOKED_INTO = 2000
"""Files of a folder that are looked into before a run."""

LARGEST = 32 * 1024 * 1024
"""Bytes of a text that are looked at."""


def some_of(files: list[str]) -> list[str]:
    """The files that are looked into: all, or of many each so-and-so-many-th."""
    return files[:: max(1, math.ceil(len(files) / LOOKED_INTO))]


def first_problem(
    folder: Path, files: Iterable[str], problem: Callable[[Path, int, int], str]
) -> tuple[str, str] | None:
    """The first of some files that has a problem, and what it is; None where none has."""
    for name in files:
        file = folder / name
        try:
            state = os.stat(file)  # noqa: PTH116  (there may be many)
            said = problem(file, state.st_mtime_ns, state.st_size)
        except OSError as error:
            said = f"can't be opened: {error.strerror}"
        if said:
            return name, said
    return None


@lru_cache(maxsize=8 * LOOKED_INTO)
def image_problem(file: Path, _changed: int, size: int) -> str:
    """What is wrong with an image file, as far as can be seen without its pixels; "" for nothing.

    Cached by time and size, as are the other two.
    """
    with file.open("rb") as opened:
        head = opened.read(8)
        opened.seek(max(0, size - 1024))
        tail = opened.read()
    if not size:
        return "is empty"
    if head.startswith(b"\x89PNG"):
        return "" if b"IEND" in tail or b"IEND" in file.read_bytes() else "is cut off"
    if head.startswith(b"\xff\xd8"):
        # Some cameras write more behind the image's end.
        return "" if b"\xff\xd9" in tail or b"\xff\xd9" in file.read_bytes() else "is cut off"
    if head.startswith(b"BM"):
        return "is cut off" if size < int.from_bytes(head[2:6], "little") else ""
    return "" if head.startswith(b"GIF8") else "is no PNG, JPEG, GIF or BMP image"


@lru_cache(maxsize=8 * LOOKED_INTO)
def text_problem(file: Path, _changed: int, _size: int) -> str:
    """What is wrong with a text that should be UTF-8; "" for nothing."""
    with file.open("rb") as opened:
        content = opened.read(LARGEST)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.end < LARGEST:  # else it is only the last letter that was cut
            return f"is not UTF-8 text (byte {error.start})"
    return ""


_WAV_HEADER = 44


class Sound(Struct, frozen=True):
    """What a WAV file's header says; `problem` is what is wrong with it."""

    channels: int = 0
    rate: int = 0
    samples: int = 0
    problem: str = ""


@lru_cache(maxsize=8 * LOOKED_INTO)
def read_sound(file: Path, _changed: int, size: int) -> Sound:
    """The header of a WAV file."""
    if not size:
        return Sound(problem="is empty")
    try:
        with wave.open(str(file)) as opened:
            width = opened.getsampwidth()
            found = Sound(opened.getnchannels(), opened.getframerate(), opened.getnframes())
    except (wave.Error, EOFError, ValueError) as error:
        return Sound(problem=f"is no WAV file of plain samples ({error or 'it ends too early'})")
    if width != 2:
        return Sound(problem=f"has samples of {8 * width} bits, where 16 can be read")
    if size < _WAV_HEADER + found.samples * width * found.channels:
        return Sound(problem="is cut off")
    return found


def sound_problem(file: Path, changed: int, size: int) -> str:
    """What is wrong with a WAV file; "" for nothing."""
    return read_sound(file, changed, size).problem
