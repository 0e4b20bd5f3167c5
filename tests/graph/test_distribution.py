"""What doesn't go together with a strategy is told, and the mend of each leaves nothing to say."""

from __future__ import annotations

from typing import Any

import pytest

from studio.graph.checks import check
from studio.graph.history import History
from studio.graph.problems import errors
from studio.graph.read import read_project
from tests.graph.advice.build import call, classes, dense

MIRRORED = {"op": "tf.distribute.MirroredStrategy"}
WORKERS = {"op": "tf.distribute.MultiWorkerMirroredStrategy"}
SERVERS = {"op": "tf.distribute.ParameterServerStrategy"}
CENTRAL = {"op": "tf.distribute.experimental.CentralStorageStrategy"}
TPU = {"op": "tf.distribute.TPUStrategy"}
ONE = {"op": "tf.distribute.OneDeviceStrategy", "params": {"device": "CPU:0"}}
STEP = 'def go(model, batch):\n    return {"loss": 0.0}\n'


def adam(**params: Any) -> dict[str, Any]:
    """An optimizer."""
    return call("optimizers", "Adam", **params)


def told(strategy: Any, loop: str = "custom", **training: Any) -> tuple[Any, list[Any]]:
    """A project with a strategy, and what is wrong with it."""
    value = classes(dense("hidden", 16), loop=loop, **training) | {"distribution": strategy}
    project, problems = read_project(value)
    assert not problems
    return project, errors(check(project).problems)


# Strategy, loop, training -> where, a part of what is said, whether a click mends it.
WRONG = [
    (WORKERS, "fit", {}, "training.loop", "issue 20585", True),
    (SERVERS, "fit", {}, "training.loop", "the custom loop can", True),
    (CENTRAL, "fit", {}, "training.loop", "count wrongly", True),
    (MIRRORED, "fit", {"jit_compile": "auto"}, "training.jit_compile", "measures without", True),
    (ONE, "custom", {"jit_compile": "auto"}, "training.jit_compile", "measures without", True),
    (ONE, "custom", {"jit_compile": True}, "training.jit_compile", "XLA", True),
    (
        MIRRORED,
        "custom",
        {"steps_per_execution": "auto"},
        "training.steps_per_execution",
        "measures without a strategy",
        True,
    ),
    (MIRRORED, "custom", {"jit_compile": True}, "training.jit_compile", "XLA", True),
    (
        MIRRORED,
        "fit",
        {"optimizer": adam(gradient_accumulation_steps=4)},
        "training.optimizer",
        "adds up gradients",
        False,
    ),
    (
        MIRRORED | {"scale_learning_rate": "linear"},
        "custom",
        {
            "optimizer": adam(
                learning_rate={
                    "op": "keras.optimizers.schedules.CosineDecay",
                    "params": {"initial_learning_rate": 0.1, "decay_steps": 100},
                }
            )
        },
        "distribution.scale_learning_rate",
        "a schedule",
        True,
    ),
    (WORKERS | {"virtual_devices": 2}, "custom", {}, "distribution.virtual_devices", "", True),
    (TPU | {"virtual_devices": 2}, "custom", {}, "distribution.virtual_devices", "", True),
    (
        SERVERS,
        "custom",
        {"optimizer": call("optimizers", "LossScaleOptimizer", inner_optimizer=adam())},
        "training.optimizer",
        "scales the loss",
        False,
    ),
    (
        MIRRORED,
        "custom",
        {
            "optimizers": {"slow": adam(clipnorm=1.0)},
            "trained_by": {"hidden": "slow"},
        },
        "training.optimizers.slow",
        "clips gradients",
        False,
    ),
]


@pytest.mark.parametrize(
    ("strategy", "loop", "training", "place", "said", "mended"), WRONG, ids=lambda v: str(v)[:30]
)
def test_what_a_strategy_can_not_is_told_with_its_mend(
    strategy, loop, training, place, said, mended
) -> None:
    project, problems = told(strategy, loop, **training)
    (problem,) = [each for each in problems if each.place == place]
    assert problem.code == "bad-strategy"
    assert said in problem.message
    assert problem.hint
    assert (problem.fix is not None) == mended
    if mended:
        history = History(project)
        history.do(problem.fix)
        left = errors(check(history.project).problems)
        assert place not in [each.place for each in left]


@pytest.mark.parametrize("strategy", [MIRRORED, WORKERS, SERVERS, CENTRAL, TPU, ONE])
def test_the_custom_loop_goes_with_every_strategy(strategy) -> None:
    assert told(strategy)[1] == []


@pytest.mark.parametrize("strategy", [MIRRORED, TPU, ONE])
def test_fit_goes_with_the_strategies_of_one_process(strategy) -> None:
    assert told(strategy, "fit")[1] == []


def test_one_device_takes_all_that_none_takes() -> None:
    optimizer = adam(gradient_accumulation_steps=4, clipnorm=1.0)
    assert told(ONE, optimizer=optimizer)[1] == []
    assert told(ONE, "fit", jit_compile=True, optimizer=optimizer)[1] == []


def test_a_device_stands_in_a_list_once() -> None:
    twice = MIRRORED | {"params": {"devices": ["GPU:0", "GPU:0"]}}
    (problem,) = told(twice)[1]
    assert problem.place == "distribution"
    assert "GPU:0 twice" in problem.message


def test_the_name_of_a_strategy_is_looked_for() -> None:
    (problem,) = told({"op": "tf.distribute.MirorredStrategy"})[1]
    assert problem.code == "unknown-op"
    assert "tf.distribute.MirroredStrategy" in problem.hint


def test_what_is_no_strategy_is_refused() -> None:
    (problem,) = told({"op": "keras.layers.Dense", "params": {"units": 3}})[1]
    assert problem.code == "wrong-op"
    assert "a strategy" in problem.message
