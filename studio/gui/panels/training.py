"""The curves of a run, live while it goes on."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, QTimer
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
)

from studio.gui.look.icons import icon
from studio.gui.look.theme import theme
from studio.gui.panel import Empty, Panel

if TYPE_CHECKING:
    from studio.engine.curve_reader import CurveReader
    from studio.engine.curves import Curves
    from studio.gui.plots.board import Board
    from studio.gui.window import Window

EACH = 100
"""Milliseconds between two looks, and between two drawings at least."""

MOST = 1 << 20
"""Bytes of events that are read in one look."""

SHARE = 0.1
"""The part of the time that drawing may take."""

ASIDE = ("learning_rate",)
"""Told by Keras among the metrics; shown where they are chosen."""

OTHERS = 4
"""Plots beside that of the loss, at most."""


class TrainingPanel(Panel):
    """Plots of the run that the window shows; it reads the run's events itself, while visible."""

    def __init__(self, window: Window):
        super().__init__(window)
        self.curves: Curves | None = None
        self.board: Board | None = None
        self._reader: CurveReader | None = None
        self._drawn = -1
        self._not_before = 0.0
        self._over = False
        self._chosen: list[str] | None = None
        box = QVBoxLayout(self)
        box.setContentsMargins(14, 4, 14, 6)
        box.setSpacing(0)
        box.addLayout(self._head())
        self._pages = QStackedWidget()
        box.addWidget(self._pages, 1)
        self._nothing = Empty(
            "Nothing trained yet",
            "Run trains the project as it is on the screen. Loss and metrics are drawn here "
            "while it trains, step by step.",
            "Run",
            lambda: window.run_command("run.start"),
        )
        self._waiting = Empty("Starting", "")
        for page in (self._nothing, self._waiting):
            self._pages.addWidget(page)
        self._timer = QTimer(self, interval=EACH)
        self._timer.timeout.connect(self._look)
        window.runner.showing.connect(self._show_run)
        theme.changed.connect(self._colour)
        self._show_run(window.runner.shown)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        self._name = QLabel()
        self._name.setProperty("role", "small")
        self._name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row.addWidget(self._name, 1)
        self._metrics = QMenu(self)
        self._metrics.aboutToShow.connect(self._fill)
        self._save = QMenu(self)
        self._save.addAction("Plots as PNG…", self._ask_png)
        self._save.addAction("Points as CSV…", self._ask_csv)
        self._buttons = []
        for image, text, menu in (
            ("eye", "Which metrics are shown", self._metrics),
            ("download", "Save the plots", self._save),
        ):
            button = QToolButton(popupMode=QToolButton.ToolButtonPopupMode.InstantPopup)
            button.setProperty("role", "flat")
            button.setIcon(icon(image, "muted"))
            button.setIconSize(QSize(15, 15))
            button.setToolTip(text)
            button.setAccessibleName(text)
            button.setMenu(menu)
            row.addWidget(button)
            self._buttons.append(button)
        return row

    # The run

    def _show_run(self, folder: Path | None) -> None:
        self.curves, self._reader, self._drawn, self._over = None, None, -1, False
        self._name.setText(folder.name if folder else "")
        for button in self._buttons:
            button.setVisible(False)
        self._pages.setCurrentWidget(self._waiting if folder else self._nothing)
        if folder is None:
            self._timer.stop()
            return
        self._waiting.say("Starting", "The first points come with the first steps.")
        if self.isVisible():
            self._begin()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._begin()

    def hideEvent(self, event) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def _begin(self) -> None:
        folder = self.window_.runner.shown
        if folder is None or (self._over and not self._reader.behind):
            return
        if self.curves is None:
            from studio.engine.curve_reader import CurveReader

            self._reader = CurveReader(folder)
            self.curves = self._reader.curves
        self._timer.start()
        self._look()

    def _look(self) -> None:
        """Reads what is new, and draws it: seldom enough that drawing takes a tenth of the time."""
        events = self._reader.read(MOST)
        behind = self._reader.behind
        self._timer.setInterval(0 if behind else EACH)
        last = next((each for each in reversed(events) if each["event"] == "state"), None)
        if last is not None:
            self._state(last)
        if self._over and not behind:
            self._timer.stop()
        elif behind or time.monotonic() < self._not_before:
            return
        if self.curves.version != self._drawn:
            self.draw()

    def _state(self, event: dict) -> None:
        from studio.engine.events import FINAL

        self._over = event["state"] in FINAL
        if event["state"] == "running":
            self._waiting.say("Reading the data", "The first points come with the first steps.")
        elif self._over:
            said = event.get("message", "")
            self._waiting.say(f"{event['state'].capitalize()} before its first step", said)

    def draw(self) -> None:
        """Draws all there is now."""
        self._drawn = self.curves.version
        if self.curves.metrics:
            self._shown_board().choose(self.shown_metrics())
        began = time.monotonic()
        if self.board is not None:
            self.board.draw(self.curves, whole=not self._over)
        self._not_before = time.monotonic() + (time.monotonic() - began) / SHARE

    def _shown_board(self) -> Board:
        if self.board is None:
            from studio.gui.plots.board import Board

            self.board = Board()
            self._pages.addWidget(self.board)
        if self._pages.currentWidget() is not self.board:
            self._pages.setCurrentWidget(self.board)
            for button in self._buttons:
                button.setVisible(True)
        return self.board

    # Which metrics

    def shown_metrics(self) -> list[str]:
        """Those chosen, else the loss and the first of the others."""
        names = list(self.curves.metrics)
        if self._chosen is not None and any(name in names for name in self._chosen):
            return [name for name in names if name in self._chosen]
        return [name for name in names if name not in ASIDE][: 1 + OTHERS]

    def _fill(self) -> None:
        self._metrics.clear()
        shown = self.shown_metrics()
        for name in self.curves.metrics:
            action = self._metrics.addAction(name)
            action.setCheckable(True)
            action.setChecked(name in shown)
            full = len(shown) > OTHERS and name not in shown
            action.setEnabled(not full and shown != [name])
            action.toggled.connect(lambda on, name=name: self.choose(name, on))

    def choose(self, metric: str, on: bool) -> None:
        """Shows a metric, or no longer."""
        shown = self.shown_metrics()
        self._chosen = [*shown, metric] if on else [each for each in shown if each != metric]
        self.draw()

    # Saving

    def save_csv(self, path: Path) -> None:
        """Writes every point; OSError where it can't be written."""
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(self.curves.table())

    def save_png(self, path: Path) -> None:
        """Writes the plots as they are seen; OSError where they can't be written."""
        if not self.board.widget().grab().save(str(path), "PNG"):
            raise OSError(0, "the image could not be written")

    def _ask_csv(self) -> None:
        self._ask("Save the points", "csv", self.save_csv)

    def _ask_png(self) -> None:
        self._ask("Save the plots", "png", self.save_png)

    def _ask(self, title: str, ending: str, save) -> None:
        start = f"{self.window_.runner.shown.name}.{ending}"
        name, _ = QFileDialog.getSaveFileName(self, title, start, f"*.{ending}")
        if not name:
            return
        try:
            save(Path(name))
        except OSError as error:
            self.window_.say(f"{name} can't be written: {error.strerror}.")
        else:
            self.window_.say(f"Saved in {name}.")

    def _colour(self) -> None:
        if self.board is not None:
            self.board.colour()
