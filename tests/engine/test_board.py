"""Runs in TensorBoard: the event files by TensorFlow's own reader, and the real server."""

from __future__ import annotations

import http.client
import importlib.util
import json
import math
import re
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from studio.engine.board import Logs, free_port
from studio.engine.board_events import BoardWriter
from studio.graph.problems import StudioError
from tests.conftest import events, hear_interrupts, studio
from tests.engine.test_runs import story, written

HAS_TENSORBOARD = importlib.util.find_spec("tensorboard") is not None


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorFlow reads in a folder's event files: tag -> steps and values."""
    import tensorflow as tf

    found = defaultdict(list)
    for path in sorted(folder.glob("events.out.tfevents.*")):
        for number, record in enumerate(tf.data.TFRecordDataset(str(path)).as_numpy_iterator()):
            event = tf.compat.v1.Event.FromString(record)
            assert event.wall_time > 1e9
            if number == 0:
                assert event.file_version == "brain.Event:2"
            for value in event.summary.value:
                found[value.tag].append((event.step, value.simple_value))
    return found


@pytest.mark.slow
def test_a_run_without_logs_gets_its_scalars_written(trained, tmp_path) -> None:
    _, run = trained("penguins")
    logs = Logs(tmp_path)
    logs.update([run])
    logs.close()
    told = [each for each in events(run) if each["event"] == "epoch"]
    train, validation = (scalars(tmp_path / run.name / part) for part in ("train", "validation"))
    for name, found in (("loss", train), ("accuracy", train)):
        wanted = [(each["epoch"] - 1, each["metrics"][name]) for each in told]
        assert found[f"epoch_{name}"] == [(at, pytest.approx(value)) for at, value in wanted]
    wanted = [(each["epoch"] - 1, each["metrics"]["val_loss"]) for each in told]
    assert validation["epoch_loss"] == [(at, pytest.approx(value)) for at, value in wanted]
    steps = [each["step"] for each in events(run) if each["event"] == "step"]
    assert [at for at, _ in train["batch_loss"]] == steps
    assert scalars(tmp_path / run.name / "test")["epoch_loss"]


def test_a_long_run_is_thinned_and_followed(tmp_path) -> None:
    told = story(2, 20_000)
    run = written(tmp_path / "runs" / "long", told[:-1])
    logs = Logs(tmp_path / "logs")
    logs.update([run])
    with (run / "events.jsonl").open("a") as file:
        for step in (40_001, 40_039, 40_040, 50_000):
            event = {"event": "step", "time": 2e9, "step": step, "epoch": 3, "metrics": {"loss": 4}}
            file.write(json.dumps(event) + "\n")
    logs.update([run])
    logs.close()
    points = scalars(tmp_path / "logs" / "long" / "train")["batch_loss"]
    steps = [step for step, _ in points]
    assert steps[:1999] == list(range(1, 2000)), "none is left out where they are few"
    gaps = [after / before for before, after in pairwise(steps) if 2000 < before < 39_000]
    assert len(steps) < 6000 and min(gaps) > 1.0004 and max(gaps) < 1.0011
    assert points[-1] == (50_000, 4.0)


def test_what_a_resumed_run_tells_again_is_shown_once(tmp_path) -> None:
    gone = [*story(2, 30, end=""), {"event": "resumed", "time": 2e9, "epoch": 1, "step": 41}]
    run = written(tmp_path / "runs" / "gone", [*gone, *story(3, 30)[45:]])
    logs = Logs(tmp_path / "logs")
    logs.update([run])
    logs.close()
    train = scalars(tmp_path / "logs" / "gone" / "train")
    assert [step for step, _ in train["batch_loss"]] == list(range(1, 91))
    assert [epoch for epoch, _ in train["epoch_loss"]] == [0, 1, 2]


def test_numbers_of_all_kinds_are_written(tmp_path) -> None:
    writer = BoardWriter(tmp_path)
    writer.write(2e9, 2**40, {"a": 1, "b": 1e300, "c": [1, 2], "d": None, "é": -0.5})
    writer.write(2e9, 1, {"c": None})
    writer.close()
    step = 2**40
    assert scalars(tmp_path) == {"a": [(step, 1)], "b": [(step, math.inf)], "é": [(step, -0.5)]}


def test_the_logs_of_the_callback_are_shown_as_they_are(trained, tmp_path) -> None:
    _, made = trained("penguins")
    run = written(tmp_path / "runs" / "own", story(1, 2))
    project = json.loads((made / "project.json").read_text())
    call = {"op": "keras.callbacks.TensorBoard", "params": {"log_dir": "board"}}
    project["training"]["callbacks"] = [call]
    (run / "project.json").write_text(json.dumps(project))
    for part in ("before", "after"):
        logs = Logs(tmp_path / part)
        logs.folder.mkdir()
        logs.update([run])
        logs.close()
        BoardWriter(run / "board" / "train").close()
    assert (tmp_path / "before" / "own" / "train").is_dir()
    assert not (tmp_path / "before" / "own").is_symlink()
    assert (tmp_path / "after" / "own").resolve() == run / "board"


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StudioError, match=f"Port {port} can't be listened at"):
            free_port(port)
    assert free_port(port) == port


@pytest.mark.skipif(HAS_TENSORBOARD, reason="TensorBoard is installed")
def test_that_it_is_not_installed_is_a_sentence(trained) -> None:
    done = studio("tensorboard", trained("penguins")[1])
    assert done.returncode == 2
    assert "TensorBoard isn't installed beside Studio" in done.stderr
    assert "-m pip install tensorboard" in done.stderr


@pytest.mark.skipif(not HAS_TENSORBOARD, reason="TensorBoard isn't installed")
def test_the_real_server_shows_the_scalars_of_a_run(trained) -> None:
    _, run = trained("penguins")
    process = subprocess.Popen(
        [sys.executable, "-m", "studio", "tensorboard", run],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_interrupts,
    )
    try:
        line = process.stdout.readline()
        port = int(re.search(r"shows 1 run at http://127\.0\.0\.1:(\d+)/ ", line)[1])

        def ask(path: str):
            asked = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            asked.request("GET", path)
            content = asked.getresponse().read()
            asked.close()
            return json.loads(content)

        names = []
        for _ in range(100):
            names = ask("/data/runs")
            if len(names) == 3:
                break
            time.sleep(0.2)
        assert sorted(names) == [f"{run.name}/{part}" for part in ("test", "train", "validation")]
        tags = ask("/data/plugin/scalars/tags")
        assert "epoch_loss" in tags[f"{run.name}/train"]
        query = f"/data/plugin/scalars/scalars?run={run.name}%2Ftrain&tag=epoch_loss"
        points = ask(query)
        told = [each["metrics"]["loss"] for each in events(run) if each["event"] == "epoch"]
        assert [value for _, _, value in points] == pytest.approx(told)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
