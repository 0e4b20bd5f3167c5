"""What a crash left behind: the journals of sessions that are no more, done again."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from msgspec import Struct

from studio.graph import (
    part_edits,  # noqa: F401  (decode knows its edits once it is read)
    text,
)
from studio.graph.document import Project
from studio.graph.edit_text import decode
from studio.graph.file import dumps, loads
from studio.graph.journal import (
    alive,
    aside,
    fingerprint,
    journals,
    read_header,
    state_folder,
)
from studio.graph.problems import StudioError


class Recovered(Struct, frozen=True):
    """A project as it was when its session ended without an end."""

    file: Path
    path: Path | None
    """The project's file; None where it was never saved."""
    when: float
    """Seconds since 1970 of the last change."""
    edits: int
    project: Project
    changed_on_disk: bool
    """Whether the file says something else now than when the session began."""
    kept: Path
    """Where the journal goes once the project is opened again."""

    def discard(self) -> None:
        """Removes the journal: it was taken up, or isn't wanted.

        Where the project has been opened again meanwhile, its new journal stays.
        """
        for file in (self.file, self.kept):
            header = read_header(file)
            if header is not None and aside(self.kept.parent, header) == self.kept:
                with contextlib.suppress(OSError):
                    file.unlink()


def recover(path: Path | str | None = None, state: Path | None = None) -> list[Recovered]:
    """What can be recovered of a project, or without one of all in the state folder; newest first.

    Journals of processes that still run are left alone. One that holds nothing
    which its file doesn't is removed.
    """
    state = state or state_folder()
    found = []
    for file in journals(None if path is None else Path(path), state):
        header = read_header(file)
        if header is not None and alive(header, file):
            continue
        try:
            one = _read(file, header or {}, state)
        except (OSError, StudioError):
            continue  # no journal, or one of which not even the beginning is whole
        if one is None:
            with contextlib.suppress(OSError):
                file.unlink()
        else:
            found.append(one)
    return sorted(found, key=lambda each: -each.when)


def _read(file: Path, header: dict[str, Any], state: Path) -> Recovered | None:
    project, edits = replay(file.read_bytes())
    path = Path(header["path"]) if header.get("path") else None
    if (not edits and not header.get("changed")) or _is_saved(project, path):
        return None
    return Recovered(
        file=file,
        path=path,
        when=file.stat().st_mtime,
        edits=edits,
        project=project,
        changed_on_disk=path is not None and fingerprint(path) != header.get("hash"),
        kept=aside(state, header),
    )


def replay(content: bytes) -> tuple[Project, int]:
    """The project at the end of a journal, and how many edits led there.

    It goes as far as it can: up to a line that is cut, or can't be done again.
    Raises StudioError where not even the project it began with can be read.
    """
    lines = content.split(b"\n")[1:-1]  # behind the last line end there is nothing, or half a line
    states: list[Project] = []
    edits = 0
    for line in lines:
        try:
            states.append(_state(text.parse(line.decode(), "the journal"), states))
        except (StudioError, ValueError, LookupError, TypeError):
            break
        # A project written whole stands for at least one edit; the first is the beginning.
        edits += len(states) > 1 and not line.startswith(b'{"at":')
    if not states:
        raise StudioError("The journal doesn't hold the project that it began with.")
    return states[-1], edits


def _state(value: Any, states: list[Project]) -> Project:
    """The project behind one line."""
    if "do" in value:
        return decode(text.flat(value["do"])).apply(states[-1])
    if "at" in value:
        return states[value["at"]]
    project, _ = loads(value["project"], "the journal")
    return project


def _is_saved(project: Project, path: Path | None) -> bool:
    """Whether the project's file holds all of this already."""
    try:
        return path is not None and dumps(loads(path.read_bytes())[0]) == dumps(project)
    except (OSError, StudioError):
        return False
