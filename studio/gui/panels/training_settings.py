"""The settings of the training, in a dock of their own, with what can be measured for them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout

from studio.gui.inspector.form import Form
from studio.gui.inspector.page import Page
from studio.gui.inspector.rate_strip import RateStrip
from studio.gui.inspector.speed_strip import SpeedStrip
from studio.gui.inspector.training_form import TrainingForm
from studio.gui.panel import Panel

if TYPE_CHECKING:
    from studio.gui.session import Session
    from studio.gui.window import Window


class TrainingSettingsPanel(Panel):
    """The form of the training; it is brought up to date when it is in sight."""

    def __init__(self, window: Window):
        super().__init__(window)
        self.training = TrainingForm()
        self.training.made.connect(self._made)
        self.rate = RateStrip(window)
        self.speed = SpeedStrip(window)
        self._strips = {"optimizer": self.rate, "jit_compile": self.speed}
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        self._page = Page(self.training)
        box.addWidget(self._page)
        window.runner.showing.connect(self._shows_run)
        window.runner.ended.connect(lambda _: self._shows_run(window.runner.shown))

    def attach(self, session: Session | None) -> None:
        if self.session is not None:
            self.session.changed.disconnect(self._changed)
        super().attach(session)
        for strip in self._strips.values():
            strip.forget()
            strip.setParent(self)  # the form that it stands in goes
            strip.hide()
        self.training.attach(session)
        if session is not None:
            session.changed.connect(self._changed)
            self._shows_run(self.window_.runner.shown)

    def reveal(self, place: str) -> None:
        """Brings the field of a place in the file ("training.losses.digit") into sight."""
        self.training.refresh()
        field = self.training.field_at(place)
        if field is not None:
            field.setFocus(Qt.FocusReason.OtherFocusReason)
            self._page.bring(field)

    def close_work(self) -> None:
        for strip in self._strips.values():
            strip.close_work()

    def _made(self, form: Form) -> None:
        for name, strip in self._strips.items():
            form.put_below(name, strip)

    def _shows_run(self, folder: Path | None) -> None:
        if self.session is not None:
            self.speed.show_run(folder)

    def _changed(self) -> None:
        if self.isVisible():
            self._refresh()

    def _refresh(self) -> None:
        self.training.refresh()
        self.speed.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.session is not None:
            self._refresh()
