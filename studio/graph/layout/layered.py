"""A graph laid out in layers: edges lead on, chains are straight, skips run beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from studio.graph.document import Edge, Graph
from studio.graph.layout.layers import Layered, Link, Tick, layered
from studio.graph.layout.order import ordered
from studio.graph.layout.place import GRID, placed

Point = tuple[float, float]
Size = tuple[float, float]

NODE: Size = (196, 50)
DOWN, RIGHT = "down", "right"

LAYER_GAP = {DOWN: 48, RIGHT: 112}
"""Between two rows stands the edge's shape, which is read from left to right."""

NODE_GAP, LANE_GAP, LANES_GAP = 36, 24, 20
"""With 36 between two nodes of 196 the middle between them is on the grid."""

PART_GAP = 64
ASPECT = 1.6
"""Parts that hang together by no edge are packed into about this width to height."""

FAR, SLOPE, STEEP = 480, 12, 96
"""Rows whose edges go farther aside than FAR stand a SLOPEth of that farther apart."""


class Cancelled(Exception):  # noqa: N818  (it is an answer to the caller, not a failure)
    """The layout was told to stop."""


class Layout(Struct, frozen=True):
    """Where the nodes stand (their top left corners), and the bends of long edges.

    `routes` goes by the edge's index in the graph; an edge without bends isn't in it.
    """

    places: dict[str, Point]
    routes: dict[int, tuple[Point, ...]]


def _centred(edge: Edge) -> Point:
    return 0.5, 0.5


def layout(
    graph: Graph,
    size: Callable[[str], Size] | Mapping[str, Size] | None = None,
    direction: str = DOWN,
    cancelled: Callable[[], bool] = lambda: False,
    only: Iterable[str] | None = None,
    anchors: Callable[[Edge], Point] = _centred,
    progress: Callable[[float], None] = lambda share: None,
) -> Layout:
    """The places of all nodes, or of some among themselves (`only`).

    `size` gives width and height of a node, `anchors` how far along its nodes (0 to 1)
    an edge leaves and enters; `progress` hears how much is done. The first node of the
    file comes to (0, 0); with `only`, the nodes stay about where they were. Cycles and
    edges that lead nowhere are borne. Raises Cancelled soon after `cancelled` says so.
    """

    def tick() -> None:
        if cancelled():
            raise Cancelled

    tick()
    wanted = set(graph.nodes if only is None else only)
    nodes = [name for name in graph.nodes if name in wanted]
    if not nodes:
        return Layout({}, {})
    sizes = _sizes(nodes, size)
    if direction == RIGHT:
        sizes = [(height, width) for width, height in sizes]
    number = {name: index for index, name in enumerate(nodes)}
    links: list[Link] = []
    edges: list[int] = []
    for index, edge in enumerate(graph.edges):
        source, target = number.get(edge.source_node), number.get(edge.target_node)
        if source is not None and target is not None and source != target:
            links.append((source, target, *anchors(edge), edge.source_port))
            edges.append(index)
    tick()
    parts = _parts(len(nodes), links)
    tick()
    made = []
    done = 0
    for members, own in parts:
        made.append(_part(members, [links[i] for i in own], sizes, direction, tick))
        done += len(members)
        progress(done / len(nodes))
    corners = [(0.0, 0.0)] * len(nodes)
    routes: dict[int, tuple[Point, ...]] = {}
    shifts = _packed([part.box for part in made], direction)
    for part, (members, own), (dx, dy) in zip(made, parts, shifts, strict=True):
        for vertex, (x, y) in zip(members, part.corners, strict=True):
            corners[vertex] = (x + dx, y + dy)
        for link, bends in part.routes.items():
            routes[edges[own[link]]] = tuple((x + dx, y + dy) for x, y in bends)
    tick()
    if direction == RIGHT:
        corners = [(y, x) for x, y in corners]
        routes = {edge: tuple((y, x) for x, y in bends) for edge, bends in routes.items()}
    places = dict(zip(nodes, corners, strict=True))
    dx, dy = _origin(graph, places) if only is not None else _first(corners)
    return Layout(
        {name: (x + dx, y + dy) for name, (x, y) in places.items()},
        {edge: tuple((x + dx, y + dy) for x, y in bends) for edge, bends in routes.items()},
    )


class _Part(Struct):
    """A connected part, from (0, 0) to its box."""

    corners: list[Point]
    routes: dict[int, list[Point]]
    box: Size


def _sizes(nodes: list[str], size: Callable[[str], Size] | Mapping[str, Size] | None) -> list[Size]:
    if size is None:
        return [NODE] * len(nodes)
    if isinstance(size, Mapping):
        return [size.get(name, NODE) for name in nodes]
    return [size(name) for name in nodes]


def _parts(count: int, links: list[Link]) -> list[tuple[list[int], list[int]]]:
    """The connected parts, in the order of the file: their vertices, and their links."""
    parent = list(range(count))

    def find(v: int) -> int:
        while parent[v] != v:
            parent[v] = parent[parent[v]]
            v = parent[v]
        return v

    for source, target, *_ in links:
        a, b = find(source), find(target)
        parent[max(a, b)] = min(a, b)
    parts: dict[int, tuple[list[int], list[int]]] = {}
    for vertex in range(count):
        parts.setdefault(find(vertex), ([], []))[0].append(vertex)
    for index, link in enumerate(links):
        parts[find(link[0])][1].append(index)
    return list(parts.values())


def _part(
    members: list[int], links: list[Link], sizes: list[Size], direction: str, tick: Tick
) -> _Part:
    number = {vertex: index for index, vertex in enumerate(members)}
    links = [(number[a], number[b], *rest) for a, b, *rest in links]
    graph = layered(len(members), links, tick)
    rows = ordered(graph, tick)
    own = [sizes[v] for v in members]
    width = [each[0] for each in own] + [0.0] * (len(graph.layer) - len(own))
    middle = placed(graph, rows, width, (NODE_GAP, LANE_GAP, LANES_GAP), tick)
    tops, heights = _rows(graph, rows, middle, [each[1] for each in own], direction)
    corners = []
    for vertex, (wide, high) in enumerate(own):
        row = graph.layer[vertex]
        corners.append(
            (_grid(middle[vertex] - wide / 2), _grid(tops[row] + (heights[row] - high) / 2))
        )
    tick()
    routes = _routes(graph, middle, tops, heights)
    tick()
    left = min(x for x, _ in corners)
    left = min(left, _grid(min((x for bends in routes.values() for x, _ in bends), default=left)))
    corners = [(x - left, y) for x, y in corners]
    routes = {i: [(x - left, y) for x, y in bends] for i, bends in routes.items()}
    tick()
    right = max(x + wide for (x, _), (wide, _) in zip(corners, own, strict=True))
    right = max(right, max((x for bends in routes.values() for x, _ in bends), default=right))
    return _Part(corners, routes, (right, tops[-1] + heights[-1]))


def _rows(
    graph: Layered,
    rows: list[list[int]],
    middle: list[float],
    high: list[float],
    direction: str,
) -> tuple[list[float], list[float]]:
    """The top of each row, and its height."""
    tops, heights = [], []
    at = 0.0
    for row in rows:
        height = max((high[v] for v in row if v < graph.real), default=0.0)
        tops.append(at)
        heights.append(height)
        aside = max(
            (abs(middle[w] - middle[v]) for v in row for w, *_ in graph.down[v]), default=0.0
        )
        extra = min(STEEP, max(0.0, aside - FAR) / SLOPE)
        at += -(-(height + LAYER_GAP[direction] + extra) // GRID) * GRID
    return tops, heights


def _routes(
    graph: Layered, middle: list[float], tops: list[float], heights: list[float]
) -> dict[int, list[Point]]:
    """Where each long edge begins to run straight beside the nodes, shifts, and ends to."""
    runs: list[list[tuple[int, int, float]]] = []  # (first dummy, last dummy, x) of each lane
    for lane in graph.lanes:
        own: list[tuple[int, int, float]] = []
        for index, x in enumerate(middle[v] for v in lane):
            if own and abs(own[-1][2] - x) < 0.01:
                own[-1] = (own[-1][0], index, x)
            else:
                own.append((index, index, x))
        runs.append(own)
    routes = {}
    for link, (number, count) in graph.taken.items():
        bends = routes[link] = []
        row = graph.layer[graph.lanes[number][0]]
        for first, last, x in runs[number]:
            if first >= count:
                break
            end = row + min(last, count - 1)
            bends += [(x, tops[row + first]), (x, tops[end] + heights[end])]
    return routes


def _packed(boxes: list[Size], direction: str) -> list[Point]:
    """Where each part goes: beside the last one, or below where the row is full."""
    area = sum((w + PART_GAP) * (h + PART_GAP) for w, h in boxes)
    aspect = ASPECT if direction == DOWN else 1 / ASPECT
    widest = max(max(w for w, _ in boxes), (area * aspect) ** 0.5)
    if len(boxes) <= 4:
        widest = sum(w + PART_GAP for w, _ in boxes)
    found = []
    x = y = tall = 0.0
    for w, h in boxes:
        if x and x + w > widest:
            x, y, tall = 0.0, y + tall + PART_GAP, 0.0
        found.append((x, _grid(y)))
        x = _grid(x + w + PART_GAP)
        tall = max(tall, h)
    return found


def _grid(value: float) -> float:
    return round(value / GRID) * GRID


def _first(corners: list[Point]) -> Point:
    """What brings the first node to (0, 0)."""
    return -corners[0][0], -corners[0][1]


def _origin(graph: Graph, places: dict[str, Point]) -> Point:
    """What brings the places to where the nodes were: the same top, the same middle."""
    old = [graph.nodes[name].at for name in places if graph.nodes[name].at is not None]
    if not old:
        return _first(list(places.values()))
    new = list(places.values())
    middle = [(min(x for x, _ in each) + max(x for x, _ in each)) / 2 for each in (old, new)]
    top = [min(y for _, y in each) for each in (old, new)]
    return _grid(middle[0] - middle[1]), _grid(top[0] - top[1])
