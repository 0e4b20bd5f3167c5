"""The trash of the desktop, by the rules of freedesktop.org (Trash specification 1.0).

What is thrown away on the disk of the home folder goes into $XDG_DATA_HOME/Trash; what lies on
another disk into .Trash/UID or .Trash-UID at that disk's top, so that nothing is ever copied.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from studio.graph.file import shown
from studio.graph.problems import StudioError


def throw_away(path: Path) -> Path:
    """Moves a file or folder into the trash, from where the desktop can restore it.

    Returns where it lies now. Raises StudioError, with everything left where it was, where it
    can't be moved, and on systems that have another trash.
    """
    if not sys.platform.startswith(("linux", "freebsd")):
        raise StudioError(
            "This command knows the trash of Linux alone. The app moves a run to the trash of "
            f"this system, too; or remove the folder {shown(path)} yourself."
        )
    path = path.resolve().parent / path.name  # of a link, itself
    try:
        trash, written = _trash(path)
        place, info = _reserve(trash, path.name, written)
        try:
            path.rename(place)
        except OSError:
            info.unlink()
            raise
    except OSError as error:
        raise StudioError(
            f"{shown(path)} can't be moved to the trash: {error.strerror}. It is where it was."
        ) from None
    return place


def _trash(path: Path) -> tuple[Path, str]:
    """The trash of a file's disk, made where it isn't there, and how the path is written in it."""
    home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "Trash"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if home.stat().st_dev == path.lstat().st_dev:
        return home, str(path)
    top = _top(path)
    return _at_top(top), str(path.relative_to(top))


def _top(path: Path) -> Path:
    """Where the disk that holds a file begins."""
    device, top = path.lstat().st_dev, path.parent
    while top != top.parent and top.parent.stat().st_dev == device:
        top = top.parent
    return top


def _at_top(top: Path) -> Path:
    """The user's own trash on another disk: in the one for all where that is safe, else beside."""
    shared = top / ".Trash"
    with suppress(OSError):
        mode = shared.lstat().st_mode
        if stat.S_ISDIR(mode) and mode & stat.S_ISVTX:
            own = shared / str(os.getuid())
            own.mkdir(mode=0o700, exist_ok=True)
            return own
    own = top / f".Trash-{os.getuid()}"
    own.mkdir(mode=0o700, exist_ok=True)
    return own


def _reserve(trash: Path, name: str, written: str) -> tuple[Path, Path]:
    """A name that is free in the trash, taken by writing its .trashinfo; both paths."""
    for part in ("files", "info"):
        (trash / part).mkdir(mode=0o700, exist_ok=True)
    stamp = datetime.now().strftime("%Y-%m-%dT%H:%M:%S")  # local, as the rules want
    encoded = quote(os.fsencode(written))
    content = f"[Trash Info]\nPath={encoded}\nDeletionDate={stamp}\n"
    number = 1
    while True:
        free = name if number == 1 else f"{name}.{number}"
        number += 1
        info = trash / "info" / f"{free}.trashinfo"
        try:
            with info.open("x", encoding="ascii") as file:
                file.write(content)
        except FileExistsError:
            continue
        if not os.path.lexists(trash / "files" / free):
            return trash / "files" / free, info
        info.unlink()
