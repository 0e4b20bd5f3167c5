"""What Studio's telemetry adds to a training step, measured side by side in one process.

    python benchmarks/telemetry.py [--rounds N]

Two models, one of a fraction of a millisecond a step and one of about 5 ms, are
trained with the bare `fit` and with the telemetry, taking turns; the medians of
the rounds are compared. Wanted: at most 1 % of the step at 5 ms a step, at most
30 us a step in any case.

Then what the thread beside takes: the CPU time of an event of resources (one in two
seconds; wanted at most 0.2 %) and of a look at how long steps wait for data (one a
minute; wanted at most 1 %), and the step time while such a look goes on.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import psutil
import tensorflow as tf

from studio.engine.events import NAME, EventWriter
from studio.engine.resources import EACH, Resources
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


def beside(name: str, looks: int, **shape: int) -> None:
    """Prints what events of resources and looks at the waiting for data take, while it trains."""
    model, dataset = make(steps=10**9, **shape)
    counted = [0]
    took: dict[str, list[float]] = {"event": [], "look": []}
    paces: dict[str, list[float]] = {"event": [], "look": []}
    ended = threading.Event()

    class Count(keras.callbacks.Callback):
        """Counts, and ends when all is measured."""

        async_safe = True

        def on_train_batch_begin(self, batch, logs=None):
            """A step begins."""
            counted[0] = batch
            self.model.stop_training = ended.is_set()

    def measured(kind: str, what: Callable[[], Any], pause: float) -> None:
        used, steps, begun = time.thread_time(), counted[0], time.perf_counter()
        what()
        took[kind].append(time.thread_time() - used)
        time.sleep(pause)
        paces[kind].append((time.perf_counter() - begun) / max(1, counted[0] - steps))

    def watch() -> None:
        with tempfile.TemporaryDirectory() as folder:
            writer = EventWriter(Path(folder))
            resources = Resources(writer, lambda: counted[0], 64)
            process = psutil.Process()
            while counted[0] < 100:
                time.sleep(0.1)
            for _ in range(looks):
                measured("event", lambda: resources.tell(psutil, process, 1.0), 0.5)
                measured("look", resources.waiting.measured, 0.0)
            writer.close()
        ended.set()

    thread = threading.Thread(target=watch)
    thread.start()
    model.fit(dataset, epochs=1, verbose=0, callbacks=[Count()])
    thread.join()
    event, look = (statistics.median(took[kind]) for kind in ("event", "look"))
    print(f"{name}, beside: {looks} times each")
    print(f"  event of resources {event * 1e3:6.2f} ms of CPU, {100 * event / EACH:.3f} % of 2 s")
    print(f"  look at the waiting {look * 1e3:5.1f} ms of CPU, {100 * look / 60:.3f} % of a minute")
    for kind, words in (("event", "without"), ("look", "during")):
        print(f"  {words:7} a look {statistics.median(paces[kind]) * 1e6:9.1f} us a step")


def main() -> None:
    """Measures both models."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=11)
    rounds = parser.parse_args().rounds
    measure("small steps", rounds, 2000, units=16, features=8, batch=16)
    measure("5 ms steps", rounds, 200, units=512, features=256, batch=64)
    beside("small steps", rounds, units=16, features=8, batch=16)
    beside("5 ms steps", rounds, units=512, features=256, batch=64)


if __name__ == "__main__":
    main()
