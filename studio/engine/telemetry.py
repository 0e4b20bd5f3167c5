"""The callback that Studio adds to a script's own: what happens, as events of the run.

It takes at most about 1 % of the time of the steps: behind each event it waits
a hundred times as long as writing that event took.
"""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from studio.engine import control
from studio.engine.best import Best
from studio.engine.events import EventWriter
from studio.engine.inside.watching import Inside
from studio.engine.not_finite import Notice
from studio.engine.saved import Saved

SHARE = 0.01
"""The part of the steps' time that step events may take."""

LISTEN = 0.25
"""Seconds between looks at what the run has been asked, and at what it has saved."""

RATES = 0.5
"""Seconds between two learning rates of a schedule that are told."""


class Stopped(BaseException):
    """The run has been asked to stop, and has written its checkpoint."""


class Telemetry(keras.callbacks.Callback):
    """Writes the events of a run, and stops it when that is asked."""

    # Without this Keras would hand over every step's metrics in the thread that
    # trains, which takes longer than all that is done here. With it the end of
    # a step is told in other threads, perhaps two at a time and out of order.
    async_safe = True

    def __init__(
        self,
        run: Path,
        events: EventWriter,
        alone: bool = True,
        best: Best | None = None,
        inside: Inside | None = None,
    ):
        super().__init__()
        self._best = best
        self._run = run
        self._events = events
        self._inside = inside
        self._training = False
        self._epoch = 0
        self._step = 0  # steps done in the epochs before this one
        self._steps = 0  # steps done in this epoch
        self._epoch_began = 0.0
        self._counting = threading.Lock()
        self._next_event = 0.0
        self._next_look = 0.0
        self._next_rate = 0.0
        self._rate: float | None = None
        self._saved = Saved(run)
        self.notice = Notice(run, events, again=alone)
        self.leaving = False
        """Whether the script has been asked to stop, and is going to end by itself."""
        self.metrics: dict[str, Any] = {}
        """The last epoch's, and with test_ before their names those of the test."""
        self.kept = ""
        """Which model was kept, where that of the best epoch was asked for."""

    def begin_at(self, epochs: int, steps: int, more: int) -> None:
        """Goes on where so many epochs were whole, after so many steps, and `more` of the next."""
        self._epoch, self._step, self._steps = epochs + bool(more), steps, more
        self._events.write("resumed", epoch=epochs, step=steps + more)

    def steps_done(self) -> int:
        """How many steps have been done; asked in any thread."""
        return self._step + self._steps

    def on_train_begin(self, logs=None):
        """Says how long it will be."""
        self._training = True
        epochs, steps = self.params.get("epochs"), self.params.get("steps")
        self._events.write("plan", epochs=epochs, steps=steps)
        self._look()

    def on_epoch_begin(self, epoch, logs=None):
        """Begins to count."""
        self._rate = self._learning_rate()  # callbacks that change it tell so for the next epoch
        if self._epoch == epoch + 1:
            self._epoch_began = time.perf_counter()
            return  # it goes on within the epoch
        self._epoch = epoch + 1
        self._step += self._steps
        self._steps = 0
        self._epoch_began = time.perf_counter()

    def on_train_batch_begin(self, batch, logs=None):
        """Looks, now and then, whether the run has been asked something; and into the model."""
        self._listen()
        if self._inside is not None and self._inside.on:
            self._inside.between(self.model, self._epoch, batch, self._step + batch)

    def on_test_batch_begin(self, batch, logs=None):
        """Looks in a validation too; a test is not interrupted."""
        if self._training:
            self._listen()

    def _listen(self) -> None:
        now = time.perf_counter()
        if now >= self._next_look:
            self._next_look = now + LISTEN
            self._look()
            if self._inside is not None:
                self._inside.look()

    def on_train_batch_end(self, batch, logs=None):
        """A step event, where there is time for one; called in any thread."""
        with self._counting:
            if batch < self._steps:
                return  # a later step has been told by another thread
            # Of several steps a call Keras names the last one, also where data has ended before it.
            self._steps = min(batch + 1, self.params.get("steps") or batch + 1)
            began = time.perf_counter()
            if began < self._next_event:
                return
            step = self._step + self._steps
            metrics = _plain(logs)
            more = self._scheduled(began)
            self._events.write("step", step=step, epoch=self._epoch, metrics=metrics, **more)
            self.notice.look(metrics, step, self._epoch)
            self._next_event = began + (time.perf_counter() - began) / SHARE

    def on_epoch_end(self, epoch, logs=None):
        """The epoch's metrics, validation among them."""
        self.metrics = _plain(logs)
        seconds = round(time.perf_counter() - self._epoch_began, 4)
        step = self._step + self._steps
        rate = self._learning_rate() if self._follows_schedule else self._rate
        more = {} if rate is None else {"learning_rate": rate}
        self._events.write(
            "epoch", epoch=self._epoch, step=step, seconds=seconds, metrics=self.metrics, **more
        )
        self.notice.look(self.metrics, step, self._epoch)
        if self._best is not None:
            self._best.take(self._epoch, self.metrics, self.model)

    def on_train_end(self, logs=None):
        """What is evaluated from now on is the test."""
        self._training = False
        self._tell_saved()
        epochs = self.params.get("epochs")
        if getattr(self.model, "stop_training", False) and epochs and self._epoch < epochs:
            self._events.write("early_stop", epoch=self._epoch, step=self.steps_done())
        if self._inside is not None:
            self._inside.close()

    def on_test_end(self, logs=None):
        """The metrics of the test; validation is told with its epoch."""
        if not self._training:
            metrics = _plain(logs)
            self._events.write("test", metrics=metrics)
            self.metrics |= {f"test_{name}": value for name, value in metrics.items()}

    @property
    def _follows_schedule(self) -> bool:
        rate = getattr(getattr(self.model, "optimizer", None), "_learning_rate", None)
        return isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)

    def _learning_rate(self) -> float | None:
        """The optimizer's, now; None where a model has none, or several."""
        with contextlib.suppress(Exception):  # models may have optimizers of their own kind
            return float(np.asarray(self.model.optimizer.learning_rate))
        return None

    def _scheduled(self, now: float) -> dict[str, float]:
        """The learning rate of a schedule, now and then: another one at each step."""
        if now < self._next_rate or not self._follows_schedule:
            return {}
        self._next_rate = now + RATES
        rate = self._learning_rate()
        return {} if rate is None else {"learning_rate": rate}

    def _tell_saved(self) -> None:
        """A checkpoint or a model that was written since the last look is an event."""
        for path in self._saved.new():
            self._events.write("checkpoint", path=path, step=self.steps_done())

    def _look(self) -> None:
        self._tell_saved()
        if control.asked(self._run, control.PAUSE) and not control.asked(self._run, control.STOP):
            self._wait()
        if control.asked(self._run, control.STOP) and not self.leaving:
            self._stop()

    def _stop(self) -> None:
        """Ends the training here; where all tasks must leave at one step, the script does so."""
        stop, best = self.params.get("stop"), control.asked(self._run, control.KEEP_BEST)
        if best and self._best is None:
            self.kept = "The best epoch is kept only where one process trains alone."
        if stop is not None:
            self.leaving = True
            stop()
            return
        self._keep()  # from where it is now it goes on, if it does, whatever model is kept
        if best and self._best is not None:
            self.kept = self._best.give(self.model)
        self._save_model()
        raise Stopped

    def _wait(self) -> None:
        """Waits until it may go on, or is to stop; what it has learned is on disk before."""
        self._keep()
        self._events.write("state", state="paused")
        began = time.perf_counter()
        while control.asked(self._run, control.PAUSE):
            if control.asked(self._run, control.STOP):
                return
            time.sleep(LISTEN)
        self._epoch_began += time.perf_counter() - began
        self._events.write("state", state="running")

    def _keep(self) -> None:
        """Has the script write a checkpoint of just this place, where its loop can."""
        save = self.params.get("checkpoint")
        if save is not None:
            save()

    def _save_model(self) -> None:
        """Saves the model as it is, beside first and then in its place."""
        folder = self._run / "checkpoints"
        folder.mkdir(exist_ok=True)
        path, beside = folder / "stopped.keras", folder / ".stopped.keras"
        try:
            self.model.save(beside)
            beside.replace(path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                beside.unlink()
        self._tell_saved()


def _plain(logs: dict[str, Any] | None) -> dict[str, Any]:
    """Metrics as JSON holds them: numbers, or lists where a metric gives one for each class."""
    return {name: np.asarray(value).tolist() for name, value in (logs or {}).items()}
