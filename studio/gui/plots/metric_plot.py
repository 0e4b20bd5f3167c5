"""The plot of one metric: its steps and epochs, its validation, the best epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pyqtgraph as pg
from PySide6.QtCore import Qt

from studio.engine.axis import EPOCH, STEP, Axis
from studio.engine.curves import Curve, Curves
from studio.engine.points import Points
from studio.gui.look.theme import sans, theme
from studio.gui.plots.legend import Entry
from studio.gui.plots.line import Line
from studio.gui.plots.plot import Plot
from studio.gui.plots.view import View


class MetricPlot(Plot):
    """Steps are pale where a line stands before them: the smoothed one, or that of the epochs."""

    def __init__(self, metric: str, view: View):
        super().__init__(metric, view)
        self.steps = self.line(STEP, "accent", 1.5, noisy=True)
        self.smoothed = self.line(STEP, "accent")
        self.epochs = self.line(EPOCH, "accent", dots=True)
        self.validation = self.line(EPOCH, "second", dots=True)
        self._smooth_steps: Points | None = None
        self.best = pg.InfiniteLine(angle=90, label="best", labelOpts={"position": 0.14})
        self.best.hide()
        self.plot.add(self.best)
        self._colour_best()

    def lines(self) -> Iterator[Line]:
        yield from (self.steps, self.smoothed, self.epochs, self.validation)

    def colour(self) -> None:
        super().colour()
        self._colour_best()

    def _colour_best(self) -> None:
        color = theme.color("good")
        style = Qt.PenStyle.CustomDashLine
        self.best.setPen(pg.mkPen(color, width=1, style=style, dash=[3, 3]))
        self.best.label.setColor(color)
        self.best.label.setFont(sans(11))

    @property
    def _curve(self) -> Curve:
        return self.curves.metrics.get(self.name) or Curve()

    def _show(self, curves: Curves, axis: Axis) -> None:
        curve, view, pixels = self._curve, self.view, self.plot.pixels
        self.finished = True
        self._smooth_steps = self.smooth(self.name, curve.steps)
        smooth = self._smooth_steps is not None
        self.steps.set_faint(smooth or curve.epochs.count > 1)
        self.steps.show_points(curve.steps, axis, view, pixels, self.log)
        self.validation.show_points(curve.validation, axis, view, pixels, self.log)
        self.smoothed.setVisible(smooth)
        self.epochs.setVisible(not smooth)
        if smooth:
            self.smoothed.show_points(self._smooth_steps, axis, view, pixels, self.log)
        else:
            self.epochs.show_points(curve.epochs, axis, view, pixels, self.log)
        self._show_best(curves, axis)

    def _show_best(self, curves: Curves, axis: Axis) -> None:
        best = curves.best
        self.best.setVisible(best is not None)
        if best is None:
            return
        place = axis.along(EPOCH, best)
        self.best.setValue(place)
        low, high = self._values(self.drawn_lines)
        value = self._curve.validation.at(best)
        if value is not None and self.log:
            value = math.log10(value) if value > 0 else None
        above = value is not None and value < (low + high) / 2
        self.best.label.setPosition(0.84 if above else 0.12)  # where the lines are not
        start, end = self.view.sight
        side = (1, 0.5) if place > start + 0.8 * (end - start) else (0, 0.5)
        self.best.label.anchors = [side, side]

    def _entries(self, axis: Axis) -> list[Entry]:
        curve, at = self._curve, self.cross
        epochs = curve.epochs.last
        if at is not None:
            epochs = curve.epochs.at(axis.back(EPOCH, at))
        steps = self._smooth_steps or curve.steps
        step = steps.last if at is None else steps.at(axis.back(STEP, at))
        validation = curve.validation
        value = validation.last if at is None else validation.at(axis.back(EPOCH, at))
        whole = at is None and self._smooth_steps is None
        train = epochs if (whole and epochs is not None) or step is None else step
        return [("accent", "train", train), ("second", "validation", value)]
