"""How long the dialog of a table's columns takes with many of them.

    python benchmarks/columns.py [--columns N] [--rows N] [--rounds N]

Wanted: open in at most 0.3 s, no step over 50 ms while the table is read beside, a search and a
change of all columns in at most 0.1 s, painting included. Medians of the rounds, in seconds of
the processor, so that what else runs on the machine doesn't count.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QCoreApplication

from studio.graph.checks import check
from studio.graph.compose.propose import propose
from studio.gui.app import application
from studio.gui.columns.dialog import ColumnsDialog
from studio.gui.projects import empty
from studio.gui.session import Session
from studio.gui.settings import Settings
from studio.gui.window import Window


def table(path: Path, columns: int, rows: int) -> None:
    """A table of numbers, and a label."""
    head = ",".join(f"sensor_{i}" for i in range(columns))
    lines = (
        ",".join([*(f"{row * i % 97 / 7:.3f}" for i in range(columns)), str(row % 3)])
        for row in range(rows)
    )
    path.write_text("\n".join([f"{head},target", *lines]) + "\n")


def timed(do: Callable[[], object]) -> float:
    """The seconds of the processor until something is done and painted."""
    begun = time.process_time()
    do()
    QCoreApplication.processEvents()
    return time.process_time() - begun


def once(window: Window, session: Session, source: str) -> dict[str, float]:
    """The seconds of each thing that is done."""
    made: list[ColumnsDialog] = []

    def begin() -> None:
        made.append(ColumnsDialog(window, session, source))
        made[0].show()

    found = {"open": timed(begin)}
    (dialog,) = made
    steps = [0.0]
    while dialog._timer.isActive():
        steps.append(timed(lambda: None))
    found["longest step while it reads"] = max(steps)
    found["search"] = timed(lambda: dialog.search.setText("sensor_4"))
    dialog.search.clear()
    found["select all"] = timed(dialog.table.selectAll)
    found["change all"] = timed(lambda: dialog.change(way="as it is"))
    found["scroll to the end"] = timed(dialog.table.scrollToBottom)
    dialog.reject()
    QCoreApplication.processEvents()
    return found


def main() -> None:
    """Prints the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--columns", type=int, default=500)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    application(Settings(kept=False))
    window = Window(Settings(kept=False))
    window.show()
    with TemporaryDirectory() as place:
        path = Path(place, "wide.csv")
        table(path, options.columns, options.rows)
        project = propose(empty(), path, Path(place)).edit.apply(empty())
        check(project, Path(place))  # the window has read the table by then
        session = Session(project, folder=Path(place))
        source = next(iter(project.data.nodes))
        times: dict[str, list[float]] = defaultdict(list)
        for _ in range(options.rounds):
            for name, took in once(window, session, source).items():
                times[name].append(took)
    for name, took in times.items():
        print(f"{name:28} {1000 * statistics.median(took):6.1f} ms")
    window.close()


if __name__ == "__main__":
    main()
