"""ROC and precision-recall curves: all classes faint, the chosen one strong, values to read."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from studio.engine.figures import number
from studio.graph.problems import printable
from studio.gui.look.theme import theme
from studio.gui.trained.chart import Chart
from studio.gui.trained.matrix import mixed
from studio.gui.trained.page import small
from studio.gui.trained.told import is_number, numbers_of, rows_of

NEAR = 24
"""Pixels from which on a curve is not meant."""

Points = list[list[float]]
AXES = {
    "roc": ("false_positives", "true_positives"),
    "pr": ("recall", "precision"),
}
AREAS = {"roc": "roc_area", "pr": "average_precision"}
CALLED = {"roc": "ROC, area", "pr": "Precision and recall, average precision"}


class CurvesView(QWidget):
    """Both curves beside each other, and a choice of the class."""

    def __init__(self) -> None:
        super().__init__()
        self.curves: dict[str, dict[str, Points]] = {"roc": {}, "pr": {}}
        self._areas: dict[str, dict[str, float | None]] = {"roc": {}, "pr": {}}
        self._items: dict[str, dict[str, pg.PlotDataItem]] = {"roc": {}, "pr": {}}
        self._threshold: float | None = None
        self.charts = {
            "roc": Chart(CALLED["roc"], "false positives", "true positives"),
            "pr": Chart(CALLED["pr"], "recall", "precision"),
        }
        self._chance = pg.PlotCurveItem([0, 1], [0, 1])
        self.charts["roc"].plot.addItem(self._chance)
        self.choice = QComboBox()
        self.choice.setAccessibleName("Class whose curves are strong")
        self.choice.setMaximumWidth(240)
        self.choice.currentIndexChanged.connect(self._choose)
        self._row = QWidget()
        head = QHBoxLayout(self._row)
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(8)
        head.addWidget(small("Class"))
        head.addWidget(self.choice)
        head.addStretch(1)
        plots = QHBoxLayout()
        plots.setSpacing(16)
        for name, chart in self.charts.items():
            chart.plot.setRange(xRange=(0, 1), yRange=(0, 1), padding=0.03)
            chart.hovered.connect(lambda point, name=name: self._hover(name, point))
            plots.addWidget(chart, 1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(4)
        box.addWidget(self._row)
        box.addLayout(plots, 1)
        theme.changed.connect(self._colour)

    def show_output(self, output: dict[str, Any]) -> bool:
        """Shows an output's curves; False where there are none."""
        named = {
            printable(str(row.get("class", row.get("label", "")))): row
            for row in rows_of(output, "per_class") or rows_of(output, "per_label")
        }
        if not named and "roc" in output:
            named = {printable(str(output.get("positive", ""))): output}
        for kind, chart in self.charts.items():
            self.curves[kind] = {}
            self._areas[kind] = {}
            for name, row in named.items():
                found = numbers_of(row.get(kind), *AXES[kind], "thresholds")
                found = found or numbers_of(row.get(kind), *AXES[kind])
                if found is not None:
                    area = row.get(AREAS[kind])
                    self.curves[kind][name] = found
                    self._areas[kind][name] = float(area) if is_number(area) else None
            self._draw(kind, chart)
        names = list(self.curves["roc"]) or list(self.curves["pr"])
        worst = min(
            range(len(names)), key=lambda at: self._areas["roc"].get(names[at]) or 0, default=0
        )
        with QSignalBlocker(self.choice):
            self.choice.clear()
            self.choice.addItems(names)
            self.choice.setCurrentIndex(worst if names else -1)
        self._row.setVisible(len(names) > 1)
        self._choose()
        return bool(names)

    def _draw(self, kind: str, chart: Chart) -> None:
        for item in self._items[kind].values():
            chart.plot.removeItem(item)
        self._items[kind] = {}
        for name, points in self.curves[kind].items():
            step = "left" if kind == "pr" else None
            item = pg.PlotDataItem(points[0], points[1], antialias=True, stepMode=step)
            chart.plot.addItem(item)
            self._items[kind][name] = item
        chart.plot.setRange(xRange=(0, 1), yRange=(0, 1), padding=0.03)

    @property
    def chosen(self) -> str:
        """The class whose curves are strong."""
        return self.choice.currentText()

    def _choose(self) -> None:
        self._colour()
        for kind in self.charts:
            self._say(kind)

    def _colour(self) -> None:
        for kind, chart in self.charts.items():
            chart.colour()
            for name, item in self._items[kind].items():
                strong = name == self.chosen
                colour = theme.color("accent") if strong else mixed("muted", "panel", 0.35)
                item.setPen(pg.mkPen(colour, width=2 if strong else 1))
                item.setZValue(5 if strong else 1)
        dashes = pg.mkPen(theme.color("edge"), width=1, style=Qt.PenStyle.DashLine)
        self._chance.setPen(dashes)

    def _say(self, kind: str, more: str = "") -> None:
        area = self._areas[kind].get(self.chosen)
        words = CALLED[kind]
        chart = self.charts[kind]
        chart.title.setText(f"{words} {number(area)}" if area is not None else words)
        chart.said.say(more or (self._at_threshold(kind) if self._threshold is not None else ""))
        if not more and self._threshold is None:
            chart.no_point()

    # The threshold of a yes or no

    def show_threshold(self, value: float, rates: tuple[float, float], precision: float | None):
        """Marks where a threshold stands on both curves."""
        self._threshold = value
        self._marks = {"roc": rates, "pr": (rates[1], precision)}
        for kind in self.charts:
            self._say(kind)

    def no_threshold(self) -> None:
        """The output has none that could be moved."""
        self._threshold = None

    def _at_threshold(self, kind: str) -> str:
        x, y = self._marks[kind]
        if y is None:
            self.charts[kind].no_point()
            return ""
        self.charts[kind].point_at(x, y)
        return self._words(kind, x, y, self._threshold)

    @staticmethod
    def _words(kind: str, x: float, y: float, above: float | None) -> str:
        first, second = (name.replace("_", " ") for name in AXES[kind])
        told = f"{first} {x:.3f} · {second} {y:.3f}"
        return told if above is None or above != above else f"{told} · above {above:.3f}"

    # Under the mouse

    def _hover(self, kind: str, point: tuple[float, float] | None) -> None:
        found = self._nearest(kind, point) if point is not None else None
        if found is None:
            self._say(kind)
            return
        name, at = found
        points = self.curves[kind][name]
        x, y = points[0][at], points[1][at]
        self.charts[kind].point_at(x, y)
        words = self._words(kind, x, y, points[2][at] if len(points) > 2 else None)
        self._say(kind, f"{name}: {words}" if len(self.curves[kind]) > 1 else words)

    def _nearest(self, kind: str, point: tuple[float, float]) -> tuple[str, int] | None:
        """The chosen curve where it is near enough, else the nearest of them."""
        best: tuple[float, str, int] | None = None
        for name, points in self.curves[kind].items():
            found = self.charts[kind].near(points[0], points[1], point)
            if found is None:
                continue
            at, away = found
            if name == self.chosen and away <= NEAR:
                return name, at
            if best is None or away < best[0]:
                best = (away, name, at)
        return (best[1], best[2]) if best is not None and best[0] <= NEAR else None
