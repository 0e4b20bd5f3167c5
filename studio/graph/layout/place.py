"""Where each vertex stands across its row: straight chains, then what hangs on them near by.

First the edges are chosen that shall be perfectly straight: the trunk and the chains
(each node follows the one neighbour that has the longest way before or behind it), then
the lanes of long edges, then what is left. Vertices joined so are a block, which only
moves as a whole. Then the blocks are pulled to where their other edges lead, touching ones
together, as pendulums that hang on each other.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from studio.graph.layout.layers import End, Layered, Tick

SWINGS = 60
BUDGET = 1_500_000
"""Edges times swings; a large graph gets fewer."""

PRESSES = 12
"""How often it is asked, in a swing, which blocks press on each other by now."""

GRID = 4

FREE, CENTRED = -1, -2


def placed(
    graph: Layered,
    rows: list[list[int]],
    width: Sequence[float],
    gap: tuple[float, float, float],
    tick: Tick,
) -> list[float]:
    """The middle of each vertex. `gap` stands between two nodes, node and lane, two lanes."""
    return _Blocks(graph, rows, width, gap, tick).run()


class _Blocks:
    def __init__(
        self,
        graph: Layered,
        rows: list[list[int]],
        width: Sequence[float],
        gap: tuple[float, float, float],
        tick: Tick,
    ):
        self.graph, self.rows, self.width, self.gap, self.tick = graph, rows, width, gap, tick
        self.place = [0] * len(graph.layer)
        for row in rows:
            for index, vertex in enumerate(row):
                self.place[vertex] = index
        self.below: list[int] = [-1] * len(graph.layer)
        """The vertex that stands straight below each one."""
        self.above: list[int] = [-1] * len(graph.layer)
        self.straight: list[tuple[list[int], list[int]]] = [([], []) for _ in rows]
        """The straight edges below each row: the places of their upper ends, and lower ends."""

    def run(self) -> list[float]:
        self._align()
        self.tick()
        self._group()
        self._constrain()
        self._pull()
        self.tick()
        self._settle()
        self.tick()
        return [self.x[b] + o for b, o in zip(self.block, self.offset, strict=True)]

    # Which edges are straight

    def _align(self) -> None:
        graph = self.graph
        wish_down = [self._wish(v, graph.down[v], graph.height) for v in range(graph.real)]
        wish_up = [self._wish(v, graph.up[v], graph.depth) for v in range(graph.real)]
        self.tick()
        for upper, lower in self._chains(wish_down, wish_up):
            self._straighten(upper, lower)
        for lane in sorted(graph.lanes, key=len, reverse=True):
            for upper, lower in pairwise(lane):
                self._straighten(upper, lower)
        self.tick()
        for vertex in range(graph.real):
            below, above = wish_down[vertex], wish_up[vertex]
            if below >= 0 and wish_up[below] != CENTRED:
                self._straighten(vertex, below)
            if above >= 0 and wish_down[above] != CENTRED:
                self._straighten(above, vertex)
        # What is free on both sides; a node that stands in the middle of several stays free.
        for upper in range(len(graph.layer)):
            for lower, *_ in graph.down[upper]:
                hung = (upper >= graph.real or len(graph.down[upper]) == 1) and (
                    lower >= graph.real or len(graph.up[lower]) == 1
                )
                if hung:
                    self._straighten(upper, lower)

    def _wish(self, vertex: int, ends: list[End], length: list[int]) -> int:
        """The neighbour to be straight with: the longest way's, of several the middle one.

        CENTRED where that would be between two, FREE where there is none.
        """
        if len(ends) < 2:
            return ends[0][0] if ends and ends[0][0] < self.graph.real else FREE
        real = [end[0] for end in ends if end[0] < self.graph.real]
        most = max((length[each] for each in real), default=0)
        best = sorted((v for v in real if length[v] == most), key=self.place.__getitem__)
        return best[len(best) // 2] if len(best) % 2 else CENTRED if best else FREE

    def _chains(self, down: list[int], up: list[int]) -> list[tuple[int, int]]:
        """The edges that both ends wish, those of the longest chains first."""
        mutual = [w if w >= 0 and up[w] == v else -1 for v, w in enumerate(down)]
        begins = [v for v in range(len(down)) if up[v] < 0 or mutual[up[v]] != v]
        chains = []
        for start in begins:
            chain, vertex = [], start
            while mutual[vertex] >= 0:
                chain.append((vertex, mutual[vertex]))
                vertex = mutual[vertex]
            chains.append(chain)
        chains.sort(key=lambda chain: -len(chain))
        return [edge for chain in chains for edge in chain]

    def _straighten(self, upper: int, lower: int) -> None:
        """Makes an edge straight, unless an end has another or it would cross a straight one."""
        if self.below[upper] >= 0 or self.above[lower] >= 0:
            return
        tops, bottoms = self.straight[self.graph.layer[upper]]
        top, bottom = self.place[upper], self.place[lower]
        at = bisect_left(tops, top)
        if (at and bottoms[at - 1] >= bottom) or (at < len(tops) and bottoms[at] <= bottom):
            return
        tops.insert(at, top)
        bottoms.insert(at, bottom)
        self.below[upper], self.above[lower] = lower, upper

    # Blocks and what keeps them apart

    def _group(self) -> None:
        """The block of each vertex, and how far right of the block's own place it stands."""
        graph, width = self.graph, self.width
        self.block = [-1] * len(graph.layer)
        self.offset = [0.0] * len(graph.layer)
        self.first: list[int] = []
        for vertex in (v for row in self.rows for v in row):
            if self.above[vertex] >= 0:
                continue
            here, offset = vertex, 0.0
            while here >= 0:
                self.block[here], self.offset[here] = len(self.first), offset
                below = self.below[here]
                if below >= 0:
                    enters, leaves = next(
                        (at, own) for w, at, own in graph.down[here] if w == below
                    )
                    offset += (leaves - 0.5) * width[here] - (enters - 0.5) * width[below]
                here = below
            self.first.append(vertex)

    def _apart(self, left: int, right: int) -> float:
        real = (left < self.graph.real) + (right < self.graph.real)
        return (self.width[left] + self.width[right]) / 2 + self.gap[2 - real]

    def _constrain(self) -> None:
        """How far each block must stand right of its left neighbours; and an order of blocks."""
        count = len(self.first)
        least: dict[tuple[int, int], float] = {}
        for index, row in enumerate(self.rows):
            if index % 256 == 0 or len(row) > 200:
                self.tick()
            for left, right in pairwise(row):
                key = self.block[left], self.block[right]
                need = self._apart(left, right) + self.offset[left] - self.offset[right]
                if need > least.get(key, -1e9):
                    least[key] = need
        self.left: list[list[tuple[int, float]]] = [[] for _ in range(count)]
        self.right: list[list[tuple[int, float]]] = [[] for _ in range(count)]
        for (a, b), need in least.items():
            self.right[a].append((b, need))
            self.left[b].append((a, need))
        self.tick()
        self.pairs = [(a, b, need) for (a, b), need in least.items()]
        self.tick()
        waits = [len(each) for each in self.left]
        self.order = [b for b in range(count) if not waits[b]]
        for block in self.order:  # which grows meanwhile
            for other, _ in self.right[block]:
                waits[other] -= 1
                if not waits[other]:
                    self.order.append(other)

    # Where the blocks go

    def _pull(self) -> None:
        """Blocks swing to where their edges lead, from halfway between far left and far right."""
        pulls, weights = self._pulls()
        self.tick()
        self.x = self._start()
        edges = sum(map(len, pulls)) + len(self.x)
        x = self.x
        for _ in range(max(8, min(SWINGS, BUDGET // max(1, edges)))):
            self.tick()
            force = [
                sum([x[o] + d for o, d in near]) / len(near) - x[b] if near else 0.0
                for b, near in enumerate(pulls)
            ]
            if self._swing(force, weights) < 0.5:
                break

    def _pulls(self) -> tuple[list[list[tuple[int, float]]], list[float]]:
        """For each block where its edges end, beside where they would be straight."""
        pulls: list[list[tuple[int, float]]] = [[] for _ in self.first]
        for upper, ends in enumerate(self.graph.down):
            for lower, enters, leaves in ends:
                a, b = self.block[upper], self.block[lower]
                if a == b:
                    continue
                begin = self.offset[upper] + (leaves - 0.5) * self.width[upper]
                end = self.offset[lower] + (enters - 0.5) * self.width[lower]
                pulls[a].append((b, end - begin))
                pulls[b].append((a, begin - end))
        return pulls, [float(max(1, len(near))) for near in pulls]

    def _start(self) -> list[float]:
        count = len(self.first)
        low, high = [0.0] * count, [0.0] * count
        for block in self.order:
            low[block] = max((low[a] + need for a, need in self.left[block]), default=0.0)
        top = max(low, default=0.0)
        for block in reversed(self.order):
            high[block] = min((high[b] - need for b, need in self.right[block]), default=top)
        return [(a + b) / 2 for a, b in zip(low, high, strict=True)]

    def _swing(self, force: list[float], weights: list[float]) -> float:
        """Moves all blocks half their way, those that press on each other as one.

        Returns how far the farthest went.
        """
        x = self.x
        region = list(range(len(x)))
        weight, pull = weights[:], [f * w for f, w in zip(force, weights, strict=True)]

        def find(block: int) -> int:
            while region[block] != block:
                region[block] = region[region[block]]
                block = region[block]
            return block

        touching = [(a, b) for a, b, need in self.pairs if x[b] - x[a] - need < 0.01]
        for _ in range(PRESSES):
            self.tick()
            apart = []
            for a, b in touching:
                p, q = find(a), find(b)
                if p == q:
                    continue
                if pull[p] * weight[q] > pull[q] * weight[p] + 1e-6:
                    region[q] = p
                    weight[p] += weight[q]
                    pull[p] += pull[q]
                else:
                    apart.append((a, b))
            if len(apart) == len(touching):
                break
            touching = apart
        self.tick()
        roots = [find(block) for block in range(len(x))]
        shift = [pull[r] / weight[r] / 2 for r in roots]
        return self._move(roots, shift)

    def _move(self, roots: list[int], shift: list[float]) -> float:
        """Moves every region by its shift, or as far as the others let it."""
        x = self.x
        members: dict[int, list[int]] = {}
        for block in self.order:
            members.setdefault(roots[block], []).append(block)
        most = 0.0
        by_x = sorted(members, key=lambda r: (x[r], r))
        for ahead, regions, links in (
            (1, reversed(by_x), self.right),
            (-1, by_x, self.left),
        ):
            for root in regions:
                go = shift[root] * ahead
                if go <= 0:
                    continue
                for block in members[root]:
                    for other, need in links[block]:
                        if roots[other] != root:
                            go = min(go, (x[other] - x[block]) * ahead - need)
                if go > 0:
                    for block in members[root]:
                        x[block] += go * ahead
                    most = max(most, go)
        return most

    def _settle(self) -> None:
        """Every block to the grid, from left to right, none nearer to another than allowed."""
        x = self.x
        edges = [self.width[v] / 2 - self.offset[v] for v in self.first]
        # All are shifted first so that the largest is on the grid, or what stands even
        # at both its sides might be rounded to different ones.
        sizes = [0] * len(x)
        for block in self.block:
            sizes[block] += 1
        trunk = sizes.index(max(sizes))
        shift = (x[trunk] - edges[trunk]) % GRID
        for block in self.order:
            free = max((x[a] + need for a, need in self.left[block]), default=-1e12)
            at = round((x[block] - shift - edges[block]) / GRID) * GRID + edges[block]
            while at < free - 0.01:
                at += GRID
            x[block] = at
