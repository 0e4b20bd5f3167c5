"""The inspector: the selected nodes, or with nothing selected the project and its training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout

from studio.graph.caption import elided
from studio.gui.inspector.node_page import NodePage
from studio.gui.inspector.page import Page
from studio.gui.inspector.project_page import ProjectPage
from studio.gui.panel import Panel

if TYPE_CHECKING:
    from studio.gui.session import Change, Session
    from studio.gui.window import Window


class NodePanel(Panel):
    """What is selected in the graph in front."""

    def __init__(self, window: Window):
        super().__init__(window)
        self.node = NodePage()
        self.project = ProjectPage()
        self._pages = QStackedWidget()
        self._pages.addWidget(Page(self.project))
        self._pages.addWidget(Page(self.node))
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._pages)
        self._stale = True
        self.node.renamed.connect(self._renamed)
        window.selection_changed.connect(self._selected)

    def attach(self, session: Session | None) -> None:
        if self.session is not None:
            self.session.changed.disconnect(self._changed)
            self.session.checked.disconnect(self._checked)
        super().attach(session)
        self.node.attach(session)
        self.project.attach(session)
        if session is not None:
            session.changed.connect(self._changed)
            session.checked.connect(self._checked)
            self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._refresh()

    def _selected(self, graph: str, nodes: list[str]) -> None:
        self._refresh()

    def _changed(self, change: Change) -> None:
        self._refresh()

    def _checked(self) -> None:
        if self._stale or not self.isVisible() or self.session is None:
            return
        if self._pages.currentIndex():
            self.node.show_problems()
        else:
            self.project.show_facts()

    def _refresh(self) -> None:
        """Shows what is selected now; later, if it isn't in sight."""
        self._stale = self.session is None or not self.isVisible()
        if self._stale or self.window_.session is not self.session:
            return
        graph, nodes = self.window_.graph, self.window_.selected()
        self._name(nodes)
        if nodes and self.session.project.graph(graph) is not None:
            self.node.show_nodes(graph, nodes)
            self._pages.setCurrentIndex(1)
        else:
            self.project.refresh()
            self._pages.setCurrentIndex(0)

    def _name(self, nodes: list[str]) -> None:
        """The dock's tab says what is shown."""
        title = elided(nodes[0], 14) if len(nodes) == 1 else f"{len(nodes)} nodes"
        dock = self.window_.docks["node"]
        title = title if nodes else "Project"
        if dock.windowTitle() != title:
            dock.setWindowTitle(title)

    def _renamed(self, graph: str, name: str) -> None:
        self.window_.select(graph, [name], reveal=False)
