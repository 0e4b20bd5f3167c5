"""The processes of a run that trains with several: what is told of each, and what it is called."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from studio.engine import events
from studio.engine.progress import Progress
from studio.engine.run import LOG
from studio.graph.cluster import Task

KINDS = (b'{"event":"member"', b'{"event":"state"')
"""How the lines begin that tell of members, and of a start of them all."""

READY = "ready"
"""The state of a process of the data that is there for the others."""

_TASK = re.compile(r"([a-z]+)(?::([0-9]{1,5}))?")


def log_name(task: str) -> str:
    """The file beside the run's log that a task writes what it says to; "" where it is no task."""
    found = _TASK.fullmatch(task)
    return f"log-{'-'.join(filter(None, found.groups()))}.txt" if found else ""


def log_of(folder: Path, task: str) -> str:
    """The file that a task of a run has written to: the run's log, where it has none of its own."""
    name = log_name(task)
    return name if name and (folder / name).is_file() else LOG


def called(task: str) -> str:
    """What a task is called in a sentence: `worker:1` is worker 1."""
    return task.replace(":", " ")


def subject(task: str) -> str:
    """The same where a sentence begins with it."""
    return f"The {called(task)}" if task == LEADER else f"The task {called(task)}"


def members(folder: Path) -> list[dict[str, Any]]:
    """Each process of a run's last start, in the order in which they were started."""
    progress = Progress()
    try:
        with (folder / events.NAME).open("rb") as file:
            for event in events.decode(b"".join(line for line in file if line.startswith(KINDS))):
                progress.take(event)
    except OSError:
        return []
    found = list(progress.members.values())
    if progress.ended:  # whoever would have told their ends may have been killed before
        found = [each | {"state": _end(each["state"])} for each in found]
    return found


def _end(state: str) -> str:
    return state if state == "died" else "ended"


LEADER = "training"
"""What the process that trains is called where the cluster has no tasks, only data."""


def task_name(task: Task | None) -> str:
    """A task as events name it."""
    return LEADER if task is None else f"{task.role}:{task.index}"
