"""One plot: a line that names it and its values, and below the lines themselves."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from studio.engine.axis import Axis
from studio.engine.curves import Curves
from studio.engine.points import Points
from studio.engine.smoothing import Smoothed
from studio.gui.plots.legend import Entry, Legend
from studio.gui.plots.line import Line
from studio.gui.plots.marks_item import TOUCHING, MarksItem, Placed, together
from studio.gui.plots.surface import Surface
from studio.gui.plots.view import View

AT_ONCE = 60_000
"""Points that are smoothed in one drawing: some 5 ms."""

PARTS = ("%", "B")
"""Units of what is a part: of the machine's time, or of its memory."""

LEAST = 0.03
"""The part of a value with a unit that a plot of it is high, at least."""

ROOM = 0.06
"""The part of the height that stays empty above and below the lines."""


class Plot(QWidget):
    """What all plots have in common; `_show` and `_entries` are those of each.

    Signals: `hovered`, `asked`: those of its surface.
    """

    hovered = Signal(object)
    asked = Signal(str, float, float)

    def __init__(self, name: str, view: View, unit: str = ""):
        super().__init__()
        self.name, self.view, self.unit = name, view, unit
        self.curves: Curves | None = None
        self.cross: float | None = None
        self.finished = True
        """Whether nothing is left to be smoothed."""
        self._smoothed: dict[str, Smoothed] = {}
        self.spent = 0.0
        """Seconds that drawing has taken so far."""
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.legend = Legend(name, unit)
        self.plot = Surface(unit)
        self.plot.setAccessibleName(f"Plot of {name}")
        self.plot.setMinimumHeight(90)
        self.plot.hovered.connect(self.hovered)
        self.plot.asked.connect(self.asked)
        box.addWidget(self.legend)
        box.addWidget(self.plot, 1)
        self.marks = MarksItem()
        self.plot.add(self.marks)

    def line(self, kind: str, color: str, width: float = 2.0, **form: bool) -> Line:
        """A line more; `form` is as `Line` has it."""
        line = Line(kind, color, width, **form)
        self.plot.add(line)
        return line

    def smooth(self, name: str, points: Points) -> Points | None:
        """A curve smoothed as the view says, as far as it has come; None where it isn't to be."""
        weight = self.view.smoothing
        if not weight or points.count < 2:
            self._smoothed.pop(name, None)
            return None
        known = self._smoothed.get(name)
        if known is None or known.source is not points or known.weight != weight:
            known = self._smoothed[name] = Smoothed(points, weight)
        self.finished &= known.follow(AT_ONCE)
        return known.points

    def lines(self) -> Iterator[Line]:
        """All lines that are drawn."""
        raise NotImplementedError

    def _show(self, curves: Curves, axis: Axis) -> None:
        raise NotImplementedError

    def _entries(self, axis: Axis | None) -> list[Entry]:
        """Its curves, with their values at the cross, or the last ones."""
        raise NotImplementedError

    def draw(self, curves: Curves, axis: Axis, marks: list[Placed]) -> None:
        """Shows what the curves hold now."""
        began = time.perf_counter()
        self.curves = curves
        self._show(curves, axis)
        self.plot.value_axis.log = self.log
        self.plot.along_axis.kind = axis.kind
        sight = self.view.sight
        self.plot.set_ranges(sight, self._values(self.drawn_lines))
        pixel = (sight[1] - sight[0]) / self.plot.pixels
        self.marks.show_marks(together(marks, TOUCHING * pixel))
        self.write()
        self.spent += time.perf_counter() - began

    @property
    def log(self) -> bool:
        """Whether values go by their logarithm; those that are a part of something never do."""
        return self.view.log and self.unit not in PARTS

    @property
    def drawn_lines(self) -> list[Line]:
        """Those with a part in sight."""
        return [e for e in self.lines() if e.isVisible() and not np.isnan(e.least)]

    def _values(self, lines: list[Line]) -> tuple[float, float]:
        """From which value to which the plot goes."""
        if not lines:
            return 0.0, 1.0
        least = min(line.least for line in lines)
        greatest = max(line.greatest for line in lines)
        if self.unit in PARTS:  # of what is the question
            least = min(0.0, least)
        if self.unit and not self.log:  # less than its numbers can say is no change
            spare = max(0.0, LEAST * abs(greatest) - (greatest - least)) / 2
            least, greatest = least - spare, greatest + spare
        room = ROOM * (greatest - least) or 0.1 * abs(greatest) or 0.5
        bottom = least if least == 0 and self.unit else least - room
        return bottom, greatest + room

    def look_at(self, x: float | None) -> None:
        """Shows the values at a place along the plot, or the last ones again."""
        self.cross = x
        self.plot.show_cross(x)
        self.write()

    def write(self) -> None:
        """Writes names and values above the plot."""
        if self.curves is not None:
            self.legend.show_values(self._entries(self.curves.axis(self.view.kind)))

    def colour(self) -> None:
        """Takes the colours of the theme."""
        self.plot.colour()
        for line in self.lines():
            line.colour()
        self.marks.update()
        self.legend.update()
