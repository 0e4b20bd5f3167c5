"""Nodes put into the graph in front, however they were chosen: library, palette, outline, drop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from PySide6.QtCore import QPointF

from studio.graph.catalogue.registry import find
from studio.graph.compose import add_node, connect, fresh_id
from studio.graph.compose.start import starting
from studio.graph.document import Code, Project
from studio.graph.edits import Edit, SetCode, Several
from studio.graph.layout.near import place_near
from studio.graph.ports import output_ports
from studio.graph.problems import StudioError
from studio.gui.canvas.geometry import HEIGHT, WIDTH, snapped

if TYPE_CHECKING:
    from studio.gui.canvas.port_at import PortAt
    from studio.gui.window import Window

MIME = "application/x-studio-op"
"""The type of what is dragged from the library: the op's path, in UTF-8."""

LAYER = '''\
class {name}(keras.layers.Layer):
    """Multiplies its input by a weight for each feature, which it learns."""

    def build(self, input_shape):
        self.scale = self.add_weight(name="scale", shape=(input_shape[-1],), initializer="ones")

    def call(self, inputs):
        return inputs * self.scale
'''
"""What a new layer of the user's own is at first: one that works."""


def attempt(window: Window, compose: Callable[[], Edit]) -> bool:
    """Does the edit that `compose` makes; False where it can't be, which is said."""
    try:
        edit = compose()
    except StudioError as error:
        window.say(str(error))
        return False
    return window.session.do(edit)


def node_of_op(project: Project, path: str) -> tuple[str, dict[str, Any]]:
    """Op and parameters of the node that an entry of the library stands for.

    A function of tf.data is the parameter of a Dataset.map.
    """
    code = project.code.get(path.removeprefix("code:")) if path.startswith("code:") else None
    op = find(path)
    if (code is not None and code.kind == "map") or (op is not None and op.kind == "map"):
        call: dict[str, Any] = {"op": path}
        if starting(path):
            call["params"] = starting(path)
        return "tf.data.Dataset.map", {"function": call}
    return path, {}


def add(
    window: Window,
    path: str,
    at: QPointF | None = None,
    after: Sequence[str] = (),
    wire: PortAt | None = None,
    params: dict[str, Any] | None = None,
) -> str:
    """Adds a node of an entry of the library, and selects it; returns its id, empty if it can't be.

    `after` are nodes that feed it, as many as it takes; `wire` is a port it is
    wired to. Without a place it stands behind these, else where the canvas says.
    """
    found: list[str] = []

    def compose() -> Edit:
        project, graph = window.session.project, window.graph
        op, given = node_of_op(project, path)
        start = wire.end if wire is not None and wire.out else None
        target = wire.end if wire is not None and not wire.out else None
        feeds = _fed_by(project, op, after) if wire is None else ()
        place = _place(window, at, feeds, wire)
        edit, name = add_node(
            project, graph, op, place, feeds[0] if feeds else start, target, given | (params or {})
        )
        found.append(name)
        edits = [edit]
        for other in feeds[1:]:
            project = edits[-1].apply(project)
            edits.append(connect(project, graph, other, name))
        return edit if len(edits) == 1 else Several(tuple(edits), edit.label)

    if not attempt(window, compose):
        return ""
    window.select(window.graph, found)
    return found[0]


def _fed_by(project: Project, path: str, nodes: Sequence[str]) -> Sequence[str]:
    """Those of the nodes that can feed a new one: all where it joins, the last where it takes one.

    A block or code takes the last; what has no input takes none.
    """
    op = find(path)
    if op is not None and op.inputs and op.inputs[0].many:
        return nodes
    if (op is not None and not op.inputs) or path == "keras.Input":
        return ()
    return nodes[-1:]


def _place(
    window: Window, at: QPointF | None, feeds: Sequence[str], wire: PortAt | None
) -> tuple[float, float]:
    """The corner of a new node."""
    scene = window.canvas.scene()
    if at is not None:
        height = 0 if wire is None or wire.out else HEIGHT
        return snapped(at.x() - WIDTH / 2), snapped(at.y() - height)
    middle = window.canvas.place_for_new() + QPointF(WIDTH / 2, HEIGHT / 2)
    graph, places = scene.graph, scene.places()
    graph = replace(
        graph, nodes={n: replace(node, at=places[n]) for n, node in graph.nodes.items()}
    )
    beside = feeds[-1] if feeds else None
    return place_near(graph, (WIDTH, HEIGHT), beside, (middle.x(), middle.y()))


def feeding(window: Window) -> list[str]:
    """The selected nodes that something leaves: they feed what is added next."""
    project, graph = window.session.project, window.canvas.scene().graph
    return [n for n in window.selected() if output_ports(project, graph.nodes[n], graph)]


def add_custom_layer(window: Window) -> str:
    """Writes a layer of the user's own into the project, and adds a node of it; returns its id."""
    found: list[str] = []

    def compose() -> Edit:
        project = window.session.project
        taken = {*project.code, *project.blocks}
        name = fresh_id(taken, "MyLayer")
        source, weights = LAYER.format(name=name), {"scale": ({"axis": -1},)}
        code = SetCode(name, Code("layer", source, output_shape="same", weights=weights))
        after = feeding(window)[-1:]
        place = _place(window, None, after, None)
        feed = after[0] if after else None
        edit, node = add_node(code.apply(project), window.graph, f"code:{name}", place, feed)
        found.append(node)
        return Several((code, edit), f"Add {name}, a layer of your own")

    if not attempt(window, compose):
        return ""
    window.select(window.graph, found)
    return found[0]
