"""Training steps done again, one by one, until the first that gives what isn't finite.

The script is the run's own, and so are its steps, compiled as they were. They are taken one a
call, each with its batch in hand and the model's variables from before it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from studio.engine.not_finite import wrong

SILENT = ("BackupAndRestore", "CSVLogger", "ModelCheckpoint", "RemoteMonitor", "TensorBoard")
"""Callbacks that only write: they change nothing in the training, and have written already."""


class Found(BaseException):
    """The first step that gives what isn't finite; its losses and weights were until then."""

    def __init__(
        self,
        step: Callable[[Any], Any],
        batch: Any,
        logs: dict[str, Any],
        trains: bool,
        epoch: int,
        number: int,
    ):
        super().__init__()
        self.step, self.batch, self.logs, self.trains = step, batch, logs, trains
        self.epoch, self.number = epoch, number


class NotFound(BaseException):
    """It has been done again as far as it had to be, and all was finite."""


class Again(keras.callbacks.Callback):
    """Takes the place of the functions that take a script's steps, and knows where it is."""

    async_safe = True

    def __init__(self, script: ModuleType, last_epoch: int):
        super().__init__()
        self._last = last_epoch
        self._epoch = self._number = 0
        self._parts: list[dict[str, Any]] = []  # optimizers and metrics of a step of its own
        self._before: dict[int, np.ndarray] = {}
        self._take(script)

    def _take(self, script: ModuleType) -> None:
        """The script's own loop, and that of Keras, ask this for their steps."""
        again = self
        script.on_iterator = lambda *told: _Steps(again, told[-1], "test" not in _name(told[-1]))
        compile_model = keras.Model.compile

        def one_a_call(model, *arguments, **named):
            compile_model(model, *arguments, **named)
            model.steps_per_execution = 1

        def make_train_function(model, force=False):
            model.train_function = _Steps(again, _compiled(model, model.train_step), True)

        def make_test_function(model, force=False):
            model.test_function = _Steps(again, _compiled(model, model.test_step), False)

        script.STEPS_PER_EXECUTION = 1
        keras.Model.compile = one_a_call
        keras.Model.make_train_function = make_train_function
        keras.Model.make_test_function = make_test_function
        if hasattr(script, "make_steps"):
            make_steps = script.make_steps

            def make_and_know(model, *parts):
                self._parts = [*parts]
                return make_steps(model, *parts)

            script.make_steps = make_and_know
        if hasattr(script, "make_callbacks"):
            make = script.make_callbacks
            script.make_callbacks = lambda: [_silent(each) for each in make()]
        if hasattr(script, "Checkpoints"):
            script.Checkpoints.save = lambda place: None

    def on_epoch_begin(self, epoch, logs=None):
        """Ends where the epoch in which it was noticed is over."""
        self._epoch = epoch + 1
        if self._epoch > self._last:
            raise NotFound

    def on_train_batch_begin(self, batch, logs=None):
        """Counts."""
        self._number = batch + 1

    def on_train_end(self, logs=None):
        """All has been done again."""
        raise NotFound

    def variables(self) -> list[Any]:
        """All that a step changes."""
        model = self.model
        of = [model, *([] if model.optimizer is None else [model.optimizer]), *model.metrics]
        of += [each for part in self._parts for each in part.values()]
        return list({id(each): each for one in of for each in one.variables}.values())

    def begin(self) -> None:
        """A step begins: keeps what it may change."""
        self._before = {id(each): keras.ops.convert_to_numpy(each) for each in self.variables()}

    def restore(self) -> None:
        """Puts everything back to where it was before the last step.

        What only that step has made begins at 0, as the variables of optimizers do.
        """
        for each in self.variables():
            value = self._before.get(id(each))
            each.assign(np.zeros(each.shape, each.dtype) if value is None else value)

    def judge(self, step: Any, batch: Any, logs: dict[str, Any], trains: bool) -> None:
        """Ends all where a step's losses, or the weights that it left, aren't finite."""
        losses = {name: float(value) for name, value in logs.items() if np.ndim(value) == 0}
        if wrong(losses) or (trains and not _finite(self.model.variables)):
            raise Found(step, batch, losses, trains, self._epoch, self._number)


class _Steps:
    """Takes a batch from an iterator and a step with it."""

    def __init__(self, again: Again, step: Any, trains: bool):
        self._again, self._step, self._trains = again, step, trains

    def __call__(self, iterator: Any) -> dict[str, Any]:
        batch = iterator.get_next()
        self._again.begin()
        logs = self._step(batch)
        self._again.judge(self._step, batch, logs, self._trains)
        return logs

    def get_concrete_function(self, spec: Any) -> Any:
        """Traces the step, as a script does before it takes a checkpoint's state."""
        return tf.function(lambda iterator: self._step(next(iterator))).get_concrete_function(spec)


def _name(step: Any) -> str:
    return getattr(step, "__name__", "")


def _compiled(model: Any, step: Any) -> Any:
    return tf.function(step, reduce_retracing=True, jit_compile=model.jit_compile)


def _silent(callback: Any) -> Any:
    """A callback, or in the place of one that only writes, one that does nothing."""
    return keras.callbacks.Callback() if type(callback).__name__ in SILENT else callback


def _finite(variables: list[Any]) -> bool:
    found = [each.value for each in variables if "float" in str(each.dtype)]
    return bool(_all_finite(found)) if found else True


@tf.function(reduce_retracing=True)
def _all_finite(values: list[Any]) -> Any:
    return tf.reduce_all([tf.reduce_all(tf.math.is_finite(each)) for each in values])
