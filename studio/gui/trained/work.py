"""A command of Studio at work beside the window, which reads what it prints.

TensorFlow stays in that process. It leads a group of its own with all that it
starts, so that to give it up leaves none of them behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

STUDIO = (sys.executable, "-P", "-m", "studio")
"""What a command is started by."""

MOST = 8 << 20
"""Bytes of what it prints that are kept: a table of a million rows isn't shown whole."""

WORDS = 1 << 16
"""Bytes of its errors that are kept, from the end."""

GRACE = 3000
"""Milliseconds in which it may clean up behind itself when it is given up."""

LAST = 1500
"""The same when the window closes, which waits for it."""


class Work(QObject):
    """One command at a time.

    Signals: `told(object)` a JSON object that it prints on a line of its own, while it works;
    `done(str)` all that it has printed, up to MOST bytes; `failed(str)` the sentence of why it
    couldn't; `cancelled()` it was given up. Behind each start comes one of the last three.
    """

    told = Signal(object)
    done = Signal(str)
    failed = Signal(str)
    cancelled = Signal()

    def __init__(self, parent: QObject):
        super().__init__(parent)
        self._process: QProcess | None = None
        self._printed = bytearray()
        self._line = bytearray()
        self._said = bytearray()
        self._given_up = False
        self._id = 0
        self._family: list[Any] = []
        self._late = QTimer(self, interval=GRACE, singleShot=True)
        self._late.timeout.connect(self._end_all)

    @property
    def working(self) -> bool:
        """Whether it is at work, or about to end."""
        return self._process is not None

    @property
    def cut(self) -> bool:
        """Whether more was printed than is kept."""
        return len(self._printed) >= MOST

    def start(self, *arguments: object) -> None:
        """Starts a command with these arguments; what was at work is ended first."""
        self.close()
        for kept in (self._printed, self._line, self._said):
            kept.clear()
        self._given_up = False
        process = self._process = QProcess(self)
        process.setProcessEnvironment(_environment())
        if os.name == "posix":
            alone = QProcess.UnixProcessParameters()
            flags = QProcess.UnixProcessFlag
            # Of a shell's background job the window has inherited to ignore interrupts.
            alone.flags = flags.CreateNewSession | flags.ResetSignalHandlers
            process.setUnixProcessParameters(alone)
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._hear)
        process.finished.connect(self._ended)
        process.errorOccurred.connect(self._refused)
        process.start(STUDIO[0], [*STUDIO[1:], *map(str, arguments)])
        if self._process is process:  # it could be started
            self._id = process.processId()
            process.closeWriteChannel()

    def cancel(self) -> None:
        """Asks it to end, as Ctrl-C does; what hasn't ended a moment later is ended."""
        if self._process is None or self._given_up:
            return
        self._given_up = True
        self._family = _children(self._id)
        _signal(self._id, "SIGINT")
        self._late.start(GRACE if os.name == "posix" else 0)

    def close(self) -> None:
        """Ends it, with all that it has started, before this returns; nothing is told of it."""
        process = self._process
        if process is None:
            return
        self.blockSignals(True)
        self.cancel()
        if not process.waitForFinished(LAST):
            self._end_all()
            process.waitForFinished(LAST)
        self._gone()
        self.blockSignals(False)

    # What it prints

    def _read(self) -> None:
        new = bytes(self._process.readAllStandardOutput().data())
        self._printed += new[: max(0, MOST - len(self._printed))]
        if len(self._line) + len(new) > MOST:
            return  # one endless line is no progress
        self._line += new
        *lines, rest = self._line.split(b"\n")
        self._line = bytearray(rest)
        for line in lines:
            with contextlib.suppress(ValueError):
                told = json.loads(line)
                if isinstance(told, dict):
                    self.told.emit(told)

    def _hear(self) -> None:
        self._said += self._process.readAllStandardError().data()
        del self._said[:-WORDS]

    # How it ends

    def _refused(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            reason = self._process.errorString()
            self._gone()
            self.failed.emit(f"The command can't be started: {reason.rstrip('.')}.")

    def _ended(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        self._hear()
        crashed = status == QProcess.ExitStatus.CrashExit
        given_up, printed = self._given_up, self._printed.decode("utf-8", "replace")
        sentence = sentence_of(self._said.decode("utf-8", "replace"))
        self._gone()
        if given_up:
            self.cancelled.emit()
        elif crashed:
            from studio.engine.ending import how_it_ended

            end = how_it_ended(-code) if os.name == "posix" else f"crashed (code {code})"
            self.failed.emit(f"The process {end}.")
        elif code and not answered(printed):
            self.failed.emit(sentence or f"The process ended with code {code} and said nothing.")
        else:
            self.done.emit(printed)

    def _gone(self) -> None:
        """Nothing of it is left behind: what it has started ends with it."""
        self._late.stop()
        process, self._process = self._process, None
        if process is None:
            return
        _signal(self._id, "SIGKILL")
        self._end_family()
        self._id = 0
        process.deleteLater()

    def _end_all(self) -> None:
        if self._process is not None:
            self._family += _children(self._id)
            self._process.kill()

    def _end_family(self) -> None:
        import psutil

        for each in self._family:
            with contextlib.suppress(psutil.Error):
                each.kill()
        self._family = []


def answered(printed: str) -> bool:
    """Whether the last of what a command has printed is an answer: one JSON object on its line.

    An export that was made and can't be proven equal ends with code 1, and tells all the same.
    """
    return isinstance(last_object(printed), dict)


def last_object(printed: str) -> dict[str, Any] | None:
    """The JSON object that stands last in what was printed, alone or behind lines of progress."""
    text = printed.strip()
    for candidate in (text.rpartition("\n")[2], text):
        with contextlib.suppress(ValueError):
            found = json.loads(candidate)
            if isinstance(found, dict):
                return found
    return None


def sentence_of(said: str) -> str:
    """What a command has said of why it couldn't: its sentences, without who says them."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("studio: ", "error: "))]
    if not told:
        return lines[-1] if lines else ""
    return " ".join(line.removeprefix("studio: ").removeprefix("error: ") for line in told)


def _environment() -> QProcessEnvironment:
    """What is printed comes at once, in UTF-8, and without what TensorFlow tells of itself."""
    found = QProcessEnvironment.systemEnvironment()
    for name, value in (("PYTHONUTF8", "1"), ("PYTHONUNBUFFERED", "1")):
        found.insert(name, value)
    if not found.contains("TF_CPP_MIN_LOG_LEVEL"):
        found.insert("TF_CPP_MIN_LOG_LEVEL", "3")
    return found


def _children(pid: int) -> list[Any]:
    import psutil

    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def _signal(group: int, name: str) -> None:
    """Sends a signal to a process and all of its group; only POSIX has such."""
    if os.name == "posix" and group:
        with contextlib.suppress(OSError):
            os.killpg(group, getattr(signal, name))
