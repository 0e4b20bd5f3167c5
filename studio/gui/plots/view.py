"""What of the curves is in sight, and how: one for all plots of a board."""

from __future__ import annotations

from studio.engine.axis import EPOCH

Span = tuple[float, float]

MOST_BACK = 50
"""Places that can be gone back to."""

CLOSEST = 1e-5
"""The part of the whole that is seen at least."""


class View:
    """Along the plots `span` is in sight, or all where it is None. `whole` is all there is.

    `kind` is what is counted along them, `smoothing` the weight, `log` whether values go by their
    logarithm.
    """

    def __init__(self, kind: str = EPOCH, smoothing: float = 0.0, log: bool = False):
        self.kind, self.smoothing, self.log = kind, smoothing, log
        self.span: Span | None = None
        self.whole: Span = (0.0, 1.0)
        self._before: list[Span | None] = []

    @property
    def sight(self) -> Span:
        """What is in sight, from where to where."""
        return self.span or self.whole

    @property
    def can_go_back(self) -> bool:
        """Whether another part was in sight before."""
        return bool(self._before)

    def show(self, span: Span | None, keep: bool = True) -> None:
        """Brings a part into sight; what was there before can be gone back to."""
        if span is not None:
            span = self._within(*sorted(span))
        if span == self.span:
            return
        if keep:
            self._before = [*self._before, self.span][-MOST_BACK:]
        self.span = span

    def forget(self) -> None:
        """All is in sight, and there is nothing to go back to."""
        self.span = None
        self._before = []

    def back(self) -> None:
        """Shows what was in sight before."""
        if self._before:
            self.span = self._before.pop()

    def zoom(self, factor: float, around: float) -> None:
        """Shows more (a factor above 1) or less, with one place staying where it is."""
        start, end = self.sight
        span = around + (start - around) * factor, around + (end - around) * factor
        self.show(span if span[1] - span[0] < self._length else None)

    def pan(self, by: float, keep: bool = True) -> None:
        """Goes along by a distance."""
        if self.span is None:
            return
        start, end = self.span
        by = max(self.whole[0] - start, min(by, self.whole[1] - end))
        self.show((start + by, end + by), keep)

    def convert(self, kind: str, change) -> None:
        """Counts something else; `change` says where a place is then."""
        self.kind = kind
        self._before = [None if span is None else tuple(map(change, span)) for span in self._before]
        if self.span is not None:
            self.span = tuple(map(change, self.span))

    @property
    def _length(self) -> float:
        return self.whole[1] - self.whole[0]

    def _within(self, start: float, end: float) -> Span:
        length = min(max(end - start, CLOSEST * self._length), self._length)
        middle = (start + end) / 2
        start = min(max(self.whole[0], middle - length / 2), self.whole[1] - length)
        return start, start + length
