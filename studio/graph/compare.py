"""What differs between two projects, by paths as `--set` takes them.

What changes nothing of a training is left out: places on the canvas, frames, notes. A parameter
that one of them leaves out counts as its default, so that writing a default is no difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import UNSET, Struct

from studio.graph.catalogue.registry import find
from studio.graph.document import Graph, Project, Training, is_call
from studio.graph.file import plain

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
SILENT = ("id", "at", "note")
"""Fields of a node that change nothing of a training; the id is its path."""


class Difference(Struct, frozen=True, omit_defaults=True):
    """A path, with what stands there in the one project and in the other; UNSET: nothing."""

    path: str
    before: Any = UNSET
    after: Any = UNSET

    @property
    def kind(self) -> str:
        """added, removed or changed."""
        return ADDED if self.before is UNSET else REMOVED if self.after is UNSET else CHANGED


def differences(one: Project, other: Project) -> list[Difference]:
    """All that differs, in the order of the file: data, model, blocks, code, training, the rest."""
    graphs, others = one.graphs(), other.graphs()
    found = []
    for name in dict.fromkeys((*graphs, *others)):
        path = name.replace("block:", "blocks.")
        found += _graphs(path, graphs.get(name, Graph()), others.get(name, Graph()))
    found += _values("code", plain(one.code), plain(other.code))
    found += _values("training", _training(one), _training(other))
    for name in ("distribution", "exports"):
        found += _values(name, plain(getattr(one, name)), plain(getattr(other, name)))
    return found


def _training(project: Project) -> dict[str, Any]:
    """The training with the defaults that the file leaves out."""
    training = project.training or Training()
    return {name: plain(getattr(training, name)) for name in Training.__struct_fields__}


def _graphs(path: str, one: Graph, other: Graph) -> Iterator[Difference]:
    """Nodes by their ids, edges by their ends, and the graph's own fields."""
    nodes, others = ({i: _node(n) for i, n in graph.nodes.items()} for graph in (one, other))
    yield from _values(f"{path}.nodes", nodes, others)
    edges, new = ([f"{e.source} -> {e.target}" for e in graph.edges] for graph in (one, other))
    # An edge of a node that is itself new or gone says nothing new.
    common = {name for name in nodes if name in others}
    yield from (
        Difference(f"{path}.edges", before, after)
        for before, after in (
            *((edge, UNSET) for edge in edges if edge not in new),
            *((UNSET, edge) for edge in new if edge not in edges),
        )
        if _ends(before if after is UNSET else after) <= common
    )
    fields = dict.fromkeys((*one.__struct_fields__, *other.__struct_fields__))
    for name in fields:
        if name not in ("nodes", "edges", "frames"):
            before, after = (plain(getattr(graph, name, UNSET)) for graph in (one, other))
            yield from _values(f"{path}.{name}", before, after)


def _ends(edge: str) -> set[str]:
    return {end.partition(".")[0] for end in edge.split(" -> ")}


def _node(node: Any) -> dict[str, Any]:
    return {name: value for name, value in plain(node).items() if name not in SILENT}


def _values(path: str, one: Any, other: Any) -> Iterator[Difference]:
    """The differences of two JSON values: of objects and calls within, else the values whole."""
    if is_call(one) and is_call(other):
        if one["op"] != other["op"] and path.split(".")[-2] != "nodes":
            yield Difference(path, one, other)  # another optimizer: its parameters are others too
            return
        one, other = _filled(one, other), _filled(other, one)
    if isinstance(one, dict) and isinstance(other, dict):
        for name in dict.fromkeys((*one, *other)):
            yield from _values(f"{path}.{name}", one.get(name, UNSET), other.get(name, UNSET))
    elif _calls(one) and _calls(other):
        yield from _values(path, _by_name(one), _by_name(other))
    elif one != other:
        yield Difference(path, one, other)


def _filled(call: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """A call with the defaults of the parameters that only the other one gives."""
    op = find(str(call["op"]))
    params = call.get("params", {})
    given = [name for name in other.get("params", {}) if name not in params]
    known = op.params if op is not None else {}
    defaults = {
        name: plain(known[name].default)
        for name in given
        if name in known and not known[name].required
    }
    return call | {"params": defaults | params}


def _calls(value: Any) -> bool:
    """Whether it is a list of calls (of callbacks, of metrics), each of another name."""
    if not isinstance(value, list) or not all(map(is_call, value)):
        return False
    return len({_name(call) for call in value}) == len(value)


def _by_name(calls: list[dict[str, Any]]) -> dict[str, Any]:
    return {_name(call): call for call in calls}


def _name(call: dict[str, Any]) -> str:
    """What a call of a list is called in a path: the name it is given, else its class's."""
    given = call.get("params", {}).get("name")
    return given if isinstance(given, str) else str(call["op"]).rpartition(".")[2]
