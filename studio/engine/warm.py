"""The warm process, from outside: questions that need TensorFlow, asked without waiting.

    with Warm() as warm:
        future = warm.ask("layer", trusted=True, name=..., code=..., params=..., inputs=...)
        answer = future.result()        # or poll future.done(), or add_done_callback

One process, started at the first question, has TensorFlow loaded and answers
one question after the other. One that takes too long, or kills the process,
is answered with a sentence; the next question finds a new process.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from msgspec import Struct

from studio.engine.ending import how_it_ended

START = 180.0
"""Seconds that TensorFlow may take to load."""

SECONDS = 20.0
"""How long a question may take, unless it says otherwise."""

GRACE = 2.0
"""Seconds in which a question that nobody wants any more may still end by itself."""

KEPT_LINES = 500

ANSWERS = ("studio.engine.answers",)
"""The module that is the process, and what it is given in the command line."""


class Answer(Struct, frozen=True):
    """A result, or an error sentence with its reason.

    The reason is "code" (the user's source is at fault: in which piece of
    `code`, and in which line, is said where it is known), "slow", "died",
    "untrusted", "unwanted", "failed" (ours), or "closed".
    """

    result: Any = None
    error: str = ""
    reason: str = ""
    code: str = ""
    line: int | None = None


class _Question(Struct, eq=False):
    line: bytes
    seconds: float
    future: Future
    unwanted: bool = False


class Warm:
    """Asks the warm process. Its methods can be called from any thread and don't wait."""

    def __init__(self, command: Sequence[str] = ANSWERS) -> None:
        self._command = command
        self._changed = threading.Condition()
        self._waiting: deque[_Question] = deque()
        self._at: _Question | None = None
        self._process: _Process | None = None
        self._thread: threading.Thread | None = None
        self._wanted = False
        self._closed = False
        self._count = 0

    def __enter__(self) -> Warm:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Lets the process load TensorFlow now, so that the first question finds it there."""
        with self._changed:
            self._wanted = True
            self._go()

    def ask(
        self, kind: str, *, seconds: float = SECONDS, trusted: bool = False, **fields: Any
    ) -> Future[Answer]:
        """Asks a question of a kind that answers.py lists; the future gives the Answer.

        The fields must go into JSON. `seconds` is how long it may take, loading
        TensorFlow not counted. The
        user's own code, in the field `code`, is only run where the project is
        `trusted`. The future raises nothing but CancelledError. What is added
        to it as a callback is called from a thread of Warm's, not the caller's
        (a window passes it on by a queued signal), or at once where the future
        is done already.
        """
        future: Future[Answer] = Future()
        with self._changed:
            if fields.get("code") and not trusted:
                message = "The project's own code isn't run before you say that you trust it."
                future.set_result(Answer(error=message, reason="untrusted"))
            elif self._closed:
                future.set_result(_CLOSED)
            else:
                self._count += 1
                value = {"id": self._count, "kind": kind, "seconds": seconds, "fields": fields}
                line = json.dumps(value).encode() + b"\n"
                self._waiting.append(_Question(line, seconds, future))
                self._go()
        return future

    def cancel(self, future: Future[Answer]) -> None:
        """Drops a question. The one that is being answered has a short while left to end."""
        if future.cancel():
            return
        with self._changed:
            if self._at is not None and self._at.future is future:
                self._at.unwanted = True
                if self._process is not None:
                    self._process.wake()

    @property
    def ready(self) -> bool:
        """Whether the process is there, and has loaded what it needs."""
        process = self._process
        return process is not None and process.alive and process.loaded

    def log(self) -> list[str]:
        """The last lines that the process, and what it ran, have printed."""
        process = self._process
        return [] if process is None else list(process.lines)

    def close(self) -> None:
        """Ends the process and its threads; questions still waiting are cancelled."""
        with self._changed:
            self._closed = True
            waiting = [question.future for question in self._waiting]
            self._waiting.clear()
            if self._process is not None:
                self._process.kill()
            self._changed.notify_all()
        for future in waiting:
            future.cancel()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _go(self) -> None:
        """Wakes the thread that asks; the lock is held."""
        if self._closed:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="warm", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _serve(self) -> None:
        """Asks one question after the other, until closed."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._waiting or self._wanted)
                if self._closed:
                    break
                self._wanted = False
                failed = self._launch()
            failed = failed or self._process.load()
            self._next(failed)
        if self._process is not None:
            self._process.end()

    def _launch(self) -> Answer | None:
        """Sees to it that there is a process; why there is none."""
        if self._process is not None and not self._process.alive:
            self._process.end()
            self._process = None
        if self._process is None:
            try:
                self._process = _Process(self._command)
            except OSError as error:
                message = f"No process can be started: {error.strerror}."
                return Answer(error=message, reason="died")
        return None

    def _next(self, failed: Answer | None) -> None:
        """Asks the question whose turn it is; tells all of them where nothing can be asked."""
        turns = []
        with self._changed:
            if self._closed:
                return
            while self._waiting and (failed or not turns):
                question = self._waiting.popleft()
                if question.future.set_running_or_notify_cancel():
                    turns.append(question)
            self._at = turns[0] if turns and not failed else None
        for question in turns:
            answer = failed or self._process.ask(question)
            with self._changed:
                self._at = None
                if self._closed and answer.reason == "died":
                    answer = _CLOSED
            question.future.set_result(answer)


_CLOSED = Answer(error="The process that answers has been closed.", reason="closed")


class _Process:
    """One life of the process, with a thread that reads its answers and one that reads its log."""

    def __init__(self, command: Sequence[str]) -> None:
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        environment.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        environment.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # a training needs it more
        self.alive = True
        self.lines: deque[str] = deque(maxlen=KEPT_LINES)
        self.loaded = self._over = False
        self._replies: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        # -P: a file called keras.py in the folder that Studio was started in is not Keras.
        self._popen = subprocess.Popen(
            [sys.executable, "-P", "-m", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            # An interrupt at the terminal is for whoever asks; and what it starts ends with it.
            **({"start_new_session": True} if os.name == "posix" else {"creationflags": 0x200}),
        )
        self._threads = [
            threading.Thread(target=self._read, name="warm answers", daemon=True),
            threading.Thread(target=self._read_log, name="warm log", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _read(self) -> None:
        for line in self._popen.stdout:
            with suppress(ValueError):  # its last line may be half a one
                self._replies.put(json.loads(line))
        self.alive = False
        self._replies.put(_EOF)

    def _read_log(self) -> None:
        for line in self._popen.stderr:
            self.lines.append(line.decode(errors="replace").rstrip()[:2000])

    def wake(self) -> None:
        """Lets `ask` look again at what it waits for."""
        self._replies.put(None)

    def load(self) -> Answer | None:
        """Waits until TensorFlow, and what else it needs, is there; why it isn't."""
        if self.loaded:
            return None
        reply = self._reply(START)
        if reply is not None and "error" in reply:
            self.end()
            return Answer(error=reply["error"], reason="failed")
        if reply is not None:
            self.loaded = True
            return None
        slow = self.alive
        self.end()
        how = "took too long" if slow else how_it_ended(self._popen.returncode)
        last = f' Its last words: "{self.lines[-1]}"' if self.lines else ""
        return Answer(error=f"The process that loads TensorFlow {how}.{last}", reason="died")

    def ask(self, question: _Question) -> Answer:
        """The answer; a process that gave none has ended."""
        with suppress(OSError):  # a pipe that is broken shows in the reply
            self._popen.stdin.write(question.line)
            self._popen.stdin.flush()
        # The process ends itself when its time is up, and says where it was.
        reply = self._reply(question.seconds + GRACE, question)
        if reply is None:
            return self._death(question)
        if reply.get("last"):
            self.end()
        if "error" in reply:
            code, line = reply.get("code", ""), reply.get("line")
            reason = "code" if code else "failed"
            return Answer(error=reply["error"], reason=reason, code=code, line=line)
        return Answer(reply["result"])

    def _reply(self, seconds: float, question: _Question | None = None) -> dict[str, Any] | None:
        """What the process says next; None where it ended, or doesn't in time."""
        until = time.monotonic() + seconds
        while True:
            try:
                reply = self._replies.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                return None
            if reply is not None:
                return None if reply is _EOF else reply
            if question is not None and question.unwanted:
                until = min(until, time.monotonic() + GRACE)

    def _death(self, question: _Question) -> Answer:
        """Ends what is left of the process; why there is no answer."""
        slow = self.alive
        self.end()
        if question.unwanted:
            return Answer(error="The question was taken back.", reason="unwanted")
        _, timeout, dump = "\n".join(self.lines).rpartition("Timeout (")
        if slow or timeout:
            where = re.search(r'File "<code (\w+)>", line (\d+)', dump)
            code, line = (where[1], int(where[2])) if where else ("", None)
            place = f" in line {line} of {code}" if where else ""
            message = f"It took longer than {question.seconds:g} s{place}, and was ended."
            return Answer(error=message, reason="slow", code=code, line=line)
        message = f"The process that answers {how_it_ended(self._popen.returncode)}."
        return Answer(error=message, reason="died")

    def kill(self) -> None:
        """Ends it, and what it has started, at once."""
        if self._over:
            return
        with suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(self._popen.pid, signal.SIGKILL)
            else:
                self._popen.kill()

    def end(self) -> None:
        """Ends it, and waits until nothing of it is left."""
        if self._over:
            return
        if not self.alive:  # it is ending by itself, with a code of its own
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(GRACE)
        self.kill()
        self._over = True
        self._popen.wait()
        for thread in self._threads:
            thread.join()
        for pipe in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            with suppress(OSError):
                pipe.close()
        self.alive = False


_EOF: dict[str, Any] = {}
