"""What the times of a step mean: the shares, what holds back, and which way is best."""

from __future__ import annotations

from typing import Any

import pytest

from studio.engine.speed import judge, own_way
from studio.graph.document import Training


def way(steps: int, xla: bool, ms: float, compile_seconds: float = 1.0) -> dict[str, Any]:
    return {"steps": steps, "xla": xla, "ms": ms, "compile_seconds": compile_seconds}


def found(*ways: dict[str, Any], fed: float = 1.0, ready: float = 1.0) -> dict[str, Any]:
    return {
        "samples": 32,
        "count": 100,
        "eager_ms": 20.0,
        "ways": list(ways),
        "failed": [],
        "ready_ms": ready,
        "fed_ms": fed,
    }


PLAIN = way(1, False, 1.0)
LONG = Training(epochs=1000)


@pytest.mark.parametrize(
    ("training", "ways", "best"),
    [
        (LONG, [PLAIN, way(4, False, 0.5), way(16, False, 0.49)], (4, False)),  # within 3 %
        (LONG, [PLAIN, way(4, False, 0.98)], (1, False)),
        (LONG, [PLAIN, way(4, False, 0.5), way(4, True, 0.2, 9.0)], (4, True)),
        # XLA's compilation is not won back in a hundred steps.
        (Training(), [PLAIN, way(4, False, 0.5), way(4, True, 0.2, 9.0)], (4, False)),
        (LONG, [PLAIN, way(1, True, 3.0)], (1, False)),
    ],
)
def test_the_best_way_is_the_simplest_of_the_fastest(training, ways, best) -> None:
    speed = judge(training, (1, False), found(*ways))
    assert (speed.best.steps, speed.best.xla) == best
    if best == (1, False):
        assert speed.edit is None
    else:
        assert [each.value for each in speed.edit.edits] == list(best)


@pytest.mark.parametrize(
    ("fed", "ways", "holds", "share"),
    [
        (4.0, [PLAIN], "input", 0.75),
        (1.0, [PLAIN, way(16, False, 0.2)], "Python", 0.8),
        (1.0, [PLAIN, way(16, False, 0.9)], "computing", 0.9),
        (0.9, [PLAIN], "computing", 1.0),  # the pipeline can't be faster than no pipeline
    ],
)
def test_what_takes_most_of_a_step_holds_it_back(fed, ways, holds, share) -> None:
    speed = judge(LONG, (1, False), found(*ways, fed=fed))
    assert speed.holds_back == holds
    assert speed.shares[holds] == pytest.approx(share)
    assert sum(speed.shares.values()) == pytest.approx(1.0)


def test_a_project_that_measures_itself_is_compared_with_the_plain_way() -> None:
    assert own_way(Training(steps_per_execution="auto", jit_compile="auto")) == (1, False)
    assert own_way(Training(steps_per_execution=8, jit_compile=True)) == (8, True)
