"""A JSON value -> the document, with the place of everything that doesn't fit.

The fields and types are read off the Structs of document.py, so there is one
description of the format. Reading goes on after a mistake: all of them are
told at once, and what could be read is there to be checked further.
"""

from __future__ import annotations

import types
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from msgspec import NODEFAULT, UNSET, Struct
from msgspec.structs import fields

from studio.graph.catalogue.types import Int
from studio.graph.document import Call, Edge, Graph, Node, Project
from studio.graph.problems import ERROR, Problem, ProjectError, nearest, quoted

_JSON_NAMES = {
    dict: "an object {...}",
    list: "a list [...]",
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    type(None): "null",
}


def read_value(value: Any, kind: Any, place: str) -> Any:
    """The JSON value as a part of the document; raises ProjectError where it is none."""
    reader = _Reader()
    read = reader.value(value, kind, place)
    if reader.problems:
        raise ProjectError(reader.problems)
    return read


def field_type(kind: type[Struct], name: str) -> Any:
    """The type of a Struct's field, for `read_value`; None where there is no such field."""
    return _fields(kind).get(name, (None, False))[0]


def read_project(value: Any) -> tuple[Project, list[Problem]]:
    """The project that a JSON value says, as far as it can be read, and what is wrong with it."""
    reader = _Reader()
    project = reader.struct(value, Project, "")
    return (Project() if project is UNSET else project), reader.problems


@cache
def _fields(kind: type[Struct]) -> dict[str, tuple[Any, bool]]:
    """Name -> (type, required) of a Struct's fields."""
    hints = get_type_hints(kind, include_extras=True)
    return {
        each.name: (
            hints[each.name],
            each.default is NODEFAULT and each.default_factory is NODEFAULT,
        )
        for each in fields(kind)
    }


class _Reader:
    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(self, place: str, code: str, message: str, hint: str = "") -> Any:
        """Notes a problem; what stood there is left out."""
        graph, node = _graph_and_node(place)
        place = place or "the project"
        self.problems.append(Problem(ERROR, code, graph, node, message, hint, place))
        return UNSET

    def expected(self, place: str, wanted: str, value: Any) -> Any:
        message = f"expected {wanted}, found {_describe(value)}."
        return self.wrong(place, "wrong-shape", message, "See docs/format.md for the file's shape.")

    def value(self, value: Any, kind: Any, place: str) -> Any:
        origin = get_origin(kind)
        if origin is Annotated:
            return self.limited(value, kind, place)
        if kind is Any:
            return value
        if origin in (Union, types.UnionType):
            return self.either(value, get_args(kind), place)
        if origin is dict:
            return self.mapping(value, get_args(kind)[1], place)
        if origin is tuple:
            return self.sequence(value, get_args(kind), place)
        if origin is Literal:
            words = get_args(kind)
            known = isinstance(value, str) and value in words
            return value if known else self.expected(place, ", or ".join(map(quoted, words)), value)
        if isinstance(kind, type) and issubclass(kind, Struct):
            return self.struct(value, kind, place)
        if kind is float:
            fits = isinstance(value, (int, float)) and not isinstance(value, bool)
        elif kind is int:
            fits = isinstance(value, int) and not isinstance(value, bool)
        else:
            fits = isinstance(value, kind)
        return value if fits else self.expected(place, _JSON_NAMES[kind], value)

    def either(self, value: Any, kinds: tuple[Any, ...], place: str) -> Any:
        """A value of the first of some types, null, one of the texts that may stand for it, or
        a list of such values.
        """
        first, *others = kinds
        lists = [each for each in others if get_origin(each) is tuple]
        if lists and isinstance(value, list):
            return self.value(value, lists[0], place)
        words = [word for each in others for word in get_args(each) if get_origin(each) is Literal]
        if value is None and type(None) in others:
            return None
        if value in words and isinstance(value, str):
            return value
        if (words or lists) and _fails(value, first, place):
            words = [self.wanted(first), *map(quoted, words), *["a list of such" for _ in lists]]
            return self.expected(place, ", or ".join(words), value)
        return self.value(value, first, place)

    def wanted(self, kind: Any) -> str:
        """What a value of a plain type is called, with its range."""
        if get_origin(kind) is not Annotated:
            return _JSON_NAMES[kind]
        meta = next(iter(get_args(kind)[1:]))
        return Int(meta.ge, meta.le).expected()

    def limited(self, value: Any, kind: Any, place: str) -> Any:
        """A value of a type with a range (or only a description) beside it."""
        inner, *metas = get_args(kind)
        read = self.value(value, inner, place)
        for meta in metas:
            number = Int(meta.ge, meta.le)
            limited = number != Int() and read is not UNSET
            if limited and not number.accepts(read):
                return self.expected(place, number.expected(), read)
        return read

    def mapping(self, value: Any, kind: Any, place: str) -> Any:
        if not isinstance(value, dict):
            return self.expected(place, _JSON_NAMES[dict], value)
        read = {key: self.value(item, kind, _key(place, key)) for key, item in value.items()}
        return {key: item for key, item in read.items() if item is not UNSET}

    def sequence(self, value: Any, kinds: tuple[Any, ...], place: str) -> Any:
        if not isinstance(value, list):
            return self.expected(place, _JSON_NAMES[list], value)
        if kinds[-1] is Ellipsis:
            items = [
                self.value(item, kinds[0], f"{place}[{index}]") for index, item in enumerate(value)
            ]
        elif len(value) != len(kinds):
            return self.expected(place, f"a list of {len(kinds)}", value)
        else:
            items = [
                self.value(item, kind, f"{place}[{index}]")
                for index, (item, kind) in enumerate(zip(value, kinds, strict=True))
            ]
            if UNSET in items:
                return UNSET
        return tuple(item for item in items if item is not UNSET)

    def struct(self, value: Any, kind: type[Struct], place: str) -> Any:
        if kind is Edge:
            return self.edge(value, place)
        if kind is Call and isinstance(value, str):
            hint = f'Write {{"op": {quoted(value)}}}.'
            message = f"expected a call, an object with op and params, found {_describe(value)}."
            return self.wrong(place, "wrong-shape", message, hint)
        if not isinstance(value, dict):
            return self.expected(place, _JSON_NAMES[dict], value)
        known = _fields(kind)
        found: dict[str, Any] = {}
        missing = [name for name in _required(kind) if name not in value]
        for name in missing:
            message = f"{quoted(name)} is missing."
            self.wrong(place, "missing-key", message, f"{_article(kind)} needs one.")
        for name, item in value.items():
            if name not in known:
                hint = nearest(name, known) or f"There can be {', '.join(known)}."
                self.wrong(place, "unknown-key", f"unknown key {quoted(name)}.", hint)
                continue
            inner = f"{place}.{name}" if place else name
            if issubclass(kind, Graph) and name == "nodes":
                read = self.nodes(item, inner)
            else:
                read = self.value(item, known[name][0], inner)
            if read is not UNSET:
                found[name] = read
        return (
            UNSET
            if missing or any(name not in found for name in _required(kind))
            else kind(**found)
        )

    def nodes(self, value: Any, place: str) -> Any:
        """A list of nodes -> nodes by id; of two with one id the first is kept, and it is told."""
        if not isinstance(value, list):
            return self.expected(place, _JSON_NAMES[list], value)
        found: dict[str, Node] = {}
        for index, item in enumerate(value):
            name = item.get("id") if isinstance(item, dict) else None
            where = f"{place}[{index}]" + (f" {quoted(name)}" if isinstance(name, str) else "")
            node = self.struct(item, Node, where)
            if node is UNSET:
                continue
            if node.id in found:
                message = f"a second node has the id {quoted(node.id)}."
                self.wrong(where, "duplicate-id", message, "Give one of them another id.")
                continue
            if (node.op is None) == (node.shares is None):
                if self.problems and self.problems[-1].place.startswith(where):
                    continue  # its op or shares couldn't be read: that has been said
                message = "a node has either an op, or shares the layer of another node."
                hint = 'Give it one of "op" and "shares".'
                self.wrong(where, "wrong-shape", message, hint)
                continue
            found[node.id] = node
        return found

    def edge(self, value: Any, place: str) -> Any:
        if (
            not isinstance(value, list)
            or len(value) != 2
            or not all(isinstance(end, str) for end in value)
        ):
            return self.expected(place, 'an edge ["source", "target"]', value)
        return Edge(*value)


def _fails(value: Any, kind: Any, place: str) -> bool:
    probe = _Reader()
    probe.value(value, kind, place)
    return bool(probe.problems)


def _required(kind: type[Struct]) -> list[str]:
    return [name for name, (_, required) in _fields(kind).items() if required]


def _article(kind: type[Struct]) -> str:
    names = {"Call": "A call", "Node": "A node", "Code": "A piece of code"}
    return names.get(kind.__name__, "It")


def _key(place: str, key: str) -> str:
    plain = key.isidentifier() and len(key) <= 60
    return f"{place}.{key}" if plain else f"{place}[{quoted(key)}]"


def _describe(value: Any) -> str:
    """What was found, as a person would call it."""
    for kind, name in ((dict, "an object"), (list, "a list")):
        if isinstance(value, kind):
            return f"{name} of {len(value)}"
    return quoted(value)


def _graph_and_node(place: str) -> tuple[str, str]:
    """The graph and node that a place lies in: `model.nodes[3] "conv2".at` -> model, conv2."""
    head, _, rest = place.partition(".")
    if head == "blocks":
        name, _, rest = rest.partition(".")
        head = f"block:{name}"
    node = ""
    if rest.startswith("nodes[") and '"' in rest:
        node = rest.split('"')[1]
    return head.partition("[")[0], node
