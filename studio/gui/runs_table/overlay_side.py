"""The side of the table where the curves of the selected runs are laid over each other."""

from __future__ import annotations

import time
from html import escape
from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QSlider,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.engine.run_curves import BY, EPOCH, RunCurves
from studio.gui.panel import Empty
from studio.gui.plots.overlay import Drawn, OverlayPlot, colour_of, pen_of
from studio.gui.settings import Settings

PART = 1 << 19
"""Bytes of events that are read at once: some 10 ms."""

BUDGET = 0.02
"""Seconds of one look."""

KEPT = 200
"""Runs whose curves stay in memory when they are no longer selected."""

SETTING = "overlay"
LEGEND = 168
"""Pixels of the legend's width."""

ENDS = (Qt.Key.Key_Home, Qt.Key.Key_End)

FIRST = ("val_loss", "loss")
"""The metric that is drawn at first: the first of these that there is."""


class OverlaySide(QWidget):
    """Reads the events of the runs it is given, a little at a time, and draws one metric of each.

    Signal: `coloured(dict)` the colour of each run that is drawn.
    """

    coloured = Signal(object)

    def __init__(self, settings: Settings):
        super().__init__()
        self.setObjectName("panel")
        self._settings = settings
        kept = settings.get(SETTING, {})
        self.metric = kept["metric"] if isinstance(kept.get("metric"), str) else ""
        self.by = kept["by"] if kept.get("by") in BY else EPOCH
        weight = kept.get("weight")
        self.weight = min(0.99, max(0.0, weight)) if isinstance(weight, int | float) else 0.0
        self._curves: dict[Path, RunCurves] = {}
        self._looks: dict[Path, int] = {}
        self._labels: dict[Path, str] = {}
        self._behind: list[Path] = []
        self._drawn: object = None
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._read)
        self.plot = OverlayPlot()
        self.plot.pointed.connect(self._pointed)
        self._nothing = Empty("No curves yet", "")
        self._lay_out()

    def _lay_out(self) -> None:
        self.metrics = QComboBox()
        self.metrics.setAccessibleName("Metric")
        self.metrics.setMinimumWidth(72)
        self.metrics.activated.connect(lambda _: self.choose(metric=self.metrics.currentText()))
        self.axes = QComboBox()
        self.axes.setAccessibleName("Over")
        for name in BY:
            self.axes.addItem(f"by {name}", name)
        self.axes.setFixedWidth(102)
        self.axes.activated.connect(lambda _: self.choose(by=self.axes.currentData()))
        self.smoothing = QSlider(Qt.Orientation.Horizontal)
        self.smoothing.setRange(0, 99)
        self.smoothing.setAccessibleName("Smoothing")
        self.smoothing.setToolTip("Smoothing")
        self.smoothing.setFixedWidth(66)
        self.smoothing.valueChanged.connect(lambda value: self.choose(weight=value / 100))
        self._amount = QLabel()
        self._amount.setProperty("role", "small")
        self._amount.setFixedWidth(28)
        row = QHBoxLayout()
        row.setContentsMargins(14, 0, 14, 2)
        row.setSpacing(6)
        row.addWidget(self.metrics, 1)
        row.addWidget(self.axes)
        row.addSpacing(4)
        row.addWidget(self.smoothing)
        row.addWidget(self._amount)
        self.legend = _Legend()
        self.legend.meant.connect(self.plot.mean)
        inside = QWidget()
        body = QHBoxLayout(inside)
        body.setContentsMargins(8, 0, 4, 0)
        body.setSpacing(4)
        body.addWidget(self.plot, 1)
        body.addWidget(self.legend)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._nothing)
        self._pages.addWidget(inside)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 4, 0, 0)
        box.setSpacing(2)
        box.addLayout(row)
        box.addWidget(self._pages, 1)
        self.setMinimumWidth(320)
        self._show_choice(self.by)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self.legend.setVisible(self.width() >= 420)

    # What is drawn

    def show_runs(self, labels: dict[Path, str]) -> None:
        """Draws these runs; each keeps its colour as long as it is among them."""
        self._labels = labels
        self._looks = {each: look for each, look in self._looks.items() if each in labels}
        free = (at for at in range(len(labels)) if at not in set(self._looks.values()))
        for folder in labels:
            if folder not in self._looks:
                self._looks[folder] = next(free)
        self.coloured.emit({folder: colour_of(look) for folder, look in self._looks.items()})
        self.follow()

    def follow(self) -> None:
        """Reads what the runs have told since."""
        if len(self._curves) > KEPT:
            self._curves = {f: each for f, each in self._curves.items() if f in self._labels}
        for folder in self._labels:
            self._curves.setdefault(folder, RunCurves(folder))
        self._behind = list(self._labels)
        self._timer.start()
        self._read()

    def forget(self) -> None:
        """Other runs are shown from now on; nothing is read any more."""
        self._timer.stop()
        self._curves.clear()
        self._behind.clear()
        self._drawn = None

    @property
    def reading(self) -> bool:
        """Whether some curves aren't whole yet."""
        return bool(self._behind)

    def _read(self) -> None:
        until = time.perf_counter() + BUDGET
        while self._behind and time.perf_counter() < until:
            folder = self._behind[0]
            if folder not in self._labels or not self._curves[folder].read(PART, self.by):
                self._behind.pop(0)
        if not self._behind:
            self._timer.stop()
            versions = [(each, self._curves[each].version) for each in self._labels]
            if (versions, self._labels) != self._drawn:
                self._drawn = (versions, self._labels)
                self.draw()

    def choose(
        self, metric: str | None = None, by: str | None = None, weight: float | None = None
    ) -> None:
        """Draws something else, and remembers it."""
        self.metric = self.metric if metric is None else metric
        self.weight = self.weight if weight is None else weight
        self._settings.set(
            SETTING, {"metric": self.metric, "by": by or self.by, "weight": self.weight}
        )
        self._show_choice(by or self.by)
        if by is not None and by != self.by:
            self.by, self._drawn = by, None
            self.follow()  # the times are in what was read already
        elif not self._behind:
            self.draw()

    def _show_choice(self, by: str) -> None:
        """Shows in the controls what was chosen, however it was."""
        for control in (self.axes, self.smoothing):
            control.blockSignals(True)
        self.axes.setCurrentIndex(BY.index(by))
        self.smoothing.setValue(round(self.weight * 100))
        for control in (self.axes, self.smoothing):
            control.blockSignals(False)
        self._amount.setText(f"{self.weight:.2f}" if self.weight else "off")

    def draw(self) -> None:
        """Draws all there is now."""
        runs = {folder: self._curves[folder] for folder in self._labels}
        names = list(dict.fromkeys(name for each in runs.values() for name in each.metrics()))
        metric = self._shown_metric(names)
        self._offer(names, metric)
        if not runs:
            title, text = "No runs selected", "Hold Ctrl or Shift to select several in the table."
        else:
            title, text = "No curves yet", "They come with the first steps of the runs."
        self._nothing.say(title, text)
        self._pages.setCurrentIndex(int(bool(metric)))
        if not metric:
            self.plot.show((), "", self.by, 0.0)
            self.legend.fill([])
            return
        drawn = [
            Drawn(folder, self._labels[folder], self._looks[folder], each.line(metric, self.by))
            for folder, each in runs.items()
        ]
        self.plot.show(drawn, metric, self.by, self.weight)
        self.legend.fill(drawn)

    def _shown_metric(self, names: list[str]) -> str:
        first = next((name for name in FIRST if name in names), names[0] if names else "")
        return self.metric if self.metric in names else first

    def _offer(self, names: list[str], metric: str) -> None:
        if [self.metrics.itemText(at) for at in range(self.metrics.count())] != names:
            self.metrics.clear()
            self.metrics.addItems(names)
        self.metrics.setCurrentText(metric)
        self.metrics.setEnabled(bool(names))

    def _pointed(self, folder: Path | None) -> None:
        self.legend.point(folder)

    def colour(self) -> None:
        """Takes the colours of the theme."""
        self.plot.colour()
        self.coloured.emit({folder: colour_of(look) for folder, look in self._looks.items()})
        self.legend.colour()


class _Legend(QListWidget):
    """A line for each run: what the mouse is over, or the keys are at, is meant.

    Signal: `meant(Path | None)`.
    """

    meant = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Legend")
        self.setFixedWidth(LEGEND)
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setIconSize(QSize(18, 10))
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.itemEntered.connect(lambda item: self.meant.emit(_folder(item)))
        self.currentItemChanged.connect(lambda item, _: self._current(item))
        self._drawn: list[Drawn] = []

    def fill(self, drawn: list[Drawn]) -> None:
        """Shows these runs."""
        alike = [(each.folder, each.label, each.look) for each in drawn] == [
            (each.folder, each.label, each.look) for each in self._drawn
        ]
        self._drawn = drawn
        if alike:
            return
        self.blockSignals(True)
        self.clear()
        for each in drawn:
            item = QListWidgetItem(_swatch(each.look), each.label)
            item.setData(Qt.ItemDataRole.UserRole, str(each.folder))
            item.setToolTip(f"<qt>{escape(each.label)}<br>{escape(each.folder.name)}</qt>")
            self.addItem(item)
        self.blockSignals(False)

    def point(self, folder: Path | None) -> None:
        """Shows which run's curve is meant."""
        self.blockSignals(True)
        self.setCurrentRow(-1)
        for at, each in enumerate(self._drawn):
            if each.folder == folder:
                self.setCurrentRow(at)
                self.scrollToItem(self.item(at))
        self.blockSignals(False)
        self.viewport().update()

    def colour(self) -> None:
        """Takes the colours of the theme."""
        for at, each in enumerate(self._drawn):
            self.item(at).setIcon(_swatch(each.look))

    def _current(self, item: QListWidgetItem | None) -> None:
        self.meant.emit(_folder(item) if item is not None else None)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and event.key() in ENDS:
            event.accept()  # they are commands of the window elsewhere
            return True
        return super().event(event)

    def leaveEvent(self, event) -> None:
        super().leaveEvent(event)
        self.meant.emit(None)

    def focusOutEvent(self, event) -> None:
        super().focusOutEvent(event)
        self.meant.emit(None)


def _folder(item: QListWidgetItem) -> Path:
    return Path(item.data(Qt.ItemDataRole.UserRole))


def _swatch(look: int) -> QIcon:
    """A piece of a run's curve."""
    pixmap = QPixmap(36, 20)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(pen_of(look, 3))
    painter.drawLine(1, 5, 17, 5)
    painter.end()
    icon = QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
        icon.addPixmap(pixmap, mode)
    return icon
