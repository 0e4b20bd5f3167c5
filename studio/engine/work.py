"""The script of a run at work: its main() with the telemetry, and what is told of its end."""

from __future__ import annotations

import faulthandler
import importlib.util
import json
import os
import signal
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from studio.engine import control
from studio.engine.environment import devices
from studio.engine.events import EventWriter
from studio.engine.fault import Fault, fault_of
from studio.engine.history import keep
from studio.engine.inside.watching import Inside
from studio.engine.rollcall import lost
from studio.engine.run import SCRIPT, batch_size
from studio.graph.cluster import CLUSTERED, PS, TF_CONFIG, Task, leader, read_tf_config
from studio.graph.file import read, write_atomically
from studio.graph.problems import StudioError
from studio.graph.text import dump


def ready(folder: Path) -> None:
    """Leaves the stack of a crash in the log, and a checkpoint where the end is asked for."""
    faulthandler.enable()  # a crash in native code leaves the stack of Python in the log
    # Whoever ends the process gently (a queueing system, a shutdown) gets a checkpoint too.
    signal.signal(signal.SIGTERM, lambda *_: control.ask(folder, control.STOP))
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def own_task(folder: Path) -> Task | None:
    """The task that this process is in the cluster of a run; None where it trains alone."""
    project, _ = read(folder / "project.json")
    strategy = project.distribution.op if project.distribution is not None else ""
    if strategy not in CLUSTERED or TF_CONFIG not in os.environ:
        return None
    return read_tf_config(os.environ[TF_CONFIG], strategy)


def leads(task: Task | None) -> bool:
    """Whether this process tells and saves for all."""
    if task is None:
        return True
    counts = {role: len(addresses) for role, addresses in task.cluster.items()}
    return (task.role, task.index) == leader(counts)


def train(folder: Path, events: EventWriter, resume: bool, task: Task | None) -> dict[str, Any]:
    """Trains to the end, which the returned fields tell."""
    project, _ = read(folder / "project.json")
    inside = Inside(folder, project, events, alone=task is None)
    inside.look()  # what it needs is made while TensorFlow is loaded
    inside.script = script = load_script(folder / SCRIPT)
    from studio.engine.beginning import Beginning
    from studio.engine.best import Best
    from studio.engine.checkpoints import FitCheckpoints, last, steps_behind
    from studio.engine.resources import Resources, profiles
    from studio.engine.telemetry import Stopped, Telemetry

    about = folder / "environment.json"
    described = json.loads(about.read_text(encoding="utf-8"))
    write_atomically(about, dump(described | {"devices": devices()}).encode())
    best = Best(folder, project.training) if task is None else None
    telemetry = Telemetry(folder, events, alone=task is None, best=best, inside=inside)
    place = last(folder) if resume else None
    events.write("state", state="running")
    if resume:  # anew, where it has no checkpoint yet
        epochs, steps = place or (0, 0)
        telemetry.begin_at(epochs, steps_behind(folder, epochs), steps)
    resources = Resources(
        events, telemetry.steps_done, batch_size(project), waits=not profiles(project)
    )
    resources.start()
    beginning = Beginning(folder, project, events, telemetry.steps_done)
    beginning.start()
    state = "completed"
    try:
        if project.training.loop == "custom" or task is not None:
            script.main(callbacks=[telemetry], resume=place is not None)
        else:
            kept = FitCheckpoints(folder, project, script, resume=place is not None)
            # The weights of the checkpoint take the place of those that it began with.
            going_on = {"resume": True} if place and project.training.weights else {}
            script.main(callbacks=[*kept.callbacks, telemetry], **going_on)
    except Stopped:
        state = "stopped"
    except SystemExit:
        if not telemetry.leaving:
            raise
        state = "stopped"
    finally:
        inside.close()
        beginning.close()
        resources.close()  # the run's end is the last that is told
    told = telemetry.notice.conclude()
    if telemetry.kept:
        told = {"message": telemetry.kept} | told
    _keep_history(folder)
    return {"state": state, "metrics": telemetry.metrics, **told}


def take_part(folder: Path, resume: bool) -> None:
    """Runs the script in a task that another one leads: nothing is told but its end."""
    from studio.engine.checkpoints import last

    going_on = resume and last(folder) is not None  # before a step could leave another one
    load_script(folder / SCRIPT).main(callbacks=[], resume=going_on)


def failure(
    folder: Path, error: Exception, task: Task | None, who: str = "The training"
) -> dict[str, Any]:
    """What is told of an exception that ended it: a sentence, and the place in the project."""
    known = isinstance(error, StudioError)
    found = Fault(str(error).rstrip(".")) if known else fault_of(folder, error)
    if leads(task):
        _keep_history(folder)
    more = lost(error, task) if task is not None else ""
    message = f"{who} failed{found.where}: {found.said}{more}"
    return {"message": message, "graph": found.graph, "node": found.node, "line": found.line}


def leave(code: int, task: Task | None) -> None:
    """Ends a process that threads of TensorFlow's, or tasks that are gone, may hold up."""
    if task is not None and (code or PS in task.cluster):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _keep_history(folder: Path) -> None:
    """Leaves the figures as CSV before the end is told; that it can't be done fails nothing."""
    try:
        keep(folder)
    except OSError as error:
        print(f"history.csv can't be written: {error.strerror}.", file=sys.stderr)


def load_script(path: Path, name: str = "train") -> ModuleType:
    """The script as a module, as `import train` from its own folder would give it."""
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
