"""Ways along the edges: who can be reached, and who lies where."""

from __future__ import annotations

from collections.abc import Iterable

from studio.graph.compose.draft import graph_of, node_of
from studio.graph.document import Graph, Project
from studio.graph.problems import StudioError, quoted

_ARROWS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
DIRECTIONS = ("in", "out", *_ARROWS)


class Ways:
    """Who feeds whom in one version of a graph, also on a cycle; reaching is remembered."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.before: dict[str, list[str]] = {name: [] for name in graph.nodes}
        self.after: dict[str, list[str]] = {name: [] for name in graph.nodes}
        for edge in graph.edges:
            self._lead(edge.source_node, edge.target_node)
        for node in graph.nodes.values():
            if node.shares is not None:  # its layer must have been made before
                self._lead(node.shares, node.id)
        self._up: dict[str, set[str]] = {}
        self._down: dict[str, set[str]] = {}

    def _lead(self, source: str, target: str) -> None:
        if source in self.before and target in self.before:
            self.before[target].append(source)
            self.after[source].append(target)

    def upstream(self, node: str) -> set[str]:
        """A node and all that feed it."""
        return _reached(node, self.before, self._up)

    def downstream(self, node: str) -> set[str]:
        """A node and all that it feeds."""
        return _reached(node, self.after, self._down)


def _reached(node: str, ways: dict[str, list[str]], known: dict[str, set[str]]) -> set[str]:
    if node not in known:
        if len(known) > 64:
            known.clear()
        found, todo = {node}, [node]
        while todo:
            for other in ways.get(todo.pop(), ()):
                if other not in found:
                    found.add(other)
                    todo.append(other)
        known[node] = found
    return known[node]


_last: list[Ways] = []


def ways_of(graph: Graph) -> Ways:
    """The ways of a graph; those of the last one asked for are kept, as a mouse asks often."""
    if not _last or _last[0].graph is not graph:
        _last[:] = [Ways(graph)]
    return _last[0]


def upstream(project: Project, graph: str, ids: Iterable[str]) -> list[str]:
    """The nodes and all that feed them, in the order of the file."""
    return _select(project, graph, ids, "before")


def downstream(project: Project, graph: str, ids: Iterable[str]) -> list[str]:
    """The nodes and all that they feed, in the order of the file."""
    return _select(project, graph, ids, "after")


def _select(project: Project, name: str, ids: Iterable[str], side: str) -> list[str]:
    graph = graph_of(project, name)
    ways, found = getattr(ways_of(graph), side), set()
    todo = [node_of(graph, each).id for each in ids]
    while todo:
        node = todo.pop()
        if node not in found:
            found.add(node)
            todo += ways[node]
    return [node for node in graph.nodes if node in found]


def walk(project: Project, graph: str, node: str, direction: str) -> list[str]:
    """The nodes next to one, nearest first.

    "in" and "out" are those that feed it and those it feeds, as they lie beside
    each other. "left", "right", "up" and "down" are those that an arrow key may
    go to: along an edge either way first, then to a sibling, which has a
    neighbour in common with it.
    """
    found = graph_of(project, graph)
    node_of(found, node)
    if direction not in DIRECTIONS:
        raise StudioError(f"There is no direction {quoted(direction)}.")
    ways = ways_of(found)
    before, after = dict.fromkeys(ways.before[node]), dict.fromkeys(ways.after[node])
    if direction in ("in", "out"):
        return _beside(found, list(before if direction == "in" else after))
    near = [*before, *after]
    siblings = [s for each in before for s in ways.after[each]]
    siblings += [s for each in after for s in ways.before[each]]
    siblings = [each for each in dict.fromkeys(siblings) if each != node and each not in near]
    arrow = _ARROWS[direction]
    return _towards(found, node, near, arrow) + _towards(found, node, siblings, arrow)


def _beside(graph: Graph, names: list[str]) -> list[str]:
    """Nodes from left to right, or from top to bottom where they lie so; unplaced ones last."""
    places = [at for name in names if (at := graph.nodes[name].at) is not None]
    wide = [max(values) - min(values) for values in zip(*places, strict=True)] or [0, 0]
    first = 0 if wide[0] >= wide[1] else 1

    def key(name: str) -> tuple[float, ...]:
        at = graph.nodes[name].at
        return (1, 0, 0) if at is None else (0, at[first], at[1 - first])

    return sorted(names, key=key)


def _towards(graph: Graph, node: str, names: list[str], arrow: tuple[int, int]) -> list[str]:
    """The nodes that lie that way of a node, within 45 degrees, nearest first."""
    here = graph.nodes[node].at
    found = []
    for name in names:
        at = graph.nodes[name].at
        if here is None or at is None:
            continue
        dx, dy = at[0] - here[0], at[1] - here[1]
        along, aside = dx * arrow[0] + dy * arrow[1], abs(dx * arrow[1]) + abs(dy * arrow[0])
        if along > 0 and along >= aside:
            found.append((along + 2 * aside, name))
    return [name for _, name in sorted(found)]
