"""What leaves a stage of the data graph, as far as it is known without running it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.graph.elements import Elements, Structure
from studio.graph.spec import Spec, shape_text
from studio.gui.look.theme import mono
from studio.gui.panel import Empty, Panel

if TYPE_CHECKING:
    from studio.gui.session import Session
    from studio.gui.window import Window

COLUMNS = ("Part", "Name", "Shape", "Type")
PARTS = ("features", "label", "sample weight")


class PreviewPanel(Panel):
    """The elements of the selected stage: how many, and the tensors of one."""

    def __init__(self, window: Window):
        super().__init__(window)
        self._pages = QStackedWidget()
        self.empty = Empty(
            "Select a stage of the data",
            "Its elements are shown here: what each is made of, with shapes and types.",
            "Show the data graph",
            lambda: window.tabs.show("data"),
        )
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self._page())
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._pages)
        window.selection_changed.connect(self.refresh)

    def _page(self) -> QWidget:
        page = QWidget()
        box = QVBoxLayout(page)
        box.setContentsMargins(14, 10, 14, 8)
        box.setSpacing(6)
        self.title = QLabel()
        self.title.setProperty("role", "title")
        self.table = QTableWidget(0, len(COLUMNS))
        self.table.setHorizontalHeaderLabels(COLUMNS)
        self.table.setAccessibleName("What an element is made of")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setTabKeyNavigation(False)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(28)
        head = self.table.horizontalHeader()
        head.setHighlightSections(False)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setStretchLastSection(True)
        self.note = QLabel(
            "This is known from the graph, without reading the data. Samples of elements will be "
            "shown here in a later version.",
            wordWrap=True,
        )
        self.note.setProperty("role", "small")
        box.addWidget(self.title)
        box.addWidget(self.table, 1)
        box.addWidget(self.note)
        return page

    def attach(self, session: Session | None) -> None:
        super().attach(session)
        if session is not None:
            session.changed.connect(self.refresh)
        self.refresh()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self.refresh()

    def refresh(self, *_: object) -> None:
        """Shows the selected stage; only while the panel is seen."""
        if not self.isVisible() or self.session is None:
            return
        chosen = self.window_.selected() if self.window_.graph == "data" else []
        if len(chosen) != 1:
            self._pages.setCurrentIndex(0)
            return
        self._show(chosen[0])

    def _show(self, node: str) -> None:
        self._pages.setCurrentIndex(1)
        shapes = self.session.shapes("data")
        result, refused = shapes.nodes.get(node), shapes.refused.get(node)
        rows: list[tuple[str, str, str, str]] = []
        told: list[str] = []
        for port, elements in (result.outputs if result is not None else {}).items():
            if isinstance(elements, Elements):
                several = port if len(result.outputs) > 1 else ""
                told.append(f"{several} {many(elements)}".strip())
                rows += [(f"{several} {part}".strip(), *rest) for part, *rest in parts(elements)]
        if rows:
            self.title.setText(f"{node}: {' · '.join(told)}")
        else:
            why = refused.message if refused is not None else "not known before its input is"
            self.title.setText(f"{node}: {why}")
        self.table.setRowCount(len(rows))
        self.table.setColumnHidden(0, not any(row[0] for row in rows))
        self.table.setColumnHidden(1, not any(row[1] for row in rows))
        for row, texts in enumerate(rows):
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                if column >= 1:
                    item.setFont(mono())
                self.table.setItem(row, column, item)


def many(elements: Elements) -> str:
    """How many there are."""
    if elements.infinite:
        return "elements without end"
    if elements.count is None:
        return "elements, how many is known when it runs"
    return f"{elements.count:,} element{'s' * (elements.count != 1)}"


def parts(elements: Elements) -> list[tuple[str, str, str, str]]:
    """The tensors of an element: the part they are in, their names, shapes and types."""
    structure = elements.structure
    if not isinstance(structure, tuple):
        return [("", *rest) for rest in _tensors(structure, "")]
    found = []
    for index, part in enumerate(structure):
        called = PARTS[index] if index < len(PARTS) else str(index)
        found += [(called, *rest) for rest in _tensors(part, "")]
    return found


def _tensors(structure: Structure, name: str) -> list[tuple[str, str, str]]:
    if isinstance(structure, dict):
        pairs = structure.items()
    elif isinstance(structure, tuple):
        pairs = enumerate(structure)
    else:
        return [_tensor(structure, name)]
    return [
        row
        for key, value in pairs
        for row in _tensors(value, f"{name}.{key}" if name else str(key))
    ]


def _tensor(spec: Spec, name: str) -> tuple[str, str, str]:
    ragged = f", {spec.ragged} ragged" if spec.ragged else ""
    return name, shape_text(spec.shape), spec.dtype + ragged
