"""A process that answers questions: what it and studio/engine/warm.py, which asks it, say.

One JSON object a line comes in at standard input and goes out at what was
standard output: {"id": 3, "kind": "layer", "seconds": 20, "fields": {...}} is
answered by {"id": 3, "result": ...} (with "last": true where the process has to
end behind it) or {"id": 3, "error": SENTENCE, "code":
NAME, "line": 12}, the last two where the user's own source is at fault.
{"ready": true} comes first, once what it needs is loaded, or {"error": SENTENCE} where that
can't be. The process ends with its input, whatever it is at.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from studio.engine.own_code import Fault, Last

Kinds = Mapping[str, Callable[[dict[str, Any]], Any]]
"""What can be asked: a function of the question's fields, which returns a JSON value or raises
Fault."""


def converse(kinds: Kinds, load: Callable[[], None]) -> None:
    """Answers until the input ends, once `load` is done; a Fault of `load` is told, and ends it."""
    questions, out = _pipes()
    faulthandler.enable()
    _first_to_go()
    try:
        load()
    except Fault as fault:
        _say(out, {"error": str(fault)})
        return
    _say(out, {"ready": True})
    while True:
        question = questions.get()
        # Should the question hang, even in C, this thread of C's prints where, and ends us.
        faulthandler.dump_traceback_later(question["seconds"], exit=True)
        said = answer(question, kinds)
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


def answer(question: dict[str, Any], kinds: Kinds) -> dict[str, Any]:
    """The answer to one question, whatever happens in it."""
    said: dict[str, Any] = {"id": question["id"]}
    try:
        function = kinds.get(question["kind"])
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
