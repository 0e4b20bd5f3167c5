"""The table of runs: its columns in terminals of any width, its order."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from studio.engine.about import About
from studio.engine.progress import Progress
from studio.engine.runs import Known
from studio.graph.problems import StudioError
from studio.run_list import arranged, lines

BEGAN = 1_700_000_000.0
METRICS = ("loss", "accuracy", "val_loss", "val_accuracy", "a_long_name_of_a_metric")


def known(number: int, state: str = "completed", **fields: object) -> Known:
    metrics = {name: 1 / (number + at) for at, name in enumerate(METRICS, 1)}
    told = {"epochs": 20, "epoch": 20, "metrics": metrics, "since": BEGAN, "time": BEGAN + number}
    progress = Progress(state=state, **(told | fields))
    about = About("a note that is rather long, and longer still", ("baseline",) * (number % 3))
    return Known(Path(f"20260501-10150{number}-digits"), BEGAN + number, progress, about)


ROWS = [known(number) for number in range(1, 6)]


@pytest.mark.parametrize("room", [200, 140, 120, 100, 80, 72, 70])
def test_lines_are_no_longer_than_the_terminal_is_wide(room) -> None:
    found = list(lines(ROWS, [], room))
    assert len(found) == 7 and max(map(len, found)) <= room
    titles = found[0].split()
    assert {"run", "state", "epochs", "tags", "note"} <= set(titles)
    for row in found[2:]:
        assert "digits" in row and "completed" in row and "20/20" in row


def test_what_is_left_out_first_is_what_is_missed_least() -> None:
    def titles(room: int | None) -> list[str]:
        return next(lines(ROWS, [], room)).split()

    every = titles(None)
    assert every[:5] == ["run", "state", "when", "epochs", "took"]
    shown = [titles(room) for room in range(200, 60, -1)]
    for wider, narrower in pairwise(shown):
        assert set(narrower) <= set(wider)
    assert next(each for each in shown if "when" not in each)[3:6] == every[4:7]


def test_columns_without_anything_are_not_there() -> None:
    bare = Known(Path("20260501-101500-x"), BEGAN, Progress())
    title, _, row = lines([bare], [])
    assert title.split() == ["run", "state", "when"]
    assert row.split()[:2] == ["20260501-101500-x", "starting"]
    assert list(lines([bare], ["other", "20260501-101500-x"]))[2].split()[1:3] == ["queued", "2"]


def test_nothing_of_a_run_reaches_the_terminal_as_a_command() -> None:
    about = About("\x1b[2J", ("\x07",))
    odd = Known(Path("a\x1b[31m"), BEGAN, Progress(state="\x1b]0;x", metrics={"\x9bm": 1.0}), about)
    text = "\n".join(lines([odd], []))
    assert all(c.isprintable() or c == "\n" for c in text)
    painted = "\n".join(lines(ROWS, [], None, coloured=True))
    assert painted.count("\x1b[32mcompleted\x1b[0m") == 5


@pytest.mark.parametrize(
    ("column", "order"),
    [
        ("when", [5, 4, 3, 2, 1]),
        ("run", [1, 2, 3, 4, 5]),
        ("duration", [5, 4, 3, 2, 1]),
        ("loss", [5, 4, 3, 2, 1]),
        ("accuracy", [1, 2, 3, 4, 5]),
    ],
)
def test_runs_are_sorted_the_best_first(column, order) -> None:
    without = known(0, metrics={"loss": None})
    found = arranged([*ROWS[2:], without, *ROWS[:2]], column)
    numbers = [int(each.folder.name[14]) for each in found]
    assert [each for each in numbers if each] == order
    assert column not in ("loss", "accuracy") or numbers[-1] == 0, "one without a figure is last"


def test_a_column_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(StudioError, match=r'no column "q"\. There are "when", "run"'):
        arranged(ROWS, "q")
