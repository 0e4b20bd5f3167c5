"""A run: its folder, its process, its state."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from studio.codegen.script import Script, write_script
from studio.engine import checkpoints, control, local_cluster
from studio.engine.environment import describe
from studio.engine.events import EventReader, EventWriter
from studio.engine.files import data_files, place_files
from studio.engine.local_cluster import LocalCluster, check_start, differs, keep_shape, read_shape
from studio.engine.needed import check_installed
from studio.engine.process import Found, forget, note
from studio.engine.progress import Progress
from studio.graph import text
from studio.graph.distribution import batch_stage
from studio.graph.document import Project
from studio.graph.file import read, save, write_atomically
from studio.graph.problems import StudioError

if TYPE_CHECKING:
    from studio.engine.death import Death

LOG = "log.txt"
SCRIPT = "train.py"
LINES = "lines.json"
"""Which lines of the script belong to which node: "graph:node" -> [[first, last], ...]."""


class Run:
    """A run to be followed: one that this process has started, or has found."""

    def __init__(self, folder: Path, process: subprocess.Popen | Found):
        self.folder = folder
        self.process = process
        self.progress = Progress()
        self._reader = EventReader(folder)

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.folder.name

    def poll(self, most: int | None = None) -> list[dict[str, Any]]:
        """The events since the last call, of the first `most` bytes of them.

        A process that died without a word has its end told.
        """
        from studio.engine.queue import advance

        code = self.process.poll()  # asked first: what it wrote before it died is then read below
        events = self._reader.read(most)
        for event in events:
            self.progress.take(event)
        if code is not None and not self._reader.behind:
            if not self.progress.ended:
                writer = EventWriter(self.folder)
                writer.write("state", **asdict(self._death(code)))
                writer.close()
                events += self._reader.read()
                self.progress.take(events[-1])
                forget(self.folder)
                advance(self.folder.parent)  # it can't do so itself any more
            forget(self.folder)
        return events

    def _death(self, code: int) -> Death:
        from studio.engine.death import death

        return death(self.folder, None if isinstance(self.process, Found) else code, self.progress)

    @property
    def behind(self) -> bool:
        """Whether the last look left events unread."""
        return self._reader.behind

    @property
    def read_bytes(self) -> int:
        """How many bytes of its events have been read."""
        return self._reader.offset

    def stop(self, keep_best: bool = False) -> None:
        """Asks it to write a checkpoint and end, with the model as it is or of the best epoch."""
        if keep_best:  # said before the other, which is what it looks for
            control.ask(self.folder, control.KEEP_BEST)
        control.ask(self.folder, control.STOP)

    def pause(self) -> None:
        """Asks it to wait behind the step it is at, with a checkpoint written."""
        control.ask(self.folder, control.PAUSE)

    def kill(self) -> None:
        """Ends the process at once."""
        self.process.kill()
        self.process.wait()


def attach(folder: Path) -> Run:
    """The run of a folder, whoever has started it."""
    return Run(folder, Found(folder))


def log_end(folder: Path, count: int, log: str = LOG, since: int = 0) -> list[str]:
    """The last lines of a run's log that say something; none before the byte `since`."""
    try:
        with (folder / log).open("rb") as file:
            file.seek(max(since, file.seek(0, os.SEEK_END) - 65536))
            lines = file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return []
    return [line for line in lines if line.strip()][-count:]


def new_folder(runs: Path, name: str) -> Path:
    """A new folder for a run, called by time and project; StudioError where none can be made."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_")[:40] or "run"
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")  # local: a person reads it
    for suffix in ("", *(f"-{number}" for number in range(2, 1000))):
        folder = runs / f"{stamp}-{plain}{suffix}"
        try:
            folder.mkdir(parents=True)
            (folder / "artifacts").mkdir()
            return folder
        except FileExistsError:
            if not runs.is_dir():
                break
        except OSError as error:
            raise StudioError(
                f"No run can be kept in {runs}: {error.strerror}. "
                "Name another folder with --runs, or make this one writable."
            ) from None
    raise StudioError(f"No run can be kept in {runs}: it is no folder. Name another with --runs.")


def batch_size(project: Project) -> int | None:
    """Samples in a step, where the data graph says it."""
    stage = batch_stage(project)
    return None if stage is None else stage.params.get("batch_size")


def start(
    project: Project,
    folder: Path,
    runs: Path,
    script: Script | None = None,
    cluster: LocalCluster | None = None,
) -> Run:
    """Starts a run of a project that has no errors, with the processes of a cluster if given.

    `folder` is what the project's relative paths are relative to. The script
    that runs is the one that `studio script` gives. Raises StudioError before
    anything has started where the run can't be kept.
    """
    return launch(prepare(project, folder, runs, script, cluster))


def prepare(
    project: Project,
    folder: Path,
    runs: Path,
    script: Script | None = None,
    cluster: LocalCluster | None = None,
) -> Path:
    """The folder of a run that can be launched, with all that it needs; StudioError as `start`."""
    check_installed(project)
    check_start(project, cluster, os.environ)
    script = script or write_script(project, folder)
    place = new_folder(runs, project.name)
    lines = {f"{graph}:{node}": spans for (graph, node), spans in script.nodes.items()}
    try:
        save(project, place / "project.json")
        write_atomically(place / SCRIPT, script.text.encode())
        write_atomically(place / LINES, text.dump(lines).encode())
        place_files(project, folder, place)
        about = describe(project, data_files(project, folder))
        write_atomically(place / "environment.json", text.dump(about).encode())
        if cluster is not None:
            keep_shape(place, cluster)
        events = EventWriter(place)
        events.write("state", state="queued")
        events.close()
    except OSError as error:
        raise _not_kept(place, error) from None
    return place


def launch(place: Path, environment: Mapping[str, str] = os.environ) -> Run:
    """Starts the run of a folder; StudioError where no process can be started."""
    try:
        process = _launch(place, environment)
    except OSError as error:
        raise _not_kept(place, error) from None
    _keep(process)
    return Run(place, process)


def _not_kept(place: Path, error: OSError) -> StudioError:
    return StudioError(f"The run can't be kept in {place}: {error.strerror}.")


_started: list[subprocess.Popen] = []
"""Kept until they end, also where nobody follows them: they would stay behind as zombies."""


def resume(folder: Path, cluster: LocalCluster | None = None) -> Run:
    """Lets a run go on: one that waits at once, one that has ended from its last checkpoint.

    It does so with the processes that it had, or with those of another cluster. Raises
    StudioError where it goes on already, or has been completed.
    """
    run = attach(folder)
    run.poll()
    state, there = run.progress.state, not run.progress.ended and run.process.there
    if there and cluster is not None:
        raise StudioError(
            f"The run {run.id} goes on, with the processes that it has. Stop it first "
            f"(studio stop {run.id}) to let it go on with others."
        )
    if there and (state == "paused" or control.asked(folder, control.PAUSE)):
        control.withdraw(folder, control.PAUSE)
        return run
    if there:
        raise StudioError(f"The run {run.id} goes on already: nothing has to be resumed.")
    if state == "completed":
        raise StudioError(f"The run {run.id} has been completed: there is nothing left to train.")
    before = read_shape(folder) if cluster is None else _shape_before(folder)
    check_start(read(folder)[0], cluster or before, os.environ)
    checkpoints.last(folder)  # which says so where there is none that can be read
    control.withdraw(folder, *control.WORDS)
    try:
        if cluster is not None:
            keep_shape(folder, cluster)
            _say(folder, differs(before, cluster))
        events = EventWriter(folder)
        events.write("state", state="queued")
        events.close()
        process = _launch(folder, os.environ, "--resume")
    except OSError as error:
        raise StudioError(f"The run can't go on in {folder}: {error.strerror}.") from None
    _keep(process)
    run.process = process
    run.poll()
    return run


def _shape_before(folder: Path) -> LocalCluster | None:
    """The tasks of a run that is given others; nothing where what it says is damaged."""
    with contextlib.suppress(StudioError):
        return read_shape(folder)
    return None


def _say(folder: Path, sentence: str) -> None:
    """Writes a sentence into a run's log."""
    if sentence:
        with (folder / LOG).open("a", encoding="utf-8") as log:
            print(sentence, file=log)


def _keep(process: subprocess.Popen) -> None:
    _started[:] = [*(each for each in _started if each.poll() is None), process]


def _launch(place: Path, given: Mapping[str, str], *options: str) -> subprocess.Popen:
    """The training process: a session of its own, so that it outlives whoever started it."""
    environment = {**given, "PYTHONUNBUFFERED": "1"}
    environment.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    module = "cluster" if (place / local_cluster.NAME).exists() else "child"
    with (place / LOG).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", f"studio.engine.{module}", *options, str(place.resolve())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=place,
            env=environment,
            **({"start_new_session": True} if os.name == "posix" else {"creationflags": 0x200}),
        )
    with contextlib.suppress(OSError):  # it does so itself, too, a moment later
        note(place, process.pid)
    return process


def over(run: Run) -> bool:
    """Whether a run has told its end, and its process is gone, as far as that can be seen."""
    if not run.progress.ended:
        return False
    return isinstance(run.process, Found) or run.process.poll() is not None


def wait(run: Run, seconds: float, each: float = 0.05) -> bool:
    """Waits for a run to end, reading its events; False where it still goes on after `seconds`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        run.poll()
        if over(run):
            return True
        time.sleep(each)
    return False
