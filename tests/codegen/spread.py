"""Trains the scripts of a folder's folders, with the CPU as four devices: `FOLDER NAME ...`.

A process of its own, as devices are split before TensorFlow looks for them. All of its scripts
share one strategy of several devices: TensorFlow can't tell the sums of two apart. What each
script has trained is left beside it as result.json.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf


class Killed(BaseException):
    """A training ends where a power cut would end it."""


class Kill(keras.callbacks.Callback):
    """Ends a training behind a step of its second epoch, with a checkpoint written before."""

    def on_epoch_begin(self, epoch, logs=None):
        """Notes which it is."""
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        """Ends it."""
        if self.epoch == 1 and batch >= 3:
            raise Killed


def load(place: Path):
    """The script of a folder as a module."""
    name = f"train_{place.name}"
    spec = importlib.util.spec_from_file_location(name, place / "train.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


STRATEGIES: list[tf.distribute.MirroredStrategy] = []
"""The one of several devices that has been made."""


def share(script) -> None:
    """Has a script use the strategy that is there, where it would make another like it."""
    make = getattr(script, "make_strategy", None)
    if make is None:
        return
    made = make()
    if not isinstance(made, tf.distribute.MirroredStrategy) or made.num_replicas_in_sync == 1:
        return
    STRATEGIES[1:] = []
    STRATEGIES.append(made)
    assert STRATEGIES[0].num_replicas_in_sync == made.num_replicas_in_sync
    script.make_strategy = lambda: STRATEGIES[0]


def run(place: Path) -> dict:
    """What a script trains: its history, its weights, its seeds."""
    script, resume = load(place), {}
    share(script)
    if (place / "kill").exists():
        try:
            script.train([Kill()])
        except Killed:
            resume = {"resume": True}
        keras.backend.clear_session()
    model, history, _ = script.train(**resume)
    values = [np.asarray(keras.ops.convert_to_numpy(each)) for each in model.trainable_variables]
    seeds = {}
    if hasattr(script, "reader"):
        states = [each for each in model.variables if each.path.endswith("seed_generator_state")]
        found = script.reader(model.distribute_strategy, states, {id(each) for each in states})()
        seeds = {each.path: rows.tolist() for each, rows in zip(states, found, strict=True)}
    return {
        "history": {name: list(map(float, each)) for name, each in history.history.items()},
        "weights": [value.astype("float64").ravel().tolist() for value in values],
        "replicas": model.distribute_strategy.num_replicas_in_sync,
        "seeds": seeds,
    }


def main(folder: Path, names: list[str]) -> None:
    """Runs each, and leaves its result, or what it raised."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    parts = [tf.config.LogicalDeviceConfiguration() for _ in range(4)]
    tf.config.set_logical_device_configuration(cpu, parts)
    for place in (folder / name for name in names):
        keras.backend.clear_session()
        try:
            result = run(place)
        except Exception as error:
            result = {"error": f"{type(error).__name__}: {error}"}
        (place / "result.json").write_text(json.dumps(result), encoding="utf-8")
        if "error" in result:  # by which the sums over devices are broken for the whole process
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
