"""Keras' side: the object made, and used once as a training would use it."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from studio.graph.catalogue.registry import find
from studio.graph.document import is_call
from tests.conformance.real import keras, resolve


def reason(action: Callable[[], Any]) -> str:
    """Why something fails; empty where it doesn't."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            action()
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return ""


def make(path: str, params: dict[str, Any]) -> Any:
    """The object that a call makes."""
    return resolve(path)(**{name: plain(value) for name, value in params.items()})


def plain(value: Any) -> Any:
    """A value with the calls in it made; functions are handed over."""
    if is_call(value):
        path = value["op"]
        if path.startswith("code:"):
            return _function
        op = find(path)
        if op is not None and op.kind.endswith(("activation", "function")):
            return resolve(path)
        return make(path, value.get("params", {}))
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def _function(*values: Any) -> float:
    return 0.1


def use(path: str, params: dict[str, Any]) -> None:
    """Makes the object and does with it what a training does; raises what Keras raises."""
    op = find(path)
    assert op is not None
    _USES[op.kind](make(path, params), op.name)


_RANDOM = np.random.default_rng(0)


def _scores(*shape: int) -> np.ndarray:
    return _RANDOM.uniform(0.05, 0.95, shape).astype("float32")


def _pair(name: str) -> tuple[np.ndarray, np.ndarray]:
    """A label and an output that go together."""
    if name == "CTC":
        return np.ones((4, 2), "int32"), _scores(4, 5, 3)
    if name in ("IoU", "MeanIoU"):
        return np.zeros(4, "int32"), np.zeros(4, "int32")
    if name.startswith("Sparse") or name in ("Circle", "CategoricalGeneralizedCrossEntropy"):
        return np.array([0, 1, 2, 0]), _scores(4, 3)
    return np.eye(3, dtype="float32")[[0, 1, 2, 0]], _scores(4, 3)


def _use_loss(loss: Any, name: str) -> None:
    import tensorflow as tf

    label, scores = _pair(name)
    with tf.GradientTape() as tape:
        output = tf.Variable(scores)
        value = loss(label, output)
    if tape.gradient(value, output) is None:
        raise ValueError("the loss has no gradient, so nothing is trained")


def _use_metric(metric: Any, name: str) -> None:
    metric.update_state(*_pair(name))
    metric.result()
    metric.reset_state()


def _use_optimizer(optimizer: Any, name: str) -> None:
    variables = [keras.Variable(_scores(3, 4)), keras.Variable(_scores(4))]
    for _ in range(3):
        optimizer.apply(
            [keras.ops.convert_to_tensor(_scores(*v.shape)) for v in variables], variables
        )
        optimizer.scale_loss(keras.ops.convert_to_tensor(1.0))
    optimizer.finalize_variable_values(variables)


def _use_map(optimizer_map: Any, name: str) -> None:
    _use_optimizer(keras.optimizers.MultiOptimizer(optimizer_map), name)


def _use_schedule(schedule: Any, name: str) -> None:
    _use_optimizer(keras.optimizers.SGD(learning_rate=schedule), name)


def _use_initializer(initializer: Any, name: str) -> None:
    initializer({"Identity": (3, 3), "STFT": (4, 1, 3)}.get(name, (3, 4)), dtype="float32")


def _use_on_weights(function: Any, name: str) -> None:
    keras.ops.convert_to_tensor(function(keras.ops.convert_to_tensor(_scores(3, 4))))


def _use_callback(callback: Any, name: str) -> None:
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    model.compile("sgd", "mse", run_eagerly=True)
    x, y = _scores(4, 3), _scores(4, 1)
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            model.fit(
                x, y, validation_data=(x, y), epochs=2, batch_size=2, verbose=0,
                callbacks=[callback],
            )  # fmt: skip
        finally:
            os.chdir(before)


_USES: dict[str, Callable[[Any, str], None]] = {
    "loss": _use_loss,
    "metric": _use_metric,
    "optimizer": _use_optimizer,
    "optimizer_map": _use_map,
    "schedule": _use_schedule,
    "initializer": _use_initializer,
    "regularizer": _use_on_weights,
    "constraint": _use_on_weights,
    "callback": _use_callback,
}
