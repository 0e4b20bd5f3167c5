"""The histograms of a node's weights and activations, step by step, live while a run goes on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.engine.inside.instances import key_of
from studio.engine.inside.reading import Histograms
from studio.gui.inside.heat_map import HeatMap
from studio.gui.notice import Line
from studio.gui.panel import Empty

if TYPE_CHECKING:
    from studio.gui.window import Window

EACH = 500
"""Milliseconds between two looks at the run's file, while the page is in sight."""


class OverTimePage(QWidget):
    """About the run that the window shows, and the selected node."""

    def __init__(self, window: Window):
        super().__init__()
        self._window = window
        self.folder: Path | None = None
        self.histograms: Histograms | None = None
        self.key = ""
        self._drawn: tuple[int, str] = (-1, "")
        self.head = self._head()
        self.finding = Line("", Qt.TextElideMode.ElideRight)
        self.finding.setProperty("role", "warning")
        self.finding.hide()
        self.pages = QStackedWidget()
        self.empty = Empty(
            "Nothing has been looked at yet",
            "While a run shows what goes on inside, the histograms of every node's weights and "
            "activations are kept here, step by step. It takes at most 2 % of the training's time.",
            "Show what goes on inside",
            lambda: window.glow.switch(True),
        )
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self._page())
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.pages)
        self._timer = QTimer(self, interval=EACH)
        self._timer.timeout.connect(self.look)
        window.glow.told.connect(self._finding)
        window.glow.switched.connect(self._switched)

    def _page(self) -> QWidget:
        page = QWidget()
        box = QVBoxLayout(page)
        box.setContentsMargins(0, 2, 0, 6)
        box.setSpacing(4)
        told = QHBoxLayout()
        told.setContentsMargins(14, 0, 14, 0)
        told.addWidget(self.finding)
        box.addLayout(told)
        self.maps = {"weights": HeatMap("Weights"), "activations": HeatMap("Activations")}
        row = QHBoxLayout()
        row.setSpacing(0)
        for each in self.maps.values():
            row.addWidget(each, 1)
            each.hovered.connect(self._hovered)
        box.addLayout(row, 1)
        return page

    def _head(self) -> QWidget:
        self.title = Line("", Qt.TextElideMode.ElideRight)
        self.title.setProperty("role", "title")
        self.note = QLabel()
        self.note.setProperty("role", "small")
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.watch = QCheckBox("Show it while it trains")
        self.watch.setAccessibleName("Show what goes on inside while it trains")
        self.watch.setToolTip("Takes at most 2 % of the training's time; the legend says how much.")
        self.watch.setChecked(self._window.glow.on)
        self.watch.clicked.connect(self._window.glow.switch)
        head = QWidget()
        row = QHBoxLayout(head)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.title, 1)
        row.addWidget(self.note)
        row.addWidget(self.watch)
        return head

    def begin(self) -> None:
        """It is in sight: it is kept up to date from now on."""
        self._timer.start()
        self.look()

    def rest(self) -> None:
        """It is out of sight."""
        self._timer.stop()

    def show_run(self, folder: Path | None) -> None:
        """Shows another run."""
        self.folder, self.histograms, self._drawn = folder, None, (-1, "")
        if self._timer.isActive():
            self.look()

    def show_node(self, graph: str, nodes: list[str]) -> None:
        """Shows another node."""
        if graph != "data" and len(nodes) == 1:
            self.key = key_of((graph, nodes[0]))
            if self._timer.isActive():
                self.look()

    def look(self) -> None:
        """Reads what there is more, and draws it."""
        if self.histograms is None and self.folder is not None:
            self.histograms = Histograms(self.folder)
        if self.histograms is None:
            self._draw()
            return
        behind = self.histograms.read()
        self._timer.setInterval(0 if behind else EACH)
        if (self.histograms.version, self.key) != self._drawn and not behind:
            self._draw()

    def _draw(self) -> None:
        kept = self.histograms
        if kept is None or not kept.version:
            asked = self._window.glow.on
            running = self._window.runner.running
            if asked and running:
                self.empty.say("Waiting for the first look inside", "A batch is kept for it first.")
            elif asked:
                self.empty.say(
                    "Nothing has been looked at yet",
                    "The next run shows what goes on inside, and its histograms are drawn here.",
                )
            self.empty.button.setVisible(not asked)
            self.pages.setCurrentIndex(0)
            return
        self._drawn = (kept.version, self.key)
        self.pages.setCurrentIndex(1)
        known = {*kept.activations, *kept.weights}
        key = self.key if self.key in known else ""
        self.title.say(key or "Select a node of the model: its histograms are drawn here")
        for name, each in self.maps.items():
            rows = getattr(kept, name).get(key, [])
            each.show_rows(rows)
            each.setVisible(bool(rows) or not key or name == "activations")
        self._say_steps()
        self._finding()

    def _say_steps(self) -> None:
        rows = self.maps["activations"].rows or self.maps["weights"].rows
        self.note.setText(f"{len(rows)} looks up to step {rows[-1].step:,}" if rows else "")

    def _hovered(self, text: str) -> None:
        if text:
            self.note.setText(text)
        else:
            self._say_steps()

    def _finding(self, *_: object) -> None:
        found = self._window.glow.findings.get(self.key)
        self.finding.say(f"{found.message} {found.mend}" if found is not None else "")
        self.finding.setVisible(found is not None)

    def _switched(self, on: bool) -> None:
        self.watch.setChecked(on)
        if self._timer.isActive():
            self._draw()
