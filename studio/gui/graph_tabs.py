"""The graphs of a project as tabs: Model, Data, and each block, with what the model amounts to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QTabBar, QWidget

from studio.engine.figures import bytes_text, count_text
from studio.gui.canvas.scene import CanvasScene
from studio.gui.canvas.view import CanvasView

if TYPE_CHECKING:
    from studio.gui.session import Change, Session
    from studio.gui.window import Window

ALWAYS = ("model", "data")


class GraphTabs(QObject):
    """The tabs (`head`) and the views behind them (`stack`). `shown(str)`: another is in front."""

    shown = Signal(str)

    def __init__(self, window: Window):
        super().__init__(window)
        self._window = window
        self._session: Session | None = None
        self.views: dict[str, CanvasView] = {}
        self._names: list[str] = []
        self.head = QWidget()
        self.head.setObjectName("canvasHead")
        self.head.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.head.setFixedHeight(34)
        row = QHBoxLayout(self.head)
        row.setContentsMargins(6, 0, 14, 0)
        self.bar = QTabBar()
        self.bar.setAccessibleName("Graphs of the project")
        self.bar.setFixedHeight(33)  # the line below it stays in sight
        self.bar.setDocumentMode(True)
        self.bar.currentChanged.connect(self._current)
        self.crumbs = QLabel()
        self.crumbs.setProperty("role", "small")
        self.crumbs.setTextInteractionFlags(Qt.TextInteractionFlag.LinksAccessibleByMouse)
        self.crumbs.linkActivated.connect(self._go_up)
        self.totals = QLabel()
        self.totals.setProperty("role", "small")
        row.addWidget(self.bar)
        row.addSpacing(12)
        row.addWidget(self.crumbs)
        row.addStretch(1)
        row.addWidget(self.totals)
        self.stack = QStackedWidget()

    def attach(self, session: Session | None) -> None:
        """Shows the graphs of another project."""
        for view in self.views.values():
            self.stack.removeWidget(view)
            view.release()
        self.views.clear()
        self._session = session
        self._set_names([])
        if session is None:
            return
        session.changed.connect(self._changed)
        session.checked.connect(self._show_totals)
        self._set_names(self._wanted())
        self._show_totals()
        self.show("model")

    def _wanted(self) -> list[str]:
        return [*ALWAYS, *(f"block:{name}" for name in self._session.project.blocks)]

    def _set_names(self, names: list[str]) -> None:
        """Makes the tabs those of these graphs, the one in front staying where it is."""
        front = self.current
        self.bar.blockSignals(True)
        while self.bar.count():
            self.bar.removeTab(0)
        for name in names:
            self.bar.addTab(name.removeprefix("block:") if ":" in name else name.capitalize())
        self._names = names
        if front in names:
            self.bar.setCurrentIndex(names.index(front))
        self.bar.blockSignals(False)
        for name in self.views.keys() - set(names):
            view = self.views.pop(name)
            self.stack.removeWidget(view)
            view.release()
        if names and front not in names:
            self._current(self.bar.currentIndex())

    @property
    def current(self) -> str:
        """The graph in front; empty where there is none."""
        index = self.bar.currentIndex()
        return self._names[index] if 0 <= index < len(self._names) else ""

    @property
    def view(self) -> CanvasView | None:
        """The view in front."""
        return self.views.get(self.current)

    def show(self, graph: str) -> None:
        """Brings a graph to the front."""
        if graph in self._names:
            self.bar.setCurrentIndex(self._names.index(graph))
            self._current(self.bar.currentIndex())

    def open_block(self, block: str, graph: str, node: str) -> None:
        """Shows the inside of a block, with the shapes that it has where a node stands for it."""
        self._session.look_into(f"block:{block}", graph, node)
        self.show(f"block:{block}")
        self.views[f"block:{block}"].scene().refresh()

    def _show_crumbs(self) -> None:
        """The way to a block: model / stage1 (residual)."""
        parts, graph = [], self.current
        while (via := self._session.seen_through(graph)) is not None and len(parts) < 20:
            parent, node = via
            shown = parent.removeprefix("block:")
            parts.append(
                f'<a href="{parent}/{node}" style="text-decoration:none">{shown}</a> / {node}'
            )
            graph = parent
        self.crumbs.setText("  ·  ".join(reversed(parts)))

    def _go_up(self, link: str) -> None:
        graph, _, node = link.rpartition("/")
        self._window.select(graph, [node])

    def _current(self, index: int) -> None:
        if not 0 <= index < len(self._names):
            return
        name = self._names[index]
        if name not in self.views:
            view = CanvasView(self._window, CanvasScene(self._session, name))
            self.views[name] = view
            self.stack.addWidget(view)
            self._window.follow(view)
        self.stack.setCurrentWidget(self.views[name])
        self._show_crumbs()
        self.shown.emit(name)

    def _changed(self, change: Change) -> None:
        if change.before.blocks.keys() != change.after.blocks.keys():
            self._set_names(self._wanted())

    def _show_totals(self) -> None:
        if self._session is None:
            return  # a check that was still to be told when the project was closed
        totals = self._session.totals
        parts = [f"{totals['params']:,} parameters"]
        if totals["flops"]:
            parts.append(f"{count_text(totals['flops'])}FLOPs")
        parts.append(bytes_text(totals["weight_bytes"]))
        self.totals.setText(" · ".join(parts) if totals["params"] else "")
