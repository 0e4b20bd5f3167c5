"""What the times under a strategy mean: what binds it, and which strategy is taken."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from studio.engine.strategies import (
    NONE,
    Advice,
    adopting,
    fastest,
    is_wanted,
    measured,
    offered,
    wanted,
)
from studio.graph.checks import check
from studio.graph.document import Training
from studio.graph.file import load
from studio.graph.problems import StudioError, errors
from tests.conftest import ROOT

CPU = {each.key: each for each in offered(0)}
DIGITS = ROOT / "templates" / "digits_mlp"


def found(fed: float, ready: float, noise: float = 0.0) -> dict[str, Any]:
    return {"fed": [fed - noise, fed, fed + noise], "ready": [ready] * 3, "compiled": 1.0}


@pytest.mark.parametrize(
    ("key", "times", "alone", "binds", "share"),
    [
        ("none", found(4.0, 1.0), None, "input", 0.75),
        ("none", found(1.0, 1.2), None, "computing", 1.0),  # no pipeline isn't slower than one
        ("mirrored-2", found(4.0, 4.0), 1.0, "communication", 0.75),
        ("mirrored-2", found(4.0, 3.0), 2.8, "computing", 0.7),
        ("mirrored-2", found(4.0, 3.0), 9.0, "computing", 0.75),
        # Two workers do two whole batches in 4 ms, which is one in 2 ms.
        ("parameterserver", found(10.0, 10.0), 4.0, "communication", 0.8),
    ],
)
def test_what_takes_most_of_a_step_binds_it(key, times, alone, binds, share) -> None:
    others = None if alone is None else [found(alone, alone), found(alone / 2, alone / 2)]
    row = measured(CPU[key], times, others)
    assert row.binds == binds
    assert row.shares[binds] == pytest.approx(share)
    assert sum(row.shares.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("plain", "other", "best"),
    [
        (found(2.0, 2.0, 0.1), found(1.0, 1.0, 0.1), "mirrored-2"),
        (found(2.0, 2.0, 0.8), found(1.5, 1.5, 0.1), "none"),  # which may be chance
        (found(2.0, 2.0), found(1.99, 1.99), "none"),
        (found(1.0, 1.0), found(2.0, 2.0), "none"),
    ],
)
def test_a_strategy_is_taken_where_it_is_faster_by_more_than_chance(plain, other, best) -> None:
    rows = [measured(NONE, plain, None), measured(CPU["mirrored-2"], other, None)]
    assert fastest(rows).key == best


def test_efficiency_is_what_a_device_does_of_what_one_does_alone() -> None:
    rows = (
        measured(NONE, found(2.0, 2.0), None),
        measured(CPU["mirrored-4"], found(1.0, 1.0), None),
    )
    advice = Advice(rows, 32, 0.1, 0, rows[1], None)
    assert advice.rate(rows[0]) == pytest.approx(16_000)
    assert advice.efficiency(rows[1]) == pytest.approx(0.5)


def test_all_that_a_machine_offers_can_train_a_project() -> None:
    project = load(DIGITS)
    auto = replace(project.training, steps_per_execution="auto", jit_compile="auto")
    project = replace(project, training=auto)
    for gpus in (0, 1, 2):
        for strategy in offered(gpus):
            adopted = adopting(project, strategy).apply(project)
            assert adopted.distribution == strategy.distribution
            told = {each.message for each in errors(check(adopted, DIGITS).problems)}
            # Its Dropout keeps a seed.
            assert bool(told) == (strategy.key.startswith("central")), told
            kept = strategy.key in ("none", "onedevice")
            assert (adopted.training == auto) == kept
    assert [bool(each.lacks) for each in offered(1)] == [False, False, True, True, True, False]


def test_strategies_are_named() -> None:
    assert [key for key in CPU if is_wanted(CPU[key], wanted("mirrored"))] == [
        "none",
        "mirrored-2",
        "mirrored-4",
    ]
    assert all(is_wanted(each, wanted("")) for each in CPU.values())
    assert not is_wanted(CPU["mirrored-4"], wanted("Mirrored-2, onedevice"))
    with pytest.raises(StudioError, match="Did you mean"):
        wanted("miror")


def test_the_loop_that_was_measured_is_taken_where_there_are_several_replicas() -> None:
    project = replace(load(DIGITS), training=Training(loop="fit"))
    loops = {key: adopting(project, each).apply(project).training.loop for key, each in CPU.items()}
    custom = {key for key, loop in loops.items() if loop == "custom"}
    assert custom == CPU.keys() - {"none", "onedevice"}
