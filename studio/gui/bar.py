"""The bar at the top: the project, running it, and the way to every command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QSizePolicy, QWidget

from studio.graph.problems import errors
from studio.gui.bar_progress import ProgressLine, Told
from studio.gui.bar_runs import GoingRuns
from studio.gui.look.icons import icon
from studio.gui.pace import label, words

if TYPE_CHECKING:
    from studio.gui.session import Session
    from studio.gui.window import Window


NARROW, TIGHT = 1180, 1000
"""Pixels below which its buttons say less, so that what is told of the run has room."""


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
        self.more = self._button("", "chevron-down", "", "Ways to stop")
        self.more.setFixedWidth(26)
        self.progress = Told()
        self.progress.clicked.connect(self._lead)
        self.others = self._button("", "layers", "outline", "Runs that go on or wait")
        self.problems = self._button("", "", "outline", "Show the problems")
        self.devices = self._button("CPU", "", "outline", "Where it trains")
        self.commands = self._button("Commands", "search", "outline", "Find any command")
        for widget in (self.menu, self.name, self.edited):
            row.addWidget(widget)
        row.addSpacing(14)
        for widget in (self.run, self.pause):
            row.addWidget(widget)
        stops = QHBoxLayout()
        stops.setSpacing(2)
        stops.addWidget(self.stop)
        stops.addWidget(self.more)
        row.addLayout(stops)
        row.addWidget(self.progress, 1)
        for widget in (self.others, self.problems, self.devices, self.commands):
            row.addWidget(widget)
        for button, command in (
            (self.run, "run.start"),
            (self.others, "run.going"),
            (self.stop, "run.stop"),
            (self.problems, "view.problems"),
            (self.devices, "run.distribution"),
            (self.commands, "view.commands"),
        ):
            button.clicked.connect(lambda _=False, c=command: window.run_command(c))
        self.pause.clicked.connect(self._pause_or_resume)
        self.more.clicked.connect(lambda: self._offer(self.more, ("run.stop", "run.stop_best")))
        self._narrow = self._tight = self._resumes = False
        self.line = ProgressLine(self)
        runner = window.runner
        self.going: GoingRuns | None = None
        """The sheet of the runs that go on or wait, while it is open."""
        self._preparing = False
        self._write()
        for signal in (runner.told, runner.ended, runner.listed, window.session_changed):
            signal.connect(self.refresh_run)
        runner.preparing.connect(self._prepare)

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

    def _write(self) -> None:
        """What the buttons say, as far as there is room for it."""
        keys = self._window.actions_.shortcut("view.commands")
        self.commands.setText("" if self._narrow else f"Commands    {keys}")
        self.stop.setText("" if self._tight else "Stop")
        self.pause.setText("" if self._tight else "Resume" if self._resumes else "Pause")
        self.devices.setMaximumWidth(0 if self._tight else 1 << 14)
        self.refresh()
        self.refresh_run()

    def _open_menu(self) -> None:
        menu = QMenu(self)
        for each in self._window.actions_.menus():
            menu.addMenu(each)
        menu.exec(self.menu.mapToGlobal(self.menu.rect().bottomLeft()))

    def _offer(self, button: QPushButton, commands: tuple[str, ...]) -> None:
        """A menu of commands below a button."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._window.actions_.refresh()
        for id in commands:
            menu.addAction(self._window.actions_.by_id[id])
        menu.aboutToHide.connect(self._window.actions_.allow_all)
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))
        menu.setActiveAction(menu.actions()[0])

    def offer_run(self) -> None:
        """While a run goes on: whether another is to go on beside it, or to wait."""
        self._offer(self.run, ("run.beside", "run.queue"))

    def show_going(self) -> None:
        """Opens the sheet of the runs that go on or wait, or closes it."""
        if self.going is not None:
            self.going.dismiss()
            return
        self.going = GoingRuns(self._window)
        self.going.closed.connect(self._going_closed)
        self.going.show_below(self.others if self.others.isVisible() else self.progress)

    def _going_closed(self) -> None:
        self.going = None

    def _prepare(self, on: bool) -> None:
        self._preparing = on
        self.refresh_run()

    def attach(self, session: Session | None) -> None:
        """Shows another project."""
        there = session is not None
        # The progress stays, empty: the room between left and right is its own.
        for widget in (self.run, self.pause, self.stop, self.more, self.problems, self.devices):
            widget.setVisible(there)
        if session is not None:
            session.saved.connect(self.refresh)
            session.changed.connect(self.refresh)
            session.checked.connect(self.refresh)
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        before = self._narrow, self._tight
        self._narrow, self._tight = self.width() < NARROW, self.width() < TIGHT
        if before != (self._narrow, self._tight):
            self._write()
        self.line.setGeometry(0, self.height() - 2, self.width(), 2)
        self.line.raise_()

    def refresh_run(self) -> None:
        """Brings what is said of the run up to date."""
        runner = self._window.runner
        going = runner.running
        self.run.setEnabled(self._window.session is not None and not self._preparing)
        more = bool(runner.all_going)
        keys = "" if self._narrow else f"  {self._window.actions_.shortcut('run.start')}".rstrip()
        if self.run.text() != (text := f"Run{'…' if more else ''}{keys}"):
            self.run.setText(text)
            name = "Train the project beside what goes on, or behind it"
            self.run.setToolTip(name if more else "Train the project")
            self.run.setAccessibleName(name if more else "Train the project")
        for button in (self.stop, self.more):
            button.setEnabled(going)
        self._refresh_pause(going)
        self.line.set(runner.run.progress.done if going else None)
        self._refresh_others()
        if self._preparing:
            self.progress.tell("preparing the run…", "muted", False)
        elif runner.run is None:
            self.progress.tell("", "muted", False)
        else:
            progress = runner.run.progress
            wrong = progress.state in ("failed", "lost")
            several = not self.others.isHidden()
            which = f"{label(runner.run.id).partition(' ')[0]} · " if several else ""
            said = which + words(progress, runner.pace)
            self.progress.tell(said, "error" if wrong else "muted", True)
        if not going:
            self.devices.setText(devices_text(runner.devices()))

    def _refresh_others(self) -> None:
        """How many go on beside the one that the bar tells of, and how many wait."""
        runner = self._window.runner
        beside, waiting = sum(run is not runner.run for run in runner.all_going), runner.queued
        parts = [f"+{beside} running"] if beside else []
        parts += [f"{len(waiting)} queued"] if waiting else []
        text = " · ".join(parts)
        if self._narrow:
            text = str(beside + len(waiting))
        if text != self.others.text():
            self.others.setText(text)
            said = f"Runs that go on or wait: {' · '.join(parts) or 'none'}"
            self.others.setAccessibleName(said)
            self.others.setToolTip(said)
        self.others.setVisible(bool(parts))

    def _refresh_pause(self, going: bool) -> None:
        """One button for both: what there is to do now."""
        resumes = self._window.runner.resumable
        if resumes != self._resumes:
            self._resumes = resumes
            self.pause.setText("" if self._tight else "Resume" if resumes else "Pause")
            self.pause.setIcon(icon("play" if resumes else "pause", "text"))
        self.pause.setEnabled(going or resumes)

    def _pause_or_resume(self) -> None:
        resumes = self._window.runner.resumable
        self._window.run_command("run.resume" if resumes else "run.pause")

    def _lead(self) -> None:
        """To the node that a failure names, else to its log; or to the curves."""
        runner = self._window.runner
        progress = runner.run.progress
        runner.show(runner.run.folder)
        if progress.state not in ("failed", "lost"):
            self._window.panel("training")
        elif not progress.node or not self._window.go(progress.graph, progress.node):
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
        said = f"{count} problem{'s' * (count != 1)}" if count else "No problems"
        self.problems.setText(str(count) if self._tight else said)
        mark = icon("circle-alert" if count else "circle-check") if self._tight else QIcon()
        self.problems.setIcon(mark)
        self.problems.setAccessibleName(f"Show the problems: {said}")
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
