"""The figures of a run's epochs alone, read past its steps: what a small curve in a list needs."""

from __future__ import annotations

from pathlib import Path

from studio.engine.events import EventReader, decode

EPOCH, RESUMED = b'{"event":"epoch"', b'{"event":"resumed"'


class EpochFigures:
    """Follows the epochs of a run; `of` has each metric's values so far."""

    def __init__(self, folder: Path):
        self._reader = EventReader(folder)
        self._epochs: list[tuple[int, dict]] = []

    @property
    def behind(self) -> bool:
        """Whether the last look left something unread."""
        return self._reader.behind

    def read(self, most: int) -> bool:
        """Takes what was told since, of the next `most` bytes; whether an epoch was in it."""
        part = self._reader.lines(most)
        told = [event for line in _lines(part) for event in decode(line)]
        for event in told:
            if event["event"] == "resumed":
                self._epochs = [each for each in self._epochs if each[0] <= event["epoch"]]
            else:
                self._epochs.append((event["epoch"], event["metrics"]))
        return bool(told)

    def of(self, metric: str) -> list[float | None]:
        """A metric's value of each epoch; None where it has none that is a finite number."""
        values = (metrics.get(metric) for _, metrics in self._epochs)
        return [value if isinstance(value, int | float) else None for value in values]

    def metrics(self) -> set[str]:
        """The names of all metrics."""
        return {name for _, metrics in self._epochs for name in metrics}


def _lines(part: bytes) -> list[bytes]:
    """The lines that tell an epoch, or that the run goes on; found without cutting all of it."""
    found = []
    for start in (EPOCH, RESUMED):
        at = 0 if part.startswith(start) else part.find(b"\n" + start) + 1
        while at or part.startswith(start):
            end = part.find(b"\n", at)
            found.append((at, part[at : end + 1]))
            at = part.find(b"\n" + start, end) + 1
            if not at:
                break
    return [line for _, line in sorted(found)]
