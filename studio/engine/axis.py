"""What is counted along a plot: epochs, steps or time, and how one is told by the other.

NumPy is imported with this module: import it late.
"""

from __future__ import annotations

import numpy as np

EPOCH, STEP, TIME = "epoch", "step", "time"
KINDS = (EPOCH, STEP, TIME)


class Axis:
    """`kind` is what is counted; `clock` are the steps (x) and when they were told (y).

    Times of a curve are seconds since 1970, those along a plot since `began`.
    """

    def __init__(self, kind: str, per_epoch: float | None, clock: object, began: float):
        self.kind = STEP if kind == EPOCH and per_epoch is None else kind
        self._per_epoch = per_epoch or 1.0
        self._steps, self._times = clock.x, clock.y
        self._began = began

    def along(self, kind: str, x: np.ndarray | float) -> np.ndarray | float:
        """What is at x of a curve by epochs, steps or time, along the plot."""
        if kind == self.kind:
            return x - self._began if kind == TIME else x
        step = self._step(kind, x)
        if self.kind == EPOCH:
            return step / self._per_epoch
        return step if self.kind == STEP else self._time(step) - self._began

    def back(self, kind: str, along: np.ndarray | float) -> np.ndarray | float:
        """The other way round."""
        if kind == self.kind:
            return along + self._began if kind == TIME else along
        at = along + self._began if self.kind == TIME else along
        step = self._step(self.kind, at)
        if kind == EPOCH:
            return step / self._per_epoch
        return step if kind == STEP else self._time(step)

    def _step(self, kind: str, x: np.ndarray | float) -> np.ndarray | float:
        if kind == STEP:
            return x
        if kind == EPOCH:
            return x * self._per_epoch
        return np.interp(x, self._times, self._steps) if len(self._steps) else 0.0 * x

    def _time(self, step: np.ndarray | float) -> np.ndarray | float:
        if len(self._steps):
            return np.interp(step, self._steps, self._times)
        return 0.0 * step + self._began
