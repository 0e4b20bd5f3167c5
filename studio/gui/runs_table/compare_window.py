"""Two runs side by side in a window of their own: figures, parameters, graphs, code, data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from studio.engine.compare_runs import compared, project_of, script_difference
from studio.graph.document import Project
from studio.graph.merged import Merged, merged, place_of
from studio.graph.problems import StudioError
from studio.gui.difference import difference_text, fill
from studio.gui.look.icons import icon
from studio.gui.look.theme import theme
from studio.gui.panel import Empty
from studio.gui.runs_table.compare_graphs import CompareGraphs
from studio.gui.runs_table.compare_tables import (
    Sides,
    figures,
    mark_better,
    of_differences,
    surroundings,
)

if TYPE_CHECKING:
    from studio.gui.window import Window

TABS = ("Metrics", "Parameters", "Graph", "Code", "Data and versions")
METRICS, PARAMETERS, GRAPH, CODE, AROUND = range(len(TABS))


class CompareWindow(QDialog):
    """What differs between two runs, the first being the one before.

    It is read in small steps, so that the window behind it never waits.
    """

    def __init__(self, window: Window, one: Path, other: Path):
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.resize(1120, 720)
        self._window = window
        self.runs = (one, other)
        self._projects: list[Project] = []
        self.found: dict[str, Any] | None = None
        self.merged: Merged | None = None
        self.error = ""
        self._steps: list[Callable[[], None]] = []
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._step)
        self._lay_out()
        theme.changed.connect(self._themed)
        self._begin()

    def _lay_out(self) -> None:
        self._sides = [QLabel(), QLabel()]
        head = QHBoxLayout()
        head.setContentsMargins(14, 12, 14, 4)
        head.setSpacing(10)
        for at, label in enumerate(self._sides):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setProperty("role", "title")
            if at:
                arrow = QLabel()
                arrow.setPixmap(icon("arrow-right", "muted").pixmap(QSize(16, 16)))
                head.addWidget(arrow)
            head.addWidget(label)
        head.addStretch(1)
        self.swap = QPushButton(icon("repeat", "muted"), "Swap")
        self.swap.setProperty("role", "flat")
        self.swap.setAutoDefault(False)
        self.swap.setToolTip("Take the other one as the one before")
        self.swap.clicked.connect(self._swap)
        head.addWidget(self.swap)
        self.bar = QTabBar()
        self.bar.setAccessibleName("What is compared")
        for title in TABS:
            self.bar.addTab(title)
        self.bar.currentChanged.connect(self._show)
        side = ("Before", "After")
        self.metrics = Sides("Metrics", ("Metric", *side, "Change"), (240, 210, 210))
        self.parameters = Sides("Parameters that differ", ("Parameter", *side), (420, 240))
        self.graphs = CompareGraphs()
        self.graphs.entered.connect(self._enter)
        self.code = difference_text()
        self.code.setAccessibleName("Difference of the scripts")
        self.around = Sides("Data and versions that differ", ("What", *side), (420, 280))
        self._same = Empty("", "")
        self._pages = QStackedWidget()
        for page in (self.metrics, self.parameters, self.graphs, self.code, self.around):
            self._pages.addWidget(page)
        self._pages.addWidget(self._same)
        self.parameters.cellActivated.connect(lambda row, _: self._go_to_row(row))
        self.parameters.cellDoubleClicked.connect(lambda row, _: self._go_to_row(row))
        body = QWidget()
        body.setObjectName("panel")
        box = QVBoxLayout(body)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(head)
        box.addWidget(self.bar)
        box.addWidget(self._pages, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(body)
        self.bar.setFocus()

    # Reading

    def _begin(self) -> None:
        self._projects, self.found, self.merged, self.error = [], None, None, ""
        names = [each.name for each in self.runs]
        self.setWindowTitle(f"{names[0]} and {names[1]}")
        for label, name in zip(self._sides, names, strict=True):
            label.setText(name)
        for table in (self.parameters, self.around):
            table.title(names)
        for at, name in enumerate(names, 1):
            self.metrics.horizontalHeaderItem(at).setText(name)
        self._script: list[str] | None = None
        self.graphs.clear()
        self._steps = [
            *(lambda run=run: self._projects.append(project_of(run)) for run in self.runs),
            self._merge,
            self._compare,
            self._fill,
        ]
        self._show()
        self._timer.start()

    @property
    def ready(self) -> bool:
        """Whether all is read."""
        return not self._steps

    def _step(self) -> None:
        if not self._steps:
            self._timer.stop()
            return
        step = self._steps.pop(0)
        try:
            step()
        except StudioError as error:
            self.error = str(error).split("\n")[0]
            self._steps.clear()
        if not self._steps:
            self._timer.stop()
            self._show()

    def _merge(self) -> None:
        self.merged = merged(*self._projects)

    def _compare(self) -> None:
        self.found = compared(*self.runs, self.merged.differences)

    def _fill(self) -> None:
        rows, better = figures(self.found)
        self.metrics.fill(rows)
        mark_better(self.metrics, better)
        self.parameters.fill(of_differences(self.merged.differences))
        self.around.fill(surroundings(self.found))
        count = len(self.merged.differences)
        nodes = sum(map(len, self.merged.marks.values()))
        self.bar.setTabText(PARAMETERS, f"Parameters ({count})" if count else "Parameters")
        self.bar.setTabText(GRAPH, f"Graph ({nodes})" if nodes else "Graph")

    # Showing

    def _show(self, *_: object) -> None:
        """Shows the page of the tab; what it needs is made when it is first seen."""
        at = self.bar.currentIndex()
        if self.error:
            self._say("They can't be compared", self.error)
        elif not self.ready:
            self._say("Comparing…", "")
        elif at == PARAMETERS and not self.merged.differences:
            self._say("The same parameters", "Both runs trained the same project.")
        elif at == CODE:
            self._show_code()
        elif at == AROUND and not self.around.rowCount():
            self._say("The same data and versions", "Nothing differs in what is known of them.")
        else:
            if at == GRAPH:
                self.graphs.show_graphs(self.merged)
            self._pages.setCurrentIndex(at)

    def _show_code(self) -> None:
        if self._script is None:
            try:
                self._script = script_difference(*self.runs)
            except StudioError as error:
                self._say("The scripts can't be compared", str(error))
                return
            fill(self.code, self._script)
        if self._script:
            self._pages.setCurrentWidget(self.code)
        else:
            self._say("The same script", "Both runs ran the same train.py, letter by letter.")

    def _say(self, title: str, text: str) -> None:
        self._same.say(title, text)
        self._pages.setCurrentWidget(self._same)

    def _swap(self) -> None:
        self.runs = self.runs[::-1]
        self._begin()

    # Going to nodes

    def _go_to_row(self, row: int) -> None:
        place = place_of(self.merged.differences[row].path)
        if place is not None:
            self.go_to(*place)

    def go_to(self, graph: str, node: str) -> None:
        """Shows a node of both graphs."""
        self.bar.setCurrentIndex(GRAPH)
        self.graphs.go_to(graph, node)

    def _enter(self, graph: str, node: str) -> None:
        """Goes to a node in the project that is open, where it has one."""
        session = self._window.session
        there = session.project.graph(graph) if session is not None else None
        if there is None or node not in there.nodes:
            self._window.say(f"The project as it is now has no {node} in its graph {graph}.")
            return
        self._window.select(graph, [node])
        self._window.raise_()
        self._window.activateWindow()

    def _themed(self) -> None:
        if self.ready and self.found is not None:
            self._fill()
            self.graphs.colour()
            if self._script:
                fill(self.code, self._script)

    def done(self, result: int) -> None:
        self._timer.stop()
        theme.changed.disconnect(self._themed)
        self.graphs.clear()
        super().done(result)
