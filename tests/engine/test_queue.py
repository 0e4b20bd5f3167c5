"""Runs that wait for their turn, as real processes that nobody watches over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.engine.about import NOTHING
from studio.engine.process import Found
from studio.engine.queue import advance, enqueue, move_up, waiting, withdraw
from studio.engine.run import attach, prepare
from studio.engine.runs import read_run
from studio.graph.file import load
from tests.conftest import ROOT, events, hear_interrupts, studio

PENGUINS = ROOT / "templates" / "penguins"
LONG = ("--epochs", "100000", "--set", "training.callbacks=[]")


def queue(runs: Path, *options: object) -> Path:
    """The folder of a run that `studio run --queue` has left."""
    done = studio("run", PENGUINS, "--runs", runs, "--queue", "--json", *options)
    assert (done.returncode, done.stderr) == (0, "")
    return Path(json.loads(done.stdout)["folder"])


def until(true: Callable[[], object]) -> None:
    """Waits, without a look at the runs, for something to become true."""
    end = time.monotonic() + 120
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def state(folder: Path) -> str:
    return [each["state"] for each in events(folder) if each["event"] == "state"][-1]


def at(folder: Path, word: str) -> float:
    """When a run came into a state."""
    (found,) = [each["time"] for each in events(folder) if each.get("state") == word]
    return found


def listed(runs: Path) -> dict[str, tuple[str, int | None]]:
    """What `studio runs` says: id -> state, place in the queue."""
    found = json.loads(studio("runs", "--runs", runs, "--json").stdout)["runs"]
    return {each["run"]: (each["state"], each["queue"]) for each in found}


def process_of(folder: Path) -> int:
    return json.loads((folder / "process.json").read_text())["process"]


@pytest.fixture
def runs(tmp_path):
    """A folder for runs, none of which goes on afterwards."""
    yield tmp_path / "runs"
    for path in (tmp_path / "runs").glob("*/queue.json"):
        path.unlink()
    for path in (tmp_path / "runs").glob("*/process.json"):
        Found(path.parent).kill()


@pytest.mark.slow
def test_runs_wait_for_each_other_also_when_one_is_killed(runs) -> None:
    first = queue(runs, *LONG)
    second, third = queue(runs, "--epochs", 2), queue(runs, "--epochs", 1)
    until(lambda: '"epoch"' in (first / "events.jsonl").read_text())
    assert listed(runs) == {
        first.name: ("running", None),
        second.name: ("queued", 1),
        third.name: ("queued", 2),
    }
    os.kill(process_of(first), signal.SIGKILL)
    until(lambda: Found(first).poll() is not None)
    assert state(second) == "queued", "nobody has looked yet"
    assert "starting" in studio("runs", "--runs", runs).stdout
    until(lambda: state(third) == "completed")  # started by the second, at its end
    assert at(first, "running") < at(second, "running")
    assert at(second, "completed") <= at(third, "running")
    assert listed(runs)[first.name] == ("lost", None)
    assert not list(runs.glob("*/queue.json"))


@pytest.mark.slow
def test_as_many_go_on_beside_each_other_as_is_told(runs) -> None:
    first, second = queue(runs, *LONG), queue(runs, "--at-once", 2, *LONG)
    third = queue(runs, "--at-once", 2, "--epochs", 1)
    until(lambda: state(first) == state(second) == "running")
    assert listed(runs)[third.name] == ("queued", 1)
    done = studio("stop", second)
    assert done.stdout.startswith(f"{second.name} is stopped")
    until(lambda: state(third) == "completed")
    assert at(second, "stopped") <= at(third, "running")
    assert state(first) == "running"


@pytest.mark.slow
def test_one_that_waits_is_taken_out_and_another_is_followed(runs) -> None:
    first = queue(runs, *LONG)
    second = queue(runs, *LONG)
    follower = subprocess.Popen(
        [sys.executable, "-m", "studio", "show", second, "--follow"],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=hear_interrupts,
    )
    third = queue(runs)
    refused = studio("delete", third, "--yes")
    assert refused.returncode == 2 and "goes on (it is queued)" in refused.stderr
    assert studio("stop", third).stdout == f"{third.name} is taken out of the queue.\n"
    assert (state(third), studio("stop", third).returncode) == ("stopped", 2)
    assert "It was taken out of the queue before it began." in studio("show", third).stdout
    os.kill(process_of(first), signal.SIGKILL)  # the follower of the second looks
    until(lambda: '"epoch"' in (second / "events.jsonl").read_text())
    assert studio("stop", second).returncode == 0
    out, _ = follower.communicate(timeout=60)
    assert out.splitlines()[-1] == f"run: {second}" and "stopped at epoch" in out
    assert follower.returncode == 130


@pytest.mark.slow
def test_whoever_tells_of_a_death_starts_the_next(runs, tmp_path) -> None:
    command = [sys.executable, "-m", "studio", "run", PENGUINS, "--runs", runs, *LONG]
    with (tmp_path / "out").open("w") as out:
        follower = subprocess.Popen(command, stdout=out, stderr=out)
    until(lambda: any('"epoch"' in path.read_text() for path in runs.glob("*/events.jsonl")))
    (first,) = (path for path in runs.iterdir() if path.is_dir())
    second = queue(runs, "--epochs", 1)
    assert state(second) == "queued"
    os.kill(process_of(first), signal.SIGKILL)
    assert follower.wait(timeout=60) == 1
    assert (second / "process.json").exists() and not (second / "queue.json").exists()
    until(lambda: state(second) == "completed")


def test_two_who_look_at_once_start_a_run_once(runs) -> None:
    project = load(PENGUINS)
    folders = [prepare(project, PENGUINS, runs) for _ in range(2)]
    for folder in folders:
        enqueue(folder)
    code = "import sys; from pathlib import Path; from studio.engine.queue import advance; "
    code += "print(*[each.name for each in advance(Path(sys.argv[1]))])"
    looks = [
        subprocess.Popen([sys.executable, "-c", code, runs], stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    told = [look.communicate()[0].split() for look in looks]
    assert sorted(told) == [[], [], [], [], [], [folders[0].name]]
    assert [folder for folder, _ in waiting(runs)] == [folders[1]]


def test_one_whose_starter_died_before_it_told_is_not_started_again(runs) -> None:
    folder = prepare(load(PENGUINS), PENGUINS, runs)
    enqueue(folder)
    with (folder / "events.jsonl").open("a") as file:
        file.write('{"event":"state","time":1.0,"state":"running"}\n')
    assert advance(runs) == [] and waiting(runs) == []


def test_one_that_waits_long_is_not_lost(runs) -> None:
    folder = prepare(load(PENGUINS), PENGUINS, runs)
    enqueue(folder)
    os.utime(folder / "events.jsonl", (1, 1))
    assert read_run(folder).progress.state == "queued"
    assert read_run(folder).about == NOTHING
    assert attach(folder).poll()[-1]["state"] == "queued"
    (folder / "queue.json").write_text("{")  # damaged, it still has its place
    assert [each for each, _ in waiting(runs)] == [folder]
    (folder / "queue.json").unlink()
    assert read_run(folder).progress.state == "lost"


@pytest.mark.parametrize("options", [("--follow",), ("--at-once", 2)])
def test_options_of_the_queue_need_it(options, runs) -> None:
    done = studio("run", PENGUINS, "--runs", runs, *options)
    assert done.returncode == 2 and "they need --queue" in done.stderr
    assert not runs.exists()


def test_a_run_that_waits_is_moved_before_the_one_before_it(tmp_path) -> None:
    project = load(PENGUINS)
    folders = [prepare(project, PENGUINS, tmp_path) for _ in range(4)]
    for folder in folders:
        enqueue(folder, at_once=2)
        # As if all had come at the same moment: their names say the order then.
        turn = json.loads((folder / "queue.json").read_text())
        (folder / "queue.json").write_text(json.dumps(turn | {"since": 5.0}))
    a, b, c, d = folders
    for moved, order in (
        (c, [a, c, b, d]),
        (c, [c, a, b, d]),
        (d, [c, a, d, b]),
        (b, [c, a, b, d]),
    ):
        assert move_up(moved)
        assert [each for each, _ in waiting(tmp_path)] == order
    assert not move_up(c), "it is the first"
    assert withdraw(c) and not move_up(c), "it waits no longer"
    assert {turn.at_once for _, turn in waiting(tmp_path)} == {2}
