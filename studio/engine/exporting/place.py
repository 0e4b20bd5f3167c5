"""Where exports are written: checked beforehand, and put in place whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from studio.engine import unfinished
from studio.graph.exporting import Format
from studio.graph.file import shown
from studio.graph.problems import StudioError

FOLDERS = {"savedmodel": "saved_model.pb", "checkpoint": "weights.index"}
"""The formats that are folders, each with the file that tells that one is of it."""


def check_place(target: Path, format: Format) -> None:
    """Raises StudioError where an export can't be written, or would replace what is none."""
    parent = target.parent
    if not parent.is_dir():
        raise StudioError(f"{shown(parent)} is no folder. Make it first, or name another.")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise StudioError(f"{shown(parent)} can't be written to. Name another folder.")
    if not target.exists() and not target.is_symlink():
        return
    mark = FOLDERS.get(format.name)
    if mark is None and not target.is_file():
        raise StudioError(f"{shown(target)} is there and is no file. Name another.")
    if mark is not None and not ((target / mark).is_file() or _empty(target)):
        raise StudioError(
            f"{shown(target)} is there already and holds something else. Name another folder."
        )


def _empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def beside(folder: Path) -> tempfile.TemporaryDirectory:
    """A folder for what isn't finished, in the one where it will be; StudioError where it can't."""
    try:
        return unfinished.beside(folder)
    except OSError as error:
        raise StudioError(
            f"{shown(folder)} can't be written to: {error.strerror}. Name another folder."
        ) from None


def put(made: Path, target: Path) -> None:
    """Puts a finished export in its place; what was there before goes only then."""
    try:
        if target.is_dir() and not target.is_symlink():
            aside = made.with_name(f"{made.name}.old")
            target.rename(aside)
            try:
                made.rename(target)
            except OSError:
                aside.rename(target)
                raise
            shutil.rmtree(aside, ignore_errors=True)
        else:
            made.replace(target)
    except OSError as error:
        raise StudioError(f"{shown(target)} can't be written: {error.strerror}.") from None


def size_of(path: Path) -> int:
    """The bytes of a file, or of all in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
