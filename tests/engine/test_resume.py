"""Runs that were killed at random places go on, and end as one that never was: the same bits."""

from __future__ import annotations

import json
import os
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from studio.engine import checkpoints
from studio.engine import run as runs
from studio.engine.curves import Curves
from studio.engine.events import EventReader, EventWriter
from studio.engine.progress import Progress
from studio.engine.run import Run, resume, start, wait
from studio.graph.document import Project
from studio.graph.problems import StudioError
from tests.codegen.test_loop import callback, optimizer
from tests.codegen.test_resume import cut, images, lose_state
from tests.conftest import slow
from tests.engine.nursery import POINTS, Nursery, some_deaths

KILLS = int(os.environ.get("STUDIO_KILLS", "10"))
SECONDS = 120.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are forked here")

DECAY = {
    "op": "keras.optimizers.schedules.ExponentialDecay",
    "params": {"initial_learning_rate": 0.02, "decay_steps": 5, "decay_rate": 0.9},
}


def hard(folder: Path, loop: str) -> Project:
    """All at once: shuffled data, changes by chance in data and model, dropout, a schedule,
    accumulated gradients, and a stop that comes early.
    """
    project = images(
        folder,
        loop=loop,
        epochs=14,
        checkpoint_steps=2,
        optimizer=optimizer("Adam", learning_rate=DECAY, gradient_accumulation_steps=3),
        callbacks=[callback("EarlyStopping", patience=4, restore_best_weights=True)],
    )
    return replace(project, name=loop)


def begun(project: Project, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run whose process is still to be started."""
    monkeypatch.setattr(runs, "_launch", lambda place, *options: Nobody())
    return start(project, folder, folder / "runs").folder


class Nobody:
    """A process that has ended, or never began."""

    def poll(self) -> int:
        return 0


def told(folder: Path) -> dict[str, list[tuple[float, float]]]:
    """The metrics of the epochs, as a plot shows them."""
    curves = Curves()
    curves.take(EventReader(folder).read())
    found = {}
    for name, curve in curves.metrics.items():
        for kind in ("epochs", "validation"):
            points = getattr(curve, kind)
            found[f"{kind} {name}"] = list(zip(points.x, points.y, strict=True))
        steps = list(curve.steps.x)
        assert steps == sorted(set(steps)), name
    return found


def weights(folder: Path) -> bytes:
    with zipfile.ZipFile(folder / "artifacts" / "model.keras") as file:
        return file.read("model.weights.h5")


def state(folder: Path) -> str:
    progress = Progress()
    for event in EventReader(folder).read():
        progress.take(event)
    return progress.state


@pytest.mark.parametrize("loop", ["fit", *slow("custom")])
def test_runs_killed_at_random_places_end_as_if_they_had_not_been(
    loop: str, tmp_path: Path, nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = hard(tmp_path, loop)
    undisturbed = begun(project, tmp_path, monkeypatch)
    count = KILLS if loop == "custom" else max(KILLS // 3, len(POINTS))
    deaths = some_deaths(count, seed=8, steps=9)
    assert nursery.live(undisturbed, resume=False) == 0
    while deaths:
        folder = begun(project, tmp_path, monkeypatch)
        resumes = False
        while state(folder) != "completed":
            death = deaths.pop() if deaths else None
            code = nursery.live(folder, resumes, death)
            log = (folder / "log.txt").read_text(encoding="utf-8")
            assert code in (0, -9), f"{death}: {log[-2000:]}"
            assert code == -9 or state(folder) == "completed"
            resumes = True
        assert weights(folder) == weights(undisturbed)
        assert told(folder) == told(undisturbed)
    epochs = len(told(undisturbed)["epochs loss"])
    assert 1 < epochs < project.training.epochs  # it was stopped early, and not at once


def following(run: Run, wanted: Any) -> None:
    """Reads a run's events until something is so."""
    until = time.monotonic() + SECONDS
    while not wanted():
        assert time.monotonic() < until, run.progress
        run.poll()
        time.sleep(0.02)


@pytest.mark.slow
def test_a_run_pauses_goes_on_stops_and_goes_on(tmp_path: Path) -> None:
    project = images(tmp_path, loop="custom", epochs=3000)
    run = start(project, tmp_path, tmp_path / "runs")
    following(run, lambda: run.progress.step > 5)
    with pytest.raises(StudioError, match="goes on already"):
        resume(run.folder)
    run.pause()
    following(run, lambda: run.progress.state == "paused")
    checkpoints = list((run.folder / "checkpoints").iterdir())
    assert checkpoints
    time.sleep(0.5)
    step = run.progress.step
    run.poll()
    assert run.progress.step == step and run.process.poll() is None
    assert resume(run.folder).folder == run.folder
    following(run, lambda: run.progress.state == "running" and run.progress.step > step)
    run.stop()
    assert wait(run, SECONDS) and run.progress.state == "stopped"
    stopped = run.progress.step
    again = resume(run.folder)
    following(again, lambda: again.progress.state == "running" and again.progress.step > stopped)
    again.kill()
    assert wait(again, SECONDS) and again.progress.state == "failed"
    assert "SIGKILL" in again.progress.message


def test_a_completed_run_has_nothing_left(tmp_path: Path) -> None:
    run = start(images(tmp_path, epochs=1), tmp_path, tmp_path / "runs")
    assert wait(run, SECONDS) and run.progress.state == "completed"
    with pytest.raises(StudioError, match="completed: there is nothing left"):
        resume(run.folder)


@pytest.mark.parametrize("loop", ["fit", *slow("custom")])
def test_a_run_goes_on_from_the_last_checkpoint_that_can_be_read(
    loop: str, tmp_path: Path, nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = hard(tmp_path, loop)
    undisturbed, folder = (begun(project, tmp_path, monkeypatch) for _ in range(2))
    death = {"at": "step", "count": 24}
    assert nursery.live(undisturbed, resume=False) == 0
    assert nursery.live(folder, False, death) == -9
    *_, before, newest = sorted((folder / "checkpoints").iterdir())
    lose_state(newest)
    assert checkpoints.last(folder) == tuple(map(int, before.name.split("-")))
    log = (folder / "log.txt").read_text(encoding="utf-8")
    assert nursery.live(folder, resume=True) == 0, log[-2000:]
    log = (folder / "log.txt").read_text(encoding="utf-8")
    assert f"The checkpoint {newest.name} can't be read (FileNotFoundError: " in log
    assert f"the training goes on from {before.name}." in log
    assert weights(folder) == weights(undisturbed)
    assert told(folder) == told(undisturbed)


def test_a_run_of_which_no_checkpoint_can_be_read_is_not_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = begun(images(tmp_path, loop="custom"), tmp_path, monkeypatch)
    writer = EventWriter(folder)
    writer.write("state", state="stopped")
    writer.close()
    assert checkpoints.last(folder) is None
    for name in ("000001-000000000", "000001-000000002"):
        place = folder / "checkpoints" / name
        place.mkdir(parents=True)
        np.savez(place / "arrays.npz", variable0=np.zeros(200))
        epoch, step = map(int, name.split("-"))
        (place / "state.json").write_text(json.dumps({"epoch": epoch, "step": step}))
        assert checkpoints.last(folder) == (epoch, step)
    cut(folder / "checkpoints" / name)
    assert checkpoints.last(folder) == (1, 0)
    cut(folder / "checkpoints" / "000001-000000000")
    before = (folder / "events.jsonl").read_bytes()
    with pytest.raises(StudioError, match=r"No checkpoint in .* can be read \(BadZipFile: "):
        resume(folder)
    assert (folder / "events.jsonl").read_bytes() == before


def test_an_event_behind_half_a_line_stands_alone(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(b'{"event":"state","state":"running"}\n{"event":"st')
    writer = EventWriter(tmp_path)
    writer.write("state", state="stopped")
    writer.close()
    assert [event["state"] for event in EventReader(tmp_path).read()] == ["running", "stopped"]
