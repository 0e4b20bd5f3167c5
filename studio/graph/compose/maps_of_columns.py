"""The functions behind a table that hang on its columns: dates, weights, gaps that are filled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from studio.graph.compose.draft import Draft
from studio.graph.compose.names import fresh_id
from studio.graph.compose.remove import delete_and_heal
from studio.graph.document import DataGraph, Edge, Node
from studio.graph.edits import Connect, SetParam
from studio.graph.part_edits import AddPart, Rewire

if TYPE_CHECKING:
    from studio.graph.compose.columns import Editing, Use

MAP = "tf.data.Dataset.map"
DATES, WEIGHTS, FILLING = (
    f"studio.map.{name}" for name in ("date_parts", "to_features_and_label", "fill_missing")
)


class Maps(Struct):
    """The maps in a row behind a source: feature -> the node that takes its dates apart, the
    feature that is the weight, the nodes that say so and that fill gaps."""

    dates: dict[str, str]
    weight: str = ""
    weighing: str = ""
    filling: str = ""


def maps_behind(graph: DataGraph, source: str) -> Maps:
    """The maps that follow a source, as long as there is one way."""
    found = Maps({})
    name = source
    while True:
        edges = [edge for edge in graph.edges if edge.source_node == name]
        if len(edges) != 1 or graph.nodes[edges[0].target_node].op != MAP:
            return found
        name = edges[0].target_node
        function = graph.nodes[name].params.get("function")
        function = function if isinstance(function, dict) else {}
        op, params = function.get("op"), function.get("params", {})
        if op == DATES and "column" in params:
            found.dates[params["column"]] = name
        elif op == FILLING:
            found.filling = name
        elif op == WEIGHTS and isinstance(params.get("sample_weight"), list):
            place = params["sample_weight"]
            if len(place) == 2 and place[0] == 0:
                found.weight, found.weighing = str(place[1]), name


def maps_after(
    draft: Draft,
    editing: Editing,
    wanted: Mapping[str, Use],
    features: Mapping[str, list[str]],
) -> None:
    """Brings the maps behind the source in line with its columns."""
    maps = editing.fronts.maps
    weight = next((n for n, columns in features.items() if _role(wanted, columns) == "weight"), "")
    dates = [n for n, columns in features.items() if _kind(wanted, columns) == "date"]
    gone = [node for name, node in maps.dates.items() if name not in dates]
    if maps.weighing:
        gone.append(maps.weighing)
    for node in gone:
        draft.do(delete_and_heal(draft.project, "data", [node]))
    _fill(draft, editing, wanted, features)
    for name in dates:
        if name not in maps.dates:
            function = {"op": DATES, "params": {"column": name}}
            _behind(draft, editing.source, f"{name}_parts", function)
    if weight:
        params = {
            "features": {name: [0, name] for name in features if name != weight},
            "label": [1],
            "sample_weight": [0, weight],
        }
        _behind(draft, editing.source, "weighed", {"op": WEIGHTS, "params": params})


def _role(wanted: Mapping[str, Use], columns: list[str]) -> str:
    return wanted[columns[0]].role


def _kind(wanted: Mapping[str, Use], columns: list[str]) -> str:
    use = wanted[columns[0]]
    return use.kind if use.role == "feature" else ""


def _fill(
    draft: Draft,
    editing: Editing,
    wanted: Mapping[str, Use],
    features: Mapping[str, list[str]],
) -> None:
    """What stands for empty cells: of the features there are, and of each that has gaps."""
    node = editing.fronts.maps.filling
    keep = editing.missing(wanted) == "keep"
    if not node and not keep:
        return
    old: dict[str, Any] = {}
    if node:
        old = draft.graph.nodes[node].params["function"]["params"].get("values", {})
    before = {name: list(each.columns) for name, each in editing.features().items()}
    values: dict[str, Any] = {}
    table = editing.table.columns
    for name, columns in features.items():
        text = _kind(wanted, columns) not in ("number", "")
        value = old.get(name)
        if isinstance(value, list) and before.get(name) != columns:
            known = dict(zip(before.get(name, []), value, strict=False))
            value = [known.get(column, 0.0) for column in columns]
        if value is not None and isinstance(value, str) != text:
            value = None
        if value is None and keep and any(table[column].empty for column in columns):
            value = "missing" if text else 0.0
        if value is not None:
            values[name] = value
    if not values:
        if node:
            draft.do(delete_and_heal(draft.project, "data", [node]))
    elif not node:
        _behind(draft, editing.source, "filled", {"op": FILLING, "params": {"values": values}})
    elif values != old:
        function = draft.graph.nodes[node].params["function"]
        changed = {**function, "params": {**function["params"], "values": values}}
        draft.do(SetParam("data", node, "function", changed))


def _behind(draft: Draft, source: str, wish: str, function: dict[str, Any]) -> None:
    """A map between the source and all that it feeds."""
    graph = draft.graph
    name = fresh_id(graph.nodes, wish)
    at = graph.nodes[source].at
    place = None if at is None else (at[0] + 40, at[1] + 40)
    node = Node(name, MAP, params={"function": function}, at=place)
    fed = tuple(edge for edge in graph.edges if edge.source_node == source)
    draft.do(AddPart("data", (node,)))
    if fed:
        draft.do(Rewire("data", tuple((edge, Edge(name, edge.target)) for edge in fed)))
    draft.do(Connect("data", source, name))
    moved = {end: name for end in draft.graph.outputs.values() if end.partition(".")[0] == source}
    if moved:
        draft.move_outputs(moved)
