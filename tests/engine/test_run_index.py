"""The index of runs: what it keeps is what is there, and it is made anew whatever befalls it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from studio.engine import run_index, runs
from studio.engine.about import set_note
from studio.engine.run_index import place_of
from studio.engine.runs import Known, Runs


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def write(folder: Path, number: int, *told: dict) -> Path:
    run = folder / f"2026110{number}-120000-digits"
    run.mkdir(parents=True, exist_ok=True)
    lines = [{"event": "state", "time": 100.0 + number, "state": "running"}, *told]
    text = "".join(json.dumps(each, separators=(",", ":")) + "\n" for each in lines)
    (run / "events.jsonl").write_text(text)
    return run


def epoch(number: int, loss: float) -> dict:
    metrics = {"loss": loss}
    return {"event": "epoch", "time": 200.0, "epoch": number, "step": number, "metrics": metrics}


END = {"event": "state", "time": 300.0, "state": "completed"}


@pytest.fixture
def folder(tmp_path) -> Path:
    """Three runs that have ended."""
    for number in (1, 2, 3):
        write(tmp_path / "runs", number, epoch(1, 1 / number), END)
    return tmp_path / "runs"


def look(folder: Path) -> list[Known]:
    """As a window that opens does."""
    return Runs(folder, indexed=True).read()


def read_anew(monkeypatch) -> list[str]:
    """The names of the runs that are read from now on."""
    found: list[str] = []
    read = runs.read_run

    def hear(run: Path) -> Known:
        found.append(run.name[7:8])
        return read(run)

    monkeypatch.setattr(runs, "read_run", hear)
    return found


def test_what_was_read_once_is_not_read_again(folder, monkeypatch) -> None:
    first = look(folder)
    assert first == Runs(folder).read() and len(first) == 3
    read = read_anew(monkeypatch)
    assert look(folder) == first and not read


def test_what_has_changed_is_read_again(folder, monkeypatch) -> None:
    look(folder)
    write(folder, 2, epoch(1, 0.5), epoch(2, 0.25), END)
    set_note(folder / "20261103-120000-digits", "the best")
    shutil.rmtree(folder / "20261101-120000-digits")
    write(folder, 4, epoch(1, 0.1), END)
    read = read_anew(monkeypatch)
    found = look(folder)
    assert sorted(read) == ["2", "3", "4"]
    assert [each.folder.name[7] for each in found] == ["4", "3", "2"]
    assert found[1].about.note == "the best" and found[2].progress.results == {"loss": 0.25}
    read.clear()
    assert look(folder) == found and not read
    assert set(run_index.read(folder)) == {each.folder.name for each in found}


def test_a_run_that_may_go_on_is_never_kept(folder, monkeypatch) -> None:
    write(folder, 3, epoch(1, 0.5))
    look(folder)
    read = read_anew(monkeypatch)
    look(folder)
    assert read == ["3"]


def of_another_version(place: Path) -> None:
    with sqlite3.connect(place) as index:
        index.execute("PRAGMA user_version = 1")
        index.execute("UPDATE runs SET kept = x'00'")
    index.close()


def without_its_table(place: Path) -> None:
    with sqlite3.connect(place) as index:
        index.execute("DROP TABLE runs")
    index.close()


def with_another_value(place: Path) -> None:
    with sqlite3.connect(place) as index:
        index.execute("UPDATE runs SET kept = 'text'")
    index.close()


@pytest.mark.parametrize(
    "damage",
    [
        of_another_version,
        without_its_table,
        with_another_value,
        lambda place: place.write_bytes(b"no database at all" * 100),
        lambda place: place.write_bytes(place.read_bytes()[:5000]),
        lambda place: place.write_bytes(b""),
        lambda place: place.unlink(),
    ],
)
def test_one_that_cant_be_read_is_made_anew(folder, monkeypatch, damage) -> None:
    first = look(folder)
    damage(place_of(folder))
    assert look(folder) == first
    read = read_anew(monkeypatch)
    assert look(folder) == first and not read


def test_it_is_done_without_one_that_cant_be_written(folder, tmp_path, monkeypatch) -> None:
    (tmp_path / "cache").write_text("in the way")
    first = look(folder)
    assert len(first) == 3
    read = read_anew(monkeypatch)
    assert look(folder) == first and len(read) == 3
