"""Trainings by several processes: those of one device, through kills too, and by own pace."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from msgspec.structs import replace

from studio.engine.local_cluster import parse
from studio.engine.process import NAME as NOTE
from studio.engine.run import Run, resume, start, wait
from studio.graph.document import Distribution, Project
from studio.graph.file import load
from studio.graph.ops.strategies import MULTI_WORKER, PARAMETER_SERVER
from studio.graph.read import read_project
from tests.codegen.test_strategy import DROPOUT, NORM, project
from tests.conftest import ROOT, events

SECONDS = 300.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the rows that the project reads."""
    generator = np.random.default_rng(3)
    x = generator.normal(size=(195, 6)).astype("float32")
    y = (np.abs(x).sum(1) * 1.2).astype("int32") % 5
    np.savez(tmp_path / "arrays.npz", x=x, y=y)
    return tmp_path


def spread(found: Project) -> Project:
    """The project, by several workers."""
    return replace(found, distribution=Distribution(MULTI_WORKER))


def run(found: Project, folder: Path, cluster: str = "") -> Run:
    """A run that has been started."""
    return start(found, folder, folder / "runs", cluster=parse(cluster) if cluster else None)


def ended(made: Run) -> list[dict[str, float]]:
    """The metrics of each epoch of a run that is completed."""
    assert wait(made, SECONDS)
    assert made.progress.state == "completed", made.progress.message
    told = {each["epoch"]: each["metrics"] for each in events(made.folder) if is_epoch(each)}
    return [told[number] for number in sorted(told)]


def is_epoch(event: dict) -> bool:
    """Whether an event tells of an epoch."""
    return event["event"] == "epoch"


def processes(made: Run) -> list[psutil.Process]:
    """The run's process and all that it has started."""
    about = json.loads((made.folder / NOTE).read_text(encoding="utf-8"))
    first = psutil.Process(about["process"])
    return [first, *first.children(recursive=True)]


def step_at(made: Run) -> int:
    """The step that has been told last."""
    made.poll()
    steps = [each["step"] for each in events(made.folder) if each["event"] == "step"]
    return max(steps, default=0)


def last_arrays(made: Run) -> dict[str, np.ndarray]:
    """What the last checkpoint holds."""
    place = sorted((made.folder / "checkpoints").glob("[0-9]*-[0-9]*"))[-1]
    with np.load(place / "arrays.npz") as arrays:
        return {name: arrays[name] for name in arrays.files}


def test_workers_train_as_one_device_does(folder: Path) -> None:
    plain = project()
    runs = [run(plain, folder), run(spread(plain), folder, "worker=2")]
    alone, together = map(ended, runs)
    assert len(alone) == len(together) == 3
    for one, other in zip(alone, together, strict=True):
        assert set(one) == set(other)
        for name, value in one.items():
            assert other[name] == pytest.approx(value, rel=1e-5), name


@pytest.mark.slow
def test_one_worker_trains_as_one_device_does(folder: Path) -> None:
    plain = project()
    alone, one = ended(run(plain, folder)), ended(run(spread(plain), folder, "worker=1"))
    for these, those in zip(alone, one, strict=True):
        assert these == pytest.approx(those, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_workers_that_are_all_killed_go_on_to_the_same_bits(folder: Path, seed: int) -> None:
    """With averages of a normalisation and dropout, which each worker has for itself."""
    layers = NORM if seed else DROPOUT
    found = spread(project(layers=layers, epochs=6, checkpoint_steps=3))
    whole = run(found, folder, "worker=2")
    history = ended(whole)
    at = random.Random(seed).randrange(5, 30)
    killed = run(found, folder, "worker=2")
    until = time.monotonic() + SECONDS
    while step_at(killed) < at and not killed.progress.ended:
        assert time.monotonic() < until
        time.sleep(0.02)
    for process in processes(killed):
        process.kill()
    assert wait(killed, SECONDS)
    assert killed.progress.state == "failed"
    again = resume(killed.folder)
    assert ended(again) == history
    one, other = last_arrays(whole), last_arrays(again)
    assert set(one) == set(other)
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name])


@pytest.mark.slow
def test_files_are_dealt_out_where_the_data_say_so(tmp_path: Path) -> None:
    """Each worker reads files of its own: together they see every element once an epoch."""
    import tensorflow as tf

    values = np.arange(120, dtype="float32")
    for number, part in enumerate(np.split(values, [20, 60, 90])):
        with tf.io.TFRecordWriter(str(tmp_path / f"part-{number}.tfrecord")) as writer:
            for value in part:
                floats = tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
                features = tf.train.Features(feature={"x": floats, "y": floats})
                writer.write(tf.train.Example(features=features).SerializeToString())
    graph = {
        "nodes": [
            {
                "id": "records",
                "op": "studio.data.tfrecord",
                "params": {"path": "part-*.tfrecord", "label": "y"},
            },
            {"id": "batch", "op": "tf.data.Dataset.batch", "params": {"batch_size": 8}},
            {
                "id": "by_file",
                "op": "tf.data.Dataset.with_options",
                "params": {"auto_shard_policy": "FILE"},
            },
        ],
        "edges": [["records", "batch"], ["batch", "by_file"]],
        "outputs": {"train": "by_file"},
    }
    value = {
        "studio": 1,
        "data": graph,
        "model": {
            "nodes": [
                {"id": "x", "op": "keras.Input", "params": {"shape": []}},
                {"id": "row", "op": "keras.layers.Reshape", "params": {"target_shape": [1]}},
                {
                    "id": "y",
                    "op": "keras.layers.Dense",
                    "params": {"units": 1, "kernel_initializer": "zeros"},
                },
            ],
            "edges": [["x", "row"], ["row", "y"]],
            "outputs": ["y"],
        },
        "training": {
            "loop": "custom",
            "epochs": 2,
            "optimizer": {"op": "keras.optimizers.SGD", "params": {"learning_rate": 1e-12}},
            "losses": {"y": {"op": "keras.losses.MeanAbsoluteError"}},
        },
        "distribution": {"op": MULTI_WORKER},
    }
    found, problems = read_project(value)
    assert not problems
    for metrics in ended(run(found, tmp_path, "worker=2")):
        assert metrics["loss"] == pytest.approx(values.mean(), rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("kills", [0, 1])
def test_workers_of_parameter_servers_train_digits_also_where_one_dies(tmp_path, kills) -> None:
    template = ROOT / "templates" / "parameter_server"
    found = load(template)
    assert found.distribution.op == PARAMETER_SERVER
    made = start(found, template, tmp_path, cluster=parse("chief=1,worker=2,ps=1"))
    until = time.monotonic() + SECONDS
    while kills and step_at(made) < 40:
        assert time.monotonic() < until
        time.sleep(0.1)
    if kills:
        told = [each for each in events(made.folder) if each["event"] == "member"]
        worker = next(each for each in told if each["task"] == "worker:1")
        psutil.Process(worker["process"]).kill()
    assert wait(made, SECONDS)
    assert made.progress.state == "completed", made.progress.message
    assert made.progress.test["accuracy"] >= 0.95
    died = [e for e in events(made.folder) if e["event"] == "member" and e["state"] == "died"]
    assert len(died) == kills
