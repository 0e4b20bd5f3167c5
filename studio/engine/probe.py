"""A process that trains a script a little: `python -m studio.engine.probe PARENT FOLDER`.

It has the script's own training do its steps, of the project's own batches and of ones that are
there already, in turns, and tells on its standard output how long they took. What a script says
there itself goes to its log. It ends with the process PARENT that has started it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from studio.engine.parent import leave_with

ROUNDS = 5
TRIED = 4
"""Batches that are kept, for the steps that don't wait for any."""

MOST_STEPS = 200
SETTINGS, SCRIPT = "probe.json", "train.py"


class Enough(Exception):  # noqa: N818  (it is an answer)
    """Ends the training, once all is measured."""


class Probe:
    """A script whose training is measured, in place of being done."""

    def __init__(self, script: ModuleType, settings: dict[str, Any], tell: Callable[..., None]):
        self.script, self.settings, self.tell = script, settings, tell
        self.samples = self.count = 0
        self.fed: Any = None
        self.ready: Any = None
        self.per_call = getattr(script, "STEPS_PER_EXECUTION", 1)
        make, self._run = script.make_datasets, getattr(script, "run_steps", None)
        self._spread, self._hand_out = (
            getattr(script, name, None) for name in ("spread_data", "hand_out")
        )
        script.make_datasets = lambda: self._datasets(make()["train"])
        script.Checkpoints.save = lambda *_: None
        script.run_steps = self._steps
        if self._spread is not None:
            script.spread_data = self._spread_both
        if self._hand_out is not None:
            script.hand_out = self._handed

    def _datasets(self, train: Any) -> dict[str, Any]:
        import tensorflow as tf

        self.count = int(train.cardinality())
        first = tf.nest.flatten(next(iter(train.take(1))), expand_composites=True)
        self.samples = int(first[0].shape[0]) if first[0].shape.rank else 1
        self.fed, tried = train.repeat(), train.take(TRIED)
        if (parts := self.settings["divided"]) > 1:
            tried = tried.unbatch().batch(-(-self.samples // parts), drop_remainder=True)
        self.ready = tried.cache().repeat()
        return {"train": self.ready if parts > 1 else self.fed}

    def _spread_both(self, strategy: Any, datasets: dict[str, Any]) -> dict[str, Any]:
        spread = self._spread(strategy, datasets)
        self.ready = self._spread(strategy, {"train": self.ready})["train"]
        return spread

    def _steps(self, function: Callable, iterator: Any, *_: Any) -> None:
        """In the place of the script's `run_steps`."""

        def steps(source: Any, count: int) -> Any:
            return self._run(function, source, count, lambda _: None)

        self._measure(steps, iterator)

    def _handed(self, coordinator: Any, model: Any, function: Any, iterator: Any, *_: Any) -> None:
        """In the place of the script's `hand_out`."""

        def steps(source: Any, count: int) -> Any:
            return self._hand_out(coordinator, model, function, source, count, lambda _: None)

        self._measure(steps, iterator)

    def _measure(self, steps: Callable[[Any, int], Any], fed: Any) -> None:
        import numpy as np

        ready = iter(self.ready)

        def timed(source: Any, count: int) -> float:
            """Milliseconds of each of so many steps."""
            count = -(-count // self.per_call) * self.per_call
            begun = time.perf_counter()
            _, logs = list(steps(source, count))[-1]
            for value in logs.values():
                np.asarray(value)  # which waits for what a device is still doing
            return 1000 * (time.perf_counter() - begun) / count

        begun = time.perf_counter()
        timed(fed, 1)
        compiled = time.perf_counter() - begun
        timed(ready, 1)
        limit, together = self.settings["seconds"], self.settings["steps"]
        warm = self.settings["warm"]
        if not together:
            ms = timed(ready, 3)
            within = max(2, int(1000 * limit / ms))
            together = min(MOST_STEPS, max(1, within // (2 * ROUNDS)))
            warm = min(within, MOST_STEPS, self.count if self.count > 0 else within)
        timed(ready, TRIED)
        self.tell(ready=True)
        if self.settings["leads"]:
            sys.stdin.readline()  # all that are measured at once begin at once
        times = {"fed": [], "ready": []}
        if self.settings["divided"] == 1:
            timed(fed, warm)  # caches are filled, and what is fetched ahead is used up
            times["fed"] = self._rounds(lambda: timed(fed, together))
        times["ready"] = self._rounds(lambda: timed(ready, together))
        about = {"samples": self.samples, "steps": together, "warm": warm, "compiled": compiled}
        self.tell(**times, **about, data_ms=self._data_alone(together), gpus=_gpus())
        raise Enough

    def _rounds(self, timed: Callable[[], float]) -> list[float]:
        """What several rounds take; fewer where they are slow, save where others go along."""
        until = time.perf_counter() + 2 * self.settings["seconds"]
        times = [timed()]
        while len(times) < ROUNDS and (self.settings["roles"] or time.perf_counter() < until):
            times.append(timed())
        return times

    def _data_alone(self, count: int) -> float | None:
        """Milliseconds in which the project's data give a batch where nothing is trained."""
        if self.settings["steps"]:
            return None
        batches = iter(self.fed)
        next(batches)
        begun = time.perf_counter()
        for _ in range(count):
            next(batches)
        return 1000 * (time.perf_counter() - begun) / count


def _gpus() -> int:
    import tensorflow as tf

    return len(tf.config.list_physical_devices("GPU"))


def main(folder: Path) -> None:
    """Measures the script of a folder, as its settings say; doesn't come back."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who has started it ends it
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(**words: Any) -> None:
        print(json.dumps(words), file=told, flush=True)

    settings, code = json.loads((folder / SETTINGS).read_bytes()), 0
    try:
        from studio.engine.work import load_script

        script = load_script(folder / SCRIPT)
        Probe(script, settings, tell)
        if not (hasattr(script, "serve") and script.serve()):
            script.train()
    except Enough:
        if not settings["leads"]:
            threading.Event().wait()  # the one that leads may still need it
    except BaseException as error:
        from studio.engine.stage import said_of

        tell(error=said_of(error))
        code = 1
    sys.stdout.flush()
    os._exit(code)  # threads of a cluster would hold it up


if __name__ == "__main__":
    leave_with(int(sys.argv[1]))
    main(Path(sys.argv[2]))
