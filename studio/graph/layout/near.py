"""Where a new node goes: below the one it follows, or at a point, and on no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from studio.graph.document import Graph
from studio.graph.layout.layered import DOWN, GRID, LAYER_GAP, NODE, NODE_GAP, Point, Size

RINGS = 200


def place_near(
    graph: Graph,
    new: Size = NODE,
    beside: str | None = None,
    point: Point = (0, 0),
    size: Callable[[str], Size] | Mapping[str, Size] | None = None,
    direction: str = DOWN,
) -> Point:
    """The top left corner for a new node.

    Behind the node `beside`, in the middle of it, and where something stands there, the
    nearest free place at its sides, then farther on; without `beside`, round `point`.
    """
    own = size.get if isinstance(size, Mapping) else size or (lambda name: None)
    boxes = {
        node.id: (*node.at, *(own(node.id) or NODE))
        for node in graph.nodes.values()
        if node.at is not None
    }
    wide, high = new
    if beside in boxes:
        x, y, w, h = boxes[beside]
        if direction == DOWN:
            want = x + (w - wide) / 2, y + h + LAYER_GAP[DOWN]
        else:
            want = x + w + LAYER_GAP[direction], y + (h - high) / 2
    else:
        want = point[0] - wide / 2, point[1] - high / 2
    want = _grid(want[0]), _grid(want[1])
    aside, on = (wide + NODE_GAP, high + LAYER_GAP[DOWN])
    if direction != DOWN:
        aside, on = (wide + LAYER_GAP[direction], high + NODE_GAP)
    taken = list(boxes.values())
    for ring in range(RINGS):
        for x, y in _ring(want, ring, aside, on, direction):
            if not any(_touches(x, y, wide, high, box) for box in taken):
                return x, y
    return want


def _ring(want: Point, ring: int, aside: float, on: float, direction: str) -> list[Point]:
    """Places at the same distance in steps: sideways ones first, none before the wanted one."""
    found = []
    for step in range(ring + 1):
        for sign in (1, -1) if ring > step else (1,):
            across, along = sign * (ring - step), step
            if direction == DOWN:
                found.append((_grid(want[0] + across * aside), _grid(want[1] + along * on)))
            else:
                found.append((_grid(want[0] + along * aside), _grid(want[1] + across * on)))
    return found


def _touches(
    x: float, y: float, wide: float, high: float, box: tuple[float, float, float, float]
) -> bool:
    """Whether a node there would come nearer to another than half a gap."""
    left, top, w, h = box
    room = NODE_GAP / 2
    return (
        x < left + w + room
        and left < x + wide + room
        and y < top + h + room
        and top < y + high + room
    )


def _grid(value: float) -> float:
    return round(value / GRID) * GRID
