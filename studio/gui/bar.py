"""The bar at the top: the project, running it, and the way to every command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QSizePolicy, QWidget

from studio.graph.problems import errors
from studio.gui.bar_progress import ProgressLine, Told
from studio.gui.look.icons import icon
from studio.gui.pace import words

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
        self.pause = self._button("Pause", "pause", "", "Let the training wait, or go on")
        self.stop = self._button("Stop", "square", "", "Stop the training, with a checkpoint")
        self.progress = Told()
        self.progress.clicked.connect(self._lead)
        self.problems = self._button("", "", "outline", "Show the problems")
        self.devices = self._button("CPU", "", "outline", "Where it trains")
        self.commands = self._button("Commands", "search", "outline", "Find any command")
        for widget in (self.menu, self.name, self.edited):
            row.addWidget(widget)
        row.addSpacing(14)
        for widget in (self.run, self.pause, self.stop):
            row.addWidget(widget)
        row.addWidget(self.progress, 1)
        for widget in (self.problems, self.devices, self.commands):
            row.addWidget(widget)
        for button, command in (
            (self.run, "run.start"),
            (self.stop, "run.stop"),
            (self.problems, "view.problems"),
            (self.devices, "run.distribution"),
            (self.commands, "view.commands"),
        ):
            button.clicked.connect(lambda _=False, c=command: window.run_command(c))
        self.pause.clicked.connect(self._pause_or_resume)
        keys = window.actions_.shortcut("run.start")
        self.run.setText(f"Run  {keys}" if keys else "Run")
        keys = window.actions_.shortcut("view.commands")
        self.commands.setText(f"Commands    {keys}")
        self.line = ProgressLine(self)
        runner = window.runner
        for signal in (runner.started, runner.told, runner.ended, window.session_changed):
            signal.connect(self.refresh_run)

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
        button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
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
        for widget in (self.run, self.pause, self.stop, self.problems, self.devices):
            widget.setVisible(there)
        if session is not None:
            session.saved.connect(self.refresh)
            session.changed.connect(self.refresh)
            session.checked.connect(self.refresh)
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.line.setGeometry(0, self.height() - 2, self.width(), 2)
        self.line.raise_()

    def refresh_run(self) -> None:
        """Brings what is said of the run up to date."""
        runner = self._window.runner
        going = runner.running
        self.run.setEnabled(self._window.session is not None and not going)
        self.stop.setEnabled(going)
        self._refresh_pause(going)
        self.line.set(runner.run.progress.done if going else None)
        if runner.run is None:
            self.progress.tell("", "muted", False)
        else:
            progress = runner.run.progress
            wrong = progress.state in ("failed", "lost")
            self.progress.tell(words(progress, runner.pace), "error" if wrong else "muted", True)
        if not going:
            self.devices.setText(devices_text(runner.devices()))

    def _refresh_pause(self, going: bool) -> None:
        """One button for both: what there is to do now."""
        resumes = self._window.runner.resumable
        if resumes != (self.pause.text() == "Resume"):
            self.pause.setText("Resume" if resumes else "Pause")
            self.pause.setIcon(icon("play" if resumes else "pause", "text"))
        self.pause.setEnabled(going or resumes)

    def _pause_or_resume(self) -> None:
        resumes = self._window.runner.resumable
        self._window.run_command("run.resume" if resumes else "run.pause")

    def _lead(self) -> None:
        """To the node that a failure names, else to its log; or to the curves."""
        progress = self._window.runner.run.progress
        if progress.state not in ("failed", "lost"):
            self._window.panel("training")
        elif progress.node and self._window.session.project.graph(progress.graph) is not None:
            self._window.select(progress.graph, [progress.node])
        else:
            self._window.panel("log")

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


def devices_text(devices: list[dict[str, str]]) -> str:
    """The devices that trained last: what there is isn't known before TensorFlow has looked."""
    kinds = [each.get("type", "") for each in devices]
    others = [kind for kind in dict.fromkeys(kinds) if kind != "CPU"]
    said = [f"{kinds.count(kind)} {kind}{'s' * (kinds.count(kind) > 1)}" for kind in others]
    return " · ".join(said) or "CPU"
