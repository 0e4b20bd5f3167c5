"""Which files a path of a project means: one, those that match a pattern, those below a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePath

from msgspec import Struct

from studio.graph.problems import nearest, one_of, quoted
from studio.graph.spec import Refused
from studio.graph.tables import existing, resolve_path

MAGIC = frozenset("*?[")

MOST_FILES = 2_000_000


def parted(path: str) -> tuple[str, str]:
    """A pattern's folder and what is matched below it: data, */*.csv of data/*/*.csv."""
    parts = PurePath(path.replace("\\", "/")).parts
    first = next(i for i, part in enumerate(parts) if MAGIC & set(part))
    return PurePath(*parts[:first]).as_posix(), "/".join(parts[first:])


def is_pattern(path: str, folder: Path) -> bool:
    """Whether a path stands for the files that match it: it has a * ? [ and is no file itself."""
    if path.startswith("assets:") or not MAGIC & set(path):
        return False
    try:
        return not resolve_path(path, folder).exists()
    except (OSError, ValueError):
        return False  # what is wrong with it is told where it is opened


def matching(path: str, folder: Path) -> dict[str, Path]:
    """The files that a path stands for, by the path that each has in the project; none missing.

    Raises Refused where a file can't be read, or nothing matches.
    """
    if not is_pattern(path, folder):
        return {path: existing(path, folder)}
    base, pattern = parted(path)
    start = resolve_path(base, folder)
    try:
        files = sorted(each for each in start.glob(pattern) if each.is_file())
    except (OSError, ValueError, NotImplementedError) as error:
        raise Refused(f"reads {quoted(path)}, which is no pattern of files: {error}") from None
    if not files:
        raise Refused(
            f"reads {quoted(path)}, but no file in {quoted(str(start.resolve()), 200)} matches",
            "Mend the pattern, or put the files there." if start.is_dir() else _near(start),
        )
    return {(PurePath(base) / each.relative_to(start)).as_posix(): each for each in files}


def all_matching(paths: str | list[str], folder: Path) -> dict[str, Path]:
    """The files of a path, a pattern, or a list of these, in their order."""
    found: dict[str, Path] = {}
    for path in [paths] if isinstance(paths, str) else paths:
        found |= matching(path, folder)
    return found


class Folder(Struct, frozen=True):
    """The files of certain kinds below a folder; paths are relative to it, with slashes."""

    files: tuple[str, ...]
    classes: tuple[str, ...]
    """The folders directly in it, sorted."""


_folders: dict[tuple[Path, tuple[str, ...]], tuple[dict[str, int], Folder]] = {}
"""What was found, with the times of all folders that were looked into."""


def read_folder(path: str, folder: Path, endings: tuple[str, ...]) -> Folder:
    """The files below a folder whose names end so; Refused where there is no such folder."""
    try:
        place = resolve_path(path, folder)
        if place.is_dir() and place.resolve() == folder.resolve():
            raise Refused(
                f"reads {quoted(path)}, which is the project's own folder",
                "Put the files into a folder in it.",
            )
        if not place.is_dir():
            what = "is a file, not a folder" if place.exists() else "doesn't exist"
            raise Refused(f"reads the folder {quoted(path)}, which {what}", _near(place))
        known = _folders.get((place, endings))
        if known is not None and all(_time(each) == time for each, time in known[0].items()):
            return known[1]
        times, found = _walk(place, endings)
    except (OSError, ValueError) as error:
        raise Refused(f"reads {quoted(path)}, which can't be opened: {error}") from None
    if len(_folders) > 16:
        _folders.clear()
    _folders[place, endings] = (times, found)
    return found


def _time(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns  # noqa: PTH116  (there may be many)
    except OSError:
        return -1


def _walk(place: Path, endings: tuple[str, ...]) -> tuple[dict[str, int], Folder]:
    times = {str(place): _time(str(place))}
    files: list[str] = []
    with os.scandir(place) as entries:
        there = sorted(entries, key=lambda each: each.name)
    files += [each.name for each in there if _wanted(each.name, endings) and each.is_file()]
    folders = [each.name for each in there if each.is_dir()]
    for name in folders:
        for where, _, names in os.walk(place / name):
            times[where] = _time(where)
            before = PurePath(where).relative_to(place).as_posix()
            files += [f"{before}/{each}" for each in names if _wanted(each, endings)]
            if len(files) > MOST_FILES:
                raise Refused(f"reads a folder with more than {MOST_FILES:,} files")
    classes = tuple(name for name in folders if not name.startswith("."))
    return times, Folder(tuple(sorted(files)), classes)


def _wanted(name: str, endings: tuple[str, ...]) -> bool:
    # A Mac leaves ._photo.jpg beside photo.jpg on other systems' disks.
    return name.lower().endswith(endings) and not name.startswith(".")


def _near(place: Path) -> str:
    try:
        there = [each.name for each in place.parent.iterdir()]
    except OSError:
        return f"There is no folder {quoted(str(place.parent), 200)} either."
    return nearest(place.name, there) or "Put it there, or give another path."


def chosen_classes(
    path: str, found: Folder, names: list[str] | None, endings: Iterable[str]
) -> dict[str, list[str]]:
    """Class -> its files, in the order of their numbers; Refused where a class has none."""
    wanted = found.classes if names is None else tuple(names)
    kinds = one_of(endings)
    if not wanted:
        loose = f", but {len(found.files)} files" if found.files else ""
        raise Refused(
            f"takes the folders in {quoted(path)} for classes, and there are none{loose}",
            "Put the files of each class into a folder of its own, or set labels to null.",
        )
    for name in wanted:
        if name not in found.classes:
            raise Refused(
                f"names the class {quoted(name)}, of which there is no folder in {quoted(path)}",
                nearest(name, found.classes) or f"There are {', '.join(found.classes[:12])}.",
            )
    if len(set(wanted)) < len(wanted):
        raise Refused("names a class twice")
    by_class: dict[str, list[str]] = {name: [] for name in wanted}
    for file in found.files:
        first, slash, _ = file.partition("/")
        if slash and first in by_class:
            by_class[first].append(file)
    empty = next((name for name, files in by_class.items() if not files), None)
    if empty is not None:
        raise Refused(
            f"finds no {kinds} file in {quoted(f'{path}/{empty}')}",
            "Put files there, or name the classes that have some in class_names.",
        )
    return by_class
