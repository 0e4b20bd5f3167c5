"""The outline: every graph as a tree that can do what the canvas can, with the keyboard alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QSize,
    Qt,
    QTimer,
)
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QFrame, QTreeView, QVBoxLayout

from studio.graph.compose import bypass, delete_and_heal, duplicate, order_nodes, rename
from studio.gui.adding import attempt
from studio.gui.panel import Panel
from studio.gui.panels.outline_delegate import OutlineDelegate
from studio.gui.panels.outline_rows import OutlineRows, Row

if TYPE_CHECKING:
    from studio.gui.session import Change, Session
    from studio.gui.window import Window

OWN_KEYS = (
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Tab,
    Qt.Key.Key_Backtab,
    Qt.Key.Key_Escape,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
    Qt.Key.Key_Space,
)
"""By these one goes about in the tree."""

HELP = (
    "Ins adds behind the node, C connects it, F2 renames, Del deletes, B bypasses, "
    "Ctrl+D duplicates, Alt+Up and Alt+Down move it."
)


class Tree(QTreeView):
    """The tree; it takes its own keys before the window does."""

    def __init__(self, panel: OutlinePanel):
        super().__init__(panel)
        self._panel = panel

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and self._panel.call_of(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.state() == QAbstractItemView.State.EditingState:
            event.accept()  # the editor has had it, and passes on what it makes nothing of
            return
        call = self._panel.call_of(event)
        if call is not None:
            call()
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Letters are commands here; Ctrl+F searches."""

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self._panel.open_menu(event.globalPos())


class OutlinePanel(Panel):
    """The tree of graphs and nodes; its selection is the canvas', both ways."""

    def __init__(self, window: Window):
        super().__init__(window)
        self._syncing = False
        self._stale = False
        self._listening = False
        self.rows = OutlineRows(self)
        self.rows.renamed.connect(self._rename)
        self.rows.moved.connect(self._move)
        self.tree = Tree(self)
        self.tree.setModel(self.rows)
        self.tree.setItemDelegate(OutlineDelegate(self.tree, self.rows))
        self.tree.setAccessibleName("Outline")
        self.tree.setAccessibleDescription(HELP)
        self.tree.setHeaderHidden(True)
        self.tree.setUniformRowHeights(True)
        self.tree.setIndentation(14)
        self.tree.setMouseTracking(True)
        self.tree.setExpandsOnDoubleClick(False)
        self.tree.setFrameShape(QFrame.Shape.NoFrame)
        self.tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.tree.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.tree.selectionModel().selectionChanged.connect(self._chosen)
        self.tree.doubleClicked.connect(self._activated)
        box = QVBoxLayout(self)
        box.setContentsMargins(6, 8, 0, 0)
        box.addWidget(self.tree)
        window.selection_changed.connect(self._selected)
        window.graph_changed.connect(self._graph_changed)

    def sizeHint(self) -> QSize:
        return QSize(232, 400)

    # Following

    def attach(self, session: Session | None) -> None:
        super().attach(session)
        self.rows.show(session)
        if session is None:
            return
        session.changed.connect(self._changed)
        session.checked.connect(self._checked)
        if not self._listening:
            self._listening = True
            self.window_.docks["outline"].visibilityChanged.connect(self._shown)
        self._graph_changed(self.window_.graph)
        self._selected(self.window_.graph, self.window_.selected())

    def _changed(self, change: Change) -> None:
        # Rows are followed even unseen: that costs little, and what is open stays open.
        self._syncing = True
        self.rows.follow(change)
        self._syncing = False
        if self._seen():
            self.tree.viewport().update()

    def _checked(self) -> None:
        self.rows.check()
        if self._seen():
            self.tree.viewport().update()

    def _graph_changed(self, graph: str) -> None:
        row = self._graph_row(graph)
        if row is not None:
            self.tree.expand(self.rows.index_of(row))

    def _graph_row(self, graph: str) -> Row | None:
        return next((row for row in self.rows.graphs if row.graph == graph), None)

    def _seen(self) -> bool:
        """Whether any of it is to be seen: a dock behind another still counts as visible."""
        return self.isVisible() and not self.visibleRegion().isEmpty()

    def _shown(self, visible: bool) -> None:
        if visible and self._stale:
            self._stale = False
            QTimer.singleShot(0, self, self._catch_up)

    def _catch_up(self) -> None:
        self._selected(self.window_.graph, self.window_.selected())

    # The selection

    def chosen(self) -> tuple[str, list[str]]:
        """The graph in hand and the nodes selected in it, in the order of the file."""
        rows = self._rows()
        current = self.tree.currentIndex()
        here = self.rows.row(current)
        graph = here.graph if here is not None else rows[0].graph if rows else self.window_.graph
        nodes = {row.id: row.place for row in rows if row.graph == graph and row.id}
        return graph, sorted(nodes, key=nodes.get)

    def _chosen(self) -> None:
        """Selects on the canvas what is selected here."""
        if self._syncing or self.session is None:
            return
        graph, nodes = self.chosen()
        self._syncing = True
        self.window_.select(graph, nodes)
        self._syncing = False

    def _selected(self, graph: str, nodes: list[str]) -> None:
        """Selects here what is selected on the canvas."""
        self._stale = not self._seen()
        if self._syncing or self._stale or self.session is None:
            return
        now = {(row.graph, row.id) for row in self._rows() if row.id}
        if now == {(graph, node) for node in nodes}:
            return
        top = self._graph_row(graph)
        if top is None:
            return
        parent = self.rows.index_of(top)
        if top.rows is None and self.rows.canFetchMore(parent):
            self.rows.fetchMore(parent)
        wanted = set(nodes)
        places = [row.place for row in top.rows or () if row.id in wanted]
        picked = QItemSelection()
        for first, last in _runs(places):
            picked.select(self.rows.index(first, 0, parent), self.rows.index(last, 0, parent))
        self._syncing = True
        flags = QItemSelectionModel.SelectionFlag
        model = self.tree.selectionModel()
        if places:
            first = self.rows.index(places[0], 0, parent)
            self.tree.expand(parent)
            model.setCurrentIndex(first, flags.NoUpdate)
            self.tree.scrollTo(first)
        model.select(picked, flags.ClearAndSelect)
        self._syncing = False

    def _rows(self) -> list[Row]:
        """The selected rows, by the runs that Qt keeps: there may be ten thousand."""
        found: list[Row] = []
        for run in self.tree.selectionModel().selection():
            parent = self.rows.row(run.parent())
            rows = self.rows.graphs if parent is None else parent.rows or []
            found += rows[run.top() : run.bottom() + 1]
        return found

    def enter(self) -> None:
        """Puts the keyboard into the tree, on the selected node."""
        self.tree.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if not self.tree.currentIndex().isValid():
            row = self._graph_row(self.window_.graph)
            if row is not None:
                index = self.rows.index_of(row)
                self.tree.selectionModel().setCurrentIndex(
                    index, QItemSelectionModel.SelectionFlag.NoUpdate
                )

    # What the keys do

    def call_of(self, event: QKeyEvent) -> Callable[[], object] | None:
        """What a key does in the tree, or on the canvas; None where it is Qt's, or the window's."""
        if self.session is None:
            return None
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        keys = Qt.Key
        table = {
            (keys.Key_Insert, Qt.KeyboardModifier.NoModifier): self.add,
            (keys.Key_A, Qt.KeyboardModifier.NoModifier): self.add,
            (keys.Key_C, Qt.KeyboardModifier.NoModifier): self.connect_node,
            (keys.Key_F2, Qt.KeyboardModifier.NoModifier): self.rename,
            (keys.Key_Delete, Qt.KeyboardModifier.NoModifier): self.delete,
            (keys.Key_Backspace, Qt.KeyboardModifier.NoModifier): self.delete,
            (keys.Key_B, Qt.KeyboardModifier.NoModifier): self.bypass,
            (keys.Key_D, Qt.KeyboardModifier.ControlModifier): self.duplicate,
            (keys.Key_Up, Qt.KeyboardModifier.AltModifier): lambda: self.shift(-1),
            (keys.Key_Down, Qt.KeyboardModifier.AltModifier): lambda: self.shift(1),
            (keys.Key_Return, Qt.KeyboardModifier.NoModifier): self.activate,
            (keys.Key_Enter, Qt.KeyboardModifier.NoModifier): self.activate,
        }
        return table.get((event.key(), held)) or self._canvas_call(event)

    def _canvas_call(self, event: QKeyEvent) -> Callable[[], object] | None:
        """A command of the canvas that has this key, save those that only go about there."""
        if event.key() in OWN_KEYS:
            return None
        keys = QKeySequence(event.keyCombination())
        for id, action in self.window_.actions_.by_id.items():
            local = action.shortcutContext() == Qt.ShortcutContext.WidgetShortcut
            if local and keys in action.shortcuts():
                return lambda: (self._on_canvas(), self.window_.run_command(id))
        return None

    def _on_canvas(self) -> tuple[str, list[str]]:
        """The nodes in hand, selected on the canvas too, as the palettes and menus ask it."""
        graph, nodes = self.chosen()
        if (self.window_.graph, self.window_.selected()) != (graph, nodes):
            self._syncing = True
            self.window_.select(graph, nodes, reveal=False)
            self._syncing = False
        return graph, nodes

    def add(self) -> None:
        """Asks what to add behind the selected nodes."""
        from studio.gui.palettes import quick_add

        self._on_canvas()
        quick_add(self.window_)

    def connect_node(self) -> None:
        """Asks what the selected node is to feed."""
        from studio.gui.palettes import connect_from

        graph, nodes = self.chosen()
        if nodes:
            connect_from(self.window_, graph, nodes[-1])

    def rename(self) -> None:
        """Begins to change the node's name, in its row."""
        index = self.tree.currentIndex()
        if index.isValid() and self.rows.row(index).id:
            self.tree.edit(index)

    def _rename(self, row: Row, name: str) -> None:
        if self._do(lambda: rename(self.session.project, row.graph, row.id, name)):
            self.window_.select(row.graph, [name], reveal=False)

    def delete(self) -> None:
        """Takes the selected nodes out, and heals the chain."""
        graph, nodes = self.chosen()
        if not nodes:
            return
        row = self.rows.row(self.tree.currentIndex())
        beside = [each for each in row.parent.rows if each.id not in nodes] if row.parent else []
        near = min(beside, key=lambda each: abs(each.place - row.place), default=None)
        if self._do(lambda: delete_and_heal(self.session.project, graph, nodes)) and near:
            self._go(near)

    def bypass(self) -> None:
        """Lets tensors go past the selected nodes, or no longer."""
        graph, nodes = self.chosen()
        found = self.session.project.graph(graph)
        on = not all(found.nodes[name].bypass for name in nodes)
        if nodes:
            self._do(lambda: bypass(self.session.project, graph, nodes, on))

    def duplicate(self) -> None:
        """Puts copies of the selected nodes into the graph."""
        graph, nodes = self.chosen()
        if not nodes:
            return
        names: list[str] = []

        def compose():
            edit, ids = duplicate(self.session.project, graph, nodes)
            names.extend(ids)
            return edit

        if self._do(compose):
            self.window_.select(graph, names)

    def shift(self, by: int) -> None:
        """Moves the selected nodes up or down in the file."""
        graph, nodes = self.chosen()
        names = list(self.session.project.graph(graph).nodes) if nodes else []
        places = [names.index(each) for each in nodes]
        if not nodes or (places[0] == 0 if by < 0 else places[-1] == len(names) - 1):
            return
        others = [each for each in names if each not in nodes]
        ahead = sum(each not in nodes for each in names[: places[0]])
        place = ahead - 1 if by < 0 else sum(e not in nodes for e in names[: places[-1]]) + 1
        self._move(graph, nodes, others[place] if place < len(others) else None)

    def _move(self, graph: str, nodes: list[str], before: str | None) -> None:
        self._do(lambda: order_nodes(self.session.project, graph, nodes, before))
        self.tree.scrollTo(self.tree.currentIndex())

    def activate(self) -> None:
        """Opens a graph or block, or goes to the node's parameters."""
        self._activated(self.tree.currentIndex())

    def _activated(self, index: QModelIndex) -> None:
        if not index.isValid():
            return
        row = self.rows.row(index)
        inside = self.rows.inside(row)
        if inside:
            self.window_.select(inside, [] if row.id else self.window_.selected())
            self.tree.expand(index)
            return
        self._on_canvas()
        panel = self.window_.panel("node")
        widget = panel.nextInFocusChain()
        if panel.isAncestorOf(widget):
            widget.setFocus(Qt.FocusReason.OtherFocusReason)

    def open_menu(self, at) -> None:
        """What can be done with the selected nodes."""
        _, nodes = self._on_canvas()
        self.window_.actions_.context_menu("node" if nodes else "canvas").exec(at)

    def _do(self, compose) -> bool:
        return attempt(self.window_, compose)

    def _go(self, row: Row) -> None:
        index = self.rows.index_of(row)
        self.tree.setCurrentIndex(index)


def _runs(places: list[int]) -> Iterable[tuple[int, int]]:
    """Numbers in order as runs: (first, last)."""
    first = last = None
    for place in places:
        if last is not None and place == last + 1:
            last = place
            continue
        if first is not None:
            yield first, last
        first = last = place
    if first is not None:
        yield first, last
