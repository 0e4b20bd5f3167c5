"""The runs of a folder, as a list shows them: read from the ends of their events, not from all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from studio.engine import about, events
from studio.engine.about import NOTHING, About, read_about
from studio.engine.events import FINAL, decode
from studio.engine.process import Found
from studio.engine.progress import Progress

HEAD, TAIL = 4096, 6144
"""Bytes that are read at first: the beginning tells the plan, the end how far it came."""

MOST = 1 << 20
"""Bytes of the end that are looked through for the last epoch, at most."""

METRICS = 4
"""Columns of metrics in a list of runs, at most."""

STEP, RESUMED = b'{"event":"step"', b'{"event":"resumed"'

TOLD = FINAL - {"lost"}
"""The ends that a run has told itself, or that were told of it."""


class Known(Struct, frozen=True):
    """What a list says of a run."""

    folder: Path
    began: float
    progress: Progress
    about: About = NOTHING

    @property
    def name(self) -> str:
        """The project's name, as the folder has it."""
        return self.folder.name.split("-", 2)[-1]

    @property
    def seconds(self) -> float:
        """How long it has run, or ran."""
        return max(0.0, self.progress.time - self.progress.since)


Mark = tuple[int, int, int]
"""Time and size of a run's events, and the time of what is noted of it: 0 where nothing is."""


def _mark(folder: Path) -> Mark | None:
    """None where the folder is no run's."""
    try:
        told = (folder / events.NAME).stat()
    except OSError:
        return None
    try:
        noted = (folder / about.NAME).stat().st_mtime_ns
    except OSError:
        noted = 0
    return told.st_mtime_ns, told.st_size, noted


class Runs:
    """The runs in a folder. What it has read of a run is good until the run says more.

    With `indexed`, what an earlier look has read is taken from an index, and kept there.
    """

    def __init__(self, folder: Path, indexed: bool = False):
        self.folder = folder
        self._known: dict[str, tuple[Mark, Known]] = {}
        self._indexed: dict[str, Mark] | None = {} if indexed else None
        self._opened = not indexed

    def read(self) -> list[Known]:
        """All of them, the newest first."""
        for _ in self.scan():
            pass
        return self.known

    @property
    def known(self) -> list[Known]:
        """What the last whole look has found, the newest first."""
        return sorted((each for _, each in self._known.values()), key=lambda each: -each.began)

    def scan(self) -> Iterator[Known]:
        """Looks at one run after the other, those begun last first: a list can grow by parts.

        What is known is what was before until the last one is looked at.
        """
        if not self._opened:
            self._open()
        try:
            folders = sorted(self.folder.iterdir(), reverse=True)  # an id begins with its time
        except OSError:
            folders = []
        found = {}
        for folder in folders:
            name = folder.name
            mark = _mark(folder)
            if mark is None:
                continue  # no run
            known = self._known.get(name)
            if known is None or known[0] != mark or known[1].progress.state not in TOLD:
                noted = read_about(folder) if mark[2] else NOTHING
                known = (mark, replace(read_run(folder), about=noted))
            found[name] = known
            yield known[1]
        self._known = found
        self._keep()

    def _open(self) -> None:
        """Takes what an earlier look has kept."""
        from studio.engine import run_index

        self._opened = True
        for name, kept in run_index.read(self.folder).items():
            known = Known(self.folder / name, kept.began, kept.progress, kept.about)
            self._known[name] = (kept.mark, known)
            self._indexed[name] = kept.mark

    def _keep(self) -> None:
        """Keeps what was read of the runs that have ended."""
        if self._indexed is None:
            return
        from studio.engine import run_index

        ended = {n: each for n, each in self._known.items() if each[1].progress.state in TOLD}
        changed = {n: each for n, each in ended.items() if self._indexed.get(n) != each[0]}
        gone = self._indexed.keys() - ended.keys()
        kept = (
            (name, run_index.Kept(mark, known.began, known.progress, known.about))
            for name, (mark, known) in changed.items()
        )
        if run_index.write(self.folder, kept, gone):
            self._indexed = {name: mark for name, (mark, _) in ended.items()}

    def forget(self, folder: Path) -> None:
        """Knows a run no more, until the next look."""
        self._known.pop(folder.name, None)

    def noted(self, folder: Path, said: About) -> None:
        """Takes what was just noted of a run."""
        mark, known = self._known[folder.name]
        self._known[folder.name] = ((*mark[:2], _mark(folder)[2]), replace(known, about=said))


def read_run(folder: Path) -> Known:
    """What is known of one run; "lost" is one whose process is gone and didn't say how it ended."""
    progress = Progress()
    try:
        with (folder / events.NAME).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            head = file.read(HEAD + TAIL if size <= HEAD + TAIL else HEAD)
            told = decode(_needed(head))
            if size > len(head):
                told += _end(file, len(head), size)
    except OSError:
        return Known(folder, 0.0, progress)
    for event in told:
        progress.take(event)
    if not progress.ended and Found(folder).poll() is not None:
        from studio.engine.death import death

        progress.state = "lost"
        progress.message = death(folder, None, progress).message
    return Known(folder, told[0].get("time", 0.0) if told else 0.0, progress)


def _end(file, start: int, size: int) -> list[events.Event]:
    """The last events: of the steps only the very last, which come in thousands."""
    length = TAIL
    while True:
        begin = max(start, size - length)
        file.seek(begin)
        part = file.read(size - begin)
        if begin > start:
            part = part[part.find(b"\n") + 1 :]  # behind a line of which only the end is there
        if begin == start or length >= MOST or b'{"event":"epoch"' in part:
            return decode(_needed(part))
        length *= 4


def _needed(part: bytes) -> bytes:
    """The lines that say how far a run has come: most say only how far it had, and aren't read."""
    lines = part.split(b"\n")
    rest = lines.pop()  # which isn't whole, or empty
    if RESUMED in part:  # what was told before it counts no more, and is told again
        last = _last_step(lines)
        kept = [line for at, line in enumerate(lines) if line[10:14] != b"step" or at == last]
        return b"\n".join([*kept, rest])
    last, kept = {}, []
    for at, line in enumerate(lines):
        kind = line[10:14]  # behind {"event":"
        if kind in OFTEN:
            last[kind] = at
        else:
            kept.append(at)
    return b"\n".join([*(lines[at] for at in sorted((*kept, *last.values()))), rest])


def _last_step(lines: list[bytes]) -> int:
    steps = (at for at in range(len(lines) - 1, -1, -1) if lines[at].startswith(STEP))
    return next(steps, -1)


OFTEN = frozenset((b"step", b"epoc", b"reso"))
"""How the kinds of events begin of which only the last one counts: step, epoch, resources."""


def columns_of(rows: list[Known]) -> list[str]:
    """The metrics that most of the runs have: the tested before the validated, the loss last."""
    counted: dict[str, int] = {}
    for known in rows:
        for name in known.progress.results.keys() - {"learning_rate"}:
            counted[name] = counted.get(name, 0) + 1

    def rank(name: str) -> tuple[int, bool, str]:
        kind = 0 if name.startswith("test_") else 1 if name.startswith("val_") else 2
        return kind, name.endswith("loss"), name

    most = sorted(counted, key=lambda name: (-counted[name], rank(name)))[:METRICS]
    return sorted(most, key=rank)
