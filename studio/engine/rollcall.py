"""Which tasks of a cluster answer: asked while a training waits for them, and when one is lost.

`python -m studio.engine.rollcall PARENT FOLDER` asks for the training PARENT, whose
threads stand still as long as TensorFlow waits for the other tasks.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from studio.engine.events import EventWriter
from studio.engine.parent import leave_with
from studio.engine.process import forget
from studio.engine.queue import advance
from studio.graph.cluster import TF_CONFIG, Task, read_tf_config

Seat = tuple[str, int, str]
"""A task's role, index and address."""

TELL, LIMIT, EACH = 20.0, 300.0, 1.0
"""Seconds behind which a task that doesn't answer is told, and behind which the wait is over."""

SECONDS = "STUDIO_CLUSTER_SECONDS"
"""The environment variable that sets the limit anew."""

PATIENCE = 2.0
"""Seconds that an address gets to answer."""

AT_ONCE = 32

_LOST = ("UnavailableError", "AbortedError", "CancelledError", "DeadlineExceededError")
"""The errors of TensorFlow that a task has when another one is gone."""


def follows(error: BaseException) -> bool:
    """Whether an error is likely what comes of another task's end."""
    return type(error).__name__ in _LOST or "Collective ops is aborted" in str(error)


def others(task: Task) -> list[Seat]:
    """All tasks of its cluster but itself."""
    seats = [
        (role, index, address)
        for role, addresses in task.cluster.items()
        for index, address in enumerate(addresses)
    ]
    return [seat for seat in seats if seat[:2] != (task.role, task.index)]


def silent(seats: Iterable[Seat]) -> list[Seat]:
    """Those at whose address nobody listens."""
    asked = list(seats)
    with ThreadPoolExecutor(AT_ONCE) as asking:
        answers = list(asking.map(lambda seat: _answers(seat[2]), asked))
    return [seat for seat, answer in zip(asked, answers, strict=True) if not answer]


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()
    except (OSError, ValueError):
        return False
    return True


def listed(seats: Iterable[Seat]) -> str:
    """Tasks as a sentence names them."""
    return ", ".join(f"{role} {index} at {address}" for role, index, address in seats)


def lost(error: BaseException, task: Task) -> str:
    """What can be said beside an error of another task's end: who is gone."""
    gone = silent(others(task)) if follows(error) else []
    return f". No answer comes any more from {listed(gone)}" if gone else ""


def begin(folder: Path) -> None:
    """Begins to ask for this process, which is a task of a cluster, in another one."""
    subprocess.Popen(
        [sys.executable, "-m", "studio.engine.rollcall", str(os.getpid()), str(folder)],
        stdin=subprocess.DEVNULL,
    )


def main(parent: int, folder: Path, task: Task) -> None:
    """Asks until each task has answered once; says who doesn't, and ends the run at the limit."""
    events, missing, limit = EventWriter(folder), others(task), _limit()
    began, told = time.monotonic(), False
    while missing := silent(missing):
        waited = time.monotonic() - began
        if waited > limit:
            message = (
                f"The training can't begin: for {waited:.0f} seconds no answer has come from "
                f"{listed(missing)}. {_HINT}"
            )
            events.write("state", state="failed", message=message)
            forget(folder)
            advance(folder.parent)
            os.kill(parent, signal.SIGKILL)
            return
        if waited > min(TELL, limit / 2) and not told:
            told = True
            events.write(
                "problem",
                code="no-answer",
                message=f"The training waits for {listed(missing)}: no answer has come for "
                f"{waited:.0f} seconds. {_HINT}",
            )
        time.sleep(EACH)


def _limit() -> float:
    try:
        return max(1.0, float(os.environ.get(SECONDS, LIMIT)))
    except ValueError:
        return LIMIT


_HINT = (
    "Start each task on its machine with the same cluster in TF_CONFIG; if it runs there, look at "
    "the address and the firewall."
)


if __name__ == "__main__":
    leave_with(int(sys.argv[1]))
    main(int(sys.argv[1]), Path(sys.argv[2]), read_tf_config(os.environ[TF_CONFIG]))
