"""The runs that go on and those that wait, in a sheet below the bar."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSize, Qt, QTimer
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.gui.bar_progress import ProgressLine
from studio.gui.look.icons import icon
from studio.gui.notice import Line
from studio.gui.pace import label, words
from studio.gui.palettes.popup import Popup

if TYPE_CHECKING:
    from studio.engine.run import Run
    from studio.gui.window import Window

WIDTH, MOST_ROWS, ROW, HEAD = 480, 7, 54, 26

EACH = 200
"""Milliseconds between two times that the rows are brought up to date."""


class GoingRuns(Popup):
    """A row for each run, kept up to date while it is open."""

    def __init__(self, window: Window):
        super().__init__(window, "Runs that go on or wait", (WIDTH, ROW))
        inside = QWidget()
        inside.setObjectName("panel")
        self._rows = QVBoxLayout(inside)
        self._rows.setContentsMargins(14, 8, 8, 8)
        self._rows.setSpacing(0)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.viewport().setObjectName("panel")
        area.setWidget(inside)
        self.box.addWidget(area)
        self.rows: dict[Path, Row] = {}
        self._late = QTimer(self, interval=EACH, singleShot=True)
        self._late.timeout.connect(self._tell)
        self._fill()
        window.runner.listed.connect(self._fill)
        window.runner.heard.connect(self._heard)

    def show_below(self, button: QWidget) -> None:
        """Opens it below a button of the bar."""
        corner = button.mapTo(self.window_, button.rect().bottomRight())
        self.show_at(self._first(), QPoint(corner.x() - WIDTH, corner.y() + 8))

    def dismiss(self) -> None:
        self._late.stop()
        super().dismiss()

    def _fill(self) -> None:
        """Makes the rows anew: other runs go on, or wait, or in another order."""
        if not self.open:
            return
        held = self._held()
        if held is not None:
            self.setFocus(Qt.FocusReason.OtherFocusReason)  # or it would go to what is below
        while self._rows.count():
            widget = self._rows.takeAt(0).widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.rows = {}
        runner, heads = self.window_.runner, 0
        for title, runs in (("Running", runner.all_going), ("In the queue", runner.queued)):
            if not runs:
                continue
            heads += 1
            head = QLabel(title)
            head.setProperty("role", "group")
            head.setFixedHeight(HEAD)
            self._rows.addWidget(head)
            for place, run in enumerate(runs):
                waits = place if title != "Running" else None
                self.rows[run.folder] = Row(self.window_, run, waits)
                self._rows.addWidget(self.rows[run.folder])
        self._rows.addStretch(1)
        if not self.rows and self.isVisible():
            self.dismiss()
            return
        self.wanted = (WIDTH, 20 + HEAD * heads + ROW * min(len(self.rows), MOST_ROWS))
        if self.isVisible():
            self.place()
        if held is not None:
            self._hold(held)

    def _first(self) -> QWidget:
        return next((row.first for row in self.rows.values()), self)

    def _held(self) -> tuple[Path, str] | None:
        """Which button of which run the keyboard is at."""
        for folder, row in self.rows.items():
            for name, button in row.buttons.items():
                if button.hasFocus():
                    return folder, name
        return None

    def _hold(self, held: tuple[Path, str]) -> None:
        row = self.rows.get(held[0])
        button = row.buttons.get(held[1]) if row is not None else None
        usable = button is not None and button.isEnabled()
        to = button if usable else row.first if row is not None else self._first()
        to.setFocus(Qt.FocusReason.OtherFocusReason)

    def _heard(self, *_: object) -> None:
        if self.open and not self._late.isActive():
            self._late.start()

    def _tell(self) -> None:
        for row in self.rows.values():
            row.tell()


class Row(QWidget):
    """A run: which it is, what it is at, how far; and what can be asked of it."""

    def __init__(self, window: Window, run: Run, place: int | None):
        super().__init__()
        self._window, self._run, self._place = window, run, place
        self.setFixedHeight(ROW)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 4, 0, 4)
        row.setSpacing(2)
        texts = QVBoxLayout()
        texts.setSpacing(1)
        name = Line(label(run.id), Qt.TextElideMode.ElideRight)
        name.setProperty("role", "title")
        self.said = Line("", Qt.TextElideMode.ElideRight)
        self.said.setProperty("role", "small")
        texts.addWidget(name)
        texts.addWidget(self.said)
        self.line = ProgressLine(self)
        row.addLayout(texts, 1)
        row.addSpacing(8)
        self.buttons: dict[str, QToolButton] = {}
        runner = window.runner
        if place is None:
            self._button(row, "Show", "eye", self._show)
            self._button(row, "Pause", "pause", self._pause)
            self._button(row, "Stop", "square", partial(runner.stop, run))
            best = partial(runner.stop, run, keep_best=True)
            self._button(row, "Stop and keep the best", "star", best)
        else:
            self._button(row, "Move up", "arrow-up", partial(runner.move_up, run))
            self.buttons["Move up"].setEnabled(place > 0)
            out = "Take out of the queue"
            self._button(row, out, "x", partial(runner.take_out, run))
        self.first = next(each for each in self.buttons.values() if each.isEnabled())
        self.tell()

    def _button(self, row: QHBoxLayout, name: str, image: str, call) -> None:
        button = QToolButton()
        button.setProperty("role", "flat")
        button.setIcon(icon(image, "text"))
        button.setIconSize(QSize(15, 15))
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setToolTip(name)
        button.setAccessibleName(f"{name}: {label(self._run.id)}")
        button.clicked.connect(lambda: call())
        self.buttons[name] = button
        row.addWidget(button)

    def _show(self) -> None:
        self._window.runner.tell_of(self._run)
        self._window.bar.show_going()  # which closes it
        self._window.panel("training")

    def _pause(self) -> None:
        runner = self._window.runner
        if self._run.progress.paused:
            runner.resume(self._run.folder)
        else:
            runner.pause(self._run)

    def tell(self) -> None:
        """Brings what it says up to date."""
        progress, runner = self._run.progress, self._window.runner
        if self._place is not None:
            said = "begins when no other run goes on" if not self._place else "waits its turn"
        else:
            said = words(progress, runner.pace_of(self._run))
            paused = progress.paused
            button = self.buttons["Pause"]
            name = "Resume" if paused else "Pause"
            if button.toolTip() != name:
                button.setToolTip(name)
                button.setAccessibleName(f"{name}: {label(self._run.id)}")
                button.setIcon(icon("play" if paused else "pause", "text"))
        if said != self.said.text():
            self.said.say(said)
        self.line.set(progress.done if self._place is None else None)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self.line.setGeometry(0, self.height() - 4, self.width() - 8, 2)
