"""The plots of a run, side by side as far as there is room, all with the same part in sight."""

from __future__ import annotations

import html
import math
import time
from collections.abc import Iterable, Iterator
from itertools import pairwise

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCursor, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QToolTip, QWidget

from studio.engine.axis import EPOCH, STEP, TIME, Axis
from studio.engine.curves import Curves
from studio.engine.figure_curves import MACHINE, TRAINING
from studio.engine.figures import seconds_text
from studio.gui.plots.figure_plot import FigurePlot
from studio.gui.plots.marks_item import Placed, placed, together
from studio.gui.plots.metric_plot import MetricPlot
from studio.gui.plots.plot import Plot
from studio.gui.plots.view import View

WIDTH, HEIGHT = 300, 150
"""Pixels that a plot needs at least."""

SHARE = 0.08
"""The part of the time that drawing may take while a run goes on."""

MOST = 2000
"""Milliseconds from one drawing to the next, at most."""

NEAR = 6
"""Pixels from a mark at which its text is shown."""


class Board(QScrollArea):
    """A plot for each chosen metric, and below for each chosen figure.

    Signals: `seen` when another part or form is in sight; `told(str)` what is at the cross.
    """

    seen = Signal()
    told = Signal(str)

    def __init__(self, view: View | None = None) -> None:
        super().__init__()
        self.view = view or View()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        inside.setObjectName("panel")
        self.viewport().setObjectName("panel")
        self._grid = QGridLayout(inside)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(22)
        self._grid.setVerticalSpacing(6)
        self.setWidget(inside)
        self.plots: dict[str, MetricPlot] = {}
        self.figures: dict[str, FigurePlot] = {}
        self.heads: list[QLabel] = []
        self.cross: float | None = None
        self._curves: Curves | None = None
        self._whole = True
        self._columns = 0
        self._stale: dict[Plot, None] = {}
        """Those that show not yet what there is, in the order of their turns."""
        self._marks: list[Placed] = []
        self._said = ""
        self._spent, self._at = 0.0, time.perf_counter()
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._turn)
        self.verticalScrollBar().valueChanged.connect(self._hurry)

    @property
    def all(self) -> Iterator[Plot]:
        """All plots, in their order."""
        yield from self.plots.values()
        yield from self.figures.values()

    # Which plots

    def choose(
        self,
        metrics: Iterable[str],
        curves: Curves,
        figures: Iterable[str] = (),
        most: int | None = None,
    ) -> None:
        """Shows these, in this order; their plots stay as they were. At most so many are made:
        the rest when it is called again.
        """
        names, others = list(metrics), list(figures)
        if names == list(self.plots) and others == list(self.figures):
            return
        missing = [name for name in names if name not in self.plots]
        missing += [name for name in others if name not in self.figures]
        if most is not None and len(missing) > most:
            late = missing[most:]
            names = [name for name in names if name in self.plots or name not in late]
            others = [name for name in others if name in self.figures or name not in late]
        for plot in list(self.all):
            self._grid.removeWidget(plot)
            if plot.name not in (names if isinstance(plot, MetricPlot) else others):
                self._stale.pop(plot, None)
                plot.hide()
                plot.deleteLater()
        self.plots = {name: self.plots.get(name) or self._metric(name) for name in names}
        known = curves.beside.figures
        self.figures = {
            name: self.figures.get(name) or self._joined(FigurePlot(known[name], self.view))
            for name in others
        }
        self._arrange()

    def _metric(self, name: str) -> MetricPlot:
        return self._joined(MetricPlot(name, self.view))

    def _joined(self, plot: Plot) -> Plot:
        plot.setMinimumHeight(HEIGHT)
        plot.hovered.connect(self.look_at)
        plot.asked.connect(self.do)
        self._stale[plot] = None
        return plot

    # Drawing

    def draw(self, curves: Curves, whole: bool) -> None:
        """Shows what the curves hold now, all at once."""
        self._take(curves, whole)
        while any(self._seen(plot) and self._draw(plot) for plot in tuple(self._stale)):
            pass

    def draw_all(self) -> None:
        """Draws also what is out of sight."""
        for plot in self.all:
            while self._draw(plot):
                pass

    def forget(self) -> None:
        """The curves of another run are to come: all of them in sight."""
        self._timer.stop()
        self._curves = None
        self.view.forget()
        self.look_at(None)

    def draw_soon(self, curves: Curves, whole: bool) -> None:
        """Shows what the curves hold now, one plot after the other, without taking the time that
        others need.
        """
        self._take(curves, whole)
        self._go_on()

    def _take(self, curves: Curves, whole: bool) -> None:
        self._curves, self._whole = curves, whole
        self._marks = placed(curves.marks(), self.axis)
        self.view.whole = (0.0, self._end())
        self._stale |= dict.fromkeys(self.all)

    def _draw(self, plot: Plot) -> bool:
        """Draws one plot; whether it isn't finished."""
        plot.draw(self._curves, self.axis, self._marks)
        self._stale.pop(plot, None)
        if not plot.finished:
            self._stale[plot] = None  # behind the others
        return not plot.finished

    def _seen(self, plot: Plot) -> bool:
        return not plot.visibleRegion().isEmpty()

    def _turn(self) -> None:
        """Draws one of those that are to be seen."""
        first = next(filter(self._seen, self._stale), None)
        if self._curves is not None and first is not None:
            self._draw(first)
            self._go_on()

    def _go_on(self) -> None:
        if self._timer.isActive() or not self._stale or not self.isVisible():
            return
        spent, now = self._total(), time.perf_counter()
        rest = (spent - self._spent) / SHARE - (now - self._at)
        if self._awaited():
            rest = 0.0
        self._spent, self._at = spent, now + max(0.0, rest)
        self._timer.start(max(0, min(MOST, round(1000 * rest))))

    def _total(self) -> float:
        return sum(plot.spent + plot.plot.spent for plot in self.all)

    def _awaited(self) -> bool:
        """Whether a person waits for what isn't drawn: it is new, or nothing goes on any more."""
        fresh = (plot.curves is not self._curves for plot in self._stale if self._seen(plot))
        return not self._whole or any(fresh)

    def _hurry(self) -> None:
        """Draws what a person waits for, a plot a turn."""
        self._timer.stop()
        self._spent = self._total()
        self._at = time.perf_counter()
        if self._curves is not None:
            for plot in list(self.all):
                if plot in self._stale and self._seen(plot):
                    self._draw(plot)
        self._go_on()

    def again(self) -> None:
        """Draws all anew: something else is in sight, or in another form."""
        if self._curves is not None:
            self._take(self._curves, self._whole)
            self._hurry()
        self._tell()
        self.seen.emit()

    @property
    def axis(self) -> Axis:
        """What is counted along the plots."""
        return self._curves.axis(self.view.kind)

    def _end(self) -> float:
        """Where the last of all curves ends, or will."""
        curves, axis = self._curves, self.axis
        ends = [0.0]
        for curve in curves.metrics.values():
            for kind, points in (
                (STEP, curve.steps),
                (EPOCH, curve.epochs),
                (EPOCH, curve.validation),
            ):
                if points.count:
                    ends.append(float(axis.along(kind, points.x[-1])))
        if axis.kind == TIME:
            of_time = [each for each in curves.beside.figures.values() if each.kind == TIME]
            told = [points for figure in of_time for points in figure.curves.values()]
            ends += [points.x[-1] - curves.began for points in told if points.count]
        elif self._whole and curves.epochs and curves.per_epoch:
            ends.append(float(axis.along(EPOCH, curves.epochs)))
        return max(ends) or 1.0

    def colour(self) -> None:
        """Takes the colours of the theme."""
        for plot in self.all:
            plot.colour()

    # What is in sight

    def count(self, kind: str) -> None:
        """Counts epochs, steps or time along the plots."""
        if kind == self.view.kind:
            return
        if self._curves is None:
            self.view.kind = kind
            return
        old, new = self.axis, self._curves.axis(kind)
        self.look_at(None)
        self.view.convert(kind, lambda place: float(new.along(STEP, old.back(STEP, place))))
        self.again()

    def smooth(self, weight: float) -> None:
        """Smooths the steps of the metrics."""
        self.view.smoothing = weight
        self.again()

    def set_log(self, on: bool) -> None:
        """Shows values by their logarithm."""
        self.view.log = on
        self.again()

    def do(self, what: str, by: float, around: float) -> None:
        """What mouse or keys ask of a plot: see `surface.KEYS`."""
        view = self.view
        start, end = view.sight
        if what == "step":
            at = (start + end) / 2 if self.cross is None else self.cross + by * (end - start) / 100
            self.look_at(min(max(start, at), end))
            return
        if what == "leave":
            self.look_at(None)
            return
        if what == "mark":
            self._go_to_mark(int(by))
            return
        if what == "zoom":
            middle = (start + end) / 2 if self.cross is None else self.cross
            view.zoom(by, middle if math.isnan(around) else around)
        elif what == "span":
            view.show((by, around))
        elif what == "pan":
            view.pan(by * (end - start))
        elif what in ("grab", "drag"):
            view.pan(by, keep=what == "grab")
        elif what == "all":
            view.show(None)
        elif what == "back":
            view.back()
        elif what == "log":
            view.log = not view.log
        self.again()

    def _go_to_mark(self, by: int) -> None:
        """Brings the cross to the next mark, or the one before."""
        start, end = self.view.sight
        at = self.cross
        if at is None:
            at = start - 1 if by > 0 else end + 1
        near = 1e-6 * (end - start)
        places = sorted({each.x for each in self._marks if start <= each.x <= end})
        beyond = [x for x in places if (x > at + near if by > 0 else x < at - near)]
        if beyond:
            self.look_at(beyond[0] if by > 0 else beyond[-1])

    # The cross

    def look_at(self, x: float | None) -> None:
        """Shows the values of all plots at a place, or the last ones again."""
        if x == self.cross:
            return
        self.cross = x
        for plot in self.all:
            plot.look_at(x)
        self._tell()

    def _tell(self) -> None:
        """Says where the cross is, and what happened there."""
        said, mark = "", None
        if self.cross is not None and self._curves is not None:
            said = self._place(self.cross)
            mark = self._mark_at(self.cross)
        text = mark.text if mark is not None else ""
        if text != self._said:
            self._said = text
            if text and self.underMouse():
                QToolTip.showText(QCursor.pos(), f"<pre>{html.escape(text)}</pre>", self)
            else:
                QToolTip.hideText()
        self.told.emit(" · ".join([said, *text.split("\n")[:2]]) if text else said)

    def _place(self, x: float) -> str:
        axis, curves = self.axis, self._curves
        parts = []
        if curves.per_epoch:
            parts.append(f"epoch {axis.back(EPOCH, x):.1f}")
        parts.append(f"step {round(axis.back(STEP, x)):,}")
        if curves.beside.clock.count:
            parts.append(seconds_text(max(0.0, axis.back(TIME, x) - curves.began)))
        return " · ".join(parts)

    def _mark_at(self, x: float) -> Placed | None:
        first = next(iter(self.all), None)
        if first is None:
            return None
        start, end = self.view.sight
        pixel = (end - start) / first.plot.pixels
        found = [e for e in together(self._marks, NEAR * pixel) if abs(e.x - x) <= NEAR * pixel]
        return min(found, key=lambda each: abs(each.x - x), default=None)

    # Where they stand

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._go_on()

    def hideEvent(self, event) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fitting() != self._columns:
            self._arrange()
        self._stale |= dict.fromkeys(self.all)
        self._go_on()

    def _fitting(self) -> int:
        count = max(len(self.plots), len(self.figures))
        return max(1, min(count, self.viewport().width() // WIDTH))

    def _arrange(self) -> None:
        self._columns = self._fitting()
        for head in self.heads:
            self._grid.removeWidget(head)
            head.deleteLater()
        self.heads = []
        for column in range(max(self._grid.columnCount(), self._columns)):
            self._grid.setColumnStretch(column, int(column < self._columns))
        row = self._rows(0, list(self.plots.values()))
        for title, names in (("Training", TRAINING), ("Machine", MACHINE)):
            plots = [plot for name, plot in self.figures.items() if name in names]
            if plots:
                head = QLabel(title)
                head.setProperty("role", "group")
                self._grid.addWidget(head, row, 0, 1, self._columns)
                self.heads.append(head)
                row = self._rows(row + 1, plots)
        order = list(self.all)
        for one, other in pairwise(order):
            QWidget.setTabOrder(one.plot, other.plot)

    def _rows(self, row: int, plots: list[Plot]) -> int:
        for index, plot in enumerate(plots):
            down, column = divmod(index, self._columns)
            self._grid.addWidget(plot, row + down, column)
        return row + -(-len(plots) // self._columns)
