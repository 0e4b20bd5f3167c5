"""Clusters on this machine, as real processes: how they train, and every way in which they end."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from msgspec.structs import replace

from studio.codegen.script import Script, write_script
from studio.engine.local_cluster import (
    check_start,
    differs,
    free_ports,
    is_free,
    parse,
    read_shape,
)
from studio.engine.members import members
from studio.engine.process import Found
from studio.engine.run import Run, launch, prepare, resume, wait
from studio.graph.document import Call, DataGraph, Edge, ModelGraph, Node, Project, Training
from studio.graph.ops.passing import DISTRIBUTE
from studio.graph.ops.strategies import MULTI_WORKER, PARAMETER_SERVER
from studio.graph.problems import StudioError
from tests.conftest import ROOT, events, studio
from tests.engine.clusters import (
    SECONDS,
    log,
    prepared,
    processes,
    project,
    python,
    settings,
    stepping,
    task,
    until,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent here")

SOON = 30.0
"""Seconds within which a failure is told."""

SERVERS = "chief=1,worker=2,ps=1"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for runs, of which nothing is left afterwards."""
    yield tmp_path
    left = [each for run in tmp_path.glob("**/runs/*") for each in processes(run)]
    for each in left:
        each.kill()
    assert not left


def ended(run: Run, state: str, *words: str) -> None:
    """Waits for the run's end, which is to come soon, in this state and with these words."""
    assert wait(run, SOON), (run.progress, log(run.folder))
    assert run.progress.state == state, (run.progress, log(run.folder))
    for each in words:
        assert each in run.progress.message, run.progress.message
    assert not processes(run.folder)


@pytest.mark.slow
def test_workers_in_step_pause_stop_go_on_with_others_and_fail_with_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = prepared(folder, MULTI_WORKER, "worker=2")
    run = launch(place, settings(100_000, 0.02))
    until(lambda: stepping(run), run)
    assert json.loads((place / "environment.json").read_text())["cluster"] == {"worker": 2}
    shown = studio("show", place)
    assert re.search(r"worker:1  started; process \d+\n", shown.stdout), shown.stdout
    assert re.search(r"cluster +worker 2\n", shown.stdout), shown.stdout

    done = studio("pause", place)
    assert (done.returncode, done.stderr) == (0, "")
    run.poll()
    step = run.progress.step
    time.sleep(1)
    run.poll()
    assert run.progress.step <= step + 1
    assert studio("stop", place, "--json").returncode == 0
    ended(run, "stopped")
    (kept,) = (each.name for each in (place / "checkpoints").iterdir())
    assert run.progress.task == ""
    assert [each["state"] for each in members(place)] == ["ended", "ended"]

    for name in ("STEPS", "PAUSE"):
        monkeypatch.setenv(name, settings(100_000, 0.02)[name])
    run = resume(place, parse("worker=1,chief=1"))
    until(lambda: run.progress.state == "running" and run.progress.step > int(kept[-9:]), run)
    assert "with chief=1,worker=1 instead of worker=2" in (place / "log.txt").read_text()
    assert read_shape(place) == parse("chief=1,worker=1")
    with pytest.raises(StudioError, match="with the processes that it has"):
        resume(place, parse("worker=3"))
    os.kill(task(place, "worker:0"), signal.SIGKILL)
    ended(run, "failed", "The task worker 0 was ended by the system (SIGKILL)", "log-worker-0.txt")
    assert run.progress.task == "worker:0"


@pytest.mark.slow
def test_a_worker_of_parameter_servers_is_started_again_and_a_server_is_not(folder: Path) -> None:
    place = prepared(folder, PARAMETER_SERVER, SERVERS)
    run = launch(place, settings(100_000, 0.02))
    until(lambda: stepping(run), run)
    first = task(place, "worker:0")
    os.kill(first, signal.SIGKILL)
    until(lambda: task(place, "worker:0") != first, run)
    died = next(each for each in events(place) if each.get("state") == "died")
    assert "The task worker 0 was ended by the system (SIGKILL)" in died["message"]
    step = run.progress.step
    until(lambda: run.progress.step > step + 20, run)
    assert run.progress.members["worker:0"] | {"message": ""} == {
        "task": "worker:0",
        "state": "started",
        "process": task(place, "worker:0"),
        "message": "",
        "deaths": 1,
    }
    os.kill(task(place, "ps:0"), signal.SIGKILL)
    ended(run, "failed", "The task ps 0 was ended by the system (SIGKILL)", "log-ps-0.txt")
    shown = studio("show", place).stdout
    assert re.search(r"worker:0  ended; process \d+; died once; The task worker 0", shown), shown


@pytest.mark.parametrize(
    ("cluster", "names"),
    [("worker=2", ["worker:0", "worker:1"]), ("worker=2,data=1", ["dispatcher", "data:0"])],
)
def test_when_the_runs_own_process_is_killed_no_other_is_left(
    folder: Path, cluster: str, names: list[str]
) -> None:
    place = prepared(folder, MULTI_WORKER, cluster)
    run = launch(place, settings(10))
    until(lambda: len([each for each in events(place) if each["event"] == "member"]) == 2)
    there = [psutil.Process(task(place, name)) for name in names]
    until(lambda: all("studio.engine" in " ".join(each.cmdline()) for each in there))
    time.sleep(0.5)
    run.kill()
    psutil.wait_procs(there, SOON)
    assert not processes(place)
    assert wait(run, SOON)
    assert run.progress.state == "failed"
    assert {each["state"] for each in members(place)} == {"ended"}


def test_a_port_that_is_taken_on_the_way_is_told(folder: Path) -> None:
    place = prepared(folder, MULTI_WORKER, "worker=1")
    run = launch(place, settings(10))
    told = until(lambda: re.search(r"worker 0 listens at (\S+):(\d+)\.", log(place)))
    with socket.socket() as other:
        other.bind((told[1], int(told[2])))
        other.listen()
        ended(run, "failed", "another program has taken the port of 127.0.0.1", "studio resume")


WRONG = {
    "no strategy": (None, "worker=2", {}, ["no strategy", "Set distribution to", "leave"]),
    "another strategy": (
        "tf.distribute.MirroredStrategy",
        "worker=2",
        {},
        ["MirroredStrategy, which trains in one process"],
    ),
    "servers in step": (MULTI_WORKER, "worker=2,ps=1", {}, ["has a ps", "Leave ps out"]),
    "no worker": (MULTI_WORKER, "chief=1", {}, ["has no worker"]),
    "no server": (PARAMETER_SERVER, "chief=1,worker=2", {}, ["has no ps"]),
    "no chief": (PARAMETER_SERVER, "ps=1,worker=2", {}, ["has no chief"]),
    "two chiefs": (MULTI_WORKER, "chief=2,worker=2", {}, ["has 2 chiefs"]),
    "only data": (MULTI_WORKER, "data=2", {}, ["has no worker"]),
    "nothing said": (MULTI_WORKER, None, {}, ["nothing says which", "--local-cluster worker=2"]),
    "no JSON": (MULTI_WORKER, None, {"TF_CONFIG": "{worker}"}, ["TF_CONFIG", "JSON"]),
    "no task": (
        PARAMETER_SERVER,
        None,
        {"TF_CONFIG": '{"cluster": {"chief": ["a:1"], "worker": ["b:1"], "ps": ["c:1"]}}'},
        ["doesn't say which task"],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_processes_that_the_strategy_cant_train_with_are_refused(name: str) -> None:
    strategy, cluster, environment, words = WRONG[name]
    with pytest.raises(StudioError) as refused:
        check_start(project(strategy), parse(cluster) if cluster else None, environment)
    for each in words:
        assert each in str(refused.value)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("worker=two", "whole number"),
        ("workers=2", "worker"),
        ("", "no role"),
        ("worker=1,data=0", "from 1 to 100"),
        ("data=1,data=1", "expected it once"),
        ("data=x", "data=2"),
    ],
)
def test_what_the_option_cant_be_is_told(text: str, word: str) -> None:
    with pytest.raises(StudioError, match=word):
        parse(text)


def test_the_option_is_understood_and_refused_with_a_sentence_by_the_command(folder: Path) -> None:
    done = studio("run", "templates/penguins", "--runs", folder, "--local-cluster", "worker=2")
    assert done.returncode == 2
    assert "leave --local-cluster out" in done.stderr
    assert not list(folder.iterdir())
    assert str(parse("worker=2, ps=1,chief=1,data=3")) == "chief=1,worker=2,ps=1,data=3"
    assert differs(parse("worker=2"), parse("worker=2,data=1")) == ""


def test_ports_are_free_and_those_that_are_listened_at_are_not() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert all(map(is_free, ports))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports[0]))
        taken.listen()
        assert not is_free(ports[0])
        cluster = {"worker": [f"localhost:{ports[0]}", "elsewhere:2222"]}
        told = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": 0}})
        with pytest.raises(StudioError, match=r"worker 0 listens at .* been started twice"):
            check_start(project(MULTI_WORKER), None, {"TF_CONFIG": told})


def test_tasks_that_dont_answer_are_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = free_ports(2)
    cluster = {"worker": [f"127.0.0.1:{here}", f"127.0.0.1:{there}"]}
    told = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": 0}})
    monkeypatch.setenv("TF_CONFIG", told)
    place = prepared(folder, MULTI_WORKER, None)
    run = launch(place, settings(10) | {"TF_CONFIG": told, "STUDIO_CLUSTER_SECONDS": "5"})
    ended(run, "failed", f"no answer has come from worker 1 at 127.0.0.1:{there}", "firewall")
    assert f"waits for worker 1 at 127.0.0.1:{there}" in run.progress.problem["message"]


MISFORTUNES = {
    "an exception in a worker": (
        MULTI_WORKER,
        "worker=3",
        "worker_1",
        "raise SystemError('bad')",
        ["The task worker 1 failed: SystemError: bad", "log-worker-1.txt"],
    ),
    "an exception in the one that leads": (
        MULTI_WORKER,
        "worker=2",
        "worker_0",
        "raise SystemError('bad')",
        ["The task worker 0 failed: SystemError: bad", "log.txt"],
    ),
    "a crash in a worker": (
        MULTI_WORKER,
        "chief=1,worker=1",
        "worker_0",
        "import ctypes; ctypes.memset(8, 1, 4)",
        ["The task worker 0 was ended by the system (SIGSEGV)"],
    ),
    "the one that leads leaves": (
        MULTI_WORKER,
        "worker=2",
        "worker_0",
        "raise SystemExit(0)",
        ["The task worker 0 ended with code 0 before it was done"],
    ),
    "the chief of servers is killed": (
        PARAMETER_SERVER,
        SERVERS,
        "chief_0",
        "os.kill(os.getpid(), 9)",
        ["The task chief 0 was ended by the system (SIGKILL)"],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MISFORTUNES)
def test_a_tasks_end_is_the_runs(folder: Path, name: str) -> None:
    strategy, cluster, who, code, words = MISFORTUNES[name]
    place = prepared(folder, strategy, cluster)
    run = launch(place, settings(100_000, 0.02, **{who: (4, code)}))
    until(lambda: run.progress.step >= 1 or run.progress.ended, run)
    ended(run, "failed", *words)


@pytest.mark.slow
def test_workers_that_die_again_and_again_are_given_up_one_by_one(folder: Path) -> None:
    place = prepared(folder, PARAMETER_SERVER, "chief=1,worker=1,ps=1")
    run = launch(place, settings(100_000, 0.02, worker_0=(0, "os._exit(3)")))
    assert wait(run, 3 * SECONDS)
    assert run.progress.state == "failed"
    assert "No worker is left, after 4 starts of each" in run.progress.message
    assert run.progress.members["worker:0"]["deaths"] == 4
    assert not processes(place)


@pytest.mark.slow
def test_servers_train_to_the_end_and_stop_where_they_are_asked(folder: Path) -> None:
    place = prepared(folder, PARAMETER_SERVER, SERVERS)
    run = launch(place, settings(30))
    assert wait(run, SECONDS)
    assert (run.progress.state, run.progress.step) == ("completed", 30)
    assert not processes(place)
    run = launch(prepared(folder, PARAMETER_SERVER, SERVERS), settings(100_000, 0.02))
    until(lambda: stepping(run), run)
    run.stop()
    ended(run, "stopped")
    assert (run.folder / "checkpoints" / "stopped.keras").is_file()


@pytest.mark.slow
def test_an_interrupt_of_the_command_stops_all_and_a_second_one_ends_them(folder: Path) -> None:
    place = prepared(folder, MULTI_WORKER, "worker=2")
    run = launch(place, settings(100_000, 0.02))
    until(lambda: stepping(run), run)
    os.kill(Found(place)._process().pid, signal.SIGTERM)  # as a queueing system does
    ended(run, "stopped")
    command = [sys.executable, "-m", "studio", "resume", place, "--json"]
    followed = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=settings(100_000, 0.02)
    )
    run = Run(place, Found(place))
    until(lambda: run.progress.state == "running" and run.progress.step > 5, run)
    followed.send_signal(signal.SIGINT)
    out, _ = followed.communicate(timeout=SECONDS)
    assert followed.returncode == 130
    assert json.loads(out.splitlines()[-1])["state"] == "stopped"
    assert not processes(place)


READING = """

def main(callbacks=(), resume=False):
    made = make_datasets()
    told = {
        name: [np.round(x, 6).tolist() for batch, _ in dataset for x in batch.numpy()]
        for name, dataset in made.items()
    }
    (HERE / "elements.json").write_text(json.dumps(told))
"""


@pytest.mark.slow
def test_the_data_are_made_by_the_processes_of_a_service(folder: Path) -> None:
    """Each row once in all where each worker sends its part, once per worker where it is off."""
    whole = of_rows(folder)
    project = replace(whole, data=served(whole.data, train="DATA", checked="OFF"))
    script = write_script(project, folder)
    assert "data_service()" in script.text
    text = script.text.replace("import keras\n", "import json\n\nimport keras\n", 1) + READING
    with pytest.raises(StudioError, match=r'"train_far" .data. takes .* --local-cluster data=2'):
        prepare(project, folder, folder / "runs", script)
    made = Script(text, script.nodes, ())
    place = prepare(project, folder, folder / "runs", made, parse("data=2"))
    run = launch(place, settings(0))
    assert wait(run, SECONDS), log(place)
    assert run.progress.state == "completed", (run.progress, log(place))
    assert [*run.progress.members] == ["dispatcher", "data:0", "data:1", "training"]
    assert not processes(place)
    found = json.loads((place / "elements.json").read_text())
    rows = np.round(np.load(folder / "rows.npz")["x"], 6).tolist()
    assert len(rows) == 30
    assert sorted(found["validation"]) == sorted(rows[:5] * 2)
    assert sorted(found["train"]) == sorted(rows[5:])


def of_rows(folder: Path) -> Project:
    """Thirty rows of two numbers in their order, five of them for the validation."""
    draw = np.random.default_rng(4)
    x, y = draw.normal(size=(30, 2)).astype("float32"), draw.integers(0, 3, 30)
    np.savez(folder / "rows.npz", x=x, y=y.astype("int32"))
    data = [
        Node("rows", "studio.data.numpy", params={"path": "rows.npz", "label": "y"}),
        Node("split", "studio.data.split", params={"validation": 5, "shuffle": False}),
        Node("train", "tf.data.Dataset.batch", params={"batch_size": 5}),
        Node("checked", "tf.data.Dataset.batch", params={"batch_size": 5}),
    ]
    edges = ("rows", "split"), ("split.train", "train"), ("split.validation", "checked")
    nodes = [
        Node("x", "keras.Input", params={"shape": [2]}),
        Node("kind", "keras.layers.Dense", params={"units": 3}),
    ]
    loss = Call("keras.losses.SparseCategoricalCrossentropy", {"from_logits": True})
    return Project(
        data=DataGraph(
            {each.id: each for each in data},
            tuple(Edge(*each) for each in edges),
            outputs={"train": "train", "validation": "checked"},
        ),
        model=ModelGraph(
            {each.id: each for each in nodes}, (Edge("x", "kind"),), outputs=("kind",)
        ),
        training=Training(epochs=1, seed=5, losses={"kind": loss}, loop="custom"),
    )


def served(graph: DataGraph, **modes: str) -> DataGraph:
    """A data graph with what leaves some of its nodes made by a service."""
    nodes, outputs = dict(graph.nodes), dict(graph.outputs)
    edges = list(graph.edges)
    for name, mode in modes.items():
        nodes[f"{name}_far"] = Node(f"{name}_far", DISTRIBUTE, params={"processing_mode": mode})
        edges.append(Edge(name, f"{name}_far"))
        outputs = {key: f"{name}_far" if end == name else end for key, end in outputs.items()}
    return replace(graph, nodes=nodes, edges=tuple(edges), outputs=outputs)


@pytest.mark.slow
def test_a_service_that_isnt_there_is_told(folder: Path) -> None:
    whole = of_rows(folder)
    (port,) = free_ports(1)
    project = replace(whole, data=served(whole.data, train="DATA"))
    node = project.data.nodes["train_far"]
    given = replace(node, params={**node.params, "service": f"grpc://127.0.0.1:{port}"})
    nodes = project.data.nodes | {"train_far": given}
    project = replace(project, data=replace(project.data, nodes=nodes))
    run = launch(prepare(project, folder, folder / "runs"), settings(0))
    assert wait(run, SECONDS)
    assert f"No tf.data service answers at grpc://127.0.0.1:{port}" in run.progress.message
    assert run.progress.node == "train_far"


@pytest.mark.slow
def test_tasks_that_are_runs_of_their_own_tell_who_is_gone(folder: Path) -> None:
    """As on two machines: each has its run, and one is killed."""
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(2)]}
    runs = []
    for index in range(2):
        told = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("TF_CONFIG", told)
            place = prepared(folder / str(index), MULTI_WORKER, None)
            runs.append(launch(place, settings(100_000, 0.02)))
    first, second = runs
    until(lambda: stepping(first), first)
    assert not any(each["event"] == "step" for each in events(second.folder))
    second.kill()
    assert wait(second, SOON)
    assert wait(first, SOON)
    assert first.progress.state == "failed"
    assert f"No answer comes any more from worker 1 at {cluster['worker'][1]}" in (
        first.progress.message
    )


@pytest.mark.slow
def test_tasks_that_are_runs_of_their_own_end_together(folder: Path) -> None:
    ports = free_ports(3)
    cluster = {
        role: [f"127.0.0.1:{port}"]
        for role, port in zip(("chief", "worker", "ps"), ports, strict=True)
    }
    runs = []
    for role in cluster:
        told = json.dumps({"cluster": cluster, "task": {"type": role, "index": 0}})
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("TF_CONFIG", told)
            place = prepared(folder / role, PARAMETER_SERVER, None)
            runs.append(launch(place, settings(30)))
    assert wait(runs[0], SECONDS)
    assert (runs[0].progress.state, runs[0].progress.step) == ("completed", 30)
    for each in runs[1:]:  # these serve until they are told to end
        each.kill()


def of_penguins(strategy: str, *settings: str) -> list[str]:
    """The arguments that train a template by a strategy."""
    chosen = ["training.loop=custom", f'distribution={{"op": "{strategy}"}}', *settings]
    return ["templates/penguins", *(part for each in chosen for part in ("--set", each))]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("strategy", "cluster"), [(MULTI_WORKER, "worker=2"), (PARAMETER_SERVER, SERVERS)]
)
def test_a_project_is_trained_by_its_own_script(folder: Path, strategy: str, cluster: str) -> None:
    done = studio(
        *("run", *of_penguins(strategy), "--epochs", 1, "--runs", folder / "runs", "--json"),
        *("--local-cluster", cluster),
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["metrics"]["val_accuracy"] > 0.6
    place = Path(report["folder"])
    assert (place / "artifacts" / "model.keras").is_file()
    assert [each["state"] for each in members(place)] == ["ended"] * sum(
        parse(cluster).roles.values()
    )
    assert not processes(place)


@pytest.mark.slow
def test_its_own_script_is_stopped_and_goes_on_with_more_workers(folder: Path) -> None:
    arguments = of_penguins(MULTI_WORKER, "training.callbacks=[]")
    command = ["run", *arguments, "--epochs", 100_000, "--runs", folder / "runs"]
    followed = subprocess.Popen(
        python("studio", *command, "--json", "--local-cluster", "worker=2"),
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    (place,) = until(lambda: [path.parent for path in folder.glob("runs/*/cluster.json")])
    run = Run(place, Found(place))
    until(lambda: run.progress.epoch > 1, run)
    followed.send_signal(signal.SIGINT)
    out, _ = followed.communicate(timeout=SECONDS)
    assert followed.returncode == 130
    assert json.loads(out.splitlines()[-1])["state"] == "stopped"
    epoch, step = run.progress.epoch, run.progress.step
    run = resume(place, parse("worker=3"))
    until(lambda: run.progress.state == "running" and run.progress.epoch > epoch + 1, run)
    resumed = next(each for each in events(place) if each["event"] == "resumed")
    assert resumed["step"] >= step
    run.stop()
    ended(run, "stopped")
    assert "goes on with worker=3 instead of worker=2" in (place / "log.txt").read_text()
