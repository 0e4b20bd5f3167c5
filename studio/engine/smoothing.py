"""Exponential smoothing of a curve, corrected for its beginning, as TensorBoard does it.

NumPy is imported with this module: import it late.
"""

from __future__ import annotations

import math

import numpy as np

from studio.engine.points import Points

NOTHING = 1e-12
"""A share of a value that is seen in no plot."""


class Smoother:
    """Goes on where it was: what it gives for parts is what it would give for the whole.

    `weight` (0 to below 1) is that of what was before. Without the correction the first values
    would be drawn to zero, since what was before them is taken as zero.
    """

    def __init__(self, weight: float):
        if not 0 <= weight < 1:
            raise ValueError(f"A weight of smoothing is from 0 to below 1, not {weight}.")
        self.weight = weight
        self._last, self._missing = 0.0, 1.0

    def go_on(self, y: np.ndarray) -> np.ndarray:
        """The smoothed values of the next ones; what is not finite stays as it is, and out."""
        y = np.asarray(y, float)
        finite = np.isfinite(y)
        if not self.weight or not finite.any():
            return y.copy()
        whole = finite.all()
        found = self._smoothed(y if whole else y[finite])
        if whole:
            return found
        smoothed = y.copy()
        smoothed[finite] = found
        return smoothed

    def _smoothed(self, y: np.ndarray) -> np.ndarray:
        """Each value and those before it, weighted; twice as many of them in each turn."""
        weight = self.weight
        sums = (1 - weight) * y
        sums[0] += weight * self._last
        reach = 1
        while reach < len(y) and (factor := weight**reach) > NOTHING:
            sums[reach:] += factor * sums[:-reach]
            reach *= 2
        self._last = float(sums[-1])
        early = min(len(y), math.ceil(math.log(NOTHING, weight)))  # the rest needs no correction
        missing = self._missing * weight ** np.arange(1, early + 1)
        sums[:early] /= 1 - missing
        self._missing *= weight ** len(y)
        return sums


def smooth(y: np.ndarray, weight: float) -> np.ndarray:
    """A curve smoothed exponentially; with weight 0 it is as it was."""
    return Smoother(weight).go_on(y)


class Smoothed:
    """A curve smoothed, which follows the points that it is made of."""

    def __init__(self, source: Points, weight: float):
        self.source, self.weight = source, weight
        self.points = Points(source.most)
        self._begin()

    def _begin(self) -> None:
        self.points.cut(-math.inf)
        self._smoother = Smoother(self.weight)
        self._generation = self.source.generation

    def follow(self, most: int) -> bool:
        """Takes at most so many points more; whether there is nothing left to take."""
        source = self.source
        if self._generation != source.generation:
            self._begin()
        self.points.most = source.most
        for end, stride in ((source.thinned, source.stride), (source.count, 1)):
            start = self.points.count
            stop = min(end, start + most)
            if stop > start:
                most -= stop - start
                self._smoother.weight = self.weight**stride
                y = self._smoother.go_on(source.means[start:stop])
                self.points.extend(source.x[start:stop], y)
        return self.points.count == source.count
