"""What Studio's telemetry adds to a training step, measured side by side in one process.

    python benchmarks/telemetry.py [--rounds N]

Two models, one of a fraction of a millisecond a step and one of about 5 ms, are
trained with the bare `fit` and with the telemetry, taking turns; the medians of
the rounds are compared. Wanted: at most 1 % of the step at 5 ms a step, at most
30 us a step in any case.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from studio.engine.events import NAME, EventWriter
from studio.engine.telemetry import Telemetry


class Bare(keras.callbacks.Callback):
    """A callback that does nothing: what Keras itself takes to call one."""

    def on_train_batch_end(self, batch, logs=None):
        """Nothing."""


def make(units: int, features: int, batch: int, steps: int):
    """A model and its dataset of so many steps."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(batch, features)).astype("float32")
    y = rng.integers(0, 10, size=batch)
    dataset = tf.data.Dataset.from_tensors((x, y)).cache().repeat(steps).prefetch(2)
    model = keras.Sequential(
        [
            keras.Input((features,)),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(10),
        ]
    )
    model.compile(
        optimizer="adam",
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    return model, dataset


def step_time(model, dataset, steps: int, callbacks) -> float:
    """Seconds a step over one epoch."""
    began = time.perf_counter()
    model.fit(dataset, epochs=1, verbose=0, callbacks=callbacks)
    return (time.perf_counter() - began) / steps


def measure(name: str, rounds: int, steps: int, **shape: int) -> None:
    """Prints the medians of one model."""
    model, dataset = make(steps=steps, **shape)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        writer = EventWriter(run)
        kinds = {
            "bare fit": list,
            "empty callback": lambda: [Bare()],
            "telemetry": lambda: [Telemetry(run, writer)],
        }
        times: dict[str, list[float]] = {kind: [] for kind in kinds}
        for callbacks in kinds.values():
            step_time(model, dataset, steps, callbacks())
        for number in range(rounds):
            order = list(kinds.items())
            for kind, callbacks in order[number % 3 :] + order[: number % 3]:
                times[kind].append(step_time(model, dataset, steps, callbacks()))
        writer.close()
        lines = len((run / NAME).read_text().splitlines())
    medians = {kind: statistics.median(values) * 1e6 for kind, values in times.items()}
    # Paired by round, so that a slow second of the machine touches all alike.
    added = {
        kind: statistics.median(
            (a - b) * 1e6 for a, b in zip(times[kind], times["bare fit"], strict=True)
        )
        for kind in kinds
    }
    print(f"{name}: {rounds} rounds of {steps} steps, {lines / (rounds + 1):.0f} events a round")
    for kind, median in medians.items():
        share = 100 * added[kind] / medians["bare fit"]
        print(f"  {kind:15} {median:9.1f} us a step  {added[kind]:+8.1f} us  {share:+6.2f} %")


def main() -> None:
    """Measures both models."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=11)
    rounds = parser.parse_args().rounds
    measure("small steps", rounds, 2000, units=16, features=8, batch=16)
    measure("5 ms steps", rounds, 200, units=512, features=256, batch=64)


if __name__ == "__main__":
    main()
