"""The training process: `python -m studio.engine.child [--resume] FOLDER` runs the script of a run.

It imports train.py and calls its main() with one more callback, the telemetry;
nothing else differs from `python train.py`. Where TF_CONFIG makes it a task of a
cluster that doesn't lead, it has no telemetry, and its run tells only its end.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

from studio.engine.events import EventWriter
from studio.engine.process import forget, note
from studio.engine.queue import advance
from studio.engine.rollcall import begin
from studio.engine.work import failure, leads, leave, own_task, ready, take_part, train


def main(folder: Path, resume: bool = False) -> int:
    """Runs the script of a run's folder to its end, and tells how it ended.

    To resume is to go on from the last checkpoint; without one it begins anew.
    """
    events, given = EventWriter(folder), dict(os.environ)  # before the script may change it
    task, code = None, 1

    ready(folder)
    try:
        note(folder)
        task = own_task(folder)
        if task is not None:
            begin(folder)
        if leads(task):
            told = train(folder, events, resume, task)
        else:
            events.write("state", state="running")
            take_part(folder, resume)
            told = {"state": "completed"}
        events.write("state", **told)
        code = 0
    except Exception as error:
        traceback.print_exc()
        events.write("state", state="failed", **failure(folder, error, task))
    finally:
        forget(folder)
        advance(folder.parent, given)
    leave(code, task)
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[-1]), resume="--resume" in sys.argv[1:-1]))
