"""The window: one project, its graphs in the middle, panels around. It wires, little else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from PySide6.QtCore import QByteArray, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QLabel, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from studio.graph.problems import StudioError
from studio.gui.actions import Actions
from studio.gui.announcing import Announcing
from studio.gui.bar import Bar
from studio.gui.canvas.glow import Glow
from studio.gui.canvas.view import CanvasView
from studio.gui.docks import arrange, hide_stale_bars, make_docks
from studio.gui.drops import Drops
from studio.gui.graph_tabs import GraphTabs
from studio.gui.guide.guide import Guide
from studio.gui.look.theme import theme
from studio.gui.notice import Notices
from studio.gui.panel import Panel
from studio.gui.projects import Projects
from studio.gui.proposing import Proposing
from studio.gui.runner import Runner
from studio.gui.session import Session
from studio.gui.settings import Settings
from studio.gui.start_page import StartPage


class Window(QMainWindow):
    """The window of one project.

    Signals: `session_changed(Session | None)` when another project is shown;
    `graph_changed(str)` when another of its graphs is in front;
    `selection_changed(str, list)` the graph and the selected nodes' ids.
    """

    session_changed = Signal(object)
    graph_changed = Signal(str)
    selection_changed = Signal(str, list)

    def __init__(self, settings: Settings | None = None):
        super().__init__()
        self.settings = settings or Settings()
        self.session: Session | None = None
        self.runner = Runner(self)
        self.projects = Projects(self)
        self.setWindowTitle("Studio")
        self.setMinimumSize(900, 600)
        self.resize(1440, 900)
        self.actions_ = Actions(self)
        self.bar = Bar(self)
        self.setMenuWidget(self.bar)
        self.tabs = GraphTabs(self)
        self.tabs.shown.connect(self._graph_shown)
        self.glow = Glow(self)
        self._stack = QStackedWidget()
        self.start = StartPage(self)
        self._stack.addWidget(self.start)
        self._stack.addWidget(self._middle())
        self.notices = Notices()
        self.announcing = Announcing(self)
        self.guide = Guide(self)
        self.setCentralWidget(_column(self.notices, self.guide.strip, self._stack))
        self.proposing = Proposing(self)
        self._drops = Drops(self)
        self._status()
        self.docks = make_docks(self)
        self._restore()
        self.show_session(None)
        theme.changed.connect(self._themed)

    def _middle(self) -> QWidget:
        return _column(self.tabs.head, self.tabs.stack)

    def _status(self) -> None:
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        bar.setFixedHeight(26)
        self._saying = QLabel()
        self._saying.setProperty("role", "small")
        self.resources = QLabel()
        self.resources.setProperty("role", "small")
        self.resources.setContentsMargins(0, 0, 14, 0)
        self._saying.setContentsMargins(14, 0, 0, 0)
        bar.addWidget(self._saying, 1)
        bar.addPermanentWidget(self.resources)

    # The project

    def show_session(self, session: Session | None) -> None:
        """Shows a project, or the start page."""
        if self.session is not None:
            self.session.setParent(None)
        self.session = session
        if session is not None:
            session.setParent(self)
            session.failed.connect(self.say)
        self.tabs.attach(session)
        for dock in self.docks.values():
            dock.attach(session)
            dock.setVisible(session is not None and dock.objectName() not in self._hidden)
        if session is not None:
            for name in ("library", "node", "problems"):
                self.docks[name].raise_()
        self._stack.setCurrentIndex(0 if session is None else 1)
        hide_stale_bars(self, self.docks)
        QTimer.singleShot(0, self, lambda: hide_stale_bars(self, self.docks))
        self.bar.attach(session)
        self.session_changed.emit(session)
        if self.canvas is not None:
            self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    # The graph in front

    @property
    def canvas(self) -> CanvasView | None:
        """The graph in front; None on the start page."""
        return self.tabs.view if self.session is not None else None

    @property
    def graph(self) -> str:
        """The name of the graph in front: model, data or block:NAME; empty on the start page."""
        return self.canvas.scene().name if self.canvas is not None else ""

    def selected(self) -> list[str]:
        """The ids of the selected nodes of the graph in front."""
        return self.canvas.scene().selected() if self.canvas is not None else []

    def select(self, graph: str, nodes: Iterable[str], reveal: bool = True) -> None:
        """Brings a graph to the front and selects nodes of it, scrolled into sight."""
        self.tabs.show(graph)
        if self.canvas is None:
            return
        self.canvas.scene().select(nodes)
        if reveal and self.selected():
            self.canvas.reveal(self.selected())

    def go(self, graph: str, node: str) -> bool:
        """To a node that a run or a problem names; False where the project has it no longer."""
        found = self.session.project.graph(graph) if self.session is not None else None
        if found is None or node not in found.nodes:
            self.say(f"{node} is no longer in the project.")
            return False
        self.select(graph, [node])
        return True

    def _graph_shown(self, graph: str) -> None:
        self.graph_changed.emit(graph)
        self._selected()

    def _selected(self) -> None:
        chosen = self.selected()
        self.say(_hint(self, chosen))
        self.selection_changed.emit(self.graph, chosen)

    def follow(self, view: CanvasView) -> None:
        """Listens to the selection of a graph's view; called once for each view made."""
        view.scene().selectionChanged.connect(self._selected)
        view.viewport().installEventFilter(self._drops)

    def compose(self, what: Callable[..., Any], *values: Any) -> Any:
        """Does an edit that studio.graph.compose makes of the graph in front.

        Returns what it gives beside the edit (the ids of new nodes), or True;
        None where it can't be done, which is said.
        """
        try:
            found = what(self.session.project, self.graph, *values)
        except StudioError as error:
            self.say(str(error))
            return None
        edit, beside = found if isinstance(found, tuple) else (found, True)
        return beside if self.session.do(edit) else None

    # Speaking, docks

    def say(self, text: str) -> None:
        """Shows a sentence in the status line, until the next one."""
        self._saying.setText(text)

    @property
    def said(self) -> str:
        """What the status line says."""
        return self._saying.text()

    def panel(self, name: str, raised: bool = True) -> Panel:
        """A panel, brought to the front."""
        dock = self.docks[name]
        panel = dock.wake()
        if raised:
            dock.show()
            dock.raise_()
        return panel

    def run_command(self, id: str) -> None:
        """Does a command, if it can be done now."""
        self.actions_.trigger(id)

    # Layout

    def _restore(self) -> None:
        self._hidden: set[str] = set(self.settings.get("hidden", []))
        for name, restore in (("geometry", self.restoreGeometry), ("state", self.restoreState)):
            value = self.settings.get(name, "")
            if value:
                restore(QByteArray.fromBase64(value.encode()))

    def _remember(self) -> None:
        for name, value in (("geometry", self.saveGeometry()), ("state", self.saveState())):
            self.settings.set(name, bytes(value.toBase64()).decode())
        if self.session is not None:
            self.settings.set(
                "hidden", sorted(name for name, dock in self.docks.items() if dock.isHidden())
            )

    def reset_layout(self) -> None:
        """Puts every dock back where it stands at the first start."""
        self._hidden.clear()
        arrange(self, self.docks)

    def _themed(self) -> None:
        for view in self.tabs.views.values():
            view.scene().update()
            view.viewport().update()

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.projects.may_close():
            event.ignore()
            return
        self._remember()
        self.proposing.close()
        for dock in self.docks.values():
            dock.close_work()
        self.runner.release()
        self.guide.end()
        self.announcing.close()
        self.projects.close()
        self.tabs.attach(None)
        theme.changed.disconnect(self._themed)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        event.accept()


def _hint(window: Window, chosen: list[str]) -> str:
    """What can be done now, as the status line says it."""
    if window.canvas is None:
        return ""
    if not chosen:
        key = window.actions_.shortcut("graph.add")
        return f"Drag a node from the library, or press {key} to add one"
    if len(chosen) == 1:
        return f"{chosen[0]} selected · drag from its lower port to connect"
    key = window.actions_.shortcut("graph.group")
    return f"{len(chosen)} nodes selected · {key} makes a block of them"


def _column(*widgets: QWidget) -> QWidget:
    """Widgets one below the other, without a gap; the last takes the room that is left."""
    whole = QWidget()
    box = QVBoxLayout(whole)
    box.setContentsMargins(0, 0, 0, 0)
    box.setSpacing(0)
    for widget in widgets:
        box.addWidget(widget, 1 if widget is widgets[-1] else 0)
    return whole
