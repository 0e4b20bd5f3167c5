"""The settings of the training, in a dock of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout

from studio.gui.inspector.page import Page
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
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        self._page = Page(self.training)
        box.addWidget(self._page)

    def attach(self, session: Session | None) -> None:
        if self.session is not None:
            self.session.changed.disconnect(self._changed)
        super().attach(session)
        self.training.attach(session)
        if session is not None:
            session.changed.connect(self._changed)

    def reveal(self, place: str) -> None:
        """Brings the field of a place in the file ("training.losses.digit") into sight."""
        self.training.refresh()
        field = self.training.field_at(place)
        if field is not None:
            field.setFocus(Qt.FocusReason.OtherFocusReason)
            self._page.bring(field)

    def _changed(self) -> None:
        if self.isVisible():
            self.training.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.session is not None:
            self.training.refresh()
