"""The order of the vertices in each row, such that few edges cross."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from studio.graph.layout.layers import End, Layered, Tick

SWEEPS = 24
PATIENCE, WORTH = 4, 0.99
"""Sweeps that may pass without bringing the crossings down to this share of what they were."""

BUDGET = 800_000
"""Vertices times sweeps; a large graph gets fewer sweeps, so that it doesn't take long."""

LARGE = 8000
"""Vertices; with so many, neighbours are only swapped in the end."""


def ordered(graph: Layered, tick: Tick) -> list[list[int]]:
    """The rows, each from left to right."""
    rows = first_order(graph)
    search = _Search(graph, rows, tick)
    search.run()
    return search.rows


def crossings(graph: Layered, rows: list[list[int]]) -> int:
    """How many pairs of edges cross."""
    place = _places(graph, rows)
    return sum(_between(graph, row, place) for row in rows)


def first_order(graph: Layered) -> list[list[int]]:
    """Rows in the order in which a walk downward comes by: branches that part stay side by side.

    Of two ways the longer comes first, so that the skip lies at the trunk's right.
    """
    rows: list[list[int]] = [[] for _ in range(max(graph.layer, default=-1) + 1)]
    seen = bytearray(len(graph.layer))
    for start in range(graph.real):
        if graph.up[start] or seen[start]:
            continue
        stack = [start]
        while stack:
            vertex = stack.pop()
            if seen[vertex]:
                continue
            seen[vertex] = 1
            rows[graph.layer[vertex]].append(vertex)
            stack.extend(end[0] for end in reversed(_followers(graph, vertex)))
    return rows


def _followers(graph: Layered, vertex: int) -> list[End]:
    """What hangs on a vertex, from left to right: by port, or the longest way in the middle."""
    ends, height = graph.down[vertex], graph.height
    if len(ends) < 2:
        return ends
    if any(end[2] != ends[0][2] for end in ends):
        return sorted(ends, key=lambda end: end[2])
    long = sorted(ends, key=lambda end: -height[end[0]])
    if len(ends) == 2 or height[long[0][0]] == height[long[1][0]]:
        return long if len(ends) == 2 else ends
    return [*long[3::2][::-1], long[0], *long[1:2], *long[2::2]]


def _places(graph: Layered, rows: list[list[int]]) -> list[int]:
    place = [0] * len(graph.layer)
    for row in rows:
        for index, vertex in enumerate(row):
            place[vertex] = index
    return place


def _between(graph: Layered, row: list[int], place: list[int]) -> int:
    """The crossings of the edges that leave a row downward."""
    found = 0
    passed: list[float] = []
    down = graph.down
    for vertex in row:
        ends = down[vertex]
        if len(ends) > 1:
            keys = [key for _, key in sorted((own, place[w] + at) for w, at, own in ends)]
        else:
            keys = [place[w] + at for w, at, _ in ends]
        for key in keys:
            # A sorted list is quicker here than a tree: rows are short, and its shifts are C.
            index = bisect_right(passed, key)
            found += len(passed) - index
            passed.insert(index, key)
    return found


class _Search:
    def __init__(self, graph: Layered, rows: list[list[int]], tick: Tick):
        self.graph, self.rows, self.tick = graph, rows, tick
        self.place = _places(graph, rows)

    def count(self) -> int:
        found = 0
        for index, row in enumerate(self.rows):
            if len(row) > 1:
                if index % 64 == 0 or len(row) > 500:
                    self.tick()
                found += _between(self.graph, row, self.place)
            elif len(self.graph.down[row[0]]) > 1:
                found += _between(self.graph, row, self.place)
        return found

    def run(self) -> None:
        """Sweeps down and up until nothing is gained; the best order is kept."""
        least = self.count()
        best = [row[:] for row in self.rows]
        stale = 0
        sweeps = max(4, min(SWEEPS, BUDGET // max(1, len(self.place))))
        small = len(self.place) < LARGE
        for sweep in range(sweeps):
            if not least or stale >= PATIENCE:
                break
            self.sweep(down=sweep % 2 == 0)
            if small:
                self.transpose(rounds=2)
            now = self.count()
            stale = 0 if now < least * WORTH else stale + 1
            if now < least:
                least, best = now, [row[:] for row in self.rows]
        self.rows = best
        self.place = _places(self.graph, best)
        if least:
            self.transpose(rounds=8 if small else 3)

    def sweep(self, down: bool) -> None:
        """Sorts every row by where its neighbours in the row before it stand."""
        place = self.place
        ends = self.graph.up if down else self.graph.down
        for index, row in enumerate(self.rows if down else reversed(self.rows)):
            if len(row) < 2:
                continue
            if index % 64 == 0 or len(row) > 500:
                self.tick()
            keys = {}
            for vertex in row:
                near = ends[vertex]
                if near:
                    keys[vertex] = sum([place[u] + at for u, at, _ in near]) / len(near)
            # What has no neighbour there keeps its place among the others.
            movable = iter(sorted((v for v in row if v in keys), key=keys.__getitem__))
            row[:] = [next(movable) if vertex in keys else vertex for vertex in row]
            for at, vertex in enumerate(row):
                place[vertex] = at

    def transpose(self, rounds: int) -> None:
        """Swaps neighbours as long as that takes crossings away."""
        active = [True] * len(self.rows)
        for _ in range(rounds):
            changed = [False] * (len(self.rows) + 2)
            for index, row in enumerate(self.rows):
                if len(row) < 2 or not active[index]:
                    continue
                if index % 64 == 0 or len(row) > 200:
                    self.tick()
                if self._swap(row):
                    for near in (index - 1, index, index + 1):
                        changed[near] = True  # -1 is the spare one at the end
            if not any(changed):
                break
            active = changed[: len(self.rows)]

    def _swap(self, row: list[int]) -> bool:
        place, up, down = self.place, self.graph.up, self.graph.down
        keys = []
        for i, v in enumerate(row):
            if i % 500 == 0:
                self.tick()
            above = sorted([place[u] + at for u, at, _ in up[v]])
            keys.append((above, sorted([place[w] + at for w, at, _ in down[v]])))
        swapped = False
        for i in range(len(row) - 1):
            if i % 500 == 0:
                self.tick()
            left, right = keys[i], keys[i + 1]
            gain = _gain(left[0], right[0]) + _gain(left[1], right[1])
            if gain > 0:
                row[i], row[i + 1] = row[i + 1], row[i]
                keys[i], keys[i + 1] = right, left
                place[row[i]], place[row[i + 1]] = i, i + 1
                swapped = True
        return swapped


def _gain(left: list[float], right: list[float]) -> int:
    """How many crossings fewer two neighbours have after they change places."""
    if len(left) == 1 == len(right):
        return (left[0] > right[0]) - (left[0] < right[0])
    count = len(right)
    return sum(bisect_left(right, a) + bisect_right(right, a) - count for a in left)
