"""TensorBoard over runs: one folder with the logs of each, and the real server that shows it."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from studio.engine.board_events import Mirror
from studio.engine.look_run import read_project
from studio.graph.problems import StudioError

HOST = "127.0.0.1"
PATIENCE = 120.0
"""Seconds that the server gets to begin."""

EACH = 1.0
"""Seconds between looks at what the runs have told."""

MISSING = (
    "TensorBoard isn't installed beside Studio. Install it with: "
    f"{sys.executable} -m pip install tensorboard"
)


class Logs:
    """A folder in which each run has its logs under its id: those of the project's TensorBoard
    callback, by a link; else its scalars, written from its events, and kept up with them.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._mirrors: dict[Path, Mirror | None] = {}

    def update(self, runs: list[Path]) -> None:
        """Shows these runs, too, and what they have told since."""
        for run in runs:
            if run not in self._mirrors:
                self._mirrors[run] = self._begin(run)
        for mirror in self._mirrors.values():
            if mirror is not None:
                mirror.update()

    def _begin(self, run: Path) -> Mirror | None:
        own = callback_logs(run)
        if own is not None:
            with contextlib.suppress(OSError):  # not every user of Windows may make links
                (self.folder / run.name).symlink_to(own, target_is_directory=True)
                return None
        return Mirror(run, self.folder / run.name)

    def close(self) -> None:
        """Nothing more will be written."""
        for mirror in self._mirrors.values():
            if mirror is not None:
                mirror.close()


def callback_logs(run: Path) -> Path | None:
    """Where the TensorBoard callback of a run has written; None where it hasn't, or isn't there."""
    project = read_project(run)
    for call in project.training.callbacks if project and project.training else ():
        if call.op == "keras.callbacks.TensorBoard":
            path = run / str(call.params.get("log_dir", "logs"))
            if next(path.rglob("events.out.tfevents.*"), None) is not None:
                return path.resolve()
    return None


def serve(runs: Callable[[], list[Path]], port: int | None, ready: Callable[[str], None]) -> None:
    """Shows runs until it is interrupted; `ready` is told the address once it answers.

    `runs` is asked again and again: later runs are shown, too. Raises StudioError where
    TensorBoard isn't installed, or doesn't begin.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise StudioError(MISSING)
    with TemporaryDirectory(prefix="studio-board-") as place:
        folder = Path(place, "logs")
        folder.mkdir()
        logs = Logs(folder)
        port = free_port(port or 0)
        with Path(place, "log.txt").open("w+b") as log:
            server = _launch(folder, port, log)
            try:
                logs.update(runs())
                _wait(server, port, Path(place, "log.txt"))
                ready(f"http://{HOST}:{port}/")
                while server.poll() is None:
                    time.sleep(EACH)
                    logs.update(runs())
                raise StudioError(f"TensorBoard has ended. {_last(Path(place, 'log.txt'))}")
            finally:
                logs.close()
                _end(server)


def free_port(wanted: int = 0) -> int:
    """A port that nobody listens at: the one wanted, or any; StudioError where it can't be had."""
    with socket.socket() as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name == "posix")
        try:
            found.bind((HOST, wanted))
        except OSError as error:
            raise StudioError(
                f"Port {wanted} can't be listened at: {error.strerror}. "
                "Name another with --port, or leave it out."
            ) from None
        return found.getsockname()[1]


def _launch(folder: Path, port: int, log) -> subprocess.Popen:
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder)]
    command += ["--host", HOST, "--port", str(port), "--reload_interval", "2"]
    quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    # Ctrl-C is for us: we end it.
    alone = {"start_new_session": True} if os.name == "posix" else {"creationflags": 0x200}
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=quiet, **alone
    )


def _wait(server: subprocess.Popen, port: int, log: Path) -> None:
    """Waits until it answers."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if server.poll() is not None:
            raise StudioError(f"TensorBoard doesn't begin. {_last(log)}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            asked = http.client.HTTPConnection(HOST, port, timeout=5)
            asked.request("GET", "/data/environment")
            if asked.getresponse().status == 200:
                asked.close()
                return
        time.sleep(0.1)
    raise StudioError(f"TensorBoard doesn't answer within {PATIENCE:.0f} s. {_last(log)}")


def _last(log: Path) -> str:
    """What a server said last."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return f"Its last words: {lines[-1]}" if lines else "It said nothing."


def _end(server: subprocess.Popen) -> None:
    server.terminate()
    try:
        server.wait(timeout=10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
