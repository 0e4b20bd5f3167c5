"""Trainings that take turns: an epoch of one, an epoch of the next, round by round.

Each is in a thread of its own, and only the one whose turn it is goes on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import keras


class Clock(keras.callbacks.Callback):
    """Waits at the beginning of an epoch for its turn, and notes how long the epoch took."""

    def __init__(self, rounds: int):
        super().__init__()
        self.rounds = rounds
        self.seconds: list[float] = []
        self.enough = False
        self.turn = threading.Semaphore(0)
        self.done = threading.Semaphore(0)
        self._begun = self._waited = 0.0

    def monotonic(self) -> float:
        """Seconds in which it was not others' turn: what comes now and then comes by this time."""
        return time.perf_counter() - self._waited

    def on_epoch_begin(self, epoch, logs=None):
        """Waits for its turn."""
        self.done.release()
        begun = time.perf_counter()
        self.turn.acquire()
        self._begun = time.perf_counter()
        self._waited += self._begun - begun

    def on_epoch_end(self, epoch, logs=None):
        """Notes the epoch; the first one, in which TensorFlow compiles, doesn't count."""
        if epoch:
            self.seconds.append(time.perf_counter() - self._begun)
        self.enough = len(self.seconds) == self.rounds
        if self.enough and getattr(self, "model", None) is not None:
            self.model.stop_training = True


class Turns:
    """So many rounds of some trainings, by name, each a function of its clock."""

    def __init__(self, trainings: dict[str, Callable[[Clock], None]], rounds: int):
        self._rounds = rounds
        self._clocks = {name: Clock(rounds) for name in trainings}
        self._threads = {
            name: threading.Thread(target=self._train, args=(name, train), daemon=True)
            for name, train in trainings.items()
        }
        self._failed: dict[str, BaseException] = {}

    def __enter__(self) -> Turns:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        for thread in self._threads.values():
            if kind is None:  # else the others wait for a turn that doesn't come
                thread.join()

    def _train(self, name: str, train: Callable[[Clock], None]) -> None:
        try:
            train(self._clocks[name])
        except BaseException as error:
            self._failed[name] = error
        self._clocks[name].done.release()

    def run(self) -> dict[str, list[float]]:
        """The seconds of each epoch of each training; raises what one of them has raised."""
        for name, thread in self._threads.items():
            thread.start()
            self._wait(name)
        names = list(self._clocks)
        for turn in range(self._rounds + 1):
            first = 5 * turn % len(names)  # none has always the same one before it
            for name in names[first:] + names[:first]:
                self._clocks[name].turn.release()
                self._wait(name)
        return {name: clock.seconds for name, clock in self._clocks.items()}

    def _wait(self, name: str) -> None:
        self._clocks[name].done.acquire()
        if name in self._failed:
            raise RuntimeError(f"{name} has failed") from self._failed[name]
