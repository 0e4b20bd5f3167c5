"""The starter projects that Studio brings."""

from __future__ import annotations

import shutil
from pathlib import Path

from studio.graph.file import load
from studio.graph.problems import StudioError, nearest, quoted
from studio.resources import TEMPLATES


def available() -> dict[str, str]:
    """Each template's name, and its own one-line note."""
    folders = sorted(path.parent for path in TEMPLATES.glob("*/project.json"))
    return {folder.name: load(folder).note for folder in folders}


def copy(name: str, folder: Path) -> Path:
    """Makes a project of a template in a folder that is new or empty; returns its project.json."""
    if name not in available():
        hint = nearest(name, available()) or f"There are {', '.join(available())}."
        raise StudioError(f"There is no template {quoted(name)}. {hint}")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise StudioError(f"{folder} is not empty. Name a folder that is new.")
        shutil.copytree(
            TEMPLATES / name, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("runs")
        )
    except OSError as error:
        raise StudioError(f"{folder} can't be made: {error.strerror or error}.") from None
    return folder / "project.json"
