"""The least and the greatest of a column that grows, at several levels: a pyramid.

A level has one pair for every eight of the level below. So a line of any length is drawn by as
many points as there are pixels, and what it costs to find them doesn't grow with the line.
"""

from __future__ import annotations

import math

import numpy as np

FACTOR = 8
"""Values of a level that are one of the next."""


class Columns:
    """Some columns of numbers that grow together by doubling, so that a row costs the same always.

    They never have room for more than `most` rows, where that is given.
    """

    def __init__(self, columns: int, most: int | None = None):
        self._room = np.empty((columns, 64))
        self.count = 0
        self.most = most

    def __getitem__(self, column: int) -> np.ndarray:
        """One column; a view, which the next row may leave behind."""
        return self._room[column, : self.count]

    def extend(self, *columns: np.ndarray) -> None:
        """Many rows more."""
        end = self.count + len(columns[0])
        if end > self._room.shape[1]:
            size = max(end, 2 * self._room.shape[1])
            size = size if self.most is None else max(end, min(size, self.most))
            room = np.empty((len(columns), size))
            room[:, : self.count] = self._room[:, : self.count]
            self._room = room
        for row, column in zip(self._room, columns, strict=True):
            row[self.count : end] = column
        self.count = end

    def add(self, *values: float) -> None:
        """One row more."""
        if self.count == self._room.shape[1]:
            self.extend(*([value] for value in values))
            return
        for row, value in zip(self._room, values, strict=True):
            row[self.count] = value
        self.count += 1


class Extremes:
    """The pyramid over one column."""

    def __init__(self) -> None:
        self._levels: list[Columns] = []

    def clear(self) -> None:
        """Knows nothing any more: the column is another one."""
        self._levels.clear()

    def follow(self, y: np.ndarray) -> None:
        """Takes what the column has more than before."""
        low = high = y
        for level in range(64):
            whole = len(low) // FACTOR
            if not whole:
                return
            if level == len(self._levels):
                self._levels.append(Columns(2))
            known = self._levels[level]
            new = slice(known.count * FACTOR, whole * FACTOR)
            if new.start < new.stop:
                known.extend(
                    np.fmin.reduce(low[new].reshape(-1, FACTOR), axis=1),
                    np.fmax.reduce(high[new].reshape(-1, FACTOR), axis=1),
                )
            low, high = known[0], known[1]

    def outline(
        self, x: np.ndarray, y: np.ndarray, first: int, last: int, most: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The points from `first` to before `last` as at most about 2 * `most`, which look alike:
        of each piece the least and the greatest. Pieces stay the same while the column grows.
        """
        count = last - first
        if count <= 2 * most:
            return x[first:last], y[first:last]
        self.follow(y)
        level = min(int(math.log(count / most, FACTOR)), len(self._levels))
        size = FACTOR**level
        group = math.ceil(count / size / most)
        piece = size * group
        start, end = first // piece, -(-last // piece)
        low, high = self._level(level, y, start * group, end * group)
        at = np.arange(0, len(low), group)
        lows, highs = np.fmin.reduceat(low, at), np.fmax.reduceat(high, at)
        begins = np.arange(start, start + len(at)) * piece
        middles = np.minimum(begins + piece // 2, len(x) - 1)
        both = np.column_stack([x[begins], x[middles]]).ravel()
        return both, np.column_stack([lows, highs]).ravel()

    def _level(
        self, level: int, y: np.ndarray, start: int, end: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Pieces of a level; what is too new to be whole there is the last one."""
        if not level:
            return y[start:end], y[start:end]
        known = self._levels[level - 1]
        low, high = known[0][start:end], known[1][start:end]
        rest = y[known.count * FACTOR**level :]
        if end > known.count and len(rest):
            low = np.append(low, np.fmin.reduce(rest))
            high = np.append(high, np.fmax.reduce(rest))
        return low, high
