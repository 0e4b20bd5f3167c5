"""What a command measures of the project as it stands on the screen: begun, followed, given up."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from studio.graph.problems import StudioError
from studio.gui.trained.page import button
from studio.gui.trained.work import Work, last_object

if TYPE_CHECKING:
    from studio.gui.session import Session
    from studio.gui.window import Window

SECOND = 1000


def placed(session: Session, folder: Path) -> None:
    """Writes the project into a folder as it stands on the screen, with the data that it reads."""
    from studio.engine.files import place_files, standing_alone
    from studio.graph.file import save

    save(standing_alone(session.project, session.folder), folder / "project.json")
    place_files(session.project, session.folder, folder)


def may_run(window: Window) -> bool:
    """Whether the project can be run here now; where it can't, the window shows why."""
    session = window.session
    session.settle()
    if session.errors:
        window.panel("problems")
        window.say("It can't be measured yet: see the problems.")
        return False
    if not window.projects.trusted(session):
        window.projects.trust.tell()
        window.say("It isn't run before you trust the code that it brings.")
        return False
    return True


class Measure(QWidget):
    """A button, and the command that it starts, beside the window; what it finds stands below.

    Subclasses say what is asked (`arguments`), and show the answer (`take`).
    """

    def __init__(self, window: Window, title: str, tip: str, doing: str):
        super().__init__()
        self.window_ = window
        self._doing = doing
        self._begun = 0.0
        self._held = False
        """Whether the keyboard was at the button that gave it up."""
        self._place: TemporaryDirectory | None = None
        self._clock = QTimer(self, interval=SECOND)
        self._clock.timeout.connect(self._tick)
        self.work = Work(self)
        self.work.done.connect(self._done)
        self.work.failed.connect(self._failed)
        self.work.cancelled.connect(self._cancelled)
        self.begin = button(title, "clock")
        self.begin.setToolTip(tip)
        self.begin.clicked.connect(self.start)
        self.cancel = button("Cancel", "x")
        self.cancel.setToolTip("Give it up")
        self.cancel.clicked.connect(self._give_up)
        self.cancel.hide()
        self.bar = QProgressBar(textVisible=False)
        self.bar.setRange(0, 0)
        self.bar.hide()
        self.words = QLabel(wordWrap=True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setProperty("role", "small")
        self.words.hide()
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.begin)
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        row.addStretch(0)
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(0, 0, 0, 0)
        self.box.setSpacing(6)
        self.box.addLayout(row)
        self.box.addWidget(self.words)
        row.setAlignment(self.begin, Qt.AlignmentFlag.AlignLeft)

    # What each kind says of itself

    def arguments(self) -> list[object]:
        """The command, before and behind the project."""
        raise NotImplementedError

    def take(self, told: dict[str, Any]) -> None:
        """Shows what was found; KeyError, TypeError or ValueError where that isn't to be read."""
        raise NotImplementedError

    # At work

    def start(self) -> None:
        """Measures the project as it is now."""
        if self.work.working or not may_run(self.window_):
            return
        session = self.window_.session
        self._place = TemporaryDirectory(prefix="studio-")
        try:
            placed(session, Path(self._place.name))
        except (StudioError, OSError) as error:
            self._forget()
            self.say(str(error).split("\n")[0], bad=True)
            return
        command, *more = self.arguments()
        if session.project.code:
            more.append("--run-code")
        self._begun = time.monotonic()
        self._show_working(True)
        self._clock.start()
        self._tick()
        self.cancel.setFocus()
        self.work.start(command, self._place.name, *more)

    def _show_working(self, working: bool) -> None:
        focused = self.cancel.hasFocus() or self._held
        self._held = False
        self.begin.setVisible(not working)
        for each in (self.bar, self.cancel):
            each.setVisible(working)
        self.cancel.setEnabled(working)
        if focused and not working:
            self.begin.setFocus()

    def _tick(self) -> None:
        self.say(f"{self._doing} {time.monotonic() - self._begun:.0f} s")
        self.bar.setAccessibleName(self._doing)

    def _give_up(self) -> None:
        self._held = self.cancel.hasFocus()
        self.cancel.setEnabled(False)
        self._clock.stop()
        self.say("Ending…")
        self.work.cancel()

    def say(self, text: str, bad: bool = False) -> None:
        """Says how it stands."""
        role = "error" if bad else "small"
        if self.words.property("role") != role:
            self.words.setProperty("role", role)
            self.words.style().unpolish(self.words)
            self.words.style().polish(self.words)
        self.words.setText(text)
        self.words.setVisible(bool(text))

    def _rest(self) -> None:
        self._clock.stop()
        self._forget()
        self._show_working(False)

    def _forget(self) -> None:
        place, self._place = self._place, None
        if place is not None:
            place.cleanup()

    def _done(self, printed: str) -> None:
        self._rest()
        self.say("")
        told = last_object(printed)
        try:
            self.take(told)
        except (KeyError, TypeError, ValueError, AttributeError):
            self.say("What the command has printed isn't understood.", bad=True)

    def _failed(self, sentence: str) -> None:
        self._rest()
        self.say(sentence, bad=True)

    def _cancelled(self) -> None:
        self._rest()
        self.say("Given up.")

    def close_work(self) -> None:
        """Ends what is at work, before this returns."""
        if self.work.working:
            self.work.close()
            self._rest()
            self.say("")

    def adopt(self, edit: Any) -> None:
        """Makes what was found the project's."""
        if self.window_.session.do(edit):
            self.window_.say(f"{edit.label}. Undo takes it back.")


def use_button() -> QPushButton:
    """A button that takes over what was found."""
    found = button("Use it", "check")
    found.hide()
    return found
