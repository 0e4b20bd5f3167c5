"""Automatic layout: computed beside the window, cancellable, animated, one step of the history."""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING

from PySide6.QtCore import QEasingCurve, QObject, QVariantAnimation, Signal

from studio.graph.document import Graph
from studio.graph.edits import MoveNodes
from studio.graph.layout.anchors import spread
from studio.graph.layout.layered import Cancelled, Layout, layout
from studio.gui.canvas.geometry import HEIGHT, WIDTH

if TYPE_CHECKING:
    from studio.gui.canvas.view import CanvasView

MILLISECONDS = 180


class Arranging(QObject):
    """One layout of a view's graph, of all nodes or of those selected. `done` ends it."""

    _found = Signal(object)
    done = Signal()

    def __init__(self, view: CanvasView, only: list[str] | None):
        super().__init__(view)
        self._view = view
        self._graph: Graph = view.scene().graph
        self._only = only
        self._stop = Event()
        self._found.connect(self._arrived)
        self._project = view.scene().session.project
        self._thread = Thread(target=self._compute, name="layout", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Ends it; the nodes stay where they are."""
        self._stop.set()
        self._thread.join()

    def _compute(self) -> None:
        graph = self._graph
        sizes = dict.fromkeys(graph.nodes, (WIDTH, HEIGHT))
        try:
            found = layout(
                graph,
                sizes,
                cancelled=self._stop.is_set,
                only=self._only,
                anchors=spread(self._project, graph),
            )
        except Cancelled:
            found = None
        self._found.emit(found)

    def _arrived(self, found: Layout | None) -> None:
        self._thread.join()
        scene = self._view.scene()
        if found is None or self._stop.is_set() or scene.graph is not self._graph:
            if found is not None and not self._stop.is_set():
                self._view.window_.say("The graph changed meanwhile, so it was not laid out.")
            self.done.emit()
            return
        self._move(found.places)

    def _move(self, places: dict[str, tuple[float, float]]) -> None:
        scene = self._view.scene()
        start = scene.places()
        moved = {name: at for name, at in places.items() if start[name] != at}
        # A graph that is seen from afar is drawn anew as a whole: no need for steps between.
        if not moved or not self._view.animates() or len(moved) > 600:
            self._finish(places, moved)
            return
        animation = QVariantAnimation(self, duration=MILLISECONDS)
        animation.setEasingCurve(QEasingCurve.Type.OutCubic)
        animation.setStartValue(0.0)
        animation.setEndValue(1.0)
        animation.valueChanged.connect(
            lambda t: scene.move(
                {
                    name: (
                        start[name][0] + (x - start[name][0]) * t,
                        start[name][1] + (y - start[name][1]) * t,
                    )
                    for name, (x, y) in moved.items()
                    if name in scene.nodes
                }
            )
        )
        animation.finished.connect(lambda: self._finish(places, moved))
        animation.start()

    def _finish(self, places: dict[str, tuple[float, float]], moved: dict) -> None:
        scene = self._view.scene()
        if scene.graph is self._graph and moved:
            scene.move(moved)
            scene.session.do(MoveNodes(scene.name, places))
            scene.follow(scene.nodes)
        self.done.emit()
