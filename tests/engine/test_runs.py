"""Lists of runs read from the ends of their events; runs found by their processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from studio.engine.curve_reader import CurveReader
from studio.engine.curves import Curves
from studio.engine.events import EventReader
from studio.engine.history import told as history
from studio.engine.process import Found, noted
from studio.engine.run import attach
from studio.engine.runs import Runs, read_run

BEGAN = 1_700_000_000.0


def state(word: str, at: float, **more: object) -> dict:
    return {"event": "state", "time": BEGAN + at, "state": word} | more


def story(epochs: int, steps: int, end: str = "completed") -> list[dict]:
    """The events of a run; each step's loss is its number's inverse."""
    told = [state("queued", 0), state("running", 5)]
    told.append({"event": "plan", "time": BEGAN + 5, "epochs": epochs, "steps": steps})
    for epoch in range(1, epochs + 1):
        for step in range((epoch - 1) * steps + 1, epoch * steps + 1):
            metrics = {"accuracy": 0.5, "loss": 1 / step, "by_class": [0.1, 0.2]}
            told.append({"event": "step", "time": BEGAN + 5, "step": step, "epoch": epoch})
            told[-1]["metrics"] = metrics
        metrics = {"loss": 1 / epoch, "val_loss": abs(epoch - 2.0)}
        told.append({"event": "epoch", "time": BEGAN + 6 + epoch, "epoch": epoch})
        told[-1] |= {"step": epoch * steps, "seconds": 1.0, "metrics": metrics}
    return [*told, state(end, 7 + epochs)] if end else told


def written(folder: Path, told: list[dict]) -> Path:
    folder.mkdir(parents=True)
    lines = [json.dumps(each, separators=(",", ":")) for each in told]
    (folder / "events.jsonl").write_text("\n".join([*lines, ""]))
    return folder


@pytest.mark.parametrize("steps", [1, 10, 2000, 40_000])
def test_the_end_of_the_events_is_enough(tmp_path, steps) -> None:
    known = read_run(written(tmp_path / "20260801-120000-digits", story(2, steps)))
    progress = known.progress
    assert (known.name, known.began, known.seconds) == ("digits", BEGAN, 4.0)
    assert (progress.state, progress.epochs, progress.steps) == ("completed", 2, steps)
    assert (progress.epoch, progress.step, progress.done) == (2, 2 * steps, 1.0)
    assert progress.results == {"loss": 0.5, "val_loss": 0.0}


def test_a_list_is_the_newest_first_and_reads_what_is_new(tmp_path) -> None:
    for day, told in (("01", story(1, 3)), ("03", story(2, 3)), ("02", story(3, 3))):
        moved = [each | {"time": each["time"] + 86400 * int(day)} for each in told]
        written(tmp_path / f"202608{day}-120000-x", moved)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes.txt").write_text("no run")
    runs = Runs(tmp_path)
    first = runs.read()
    assert [each.progress.epochs for each in first] == [2, 3, 1]
    again = runs.read()
    assert all(one is other for one, other in zip(first, again, strict=True))
    with (first[1].folder / "events.jsonl").open("a") as file:
        file.write(json.dumps(state("failed", 99, message="why", node="n", graph="model")) + "\n")
    changed = runs.read()[1].progress
    assert (changed.state, changed.message, changed.graph) == ("failed", "why", "model")
    assert Runs(tmp_path / "none").read() == []


def test_a_run_whose_process_is_gone_is_lost_and_told_so_once_it_is_followed(tmp_path) -> None:
    folder = written(tmp_path / "20260801-120000-x", story(2, 3, end=""))
    os.utime(folder / "events.jsonl", (BEGAN, BEGAN))
    assert read_run(folder).progress.state == "lost"
    run = attach(folder)
    told = run.poll()
    assert told[-1]["state"] == "failed" and run.progress.state == "failed"
    assert "before it was done" in run.progress.message
    assert run.poll() == []
    assert read_run(folder).progress.state == "failed"


def test_a_process_is_found_by_the_folder_that_it_was_started_for(tmp_path) -> None:
    folder = written(tmp_path / "20260801-120000-x", story(2, 3, end=""))
    code = "import sys, time; from pathlib import Path; from studio.engine import process; "
    code += "process.note(Path(sys.argv[1])); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", code, str(folder)])
    until = time.monotonic() + 60
    while not noted(tmp_path) and time.monotonic() < until:
        time.sleep(0.05)
    assert noted(tmp_path) == [folder]
    os.utime(folder / "events.jsonl", (BEGAN, BEGAN))
    found = Found(folder)
    assert found.poll() is None
    other = written(tmp_path / "20260801-120000-y", story(2, 3, end=""))
    (other / "process.json").write_bytes((folder / "process.json").read_bytes())
    os.utime(other / "events.jsonl", (BEGAN, BEGAN))
    assert Found(other).poll() == 1, "the number belongs to another run"
    found.kill()
    child.wait()
    assert found.poll() == 1
    elsewhere = json.loads((folder / "process.json").read_text()) | {"machine": "elsewhere"}
    (folder / "process.json").write_text(json.dumps(elsewhere))
    assert found.poll() is None, "only that machine knows"


@pytest.mark.parametrize("most", [1, 100, 5000, None])
def test_events_are_read_in_parts_without_a_gap(tmp_path, most) -> None:
    told = story(3, 50)
    reader = EventReader(written(tmp_path / "run", told))
    found, parts = [], 0
    while not found or reader.behind:
        found += reader.read(most)
        parts += 1
    assert found == told
    assert parts > 1 or most is None


def test_curves_hold_every_point_and_know_the_best_epoch() -> None:
    curves = Curves()
    told = story(3, 50)
    for event in told:
        curves.take([event])
    assert list(curves.metrics) == ["loss", "accuracy"], "lists are no curve; the loss is first"
    loss = curves.metrics["loss"]
    assert list(loss.steps.x) == list(range(1, 151))
    assert list(loss.steps.y) == [1 / step for step in range(1, 151)]
    assert (list(loss.epochs.x), list(loss.validation.y)) == ([1, 2, 3], [1.0, 0.0, 1.0])
    assert (curves.best, curves.per_epoch, curves.epochs) == (2, 50, 3)
    assert loss.value(None, 50) == (1 / 3, 1.0)
    assert loss.value(1.0, 50) == (1 / 50, 1.0)
    assert curves.metrics["accuracy"].value(99.0, 50) == (0.5, None)


def test_curves_of_data_without_an_end_and_of_figures_that_are_not_finite() -> None:
    curves = Curves()
    curves.take([{"event": "plan", "time": 0, "epochs": 4, "steps": None}])
    curves.take([{"event": "step", "time": 0, "step": 7, "epoch": 1, "metrics": {"loss": None}}])
    assert curves.per_epoch is None and curves.best is None
    metrics = {"loss": None, "val_loss": None}
    curves.take([{"event": "epoch", "time": 0, "epoch": 1, "step": 10, "metrics": metrics}])
    assert curves.per_epoch == 10 and curves.best is None
    assert curves.metrics["loss"].steps.y != curves.metrics["loss"].steps.y, "a gap"


def same(one: Curves, other: Curves) -> None:
    """Every point of every curve, in the same order of metrics."""
    assert list(one.metrics) == list(other.metrics)
    assert (one.epochs, one.per_epoch, one.best) == (other.epochs, other.per_epoch, other.best)
    assert list(map(str, one.table())) == list(map(str, other.table()))


def plain_steps(count: int, names: str = "loss accuracy", first: int = 1) -> list[dict]:
    return [
        {"event": "step", "time": BEGAN, "step": step, "epoch": 1}
        | {"metrics": {name: step / 7 + at for at, name in enumerate(names.split())}}
        for step in range(first, first + count)
    ]


ODD = {
    "as Studio writes them": story(3, 50),
    "numbers alone": [*plain_steps(300), *story(2, 1)[-2:]],
    "a metric more, and again without": [
        *plain_steps(40),
        *plain_steps(40, "loss accuracy auc", 41),
        *plain_steps(40, first=81),
    ],
    "nothing that is finite": [
        *plain_steps(5),
        {"event": "step", "time": 0, "step": 6, "epoch": 1, "metrics": {"loss": None}},
        {"event": "step", "time": 0, "step": 7, "epoch": 1, "metrics": {}},
        *plain_steps(5, "accuracy loss", 8),
    ],
    "gone on from a checkpoint": [
        *story(2, 30, end=""),
        {"event": "resumed", "time": BEGAN, "epoch": 1, "step": 41},
        *plain_steps(4, first=42),
        *story(3, 30)[-30:],
    ],
    "names that are no identifiers": plain_steps(9, 'loss m0 f"\\x step'),
}


@pytest.mark.parametrize("most", [300, 5000, None])
@pytest.mark.parametrize("kind", ODD)
def test_curves_read_from_a_file_are_those_of_its_events(kind, most, tmp_path) -> None:
    told = ODD[kind]
    wanted = Curves()
    wanted.take(told)
    reader = CurveReader(written(tmp_path / "run", told))
    others = reader.read(most)
    while reader.behind:
        others += reader.read(most)
    same(reader.curves, wanted)
    assert others == [each for each in told if each["event"] != "step"]
    assert reader.read(most) == []


def test_curves_go_on_where_they_were_and_take_no_half_line(tmp_path) -> None:
    told = story(2, 30)
    lines = [json.dumps(each, separators=(",", ":")) + "\n" for each in told]
    folder = written(tmp_path / "run", told[:20])
    reader = CurveReader(folder)
    reader.read()
    path = folder / "events.jsonl"
    with path.open("a") as file:
        file.write("".join(lines[20:40]) + lines[40][:30])
        file.flush()
        reader.read()
        version, count = reader.curves.version, reader.curves.metrics["loss"].steps.count
        reader.read()
        assert reader.curves.version == version and count == 36
        file.write(lines[40][30:] + '{"event":"step","cut short\n' + "".join(lines[41:]))
    path.write_bytes(b" " * 2000 + path.read_bytes()[2000:])  # what was read isn't read again
    reader.read()
    wanted = Curves()
    wanted.take(told)
    same(reader.curves, wanted)


def test_what_was_told_behind_the_place_where_a_run_goes_on_is_forgotten(tmp_path: Path) -> None:
    def step(number: int, loss: float) -> dict:
        return {"event": "step", "step": number, "epoch": 1, "metrics": {"loss": loss}}

    def epoch(number: int, loss: float) -> dict:
        metrics = {"loss": loss, "val_loss": loss}
        return {"event": "epoch", "epoch": number, "step": 3 * number, "metrics": metrics}

    told = [step(1, 0.9), step(2, 0.8), step(3, 0.7), epoch(1, 0.7), step(4, 9.0), step(6, 9.0)]
    told += [epoch(2, 9.0), {"event": "resumed", "epoch": 1, "step": 4}, step(5, 0.5)]
    folder = written(tmp_path / "run", told)
    for most in (None, 100):  # all at once, and a line or two at a time
        reader = CurveReader(folder)
        reader.read(most)
        while reader.behind:
            reader.read(most)
        loss = reader.curves.metrics["loss"]
        assert list(loss.steps.x) == [1, 2, 3, 4, 5] and list(loss.steps.y)[-2:] == [9.0, 0.5]
        assert list(loss.epochs.x) == list(loss.validation.x) == [1]
    assert [each["epoch"] for each in history(folder, "epoch")] == [1]


def test_the_history_has_nothing_behind_the_checkpoint_a_run_went_on_from(tmp_path) -> None:
    gone = [
        *story(2, 30, end=""),
        {"event": "resumed", "time": BEGAN, "epoch": 1, "step": 41},
        *plain_steps(4, first=42),
    ]
    folder = written(tmp_path / "run", gone)
    assert [each["epoch"] for each in history(folder, "epoch")] == [1]
    assert [each["step"] for each in history(folder, "step")] == list(range(1, 46))
    assert history(tmp_path / "none", "step") == []
