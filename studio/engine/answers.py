"""The warm process: `python -m studio.engine.answers` has TensorFlow loaded and answers questions.

One JSON object a line comes in at standard input and goes out at what was
standard output: {"id": 3, "kind": "layer", "seconds": 20, "fields": {...}} is
answered by {"id": 3, "result": ...} (with "last": true where the process has to
end behind it) or {"id": 3, "error": SENTENCE, "code":
NAME, "line": 12}, the last two where the user's own source is at fault.
{"ready": true} comes first, once TensorFlow is there. The process ends with
its input, whatever it is at. Whoever asks it is studio/engine/warm.py.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from studio.engine.autograph import autograph
from studio.engine.environment import devices, versions
from studio.engine.layers import layer
from studio.engine.own_code import Fault, Last
from studio.engine.preview import preview
from studio.engine.range_test import range_test
from studio.engine.rate import rate
from studio.engine.records import records
from studio.engine.stages import stage
from studio.engine.step_times import step_times
from studio.engine.stored_checkpoint import checkpoint


def ping(fields: dict[str, Any]) -> dict[str, Any]:
    """The versions and devices that answers come from."""
    return {"versions": versions(), "devices": devices(), "process": os.getpid()}


# What can be asked: a function of the question's fields, which returns a JSON
# value or raises Fault. The user's own code comes in the field "code", and in
# no other: that is what warm.py lets through only for a project that is trusted.
KINDS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "ping": ping,
    "layer": layer,
    "stage": stage,
    "preview": preview,
    "rate": rate,
    "records": records,
    "checkpoint": checkpoint,
    "step_times": step_times,
    "autograph": autograph,
    "range_test": range_test,
}


def main() -> None:
    """Answers until its input ends."""
    questions, out = _pipes()
    faulthandler.enable()
    _first_to_go()
    import tensorflow  # noqa: F401

    _say(out, {"ready": True})
    while True:
        question = questions.get()
        # Should the question hang, even in C, this thread of C's prints where, and ends us.
        faulthandler.dump_traceback_later(question["seconds"], exit=True)
        said = answer(question)
        faulthandler.cancel_dump_traceback_later()
        _say(out, said)


def _pipes() -> tuple[SimpleQueue, int]:
    """The questions as they come, and where answers go.

    Nothing else can get between: what the user's code prints goes to standard
    error, which is the log, and what it reads is empty.
    """
    given, out = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)
    questions: SimpleQueue = SimpleQueue()

    def read() -> None:
        with os.fdopen(given, "rb") as lines:
            for line in lines:
                questions.put(json.loads(line))
        os._exit(0)  # nobody is there any more, and the main thread may hang

    threading.Thread(target=read, daemon=True).start()
    return questions, out


def _first_to_go() -> None:
    """Where memory runs out, Linux shall end this process before the one that holds the project."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("800")


def _say(out: int, value: dict[str, Any]) -> None:
    content = json.dumps(value).encode() + b"\n"
    try:
        while content:
            content = content[os.write(out, content) :]
    except OSError:
        os._exit(0)  # nobody listens


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """The answer to one question, whatever happens in it."""
    said: dict[str, Any] = {"id": question["id"]}
    try:
        function = KINDS.get(question["kind"])
        if function is None:
            raise Fault(f"There is no question of the kind {question['kind']!r}.")
        result = function(question["fields"])
        if isinstance(result, Last):
            return said | {"result": result.result, "last": True}
        return said | {"result": result}
    except Fault as fault:
        return said | {"error": str(fault), "code": fault.code, "line": fault.line}
    except BaseException as error:  # a user's sys.exit() too
        return said | {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main()
