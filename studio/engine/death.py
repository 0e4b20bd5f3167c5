"""How a run ended that didn't say it itself: by a signal, a crash, a want of memory, a restart."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

from studio.engine.ending import how_it_ended
from studio.engine.fault import helps, lines_told, place_in
from studio.engine.process import other_boot
from studio.engine.progress import Progress
from studio.engine.run import LOG, SCRIPT, log_end
from studio.graph.file import read
from studio.graph.problems import StudioError

CRASH = "Fatal Python error: "
"""What faulthandler writes first, before the stack of each thread."""

NO_MEMORY = ("std::bad_alloc", "MemoryError", "Cannot allocate memory", "OOM when allocating")

LINES = 1000
"""Of the log's end, at most: a crash leaves the stacks of all threads there."""

FULL = 0.9
"""Of the machine's memory: a process that is killed when more is used was likely killed for it."""


class Death(Struct, frozen=True):
    """The state that it leaves the run in, a sentence, and the place where that can be known."""

    state: str
    message: str
    graph: str = ""
    node: str = ""
    line: int | None = None


def death(
    folder: Path,
    code: int | None,
    progress: Progress,
    who: str = "The training process",
    log: str = LOG,
    since: int = 0,
) -> Death:
    """What is known of a process that is gone; `code` is None where another one started it.

    `log` is the file that it wrote what it said to, from the byte `since` on.
    """
    if other_boot(folder):
        return Death(
            "lost",
            "The machine has been restarted while the run went on. "
            "studio resume lets it go on from its last checkpoint.",
        )
    said = log_end(folder, LINES, log, since)
    text = "\n".join(said)
    crash = text[text.rindex(CRASH) :] if CRASH in text else ""
    project, place, line = None, None, None
    try:
        project, _ = read(folder / "project.json")
        stack = crash.split("Current thread", 1)[-1].split("\nThread ", 1)[0]
        # The innermost frame is the first that faulthandler writes.
        lines = lines_told(folder / SCRIPT, stack)[::-1]
        place, line = place_in(folder, project, lines) if lines else (None, None)
    except (StudioError, OSError, ValueError):
        pass  # a folder that somebody has changed; the death is told all the same
    how = how_it_ended(code) if code is not None else _gone(crash)
    where = f' at "{place[1]}" ({place[0]})' if place else ""
    memory = any(word in text[-4000:] for word in NO_MEMORY) or _full(progress)
    more = (
        f" Memory had run out: {_memory(progress)}{helps(project)}." if memory and project else ""
    )
    last = _last_words(said, crash)
    message = f"{who} {how}{where}.{more}{last} See {folder / log}."
    graph, node = place or ("", "")
    return Death("failed", message, graph, node, line)


def _gone(crash: str) -> str:
    """For one whose exit code nobody has: what its log tells."""
    if crash:
        return f"crashed ({crash.removeprefix(CRASH).splitlines()[0].strip()})"
    return "ended before it was done, by something outside or by the system"


def _full(progress: Progress) -> bool:
    machine = progress.resources.get("machine") or {}
    return machine.get("memory", 0) > FULL * machine.get("total", float("inf"))


def _memory(progress: Progress) -> str:
    used = progress.resources.get("memory")
    return f"it used {used / 1e9:.3g} GB. " if used else ""


def _last_words(said: list[str], crash: str) -> str:
    """The last line of the log, or of what stood there before the crash."""
    if crash:
        first = next((n for n, line in enumerate(said) if line.startswith(CRASH)), 0)
        said = said[:first]
    dull = re.compile(r"^[IWE]\d{4} |^WARNING: All log|^To enable the following")
    told = next((line for line in reversed(said) if not dull.match(line)), "")
    return f' Its last words: "{told.strip()[:300]}"' if told else ""
