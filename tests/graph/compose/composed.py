"""What a person does to a graph, as hypothesis draws it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from studio.graph import compose
from studio.graph.document import Project
from studio.graph.edits import Edit

Draw = Callable[[st.SearchStrategy[Any]], Any]
OPS = (
    "keras.layers.Dense",
    "keras.layers.Concatenate",
    "keras.layers.LSTM",
    "keras.Input",
    "keras.layers.MultiHeadAttention",
    "tf.data.Dataset.batch",
    "studio.data.split",
    "block:pair",
    "code:lost",
)


def _some(draw: Draw, there: Any) -> list[str]:
    names = list(there)
    return draw(st.lists(st.sampled_from(names), min_size=1, max_size=4)) if names else ["no"]


def _end(draw: Draw, graph: Any) -> str:
    port = draw(st.sampled_from(("", "", "", "", ".train", ".state_h", ".output", ".x")))
    return _some(draw, graph.nodes)[0] + port


def draw_composed(draw: Draw, project: Project) -> Edit:
    """One thing that a person may do; raises StudioError where it can't be done."""
    name = draw(st.sampled_from(list(project.graphs())))
    graph = project.graph(name)
    ids = _some(draw, graph.nodes)
    one = ids[0]
    op = draw(st.sampled_from(OPS))
    flag = draw(st.booleans())
    edge = draw(st.sampled_from(graph.edges)) if graph.edges else None
    block = _some(draw, project.blocks)[0]
    places = st.none() | st.tuples(st.floats(-500, 500), st.floats(-500, 500))
    standing = [n for n, node in graph.nodes.items() if (node.op or "").startswith("block:")]
    unit = draw(st.sampled_from(standing or ids))
    other = draw(st.sampled_from(("model", *(f"block:{each}" for each in project.blocks))))

    def on_edge() -> Edit:
        node = one if flag else compose.new_node(project, name, op)
        return compose.insert_on_edge(project, name, edge, node)

    def reroute() -> Edit:
        end = _end(draw, graph)
        ends = {"source": end} if flag else {"target": end}
        return compose.reroute(project, name, edge, **ends)

    def order() -> Edit:
        into = [e for e in graph.edges if e.target_node == one and not e.target_port]
        order = draw(st.permutations(range(len(into))))
        return compose.order_edges(project, name, one, order)

    def parameter() -> Edit:
        known = graph.nodes[one].params if one in graph.nodes else ()
        param = draw(st.sampled_from(("activation", *known)))
        return compose.make_parameter(project, name, one, param)[0]

    def paste() -> Edit:
        text = compose.copy(project, name, ids, graph.frames)
        into = name if flag else other
        return compose.paste(project, into, text, draw(places))[0]

    kinds: dict[str, Callable[[], Edit]] = {
        "remove": lambda: compose.remove(project, name, ids),
        "heal": lambda: compose.delete_and_heal(project, name, ids),
        "bypass": lambda: compose.bypass(project, name, ids, flag),
        "detach": lambda: compose.detach(project, name, ids),
        "replace": lambda: compose.replace_op(project, name, one, op),
        "swap": lambda: compose.swap(project, name, one, ids[-1]),
        "rename": lambda: compose.rename(project, name, one, draw(st.sampled_from("uvwx"))),
        "add": lambda: compose.add_node(
            project, name, op, draw(places), _end(draw, graph) if flag else None
        )[0],
        "add before": lambda: compose.add_node(
            project, name, op, draw(places), connect_to=_end(draw, graph)
        )[0],
        "connect": lambda: compose.connect(project, name, _end(draw, graph), _end(draw, graph)),
        "output": lambda: compose.set_output(project, name, _end(draw, graph), flag),
        "order nodes": lambda: compose.order_nodes(project, name, ids, None if flag else one),
        "cut": lambda: compose.cut(project, name, ids)[1],
        "paste": paste,
        "duplicate": lambda: compose.duplicate(project, name, ids, shared=flag)[0],
        "group": lambda: compose.group(project, name, ids, "part")[0],
        "unpack": lambda: compose.unpack(project, name, unit)[0],
        "repeat": lambda: compose.repeat(project, name, unit, draw(st.integers(1, 3))),
        "rename block": lambda: compose.rename_block(project, block, "renamed"),
        "duplicate block": lambda: compose.duplicate_block(project, block)[0],
        "remove block": lambda: compose.remove_block(project, block),
        "remove parameter": lambda: compose.remove_parameter(project, block, "filters"),
        "parameter": parameter,
        "order": order,
    }
    if edge is not None:
        kinds |= {"insert": on_edge, "reroute": reroute}
        kinds["disconnect"] = lambda: compose.disconnect(project, name, [edge])
    return kinds[draw(st.sampled_from(list(kinds)))]()
