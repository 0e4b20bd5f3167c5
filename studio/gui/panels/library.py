"""The library: all that can be put into the graph in front, to be searched, dragged or added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, QObject, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLabel,
    QLineEdit,
    QListView,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from studio.graph.document import Project
from studio.graph.find import Index
from studio.graph.library import Family, library
from studio.gui.adding import add, add_custom_layer, feeding
from studio.gui.look.icons import icon
from studio.gui.panel import Panel
from studio.gui.panels.library_rows import (
    HEADING,
    MORE,
    OWN,
    LibraryDelegate,
    LibraryRows,
    found_rows,
    rows_of,
)

if TYPE_CHECKING:
    from studio.gui.session import Change, Session
    from studio.gui.window import Window


class LibraryPanel(Panel):
    """A search field, and a list by family. Enter or a double click adds, behind the selection."""

    def __init__(self, window: Window):
        super().__init__(window)
        self._families: tuple[Family, ...] = ()
        self._index = Index(())
        self._opened: set[str] = set()
        self._shown: tuple[object, ...] = ()
        self._stale = True
        self.field = QLineEdit()
        end = QLineEdit.ActionPosition.TrailingPosition
        self._clear = self.field.addAction(icon("x", "muted"), end)
        self._clear.setToolTip("Clear the search")
        self._clear.setVisible(False)
        self._clear.triggered.connect(self.field.clear)
        self.field.setAccessibleName("Search the library")
        self.field.textChanged.connect(self._searched)
        self.field.installEventFilter(self)
        self.rows = LibraryRows(self)
        self.list = QListView()
        self.list.setAccessibleName("Library")
        self.list.setModel(self.rows)
        self.list.setItemDelegate(LibraryDelegate(self.list))
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setMouseTracking(True)
        self.list.setDragEnabled(True)
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.list.setDefaultDropAction(Qt.DropAction.CopyAction)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.clicked.connect(self._clicked)
        self.list.doubleClicked.connect(self._double_clicked)
        self.list.installEventFilter(self)
        self.nothing = QLabel(wordWrap=True, alignment=Qt.AlignmentFlag.AlignHCenter)
        self.nothing.setProperty("role", "muted")
        self.nothing.setContentsMargins(14, 24, 14, 0)
        head = QVBoxLayout()
        head.setContentsMargins(12, 12, 12, 8)
        head.addWidget(self.field)
        holder = QWidget()
        self._stack = QStackedLayout(holder)
        self._stack.addWidget(self.list)
        self._stack.addWidget(self.nothing)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(head)
        box.addWidget(holder, 1)
        window.graph_changed.connect(self._graph_changed)

    def sizeHint(self) -> QSize:
        return QSize(232, 400)

    def attach(self, session: Session | None) -> None:
        super().attach(session)
        if session is not None:
            session.changed.connect(self._changed)
        self._refresh()

    # What is shown

    def _graph_changed(self, _: str) -> None:
        self._refresh()

    def _changed(self, change: Change) -> None:
        before, after = change.before, change.after
        if before.blocks is not after.blocks or before.code is not after.code:
            self._refresh()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._refresh()

    def _refresh(self) -> None:
        """Brings the families up to date, if they are to be seen and aren't."""
        if self.session is None or not self.isVisible():
            return
        project, graph = self.session.project, self.window_.graph or "model"
        shown = (project.blocks, project.code, graph)
        if len(self._shown) == 3 and all(a is b for a, b in zip(shown, self._shown, strict=True)):
            return
        self._shown = shown
        self._families = _offered(project, graph)
        items = [item for family in self._families for item in family.items]
        self._index = Index(item.entry() for item in items)
        self.field.setPlaceholderText(f"Search {len(items)} layers and stages")
        self._searched()

    def _searched(self) -> None:
        query = self.field.text().strip()
        self._clear.setVisible(bool(query))
        if query:
            rows = found_rows(self._families, self._index, query)
        else:
            rows = rows_of(self._families, self._opened, self.window_.graph != "data")
        self.rows.put(rows)
        if query:
            self.list.scrollToTop()
            self.list.setCurrentIndex(self.rows.index(0) if rows else QModelIndex())
        self.nothing.setText(f"Nothing is called “{query}”.")
        self._stack.setCurrentIndex(0 if rows else 1)

    # What is done

    def search(self) -> None:
        """Puts the keyboard into the search field."""
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def _clicked(self, index: QModelIndex) -> None:
        if self.rows.rows[index.row()].kind == MORE:
            self._take(index)

    def _double_clicked(self, index: QModelIndex) -> None:
        if self.rows.rows[index.row()].kind != MORE:
            self._take(index)

    def _take(self, index: QModelIndex) -> None:
        """Adds what a row stands for, or unfolds its family."""
        if not index.isValid() or self.session is None:
            return
        row = self.rows.rows[index.row()]
        if row.kind == MORE:
            self._opened ^= {row.family}
            self._searched()
            # The list may now be shorter than the place where the row stood.
            self.list.setCurrentIndex(self.rows.index(min(index.row(), len(self.rows.rows) - 1)))
        elif row.kind == OWN:
            add_custom_layer(self.window_)
        elif row.kind != HEADING:
            add(self.window_, row.item.op, after=feeding(self.window_))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and watched is self.list:
            if event.text().isprintable() and event.text().strip() and not _held(event):
                event.accept()  # a letter begins a search, whatever it does on the canvas
                return True
        elif event.type() == QEvent.Type.KeyPress:
            return self._key(watched, event)
        return super().eventFilter(watched, event)

    def _key(self, watched: QObject, event) -> bool:
        key = event.key()
        here = self.list.currentIndex()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if watched is self.list or self.field.text().strip():
                self._take(here)
        elif watched is self.field and key == Qt.Key.Key_Down:
            if not here.isValid():
                self.list.setCurrentIndex(self._first())
            self.list.setFocus(Qt.FocusReason.TabFocusReason)
        elif watched is self.field and key == Qt.Key.Key_Escape and self.field.text():
            self.field.clear()
        elif watched is self.list and key == Qt.Key.Key_Up and here.row() <= self._first().row():
            self.search()
        elif watched is self.list and event.text().isprintable() and event.text().strip():
            if _held(event):
                return False
            self.field.setFocus()
            self.field.setText(event.text())
        else:
            return False
        return True

    def _first(self) -> QModelIndex:
        """The first row that can be chosen."""
        rows = self.rows.rows
        return next(
            (self.rows.index(i) for i, row in enumerate(rows) if row.kind != HEADING),
            QModelIndex(),
        )


def _held(event) -> bool:
    """Whether a key was pressed with Ctrl or Alt."""
    held = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
    return bool(event.modifiers() & held)


def _offered(project: Project, graph: str) -> tuple[Family, ...]:
    """The library of a graph; a block can't hold itself."""
    families = library(project, "data" if graph == "data" else "model")
    return tuple(
        Family(each.name, each.title, tuple(item for item in each.items if item.op != graph))
        for each in families
    )
