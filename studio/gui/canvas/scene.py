"""A graph of the session as items, kept as the document is. It holds ids, never nodes' data."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from PySide6.QtCore import QPointF, QRectF, QTimer, Signal
from PySide6.QtWidgets import QGraphicsScene, QGraphicsSceneHelpEvent

from studio.graph.document import Edge, Graph, Project
from studio.graph.problems import ERROR
from studio.gui.canvas.edge_item import EdgeItem
from studio.gui.canvas.frame_item import FrameItem
from studio.gui.canvas.geometry import HEIGHT, WIDTH
from studio.gui.canvas.labels import label_of
from studio.gui.canvas.looks import look_of
from studio.gui.canvas.nearby import Nearby
from studio.gui.canvas.node_item import NodeItem
from studio.gui.canvas.telling import tell
from studio.gui.session import Change, Session

LONG = 120.0
"""An edge whose ends are farther apart (in y) is led round the nodes between them."""

AT_ONCE = 400
"""Edges whose labels are changed in one go."""

_NONE: Counter[str] = Counter()

Key = tuple[str, str, int]
"""An edge: source, target, and which of those that are alike."""


class CanvasScene(QGraphicsScene):
    """The items of one graph. `drawn` is emitted when what is to be seen has changed, `lit` when
    only what its nodes glow with has."""

    drawn = Signal()
    lit = Signal()

    def __init__(self, session: Session, graph: str):
        super().__init__()
        self.session = session
        self.name = graph
        self.nodes: dict[str, NodeItem] = {}
        self.edges: dict[Key, EdgeItem] = {}
        self.frames: dict[str, FrameItem] = {}
        self.nearby = Nearby()
        self.by_node: dict[str, set[Key]] = defaultdict(set)
        self._placed: dict[str, tuple[float, float]] = {}
        self._unlabelled: list[EdgeItem] = []
        self._labelling = QTimer(self, interval=0, singleShot=True)
        self._labelling.timeout.connect(self._label_some)
        self._arriving: dict[str, Counter[str]] = {}
        session.changed.connect(self._changed)
        session.checked.connect(self._checked)
        self._sync(None, self.graph)
        self._show_shapes()
        self._checked()

    @property
    def graph(self) -> Graph:
        """The graph as it is now; empty where the project has none of this name."""
        return self.session.project.graph(self.name) or Graph()

    def refresh(self) -> None:
        """Shows the shapes anew: those of a block hang on the node it is seen through."""
        self._show_shapes()
        self.drawn.emit()

    def helpEvent(self, event: QGraphicsSceneHelpEvent) -> None:
        """The pointer rests: what flows along an edge is told."""
        if not tell(self, event):
            super().helpEvent(event)

    def release(self) -> None:
        """Listens no more; for a tab that is closed."""
        self.session.changed.disconnect(self._changed)
        self.session.checked.disconnect(self._checked)

    # Following the document

    def _changed(self, change: Change) -> None:
        before, after = change.graph(self.name)
        whole = (
            change.before.blocks is not change.after.blocks
            or change.before.code is not change.after.code
        )
        if before is not after or whole:
            self._sync(None if whole else before, after or Graph())
        self._show_shapes()
        self.drawn.emit()

    def _sync(self, before: Graph | None, after: Graph) -> None:
        """Makes the items those of the graph; nodes that are the same objects cost nothing."""
        project = self.session.project
        old = before.nodes if before is not None else {}
        results = frozenset(_result_nodes(after))
        old_results = frozenset(_result_nodes(before)) if before is not None else frozenset()
        fed_anew: set[str] = set()
        if before is None or before.edges is not after.edges:
            arriving = arriving_at(after.edges)
            names = self._arriving.keys() | arriving.keys()
            fed_anew = {n for n in names if self._arriving.get(n) != arriving.get(n)}
            self._arriving = arriving
        gone = self.nodes.keys() - after.nodes.keys()
        if gone or before is None or before.edges is not after.edges:
            self._sync_edges(after, gone)
        for name in gone:
            self._remove_node(name)
        moved: set[str] = set()
        if before is None or before.nodes is not after.nodes or fed_anew or results != old_results:
            changed_owners = fed_anew | {
                name
                for name, node in after.nodes.items()
                if old.get(name) is not node or (name in results) != (name in old_results)
            }
            for name, node in after.nodes.items():
                if name in changed_owners or node.shares in changed_owners:
                    moved |= self._sync_node(project, after, name, results)
            self._place_unplaced(after)
        self._sync_new_edges(after)
        if moved:
            self.follow(moved)
        self._sync_frames(after)

    def _sync_node(
        self, project: Project, graph: Graph, name: str, results: frozenset[str]
    ) -> set[str]:
        node = graph.nodes[name]
        look = look_of(project, graph, node, results, self._arriving.get(name, _NONE))
        item = self.nodes.get(name)
        if item is None:
            item = self.nodes[name] = NodeItem(name, look)
            self.addItem(item)
            if node.at is not None:
                self._put(item, *node.at)
            return set()
        ports = (item.look.inputs, item.look.outputs)
        item.set_look(look)
        moved = ports != (look.inputs, look.outputs)
        if node.at is not None and (item.x(), item.y()) != tuple(node.at):
            self._put(item, *node.at)
            moved = True
        if moved:
            self._reconnect(name)
            return {name}
        return set()

    def _put(self, item: NodeItem, x: float, y: float) -> None:
        item.setPos(x, y)
        self.nearby.put(item.id, item.pos())

    def _place_unplaced(self, graph: Graph) -> None:
        """Nodes without a place get one from the layout; the document isn't changed."""
        without = [name for name, node in graph.nodes.items() if node.at is None]
        self._placed = {n: at for n, at in self._placed.items() if n in graph.nodes}
        new = [name for name in without if name not in self._placed]
        if new:
            from studio.graph.layout.anchors import spread
            from studio.graph.layout.layered import layout

            found = layout(
                graph,
                dict.fromkeys(graph.nodes, (WIDTH, HEIGHT)),
                only=None if len(without) == len(graph.nodes) else set(new),
                anchors=spread(self.session.project, graph),
            )
            self._placed.update({name: found.places[name] for name in new})
        for name in without:
            item = self.nodes[name]
            if (item.x(), item.y()) != self._placed[name] or name in new:
                self._put(item, *self._placed[name])

    def places(self) -> dict[str, tuple[float, float]]:
        """Where every node stands now."""
        return {name: (item.x(), item.y()) for name, item in self.nodes.items()}

    def unplaced(self) -> dict[str, tuple[float, float]]:
        """The places of nodes whose place the document doesn't know."""
        return {n: self._placed[n] for n, node in self.graph.nodes.items() if node.at is None}

    def _remove_node(self, name: str) -> None:
        item = self.nodes.pop(name)
        self.removeItem(item)
        self.nearby.drop(name)
        self.by_node.pop(name, None)

    def _sync_edges(self, graph: Graph, gone: set[str]) -> None:
        wanted = set(keys_of(graph.edges))
        for key in [key for key in self.edges if key not in wanted]:
            self._remove_edge(key)
        for name in gone:
            for key in list(self.by_node.get(name, ())):
                self._remove_edge(key)

    def _remove_edge(self, key: Key) -> None:
        item = self.edges.pop(key)
        self.by_node[item.edge.source_node].discard(key)
        self.by_node[item.edge.target_node].discard(key)
        self.removeItem(item)

    def _sync_new_edges(self, graph: Graph) -> None:
        if len(self.edges) == len(graph.edges):
            return
        fresh = []
        for key, edge in zip(keys_of(graph.edges), graph.edges, strict=True):
            if key in self.edges:
                continue
            source, target = self.nodes.get(edge.source_node), self.nodes.get(edge.target_node)
            if source is None or target is None:
                continue  # an edge to nowhere: the problems say so
            item = EdgeItem(edge, source, target, _ports(edge, source, target))
            self.edges[key] = item
            self.by_node[edge.source_node].add(key)
            self.by_node[edge.target_node].add(key)
            item.follow(self.around(item))
            self.addItem(item)
            fresh.append(item)

    def expand(self, name: str, on: bool) -> None:
        """Shows also the free ports of a node that needn't be fed, while a wire is in the hand."""
        item = self.nodes.get(name)
        if item is not None and item.look.spare and item.expanded != on:
            item.expanded = on
            item.update()
            self._reconnect(name)
            self.follow([name])

    def _reconnect(self, name: str) -> None:
        for key in self.by_node.get(name, ()):
            item = self.edges[key]
            item.ports = _ports(item.edge, item.source, item.target)

    def around(self, item: EdgeItem) -> Iterable[QRectF]:
        """The nodes that an edge may have to be led round."""
        start, end = item.start, item.end
        if end.y() - start.y() < LONG:
            return ()
        # A little wider than its ends, for the way round one node may meet the next.
        area = QRectF(start, end).normalized().adjusted(-2 * WIDTH, 4, 2 * WIDTH, -4)
        found = self.nearby.within(area)
        found.pop(item.edge.source_node, None)
        found.pop(item.edge.target_node, None)
        return tuple(found.values())

    def follow(self, nodes: Iterable[str], around: bool = True) -> None:
        """Leads the edges of nodes to where they are; while dragging, straight (`around` False)."""
        for key in {key for name in nodes for key in self.by_node.get(name, ())}:
            item = self.edges[key]
            item.follow(self.around(item) if around else ())

    def move(self, places: dict[str, tuple[float, float]], around: bool = False) -> None:
        """Shows nodes at other places, as while they are dragged; the document isn't changed."""
        for name, (x, y) in places.items():
            self._put(self.nodes[name], x, y)
        self.follow(places, around)

    def settle_edges(self, nodes: Iterable[str]) -> None:
        """Leads edges that pass where nodes came to stand round them."""
        area = self.bounds(nodes).adjusted(-WIDTH, -HEIGHT, WIDTH, HEIGHT)
        for item in self.items(area):
            if isinstance(item, EdgeItem):
                item.follow(self.around(item))

    def _sync_frames(self, graph: Graph) -> None:
        frames = getattr(graph, "frames", {})
        for name in self.frames.keys() - frames.keys():
            self.removeItem(self.frames.pop(name))
        for name, frame in frames.items():
            if name in self.frames:
                self.frames[name].set_frame(frame)
            else:
                self.frames[name] = FrameItem(name, frame)
                self.addItem(self.frames[name])

    # Shapes and problems

    def _show_shapes(self) -> None:
        """Shows the shapes at the edges in sight at once, at the others a little later."""
        items = list(self.edges.values())
        if len(items) > AT_ONCE and self.views():
            seen = self.views()[0].seen().adjusted(-WIDTH, -HEIGHT, WIDTH, HEIGHT)
            near = [item for item in items if item.boundingRect().intersects(seen)]
            self._label(near)
            self._unlabelled = items
            self._labelling.start()
        else:
            self._label(items)

    def _label_some(self) -> None:
        some, self._unlabelled = self._unlabelled[:AT_ONCE], self._unlabelled[AT_ONCE:]
        self._label(item for item in some if item.scene() is self)
        if self._unlabelled:
            self._labelling.start()

    def _label(self, items: Iterable[EdgeItem]) -> None:
        shapes = self.session.shapes(self.name)
        for item in items:
            refused = item.edge.target_node in shapes.refused
            item.set_label(label_of(shapes.at(item.edge.source)), refused)

    def _checked(self) -> None:
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for problem in self.session.problems:
            if problem.graph == self.name and problem.node:
                counts[problem.node]["errors" if problem.severity == ERROR else "warnings"] += 1
        for name, item in self.nodes.items():
            found = counts.get(name)
            item.set_problems(*(found["errors"], found["warnings"]) if found else (0, 0))
        self._show_shapes()
        self.drawn.emit()

    # Questions

    def selected(self) -> list[str]:
        """The selected nodes, in the order of the document."""
        chosen = {item.id for item in self.selectedItems() if isinstance(item, NodeItem)}
        return [name for name in self.graph.nodes if name in chosen]

    def select(self, nodes: Iterable[str]) -> None:
        """Selects these nodes and nothing else."""
        wanted = set(nodes)
        self.blockSignals(True)
        for item in self.selectedItems():
            if not (isinstance(item, NodeItem) and item.id in wanted):
                item.setSelected(False)
        for name in wanted & self.nodes.keys():
            self.nodes[name].setSelected(True)
        self.blockSignals(False)
        self.selectionChanged.emit()

    def bounds(self, nodes: Iterable[str] | None = None) -> QRectF:
        """The rectangle that nodes take; all of them, and the frames, where none are named."""
        names = list(self.nodes if nodes is None else nodes)
        rects = [self.nodes[name].rect for name in names if name in self.nodes]
        if nodes is None:
            rects += [frame.rect for frame in self.frames.values()]
        if not rects:
            return QRectF(0, 0, WIDTH, HEIGHT)
        found = rects[0]
        for rect in rects[1:]:
            found = found.united(rect)
        return found

    def node_at(self, point: QPointF) -> NodeItem | None:
        """The node whose body is at a point."""
        for name in self.nearby.within(QRectF(point.x() - 1, point.y() - 1, 2, 2)):
            return self.nodes[name]
        return None


def keys_of(edges: Iterable[Edge]) -> list[Key]:
    """A key for each edge, in their order."""
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for edge in edges:
        pair = (edge.source, edge.target)
        found.append((*pair, seen[pair]))
        seen[pair] += 1
    return found


def arriving_at(edges: Iterable[Edge]) -> dict[str, Counter[str]]:
    """For each node that is fed, how many edges come to each of its ports."""
    found: dict[str, Counter[str]] = {}
    for edge in edges:
        node, _, port = edge.target.partition(".")
        found.setdefault(node, Counter())[port] += 1
    return found


def _result_nodes(graph: Graph | None) -> Iterable[str]:
    outputs = getattr(graph, "outputs", ())
    ends = outputs.values() if isinstance(outputs, dict) else outputs
    return (end.partition(".")[0] for end in ends)


def _ports(edge: Edge, source: NodeItem, target: NodeItem) -> tuple[int, int]:
    """Which ports an edge runs between; the first where the name isn't one."""
    outs, ins = source.look.outputs, target.inputs
    out = outs.index(edge.source_port) if edge.source_port in outs else 0
    return out, ins.index(edge.target_port) if edge.target_port in ins else 0
