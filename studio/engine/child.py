"""The training process: `python -m studio.engine.child [--resume] FOLDER` runs the script of a run.

It imports train.py and calls its main() with one more callback, the telemetry;
nothing else differs from `python train.py`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import sys
import traceback
from pathlib import Path
from types import ModuleType

from studio.engine import control
from studio.engine.environment import devices
from studio.engine.events import EventWriter
from studio.engine.history import keep
from studio.engine.process import forget, note
from studio.engine.queue import advance
from studio.engine.run import LINES, SCRIPT
from studio.graph.file import read, write_atomically
from studio.graph.text import dump


def main(folder: Path, resume: bool = False) -> int:
    """Runs the script of a run's folder to its end, and tells how it ended.

    To resume is to go on from the last checkpoint; without one it begins anew.
    """
    events, given = EventWriter(folder), dict(os.environ)  # before the script may change it
    # Whoever ends the process gently (a queueing system, a shutdown) gets a checkpoint too.
    signal.signal(signal.SIGTERM, lambda *_: control.ask(folder, control.STOP))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        note(folder)
        return _train(folder, events, resume)
    except Exception as error:
        traceback.print_exc()
        said, place, line = _fault(folder, error)
        _keep_history(folder)
        where = f' at "{place[1]}" ({place[0]})' if place else ""
        events.write(
            "state",
            state="failed",
            message=f"The training failed{where}: {said}",
            graph=place[0] if place else "",
            node=place[1] if place else "",
            line=line,
        )
        return 1
    finally:
        forget(folder)
        advance(folder.parent, given)


def _keep_history(folder: Path) -> None:
    """Leaves the figures as CSV before the end is told; that it can't be done fails nothing."""
    try:
        keep(folder)
    except OSError as error:
        print(f"history.csv can't be written: {error.strerror}.", file=sys.stderr)


def _train(folder: Path, events: EventWriter, resume: bool) -> int:
    script = _load(folder / SCRIPT)
    from studio.engine.checkpoints import FitCheckpoints, last, steps_behind
    from studio.engine.telemetry import Stopped, Telemetry

    about = folder / "environment.json"
    described = json.loads(about.read_text(encoding="utf-8"))
    write_atomically(about, dump(described | {"devices": devices()}).encode())
    telemetry = Telemetry(folder, events)
    place = last(folder) if resume else None
    events.write("state", state="running")
    if resume:  # anew, where it has no checkpoint yet
        epochs, steps = place or (0, 0)
        telemetry.begin_at(epochs, steps_behind(folder, epochs), steps)
    project, _ = read(folder / "project.json")
    try:
        if project.training.loop == "custom":
            script.main(callbacks=[telemetry], resume=place is not None)
        else:
            kept = FitCheckpoints(folder, project, script, resume=place is not None)
            script.main(callbacks=[*kept.callbacks, telemetry])
    except Stopped:
        _keep_history(folder)
        events.write("state", state="stopped", metrics=telemetry.metrics)
        return 0
    _keep_history(folder)
    events.write("state", state="completed", metrics=telemetry.metrics)
    return 0


def _load(path: Path) -> ModuleType:
    """The script as a module, as `import train` from its own folder would give it."""
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location("train", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["train"] = module
    spec.loader.exec_module(module)
    return module


def _fault(folder: Path, error: Exception) -> tuple[str, tuple[str, str] | None, int | None]:
    """What an error says, the (graph, node) it came from, and the line of the script.

    Where a damaged file is to blame, that is its source.
    """
    from studio.engine.damage import damage, sources
    from studio.engine.explained import explained
    from studio.engine.stage import said_of

    place, line = _place(folder, error)
    project, _ = read(folder / "project.json")
    said = said_of(error)
    found = damage(error, said, sources(project), folder)
    if found is None:
        return explained(said), place, line
    return (found.said, ("data", found.node), None)


def _place(folder: Path, error: Exception) -> tuple[tuple[str, str] | None, int | None]:
    """The (graph, node) whose lines the error came through last, and the line."""
    path = str(folder / SCRIPT)
    spans = json.loads((folder / LINES).read_text(encoding="utf-8"))
    # What a thread of TensorFlow's has run, such as a generator, stands in the text alone.
    told = re.findall(rf'File "{re.escape(path)}", line (\d+)', str(error))
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == path]
    for line in [*map(int, reversed(told)), *lines]:
        for key, ranges in spans.items():
            if any(first <= line <= end for first, end in ranges):
                return tuple(key.rsplit(":", 1)), line
    return None, lines[-1] if lines else None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[-1]), resume="--resume" in sys.argv[1:-1]))
