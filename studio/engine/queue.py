"""The queue of a folder of runs: those that wait are started in their order, each when few
enough others go on.

There is no process that watches over it. A run that waits has a queue.json in its folder; any
run that ends, and any command that looks at the runs, starts the next. Whoever does holds the
lock beside the runs meanwhile, so that no run is started twice.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from studio.engine import events
from studio.engine.events import EventWriter
from studio.engine.lock import LOCK, locked
from studio.engine.process import WAITING, Found, noted
from studio.graph.file import write_atomically
from studio.graph.problems import StudioError
from studio.graph.text import dump

TAKEN_OUT = "It was taken out of the queue before it began."


class Turn(Struct, frozen=True):
    """When a run came into the queue, and with how many others it may go on at once."""

    since: float
    at_once: int = 1


def enqueue(folder: Path, at_once: int = 1) -> None:
    """Lets a prepared run wait for its turn: until fewer than `at_once` runs go on."""
    turn = {"since": time.time(), "at_once": at_once}
    write_atomically(folder / WAITING, dump(turn).encode())


def waiting(runs: Path, among: Iterable[Path] | None = None) -> list[tuple[Path, Turn]]:
    """The runs that wait, in their order: all, or those among these folders."""
    found = []
    if among is None:
        paths = runs.glob(f"*/{WAITING}")
    else:
        paths = (path for folder in among if (path := folder / WAITING).exists())
    for path in paths:
        try:
            found.append((path.parent, msgspec.json.decode(path.read_bytes(), type=Turn)))
        except FileNotFoundError:
            continue  # its turn has just come
        except (OSError, msgspec.DecodeError):
            found.append((path.parent, Turn(path.stat().st_mtime)))  # damaged: by its age
    return sorted(found, key=lambda each: (each[1].since, each[0].name))


def is_waiting(folder: Path) -> bool:
    """Whether a run waits for its turn."""
    return (folder / WAITING).exists()


def going(runs: Path) -> int:
    """How many runs of a folder go on."""
    return sum(Found(folder).poll() is None for folder in noted(runs))


def advance(runs: Path, environment: Mapping[str, str] = os.environ) -> list[Path]:
    """Starts the runs whose turn has come; their folders.

    A folder that can't be written has no queue that could go on: nothing is started there.
    """
    if not any(runs.glob(f"*/{WAITING}")):
        return []
    started = []
    try:
        with locked(runs / LOCK):
            for folder, turn in waiting(runs):
                if not _begun(folder):
                    if going(runs) >= turn.at_once:
                        break
                    _start(folder, environment)
                    started.append(folder)
                (folder / WAITING).unlink(missing_ok=True)
    except OSError:
        pass
    return started


def _begun(folder: Path) -> bool:
    """Whether a run was started by one who died before it could take it out of the queue."""
    if folder in noted(folder.parent):
        return True
    try:
        return b'"state":"queued"' not in (folder / events.NAME).read_bytes().splitlines()[-1]
    except (OSError, IndexError):
        return False


def _start(folder: Path, environment: Mapping[str, str]) -> None:
    """Starts a run; one that can't be started has failed, and the next has its turn."""
    from studio.engine.run import launch

    try:
        launch(folder, environment)
    except StudioError as error:
        _tell(folder, "failed", f"It could not be started: {error}")


def withdraw(folder: Path) -> bool:
    """Takes a run out of the queue; False where it doesn't wait, or not any more."""
    if not is_waiting(folder):
        return False
    with locked(folder.parent / LOCK):
        try:
            (folder / WAITING).unlink()
        except FileNotFoundError:
            return False
        _tell(folder, "stopped", TAKEN_OUT)
    return True


def move_up(folder: Path) -> bool:
    """Lets a run that waits have its turn before the one before it; False where there is none."""
    runs = folder.parent
    with locked(runs / LOCK):
        order = waiting(runs)
        places = [each for each, _ in order]
        place = places.index(folder) if folder in places else 0
        if place == 0:
            return False
        times = [turn.since for _, turn in order]
        for index in range(1, len(times)):  # those that came at once: now one behind the other
            times[index] = max(times[index], times[index - 1] + 0.001)
        order[place - 1], order[place] = order[place], order[place - 1]
        for since, (each, turn) in zip(times, order, strict=True):
            if since != turn.since:
                told = {"since": since, "at_once": turn.at_once}
                write_atomically(each / WAITING, dump(told).encode())
    return True


def _tell(folder: Path, state: str, message: str) -> None:
    writer = EventWriter(folder)
    writer.write("state", state=state, message=message)
    writer.close()
