"""The rate that a range test suggests: below what is stable, where the loss falls steepest."""

from __future__ import annotations

import math

import pytest

from studio.engine.learning_rate import diverges, judge, plot, rate_path, smooth, suggest
from studio.graph.document import Call
from studio.graph.problems import StudioError

SGD = "keras.optimizers.SGD"


def descent(curvature: float, steps: int = 100) -> tuple[list[float], list[float]]:
    """Gradient descent on `curvature * w**2 / 2` with a rising rate; above 2 / curvature it leaves.

    Returns the rates, and the loss before each step.
    """
    rates = [1e-6 * 1e6 ** (step / (steps - 1)) for step in range(steps)]
    losses, weight = [], 3.0
    for rate in rates:
        losses.append(curvature * weight**2 / 2)
        weight -= rate * curvature * weight
    return rates, losses


@pytest.mark.parametrize("curvature", [4.0, 30.0, 500.0, 20_000.0])
def test_of_a_quadratic_the_suggestion_is_below_its_stable_limit(curvature: float) -> None:
    rates, losses = descent(curvature)
    found = judge(Call(SGD), ("learning_rate",), rates, losses, 100)
    assert found.suggested is not None
    assert 0.005 / curvature < found.suggested < 2 / curvature
    assert found.edit is not None
    assert found.edit.edits[0].value.params == {"learning_rate": found.suggested}


def test_divergence_is_where_the_loss_leaves_what_it_had_reached() -> None:
    fall, rise = [2.0 - 0.1 * i for i in range(15)], [0.8, 1.5, 2.5, 9.0]
    assert diverges([*fall, *rise]) == len(fall) + 2  # 2.5 is four times 0.6
    assert diverges(fall) == len(fall)
    assert diverges([-1.0, -1.1, -1.2, 0.5, 3.0]) == 3  # a loss may be below 0


def test_a_loss_that_does_not_fall_suggests_nothing() -> None:
    rates = [10.0 ** (i / 10 - 6) for i in range(40)]
    losses = [1.0 + 0.01 * math.sin(i) for i in range(40)]
    assert suggest(rates, smooth(losses)) is None
    found = judge(Call(SGD), ("learning_rate",), rates, losses, 40)
    assert found.edit is None
    assert found.words.startswith("The loss doesn't fall at any of these rates.")
    assert len(plot(found)) == 13


def test_smoothing_is_not_pulled_to_its_beginning() -> None:
    assert smooth([5.0] * 4) == pytest.approx([5.0] * 4)


COSINE = "keras.optimizers.schedules.CosineDecay"
PIECES = "keras.optimizers.schedules.PiecewiseConstantDecay"


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({}, ("learning_rate",)),
        ({"learning_rate": 0.1}, ("learning_rate",)),
        (
            {"learning_rate": {"op": COSINE, "params": {"initial_learning_rate": 0.1}}},
            ("learning_rate", "initial_learning_rate"),
        ),
        (
            {
                "learning_rate": {
                    "op": COSINE,
                    "params": {"initial_learning_rate": 0.0, "warmup_target": 0.1},
                }
            },
            ("learning_rate", "warmup_target"),
        ),
        (
            {"inner_optimizer": {"op": SGD, "params": {"learning_rate": 0.1}}},
            ("inner_optimizer", "learning_rate"),
        ),
        ({"inner_optimizer": {"op": SGD}}, ("inner_optimizer", "learning_rate")),
    ],
)
def test_the_rate_stands_where_the_optimizer_has_it(params, path) -> None:
    optimizer = Call(SGD, params)
    assert rate_path(optimizer) == path
    rates, losses = descent(30.0)
    found = judge(optimizer, path, rates, losses, 100)
    value = found.edit.edits[0].value.params
    for name in path:
        value = value.get("params", value)[name]
    assert value == found.suggested


def test_a_schedule_without_a_base_is_refused() -> None:
    schedule = {"op": PIECES, "params": {"boundaries": [5], "values": [0.1, 0.01]}}
    with pytest.raises(StudioError, match="is a PiecewiseConstantDecay, which has no"):
        rate_path(Call(SGD, {"learning_rate": schedule}))
