"""A run's folder, its events, and every way in which it can end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio.engine.run import attach
from studio.graph.file import load, save
from studio.graph.text import parse
from tests.conftest import ROOT, events, hear_interrupts, slow, studio

TEMPLATE = ROOT / "templates" / "penguins"


def test_a_run_keeps_what_ran_and_with_what(trained):
    report, folder = trained("penguins")
    assert report["run"] == folder.name
    assert (folder / "project.json").read_bytes() == (TEMPLATE / "project.json").read_bytes()
    script = studio("script", TEMPLATE)
    assert (folder / "train.py").read_text() == script.stdout
    about = json.loads((folder / "environment.json").read_text())
    assert about["seed"] == 7
    assert set(about["versions"]) >= {"python", "tensorflow", "keras", "numpy", "studio"}
    assert about["devices"][0]["type"] == "CPU"
    data = about["data"]["assets:data/penguins.csv"]
    assert data["bytes"] == (ROOT / "assets" / "data" / "penguins.csv").stat().st_size
    assert len(data["sha256"]) == 64
    assert about["sources"]["split"]["seed"] == 7
    assert "Epoch 1/" in (folder / "log.txt").read_text()


def test_the_events_tell_the_whole_story_in_order(trained):
    report, folder = trained("penguins")
    told = [event for event in events(folder) if event["event"] != "resources"]
    states = [event["state"] for event in told if event["event"] == "state"]
    assert states == ["queued", "running", "completed"]
    plan = next(event for event in told if event["event"] == "plan")
    assert (plan["epochs"], plan["steps"]) == (40, 15)
    epochs = [event for event in told if event["event"] == "epoch"]
    assert [event["epoch"] for event in epochs] == list(range(1, len(epochs) + 1))
    assert epochs[-1]["step"] == 15 * len(epochs)
    assert set(epochs[0]["metrics"]) == {"accuracy", "loss", "val_accuracy", "val_loss"}
    steps = [event["step"] for event in told if event["event"] == "step"]
    assert steps and steps == sorted(set(steps))
    times = [event["time"] for event in told]
    assert times == sorted(times)
    assert report["metrics"]["val_loss"] == epochs[-1]["metrics"]["val_loss"]
    assert report["metrics"]["test_accuracy"] == told[-2]["metrics"]["accuracy"]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen]]:
    """A function: `studio run` of a training that would take long, once it has begun to train."""
    processes: list[subprocess.Popen] = []

    def start(*arguments: str) -> subprocess.Popen:
        settings = ["--epochs", "100000", "--set", "training.callbacks=[]", *arguments]
        process = subprocess.Popen(
            [sys.executable, "-m", "studio", "run", TEMPLATE, "--runs", tmp_path, *settings],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=hear_interrupts,
        )
        processes.append(process)
        until = time.monotonic() + 120
        while time.monotonic() < until and process.poll() is None:
            files = list(tmp_path.glob("*/events.jsonl"))
            if files and '"epoch"' in files[0].read_text():
                return process
            time.sleep(0.1)
        raise AssertionError(process.communicate())

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.mark.parametrize("word", [signal.SIGINT, *slow(signal.SIGTERM)])
def test_an_interrupt_writes_a_checkpoint_and_exits_with_130(tmp_path, word, started):
    process = started("--json")
    process.send_signal(word)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    report = json.loads(out.splitlines()[-1])
    assert report["state"] == "stopped"
    folder = Path(report["folder"])
    assert (folder / "checkpoints" / "stopped.keras").stat().st_size > 1000
    left = {path.name for path in (folder / "checkpoints").iterdir()} - {"stopped.keras"}
    assert all(re.fullmatch(r"\d{6}-\d{9}", name) for name in left), "nothing is half done"
    assert events(folder)[-1]["state"] == "stopped"


def test_a_killed_training_is_told_in_a_sentence(tmp_path, started):
    process = started()
    children = subprocess.run(
        ["pgrep", "-f", f"studio.engine.child {tmp_path}"], capture_output=True, text=True
    ).stdout.split()
    assert len(children) == 1
    os.kill(int(children[0]), signal.SIGKILL)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "was ended by the system (SIGKILL)" in err
    (folder,) = tmp_path.iterdir()
    assert events(folder)[-1]["state"] == "failed"


def test_the_training_outlives_the_command(tmp_path, started):
    process = started()
    process.kill()
    process.communicate()
    (folder,) = tmp_path.iterdir()
    found = attach(folder)
    found.poll()
    step, until = found.progress.step, time.monotonic() + 30
    while found.progress.step <= step:  # it is seen live by whoever looks
        assert found.process.there and time.monotonic() < until
        found.poll()
        time.sleep(0.1)
    studio_stop(folder)
    assert events(folder)[-1]["state"] == "stopped"


def studio_stop(folder: Path) -> None:
    """Stops a run from another process, through its folder."""
    from studio.engine import control

    control.ask(folder, control.STOP)
    until = time.monotonic() + 30
    while events(folder)[-1].get("state") != "stopped" and time.monotonic() < until:
        time.sleep(0.1)


def test_a_failure_names_the_node_whose_code_failed(tmp_path):
    """A cell that is no number, past the part of the file that is looked at beforehand."""
    from studio.engine.run import start, wait
    from studio.graph import tables

    with (tmp_path / "long.csv").open("w") as file:
        file.write("x,y\n" + "1.5,0\n2.5,1\n" * 300 + "many,1\n")
    project = load(TEMPLATE)
    value = {
        "studio": 1,
        "name": "long",
        "data": {
            "nodes": [
                {
                    "id": "rows",
                    "op": "studio.data.csv",
                    "params": {
                        "path": "long.csv",
                        "features": ["x"],
                        "label": "y",
                        "stream": False,
                    },
                },
                {"id": "batches", "op": "tf.data.Dataset.batch", "params": {"batch_size": 8}},
            ],
            "edges": [["rows", "batches"]],
            "outputs": {"train": "batches"},
        },
        "model": {
            "nodes": [
                {"id": "x", "op": "keras.Input", "params": {"shape": [1]}},
                {"id": "out", "op": "keras.layers.Dense", "params": {"units": 1}},
            ],
            "edges": [["x", "out"]],
            "outputs": ["out"],
        },
        "training": {"losses": {"out": {"op": "keras.losses.MeanSquaredError"}}},
    }
    path = tmp_path / "project.json"
    path.write_text(json.dumps(value))
    project = load(path)
    assert tables.LOOKED_AT > 0
    before, tables.LOOKED_AT = tables.LOOKED_AT, 100
    try:
        run = start(project, tmp_path, tmp_path / "runs")
    finally:
        tables.LOOKED_AT = before
        tables._table.cache_clear()
    assert wait(run, 60)
    assert run.progress.state == "failed"
    assert run.progress.node == "rows"
    assert '"rows" (data)' in run.progress.message
    assert "many" in run.progress.message


def test_a_runs_folder_that_cant_be_written_is_told_before_training(tmp_path):
    occupied = tmp_path / "file"
    occupied.write_text("no folder")
    done = studio("run", TEMPLATE, "--runs", occupied)
    assert done.returncode == 2
    assert "No run can be kept" in done.stderr
    assert "--runs" in done.stderr


def test_own_files_are_linked_and_changed_settings_are_kept(tmp_path):
    """A project with a file beside it: the run's folder has the file, and the project as it ran."""
    value = parse((TEMPLATE / "project.json").read_text())
    (tmp_path / "birds.csv").write_bytes((ROOT / "assets/data/penguins.csv").read_bytes())
    value["data"]["nodes"][0]["params"]["path"] = "birds.csv"
    (tmp_path / "project.json").write_text(json.dumps(value))
    setting = "training.optimizer.params.learning_rate=0.05"
    done = studio("run", tmp_path, "--epochs", 1, "--set", setting, "--json")
    assert done.returncode == 0, done.stderr
    folder = Path(json.loads(done.stdout)["folder"])
    assert folder.parent == tmp_path / "runs"
    assert (folder / "birds.csv").samefile(tmp_path / "birds.csv")
    ran = load(folder)
    assert ran.training.epochs == 1
    assert ran.training.optimizer.params["learning_rate"] == 0.05


def test_saving_a_project_into_a_run_is_the_same_project(tmp_path):
    project = load(TEMPLATE)
    save(project, tmp_path / "project.json")
    assert load(tmp_path) == project
