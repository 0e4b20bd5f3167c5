"""Never lose work: every edit goes to a file at once, from which it is done again after a crash.

A journal is a text of JSON lines: a header that says whose it is, the project
it begins with, then a line for each edit and each step through the history. It
lies beside the project as `.project.json.journal`, in the state folder for a
project without a file or in a folder that can't be written to, and is gone
after a clean end. studio/graph/recovery.py reads it.

Each line is handed to the system as it is made, so that a process which is
killed loses nothing; a line takes some 0.1 ms. Only a power cut could lose it:
what is not yet on the disk then is bounded by `sync`, which waits for the disk
(a millisecond, or fifty) and so is for the app to call when the hands rest, not
for every edit.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from studio.graph.document import Project
from studio.graph.edit_text import encode
from studio.graph.edits import Edit
from studio.graph.file import plain, shown
from studio.graph.text import flat

VERSION = 1
MOST_STATES = 2000
"""Projects to which a step through the history is written as a number; beyond, it is whole."""
STALE = 24 * 3600.0
"""Seconds without a line after which a journal of another machine is taken for left behind."""


def state_folder() -> Path:
    """Where the journals of projects without a file lie, for this user."""
    from platformdirs import user_state_path  # not every command needs it

    return user_state_path("studio", appauthor=False) / "journals"


def fingerprint(path: Path | str) -> str | None:
    """What a file's bytes come to; None where there is none. Another one: it was changed."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return None


class Journal:
    """The journal of one open project; `problem` says why it can't be written, if so."""

    def __init__(self, project: Project, path: Path | None, state: Path, changed: bool = False):
        self.state = state
        self.path: Path | None = None
        self.file: Path | None = None
        self.problem = ""
        self._descriptor: int | None = None
        self._start(project, path, changed)

    def record(self, edit: Edit, after: Project) -> None:
        """Notes an edit that was made; `after` is the project after it."""
        self._note("" if self.problem else f'{{"do": {encode(edit)}}}', after)

    def moved(self, project: Project) -> None:
        """Notes a step through the history: undo, redo, jump."""
        place = self._places.get(id(project))
        self._note("" if place is None or self.problem else f'{{"at": {place}}}', project)

    def saved(self, project: Project, path: Path | str) -> None:
        """Begins anew behind an atomic save, also under another name."""
        self.close()
        self._start(project, Path(path), changed=False)

    def sync(self) -> None:
        """Waits until the disk has all of it, against a power cut."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                getattr(os, "fdatasync", os.fsync)(self._descriptor)

    def close(self) -> None:
        """A clean end: nothing is to be recovered, so the file goes."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        if self.file is not None:
            with contextlib.suppress(OSError):
                self.file.unlink()
            self.file = None

    def _start(self, project: Project, path: Path | None, changed: bool) -> None:
        self.path = None if path is None else path.resolve()
        self.problem = ""
        self._places: dict[int, int] = {}
        self._held: list[Project] = []  # so that their ids stay their own
        self._lines = 0
        raw = b""
        with contextlib.suppress(OSError):
            raw = self.path.read_bytes() if self.path is not None else b""
        base = raw.decode("utf-8", "replace") if raw and not changed else flat(plain(project))
        header = {
            "journal": VERSION,
            "path": None if self.path is None else str(self.path),
            "hash": hashlib.sha256(raw).hexdigest() if raw else None,
            "pid": os.getpid(),
            "started": started(os.getpid()),
            "host": socket.gethostname(),
            "time": time.time(),
            # What was recovered and isn't saved yet must not be lost a second time.
            "changed": changed,
        }
        try:
            self.file, self._descriptor = _open(self.path, self.state)
        except OSError as error:
            self.problem = _cannot(self.state, error)
            return
        if self._write(f"{json.dumps(header)}\n{json.dumps({'project': base})}\n"):
            self._keep(project)

    def _note(self, line: str, project: Project) -> None:
        """Writes a line, or the whole project where a line couldn't be written before."""
        if self._descriptor is None:
            return
        line = line or json.dumps({"project": flat(plain(project))})
        if self._write(f"{line}\n"):
            self._keep(project)

    def _write(self, lines: str) -> bool:
        """Hands lines to the system, all of them or none."""
        content = lines.encode()
        end = os.lseek(self._descriptor, 0, os.SEEK_END)
        try:
            while content:
                content = content[os.write(self._descriptor, content) :]
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, end)
            self.problem = _cannot(self.file, error)
            return False
        self.problem = ""
        return True

    def _keep(self, project: Project) -> None:
        if self._lines < MOST_STATES:
            self._places[id(project)] = self._lines
            self._held.append(project)
        self._lines += 1


def begin(
    project: Project,
    path: Path | str | None = None,
    state: Path | None = None,
    changed: bool = False,
) -> Journal:
    """Opens the journal of a project; `changed` where its file, if any, holds another one.

    What another session left behind is moved into the state folder, never
    overwritten. A second window on one project writes a journal of its own there.
    """
    found = None if path is None else Path(path)
    return Journal(project, found, state or state_folder(), changed)


def owner(path: Path | str, state: Path | None = None) -> int | None:
    """The process that has a project open, this one too; None where there is none.

    Of a process on another machine the number says little; it counts as long as
    it wrote in the last day.
    """
    for file in journals(Path(path), state or state_folder()):
        header = read_header(file)
        if header is not None and alive(header, file):
            return header["pid"]
    return None


def journals(path: Path | None, state: Path) -> list[Path]:
    """The journals of a project, or all in the state folder, whether alive or left behind."""
    try:
        there = sorted(state.glob("*.journal"))
    except OSError:
        there = []
    if path is None:
        return there
    path = path.resolve()
    beside = _beside(path)
    own = [file for file in there if (read_header(file) or {}).get("path") == str(path)]
    return [beside, *own] if beside.is_file() else own


def read_header(file: Path) -> dict[str, Any] | None:
    """Whose a journal is; None where it can't be read, or is none."""
    try:
        with file.open("rb") as opened:
            header = json.loads(opened.readline(100_000))
        known = isinstance(header, dict) and header.get("journal") == VERSION
        return header if known and isinstance(header.get("pid"), int) else None
    except (OSError, ValueError):
        return None


def alive(header: dict[str, Any], file: Path) -> bool:
    """Whether the process that wrote a journal still runs."""
    if header.get("host") != socket.gethostname():
        with contextlib.suppress(OSError):
            return time.time() - file.stat().st_mtime < STALE
        return False
    now = started(header["pid"])
    # A number is given to another process in time, which began at another moment.
    return now is not None and abs(now - (header.get("started") or 0)) < 1


def started(pid: int) -> float | None:
    """When a process began; None where there is none."""
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except (psutil.Error, OverflowError, ValueError):
        return None


def aside(state: Path, header: dict[str, Any]) -> Path:
    """Where a journal that was left behind is kept once its project is opened again."""
    what = f"{header.get('path')} {header.get('pid')} {header.get('time')}"
    return state / f"left-{hashlib.sha256(what.encode()).hexdigest()[:16]}.journal"


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.journal")


def _open(path: Path | None, state: Path) -> tuple[Path, int]:
    """A new journal file, beside the project or in the state folder."""
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_CLOEXEC", 0)
    flags |= getattr(os, "O_BINARY", 0)
    if path is not None:
        file = _beside(path)
        with contextlib.suppress(OSError):
            header = read_header(file)
            if file.exists() and (header is None or not alive(header, file)):
                state.mkdir(parents=True, exist_ok=True)
                _move(file, aside(state, header or {"time": time.time()}))
            return file, os.open(file, flags, 0o600)
    state.mkdir(parents=True, exist_ok=True)
    file = state / f"open-{uuid4().hex[:16]}.journal"
    return file, os.open(file, flags, 0o600)


def _move(file: Path, to: Path) -> None:
    """Moves a file, also onto another disk."""
    try:
        file.replace(to)
    except OSError:
        to.write_bytes(file.read_bytes())
        file.unlink()


def _cannot(place: Path | None, error: OSError) -> str:
    return (
        f"Changes can't be kept against a crash, in {shown(place or Path())}: {error.strerror}. "
        "Make room or rights there, and save often meanwhile."
    )
