"""From edges to layers: which node stands on which row, and the lanes of edges that pass rows.

A long edge is cut into one dummy vertex for each row that it passes, so that it has a
place of its own beside the nodes there. Edges that leave one port share their dummies:
a tensor that many nodes take runs down as one line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

Tick = Callable[[], None]
"""Called often; raises to end the work."""

Link = tuple[int, int, float, float, str]
"""An edge between vertices: source, target, how far along each (0 to 1) it ends, its port."""

End = tuple[int, float, float]
"""A neighbour, how far along it the edge ends, and how far along the vertex itself."""

LANES = 8
"""Dummies for each vertex; where a graph needs more, its longest edges get no lane."""


class Layered(Struct):
    """A graph whose edges all join one row to the next; the first `real` vertices are nodes."""

    real: int
    layer: list[int]
    up: list[list[End]]
    down: list[list[End]]
    lanes: list[list[int]]
    """The dummies of long edges, downward; edges from one port share a lane."""
    taken: dict[int, tuple[int, int]]
    """For each long link the number of its lane, and how many of its dummies it takes."""
    height: list[int]
    """The nodes on the longest way from a vertex to an end of the graph."""
    depth: list[int]
    """The nodes on the longest way to a vertex from a beginning."""

    def rows(self) -> list[list[int]]:
        """The vertices of each row."""
        found: list[list[int]] = [[] for _ in range(max(self.layer, default=-1) + 1)]
        for vertex, layer in enumerate(self.layer):
            found[layer].append(vertex)
        return found


def forward(count: int, links: Sequence[Link], tick: Tick) -> tuple[list[int], list[Link]]:
    """An order of all vertices, and the links that go along it: all but those that close a cycle.

    Depth first from what nothing feeds, so that the edges turned away are the ones
    that lead back.
    """
    after: list[list[int]] = [[] for _ in range(count)]
    fed = [False] * count
    for source, target, *_ in links:
        after[source].append(target)
        fed[target] = True
    done: list[int] = []
    state = bytearray(count)  # 1: on the way, 2: done
    back: set[tuple[int, int]] = set()
    tick()
    starts = [v for v in range(count) if not fed[v]] + [v for v in range(count) if fed[v]]
    for start in starts:
        if state[start]:
            continue
        state[start] = 1
        way = [(start, iter(after[start]))]
        while way:
            vertex, rest = way[-1]
            for target in rest:
                if state[target] == 1:
                    back.add((vertex, target))
                elif not state[target]:
                    state[target] = 1
                    way.append((target, iter(after[target])))
                    break
            else:
                state[vertex] = 2
                done.append(vertex)
                way.pop()
    done.reverse()
    tick()
    if back:
        links = [link for link in links if (link[0], link[1]) not in back]
    return done, list(links)


def assign(count: int, links: Sequence[Link], tick: Tick) -> tuple[list[int], list[int], list[int]]:
    """The layer of each vertex, its depth and its height; the links must have no cycle.

    First every vertex as high as it can stand. Then what feeds only one thing comes down
    to it (a second input, and what it goes through alone), and a vertex with more edges
    on one side moves to that side.
    """
    order, links = forward(count, links, tick)
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for source, target, *_ in links:
        above[target].append(source)
        below[source].append(target)
    layer = [0] * count
    for v in order:
        layer[v] = max((layer[u] + 1 for u in above[v]), default=0)
    depth, height = layer[:], [0] * count
    for v in reversed(order):
        height[v] = max((height[w] + 1 for w in below[v]), default=0)
    tick()
    alone = [False] * count
    for v in order:
        alone[v] = all(alone[u] and len(below[u]) == 1 for u in above[v])
    for v in reversed(order):
        if alone[v] and below[v]:
            layer[v] = min(layer[w] for w in below[v]) - 1
    for _ in range(4):
        tick()
        moved = False
        for v in reversed(order):
            if len(below[v]) > len(above[v]) > 0:
                lowest = min(layer[w] for w in below[v]) - 1
                moved |= lowest != layer[v]
                layer[v] = lowest
        for v in order:
            if len(above[v]) > len(below[v]):
                highest = max(layer[u] for u in above[v]) + 1
                moved |= highest != layer[v]
                layer[v] = highest
        if not moved:
            break
    used = {each: row for row, each in enumerate(sorted(set(layer)))}
    return [used[each] for each in layer], depth, height


def layered(count: int, links: Sequence[Link], tick: Tick) -> Layered:
    """The rows of a graph and the lanes of its long edges."""
    _, along = forward(count, links, tick)
    tick()
    kept = set(along)
    layer, depth, height = assign(count, along, tick)
    found = Layered(
        count,
        layer,
        [[] for _ in range(count)],
        [[] for _ in range(count)],
        [],
        {},
        height,
        depth,
    )
    tick()
    longest = _longest(layer, along, LANES * count + 1000)
    shared: dict[tuple[int, str], int] = {}
    joined: set[tuple[int, int, float, float]] = set()
    # The short ones first: a lane grows down from the one that is there.
    for index in sorted(range(len(links)), key=lambda i: layer[links[i][1]] - layer[links[i][0]]):
        link = links[index]
        source, target, leaves, enters, port = link
        span = layer[target] - layer[source]
        if link not in kept or span > longest:
            continue
        last, at = source, leaves
        if span > 1:
            number = shared.setdefault((source, port), len(shared))
            if number == len(found.lanes):
                found.lanes.append([])
            lane = found.lanes[number]
            while len(lane) < span - 1:
                _grow(found, lane, source, leaves)
                if len(found.layer) % 1024 == 0:
                    tick()
            found.taken[index] = number, span - 1
            last, at = lane[span - 2], 0.5
        if (last, target, at, enters) not in joined:  # two edges alike are one line
            joined.add((last, target, at, enters))
            _join(found, last, target, at, enters)
    return found


def _grow(found: Layered, lane: list[int], source: int, leaves: float) -> None:
    """One more dummy at the end of a lane."""
    vertex = len(found.layer)
    above, at = (lane[-1], 0.5) if lane else (source, leaves)
    found.layer.append(found.layer[above] + 1)
    found.up.append([])
    found.down.append([])
    found.height.append(0)
    found.depth.append(0)
    _join(found, above, vertex, at, 0.5)
    lane.append(vertex)


def _join(found: Layered, upper: int, lower: int, leaves: float, enters: float) -> None:
    found.down[upper].append((lower, enters, leaves))
    found.up[lower].append((upper, leaves, enters))


def _longest(layer: list[int], links: Sequence[Link], dummies: int) -> int:
    """The longest span that still gets a lane, with so many dummies in all."""
    spans: dict[tuple[int, str], int] = {}
    for source, target, _, _, port in links:
        key = source, port
        spans[key] = max(spans.get(key, 0), layer[target] - layer[source])
    for span in sorted(spans.values()):
        dummies -= span
        if dummies < 0:
            return span - 1
    return max(spans.values(), default=0)
