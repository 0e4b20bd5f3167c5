"""How long a training step takes, by how it is compiled and how many of them go into one call."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from studio.engine.stage import blamed, module

ROUNDS = 9
SECONDS, PIPELINE_SECONDS = 6.0, 4.0
"""How long all are measured in turns, and how long the pipeline may take for its first pass."""

SLOW_COMPILE = 10.0
"""Seconds that the plain step may take to compile, for XLA to be tried."""


def step_times(fields: dict[str, Any]) -> dict[str, Any]:
    """Milliseconds of a step for each way of training it, and with the pipeline that feeds it.

    `fields`: those of `training_question.training_fields`; `ways`, a list of [steps a call, XLA],
    the plain one first; `own`, that with which the pipeline is measured.
    """
    import keras

    with blamed(fields):
        script = module(fields)
        try:
            return _Measured(script, fields).result()
        finally:
            keras.utils.clear_session()


class _Measured:
    """A model of the script's, its batches, and a timer for each way."""

    def __init__(self, script: Any, fields: dict[str, Any]):
        import tensorflow as tf

        self.script = script
        self.dataset = script.make_datasets()["train"]
        self.model = script.build_model()
        if hasattr(script, "adapt_layers"):
            script.adapt_layers(self.model, self.dataset)
        tried = self.dataset.take(script.BATCHES_TRIED).cache()
        self.samples = int(tf.nest.flatten(next(iter(tried)))[0].shape[0])
        self.batches = tried.repeat()
        self.own = (int(fields["own"][0]), bool(fields["own"][1]))
        count = int(self.dataset.cardinality())
        ways = [(int(steps), bool(xla)) for steps, xla in fields["ways"]]
        # An epoch has no more steps than batches, for one call.
        self.ways = [way for way in ways if way == self.own or not 0 < count < way[0]]

    def result(self) -> dict[str, Any]:
        """All that is measured, as JSON holds it."""
        timers, compiled, failed = {}, {}, {}
        for way in self.ways:
            if way[1] and next(iter(compiled.values())) > SLOW_COMPILE:
                failed[way] = "not tried: it would take long to compile"
                continue
            begun = time.perf_counter()
            try:
                timers[way] = self._timer(self.batches, way)
            except Exception as error:
                if not way[1]:
                    raise
                failed[way] = f"can't be compiled: {type(error).__name__}"
                continue
            if way[1] and not self.model.jit_compile:
                failed[way] = "Keras trains this model without XLA"
                del timers[way]
                continue
            compiled[way] = time.perf_counter() - begun
        times = _in_turns(timers)
        eager = self._eager()
        ready, fed = self._fed(timers)
        return {
            "samples": self.samples,
            "count": int(self.dataset.cardinality()),
            "eager_ms": eager,
            "ways": [
                {"steps": w[0], "xla": w[1], "ms": times[w], "compile_seconds": compiled[w]}
                for w in timers
            ],
            "failed": [{"steps": w[0], "xla": w[1], "why": why} for w, why in failed.items()],
            "ready_ms": ready,
            "fed_ms": fed,
        }

    def _timer(self, batches: Any, way: tuple[int, bool]) -> Callable[[], float]:
        return self.script.step_timer(self.model, batches, *way)

    def _eager(self) -> float:
        import tensorflow as tf

        tf.config.run_functions_eagerly(True)
        try:
            timer = self._timer(self.batches, (1, False))
            return median(timer() for _ in range(5))
        finally:
            tf.config.run_functions_eagerly(False)

    def _fed(self, timers: dict[tuple[int, bool], Callable[[], float]]) -> tuple[float, float]:
        """(with batches that are there already, with the pipeline): measured in turns."""
        own = self.own if self.own in timers else self.ways[0]
        fed = self._timer(self.dataset.repeat(), own)
        count, done = int(self.dataset.cardinality()), 0.0
        until = time.perf_counter() + PIPELINE_SECONDS
        while time.perf_counter() < until and not 0 < count <= done:  # caches are filled
            begun = time.perf_counter()
            took = fed()
            done += 1000 * (time.perf_counter() - begun) / took
        times = _in_turns({"ready": timers[own], "fed": fed}, SECONDS / 2)
        return times["ready"], times["fed"]


def _in_turns(timers: dict[Any, Callable[[], float]], seconds: float = SECONDS) -> dict[Any, float]:
    """The median of each timer; all take turns, so that a slow second touches all alike."""
    times: dict[Any, list[float]] = {name: [] for name in timers}
    until = time.perf_counter() + seconds
    for turn in range(ROUNDS):
        if turn and time.perf_counter() > until:
            break
        for name, timer in timers.items():
            times[name].append(timer())
    return {name: median(values) for name, values in times.items()}
