"""The plot of what is told beside the metrics: learning rate, time per step, memory, ..."""

from __future__ import annotations

from collections.abc import Iterator

from studio.engine.axis import Axis
from studio.engine.beside import Figure
from studio.engine.curves import Curves
from studio.gui.plots.legend import Entry
from studio.gui.plots.line import Line
from studio.gui.plots.plot import Plot
from studio.gui.plots.view import View

COLORS = ("accent", "second", "good", "code_keyword", "error", "muted", "code_number")
"""Of the curves in their order; of more than these they begin again."""


class FigurePlot(Plot):
    """A line for each of its curves."""

    def __init__(self, figure: Figure, view: View):
        super().__init__(figure.name, view, figure.unit)
        self.drawn: dict[str, Line] = {}

    def lines(self) -> Iterator[Line]:
        yield from self.drawn.values()

    def _show(self, curves: Curves, axis: Axis) -> None:
        figure = self._figure
        for name, points in figure.curves.items():
            if name not in self.drawn:
                color = COLORS[len(self.drawn) % len(COLORS)]
                self.drawn[name] = self.line(figure.kind, color, 1.5)
            self.drawn[name].show_points(points, axis, self.view, self.plot.pixels)

    @property
    def _figure(self) -> Figure:
        return self.curves.beside.figures.get(self.name) or Figure(self.name, "step")

    def _entries(self, axis: Axis) -> list[Entry]:
        figure, entries = self._figure, []
        alone = len(figure.curves) == 1
        for name, points in figure.curves.items():
            at = self.cross
            value = points.last if at is None else points.at(axis.back(figure.kind, at))
            color = self.drawn[name].color if name in self.drawn else COLORS[0]
            entries.append((color, "" if alone else name, value))
        return entries
