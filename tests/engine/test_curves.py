"""Curves in memory that has an end, what is drawn of them, and what happened beside them."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.engine.axis import EPOCH, STEP, TIME
from studio.engine.curve_reader import CurveReader
from studio.engine.curve_table import rows
from studio.engine.curves import Curves
from studio.engine.events import EventReader
from studio.engine.figure_curves import CPU, GPU_LOAD, GRADIENTS, MEMORY, PER_STEP, RATE
from studio.engine.marks import KINDS, rate_drops
from studio.engine.points import Points
from studio.engine.saved import Saved
from studio.engine.smoothing import Smoothed, smooth
from tests.conftest import events

BEGAN = 1_760_000_000.0


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=count)


@pytest.mark.parametrize("count", [0, 1, 7, 64, 65, 999, 100_003])
@pytest.mark.parametrize("part", [1000, 17])
def test_points_are_kept_as_told_up_to_a_number(count, part) -> None:
    points, y = Points(), noise(count)
    for at in range(0, count, part):
        points.extend(np.arange(at, min(count, at + part), dtype=float), y[at : at + part])
    assert points.stride == 1 and points.count == count
    assert (points.x == np.arange(count)).all() and (points.y == y).all()
    assert points.means is not points.y and (points.means == y).all()


@pytest.mark.parametrize("most", [512, 1000, 4096])
@pytest.mark.parametrize("one_by_one", [True, False])
def test_beyond_it_memory_stays_and_nothing_that_stands_out_is_lost(most, one_by_one) -> None:
    count = 20_000
    points, y = Points(most), noise(count)
    y[7777], y[12_345] = 50.0, -50.0
    for at in range(0, count, 50):
        if one_by_one:
            for place in range(at, at + 50):
                points.add(place, y[place])
        else:
            points.extend(np.arange(at, at + 50, dtype=float), y[at : at + 50])
    assert most // 4 < points.count <= most
    assert points.stride >= count / most
    assert (np.diff(points.x) > 0).all(), "in order"
    assert (y[points.x.astype(int)] == points.y).all(), "they are points that were told"
    assert points.at(7777) == 50.0 and points.at(12_345) == -50.0
    assert points.last == y[-1]
    assert points.means[: points.thinned].mean() == pytest.approx(y.mean(), abs=0.1)
    assert points.x[1] - points.x[0] < 4 * points.stride + 1


def test_gaps_stay_gaps_when_points_are_thinned() -> None:
    points = Points(128)
    y = np.where((np.arange(1000) >= 200) & (np.arange(1000) < 800), np.nan, 1.0)
    points.extend(np.arange(1000.0), y)
    seen = points.x[np.isnan(points.y)]
    assert seen.min() >= 200 and seen.max() < 800
    assert np.nanmax(points.means) == 1.0


@pytest.mark.parametrize("start, end", [(0, 100_000), (5_000, 25_000), (99_000, 200_000), (10, 20)])
@pytest.mark.parametrize("pixels", [50, 400])
def test_an_outline_has_as_many_points_as_pixels_and_all_extremes(start, end, pixels) -> None:
    points, y = Points(), noise(100_000)
    y[200:300] = np.nan
    for at in range(0, 100_000, 777):  # it grows while it is drawn
        part = y[at : at + 777]
        points.extend(np.arange(at, at + len(part), dtype=float), part)
        points.outline(start, end, pixels)
    x, drawn = points.outline(start, end, pixels)
    assert len(x) == len(drawn) <= 4 * pixels + 6
    assert (np.diff(x) >= 0).all()
    inside = y[start : min(end + 1, len(y))]
    assert np.nanmin(drawn) <= np.nanmin(inside) and np.nanmax(drawn) >= np.nanmax(inside)
    if len(inside) <= 2 * pixels:
        shown = (x >= start) & (x <= end)
        assert np.array_equal(drawn[shown], inside)


def test_an_outline_shows_in_each_piece_what_is_there() -> None:
    y = noise(50_000)
    points = Points()
    points.extend(np.arange(50_000.0), y)
    x, drawn = points.outline(0, 50_000, 100)
    edges = [*x[::2].astype(int), 50_000]
    for at, (begin, end) in enumerate(pairwise(edges)):
        piece = y[begin:end]
        assert tuple(drawn[2 * at : 2 * at + 2]) == (piece.min(), piece.max())


def test_a_smoothed_curve_follows_its_points_in_parts_and_when_they_are_thinned() -> None:
    points, y = Points(1000), noise(3000) + 4
    points.extend(np.arange(900.0), y[:900])
    smoothed = Smoothed(points, 0.9)
    turns = 1
    while not smoothed.follow(70):
        turns += 1
    assert turns == 13
    np.testing.assert_allclose(smoothed.points.y, smooth(y[:900], 0.9))
    points.extend(np.arange(900.0, 3000.0), y[900:])
    assert points.stride > 1 and smoothed.follow(10_000)
    assert smoothed.points.count == points.count
    exact = smooth(y, 0.9)[points.x.astype(int)]
    assert np.abs(smoothed.points.y[100:] - exact[100:]).mean() < 0.2, "as much as before"


def test_a_point_is_put_where_it_belongs() -> None:
    points = Points()
    for x in (3, 1, 2, 2, 5):
        points.put(x, 10 * x)
    assert list(points.x) == [1, 2, 3, 5] and list(points.y) == [10, 20, 30, 50]
    points.put(5, None)
    assert math.isnan(points.last) and points.nearest(4.4) == 3


# A run


def told(folder: Path, lines: list[dict[str, Any]]) -> Path:
    text = [json.dumps(each, separators=(",", ":")) for each in lines]
    (folder / "events.jsonl").write_text("\n".join([*text, ""]))
    return folder


def story() -> list[dict[str, Any]]:
    """Three epochs of ten steps of 0.1 s; a pause of 60 s in the second; it went on once."""
    at = 0.0

    def event(kind: str, **fields: Any) -> dict[str, Any]:
        return {"event": kind, "time": BEGAN + round(at, 4)} | fields

    lines = [event("state", state="running"), event("plan", epochs=5, steps=10)]
    for epoch in (1, 2, 3, 2, 3):  # behind the third it went back to the end of the first
        if epoch == 2 and len(lines) > 40:
            lines.append(event("resumed", epoch=1, step=10))
        for step in range(10 * epoch - 9, 10 * epoch + 1):
            at += 0.1
            lines.append(event("step", step=step, epoch=epoch, metrics={"loss": 1 / step}))
            if step == 15 and len(lines) < 30:
                lines.append(event("state", state="paused"))
                at += 60
                lines.append(event("state", state="running"))
            if step % 10 == 5:
                lines[-1] |= {"learning_rate": 1 / step} if lines[-1]["event"] == "step" else {}
                inside = {"norm": 0.5 * step, "nodes": {}}
                lines.append(event("inside", step=step, epoch=epoch, gradients=inside))
        at += 1
        machine = {"cpu": 50.0, "memory": 7e9, "total": 8e9, "cores": 4}
        gpus = [{"name": "A", "load": 90, "memory": 3e9}]
        lines.append(event("resources", cpu=200.0, memory=1e9, gpus=gpus, machine=machine))
        metrics = {"loss": 1.0, "val_loss": 4.0 - epoch}
        rate = 0.01 if epoch < 3 else 0.001
        lines.append(event("epoch", epoch=epoch, step=10 * epoch, metrics=metrics))
        lines[-1] |= {"learning_rate": rate, "seconds": 1.0}
        lines.append(event("checkpoint", path=f"checkpoints/{epoch}", step=10 * epoch))
    lines.append(event("early_stop", epoch=3, step=30))
    lines.append(event("test", metrics={"loss": 0.25}))
    return [*lines, event("state", state="completed")]


def of_parts(folder: Path) -> Curves:
    """As the panel reads them."""
    reader = CurveReader(folder)
    while True:
        reader.read(300)
        if not reader.behind:
            return reader.curves


def of_events(folder: Path) -> Curves:
    """One after the other."""
    curves = Curves()
    for event in EventReader(folder).read():
        curves.take([event])
    return curves


@pytest.fixture(params=[of_parts, of_events])
def curves(request, tmp_path) -> Curves:
    return request.param(told(tmp_path, story()))


def test_curves_beside_the_metrics(curves) -> None:
    figures = curves.beside.figures
    assert [each.name for each in curves.beside.shown()] == [
        *(RATE, PER_STEP, GRADIENTS),
        *(CPU, MEMORY, GPU_LOAD, "GPU memory"),
    ]
    norms = figures[GRADIENTS].curves[GRADIENTS]
    assert list(zip(norms.x, norms.y, strict=True)) == [(5, 2.5), (15, 7.5), (25, 12.5)]
    rates = figures[RATE].curves[RATE]
    assert list(rates.x) == [5, 10, 15, 20, 25, 30]
    assert list(rates.y[1::2]) == [0.01, 0.01, 0.001]
    took = figures[PER_STEP].curves[PER_STEP]
    assert set(took.x) <= {*range(2, 11), *range(12, 21), *range(22, 31)}, "without validations"
    assert took.y[np.isfinite(took.y)] == pytest.approx(0.1, rel=1e-4), "without pauses"
    assert list(figures[CPU].curves["training"].y) == [50.0] * 5, "of all cores"
    assert set(figures[MEMORY].curves) == {"training", "machine"}
    assert list(figures[GPU_LOAD].curves) == ["GPU 0"]
    assert list(curves.metrics["loss"].steps.x) == list(range(1, 31)), "none is told twice"


def test_marks_of_what_happened(curves) -> None:
    found = {kind: [each for each in curves.marks() if each.kind == kind] for kind in KINDS}
    assert [each.step for each in found["best"]] == [30]
    assert "validation loss 1.000" in found["best"][0].text
    assert [each.step for each in found["checkpoint"]] == [10, 20, 30]
    assert [each.step for each in found["early stop"]] == [30]
    assert [each.step for each in found["resumed"]] == [10]
    assert [each.step for each in found["learning rate"]] == [20]
    assert len(found["paused"]) == 1 and found["paused"][0].step is None
    assert found["test"][0].text == "Tested: loss 0.250"


def test_places_along_a_plot_by_epochs_steps_and_time(curves) -> None:
    by_epoch, by_step, by_time = (curves.axis(kind) for kind in (EPOCH, STEP, TIME))
    assert by_epoch.along(STEP, 25) == 2.5 and by_epoch.along(EPOCH, 3) == 3
    assert by_step.along(EPOCH, 2.5) == 25 and by_step.back(EPOCH, 25) == 2.5
    at = by_time.along(STEP, np.array([11.0, 20.0, 30.0]))
    assert (np.diff(at) > 0).all()
    assert by_time.back(STEP, at) == pytest.approx([11, 20, 30])
    assert by_step.along(TIME, by_time.back(TIME, at)) == pytest.approx([11, 20, 30])
    assert by_step.along(TIME, BEGAN - 9) == 1 and by_step.along(TIME, BEGAN + 1e6) == 30


@pytest.mark.parametrize(
    "rates, drops",
    [
        ([], []),
        ([1.0, 1.0, 0.5, 0.5], [2]),
        ([1.0, 0.5, 0.5], [1]),
        ([1.0, 1.0, 0.1], [2]),
        ([1.0, 0.8, 0.6, 0.4, 0.2], []),  # a schedule that falls all the time
        ([0.5, 1.0, 1.0], []),
        ([1.0, 1.0, 0.99, 0.99], []),
    ],
)
def test_drops_of_the_learning_rate(rates, drops) -> None:
    steps = [(10 * number, rate) for number, rate in enumerate(rates, 1)]
    assert [each.step / 10 for each in rate_drops(steps)] == drops


def test_every_point_is_a_row_and_none_of_them_twice(tmp_path) -> None:
    folder = told(tmp_path, story())
    found = [row for _, part in rows(folder) for row in part]
    assert found[0] == ["of", "x", "metric", "value"]
    steps = [row for row in found if row[0] == "step"]
    assert sorted(row[1] for row in steps) == list(range(1, 31))
    assert {tuple(row[2:]) for row in found if row[:2] == ["epoch", 3]} == {
        ("loss", 1.0),
        ("val_loss", 1.0),
    }
    more = [row for _, part in rows(folder, everything=True) for row in part]
    names = {row[2] for row in more} - {"metric", "loss", "val_loss"}
    assert names >= {"learning_rate", "gradient norm", "training cpu", "gpu 0 load"}
    assert [row[3] for row in more if row[2] == "gradient norm"] == [2.5, 7.5, 12.5]


def test_what_was_saved_is_found_once(tmp_path) -> None:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "000001-000000000").mkdir()
    saved = Saved(tmp_path)
    assert saved.new() == []
    (tmp_path / "checkpoints" / "000002-000000000").mkdir()
    (tmp_path / "checkpoints" / "unfinished").mkdir()
    (tmp_path / "checkpoints" / ".best.keras").touch()
    (tmp_path / "best.keras").write_text("1")
    assert saved.new() == ["best.keras", "checkpoints/000002-000000000"]
    assert saved.new() == []


def test_a_training_tells_its_learning_rate_and_that_it_ended_early(trained) -> None:
    _, folder = trained("penguins")
    found = events(folder)
    epochs = [each for each in found if each["event"] == "epoch"]
    assert {round(each["learning_rate"], 9) for each in epochs} == {0.01}
    early = [each for each in found if each["event"] == "early_stop"]
    plan = next(each for each in found if each["event"] == "plan")
    assert bool(early) == (len(epochs) < plan["epochs"])
