"""What is done to nodes and edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.graph import compose
from studio.graph.compose.freeze import freeze as freeze_layers
from studio.graph.compose.freeze import layers_of
from studio.graph.document import Frame, owner
from studio.graph.part_edits import SetFrame
from studio.graph.summary import summary
from studio.gui.canvas import handling
from studio.gui.commands.command import command, on_canvas, with_nodes

if TYPE_CHECKING:
    from studio.gui.window import Window


def _one_node(window: Window) -> bool:
    return on_canvas(window) and len(window.selected()) == 1


def block_of_selected(window: Window) -> str:
    """The block that the one selected node stands for; empty where it stands for none."""
    if not _one_node(window):
        return ""
    graph = window.canvas.scene().graph
    made = owner(graph, graph.nodes[window.selected()[0]])
    return (made.op or "")[6:] if made is not None and (made.op or "").startswith("block:") else ""


def _is_block(window: Window) -> bool:
    return bool(block_of_selected(window))


def _in_model(window: Window) -> bool:
    return with_nodes(window) and window.graph != "data"


def _one_of_model(window: Window) -> bool:
    return _one_node(window) and window.graph != "data"


@command("graph.edit", "Edit parameters", "Return; Enter", "pencil", with_nodes, "node", local=True)
def edit(window: Window) -> None:
    """Goes to the first field of the selected nodes."""
    panel = window.panel("node")
    if hasattr(panel, "focus_first"):
        panel.focus_first()


@command("graph.rename", "Rename", "F2", enabled=_one_node, where="node", local=True)
def rename(window: Window) -> None:
    """Goes to the name of the selected node."""
    panel = window.panel("node")
    if hasattr(panel, "focus_name"):
        panel.focus_name()


def _one_table(window: Window) -> bool:
    if window.graph != "data" or not _one_node(window):
        return False
    node = window.canvas.scene().graph.nodes.get(window.selected()[0])
    return node is not None and node.op == "studio.data.csv"


@command("graph.columns", "Edit columns…", "T", "table", _one_table, "node", local=True)
def columns(window: Window) -> None:
    """Says what the columns of the selected CSV source are for, and how they are prepared."""
    from studio.gui.columns.dialog import edit_columns

    edit_columns(window)


@command("graph.replace", "Replace with…", "R", "repeat", _one_node, "node", local=True)
def replace(window: Window) -> None:
    """Puts another layer or stage in the place of the selected node."""
    from studio.gui.palettes import replace_with

    replace_with(window)


@command("graph.connect", "Connect", "C", "spline", _one_node, "node", local=True)
def connect(window: Window) -> None:
    """Takes a wire from the selected node in hand; arrows choose where it goes."""
    window.canvas.begin_wire(window.selected()[0])


@command("graph.bypass", "Bypass", "B", "circle-off", with_nodes, "node", group=1, local=True)
def bypass(window: Window) -> None:
    """Lets tensors go past the selected nodes, or through them again."""
    graph = window.canvas.scene().graph
    ids = window.selected()
    on = not all(graph.nodes[name].bypass for name in ids)
    window.compose(compose.bypass, ids, on)


@command(
    "graph.output", "Output of the model", "O", "log-out", _one_node, "node", group=1, local=True
)
def output(window: Window) -> None:
    """Makes the selected node an output of its graph, or no longer."""
    graph, name = window.canvas.scene().graph, window.selected()[0]
    ends = graph.outputs.values() if isinstance(graph.outputs, dict) else graph.outputs
    on = name not in [end.partition(".")[0] for end in ends]
    window.compose(compose.set_output, name, on)


@command("graph.group", "Group into a block", "Ctrl+G", "group", _in_model, "node", group=2)
def group(window: Window) -> None:
    """Makes a block of the selected nodes, with one node in their place."""
    found = window.compose(compose.group, window.selected())
    if found is not None:
        window.canvas.scene().select([found])


@command("graph.unpack", "Unpack the block", "Ctrl+Shift+G", "ungroup", _is_block, "node", group=2)
def unpack(window: Window) -> None:
    """Puts what is inside the selected block in its place."""
    found = window.compose(compose.unpack, window.selected()[0])
    if found is not None:
        window.canvas.scene().select(found)


@command(
    "graph.open_block",
    "Open the block",
    "Ctrl+Return",
    "box",
    _is_block,
    "node",
    group=2,
    local=True,
)
def open_block(window: Window) -> None:
    """Shows what is inside the selected block, with the shapes it has here."""
    window.tabs.open_block(block_of_selected(window), window.graph, window.selected()[0])


@command(
    "graph.repeat_more", "Repeat once more", "+", "repeat", _is_block, "node", group=2, local=True
)
def repeat_more(window: Window) -> None:
    """Has the selected block stand once more in a row."""
    _repeat(window, 1)


@command(
    "graph.repeat_less",
    "Repeat once less",
    "-",
    enabled=_is_block,
    where="node",
    group=2,
    local=True,
)
def repeat_less(window: Window) -> None:
    """Has the selected block stand once less in a row."""
    _repeat(window, -1)


def _repeat(window: Window, by: int) -> None:
    graph, name = window.canvas.scene().graph, window.selected()[0]
    made = owner(graph, graph.nodes[name])
    if made.repeat + by >= 1:
        window.compose(compose.repeat, made.id, made.repeat + by)


def _can_freeze(window: Window) -> bool:
    return _in_model(window) and window.session.project.model is not None


@command("graph.freeze", "Freeze", "Z", "lock", _can_freeze, "node", group=2, local=True)
def freeze(window: Window) -> None:
    """Lets training leave the weights of the selected layers as they are, or train them again."""
    _freeze(window, window.selected())


@command(
    "graph.freeze_before",
    "Freeze it and what feeds it",
    "Shift+Z",
    enabled=_can_freeze,
    where="node",
    group=2,
    local=True,
)
def freeze_before(window: Window) -> None:
    """Freezes the selected layers and all that they hang on, or trains them again."""
    chosen = window.selected()
    _freeze(window, [*chosen, *compose.upstream(window.session.project, window.graph, chosen)])


def _freeze(window: Window, ids: list[str]) -> None:
    """Freezes the layers that nodes stand for, or thaws them where all are frozen."""
    session, graph = window.session, window.graph
    session.settle()
    layers = layers_of(session.project, session.shapes("model"), graph, ids)
    thaw = bool(layers) and not any(each.trains for each in layers)
    if not layers:
        window.say("These nodes have no weights that could be frozen.")
    elif window.compose(lambda *_: freeze_layers(layers, thaw)):
        session.settle()
        totals = summary(session.project, session.shapes("model"))["totals"]
        trained, whole = totals["trainable_params"], totals["params"]
        done = "Trained again" if thaw else "Frozen"
        names = ", ".join(each.name for each in layers[:3]) + (", …" if len(layers) > 3 else "")
        window.say(f"{done}: {names} · {trained:,} of {whole:,} parameters are trained")


@command("graph.layout", "Lay out", "L", "network", on_canvas, "canvas", group=3, local=True)
def lay_out(window: Window) -> None:
    """Arranges the selected nodes, or all of them where fewer than two are selected."""
    chosen = window.selected()
    window.canvas.arrange(chosen if len(chosen) > 1 else None)


@command("graph.frame", "Comment frame", "Ctrl+Shift+F", "frame", on_canvas, "canvas node", group=3)
def comment(window: Window) -> None:
    """Puts a titled frame round the selected nodes."""
    from studio.gui.canvas.gestures.framing import frame_around

    scene = window.canvas.scene()
    rect = scene.bounds(window.selected()) if window.selected() else None
    if rect is None:
        at = window.canvas.place_for_new()
        box = (at.x(), at.y(), 320.0, 200.0)
    else:
        box = frame_around(rect)
    name = compose.fresh_id(scene.graph.frames, "frame")
    if window.session.do(
        SetFrame(
            scene.name,
            name,
            Frame(title="Comment", x=box[0], y=box[1], width=box[2], height=box[3]),
        )
    ):
        window.canvas.edit_frame(name)


@command(
    "graph.upstream",
    "Select what feeds it",
    "[",
    enabled=with_nodes,
    where="node",
    group=4,
    local=True,
)
def upstream(window: Window) -> None:
    """Selects the nodes that the selected ones hang on."""
    window.canvas.scene().select(
        compose.upstream(window.session.project, window.graph, window.selected())
    )


@command(
    "graph.downstream",
    "Select what it feeds",
    "]",
    enabled=with_nodes,
    where="node",
    group=4,
    local=True,
)
def downstream(window: Window) -> None:
    """Selects the nodes that hang on the selected ones."""
    window.canvas.scene().select(
        compose.downstream(window.session.project, window.graph, window.selected())
    )


def _walk(direction: str, key: str) -> None:
    def walk(window: Window) -> None:
        handling.walk(window.canvas, direction)

    def nudge(window: Window) -> None:
        handling.nudge(window.canvas, direction)

    walk.__doc__ = f"Goes along an edge to the next node {direction}."
    nudge.__doc__ = f"Moves the selected nodes {direction} by one step of the grid."
    command(
        f"graph.walk_{direction}",
        f"Go {direction}",
        key,
        f"arrow-{direction}",
        on_canvas,
        group=5,
        local=True,
    )(walk)
    command(
        f"graph.nudge_{direction}",
        f"Move {direction}",
        f"Ctrl+{key}",
        enabled=with_nodes,
        group=6,
        local=True,
    )(nudge)


for _direction in ("up", "down", "left", "right"):
    _walk(_direction, _direction.capitalize())


@command("graph.add", "Add…", "Tab", "plus", on_canvas, "canvas", local=True)
def add(window: Window) -> None:
    """Adds a layer or stage by its name, behind the selected nodes."""
    from studio.gui.palettes import quick_add

    quick_add(window)


@command("graph.run_to_here", "Run to here", "H", "scan", _one_of_model, "node", local=True)
def run_to_here(window: Window) -> None:
    """Shows what the selected node makes of a real batch: what goes in, and what comes out."""
    window.panel("inside").run_to(window.graph, window.selected()[0])
