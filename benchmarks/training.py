"""Milliseconds of a training step: what Studio's script takes, beside Keras written by hand.

    python -m benchmarks.training [--rounds N] [--only NAME ...] [--quick]

For six models, in one process and in turns (an epoch of each, then again): the script of the
project with "auto" and the telemetry of a run, with both loops; a plain `fit` with Keras'
defaults; and a set tuned by hand: `fit` and a GradientTape loop, each with 1, 16 and 64 steps a
call, with and without XLA. The pipelines are alike: rows in memory, shuffled, batched, prefetched.
The medians are compared. Wanted: never slower than the plain `fit`, three times as fast on the
tiny model, within 5 % of the best of the tuned set. Then eager against compiled, for one step of an
LSTM of 100 units on a batch of 100.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

from benchmarks.training_models import CASES, Case, project, rows
from benchmarks.turns import Clock, Turns
from studio.codegen.script import write_script
from studio.engine.events import EventWriter
from studio.engine.telemetry import Telemetry
from studio.graph.file import loads
from studio.graph.text import dump

STEPS = (1, 16, 64)
TIMES, WITHIN = 3.0, 1.05
"""Wanted: so many times the plain fit on the tiny model; at most so much of the best tuned."""


def dataset(case: Case) -> tf.data.Dataset:
    """The plain pipeline."""
    x, y = rows(case)
    made = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x))
    return made.batch(case.batch).prefetch(tf.data.AUTOTUNE)


def by_fit(case: Case, **settings: Any) -> Callable[[Clock], None]:
    """`compile` and `fit`, by hand."""

    def train(clock: Clock) -> None:
        model = built(case)
        model.compile(keras.optimizers.Adam(), case.loss(), metrics=["accuracy"], **settings)
        model.fit(dataset(case), epochs=case.epochs, callbacks=[clock], verbose=0)

    return train


def built(case: Case) -> keras.Model:
    """The model of a case, made by Keras from the layers that the project names."""
    keras.utils.set_random_seed(7)
    value = project(case, "fit")
    text = write_script(loads(dump(value))[0], case.folder).text
    names: dict[str, Any] = {"__name__": "model", "__file__": str(case.folder / "train.py")}
    exec(compile(text, "model.py", "exec"), names)
    return names["build_model"]()


def by_hand(case: Case, per_call: int, xla: bool) -> Callable[[Clock], None]:
    """A GradientTape loop, by hand, with the loss and accuracy that `fit` keeps."""

    def train(clock: Clock) -> None:
        model, data = built(case), dataset(case)
        loss_of, optimizer = case.loss(), keras.optimizers.Adam()
        optimizer.build(model.trainable_variables)
        mean = keras.metrics.Mean()
        accuracy = keras.metrics.SparseCategoricalAccuracy()

        @tf.function(jit_compile=xla)
        def step(x, y):
            with tf.GradientTape() as tape:
                predictions = model(x, training=True)
                loss = loss_of(y, predictions)
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            mean.update_state(loss)
            accuracy.update_state(y, predictions)

        @tf.function
        def call(iterator):
            for _ in tf.range(per_call):
                step(*next(iterator))

        for epoch in range(case.epochs):
            clock.on_epoch_begin(epoch)
            iterator = iter(data)
            for _ in range(case.steps // per_call):
                call(iterator)
            float(mean.result())
            clock.on_epoch_end(epoch)
            if clock.enough:
                break

    return train


def by_studio(case: Case, loop: str) -> Callable[[Clock], None]:
    """The project's script as `studio run` has it: its own speed, the telemetry beside it."""

    def train(clock: Clock) -> None:
        folder = case.folder / loop
        folder.mkdir()
        (folder / "rows.npz").symlink_to(case.folder / "rows.npz")
        made, problems = loads(dump(project(case, loop, "auto")))
        assert not problems
        path = folder / "train.py"
        path.write_text(write_script(made, folder).text)
        script = load_module(path)
        if loop == "custom":  # its checkpoints come by the time that it trains
            script.time = clock
        script.train(callbacks=[Telemetry(folder, EventWriter(folder)), clock])

    return train


def load_module(path: Path) -> Any:
    """A script as a module from its file, whose source AutoGraph reads."""
    import importlib.util

    spec = importlib.util.spec_from_file_location(f"train_{path.parent.name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compare(case: Case, rounds: int, quick: bool) -> list[str]:
    """Prints the medians of one model; returns what is missed."""
    contestants = {
        "studio, fit": by_studio(case, "fit"),
        "studio, custom": by_studio(case, "custom"),
        "plain fit": by_fit(case),
    }
    for steps in STEPS[:2] if quick else STEPS:
        for xla in (False, True):
            name = f"{steps} a call{', XLA' if xla else ''}"
            contestants[f"fit, {name}"] = by_fit(case, steps_per_execution=steps, jit_compile=xla)
            contestants[f"loop, {name}"] = by_hand(case, steps, xla)
    said = StringIO()
    with redirect_stdout(said), Turns(contestants, rounds) as turns:
        times = turns.run()
    ms = {name: 1000 * median(each) / case.steps for name, each in times.items()}
    tuned = {name: each for name, each in ms.items() if name.startswith(("fit", "loop"))}
    best = min(tuned, key=tuned.get)
    print(f"\n{case.name}: {case.steps} steps of {case.batch}, {rounds} rounds")
    for line in said.getvalue().splitlines():
        if line.startswith("speed: "):
            print(f"  {line}")
    for name, each in sorted(ms.items(), key=lambda item: item[1]):
        print(f"  {name:22} {each:8.3f} ms   {ms['plain fit'] / each:5.2f} x plain fit")
    missed = []
    for loop in ("studio, fit", "studio, custom"):
        # Paired by round: a slow second of the machine touches all alike.
        plain = median(b / a for a, b in zip(times[loop], times["plain fit"], strict=True))
        over = median(a / b for a, b in zip(times[loop], times[best], strict=True))
        print(f"  {loop}: {plain:.2f} x plain fit, {over:.3f} of the best tuned ({best})")
        wanted = TIMES if case.name == "tiny" else 1.0
        if plain < wanted:
            missed.append(f"{case.name}: {loop} is {plain:.2f} x plain fit, wanted {wanted:g}")
        if over > WITHIN:
            missed.append(f"{case.name}: {loop} takes {over:.3f} of {best}, wanted {WITHIN:g}")
    return missed


def cell(rounds: int) -> None:
    """Prints what compiling gives one step of an LSTM, as a book on TensorFlow has timed it."""
    lstm, batch = keras.layers.LSTMCell(100), tf.zeros((100, 100))
    state = [tf.zeros((100, 100))] * 2
    ways = {"eager": lambda: lstm(batch, state), "tf.function": tf.function(lstm.call)}
    ways["tf.function"] = lambda made=ways["tf.function"]: made(batch, state)
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            begun = time.perf_counter()
            for _ in range(300):
                way()
            if turn:
                times[name].append((time.perf_counter() - begun) / 300 * 1000)
    ms = {name: median(each) for name, each in times.items()}
    print("\nLSTMCell(100) on a batch of 100:")
    for name, each in ms.items():
        print(f"  {name:22} {each:8.3f} ms   {ms['eager'] / each:5.2f} x eager")


def main() -> None:
    """Measures all models."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="*", choices=[case.name for case in CASES])
    parser.add_argument("--quick", action="store_true", help="fewer contestants, three rounds")
    options = parser.parse_args()
    rounds = 3 if options.quick else options.rounds
    for dull in ("__array__ implementation", "`shuffle=True` was passed"):
        warnings.filterwarnings("ignore", dull)
    sys.stdout.reconfigure(line_buffering=True)
    missed = []
    for case in CASES:
        if options.only is None or case.name in options.only:
            with tempfile.TemporaryDirectory() as folder:
                missed += compare(case.at(Path(folder)), rounds, options.quick)
    if options.only is None:
        cell(rounds)
    print("\nmissed:" if missed else "\nAll that was wanted is reached.")
    for line in missed:
        print(f"  {line}")


if __name__ == "__main__":
    main()
