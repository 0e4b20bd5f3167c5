"""A task of a local cluster: `python -m studio.engine.member PARENT [--resume] FOLDER`.

TF_CONFIG says which task it is. It runs the script as a training alone does; its end is told to
the process that has started it, PARENT, with which it ends too.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from studio.engine.events import EventWriter
from studio.engine.local_cluster import is_free, port_of
from studio.engine.members import LEADER, subject, task_name
from studio.engine.parent import leave_with
from studio.engine.rollcall import follows
from studio.engine.work import failure, leads, leave, own_task, ready, take_part, train
from studio.graph.cluster import Task
from studio.graph.problems import StudioError


def main(folder: Path, resume: bool = False) -> int:
    """Runs the script to its end; the one that leads also tells how the training ended."""
    events = EventWriter(folder)
    task, name, code = None, LEADER, 1
    ready(folder)
    try:
        task = own_task(folder)
        name = task_name(task)
        _check_port(task)
        if leads(task):
            told = train(folder, events, resume, task)
            events.write("member", task=name, state="ended", end=told)
        else:
            take_part(folder, resume)
            events.write("member", task=name, state="ended")
        code = 0
    except SystemExit as left:  # as all tasks do at one step, where they are asked to stop
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
        if not code and not leads(task):
            events.write("member", task=name, state="ended")
    except Exception as error:
        traceback.print_exc()
        told = failure(folder, error, task, subject(name))
        events.write("member", task=name, state="died", follows=follows(error), **told)
    leave(code, task)
    return code


def _check_port(task: Task | None) -> None:
    """TensorFlow says of a port that is taken only that its server can't be started."""
    if task is None:
        return
    import tensorflow  # noqa: F401 - which takes seconds in which a port may still be taken

    address = task.cluster[task.role][task.index]
    if not is_free(port_of(address)):
        raise StudioError(
            f"another program has taken the port of {address} before the task could listen there. "
            "studio resume starts all tasks again, at other ports."
        )


if __name__ == "__main__":
    leave_with(int(sys.argv[1]))
    sys.exit(main(Path(sys.argv[-1]), resume="--resume" in sys.argv[2:-1]))
