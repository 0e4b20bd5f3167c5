"""The trained model of a run: exported with its proof, evaluated, asked for predictions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout

from studio.graph.document import Project
from studio.graph.file import read
from studio.graph.problems import StudioError
from studio.gui.notice import Line
from studio.gui.panel import Empty, PageTabs, Panel
from studio.gui.session import Session
from studio.gui.trained.evaluate_page import EvaluatePage
from studio.gui.trained.export_page import ExportPage
from studio.gui.trained.page import Page
from studio.gui.trained.predict_page import PredictPage

if TYPE_CHECKING:
    from studio.gui.window import Window

LOOKED = 50
"""Runs that are looked through for the newest one with a model."""

TALL = 440
"""Pixels that the dock is made high for results."""

PAGES = {"export": "Export", "evaluate": "Evaluate", "predict": "Predict"}


class ModelPanel(Panel):
    """About the run that the window shows, else the newest of the project that has a model.

    While something is at work, the panel stays with the run that it works for.
    """

    def __init__(self, window: Window):
        super().__init__(window)
        self.folder: Path | None = None
        self._late = True
        self._grown = False
        self._project: Project | None = None
        self.pages: dict[str, Page] = {
            "export": ExportPage(window),
            "evaluate": EvaluatePage(window),
            "predict": PredictPage(window),
        }
        self.nothing = Empty(
            "No trained model yet",
            "Run trains the project. Its model can then be exported in every format, evaluated on "
            "the data of the test split, and asked for predictions.",
            "Run",
            lambda: window.run_command("run.start"),
        )
        self.without = Empty("", "", "Show all runs", lambda: window.panel("runs"))
        self.foreign = Empty("", "", "Trust this code", self._trust)
        self.body = QStackedWidget()
        for widget in (self.nothing, self.without, self.foreign, *self.pages.values()):
            self.body.addWidget(widget)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(self._head())
        box.addWidget(self.body, 1)
        for page in self.pages.values():
            page.rested.connect(self._mark_other)
            page.filled.connect(self.grow)
        window.runner.showing.connect(self.refresh)
        window.runner.ended.connect(self.refresh)
        window.session_changed.connect(self.refresh)

    def _head(self) -> QHBoxLayout:
        row = PageTabs(PAGES, self.show_page)
        self.tabs = row.buttons
        self.name = Line("", Qt.TextElideMode.ElideMiddle)
        self.name.setProperty("role", "small")
        self.other = QPushButton("Show the chosen run")
        self.other.setProperty("role", "link")
        self.other.clicked.connect(self._show_other)
        self.other.hide()
        row.addSpacing(10)
        row.addWidget(self.name, 1)
        row.addWidget(self.other)
        return row

    # Which page

    @property
    def page(self) -> str:
        """The name of the page that is chosen."""
        return next(name for name, tab in self.tabs.items() if tab.isChecked())

    def grow(self) -> None:
        """Gives results room where the panel is low: once, then it is as somebody likes it."""
        dock = self.window_.docks["model"]
        wanted = min(TALL, self.window_.height() // 2)
        if self._grown or dock.isFloating() or not self.in_front:
            return
        self._grown = True
        if dock.height() < wanted:
            self.window_.resizeDocks([dock], [wanted], Qt.Orientation.Vertical)

    def show_page(self, name: str) -> Page | None:
        """Shows a page; None where there is no model that it could be about."""
        self.tabs[name].setChecked(True)
        if self._late:
            self._catch_up()
        if not self._ready:
            return None
        page = self.pages[name]
        self.body.setCurrentWidget(page)
        page.come_up()
        if page.wants_room:
            self.grow()
        return page

    @property
    def _ready(self) -> bool:
        return self.body.currentWidget() not in (self.nothing, self.without, self.foreign)

    # Which run

    def attach(self, session: Session | None) -> None:
        super().attach(session)
        self.close_work()
        self.folder = None
        self._late = True

    def come_up(self) -> None:
        if self._late:
            self._catch_up()

    def refresh(self, *_: object) -> None:
        """Another run is shown, or one has ended."""
        self._late = True
        if self.in_front:
            self._catch_up()

    @property
    def working(self) -> bool:
        """Whether something is at work."""
        return any(page.work.working for page in self.pages.values())

    def _catch_up(self) -> None:
        if self.working:
            self._mark_other()
            return
        self._late = False
        self._show_run(self._wanted())

    def _wanted(self) -> Path | None:
        """The run that the window shows, else the newest that has a model."""
        from studio.engine.trained import SAVED, STOPPED

        runner = self.window_.runner
        if self.session is None or runner.shown is not None:
            return runner.shown
        try:
            names = sorted((each.name for each in runner.folder().iterdir()), reverse=True)
        except OSError:
            return None
        folders = (runner.folder() / name for name in names[:LOOKED])
        found = (each for each in folders if any((each / n).is_file() for n in (SAVED, STOPPED)))
        return next(found, None)

    def _show_run(self, folder: Path | None) -> None:
        same = folder == self.folder and self._ready
        self.folder = folder
        self.name.say(folder.name if folder is not None else "")
        self._mark_other()
        why = self._why_not(folder)
        if why is None and same:
            return
        for page in self.pages.values():
            page.show_run(*((folder, self._project) if why is None else (None, None)))
        if why is None:
            self.body.setCurrentWidget(self.pages[self.page])
            self.show_page(self.page)
        else:
            self.body.setCurrentWidget(why)

    def _why_not(self, folder: Path | None) -> Empty | None:
        """What is shown instead, where nothing can be done with the model of a run."""
        if folder is None:
            return self.nothing
        from studio.engine.trained import model_of

        try:
            model_of(folder)
            project, _ = read(folder)
        except StudioError as error:
            self.without.say("This run has no model", str(error).split("\n")[0])
            return self.without
        self._project = project
        if self.window_.projects.trust.knows(project):
            return None
        names = ", ".join(list(project.code)[:3])
        self.foreign.say(
            "This run has its own Python",
            f"What is done with its model runs that code ({names}), which you haven't trusted yet. "
            "Open the project as it ran, in the list of runs, to read it first.",
        )
        return self.foreign

    def _trust(self) -> None:
        self.window_.projects.trust.know(self._project)
        self._catch_up()

    def _mark_other(self) -> None:
        """Offers the run that was chosen while the panel was at work for another."""
        chosen = self.window_.runner.shown
        self.other.setVisible(chosen not in (None, self.folder) and not self.working)

    def _show_other(self) -> None:
        self._late = True
        self._catch_up()
        self.tabs[self.page].setFocus()

    def close_work(self) -> None:
        for page in self.pages.values():
            page.close_work()
