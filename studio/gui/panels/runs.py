"""The runs of the project; the selected one is shown in Training and Log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QFile, QPoint, QStandardPaths, Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
)

from studio.graph.file import read
from studio.graph.problems import StudioError
from studio.gui.look.theme import theme
from studio.gui.panel import Empty, Panel
from studio.gui.session import Session

if TYPE_CHECKING:
    from studio.engine.runs import Runs
    from studio.gui.window import Window

EACH = 1000
"""Milliseconds between two looks while a run goes on."""

WIDTHS, OTHERS = {"When": 136, "State": 112, "Epochs": 80, "Duration": 76}, 106
"""Pixels that the columns are wide at first."""

NOTICE = 12_000
"""Milliseconds that a notice stays."""


class RunsPanel(Panel):
    """A table of all runs that are kept beside the project."""

    def __init__(self, window: Window):
        super().__init__(window)
        from studio.gui.runs_model import RunsModel

        self._runs: Runs | None = None
        self._sized = 0
        self.model = RunsModel()
        self.model.setParent(self)
        self.table = self._table()
        self._pages = QStackedWidget()
        self._pages.addWidget(
            Empty(
                "No runs yet",
                "Every run is kept beside the project, with the script that ran, its figures "
                "and its log.",
                "Run",
                lambda: window.run_command("run.start"),
            )
        )
        self._pages.addWidget(self.table)
        self.notice = Strip()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._pages, 1)
        box.addWidget(self.notice)
        self._timer = QTimer(self, interval=EACH)
        self._timer.timeout.connect(self.refresh)
        window.runner.started.connect(self.refresh)
        window.runner.ended.connect(self.refresh)
        window.runner.showing.connect(self._mark)
        theme.changed.connect(self.table.viewport().update)

    def _table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setAccessibleName("Runs of the project")
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setWordWrap(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(28)
        head = table.horizontalHeader()
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        head.setHighlightSections(False)
        head.setMinimumSectionSize(48)
        head.setSortIndicator(0, Qt.SortOrder.DescendingOrder)
        table.setSortingEnabled(True)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._open_menu)
        table.selectionModel().currentRowChanged.connect(self._chosen)
        table.doubleClicked.connect(lambda: self.window_.panel("training"))
        return table

    def attach(self, session: Session | None) -> None:
        super().attach(session)
        self._runs = None
        self.notice.hide()
        if self.isVisible():
            self.refresh()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self.refresh()

    def hideEvent(self, event) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def refresh(self, *_: object) -> None:
        """Reads the runs anew, as far as they have changed."""
        if not self.isVisible() or self.session is None:
            return
        folder = self.window_.runner.folder()
        if self._runs is None or self._runs.folder != folder:
            from studio.engine.runs import Runs

            self._runs = Runs(folder)
        known = self._runs.read()
        self.model.show(known)
        self._pages.setCurrentIndex(int(bool(known)))
        self._size()
        self._mark(self.window_.runner.shown)
        if self.window_.runner.running:
            self._timer.start()
        else:
            self._timer.stop()

    def _size(self) -> None:
        """Gives new columns their width; the name has what is left."""
        head = self.table.horizontalHeader()
        for column in range(self._sized, head.count()):
            name = self.model.headerData(column, Qt.Orientation.Horizontal)
            head.resizeSection(column, WIDTHS.get(name, OTHERS))
            if name == "Name":
                head.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        self._sized = head.count()

    # The selected one

    @property
    def current(self) -> Path | None:
        """The folder of the selected run."""
        row = self.table.currentIndex().row()
        return self.model.rows[row].folder if 0 <= row < len(self.model.rows) else None

    def _mark(self, folder: Path | None) -> None:
        row = self.model.row_of(folder)
        if row >= 0 and folder != self.current:
            self.table.selectRow(row)

    def _chosen(self, *_: object) -> None:
        if self.current is not None:
            self.window_.runner.show(self.current)

    def _open_menu(self, point: QPoint) -> None:
        index = self.table.indexAt(point)
        if not index.isValid():
            return
        self.table.selectRow(index.row())
        self.menu().popup(self.table.viewport().mapToGlobal(point))

    def menu(self) -> QMenu:
        """What can be done with the selected run."""
        folder, menu = self.current, QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Show its curves", lambda: self.window_.panel("training"))
        menu.addAction("Show its log", lambda: self.window_.panel("log"))
        menu.addAction("Export its model…", lambda: self.window_.run_command("run.export"))
        menu.addSeparator()
        ends = self.model.rows[self.table.currentIndex().row()].progress.state
        resumes = menu.addAction("Resume", lambda: self.window_.runner.resume(folder))
        resumes.setEnabled(ends in ("paused", "stopped", "failed", "lost"))
        menu.addAction("Open the project as it ran", self.open_as_it_ran)
        menu.addAction(
            "Show its folder", lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
        )
        menu.addAction(
            "Copy the path of its folder", lambda: QGuiApplication.clipboard().setText(str(folder))
        )
        menu.addSeparator()
        away = menu.addAction("Move to the trash", self.trash)
        away.setEnabled(not self.window_.runner.going(folder))
        return menu

    def keyPressEvent(self, event) -> None:
        if event.matches(QKeySequence.StandardKey.Delete):
            self.trash()
        else:
            super().keyPressEvent(event)

    def open_as_it_ran(self) -> None:
        """Opens the project of the selected run as a new one: the run keeps its own as it is."""
        folder = self.current
        if folder is None or not self.window_.projects.may_close():
            return
        try:
            project, _ = read(folder)
        except StudioError as error:
            self.window_.say(str(error).split("\n")[0])
            return
        self.window_.show_session(Session(project, folder=self.session.folder))
        self.window_.say(f"The project as it ran in {folder.name}; it is in no file of its own.")

    # The trash

    def trash(self) -> None:
        """Moves the selected run to the system's trash; the notice takes it back."""
        folder = self.current
        if folder is None:
            return
        if self.window_.runner.going(folder):
            self.window_.say("A run that goes on can't be moved to the trash: stop it first.")
            return
        file, row = QFile(str(folder)), self.table.currentIndex().row()
        # Qt makes the trash there, but not the place for it.
        place = QStandardPaths.StandardLocation.GenericDataLocation
        Path(QStandardPaths.writableLocation(place)).mkdir(parents=True, exist_ok=True)
        if not file.moveToTrash():
            self.window_.say(f"{folder} can't be moved to the trash.")
            return
        self.window_.runner.show(None)
        self.refresh()
        if self.model.rows:
            self.table.selectRow(min(row, len(self.model.rows) - 1))
        self.notice.tell(
            f"{folder.name} is in the trash.",
            "Undo",
            lambda: self._back(Path(file.fileName()), folder),
        )

    def _back(self, place: Path, folder: Path) -> None:
        try:
            place.rename(folder)
        except OSError as error:
            self.window_.say(f"{folder.name} can't be taken back: {error.strerror}.")
            return
        # What the desktops of Linux keep beside what they throw away.
        (place.parent.parent / "info" / f"{place.name}.trashinfo").unlink(missing_ok=True)
        self.refresh()
        self.window_.runner.show(folder)


class Strip(QFrame):
    """A sentence with one button, which goes by itself."""

    def __init__(self) -> None:
        super().__init__()
        self._call = None
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 4, 14, 4)
        self._text = QLabel()
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.button = QPushButton()
        self.button.setProperty("role", "link")
        self.button.clicked.connect(self._pressed)
        row.addWidget(self._text, 1)
        row.addWidget(self.button)
        self._timer = QTimer(self, interval=NOTICE, singleShot=True)
        self._timer.timeout.connect(self.hide)
        self.hide()

    def tell(self, text: str, button: str, call) -> None:
        """Says something; the button does `call`."""
        self._call = call
        self._text.setText(text)
        self.button.setText(button)
        self.show()
        self._timer.start()

    def _pressed(self) -> None:
        self.hide()
        self._call()
