"""The points of one curve, in memory that has an end.

All of them are kept as they were told, up to a number. Beyond it, of each piece of the curve the
lowest and the highest point stay, where they were, and the mean of the piece; a piece is as long
everywhere but at the end, where the newest points are whole. So nothing that could be seen in a
plot is lost, and an hour of training takes no more memory than ten minutes.

NumPy is imported with this module: import it late.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from studio.engine.extremes import Columns, Extremes

MOST = 1 << 20
"""Points that are kept as they are. A curve that keeps n has pieces of one length up to n * n / 4
told points; beyond, the newer ones are shorter.
"""

X, Y, MEAN = range(3)


class Points:
    """Two columns, x and y, with x in order. `generation` is another number when what was there
    has changed, not only grown.
    """

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.stride = 1
        """Told points that one of the thinned ones stands for."""
        self.thinned = 0
        """How many stand for several: the first ones."""
        self.generation = 0
        self._columns = Columns(2)
        self._extremes = Extremes()

    @property
    def count(self) -> int:
        """How many points there are."""
        return self._columns.count

    def add(self, x: float, y: Any) -> None:
        """One point more; a y that is no finite number leaves a gap."""
        if self.count >= self.most:
            self._thin()
        y = np.nan if y is None else y
        self._columns.add(*((x, y) if self._whole else (x, y, y)))

    def extend(self, x: np.ndarray, y: np.ndarray) -> None:
        """Many points more; a y that is no finite number leaves a gap."""
        while len(x):
            if self.count >= self.most:
                self._thin()
            room = self.most - self.count
            self._columns.most = self.most
            part = (x[:room], y[:room])
            self._columns.extend(*(part if self._whole else (*part, y[:room])))
            x, y = x[room:], y[room:]

    def put(self, x: float, y: Any) -> None:
        """A point wherever it belongs, in the place of one with the same x."""
        if not self.count or x > self.x[-1]:
            self.add(x, y)
            return
        at = int(np.searchsorted(self.x, x))
        y = np.nan if y is None else y
        if self.x[at] == x:
            self.y[at] = y
        else:
            rows = [np.insert(column, at, value) for column, value in self._with(x, y)]
            self._columns.count = 0
            self._columns.extend(*rows)
        self._changed()

    def cut(self, x: float) -> None:
        """Forgets the points behind an x."""
        self._columns.count = int(np.searchsorted(self.x, x, side="right"))
        self.thinned = min(self.thinned, self.count)
        self._changed()

    @property
    def x(self) -> np.ndarray:
        """The first column; a view, which the next point may leave behind."""
        return self._columns[X]

    @property
    def y(self) -> np.ndarray:
        """The second column."""
        return self._columns[Y]

    @property
    def means(self) -> np.ndarray:
        """Of each point the mean of those that it stands for."""
        return self._columns[Y if self._whole else MEAN]

    def at(self, x: float) -> float | None:
        """The y of the nearest point; None where there is none."""
        index = self.nearest(x)
        return None if index is None else float(self.y[index])

    def nearest(self, x: float) -> int | None:
        """The index of the nearest point; None where there is none."""
        if not self.count:
            return None
        index = min(int(np.searchsorted(self.x, x)), self.count - 1)
        if index and abs(self.x[index - 1] - x) <= abs(self.x[index] - x):
            index -= 1
        return index

    @property
    def last(self) -> float | None:
        """The last y."""
        return float(self.y[-1]) if self.count else None

    def outline(self, start: float, end: float, most: int) -> tuple[np.ndarray, np.ndarray]:
        """What is seen from one x to another on so many pixels: at most about two points each,
        and one more at either side.
        """
        first = max(0, int(np.searchsorted(self.x, start, side="right")) - 1)
        last = min(self.count, int(np.searchsorted(self.x, end, side="left")) + 1)
        return self._extremes.outline(self.x, self.y, first, last, most)

    # Thinning

    @property
    def _whole(self) -> bool:
        return self.stride == 1

    def _with(self, x: float, y: float) -> list[tuple[np.ndarray, float]]:
        values = (x, y) if self._whole else (x, y, y)
        return [(self._columns[at], value) for at, value in enumerate(values)]

    def _changed(self) -> None:
        self.generation += 1
        self._extremes.clear()

    def _thin(self) -> None:
        """Half as many points, or fewer."""
        found = [self.x, self.y, self.means]
        old = [column[: self.thinned] for column in found]
        new = [column[self.thinned :] for column in found]
        if not self._whole:
            new = _pairs(new, min(2 * self.stride, len(new[X])))
        found = [np.concatenate(both) for both in zip(old, new, strict=True)]
        while len(found[X]) > self.most // 2:
            found = _pairs(found, 4)
            self.stride *= 2
        self._columns = Columns(3, self.most)
        self._columns.extend(*found)
        self.thinned = self.count
        self._changed()


def _pairs(columns: list[np.ndarray], size: int) -> list[np.ndarray]:
    """Of so many points each the lowest and the highest; what is left over stays as it is."""
    whole = len(columns[X]) // size * size
    if not whole:
        return columns
    x, y, means = (column[:whole].reshape(-1, size) for column in columns)
    gaps = np.isnan(y)
    low = np.where(gaps, np.inf, y).argmin(axis=1)
    high = np.where(gaps, -np.inf, y).argmax(axis=1)
    high = np.where(low == high, size - 1, high)
    places = np.sort(np.column_stack([low, high]), axis=1)
    known = np.isfinite(means)
    sums = np.where(known, means, 0.0).sum(axis=1)
    with np.errstate(invalid="ignore"):  # a piece without any finite value has no mean
        mean = sums / known.sum(axis=1)
    thin = [np.take_along_axis(each, places, axis=1).ravel() for each in (x, y)]
    thin.append(np.repeat(mean, 2))
    return [
        np.concatenate([one, column[whole:]]) for one, column in zip(thin, columns, strict=True)
    ]
