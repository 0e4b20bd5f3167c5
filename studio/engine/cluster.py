"""A run of several processes on this machine: `python -m studio.engine.cluster [--resume] FOLDER`.

This is the run's process: it starts the tasks that cluster.json names, hears how each of them
ends, and tells the run's end when all of them are gone. It never imports TensorFlow.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from studio.engine.data_service import DISPATCHER
from studio.engine.death import Death, death
from studio.engine.events import Event, EventReader, EventWriter, decode
from studio.engine.local_cluster import (
    DATA,
    LocalCluster,
    addresses,
    environment_of,
    read_shape,
)
from studio.engine.members import LEADER, READY, called, log_name, subject
from studio.engine.process import forget, note
from studio.engine.progress import Progress
from studio.engine.queue import advance
from studio.engine.run import LOG
from studio.engine.started import Started
from studio.engine.work import ready
from studio.graph.cluster import PS, TF_CONFIG, WORKER, leader, tasks, tf_config

EACH = 0.1
"""Seconds between looks at the tasks."""

SETTLING = 5.0
"""Seconds in which another task may turn out to be the cause of what one has died of."""

LEAVING = 10.0
"""Seconds that the others get to end by themselves when the training has come to its end."""

STARTS = 4
"""How often a process that the training can do without is started, at most."""

_HEARD = (b'{"event":"member"', b'{"event":"resources"')


class Supervisor:
    """The tasks of a run, from their start to the end of the last."""

    def __init__(self, folder: Path, events: EventWriter, resume: bool):
        self._folder, self._events = folder, events
        self._members: list[Started] = []
        self._reader = EventReader(folder)
        self._reader.lines()  # what was told before is of no meaning here
        self._progress = Progress()
        self._said: dict[str, Event] = {}
        """How tasks have died, where they have said it themselves."""
        self._end: dict[str, Any] | None = None
        """What the task that leads has said of the training's end."""
        self._fatal: list[Started] = []
        self._awaited: set[str] = set()
        """The processes of the data that aren't ready yet: of those that come to them too late
        a training that has begun gets nothing.
        """
        self._since = 0.0
        shape = read_shape(folder) or LocalCluster()
        self._leader = "{}:{}".format(*leader(shape.roles)) if shape.roles else LEADER
        self._in_step = PS not in shape.roles
        """Whether all tasks do the same steps, so that none can be spared."""
        self._make(shape, ["--resume"] if resume else [])

    def _make(self, shape: LocalCluster, options: list[str]) -> None:
        cluster, data = addresses(shape)
        folder, parent = str(self._folder), str(os.getpid())
        given = environment_of(os.environ, data)
        for number, address in enumerate(data, -1):
            task = f"{DATA}:{number}" if number >= 0 else DISPATCHER
            others = data[:1] if number >= 0 else data[1:]
            command = ["studio.engine.data_service", parent, task, address, *others]
            self._member(task, command, given, serves=True, spare=number >= 0)
            self._awaited.add(task)
        command = ["studio.engine.member", parent, *options, folder]
        for role, index in tasks(shape.roles):
            task = f"{role}:{index}"
            serves = not self._in_step and task != self._leader
            environment = given | {TF_CONFIG: tf_config(cluster, role, index)}
            self._member(task, command, environment, serves, spare=serves and role == WORKER)
            print(f"{called(task)} listens at {cluster[role][index]}.")
        if not shape.roles:
            self._member(LEADER, command, given)

    def _member(
        self,
        task: str,
        command: list[str],
        environment: dict[str, str],
        serves: bool = False,
        spare: bool = False,
    ) -> None:
        log = LOG if task == self._leader else log_name(task)
        self._members.append(Started(self._folder, task, command, environment, log, serves, spare))

    def run(self) -> dict[str, Any]:
        """Starts all tasks, and waits for the end of the training; what is told of it."""
        for member in self._members:
            if member.task in self._awaited or not self._awaited:
                self._start(member)
        while self._end is None:
            time.sleep(EACH)
            failed = self._look()
            if failed is not None:
                return failed
        self._let_leave()
        return self._end

    def close(self) -> None:
        """Ends what is left of them."""
        left = [each for each in self._members if each.there]
        for each in left:
            each.kill()
        for each in left:
            each.wait()
            self._events.write("member", task=each.task, state="ended")

    def _start(self, member: Started) -> None:
        process = member.start()
        self._events.write("member", task=member.task, state="started", process=process)

    def _let_leave(self) -> None:
        """Lets those end by themselves that do so, now that the training has ended."""
        until = time.monotonic() + LEAVING
        while any(each.there and not each.serves for each in self._members):
            if time.monotonic() > until:
                return
            time.sleep(EACH)

    def _look(self) -> dict[str, Any] | None:
        """Looks once at all of them; what is told of the run where it has failed by a death."""
        gone = [each for each in self._members if not each.over and each.poll() is not None]
        self._hear()  # what those have said before they were gone
        if self._end is not None:
            return None
        for member in gone:
            self._miss(member)
        if not self._awaited:
            for member in self._members:
                if not member.starts:
                    self._start(member)
        return self._failed()

    def _hear(self) -> None:
        lines = self._reader.lines().splitlines(keepends=True)
        for event in decode(b"".join(line for line in lines if line.startswith(_HEARD))):
            self._progress.take(event)
            if event["event"] == "member" and event["state"] == READY:
                self._awaited.discard(event["task"])
            elif event["event"] == "member" and event["state"] == "died":
                self._said.setdefault(event["task"], event)
            elif event.get("task") == self._leader and isinstance(event.get("end"), dict):
                self._end = event["end"]

    def _miss(self, member: Started) -> None:
        """Goes on without a member, has it started again, or takes it that the run has failed."""
        member.over = True
        if member.poll() == 0 and not member.serves and member.task != self._leader:
            return  # it has done all its steps
        member.died = self._death(member)
        if member.spare and member.starts < STARTS:
            print(f"{member.died.message} It is started again.")
            self._start(member)
            return
        self._awaited.discard(member.task)
        if not member.spare or not self._more(member):
            self._fatal.append(member)
            self._since = self._since or time.monotonic()

    def _more(self, member: Started) -> bool:
        """Whether the training can go on with others like one that has died for good."""
        role = member.task.partition(":")[0]
        alike = [each for each in self._members if each.task.partition(":")[0] == role]
        return not all(each.over for each in alike)

    def _death(self, member: Started) -> Death:
        """How a member has died; it is told here where it hasn't said so itself."""
        said = self._said.pop(member.task, None)
        if said is not None:
            member.follows = bool(said.get("follows"))
            message = f"{said.get('message', '')}. See {self._folder / member.log}."
            place = said.get("graph") or "", said.get("node") or ""
            return Death("failed", message, *place, said.get("line"))
        found = death(
            self._folder,
            member.poll(),
            self._progress,
            subject(member.task),
            member.log,
            member.before,
        )
        self._events.write("member", task=member.task, state="died", message=found.message)
        self._hear()
        self._said.pop(member.task, None)  # which was this
        return found

    def _failed(self) -> dict[str, Any] | None:
        """What is told of the run when the cause of its failure is known."""
        if not self._fatal:
            return None
        cause = next((each for each in self._fatal if not each.follows), None)
        waited = time.monotonic() - self._since
        if cause is None and waited < SETTLING and any(each.there for each in self._members):
            return None
        cause = cause or self._fatal[0]
        found = cause.died
        more = ""
        if cause.spare:
            role = cause.task.partition(":")[0]
            more = f" No {role} is left, after {STARTS} starts of each."
        elif len(self._members) > 1:
            more = " The other tasks were ended."
        place = {"graph": found.graph, "node": found.node, "line": found.line}
        return {"state": "failed", "message": found.message + more, "task": cause.task, **place}


def main(folder: Path, resume: bool = False) -> int:
    """Runs the tasks of a run's folder to their end, and tells how the run ended."""
    events, given = EventWriter(folder), dict(os.environ)
    ready(folder)
    supervisor = None
    try:
        note(folder)
        supervisor = Supervisor(folder, events, resume)
        told = supervisor.run()
    except Exception as error:
        traceback.print_exc()
        message = f"The tasks can't be led: {type(error).__name__}: {error}. See {folder / LOG}."
        told = {"state": "failed", "message": message}
    finally:
        if supervisor is not None:
            supervisor.close()
    events.write("state", **told)
    forget(folder)
    advance(folder.parent, given)
    return 0 if told["state"] != "failed" else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[-1]), resume="--resume" in sys.argv[1:-1]))
