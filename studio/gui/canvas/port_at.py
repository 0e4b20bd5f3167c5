"""Which port is under a point."""

from __future__ import annotations

from msgspec import Struct
from PySide6.QtCore import QPointF, QRectF

from studio.gui.canvas.geometry import PORT, REACH
from studio.gui.canvas.node_item import NodeItem
from studio.gui.canvas.scene import CanvasScene


class PortAt(Struct, frozen=True):
    """A port of a node: `out` where tensors leave."""

    node: str
    name: str
    out: bool
    point: QPointF
    alone: bool

    @property
    def end(self) -> str:
        """How an edge names it: the node alone where it has no other port on that side."""
        return self.node if self.alone else f"{self.node}.{self.name}"


def ports_of(item: NodeItem) -> list[PortAt]:
    """All ports that a node shows."""
    found = []
    alone = len(item.look.inputs) + len(item.look.spare) == 1
    for index, name in enumerate(item.inputs):
        found.append(PortAt(item.id, name, False, item.input_point(index), alone))
    alone = len(item.look.outputs) == 1
    for index, name in enumerate(item.look.outputs):
        found.append(PortAt(item.id, name, True, item.output_point(index), alone))
    return found


def port_at(scene: CanvasScene, at: QPointF, zoom: float, out: bool | None = None) -> PortAt | None:
    """The nearest port within reach of the pointer; `out` asks for outputs or inputs alone."""
    reach = REACH / max(zoom, 1.0)
    # Within a node's body little of it belongs to its ports: the rest moves the node.
    best, nearest = None, reach if scene.node_at(at) is None else min(reach, PORT + 4)
    area = QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach)
    for name in scene.nearby.within(area):
        for port in ports_of(scene.nodes[name]):
            if out is not None and port.out != out:
                continue
            away = (port.point - at).toTuple()
            distance = (away[0] ** 2 + away[1] ** 2) ** 0.5
            if distance < nearest:
                best, nearest = port, distance
    return best
