"""launch.sh for real: its hosts are folders, reached by an ssh and an rsync that stay here."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from studio.graph.cluster import tf_config
from tests.engine.cluster_folder.folders import before, hosts_plan, program, written

SSH = """#!/usr/bin/env python3
import os, subprocess, sys
words = sys.argv[1:]
at = words.index("--")
assert words[0] == "-o" and len(words) == at + 3, words
host, command = words[at + 1 :]
place = os.path.join(os.environ["HOSTS"], host)
if not os.path.isdir(place):
    sys.exit("ssh: no such host")
sys.exit(subprocess.run(["sh", "-c", command], cwd=place).returncode)
"""
RSYNC = """#!/usr/bin/env python3
import os, shutil, sys
words = sys.argv[1:]
excluded = {word[len("--exclude=/") :] for word in words if word.startswith("--exclude=/")}
source, target = words[words.index("--") + 1 :]
assert source == "./" and "-s" in words, words
host, _, place = target.rpartition(":")
host = host.strip("[]")
ignore = lambda folder, names: excluded & set(names) if folder == "./" else ()
shutil.copytree(source, os.path.join(os.environ["HOSTS"], host, place), ignore=ignore,
                dirs_exist_ok=True)
open(os.path.join(os.environ["HOSTS"], "rsync"), "a").write(host + "\\n")
"""
TRAIN = """import json, os, pathlib, sys, time
config = json.loads(os.environ["TF_CONFIG"])
role, index = config["task"]["type"], config["task"]["index"]
name = f"{role}-{index}"
here = pathlib.Path(__file__).parent
print("begins", *sys.argv[1:])
(here / f"{name}.seen").write_text(json.dumps({"config": os.environ["TF_CONFIG"],
    "pid": os.getpid(), "arguments": sys.argv[1:],
    "checkpoints": sorted(each.name for each in here.glob("checkpoints/*"))}))
todo = json.loads((here / "todo.json").read_text()).get(name, "end")
if todo == "fail":
    sys.exit("no such luck")
if todo == "wait":
    time.sleep(600)
if index == 0 and role != "ps":
    for folder in ("checkpoints", "artifacts"):
        (here / folder).mkdir(exist_ok=True)
        (here / folder / f"by-{name}").touch()
"""
TOOLS = "bash cat dirname mkdir mktemp mv python3 readlink rm rmdir sh sleep tar"
"""What the launcher may ask of a machine that has no rsync."""
REMOTE = "my dir/it's $(touch hacked) `x` 'a;b' *"
WORKERS = {"worker": ("one:2222", "two:2222", "two:2223")}
SERVED = {"chief": ("one:1",), "worker": ("two:1", "[::1]:1"), "ps": ("three:1",)}


class Launched:
    """A folder with its launcher, and the hosts."""

    def __init__(self, place: Path, cluster: dict[str, tuple[str, ...]], rsync: bool = True):
        self.cluster = cluster
        self.folder = written(hosts_plan(cluster, "a b"), place / "the folder")
        (self.folder / "train.py").write_text(TRAIN)
        self.hosts = place / "hosts"
        for host in ("one", "two", "three", "::1"):
            (self.hosts / host).mkdir(parents=True)
        program(place / "bin", "ssh", SSH)
        path = before(place / "bin")
        if rsync:
            program(place / "bin", "rsync", RSYNC)
        else:
            for tool in TOOLS.split():
                found = sys.executable if tool == "python3" else shutil.which(tool)
                (place / "bin" / tool).symlink_to(found)
            path["PATH"] = str(place / "bin")
        self.environment = path | {
            "HOSTS": str(self.hosts),
            "REMOTE": REMOTE,
            "PYTHON": sys.executable,
        }
        self.todo({})

    def todo(self, of: dict[str, str]) -> None:
        (self.folder / "todo.json").write_text(json.dumps(of))

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen:
        return subprocess.Popen(
            [self.folder / "launch.sh", *arguments],
            cwd="/",
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        process = self.start(*arguments, **environment)
        said, _ = process.communicate(timeout=60)
        return process.returncode, said

    def seen(self, name: str, host: str) -> dict:
        return json.loads((self.hosts / host / REMOTE / f"{name}.seen").read_text())

    def goes_on(self, *names: tuple[str, str]) -> list[int]:
        """The processes of tasks, once all of them are there."""
        _until(lambda: all((self.hosts / h / REMOTE / f"{n}.seen").exists() for n, h in names))
        _until(lambda: all(self.seen(*each)["pid"] for each in names))
        return [self.seen(*each)["pid"] for each in names]


def _until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            if true():
                return
        except ValueError:
            pass  # it is half written
        assert time.monotonic() < until
        time.sleep(0.05)


def _gone(*pids: int) -> None:
    assert not [pid for pid in pids if psutil.pid_exists(pid)]


def test_every_task_trains_on_its_host_and_what_it_made_comes_back(tmp_path):
    launched = Launched(tmp_path, WORKERS)
    code, said = launched.run()
    assert code == 0, said
    for index, host in enumerate(("one", "two", "two")):
        seen = launched.seen(f"worker-{index}", host)
        assert seen["config"] == tf_config(WORKERS, "worker", index)
        assert seen["arguments"] == []
        assert f"worker-{index} | begins" in said.splitlines()
    assert (launched.hosts / "rsync").read_text().split() == ["one", "two"]
    assert (launched.folder / "artifacts" / "by-worker-0").exists()
    assert (launched.folder / "checkpoints" / "by-worker-0").exists()
    for host in ("one", "two"):
        own = launched.hosts / host / REMOTE
        assert (own / "assets" / "data" / "digits.csv.gz").exists()
        assert not list((own / "logs").glob("*.pid"))
    assert not list(launched.folder.glob(".fetched*"))
    assert not list(tmp_path.rglob("hacked"))


def test_a_training_goes_on_from_the_last_checkpoint_on_every_host(tmp_path):
    launched = Launched(tmp_path, WORKERS)
    assert launched.run()[0] == 0
    # The first host has written another since; the second has one of another training.
    (launched.hosts / "one" / REMOTE / "checkpoints" / "later").touch()
    (launched.hosts / "two" / REMOTE / "checkpoints").mkdir()
    (launched.hosts / "two" / REMOTE / "checkpoints" / "foreign").touch()
    code, said = launched.run("--resume")
    assert code == 0, said
    for index, host in enumerate(("one", "two", "two")):
        seen = launched.seen(f"worker-{index}", host)
        assert (seen["arguments"], seen["checkpoints"]) == (["--resume"], ["by-worker-0", "later"])
    assert launched.run()[0] == 0
    assert launched.seen("worker-1", "two")["checkpoints"] == []


def test_the_chief_ends_those_that_wait_for_ever_and_tar_does_without_rsync(tmp_path):
    launched = Launched(tmp_path, SERVED, rsync=False)
    launched.todo({"ps-0": "wait", "worker-0": "wait"})
    (launched.folder / "checkpoints").mkdir()
    (launched.folder / "checkpoints" / "old").touch()
    code, said = launched.run()
    assert code == 0, said
    _gone(*launched.goes_on(("ps-0", "three"), ("worker-0", "two"), ("worker-1", "::1")))
    for name, host in (("chief-0", "one"), ("worker-0", "two"), ("worker-1", "::1")):
        role, index = name.split("-")
        seen = launched.seen(name, host)
        assert seen["config"] == tf_config(SERVED, role, int(index))
        assert seen["checkpoints"] == []
    assert [path.name for path in (launched.folder / "checkpoints").iterdir()] == ["by-chief-0"]


def test_one_that_fails_ends_them_all(tmp_path):
    launched = Launched(tmp_path, WORKERS)
    launched.todo({"worker-0": "wait", "worker-1": "fail", "worker-2": "wait"})
    code, said = launched.run()
    assert code == 1
    assert "worker-1 | no such luck" in said
    assert "launch.sh: worker-1 failed: all tasks are ended." in said
    _gone(*launched.goes_on(("worker-0", "one"), ("worker-2", "two")))


@pytest.mark.parametrize("way", ["stop", "signal"])
def test_all_are_ended_where_that_is_asked(way, tmp_path):
    launched = Launched(tmp_path, WORKERS)
    launched.todo({f"worker-{index}": "wait" for index in range(3)})
    process = launched.start()
    pids = launched.goes_on(("worker-0", "one"), ("worker-1", "two"), ("worker-2", "two"))
    if way == "stop":
        assert launched.run("stop") == (0, "")
    else:
        process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == (1 if way == "stop" else 130), said
    assert "all tasks are ended." in said
    _gone(*pids)


def test_a_number_that_outlived_its_process_ends_no_other(tmp_path):
    launched = Launched(tmp_path, WORKERS)
    assert launched.run()[0] == 0
    file = launched.hosts / "one" / REMOTE / "logs" / "worker-0.pid"
    file.write_text(f"{os.getpid()}\n")
    assert launched.run("stop") == (0, "")
    assert not file.exists()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("worker-0 -oProxyCommand=touch", "is no name of a host"),
        ("worker-0 a;touch", "is no name of a host"),
        ("worker-0", "is no name of a host"),
        ("worker-9 one", "expected a task of tasks/"),
        ("../worker-0 one", "expected a task of tasks/"),
        ("worker-0 one two", "expected a task of tasks/"),
        ("# nothing", "names no task"),
    ],
)
def test_hosts_that_are_none_are_told_before_anything_is_done(row, said, tmp_path):
    launched = Launched(tmp_path, WORKERS)
    (launched.folder / "tasks.txt").write_text(f"{row}\n")
    code, told = launched.run()
    assert code == 2
    assert said in told
    assert not [path for host in launched.hosts.iterdir() for path in host.iterdir()]


def test_what_can_not_be_reached_or_is_unknown_is_a_sentence(tmp_path):
    launched = Launched(tmp_path, WORKERS)
    code, told = launched.run("start")
    assert (code, told) == (
        2,
        'launch.sh: "start" is unknown; expected nothing, --resume, stop, fetch or setup.\n',
    )
    assert launched.run("fetch")[1] == "launch.sh: nothing has been trained on one.\n"


@pytest.mark.slow
def test_each_host_gets_what_the_script_needs(tmp_path):
    launched = Launched(tmp_path, {"worker": ("one:1",)})
    (launched.folder / "requirements.txt").write_text("# nothing\n")
    code, said = launched.run("setup")
    assert code == 0, said
    assert launched.run(PYTHON="")[0] == 0
    made = launched.hosts / "one" / REMOTE / ".venv" / "bin" / "python"
    assert made.exists()
