"""The starter projects that Studio brings."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

from studio.graph.file import load
from studio.graph.problems import StudioError, nearest, quoted
from studio.graph.sample_images import write_digits
from studio.resources import TEMPLATES

WRITTEN: dict[str, dict[str, Callable[[Path], None]]] = {
    "images_from_folder": {"digits": write_digits},
}
"""Template -> the folders that its copy gets and that it doesn't hold itself, and what fills them.

Thousands of small files are made of the sample data sooner than they are kept.
"""


def available() -> dict[str, str]:
    """Each template's name, and its own one-line note."""
    folders = sorted(path.parent for path in TEMPLATES.glob("*/project.json"))
    return {folder.name: load(folder).note for folder in folders}


def copy(name: str, folder: Path) -> Path:
    """Makes a project of a template in a folder that is new or empty; returns its project.json.

    Where that fails half-way, nothing of it stays.
    """
    if name not in available():
        hint = nearest(name, available()) or f"There are {', '.join(available())}."
        raise StudioError(f"There is no template {quoted(name)}. {hint}")
    left = ""
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise StudioError(f"{folder} is not empty. Name a folder that is new.")
        new = [each for each in (folder, *folder.parents) if not each.exists()]
        try:
            _fill(name, folder)
        except BaseException:
            left = _take_back(folder, new)
            raise
    # What is written is made of a packed file, which may be damaged.
    except (OSError, EOFError, zlib.error) as error:
        raise StudioError(f"{folder} can't be made: {_reason(error)}.{left}") from None
    return folder / "project.json"


def _fill(name: str, folder: Path) -> None:
    without = shutil.ignore_patterns("runs")
    shutil.copytree(TEMPLATES / name, folder, dirs_exist_ok=True, ignore=without)
    for place, write in WRITTEN.get(name, {}).items():
        write(folder / place)


def _take_back(folder: Path, new: list[Path]) -> str:
    """Removes a copy that wasn't finished; a sentence where something of it stays.

    `new` are the folders that weren't there before, the inner ones first.
    """
    try:
        for each in folder.iterdir() if folder.is_dir() else ():
            if each.is_dir():
                shutil.rmtree(each)
            else:
                each.unlink()
        for each in new:
            if each.is_dir():
                each.rmdir()
    except OSError as error:
        return f" What was made of it can't be removed ({_reason(error)}): do so by hand."
    return ""


def _reason(error: Exception) -> str:
    """Why a file couldn't be read or written, without a full stop."""
    if isinstance(error, shutil.Error):  # a list of what went wrong; one of them is enough
        _, _, reason = error.args[0][0]
        return str(reason)
    return str(getattr(error, "strerror", None) or error)
