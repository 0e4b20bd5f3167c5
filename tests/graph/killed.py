"""A session that edits and saves until it is killed; a process of its own, in many lives.

For each folder that it reads it forks a child, says its number, and waits for
its end. The child edits the project in the folder, and says what it has done.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from studio.graph import compose, file, journal
from studio.graph.document import Project
from studio.graph.edits import Edit, MoveNodes, SetParam, SetProject, Several
from studio.graph.history import History
from studio.graph.journal import begin


def script(done: History) -> Iterator[Edit]:
    """Edits without end, each of which leaves its number in the project's note."""
    for number in count(1):
        kind = number % 4
        if kind == 0:
            edit, _ = compose.add_node(done.project, "model", "keras.layers.Dropout", (0, 0))
        elif kind == 1:
            edit = SetParam("model", "conv1", "filters", number)
        elif kind == 2:
            edit = MoveNodes("model", {"conv1": (float(number), 0.0)})
        else:
            edit = compose.bypass(done.project, "model", ["norm"], number % 8 == 3)
        yield Several((edit, SetProject("note", str(number))), edit.label)


def session(folder: Path) -> None:
    """Opens the project, edits, undoes and saves it; never ends by itself."""
    path = folder / "project.json"
    done = History(file.load(path))
    opened = begin(done.project, path, folder / "state")
    for number, edit in enumerate(script(done), 1):
        opened.record(edit, done.do(edit))
        if number % 5 == 0:
            done.undo()
            opened.moved(done.project)
            done.redo()
            opened.moved(done.project)
        os.write(1, f"{number}\n".encode())
        if number % 7 == 0:
            file.save(done.project, path)
            done.mark_saved()
            opened.saved(done.project, path)


def main() -> None:
    """One child for each line that is read; what takes long to load is loaded before."""
    journal.started(os.getpid())
    compose.fits(Project(), "model", "", "out", {})
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            session(Path(line.strip()))
        os.write(1, f"pid {pid}\n".encode())
        os.waitpid(pid, 0)
        os.write(1, b"end\n")


if __name__ == "__main__":
    main()
