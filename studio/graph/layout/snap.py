"""What a dragged node snaps to: the edges and middles of the others, and the lines that show it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from msgspec import Struct

Rect = tuple[float, float, float, float]
"""Left, top, width, height."""


class Line(Struct, frozen=True):
    """A guide: upright at x `at` from y `start` to `end`, or level at y `at` from x to x."""

    upright: bool
    at: float
    start: float
    end: float


class Snap(Struct, frozen=True):
    """How far to move a rectangle so that it is aligned, and the guides to draw then."""

    dx: float = 0.0
    dy: float = 0.0
    lines: tuple[Line, ...] = ()


class Guides:
    """What can be snapped to, sorted once when a drag begins."""

    def __init__(self, rectangles: Iterable[Rect]):
        rects = list(rectangles)
        self._x = _Axis([(x, w, y, y + h) for x, y, w, h in rects])
        self._y = _Axis([(y, h, x, x + w) for x, y, w, h in rects])

    def snap(self, moving: Rect, tolerance: float = 6.0, reach: float = float("inf")) -> Snap:
        """Where a rectangle snaps to.

        Each way for itself to the nearest edge or middle within `tolerance`, of
        rectangles no farther away than `reach`. Middles go before edges at one distance.
        """
        x, y, w, h = moving
        dx = self._x.nearest(x, w, (y, y + h), tolerance, reach)
        dy = self._y.nearest(y, h, (x, x + w), tolerance, reach)
        across, along = dx or 0.0, dy or 0.0
        lines: list[Line] = []
        if dx is not None:
            span = y + along, y + along + h
            lines += [Line(True, *each) for each in self._x.lines(x + dx, w, span, reach)]
        if dy is not None:
            span = x + across, x + across + w
            lines += [Line(False, *each) for each in self._y.lines(y + dy, h, span, reach)]
        return Snap(across, along, tuple(lines))


class _Axis:
    """The begins, middles and ends of all rectangles along one axis."""

    def __init__(self, spans: Sequence[tuple[float, float, float, float]]):
        places: dict[float, list[tuple[float, float]]] = {}
        for begin, length, low, high in spans:
            across = low, high
            for at in (begin, begin + length / 2, begin + length):
                there = places.get(at)
                if there is None:
                    places[at] = [across]
                else:
                    there.append(across)
        self.keys = sorted(places)
        self.spans = [places[key] for key in self.keys]
        self.sorted = bytearray(len(self.keys))

    def nearest(
        self,
        begin: float,
        length: float,
        span: tuple[float, float],
        tolerance: float,
        reach: float,
    ) -> float | None:
        """The smallest shift that brings begin, middle or end to a place; None where none does."""
        best: tuple[float, int, float] | None = None
        for rank, own in enumerate((begin + length / 2, begin, begin + length)):
            index = bisect_left(self.keys, own - tolerance)
            while index < len(self.keys) and self.keys[index] <= own + tolerance:
                shift = self.keys[index] - own
                better = best is None or (abs(shift), rank) < (best[0], best[1])
                if better and self._beside(index, span, reach) is not None:
                    best = abs(shift), rank, shift
                index += 1
        return None if best is None else best[2]

    def lines(
        self, begin: float, length: float, span: tuple[float, float], reach: float
    ) -> list[tuple[float, float, float]]:
        """(place, from, to) of each guide of an aligned rectangle, as far as its nearest other."""
        found = []
        for own in (begin, begin + length / 2, begin + length):
            index = bisect_left(self.keys, own - 0.01)
            if index < len(self.keys) and self.keys[index] <= own + 0.01:
                other = self._beside(index, span, reach)
                if other is not None:
                    found.append((self.keys[index], min(span[0], other[0]), max(span[1], other[1])))
        return found

    def _beside(
        self, index: int, span: tuple[float, float], reach: float
    ) -> tuple[float, float] | None:
        """Of the rectangles at a place, the one nearest to a span across; None beyond reach."""
        spans = self.spans[index]
        if not self.sorted[index]:  # most places are never asked for
            spans.sort()
            self.sorted[index] = 1
        at = bisect_left(spans, span)
        near = min(
            spans[max(0, at - 1) : at + 1],
            key=lambda each: max(each[0] - span[1], span[0] - each[1], 0.0),
        )
        away = max(near[0] - span[1], span[0] - near[1], 0.0)
        return near if away <= reach else None
