"""The app in many lives: opened, edited, undone and saved by a script, until it is killed.

For each project that it reads it forks a child, says its number, and waits for
its end. The child opens a window on the project, restores what is offered, says
which edit that was, and then each edit that it makes.
"""

from __future__ import annotations

import os
import sys
from itertools import count
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from studio.graph import compose, journal
from studio.graph.document import Project
from studio.graph.edits import MoveNodes, SetParam, SetProject, Several
from studio.gui.app import application
from studio.gui.settings import Settings
from studio.gui.window import Window


def edit_of(number: int, project: Project) -> Several:
    """An edit that leaves its number in the project's note."""
    kind = number % 4
    if kind == 0:
        edit, _ = compose.add_node(project, "model", "keras.layers.Dropout", (0, 0))
    elif kind == 1:
        edit = SetParam("model", "conv1", "filters", number)
    elif kind == 2:
        edit = MoveNodes("model", {"conv1": (float(number), 0.0)})
    else:
        edit = compose.bypass(project, "model", ["norm"], number % 8 == 3)
    return Several((edit, SetProject("note", str(number))), edit.label)


def life(path: Path) -> None:
    """One life of the app; it never ends by itself."""
    settings = Settings(kept=False)
    application(settings)
    window = Window(settings)
    window.show()
    assert window.projects.open(path), window.said
    offered = [key for key in window.notices.by_key if key.startswith("left:")]
    for key in offered[:1]:  # the newest
        window.notices.by_key[key].buttons["Restore"].click()
    for key in offered[1:]:
        if key in window.notices.by_key:
            window.notices.by_key[key].buttons["Discard"].click()
    say(f"opened {window.session.project.note}")
    for number in count(int(window.session.project.note) + 1):
        assert window.session.do(edit_of(number, window.session.project)), window.said
        say(f"did {number}")
        if number % 5 == 0:
            window.run_command("edit.undo")
            window.run_command("edit.redo")
        if number % 7 == 0:
            assert window.projects.save(), window.said
        QCoreApplication.processEvents()


def say(what: str) -> None:
    """Tells the test, at once."""
    os.write(1, f"{what}\n".encode())


def main() -> None:
    """One child for each line that is read; what takes long to load is loaded before."""
    journal.started(os.getpid())
    compose.fits(Project(), "model", "", "out", {})
    for line in sys.stdin:
        pid = os.fork()  # there is no application yet, so nothing of Qt's is shared
        if not pid:
            life(Path(line.strip()))
        say(f"pid {pid}")
        os.waitpid(pid, 0)
        say("end")


if __name__ == "__main__":
    main()
