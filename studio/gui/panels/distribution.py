"""Devices and strategy: how the training is spread, in a dock of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.gui.distribution.page import DistributionPage
from studio.gui.inspector.page import Page
from studio.gui.panel import Panel

if TYPE_CHECKING:
    from studio.gui.session import Session
    from studio.gui.window import Window


class DistributionPanel(Panel):
    """The page about the project's distribution; it follows the document while it is in sight."""

    def __init__(self, window: Window):
        super().__init__(window)
        self.page: DistributionPage | None = None
        self._holder = QWidget()
        self._box = QVBoxLayout(self._holder)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._scroll = Page(self._holder)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._scroll)

    def attach(self, session: Session | None) -> None:
        if self.session is not None:
            self.session.changed.disconnect(self._changed)
            self.session.checked.disconnect(self._checked)
        super().attach(session)
        if self.page is not None:
            self.page.close_work()
            self.page.hide()
            self.page.deleteLater()
            self.page = None
        if session is not None:
            self.page = DistributionPage(self.window_, session)
            self._box.addWidget(self.page)
            session.changed.connect(self._changed)
            session.checked.connect(self._checked)

    def come_up(self) -> None:
        if self.page is not None:
            self.page.refresh()
            self.page.come_up()

    def reveal(self, place: str) -> None:
        """Brings the part that a place in the file is about into sight."""
        if self.page is None:
            return
        field = self.page.field_at(place)
        field.setFocus(Qt.FocusReason.OtherFocusReason)
        self._scroll.bring(field)

    def close_work(self) -> None:
        if self.page is not None:
            self.page.close_work()

    def _changed(self) -> None:
        if self.in_front:
            self.page.refresh()
        else:
            self.page.go_back()

    def _checked(self) -> None:
        if self.in_front:
            self.page.show_problems()
