"""The app as a process that is going to be killed: it opens a project, trains it and draws.

It says the folder of its run, "drawn" when its curves have several epochs, and never ends.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QThread

from studio.gui.app import application
from studio.gui.settings import Settings
from studio.gui.window import Window


def main(path: Path) -> None:
    """Lives until it is killed."""
    settings = Settings(kept=False)
    application(settings)
    window = Window(settings)
    window.show()
    assert window.projects.open(path), window.said
    window.run_command("run.start")
    print(window.runner.run.folder, flush=True)
    panel, drawn = window.panel("training"), False
    while True:
        QCoreApplication.processEvents()
        QThread.msleep(5)
        points = panel.curves.metrics.get("loss") if panel.curves is not None else None
        if points is not None and points.epochs.count > 2 and not drawn:
            drawn = True
            print("drawn", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
