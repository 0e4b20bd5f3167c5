"""What a training takes of the machine, as its events tell it."""

from __future__ import annotations

import sys
import time
from itertools import pairwise
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import psutil
import pytest
from rich.console import Console

from studio.engine.curves import Curves
from studio.engine.events import EventWriter
from studio.engine.gpus import Gpus
from studio.engine.input_wait import share
from studio.engine.progress import Progress
from studio.engine.resources import profiles
from studio.engine.run import Run, start
from studio.engine.runs import HEAD, TAIL, read_run
from studio.graph.document import Project
from studio.graph.file import loads
from studio.graph.text import dump
from studio.terminal import _Bar

SECONDS = 90.0


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ([], None),
        ([(0, 10), (20, 30)], None),
        ([(0, 10), (20, 30), (40, 50)], 0.5),  # two steps of 20, each with 10 of waiting
        ([(0, 10), (10, 20), (20, 30)], 1.0),
        ([(8, 9), (18, 19), (28, 29)], 0.1),
        ([(0, 10), (15, 30), (20, 30), (40, 50)], 0.625),  # two at a time are one waiting
        ([(40, 50), (0, 10), (20, 30)], 0.5),  # in whatever order
    ],
)
def test_the_share_is_of_whole_steps(taken: list[tuple[int, int]], expected: float | None) -> None:
    assert share(taken) == expected


def endless(seconds: float, units: int, loop: str) -> Project:
    """A training of which each batch takes some seconds to come, by a layer of some units."""
    source = f"""
import time

def rows():
    while True:
        time.sleep({seconds})
        yield [1.0] * 256, 1
"""
    signature = {
        "features": {"shape": [256], "dtype": "float32"},
        "label": {"shape": [], "dtype": "int32"},
    }
    generator = {"generator": {"op": "code:rows"}, "output_signature": signature, "count": -1}
    data: list[dict[str, Any]] = [
        {"id": "rows", "op": "tf.data.Dataset.from_generator", "params": generator},
        {"id": "some", "op": "tf.data.Dataset.take", "params": {"count": 64}},
        {"id": "kept", "op": "tf.data.Dataset.cache"},
        {"id": "again", "op": "tf.data.Dataset.repeat"},
        {"id": "batches", "op": "tf.data.Dataset.batch", "params": {"batch_size": 32}},
    ]
    if seconds:
        data = [data[0], data[4] | {"params": {"batch_size": 2}}]
    names = [each["id"] for each in data]
    model = [
        {"id": "x", "op": "keras.Input", "params": {"shape": [256]}},
        {"id": "wide", "op": "keras.layers.Dense", "params": {"units": units}},
        {"id": "wider", "op": "keras.layers.Dense", "params": {"units": units}},
        {"id": "kind", "op": "keras.layers.Dense", "params": {"units": 2}},
    ]
    loss = "keras.losses.SparseCategoricalCrossentropy"
    value = {
        "studio": 1,
        "data": {
            "nodes": data,
            "edges": list(map(list, pairwise(names))),
            "outputs": {"train": names[-1]},
        },
        "model": {
            "nodes": model,
            "edges": list(map(list, pairwise(each["id"] for each in model))),
            "outputs": ["kind"],
        },
        "code": {"rows": {"kind": "generator", "source": source}},
        "training": {
            "loop": loop,
            "epochs": 1000,
            "steps_per_epoch": 200,
            "optimizer": {"op": "keras.optimizers.SGD"},
            "losses": {"kind": {"op": loss, "params": {"from_logits": True}}},
        },
    }
    project, problems = loads(dump(value))
    assert not problems
    return project


def resources(run: Run) -> dict[str, Any]:
    """The first event that tells how long steps wait; the run is ended then."""
    until = time.monotonic() + SECONDS
    try:
        while "input_wait" not in run.progress.resources:
            assert time.monotonic() < until and not run.progress.ended, run.progress
            run.poll()
            time.sleep(0.1)
    finally:
        run.kill()
    return run.progress.resources


@pytest.mark.parametrize(
    ("seconds", "units", "loop", "least", "most"),
    [
        pytest.param(0.01, 8, "fit", 0.7, 1.0, id="data that sleep"),
        pytest.param(0.0, 3000, "custom", 0.0, 0.1, id="a heavy model", marks=pytest.mark.slow),
    ],
)
def test_a_run_tells_what_it_takes(
    seconds: float, units: int, loop: str, least: float, most: float, tmp_path: Path
) -> None:
    project = endless(seconds, units, loop)
    told = resources(start(project, tmp_path, tmp_path / "runs"))
    assert least <= told["input_wait"] <= most
    assert told["cpu"] > 0 and told["memory"] > 1e8
    machine = told["machine"]
    assert 0 <= machine["cpu"] <= 100 and 0 < machine["memory"] < machine["total"]
    assert machine["total"] == psutil.virtual_memory().total
    batch = 2 if seconds else 32
    assert told["samples_per_second"] == pytest.approx(told["steps_per_second"] * batch, abs=0.1)
    assert told["gpus"] == Gpus().read()


class NvmlError(Exception):
    pass


def refuse(*_: object) -> None:
    raise NvmlError


def nvml(**functions: Any) -> ModuleType:
    """In the place of NVIDIA's library, which has nothing to tell where there is no card."""
    module = ModuleType("pynvml")
    answers: dict[str, Any] = {
        "NVMLError": NvmlError,
        "NVML_TEMPERATURE_GPU": 0,
        "nvmlInit": lambda: None,
        "nvmlDeviceGetCount": lambda: 2,
        "nvmlDeviceGetHandleByIndex": lambda number: number,
        "nvmlDeviceGetName": lambda card: [b"A100", "H100"][card],
        "nvmlDeviceGetUtilizationRates": lambda card: SimpleNamespace(gpu=40 + card),
        "nvmlDeviceGetMemoryInfo": lambda card: SimpleNamespace(used=3 * 10**9, total=4 * 10**10),
        "nvmlDeviceGetTemperature": lambda card, kind: 61,
    }
    vars(module).update(answers | functions)
    return module


def test_cards_are_told_as_far_as_they_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", nvml())
    rest = {"memory": 3 * 10**9, "total": 4 * 10**10, "temperature": 61}
    assert Gpus().read() == [
        {"name": "A100", "load": 40} | rest,
        {"name": "H100", "load": 41} | rest,
    ]
    quiet = nvml(nvmlDeviceGetUtilizationRates=refuse, nvmlDeviceGetTemperature=refuse)
    monkeypatch.setitem(sys.modules, "pynvml", quiet)
    assert Gpus().read()[0] == {"name": "A100", "memory": 3 * 10**9, "total": 4 * 10**10}
    monkeypatch.setitem(sys.modules, "pynvml", nvml(nvmlInit=refuse))
    assert Gpus().read() == []
    monkeypatch.setitem(sys.modules, "pynvml", None)  # as where the package isn't installed
    assert Gpus().read() == []


TOLD = {
    "event": "resources",
    "time": 5.0,
    "cpu": 90.0,
    "memory": 10**9,
    "machine": {"cpu": 50.0, "memory": 10**9, "total": 10**10},
    "gpus": [],
    "input_wait": 0.62,
}


def test_resources_do_no_harm_to_who_follows() -> None:
    progress, curves = Progress(), Curves()
    step = {"event": "step", "time": 4.0, "step": 3, "epoch": 1, "metrics": {"loss": 0.5}}
    for event in (step, TOLD):
        progress.take(event)
    curves.take([step, TOLD])
    assert progress.resources == TOLD and progress.step == 3 and progress.time == 5.0
    assert list(curves.metrics) == ["loss"]


@pytest.mark.parametrize("many", [1, 2000])
def test_a_list_knows_the_last_step_before_other_events(many: int, tmp_path: Path) -> None:
    writer = EventWriter(tmp_path)
    writer.write("state", state="running")
    for number in range(1, many + 1):
        writer.write("step", step=number, epoch=1, metrics={"loss": 0.5})
    writer.write("resources", **{k: v for k, v in TOLD.items() if k not in ("event", "time")})
    writer.close()
    size = (tmp_path / "events.jsonl").stat().st_size
    assert (size > HEAD + TAIL) == (many > 1)
    progress = read_run(tmp_path).progress
    assert progress.step == many and progress.resources["input_wait"] == 0.62


def test_waiting_for_data_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bar = _Bar(Run(tmp_path, None), endless(0, 8, "fit"))
    bar._console = Console(file=sys.stdout, width=200, highlight=False)
    epoch = {"event": "epoch", "time": 6.0, "epoch": 1, "step": 9, "seconds": 1.0, "metrics": {}}
    for share_of_time in (0.1, 0.62, 0.7):
        run = Run(tmp_path, None)
        for event in (TOLD | {"input_wait": share_of_time}, epoch):
            run.progress.take(event)
            bar.show(run, event)
    told = capsys.readouterr().out
    assert told.count("wait for data") == 1 and "62 % of the time" in told, told


@pytest.mark.parametrize(
    ("callbacks", "expected"),
    [
        ([], False),
        ([{"op": "keras.callbacks.TensorBoard"}], False),
        ([{"op": "keras.callbacks.TensorBoard", "params": {"profile_batch": 5}}], True),
    ],
)
def test_no_profile_is_taken_beside_another(callbacks: list[Any], expected: bool) -> None:
    project = endless(0, 8, "fit")
    value, problems = loads(dump({"studio": 1, "training": {"callbacks": callbacks}}))
    assert not problems
    assert profiles(value) is expected and not profiles(project)
