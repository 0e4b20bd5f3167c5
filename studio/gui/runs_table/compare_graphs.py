"""The graphs of two runs as one: a list of what differs, and the canvas where it stands."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from studio.graph.compare import CHANGED, Difference
from studio.graph.merged import Merged, place_of
from studio.gui.look.theme import theme
from studio.gui.runs_table.compare_tables import Sides, mark_kinds, of_differences
from studio.gui.runs_table.merged_scene import LOOKS, MergedScene, MergedView

TITLES = {"model": "Model", "data": "Data"}


class CompareGraphs(QWidget):
    """Signal: `entered(graph, node)` for a double click on a node, or Enter on its difference."""

    entered = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.merged: Merged | None = None
        self.graph = ""
        self.view: MergedView | None = None
        self.rows: list[Difference] = []
        self._places: list[str] = []
        self._buttons = QButtonGroup(self)
        self._row = QHBoxLayout()
        self._row.setContentsMargins(14, 6, 14, 6)
        self._row.setSpacing(2)
        self._legend = QHBoxLayout()
        self._legend.setSpacing(14)
        self._labels: list[tuple[str, QLabel]] = []
        for kind, (_, sign) in LOOKS.items():
            label = QLabel(f"{sign} {kind}")
            self._labels.append((kind, label))
            self._legend.addWidget(label)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 14, 0)
        head.addLayout(self._row)
        head.addStretch(1)
        head.addLayout(self._legend)
        self.table = Sides(
            "Differences of the graph", ("Difference", "Before", "After"), (150, 120)
        )
        self.table.currentCellChanged.connect(lambda row, *_: self._chosen(row))
        self.table.cellActivated.connect(lambda row, _: self._enter(self._node(row)))
        self._holder = QWidget()
        inside = QVBoxLayout(self._holder)
        inside.setContentsMargins(0, 0, 0, 0)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setHandleWidth(1)
        split.setChildrenCollapsible(False)
        split.addWidget(self.table)
        split.addWidget(self._holder)
        split.setSizes([400, 720])
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(head)
        box.addWidget(split, 1)
        self.colour()

    def show_graphs(self, found: Merged) -> None:
        """Shows these, where they aren't yet: first the graph in which most differs."""
        if found is self.merged:
            return
        self.clear()
        self.merged = found
        names = [name for name, marks in found.marks.items() if len(marks)] or ["model"]
        for name in found.marks:
            count = len(found.marks[name])
            title = TITLES.get(name, name.removeprefix("block:"))
            button = QPushButton(f"{title} ({count})" if count else title)
            button.setProperty("role", "filter")
            button.setCheckable(True)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, name=name: self.show_graph(name))
            button.setObjectName(name)
            self._buttons.addButton(button)
            self._row.addWidget(button)
        most = max(names, key=lambda name: len(found.marks[name]) if name in found.marks else 0)
        self.show_graph("model" if "model" in names else most)

    def clear(self) -> None:
        """Shows nothing."""
        for button in self._buttons.buttons():
            self._buttons.removeButton(button)
            self._row.removeWidget(button)
            button.deleteLater()
        self._drop_view()
        self.merged, self.graph = None, ""
        self.table.setRowCount(0)

    def _drop_view(self) -> None:
        if self.view is None:
            return
        scene = self.view.scene()
        self._holder.layout().removeWidget(self.view)
        self.view.hide()
        self.view.deleteLater()
        scene.release()
        scene.session.deleteLater()
        scene.deleteLater()
        self.view = None

    def show_graph(self, name: str) -> None:
        """Shows one of the graphs."""
        if self.merged is None or name == self.graph or name not in self.merged.marks:
            return
        self.graph = name
        self._drop_view()
        for button in self._buttons.buttons():
            button.setChecked(button.objectName() == name)
        path = name.replace("block:", "blocks.")
        self.rows = [e for e in self.merged.differences if e.path.startswith(f"{path}.")]
        marks = self.merged.marks[name]
        places = [place_of(each.path) for each in self.rows]
        self._places = [place[1] if place else "" for place in places]
        self.table.blockSignals(True)
        self.table.fill(
            (_called(row[0].removeprefix(f"{path}.")), *row[1:])
            for row in of_differences(self.rows)
        )
        mark_kinds(self.table, [self._kind(marks, at) for at in range(len(self.rows))])
        self.table.setCurrentCell(-1, -1)
        self.table.blockSignals(False)
        self.view = MergedView(MergedScene(self.merged.project, name, marks))
        self.view.clicked.connect(self._clicked)
        self.view.entered.connect(self._enter)
        self._holder.layout().addWidget(self.view)

    def _kind(self, marks, at: int) -> str:
        node = self._places[at]
        return marks.nodes.get(node, CHANGED) if node else self.rows[at].kind

    def go_to(self, graph: str, node: str) -> None:
        """Shows a node: selects it, and its first difference."""
        self.show_graph(graph)
        if self.view is None or node not in self.view.scene().nodes:
            return
        self.view.scene().select([node])
        self.view.frame([node])
        self._clicked(node)

    def _node(self, row: int) -> str:
        """The node of a row; that an edge comes from where it is of an edge."""
        if not 0 <= row < len(self.rows):
            return ""
        each = self.rows[row]
        if self._places[row] or not each.path.endswith(".edges"):
            return self._places[row]
        ends = each.before if isinstance(each.before, str) else each.after
        return str(ends).partition(" -> ")[0].partition(".")[0]

    def _chosen(self, row: int) -> None:
        node = self._node(row)
        if self.view is not None and node in self.view.scene().nodes:
            self.view.scene().select([node])
            self.view.reveal([node])

    def _clicked(self, node: str) -> None:
        self.table.blockSignals(True)
        row = next((at for at in range(len(self.rows)) if self._node(at) == node), -1)
        self.table.setCurrentCell(row, 0)
        self.table.blockSignals(False)

    def _enter(self, node: str) -> None:
        if node:
            self.entered.emit(self.graph, node)

    def colour(self) -> None:
        """Takes the colours of the theme."""
        for kind, label in self._labels:
            label.setStyleSheet(f"color: {getattr(theme.tokens, LOOKS[kind][0])};")
        if self.view is not None:
            marks = self.merged.marks[self.graph]
            for row in range(len(self.rows)):
                colour = theme.color(LOOKS[self._kind(marks, row)][0])
                self.table.item(row, 0).setForeground(colour)
            self.view.scene().update()
            self.view.viewport().update()


def _called(path: str) -> str:
    """A difference within its graph: the node and its parameter, or the edge."""
    return "edge" if path == "edges" else path.removeprefix("nodes.")
