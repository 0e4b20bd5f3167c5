"""Measures a project under each strategy, in processes of their own, one strategy at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec.structs import replace

from studio.codegen.script import write_script
from studio.engine.ending import how_it_ended
from studio.engine.files import place_files
from studio.engine.local_cluster import HOST, environment_of, free_ports
from studio.engine.probe import SCRIPT, SETTINGS
from studio.engine.speed import own_way
from studio.engine.strategies import (
    NONE,
    Advice,
    Measured,
    Strategy,
    adopting,
    fastest,
    is_wanted,
    measured,
    offered,
)
from studio.engine.training_question import UNTRUSTED
from studio.graph.asking import Ask
from studio.graph.checks import check
from studio.graph.cluster import TF_CONFIG, leader, tasks, tf_config
from studio.graph.document import Project
from studio.graph.problems import ProjectError, StudioError, errors

SECONDS = 2.0
"""How long the steps of each strategy are measured."""

LONGEST = 240.0
"""Seconds behind which a strategy that has told nothing is given up; its steps come on top."""

EACH = 0.2


class Failed(Exception):  # noqa: N818  (it is an answer)
    """A strategy that can't be measured, with the reason."""


def measure(
    project: Project,
    folder: Path,
    names: tuple[str, ...],
    trusted: bool = False,
    seconds: float = SECONDS,
    tell: Callable[[str], None] = lambda words: None,
    ask: Ask | None = None,
) -> Advice:
    """Measures the strategies that are named; `tell` hears which one is being measured.

    Raises ProjectError where the project has errors, StudioError where it can't be trained even
    without a strategy, or isn't trusted.
    """
    if project.code and not trusted:
        raise StudioError(UNTRUSTED)
    with TemporaryDirectory(prefix="studio-") as place:
        probes = _Probes(project, folder, Path(place), seconds, ask)
        tell("none")
        alone: dict[tuple[int, int], list[dict[str, Any]]] = {}
        rows = [_row(probes, NONE, alone)]
        plain = probes.found[NONE.key]
        probes.settle(plain)
        strategies = [each for each in offered(plain["gpus"]) if is_wanted(each, names)]
        for strategy in strategies[1:]:
            tell(strategy.name)
            rows.append(_row(probes, strategy, alone))
        chosen = strategies[rows.index(fastest(rows))]
        if chosen is not NONE:
            # What else the machine does may have changed since: both once more, side by side.
            tell(f"none and {chosen.name} once more")
            pair = [_row(probes, each, alone, again=True) for each in (NONE, chosen)]
            for each, row in zip((NONE, chosen), pair, strict=True):
                rows[strategies.index(each)] = row
            if pair[1].why or fastest(pair) is pair[0]:
                chosen = NONE
    best = rows[strategies.index(chosen)]
    edit = adopting(project, chosen) if chosen.distribution != project.distribution else None
    return Advice(tuple(rows), plain["samples"], plain["data_ms"], plain["gpus"], best, edit)


def _row(
    probes: _Probes,
    strategy: Strategy,
    alone: dict[tuple[int, int], list[dict[str, Any]]],
    again: bool = False,
) -> Measured:
    """One strategy, measured; `again`, together with what was found of it before."""
    parts = (strategy.devices, strategy.parts)
    try:
        if strategy.lacks:
            raise Failed(strategy.lacks)
        found = probes.run(strategy)
        if again:
            before = probes.found[strategy.key]
            found |= {name: before[name] + found[name] for name in ("fed", "ready")}
        probes.found[strategy.key] = found
        if strategy is NONE:
            alone[parts] = [found]
        if parts not in alone:
            alone[parts] = probes.alone(*parts)
    except ProjectError as error:
        if strategy is NONE:
            raise
        why = " ".join(problem.sentence() for problem in errors(error.problems))
    except Failed as failed:
        if strategy is NONE:
            raise StudioError(f"The training can't be measured: it {failed}.") from None
        why = str(failed)
    else:
        return measured(strategy, found, alone[parts])
    return Measured(strategy.key, strategy.name, strategy.devices, why)


class _Probes:
    """Starts the processes of a strategy, and ends them all whatever happens."""

    def __init__(
        self, project: Project, folder: Path, place: Path, seconds: float, ask: Ask | None
    ):
        self.project, self.folder, self.place, self.ask = project, folder, place, ask
        self.settings: dict[str, Any] = {"seconds": seconds, "steps": 0, "warm": 0}
        self.found: dict[str, dict[str, Any]] = {}
        """What was measured of each strategy, by its key."""
        self.gpus = 0
        self._made = 0

    def settle(self, plain: dict[str, Any]) -> None:
        """Has all others do as many steps as there were without a strategy."""
        self.settings |= {"steps": plain["steps"], "warm": plain["warm"]}
        self.gpus = plain["gpus"]

    def run(self, strategy: Strategy) -> dict[str, Any]:
        """What the process that leads has told. Raises ProjectError where checks refuse it."""
        project = self._probed(strategy)
        if not strategy.roles:
            return self._measured(project, [({}, True, 1)])[0]
        ports = iter(free_ports(sum(strategy.roles.values())))
        cluster = {
            role: [f"{HOST}:{next(ports)}" for _ in range(count)]
            for role, count in strategy.roles.items()
        }
        members = []
        for role, index in tasks(strategy.roles):
            told = {TF_CONFIG: tf_config(cluster, role, index)}
            told |= self._card(index if role == "worker" else None)
            members.append((told, (role, index) == leader(strategy.roles), 1))
        return self._measured(project, members, roles=True)[0]

    def alone(self, count: int, parts: int) -> list[dict[str, Any]]:
        """What so many processes tell that each train a part of a batch, without a strategy.

        At once where they share a CPU; of GPUs, which are as fast beside each other, one does.
        """
        project = self._probed(NONE)
        members = [(self._card(index), True, parts) for index in range(count)]
        return self._measured(project, members[:1] if self.gpus else members)

    def _card(self, index: int | None) -> dict[str, str]:
        if not self.gpus:
            return {}
        return {"CUDA_VISIBLE_DEVICES": "-1" if index is None else str(index % self.gpus)}

    def _probed(self, strategy: Strategy) -> Project:
        """The project as it trains under a strategy, without all that is beside the training."""
        edit = adopting(self.project, strategy)
        project = edit.apply(self.project) if self.project.training else self.project
        training, data = project.training, project.data
        if training is not None:
            steps, xla = own_way(training)
            training = replace(
                training,
                loop="custom",
                callbacks=(),
                validation_steps=None,
                steps_per_execution=steps,
                jit_compile=xla,
            )
        if data is not None:
            train = {name: end for name, end in data.outputs.items() if name == "train"}
            data = replace(data, outputs=train)
        return replace(project, training=training, data=data, exports=type(project.exports)())

    def _measured(
        self,
        project: Project,
        members: list[tuple[dict[str, str], bool, int]],
        roles: bool = False,
    ) -> list[dict[str, Any]]:
        """What the members that lead have told: (environment, whether it leads, parts).

        With `roles` they are the tasks of one cluster, and have to do the same steps.
        """
        report = check(project, self.folder, ask=self.ask)
        script = write_script(project, self.folder, report=report).text
        processes: list[_Process] = []
        try:
            for told, leads, parts in members:
                self._made += 1
                own = self.place / str(self._made)
                own.mkdir()
                place_files(project, self.folder, own)
                (own / SCRIPT).write_text(script, encoding="utf-8")
                settings = self.settings | {"divided": parts, "leads": leads, "roles": roles}
                (own / SETTINGS).write_text(json.dumps(settings), encoding="utf-8")
                processes.append(_Process(own, told, leads))
            leading = [each for each in processes if each.leads]
            with _Watch(processes, LONGEST + 8 * self.settings["seconds"]):
                for each in leading:
                    each.heard()
                for each in leading:
                    each.begin()
                return [each.heard() for each in leading]
        finally:
            for each in processes:
                each.end()


class _Process:
    """One process that measures, or that helps one to."""

    def __init__(self, folder: Path, told: dict[str, str], leads: bool):
        self.leads = leads
        self.given_up = ""
        environment = environment_of(os.environ, []) | {"TF_CPP_MIN_LOG_LEVEL": "3"} | told
        with (folder / "log.txt").open("wb") as log:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "studio.engine.probe", str(os.getpid()), str(folder)],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    def heard(self) -> dict[str, Any]:
        """The next that it tells; raises Failed where that is its end."""
        line = self.popen.stdout.readline()
        if not line:
            raise Failed(self.given_up or how_it_ended(self.popen.wait()))
        told = json.loads(line)
        if "error" in told:
            raise Failed(f"fails: {told['error'].rstrip('.')}")
        return told

    def end_words(self) -> str:
        """How one that helps, and is gone, has ended."""
        try:
            while True:
                self.heard()
        except Failed as failed:
            return str(failed)

    def begin(self) -> None:
        """Lets it measure."""
        with suppress(BrokenPipeError):
            self.popen.stdin.write(b"\n")
            self.popen.stdin.flush()

    def give_up(self, why: str) -> None:
        """Ends it at once, for a reason."""
        self.given_up = why
        self.popen.kill()

    def end(self) -> None:
        """Ends it, wherever it is."""
        self.popen.kill()
        self.popen.wait()
        for stream in (self.popen.stdin, self.popen.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()


class _Watch:
    """Gives up those that lead where they take too long, or where one that helps has died."""

    def __init__(self, processes: list[_Process], seconds: float):
        self._processes, self._seconds = processes, seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        until = time.monotonic() + self._seconds
        while not self._ended.wait(EACH):
            why = ""
            helpers = (each for each in self._processes if not each.leads)
            gone = next((each for each in helpers if each.popen.poll() is not None), None)
            if gone is not None:
                why = f"needs a process that {gone.end_words()}"
            elif time.monotonic() > until:
                why = f"hasn't trained its steps within {self._seconds:.0f} seconds"
            if why:
                for each in self._processes:
                    if each.leads and each.popen.poll() is None:
                        each.give_up(why)
                return
