"""Nodes by id, op or the value of a parameter: Ctrl+F."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from PySide6.QtCore import QPoint

from studio.graph.caption import op_title
from studio.graph.find import Finder, Hit
from studio.gui.palettes.palette import Palette
from studio.gui.palettes.rows import Choice

if TYPE_CHECKING:
    from studio.gui.window import Window

WIDTH = 340
MOST = 300

_finders: WeakKeyDictionary[Window, Finder] = WeakKeyDictionary()
"""Of each window: what it has read of the nodes is good for the next search."""


class Find(Palette):
    """Goes through the hits on the canvas; Enter stays there, Escape goes back."""

    def __init__(self, window: Window):
        self._finder = _finders.setdefault(window, Finder())
        self._from = window.graph, window.selected()
        self._look = window.canvas.seen().center(), window.canvas.zoom
        super().__init__(
            window,
            "Find in the graphs",
            "Find a name, an op or a value",
            lambda query: self.hits(query),
            WIDTH,
            "No node has that.",
        )
        self.reached.connect(self._show)

    def hits(self, query: str) -> list[Choice]:
        """The nodes in which every word stands."""
        project = self.window_.session.project
        several = len(project.graphs()) > 1
        rows = []
        for place, hit in enumerate(self._finder.find(project, query, MOST)):
            graph = project.graph(hit.graph)
            kind = op_title(project, graph, graph.nodes[hit.node])
            where = f" in {hit.graph.removeprefix('block:')}" if several else ""
            value = hit.text if hit.what in ("param", "note") else kind
            other = hit.graph != self.window_.graph
            rows.append(
                Choice(
                    (place, hit),
                    hit.node,
                    f"{value}{where if other else ''}",
                    _letters(hit, query),
                    mono=hit.what == "param",
                )
            )
        return rows

    def _show(self, key: tuple[int, Hit]) -> None:
        hit = key[1]
        self.window_.select(hit.graph, [hit.node])

    def cancel(self) -> None:
        graph, nodes = self._from
        self.window_.select(graph, nodes, reveal=False)
        self.window_.canvas.look_at(*self._look, True)
        super().cancel()


def _letters(hit: Hit, query: str) -> tuple[int, ...]:
    """The letters of a node's id in which a word of the query stands."""
    name = hit.node.lower()
    found: set[int] = set()
    for word in query.lower().split():
        at = name.find(word)
        if at >= 0:
            found.update(range(at, at + len(word)))
    return tuple(sorted(found))


def find_in_graph(window: Window) -> Find:
    """Opens it, at the top right of the canvas."""
    bar = Find(window)
    view = window.canvas
    corner = view.mapTo(window, QPoint(view.width() - WIDTH - 14, 10))
    bar.show_at(bar.field, corner)
    bar._before = view
    return bar
