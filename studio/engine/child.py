"""The training process: `python -m studio.engine.child [--resume] FOLDER` runs the script of a run.

It imports train.py and calls its main() with one more callback, the telemetry;
nothing else differs from `python train.py`.
"""

from __future__ import annotations

import faulthandler
import importlib.util
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from types import ModuleType

from studio.engine import control
from studio.engine.environment import devices
from studio.engine.events import EventWriter
from studio.engine.fault import fault_of
from studio.engine.history import keep
from studio.engine.process import forget, note
from studio.engine.queue import advance
from studio.engine.run import SCRIPT, batch_size
from studio.graph.file import read, write_atomically
from studio.graph.text import dump


def main(folder: Path, resume: bool = False) -> int:
    """Runs the script of a run's folder to its end, and tells how it ended.

    To resume is to go on from the last checkpoint; without one it begins anew.
    """
    events, given = EventWriter(folder), dict(os.environ)  # before the script may change it
    faulthandler.enable()  # a crash in native code leaves the stack of Python in the log
    # Whoever ends the process gently (a queueing system, a shutdown) gets a checkpoint too.
    signal.signal(signal.SIGTERM, lambda *_: control.ask(folder, control.STOP))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        note(folder)
        return _train(folder, events, resume)
    except Exception as error:
        traceback.print_exc()
        found = fault_of(folder, error)
        _keep_history(folder)
        events.write(
            "state",
            state="failed",
            message=f"The training failed{found.where}: {found.said}",
            graph=found.graph,
            node=found.node,
            line=found.line,
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
    script = load_script(folder / SCRIPT)
    from studio.engine.checkpoints import FitCheckpoints, last, steps_behind
    from studio.engine.resources import Resources, profiles
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
    resources = Resources(
        events, telemetry.steps_done, batch_size(project), waits=not profiles(project)
    )
    resources.start()
    state = "completed"
    try:
        if project.training.loop == "custom":
            script.main(callbacks=[telemetry], resume=place is not None)
        else:
            kept = FitCheckpoints(folder, project, script, resume=place is not None)
            script.main(callbacks=[*kept.callbacks, telemetry])
    except Stopped:
        state = "stopped"
    finally:
        resources.close()  # the run's end is the last that is told
    told = telemetry.notice.conclude()
    _keep_history(folder)
    events.write("state", state=state, metrics=telemetry.metrics, **told)
    return 0


def load_script(path: Path) -> ModuleType:
    """The script as a module, as `import train` from its own folder would give it."""
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location("train", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["train"] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[-1]), resume="--resume" in sys.argv[1:-1]))
