"""Inside the model: the activations of a node for a real batch, and its histograms over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QHBoxLayout,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
)

from studio.gui.inside.activations_page import ActivationsPage
from studio.gui.inside.over_time_page import OverTimePage
from studio.gui.panel import PageTabs, Panel

if TYPE_CHECKING:
    from studio.gui.session import Session
    from studio.gui.window import Window

PAGES = {"activations": "Activations", "over_time": "Over time"}


class InsidePanel(Panel):
    """Two pages about the selected node of the model."""

    def __init__(self, window: Window):
        super().__init__(window)
        self.activations = ActivationsPage(window)
        self.over_time = OverTimePage(window)
        self.body = QStackedWidget()
        self.body.addWidget(self.activations)
        self.body.addWidget(self.over_time)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(self._head())
        box.addWidget(self.body, 1)
        window.selection_changed.connect(self._selected)
        window.runner.showing.connect(self.over_time.show_run)
        self.over_time.show_run(window.runner.shown)

    def _head(self) -> QHBoxLayout:
        row = PageTabs(PAGES, self.show_page)
        self.tabs = row.buttons
        row.addSpacing(12)
        self.heads = QStackedWidget()
        self.heads.addWidget(self.activations.head)
        self.heads.addWidget(self.over_time.head)
        self.heads.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        row.addWidget(self.heads, 1)
        return row

    @property
    def page(self) -> str:
        """The name of the page that is chosen."""
        return next(name for name, tab in self.tabs.items() if tab.isChecked())

    def show_page(self, name: str) -> None:
        """Shows a page."""
        self.tabs[name].setChecked(True)
        for stack in (self.body, self.heads):
            stack.setCurrentIndex(list(PAGES).index(name))
        self._keep()

    def _keep(self) -> None:
        """The histograms are read while they are in sight."""
        if self.in_front and self.page == "over_time" and self.session is not None:
            self.over_time.show_node(self.window_.graph, self.window_.selected())
            self.over_time.begin()
        else:
            self.over_time.rest()

    def attach(self, session: Session | None) -> None:
        super().attach(session)
        self.activations.attach(session)
        self.over_time.rest()
        self._keep()

    def come_up(self) -> None:
        self._keep()

    def hideEvent(self, event) -> None:
        super().hideEvent(event)
        self.over_time.rest()

    def close_work(self) -> None:
        self.activations.release()
        self.over_time.rest()

    def run_to(self, graph: str, node: str) -> None:
        """Shows the activations of a node."""
        self.show_page("activations")
        self.activations.run_to(graph, node)

    def _selected(self, graph: str, nodes: list[str]) -> None:
        if not self.in_front or self.session is None:
            return
        if self.page == "activations":
            self.activations.follow(graph, nodes)
        else:
            self.over_time.show_node(graph, nodes)
