"""A custom loop that was interrupted goes on as if it hadn't been: the same bits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from studio.codegen.script import write_script
from studio.graph.document import Project
from tests.codegen.test_loop import OPTIONS, module, small

pytestmark = pytest.mark.filterwarnings("default:__array__ implementation:DeprecationWarning")


class Interrupted(BaseException):
    """What a training is interrupted by."""


class Interruption(keras.callbacks.Callback):
    """Has a checkpoint written before a step, or before a step of the validation, and ends all."""

    def __init__(self, step: int, tests: bool = False):
        super().__init__()
        self.left = step
        self.tests = tests

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            self.params["checkpoint"]()
            raise Interrupted

    def on_train_batch_begin(self, batch, logs=None):
        if not self.tests:
            self._count()

    def on_test_batch_begin(self, batch, logs=None):
        if self.tests:
            self._count()


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    yield
    keras.config.set_dtype_policy("float32")
    keras.backend.clear_session()


def outcome(model: Any, history: Any) -> tuple[dict[str, list[float]], list[np.ndarray]]:
    variables = [*model.variables, *model.optimizer.variables]
    return history.history, [each.numpy() for each in variables]


def assert_resumes(
    project: Project, place: Path, steps: list[int], style: str | None = None, tests: bool = False
) -> None:
    """Interrupted again and again, at each of the steps from where it was, it ends the same."""
    text = write_script(project, place, style).text
    model, history, _ = module(text, place).train()
    wanted, weights = outcome(model, history)
    resume = False
    for step in [*steps, None]:
        keras.backend.clear_session()
        callbacks = [] if step is None else [Interruption(step, tests)]
        script = module(text, place)
        if step is not None:
            with pytest.raises(Interrupted):
                script.train(callbacks, resume=resume)
            resume = True
            continue
        model, history, _ = script.train(resume=True)
    found, ours = outcome(model, history)
    assert set(found) == set(wanted)
    for name, values in wanted.items():
        np.testing.assert_array_equal(found[name], values, name)
    assert len(ours) == len(weights)
    for one, other in zip(ours, weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert history.epoch == list(range(len(history.epoch)))


custom: Callable[..., Project] = lambda folder, **training: small(  # noqa: E731
    folder, loop="custom", **training
)


@pytest.mark.parametrize("style", [None, "subclass"], ids=["functional", "subclass"])
@pytest.mark.parametrize("name", OPTIONS)
def test_an_interrupted_training_ends_the_same(
    name: str, style: str | None, tmp_path: Path
) -> None:
    options = OPTIONS[name]
    whole = options.get("steps_per_epoch", 7)  # steps of an epoch
    steps = [3, whole, 1] if options.get("steps_per_execution", 1) == 1 else [1, 2, 3]
    assert_resumes(custom(tmp_path, **options), tmp_path, steps, style)
