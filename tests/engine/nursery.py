"""Trains runs in processes forked from one that has imported TensorFlow: a second a life.

`python -m tests.engine.nursery` reads a line of JSON for each life: its folder, whether it
goes on from a checkpoint, and, if it is to die by itself, where: {"at": "step" | "write" |
"half" | "fsync" | "rename", "count": n}. It answers with the exit code, negative for a signal.
A run that is to be diagnosed has that done in a life of its own, not by a process it starts,
unless it is told how long to wait for one. What else needs TensorFlow is a function of a module,
{"call": "module:function", "fields": {...}}, whose value is the exit code.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

POINTS = ("step", "write", "half", "fsync", "rename")


class Nursery:
    """Starts the process and asks it for lives."""

    def __enter__(self) -> Nursery:
        command = [sys.executable, "-m", "tests.engine.nursery"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def live(
        self,
        folder: Path,
        resume: bool,
        death: dict[str, Any] | None = None,
        seconds: float | None = None,
    ) -> int:
        """One life; returns its exit code, -9 where it was killed.

        For `seconds` it waits, when it is over, for where its loss became not finite.
        """
        asked = {"folder": str(folder), "resume": resume, "death": death, "seconds": seconds}
        return self._ask(asked)

    def diagnose(self, folder: Path) -> int:
        """Looks for where a run's loss became not finite; returns its exit code."""
        return self._ask({"folder": str(folder), "diagnose": True})

    def call(self, function: str, place: Path, **fields: Any) -> int:
        """Calls a function, module:name, in a life of its own in a folder; its exit code."""
        return self._ask({"folder": str(place), "call": function, "fields": fields})

    def _ask(self, asked: dict[str, Any]) -> int:
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def some_deaths(count: int, seed: int, steps: int) -> list[dict[str, Any]]:
    """Places to die at, of every kind; of steps at most so many in a life."""
    drawn = random.Random(seed)
    most = {"step": steps, "write": steps, "half": steps, "fsync": 8, "rename": 4}
    return [
        {"at": at, "count": drawn.randint(1, most[at])}
        for at in (POINTS[index % len(POINTS)] for index in range(count))
    ]


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _doom(at: str, count: int) -> None:
    """Has this process killed when it does something for the `count`-th time."""
    import keras

    left = [count]

    def counts() -> bool:
        left[0] -= 1
        return left[0] == 0

    if at == "step":
        begin = keras.callbacks.CallbackList.on_train_batch_begin

        def on_train_batch_begin(self, batch, logs=None):
            begin(self, batch, logs)
            if counts():
                _die()

        keras.callbacks.CallbackList.on_train_batch_begin = on_train_batch_begin
    elif at in ("write", "half"):
        write = os.write

        def dying_write(handle: int, line: bytes) -> int:
            if line.startswith(b'{"event"') and counts():
                write(handle, line[: len(line) // 2] if at == "half" else line)
                _die()
            return write(handle, line)

        os.write = dying_write
    elif at == "fsync":
        sync = os.fsync

        def fsync(handle: int) -> None:
            if counts():
                _die()
            sync(handle)

        os.fsync = fsync
    else:
        rename = Path.rename

        def dying_rename(self, target):
            if counts():
                _die()
            return rename(self, target)

        Path.rename = dying_rename


def _live(asked: dict[str, Any]) -> int:
    """What a forked process does."""
    folder = Path(asked["folder"])
    os.chdir(folder)
    with (folder / "log.txt").open("ab") as log:
        for handle in (1, 2):
            os.dup2(log.fileno(), handle)
    if asked.get("diagnose"):
        from studio.engine.diagnose import main as diagnose

        return diagnose(folder)
    if asked.get("call"):
        module, _, name = asked["call"].partition(":")
        return getattr(importlib.import_module(module), name)(**asked["fields"])
    if asked["death"]:
        _doom(**asked["death"])
    from studio.engine import not_finite
    from studio.engine.child import main

    if asked["seconds"] is None:
        not_finite.diagnosis = _unborn
    else:
        not_finite.SECONDS = asked["seconds"]
    return main(folder, asked["resume"])


def _unborn(run: Path) -> None:
    """A process that can't be started."""
    raise OSError


def _serve() -> None:
    import keras  # noqa: F401  once, for all lives
    import tensorflow  # noqa: F401

    import studio.engine.checkpoints
    import studio.engine.telemetry  # noqa: F401

    gc.freeze()  # a collection in a child would copy all of it
    for line in sys.stdin:
        if called := json.loads(line).get("call"):
            importlib.import_module(
                called.partition(":")[0]
            )  # with what it imports, for others too
        child = os.fork()
        if not child:
            code = 1
            try:
                code = _live(json.loads(line))
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    _serve()
