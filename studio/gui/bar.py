"""The bar at the top: the project, running it, and the way to every command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QSizePolicy, QWidget

from studio.graph.problems import errors
from studio.gui.look.icons import icon

if TYPE_CHECKING:
    from studio.gui.session import Session
    from studio.gui.window import Window


class Bar(QWidget):
    """Name and state of the project; Run, Pause, Stop; problems; the search of commands."""

    def __init__(self, window: Window):
        super().__init__()
        self._window = window
        self.setObjectName("bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(48)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 0, 14, 0)
        row.setSpacing(10)
        self.menu = self._button("", "menu", "flat", "All menus")
        self.menu.clicked.connect(self._open_menu)
        self.name = QLabel()
        self.name.setProperty("role", "title")
        self.edited = QLabel()
        self.edited.setProperty("role", "muted")
        self.run = self._button("Run", "play", "primary", "Train the project", "on_accent")
        self.stop = self._button("Stop", "square", "", "Stop the training, with a checkpoint")
        self.progress = QLabel()
        self.progress.setProperty("role", "muted")
        self.progress.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.problems = self._button("", "", "outline", "Show the problems")
        self.devices = self._button("1 device", "", "outline", "Where it trains")
        self.commands = self._button("Commands", "search", "outline", "Find any command")
        for widget in (self.menu, self.name, self.edited):
            row.addWidget(widget)
        row.addSpacing(14)
        for widget in (self.run, self.stop):
            row.addWidget(widget)
        row.addWidget(self.progress, 1)
        for widget in (self.problems, self.devices, self.commands):
            row.addWidget(widget)
        for button, command in (
            (self.run, "run.start"),
            (self.stop, "run.stop"),
            (self.problems, "view.problems"),
            (self.commands, "view.commands"),
        ):
            button.clicked.connect(lambda _=False, c=command: window.run_command(c))
        keys = window.actions_.shortcut("run.start")
        self.run.setText(f"Run  {keys}" if keys else "Run")
        keys = window.actions_.shortcut("view.commands")
        self.commands.setText(f"Commands    {keys}")

    def _button(
        self, text: str, image: str, role: str, name: str, color: str = "text"
    ) -> QPushButton:
        button = QPushButton(text)
        if image:
            button.setIcon(icon(image, color))
            button.setIconSize(QSize(15, 15))
        if role:
            button.setProperty("role", role)
        button.setToolTip(name)
        button.setAccessibleName(name)
        return button

    def _open_menu(self) -> None:
        menu = QMenu(self)
        for each in self._window.actions_.menus():
            menu.addMenu(each)
        menu.exec(self.menu.mapToGlobal(self.menu.rect().bottomLeft()))

    def attach(self, session: Session | None) -> None:
        """Shows another project."""
        there = session is not None
        # The progress stays, empty: the room between left and right is its own.
        for widget in (self.run, self.stop, self.problems, self.devices):
            widget.setVisible(there)
        if session is not None:
            session.saved.connect(self.refresh)
            session.changed.connect(self.refresh)
            session.checked.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Brings name and problems up to date."""
        session = self._window.session
        if session is None:
            self.name.setText("Studio")
            self.edited.setText("")
            self._window.setWindowTitle("Studio")
            return
        self.name.setText(session.name)
        self.edited.setText("edited" if session.unsaved else "")
        self._window.setWindowTitle(f"{session.name}{' *' if session.unsaved else ''} - Studio")
        count, wrong = len(session.problems), len(errors(session.problems))
        self.problems.setText(f"{count} problem{'s' * (count != 1)}" if count else "No problems")
        tone = "error" if wrong else "warning" if count else ""
        if self.problems.property("tone") != tone:
            self.problems.setProperty("tone", tone)
            self.problems.style().unpolish(self.problems)
            self.problems.style().polish(self.problems)
