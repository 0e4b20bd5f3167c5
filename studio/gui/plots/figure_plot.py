"""The plot of what is told beside the metrics: learning rate, time per step, memory, ..."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from studio.engine.axis import STEP, Axis
from studio.engine.curves import Curves
from studio.engine.figure_curves import GRADIENTS, PER_STEP, RATE, Figure
from studio.engine.points import Points
from studio.gui.plots.legend import Entry
from studio.gui.plots.line import Line
from studio.gui.plots.plot import Plot
from studio.gui.plots.view import View

COLORS = ("accent", "second", "good", "code_keyword", "error", "muted", "code_number")
"""Of the curves in their order; of more than these they begin again."""


NOISY = (PER_STEP, GRADIENTS)
"""Those that are smoothed."""

FAR = 4.0
"""Steps that take so many times as long as the middle one are drawn out of sight."""


class FigurePlot(Plot):
    """A line for each of its curves; those by steps are smoothed as the metrics are."""

    def __init__(self, figure: Figure, view: View):
        super().__init__(figure.name, view, figure.unit)
        self.drawn: dict[str, Line] = {}
        self.smoothed: dict[str, Line] = {}

    def lines(self) -> Iterator[Line]:
        yield from self.drawn.values()
        yield from self.smoothed.values()

    def _show(self, curves: Curves, axis: Axis) -> None:
        figure = self._figure
        place = axis, self.view, self.plot.pixels, self.log
        self.finished = True
        for name, points in figure.curves.items():
            if name not in self.drawn:
                color = COLORS[len(self.drawn) % len(COLORS)]
                stairs = figure.name == RATE
                form = {"stairs": stairs, "noisy": not stairs}
                self.drawn[name] = self.line(figure.kind, color, 1.5, **form)
                self.smoothed[name] = self.line(figure.kind, color)
            smooth = self.smooth(name, points) if figure.name in NOISY else None
            self.drawn[name].set_faint(smooth is not None)
            self.drawn[name].show_points(points, *place)
            self.smoothed[name].show_points(smooth or Points(), *place)

    def _values(self, lines: list[Line]) -> tuple[float, float]:
        low, high = super()._values(lines)
        if self.name == PER_STEP and not self.log and lines:
            _, y = self.drawn[PER_STEP].getData()
            high = min(high, FAR * float(np.median(y)))
        return low, high

    @property
    def _figure(self) -> Figure:
        return self.curves.beside.figures.get(self.name) or Figure(self.name, STEP)

    def _entries(self, axis: Axis) -> list[Entry]:
        figure, entries = self._figure, []
        alone = len(figure.curves) == 1
        for name, points in figure.curves.items():
            known = self._smoothed.get(name)
            told = points if known is None else known.points
            at = self.cross
            value = told.last if at is None else told.at(axis.back(figure.kind, at))
            color = self.drawn[name].color if name in self.drawn else COLORS[0]
            entries.append((color, "" if alone else name, value))
        return entries
