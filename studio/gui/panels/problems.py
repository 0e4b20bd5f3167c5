"""All that is wrong with the project, or unwise; a click leads there, a button mends it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QListView,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.graph.problems import ERROR, WARNING, Problem
from studio.gui.lists import List
from studio.gui.look.theme import theme
from studio.gui.panel import Empty, Panel
from studio.gui.problem_rows import ProblemRow, ProblemRows
from studio.gui.session import Session

FILTERS = {"": "All", ERROR: "Errors", WARNING: "Warnings"}


class ProblemsPanel(Panel):
    """The list of problems, with those of one severity alone if wanted."""

    def __init__(self, window):
        super().__init__(window)
        self.filter = ""
        self._late = False
        self.rows = ProblemRows()
        self.list = List()
        self.list.setAccessibleName("Problems")
        self.list.setModel(self.rows)
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.row = ProblemRow(self.list, self._mend)
        self.list.setItemDelegate(self.row)
        self.list.clicked.connect(self._go)
        self.list.activated.connect(self._go)
        self.list.selectionModel().currentChanged.connect(self._current)
        self.empty = Empty(
            "No problems",
            "What would stop the training, and what would be unwise, is listed here while you "
            "draw, each with what mends it.",
        )
        self.stack = QStackedWidget()
        self.stack.addWidget(self.list)
        self.stack.addWidget(self.empty)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._head())
        box.addWidget(self.stack, 1)
        theme.changed.connect(self.list.viewport().update)

    def _head(self) -> QWidget:
        self.head = QWidget()
        row = QHBoxLayout(self.head)
        row.setContentsMargins(8, 4, 14, 2)
        row.setSpacing(2)
        self.filters: dict[str, QPushButton] = {}
        group = QButtonGroup(self)
        for severity, title in FILTERS.items():
            button = QPushButton(title)
            button.setCheckable(True)
            button.setChecked(not severity)
            button.setProperty("role", "filter")
            button.clicked.connect(lambda _=False, s=severity: self.show_only(s))
            group.addButton(button)
            self.filters[severity] = button
            row.addWidget(button)
        row.addStretch(1)
        self.mend = QPushButton("Mend the chosen one")
        self.mend.setProperty("role", "link")
        self.mend.clicked.connect(lambda: self._mend(self.list.currentIndex()))
        row.addWidget(self.mend)
        keys = QShortcut(QKeySequence("Ctrl+Return"), self.list)
        keys.setContext(Qt.ShortcutContext.WidgetShortcut)
        keys.activated.connect(self.mend.click)
        self.mend.setAccessibleDescription("Does what mends the chosen problem")
        return self.head

    def attach(self, session: Session | None) -> None:
        super().attach(session)
        if session is not None:
            session.checked.connect(self._checked)
        self._checked()

    def _checked(self) -> None:
        if self.sender() is not None and self.sender() is not self.session:
            return  # a project that was shown before
        count = len(self._problems())
        self.window_.docks["problems"].setWindowTitle(f"Problems {count}" if count else "Problems")
        if self.in_front:
            self._catch_up()
        else:
            self._late = True

    def come_up(self) -> None:
        if self._late:
            self._catch_up()

    def _problems(self) -> list[Problem]:
        return self.session.problems if self.session is not None else []

    def show_only(self, severity: str) -> None:
        """Shows the problems of one severity; "" shows all."""
        self.filter = severity
        self.filters[severity].setChecked(True)
        self._catch_up()

    def _catch_up(self) -> None:
        self._late = False
        problems = self._problems()
        for severity, title in FILTERS.items():
            count = sum(severity in ("", each.severity) for each in problems)
            self.filters[severity].setText(f"{title} {count}")
        wanted = [each for each in problems if self.filter in ("", each.severity)]
        # What stops a run comes first.
        wanted.sort(key=lambda each: each.severity != ERROR)
        chosen = self.rows.at(self.list.currentIndex())
        self.rows.put(wanted)
        if chosen in wanted:
            self.list.setCurrentIndex(self.rows.index(wanted.index(chosen)))
        self.stack.setCurrentWidget(self.list if wanted else self.empty)
        self.head.setVisible(bool(problems))
        self._current()

    def _current(self, *_: object) -> None:
        problem = self.rows.at(self.list.currentIndex())
        fix = problem.fix if problem is not None else None
        self.mend.setVisible(fix is not None)
        self.mend.setToolTip(f"{fix.label} (Ctrl+Return in the list)" if fix is not None else "")

    # What is done about one

    def _go(self, index: QModelIndex) -> None:
        problem = self.rows.at(index)
        if problem is not None:
            go_to(self.window_, problem)

    def _mend(self, index: QModelIndex) -> None:
        problem = self.rows.at(index)
        if problem is not None and problem.fix is not None and self.session.do(problem.fix):
            self.window_.say(f"{problem.fix.label}. Undo takes it back.")


def go_to(window, problem: Problem) -> None:
    """Brings to sight what a problem is about: a node, a field of the training, a piece of code."""
    project = window.session.project
    if project.graph(problem.graph) is not None:
        node = problem.node.partition(".")[0]
        known = node in project.graph(problem.graph).nodes
        window.select(problem.graph, [node] if known else [])
        return
    name = "code" if problem.graph == "code" else "training-settings"
    if problem.place.startswith("distribution"):
        name = "distribution"
    panel = window.panel(name)
    reveal = getattr(panel, "reveal", None)
    if reveal is not None:
        reveal(problem.place or problem.node)
