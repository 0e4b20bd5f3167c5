"""What the commands of the canvas do with what is selected there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.graph import compose
from studio.graph.edits import MoveNodes
from studio.gui.canvas.geometry import GRID

if TYPE_CHECKING:
    from studio.gui.canvas.view import CanvasView

_STEPS = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}


def walk(view: CanvasView, direction: str) -> None:
    """Selects the next node along an edge, or beside; the first of all where none is selected."""
    scene = view.scene()
    chosen = scene.selected()
    if not chosen:
        found = list(scene.graph.nodes)
    else:
        # The layout's places count, too, for nodes that the document has no place for.
        placed = MoveNodes(scene.name, scene.places()).apply(scene.session.project)
        found = compose.walk(placed, scene.name, chosen[-1], direction)
    if found:
        scene.select(found[:1])
        view.reveal(found[:1])


def nudge(view: CanvasView, direction: str) -> None:
    """Moves the selected nodes by a step of the grid."""
    scene, (x, y) = view.scene(), _STEPS[direction]
    places, chosen = scene.places(), scene.selected()
    moved = {name: (places[name][0] + x * GRID, places[name][1] + y * GRID) for name in chosen}
    edit = MoveNodes(scene.name, scene.unplaced() | moved)
    scene.session.do(edit, merge=f"nudge:{scene.name}:{chosen}")


def selected_frames(view: CanvasView) -> list[str]:
    """The names of the selected frames."""
    return [name for name, item in view.scene().frames.items() if item.isSelected()]


def delete(view: CanvasView, heal: bool) -> None:
    """Removes what is selected: nodes and frames, or edges."""
    scene = view.scene()
    nodes, frames = scene.selected(), selected_frames(view)
    edges = [item.edge for item in scene.edges.values() if item.isSelected()]
    if nodes and heal and not frames:
        view.window_.compose(compose.delete_and_heal, nodes)
    elif nodes or frames:
        view.window_.compose(compose.remove, nodes, frames)
    elif edges:
        view.window_.compose(compose.disconnect, edges)
