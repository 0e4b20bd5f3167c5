"""Leads through the first minute. Nothing is done for the person: each step is pressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from studio.graph.problems import StudioError
from studio.gui.guide.ring import Ring
from studio.gui.guide.steps import STEPS, TEMPLATE, Step, step_of, tick
from studio.gui.guide.strip import Strip

if TYPE_CHECKING:
    from studio.gui.session import Session
    from studio.gui.window import Window

EACH = 250
"""Milliseconds between two looks at how far it is."""


class Guide(QObject):
    """The guide of a window; `strip` is what says the step, `ring` what shows where it is done."""

    def __init__(self, window: Window):
        super().__init__(window)
        self._window = window
        self._session: Session | None = None
        self._looked = self._ticked = False
        self.step: Step | None = None
        self.strip = Strip()
        self.ring = Ring(window)
        self.strip.closer.clicked.connect(self.end)
        self.strip.next.clicked.connect(self._go_on)
        self._timer = QTimer(self, interval=EACH)
        self._timer.timeout.connect(self.look)
        window.session_changed.connect(self._other)

    @property
    def going(self) -> bool:
        """Whether it leads."""
        return self._session is not None

    def begin(self) -> bool:
        """Makes the project of the digits, and leads through its training."""
        from platformdirs import user_documents_path

        from studio.graph.templates import copy
        from studio.gui.projects import unused

        documents = user_documents_path()
        try:
            documents.mkdir(parents=True, exist_ok=True)
            made = copy(TEMPLATE, unused(documents, "handwritten-digits"))
        except (StudioError, OSError) as error:
            self._window.projects.refuse(error if isinstance(error, StudioError) else str(error))
            return False
        if not self._window.projects.open(made):
            return False
        self._session = self._window.session
        self._looked = self._ticked = False
        self.step = None
        self.look()
        self._timer.start()
        self._window.say(f"The project is kept in {made.parent}")
        return True

    def end(self) -> None:
        """Leads no more."""
        self._timer.stop()
        self._session, self.step = None, None
        self.strip.hide()
        self.ring.put(None)

    def look(self) -> None:
        """Finds the step that is to be done now, and shows it."""
        step = step_of(self._window, self._looked)
        if step is not self.step:
            self.step = step
            step.prepare(self._window)
        if step.name == "export" and not self._ticked:
            self._ticked = tick(self._window)
        goes_on = step.name in ("look", "done")
        self.strip.next.setText("Close" if step.name == "done" else "Next")
        self.strip.tell(step.said(self._window), STEPS.index(step), len(STEPS), goes_on)
        self.ring.put(self.strip.next if step.name == "look" else step.target(self._window))

    def _go_on(self) -> None:
        if self.step is not None and self.step.name == "look":
            self._looked = True
            self.look()
        else:
            self.end()

    def _other(self, session: Session | None) -> None:
        if self.going and session is not self._session:
            self.end()
