"""What the pages about a model share: the run that they are about, and a command at work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.graph.document import Project
from studio.gui.look.icons import icon
from studio.gui.notice import Line
from studio.gui.trained.work import Work

if TYPE_CHECKING:
    from studio.gui.window import Window

FOOT = 40
"""Pixels that the row of buttons is high."""


class Page(QWidget):
    """One thing that is done with the model of a run.

    Signals: `rested` when work ends; `filled` when there is something to be seen that needs room,
    as `wants_room` says too.
    """

    rested = Signal()
    filled = Signal()
    wants_room = False

    def __init__(self, window: Window):
        super().__init__()
        self.window_ = window
        self.folder: Path | None = None
        self.work = Work(self)
        self.going = Going(self.work)

    def lay_out(self, bodies: Sequence[QWidget], feet: Sequence[QWidget]) -> None:
        """One of several bodies above one of several rows; both stacks show their first."""
        self.body, self.foot = QStackedWidget(), QStackedWidget()
        self.foot.setFixedHeight(self.going.height())
        for stack, widgets in ((self.body, bodies), (self.foot, feet)):
            for widget in widgets:
                stack.addWidget(widget)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.body, 1)
        box.addWidget(self.foot)

    @property
    def name(self) -> str:
        """The run's id, as the panel's sentences have it."""
        return self.folder.name if self.folder is not None else ""

    def show_run(self, folder: Path | None, project: Project | None = None) -> None:
        """Is about another run, of this project, from now on; overridden, and called through."""
        self.folder = folder

    def come_up(self) -> None:
        """It is to be seen from now on: what was left undone is done."""

    def close_work(self) -> None:
        """Ends what is at work, before this returns."""
        self.work.close()

    def refuse(self, sentence: str) -> None:
        """Says in the window why something couldn't be done."""
        self.window_.notices.put("model", sentence, "error")


class Going(QWidget):
    """How far a command is, and the button that gives it up."""

    def __init__(self, work: Work):
        super().__init__()
        self._work = work
        self.text = Line("", Qt.TextElideMode.ElideRight)
        self.bar = QProgressBar(textVisible=False)
        self.bar.setFixedWidth(140)
        self.cancel = button("Cancel", "x")
        self.cancel.setToolTip("Give it up; nothing half-written is left")
        self.cancel.clicked.connect(self._give_up)
        row = foot_row(self)
        row.addWidget(self.text, 1)
        row.addWidget(self.bar)
        row.addWidget(self.cancel)

    def begin(self, text: str) -> None:
        """Something has begun; how long it takes isn't known."""
        self.cancel.setEnabled(True)
        self.text.say(text)
        self.bar.setRange(0, 0)
        self.bar.setAccessibleName(text)

    def tell(self, text: str, done: float | None) -> None:
        """How far it is: `done` from 0 to 1, None where that isn't known."""
        if self.cancel.isEnabled():
            self.text.say(text)
            self.bar.setAccessibleName(text)
            self.bar.setRange(0, 0 if done is None else 1000)
            self.bar.setValue(0 if done is None else round(done * 1000))

    def _give_up(self) -> None:
        self.text.say("Ending…")
        self.bar.setRange(0, 0)
        self.cancel.setEnabled(False)
        self._work.cancel()


def begun(text: str) -> str:
    """A text as a line begins with it: its first letter large, and no other small."""
    return text[:1].upper() + text[1:]


def foot_row(parent: QWidget) -> QHBoxLayout:
    """A row of controls along a page's edge, of the height that all of them have."""
    parent.setFixedHeight(FOOT)
    parent.setObjectName("foot")
    parent.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    row = QHBoxLayout(parent)
    row.setContentsMargins(14, 0, 14, 0)
    row.setSpacing(8)
    return row


def button(text: str, image: str = "", role: str = "outline", color: str = "text") -> QPushButton:
    """A button of a page."""
    found = QPushButton(text)
    found.setProperty("role", role)
    if image:
        found.setIcon(icon(image, color))
        found.setIconSize(QSize(15, 15))
    found.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    return found


def small(text: str = "") -> QLabel:
    """A small quiet label."""
    found = QLabel(text)
    found.setProperty("role", "small")
    return found
