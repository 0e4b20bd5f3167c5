"""project.json: read, migrated, checked for its shape, and written without ever losing a byte."""

from __future__ import annotations

import contextlib
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from msgspec.structs import fields

from studio.graph import text
from studio.graph.document import FORMAT, Edge, Graph, Project
from studio.graph.migrate import migrate
from studio.graph.problems import ERROR, Problem, ProjectError, StudioError, quoted
from studio.graph.read import read_project

LARGEST_FILE = 256 * 1024 * 1024
"""Bytes past which a file is taken for something else than a project."""


def loads(source: str | bytes, name: str = "the project") -> tuple[Project, list[Problem]]:
    """The project that a file's content says, as far as it can be read, and what is wrong there.

    Raises ProjectError where nothing can be read: no UTF-8, no JSON, no
    project, or a format that is newer than this Studio.
    """
    if isinstance(source, bytes):
        try:
            source = source.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            message = f"{name} is not UTF-8 text (byte {error.start})."
            hint = "A project is a JSON file; was another file meant?"
            raise ProjectError([Problem(ERROR, "not-json", "", "", message, hint)]) from None
    return read_project(migrate(text.parse(source, name), name))


def read(path: Path | str) -> tuple[Project, list[Problem]]:
    """Like `loads`, from a file, or from the project.json of a folder."""
    path = Path(path)
    try:
        if path.is_dir():
            path /= "project.json"
        if path.stat().st_size > LARGEST_FILE:
            raise StudioError(f"{path} is larger than any project ({LARGEST_FILE:,} bytes).")
        return loads(path.read_bytes(), path.name)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise StudioError(
            f"{shown(path)} can't be read: {reason}. Name a project.json, or its folder."
        ) from None


def load(path: Path | str) -> Project:
    """The project in a file; raises ProjectError with every mistake in the file's shape."""
    project, problems = read(path)
    if problems:
        raise ProjectError(problems)
    return project


def plain(value: Any) -> Any:
    """The JSON value of a document, or of a part of it: fields in order, defaults left out."""
    if isinstance(value, Edge):
        return [value.source, value.target]
    if isinstance(value, Graph):
        found = _struct(value)
        if "nodes" in found:
            found["nodes"] = list(found["nodes"].values())
        return found
    if hasattr(value, "__struct_fields__"):
        return _struct(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def _struct(value: Any) -> dict[str, Any]:
    found = {}
    for name, default in _defaults(type(value)):
        item = getattr(value, name)
        if item != default or name == "studio":
            found[name] = plain(item)
    return found


@cache
def _defaults(kind: type) -> tuple[tuple[str, Any], ...]:
    """Name and default of each field, looked up once: msgspec takes its time for that."""
    return tuple(
        (each.name, each.default_factory() if callable(each.default_factory) else each.default)
        for each in fields(kind)
    )


def dumps(project: Project) -> str:
    """The text of a project's file."""
    return text.dump(plain(project))


def save(project: Project, path: Path | str) -> None:
    """Writes a project's file; a file that already says the same is left as it is.

    The new file is written beside the old one, synced, and put in its place in
    one step: whatever happens meanwhile, one whole file is there. Raises
    StudioError, with the old file untouched, where that can't be done.
    """
    path = Path(path)
    content = dumps(project)
    if _says(path, content):
        return
    try:
        write_atomically(path, content.encode())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise StudioError(
            f"{shown(path)} can't be saved: {reason}. The file is as it was; "
            "make room or rights there, or save elsewhere."
        ) from None


def _says(path: Path, content: str) -> bool:
    """Whether a file already holds this project, in whatever layout."""
    try:
        raw = path.read_bytes()
        found, problems = loads(raw)
    except (OSError, ValueError, StudioError):
        return False
    # A file of an older format holds the same project, but must be written anew.
    return (
        not problems
        and dumps(found) == content
        and text.parse(raw.decode("utf-8-sig"))["studio"] == FORMAT
    )


def shown(path: Path) -> str:
    """A path for a sentence; whatever its name holds, it is printable."""
    return quoted(str(path), 400)[1:-1]


def write_atomically(path: Path, content: bytes) -> None:
    """Puts a file in place whole: beside it first, synced, then renamed over it.

    What is no file (a pipe, /dev/null) is written into, and stays what it is.
    """
    target = path.resolve()  # a link stays a link
    if target.exists() and not target.is_file() and not target.is_dir():
        target.write_bytes(content)
        return
    descriptor, beside = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        mode = target.stat().st_mode & 0o7777 if target.exists() else 0o666 & ~_umask()
        Path(beside).chmod(mode)
        Path(beside).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(beside).unlink()
        raise
    _sync_folder(target.parent)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _sync_folder(folder: Path) -> None:
    """Makes the rename itself last through a power cut, where the system can."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
