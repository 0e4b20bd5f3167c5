"""The graphs of a project as a tree of ids, kept as the document is by comparing the two."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import count
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QByteArray,
    QMimeData,
    QModelIndex,
    QObject,
    Qt,
    Signal,
)

from studio.graph.caption import op_title
from studio.graph.compose.walk import ways_of
from studio.graph.document import Graph, Node, owner
from studio.graph.problems import ERROR
from studio.gui.canvas.labels import label_of
from studio.gui.canvas.looks import look_of
from studio.gui.session import Change, Session

ROLE = Qt.ItemDataRole.UserRole
ROWS = "application/x-studio-rows"
_ABLE = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
GRAPH = _ABLE | Qt.ItemFlag.ItemIsDropEnabled
# Dropped between two nodes, never on one. Asked for every row, so put together once.
NODE = _ABLE | Qt.ItemFlag.ItemIsEditable | Qt.ItemFlag.ItemIsDragEnabled


_keys = count(1)


class Row:
    """A graph, or a node of one; `rows` are what is in it, None as long as nobody looked."""

    __slots__ = ("graph", "id", "key", "parent", "place", "rows")

    def __init__(self, parent: Row | None, graph: str, id: str, place: int):
        self.parent = parent
        self.key = next(_keys)
        """What stands for it in an index of Qt's, which may outlive it."""
        self.graph = graph
        self.id = id
        """A node's id; empty for a graph itself."""
        self.place = place
        self.rows: list[Row] | None = None


class OutlineRows(QAbstractItemModel):
    """Rows of graphs, their nodes, and in nodes that are blocks the nodes of the block.

    Signals: `renamed(Row, str)` a node was given another name in the tree;
    `moved(str, list, object)` nodes of a graph were dropped before another (or
    None, behind all).
    """

    renamed = Signal(object, str)
    moved = Signal(str, list, object)

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self.session: Session | None = None
        self.graphs: list[Row] = []
        self._by_key: dict[int, Row] = {}
        self._problems: dict[tuple[str, str], list[str]] = {}
        self._colors: dict[str | None, str] = {}
        self._errors: set[tuple[str, str]] = set()

    # Following the document

    def show(self, session: Session | None) -> None:
        """Shows another project."""
        self.beginResetModel()
        self.session = session
        self.graphs = []
        self._by_key.clear()
        self._colors.clear()
        self.endResetModel()
        if session is not None:
            self._sync_graphs()
            self.check()

    def graph_of(self, row: Row) -> Graph:
        """The graph that a row stands for, or stands in."""
        return self.session.project.graph(row.graph) or Graph()

    def node(self, row: Row) -> Node | None:
        """The node that a row stands for."""
        return self.graph_of(row).nodes.get(row.id) if row.id else None

    def inside(self, row: Row) -> str:
        """The graph whose nodes are the rows in a row; empty where it has none."""
        if not row.id:
            return row.graph
        node = self.node(row)
        made = owner(self.graph_of(row), node) if node is not None else None
        op = (made.op if made is not None else None) or ""
        known = op.startswith("block:") and op.removeprefix("block:") in self.session.project.blocks
        return op if known else ""

    def follow(self, change: Change) -> None:
        """Makes the rows those of the document."""
        before, after = change.before.graphs(), change.after.graphs()
        if before.keys() != after.keys():
            self._colors.clear()  # an op may be a block now, or none any more
            self._sync_graphs()
        changed = {
            name for name, graph in after.items() if name not in before or before[name] is not graph
        }
        self._follow(self.graphs, changed, before, after)

    def _follow(
        self,
        rows: list[Row],
        changed: set[str],
        before: dict[str, Graph],
        after: dict[str, Graph],
    ) -> None:
        for row in rows:
            if row.rows is None:
                continue
            inside = self.inside(row)
            if not inside or any(each.graph != inside for each in row.rows[:1]):
                self._drop(row)
            elif inside in changed:
                self._sync(row, before.get(inside), after[inside])
            self._follow(row.rows or [], changed, before, after)

    def _drop(self, row: Row) -> None:
        if row.rows:
            self.beginRemoveRows(self.index_of(row), 0, len(row.rows) - 1)
            self._forget(row.rows)
            row.rows = None
            self.endRemoveRows()
        row.rows = None

    def _sync_graphs(self) -> None:
        names = self.session.project.graphs()
        order = [name for name in ("model", "data") if name in names]
        order += [name for name in names if name not in order]
        for place in range(len(self.graphs) - 1, -1, -1):
            if self.graphs[place].graph not in names:
                self.beginRemoveRows(QModelIndex(), place, place)
                self._forget([self.graphs[place]])
                del self.graphs[place]
                self.endRemoveRows()
        for place, name in enumerate(order):
            if place == len(self.graphs) or self.graphs[place].graph != name:
                self.beginInsertRows(QModelIndex(), place, place)
                row = self._row(None, name, "", place)
                # Of an empty graph all is known; of others, once somebody looks.
                row.rows = None if names[name].nodes else []
                self.graphs.insert(place, row)
                self.endInsertRows()
        _number(self.graphs)

    def _sync(self, row: Row, before: Graph | None, after: Graph) -> None:
        """Brings the nodes in a row up to date: what is at the top and the bottom alike stays."""
        rows, names = row.rows, list(after.nodes)
        least = min(len(rows), len(names))
        head = next((i for i in range(least) if rows[i].id != names[i]), least)
        tail = 0
        while tail < least - head and rows[-1 - tail].id == names[-1 - tail]:
            tail += 1
        old, new = rows[head : len(rows) - tail], names[head : len(names) - tail]
        if old or new:
            if len(old) == len(new) and {each.id for each in old} == set(new):
                self._order(row, head, new)
            elif len(old) == len(new) == 1:
                old[0].id = new[0]  # renamed: it stays open, and selected
            else:
                self._exchange(row, head, len(old), new)
        if before is None:
            return
        place = {each.id: each.place for each in row.rows}
        for name, node in after.nodes.items():
            if before.nodes.get(name) is not node:
                index = self.index(place[name], 0, self.index_of(row))
                self.dataChanged.emit(index, index)

    def _order(self, row: Row, head: int, names: list[str]) -> None:
        self.layoutAboutToBeChanged.emit()
        indexes = self.persistentIndexList()
        kept = [self.row(index) for index in indexes]
        by_id = {each.id: each for each in row.rows}
        row.rows[head : head + len(names)] = [by_id[name] for name in names]
        _number(row.rows)
        self.changePersistentIndexList(indexes, [self.index_of(each) for each in kept])
        self.layoutChanged.emit()

    def _exchange(self, row: Row, head: int, count: int, names: list[str]) -> None:
        parent = self.index_of(row)
        inside = self.inside(row)
        if count:
            self.beginRemoveRows(parent, head, head + count - 1)
            self._forget(row.rows[head : head + count])
            del row.rows[head : head + count]
            _number(row.rows)
            self.endRemoveRows()
        if names:
            self.beginInsertRows(parent, head, head + len(names) - 1)
            row.rows[head:head] = [self._row(row, inside, name, 0) for name in names]
            _number(row.rows)
            self.endInsertRows()

    def check(self) -> None:
        """Takes over what is wrong, as of the last check."""
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._errors = set()
        for problem in self.session.problems:
            if problem.node:
                found[problem.graph, problem.node].append(problem.message)
                if problem.severity == ERROR:
                    self._errors.add((problem.graph, problem.node))
        self._problems = dict(found)

    # What Qt asks

    def index_of(self, row: Row) -> QModelIndex:
        """Where a row is."""
        return self.createIndex(row.place, 0, row.key)

    def row(self, index: QModelIndex) -> Row | None:
        """The row at an index; None where there is none any more."""
        return self._by_key.get(index.internalId()) if index.isValid() else None

    def _row(self, parent: Row | None, graph: str, id: str, place: int) -> Row:
        row = Row(parent, graph, id, place)
        self._by_key[row.key] = row
        return row

    def _forget(self, rows: Iterable[Row]) -> None:
        """Rows that are no more, and all in them."""
        for row in rows:
            self._by_key.pop(row.key, None)
            self._forget(row.rows or ())

    def index(self, place: int, column: int, parent: QModelIndex | None = None) -> QModelIndex:
        rows = self._rows(parent)
        if column or not 0 <= place < len(rows):
            return QModelIndex()
        return self.index_of(rows[place])

    def _rows(self, parent: QModelIndex | None) -> list[Row]:
        if parent is None or not parent.isValid():
            return self.graphs
        row = self.row(parent)
        return (row.rows if row is not None else None) or []

    def parent(self, index: QModelIndex | None = None) -> Any:
        if index is None:
            return super().parent()
        row = self.row(index)
        return self.index_of(row.parent) if row is not None and row.parent else QModelIndex()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return len(self._rows(parent))

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return 1

    def hasChildren(self, parent: QModelIndex | None = None) -> bool:
        if parent is None or not parent.isValid():
            return bool(self.graphs)
        row = self.row(parent)
        if row is None or row.rows is not None:
            return row is not None and bool(row.rows)
        inside = self.inside(row)
        return bool(inside and self.session.project.graph(inside).nodes)

    def canFetchMore(self, parent: QModelIndex) -> bool:
        return (
            (row := self.row(parent)) is not None and row.rows is None and self.hasChildren(parent)
        )

    def fetchMore(self, parent: QModelIndex) -> None:
        if not self.canFetchMore(parent):
            return
        row = self.row(parent)
        inside = self.inside(row)
        names = list(self.session.project.graph(inside).nodes)
        self.beginInsertRows(parent, 0, len(names) - 1)
        row.rows = [self._row(row, inside, name, place) for place, name in enumerate(names)]
        self.endInsertRows()

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        row = self.row(index)
        if row is None:
            return Qt.ItemFlag.NoItemFlags
        return NODE if row.id else GRAPH

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.row(index)
        if row is None or self.session is None:
            return None
        if role == ROLE:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return row.id or title_of(row.graph)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.said(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.said(row).replace(". ", ".\n") if row.id else None
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        row = self.row(index)
        name = str(value).strip()
        if role != Qt.ItemDataRole.EditRole or not row.id or not name or name == row.id:
            return False
        self.renamed.emit(row, name)
        return True

    # Dragging

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        return [ROWS]

    def mimeData(self, indexes: list[QModelIndex]) -> QMimeData:
        rows = [self.row(index) for index in indexes]
        graph = rows[0].graph if rows else ""
        names = [row.id for row in sorted(rows, key=lambda r: r.place) if row.graph == graph]
        data = QMimeData()
        data.setData(ROWS, QByteArray("\n".join([graph, *filter(None, names)]).encode()))
        return data

    def canDropMimeData(self, data, action, place, column, parent) -> bool:
        if not data.hasFormat(ROWS) or not parent.isValid():
            return False
        graph = bytes(data.data(ROWS).data()).decode().split("\n")[0]
        return self.inside(self.row(parent)) == graph

    def dropMimeData(self, data, action, place, column, parent) -> bool:
        if not self.canDropMimeData(data, action, place, column, parent):
            return False
        graph, *names = bytes(data.data(ROWS).data()).decode().split("\n")
        behind = self.row(parent).rows or []
        behind = behind[place:] if place >= 0 else []
        before = next((row.id for row in behind if row.id not in names), None)
        self.moved.emit(graph, names, before)
        return False  # the document has moved them; the view must take none away

    # What a row says

    def problems(self, row: Row) -> list[str]:
        """What is wrong with a node, a sentence each."""
        return self._problems.get((row.graph, row.id), []) if row.id else []

    def wrong(self, row: Row) -> bool:
        """Whether a problem of it stops a run."""
        return (row.graph, row.id) in self._errors

    def kind(self, row: Row) -> str:
        """What a node calls."""
        node = self.node(row)
        if node is None:
            return ""
        name = op_title(self.session.project, self.graph_of(row), node)
        return f"{name} \N{MULTIPLICATION SIGN}{node.repeat}" if node.repeat > 1 else name

    def shape(self, row: Row) -> str:
        """What leaves a node."""
        return label_of(self.session.shapes(row.graph).at(row.id))

    def color(self, row: Row) -> str:
        """The colour of a node's family."""
        graph = self.graph_of(row)
        node = graph.nodes[row.id]
        made = owner(graph, node) or node
        if made.op not in self._colors:
            look = look_of(self.session.project, graph, node, frozenset(), Counter())
            self._colors[made.op] = look.colour
        return self._colors[made.op]

    def said(self, row: Row) -> str:
        """All of a row in words, for those who listen."""
        if not row.id:
            count = len(self.graph_of(row).nodes)
            return f"{title_of(row.graph)}, {count} node{'s' * (count != 1)}"
        graph = self.graph_of(row)
        node = graph.nodes.get(row.id)
        if node is None:
            return row.id
        ways = ways_of(graph)
        parts = [row.id, self.kind(row)]
        shape = self.shape(row) or ("" if row.graph == "data" else "shape unknown")
        parts += [shape] if shape else []
        before, after = ways.before[row.id], ways.after[row.id]
        if before:
            parts.append(f"fed by {_listed(before)}")
        parts.append(f"feeds {_listed(after)}" if after else "feeds nothing")
        if node.bypass:
            parts.append("bypassed")
        return ", ".join(parts) + "".join(f". {each}" for each in self.problems(row))


def _number(rows: list[Row]) -> None:
    for place, row in enumerate(rows):
        row.place = place


def _listed(names: Iterable[str]) -> str:
    names = list(dict.fromkeys(names))
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ", ".join(names[:4]) + more


def title_of(graph: str) -> str:
    """What a graph is called in the interface."""
    return graph.removeprefix("block:") if ":" in graph else graph.capitalize()
