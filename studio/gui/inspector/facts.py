"""What is known of a node: shapes in and out, parameters, FLOPs, memory; a row each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from PySide6.QtCore import QEvent, QPointF, QRect, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from studio.engine.figures import bytes_text
from studio.graph.document import Graph, Node, owner
from studio.graph.elements import Elements
from studio.graph.shapes import NodeResult, Shapes
from studio.graph.spec import BYTES, Spec, product
from studio.gui.look.theme import mono, sans, theme

ROW = 22
Row = tuple[str, str]


class Facts(QWidget):
    """Names at the left, values at the right."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self.setAccessibleName("Shapes and size")

    def show_rows(self, rows: Iterable[Row]) -> None:
        """Shows these rows."""
        rows = list(rows)
        if rows == self.rows:
            return
        self.rows = rows
        self.setFixedHeight(ROW * len(rows))
        self.setVisible(bool(rows))
        self.setAccessibleDescription("; ".join(f"{name} {value}" for name, value in rows))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for index, (name, value) in enumerate(self.rows):
            rect = QRect(0, index * ROW, self.width(), ROW)
            painter.setFont(sans(12))
            painter.setPen(theme.color("muted"))
            taken = painter.fontMetrics().horizontalAdvance(name)
            painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, name)
            painter.setFont(mono(12))
            painter.setPen(theme.color("text"))
            room = self.width() - taken - 12
            text = painter.fontMetrics().elidedText(value, Qt.TextElideMode.ElideMiddle, room)
            side = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(rect, side, text)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            row = self.row_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), row[1] if row else "", self)
            return True
        return super().event(event)

    def row_at(self, point: QPointF) -> Row | None:
        """The row at a point."""
        index = int(point.y()) // ROW
        return self.rows[index] if 0 <= index < len(self.rows) else None


def facts_of(graph: Graph, node: Node, shapes: Shapes) -> Iterator[Row]:
    """The rows of one node."""
    if not shapes.nodes and not shapes.refused:
        return  # what is inside a block hangs on where it is used
    incoming = [edge for edge in graph.edges if edge.target_node == node.id]
    for edge in incoming[:8]:
        name = edge.target_port or ("input" if len(incoming) == 1 else edge.source)
        yield from _flowing(name, shapes.at(edge.source))
    if len(incoming) > 8:
        yield "inputs", f"{len(incoming)} in all"
    result = shapes.nodes.get(node.id)
    if result is None:
        if node.id in shapes.refused:
            yield "output", "refused"
        return
    for port, flowing in result.outputs.items():
        yield from _flowing("output" if len(result.outputs) == 1 else port, flowing)
    if any(isinstance(each, Spec) for each in result.outputs.values()):
        yield from _size(graph, node, result)


def _size(graph: Graph, node: Node, result: NodeResult) -> Iterator[Row]:
    made = owner(graph, node)
    if made is not node and made is not None:
        yield "parameters", f"those of {made.id}"
    else:
        yield from counts([result])
    yield "FLOPs a sample", "unknown" if result.flops is None else f"{result.flops:,}"
    if not node.bypass:
        yield "activations a sample", bytes_text(activations(result))


def counts(results: Iterable[NodeResult]) -> Iterator[Row]:
    """The rows that count the parameters of nodes."""
    weights = [weight for result in results for weight in result.weights]
    total = sum(weight.count for weight in weights)
    trainable = sum(weight.count for weight in weights if weight.trainable)
    yield "parameters", f"{total:,}"
    if trainable != total:
        yield "trainable", f"{trainable:,}"


def activations(result: NodeResult) -> int | None:
    """The bytes of what leaves a node, for one sample; None where a size is unknown."""
    found = 0
    for spec in result.outputs.values():
        count = product(spec.shape[1:]) if isinstance(spec, Spec) else None
        size = BYTES.get(spec.dtype) if isinstance(spec, Spec) else None
        if count is None or size is None:
            return None
        found += count * size
    return found


def _flowing(name: str, value: Any) -> Iterator[Row]:
    """What flows on an edge: a tensor, or the elements of a dataset."""
    if isinstance(value, Spec):
        yield name, spec_text(value)
    elif isinstance(value, Elements):
        many = "endless" if value.infinite else "unknown" if value.count is None else None
        yield f"{name} elements", many or f"{value.count:,}"
        yield from _structure(value.structure, "")
    elif value is None:
        yield name, "unknown"


def _structure(value: Any, name: str) -> Iterator[Row]:
    if isinstance(value, Spec):
        yield f"  {name or 'tensor'}", spec_text(value)
    elif isinstance(value, dict):
        for key, inner in list(value.items())[:12]:
            yield from _structure(inner, str(key))
    elif isinstance(value, tuple):
        names = ("features", "label", "weight") if name == "" else ()
        for index, inner in enumerate(value):
            yield from _structure(inner, names[index] if index < len(names) else f"{name}[{index}]")


def spec_text(spec: Spec) -> str:
    """A tensor as the canvas writes it: (·, 8, 8, 32)."""
    sizes = ", ".join("·" if size is None else str(size) for size in spec.shape)
    tail = "" if spec.dtype == "float32" else f" {spec.dtype}"
    return f"({sizes}){tail}" + (" ragged" if spec.ragged else "")
