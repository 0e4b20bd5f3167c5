"""The runs of the project: filtered, sorted, noted; several can be laid over each other."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import (
    QLabel,
    QMenu,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
)

from studio.engine.figures import when
from studio.graph.file import read
from studio.graph.problems import StudioError
from studio.gui.look.theme import theme
from studio.gui.panel import Empty, Panel
from studio.gui.session import Session

if TYPE_CHECKING:
    from studio.engine.run_filter import Filter
    from studio.engine.runs import Known
    from studio.gui.runs_table.compare_window import CompareWindow
    from studio.gui.runs_table.overlay_side import OverlaySide
    from studio.gui.window import Window

EACH = 1000
"""Milliseconds between two looks while a run goes on."""


class RunsPanel(Panel):
    """A table of all runs that are kept beside the project."""

    def __init__(self, window: Window):
        super().__init__(window)
        from studio.gui.runs_model import RunsModel
        from studio.gui.runs_table.columns import Choice
        from studio.gui.runs_table.filter_field import FilterField
        from studio.gui.runs_table.reading import Reading
        from studio.gui.runs_table.sparks import Sparks
        from studio.gui.runs_table.table import RunsTable
        from studio.gui.runs_table.trash import Strip

        self.choice = Choice(window.settings)
        self.side: OverlaySide | None = None
        self._compared_names: tuple[list[Known], dict[str, None]] | None = None
        self.comparison: CompareWindow | None = None
        self.reading = Reading(self)
        self.reading.found.connect(self._found)
        self.reading.known.connect(self._parameters_known)
        self.model = RunsModel(self.choice, self.reading.values, self._write)
        self.model.setParent(self)
        self.sparks = Sparks(self)
        self.sparks.choose(self.choice.curve)
        self.table = RunsTable(self.model, self.sparks, window.settings)
        self.filter = FilterField(self._names, self._values)
        self.notice = Strip()
        self._lay_out()
        self._connect()
        self._timer = QTimer(self, interval=EACH)
        self._timer.timeout.connect(self.refresh)
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self._lay_over)
        self.head.overlay.setChecked(self.choice.overlay)

    def _lay_out(self) -> None:
        from studio.gui.runs_table.head import RunsHead

        self._none = Empty(
            "No runs yet",
            "Every run is kept beside the project, with the script that ran, its figures "
            "and its log.",
            "Run",
            lambda: self.window_.run_command("run.start"),
        )
        self._unfit = Empty("No run fits the filter", "", "Clear the filter", self.filter_away)
        self._pages = QStackedWidget()
        for page in (self._none, self._unfit, self.table):
            self._pages.addWidget(page)
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.setHandleWidth(1)
        self.split.setChildrenCollapsible(False)
        self.split.addWidget(self._pages)
        self.head = RunsHead(self.filter)
        self.head.columns.clicked.connect(self._open_columns)
        self.head.compare.clicked.connect(self.compare)
        self.head.overlay.toggled.connect(self.show_overlay)
        self._wrong = QLabel()
        self._wrong.setTextFormat(Qt.TextFormat.PlainText)
        self._wrong.setProperty("role", "error")
        self._wrong.setContentsMargins(14, 0, 14, 6)
        self._wrong.setWordWrap(True)
        self._wrong.hide()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        for widget in (self.head, self._wrong):
            box.addWidget(widget)
        box.addWidget(self.split, 1)
        box.addWidget(self.notice)

    def _connect(self) -> None:
        window, table = self.window_, self.table
        self.filter.filtered.connect(self._filtered)
        self.filter.wrong.connect(self._say_wrong)
        table.customContextMenuRequested.connect(self._open_menu)
        head = table.horizontalHeader()
        head.customContextMenuRequested.connect(
            lambda point: self.column_menu().popup(head.mapToGlobal(point))
        )
        table.chosen.connect(self._chosen)
        table.opened.connect(lambda: window.panel("training"))
        table.picked.connect(self._picked)
        table.copying.connect(self.copy)
        table.deleting.connect(self.trash)
        window.runner.started.connect(self.refresh)
        window.runner.ended.connect(self.refresh)
        window.runner.showing.connect(self._mark)
        theme.changed.connect(self._themed)

    def attach(self, session: Session | None) -> None:
        super().attach(session)
        self.reading.forget()
        self.sparks.forget()
        self._forget_curves()
        self.close_comparison()
        self.model.show([])
        self.notice.hide()
        if self.isVisible():
            self.refresh()

    def close_work(self) -> None:
        self.reading.forget()
        self.sparks.forget()
        self._forget_curves()
        self.close_comparison()
        self.filter.release()
        theme.changed.disconnect(self._themed)

    def _forget_curves(self) -> None:
        self._soon.stop()
        if self.side is not None:
            self.side.forget()
            self.side.show_runs({})

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
        self.reading.read(self.window_.runner.folder())
        if self.window_.runner.running:
            self._timer.start()
        else:
            self._timer.stop()

    def _found(self, rows: list[Known]) -> None:
        first = not self.model.all
        self.model.show(rows)
        if first and rows and self.filter.text():
            self.filter.understand()
        self._show_count()
        self._mark(self.window_.runner.shown)
        if self.overlays:
            self.side.follow()

    def _parameters_known(self) -> None:
        self._compared_names = None
        if self.filter.text():
            self.filter.understand()
        self.model.update()
        self.model.repaint()
        self._show_count()

    def _show_count(self) -> None:
        every, shown = len(self.model.all), len(self.model.rows)
        runs = f"{every:,} run{'s' * (every != 1)}"
        self.head.count.setText(runs if shown == every else f"{shown:,} of {runs}")
        self.head.setVisible(bool(every))
        if every and not shown:
            self._unfit.say("No run fits the filter", self.filter.text())
        page = self.table if shown else self._unfit if every else self._none
        self._pages.setCurrentWidget(page)

    def _themed(self) -> None:
        if self.side is not None:
            self.side.colour()
        self.table.viewport().update()

    # Overlays

    def show_overlay(self, on: bool) -> None:
        """Shows the curves of the selected runs beside the table, or no longer."""
        if on and self.side is None:
            from studio.gui.runs_table.overlay_side import OverlaySide  # it needs pyqtgraph

            self.side = OverlaySide(self.window_.settings)
            self.side.coloured.connect(self._coloured)
            self.split.addWidget(self.side)
            self.split.setSizes([1, 1])
        if self.side is not None:
            self.side.setVisible(on)
        self.head.overlay.setChecked(on)
        self.choice.overlay = on
        self.choice.remember()
        self._picked()

    @property
    def overlays(self) -> bool:
        """Whether curves are drawn beside the table."""
        return self.side is not None and not self.side.isHidden()

    def _picked(self) -> None:
        self._soon.start()  # a selection changes in several steps
        self.head.compare.setEnabled(len(self.selected()) == 2)

    def _lay_over(self) -> None:
        if self.overlays:
            self.side.show_runs(self._labels(self.selected()))
        elif self.model.marks:
            self._coloured({})

    def compare(self) -> None:
        """Shows what differs between the two selected runs; the one begun first is the first."""
        from studio.gui.runs_table.compare_window import CompareWindow

        chosen = {each.folder: each.began for each in self.model.rows}
        folders = sorted(self.selected(), key=lambda folder: chosen[folder])
        if len(folders) != 2:
            self.window_.say(f"Two runs are compared at once; {len(folders)} are selected.")
            return
        self.close_comparison()
        self.comparison = CompareWindow(self.window_, *folders)
        self.comparison.finished.connect(self._compared)
        self.comparison.show()

    def _compared(self, *_: object) -> None:
        self.comparison = None

    def close_comparison(self) -> None:
        """Closes the window of a comparison, if there is one."""
        if self.comparison is not None:
            self.comparison.done(0)

    def _labels(self, folders: list[Path]) -> dict[Path, str]:
        """What tells runs apart: tags, the parameters that are columns, when they began."""
        chosen = [c for c in self.model.columns if c.key.startswith("parameter:")]
        known = {each.folder: each for each in self.model.rows}
        told = {}
        for folder in folders:
            values = self.reading.values(folder)
            texts = [*known[folder].about.tags, *(c.text(known[folder], values) for c in chosen)]
            told[folder] = ", ".join(text for text in texts if text)
        often = Counter(told.values())
        for folder, text in told.items():
            if not text or often[text] > 1:
                began = when(known[folder].began) or folder.name
                told[folder] = f"{text} · {began}" if text else began
        return told

    def _coloured(self, colours: dict[Path, QColor]) -> None:
        self.model.marks = colours
        self.table.viewport().update()

    # The filter

    def _names(self) -> dict[str, None] | None:
        """What can be compared; None while that isn't all known."""
        from studio.engine.run_filter import names_of
        from studio.engine.run_parameters import paths

        if not self.reading.complete:
            return None
        if self._compared_names is not None and self._compared_names[0] is self.model.all:
            return self._compared_names[1]
        values = [self.reading.values(each.folder) for each in self.model.all]
        found = names_of(self.model.all, paths(values))
        self._compared_names = self.model.all, found
        return found

    def _values(self, name: str) -> list[str]:
        """What may stand behind a name."""
        rows = self.model.all
        if name == "state":
            return sorted({each.progress.state for each in rows})
        if name == "tag":
            return sorted({tag for each in rows for tag in each.about.tags})
        return sorted({each.name for each in rows}) if name == "name" else []

    def _filtered(self, wanted: Filter) -> None:
        self.model.filter(wanted if wanted.text.strip() else None)
        self._show_count()
        self._mark(self.window_.runner.shown)

    def filter_away(self) -> None:
        """Shows all runs again."""
        self.filter.clear()
        self.filter.setFocus()

    def _say_wrong(self, sentence: str) -> None:
        self._wrong.setText(sentence)
        self._wrong.setVisible(bool(sentence))

    # The columns

    def column_menu(self) -> QMenu:
        """What the header shows."""
        from studio.gui.runs_table.column_menu import ColumnMenu

        rows = self.model.all
        values = [self.reading.values(each.folder) for each in rows]
        menu = ColumnMenu(self, self.choice, rows, values, self._columns_changed)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    def _open_columns(self) -> None:
        button = self.head.columns
        self.column_menu().popup(button.mapToGlobal(QPoint(0, button.height())))

    def _columns_changed(self) -> None:
        self.sparks.choose(self.choice.curve)
        self.model.update()
        self.model.headerDataChanged.emit(
            Qt.Orientation.Horizontal, 0, max(0, len(self.model.columns) - 1)
        )
        self.table.viewport().update()
        self._picked()

    # The selected ones

    @property
    def current(self) -> Path | None:
        """The folder of the run that is shown."""
        return self.table.current

    def selected(self) -> list[Path]:
        """The folders of the selected runs."""
        return self.table.selected()

    def _mark(self, folder: Path | None) -> None:
        if self.model.row_of(folder) >= 0 and folder != self.current:
            self.table.select([folder], folder)

    def _chosen(self) -> None:
        if self.current is not None:
            self.window_.runner.show(self.current)

    def _write(self, known: Known, key: str, text: str) -> bool:
        """Notes what was typed into a cell."""
        from studio.engine.about import set_note, set_tags

        try:
            if key == "note":
                said = set_note(known.folder, text.strip())
            else:
                said = set_tags(known.folder, text.replace(",", " ").split())
        except StudioError as error:
            self.window_.say(str(error))
            return False
        self.reading.noted(known.folder, said)
        return True

    def _open_menu(self, point: QPoint) -> None:
        index = self.table.indexAt(point)
        if not index.isValid():
            return
        if self.model.rows[index.row()].folder not in self.selected():
            self.table.selectRow(index.row())
        self.menu().popup(self.table.viewport().mapToGlobal(point))

    def menu(self) -> QMenu:
        """What can be done with the selected runs."""
        from studio.gui.runs_table.run_menu import run_menu

        return run_menu(self)

    def copy(self) -> None:
        """Copies the selected runs as a table; all that are shown where none is selected."""
        chosen = set(self.selected())
        rows = [each for each in self.model.rows if not chosen or each.folder in chosen]
        QGuiApplication.clipboard().setText(self.model.as_text(rows))
        self.window_.say(f"{len(rows):,} run{'s' * (len(rows) != 1)} copied as a table.")

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
        """Moves the selected runs to the system's trash; the notice takes them back."""
        from studio.gui.runs_table.trash import named, throw_away

        folders = self.selected()
        if not folders:
            return
        if any(map(self.window_.runner.going, folders)):
            self.window_.say("A run that goes on can't be moved to the trash: stop it first.")
            return
        row = self.model.row_of(folders[0])
        moved, left = throw_away(folders)
        if left:
            self.window_.say(f"{left[0]} can't be moved to the trash.")
        if not moved:
            return
        self.window_.runner.show(None)
        self.reading.drop([folder for _, folder in moved])
        if self.model.rows:
            self.table.selectRow(min(row, len(self.model.rows) - 1))
        gone = [folder for _, folder in moved]
        verb = "is" if len(gone) == 1 else "are"
        self.notice.tell(f"{named(gone)} {verb} in the trash.", "Undo", lambda: self._back(moved))

    def _back(self, moved) -> None:
        from studio.gui.runs_table.trash import take_back

        said = take_back(moved)
        if said:
            self.window_.say(said)
        self.refresh()
        self.window_.runner.show(moved[0][1])
