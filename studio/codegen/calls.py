"""Calls written as data -> the expression that makes them."""

from __future__ import annotations

from typing import Any

from studio.codegen.layout import Expr, Group, Parts, dictionary, join, listing, tuple_of
from studio.codegen.literal import literal, text
from studio.codegen.source import Source
from studio.graph.catalogue import types
from studio.graph.catalogue.op import Op, Param
from studio.graph.catalogue.registry import find
from studio.graph.checks.structure import identifier_problem
from studio.graph.document import is_call, is_reference, references
from studio.graph.problems import StudioError, quoted

MOST_POSITIONAL = 2


def call_expr(source: Source, path: str, params: dict[str, Any], name: Expr | None = None) -> Parts:
    """`keras.layers.Dense(64, activation="relu", name="digit")`.

    Arguments without a default come by position (at most two), the others by
    name, in the order of the signature; those of its own call are left to that.
    `name` is the expression of the keyword of that name, where the call has none of its own.
    """
    op = find(path)
    if op is None:
        raise StudioError(f"There is no op {quoted(path)}.")
    source.need(path.partition(".")[0])
    items: list[Expr] = []
    given = {**params, "name": None} if name is not None and "name" not in params else params
    for position, key in enumerate(op.params):
        if key not in given or op.params[key].call:
            continue
        if op.params[key].keywords:
            items += keywords(source, given[key] or {})
            continue
        param = op.params[key]
        if key == "name" and name is not None and given["name"] is None:
            value: Expr = name
        else:
            value = argument(source, param, given[key])
        by_position = param.required and position < MOST_POSITIONAL and len(items) == position
        items.append(value if by_position else join(f"{key}=", value))
    return join(path, Group("(", tuple(items), ")", call=True))


def keywords(source: Source, value: Any) -> list[Expr]:
    """Entries as keyword arguments: `h=2, w=3`."""
    if is_reference(value):
        return [join("**", value["$"])]
    wrong = next((name for name in value if identifier_problem(name)), None)
    if wrong is not None:
        raise StudioError(f"{quoted(wrong)} can't be the name of an argument.")
    return [join(f"{name}=", value_expr(source, item)) for name, item in value.items()]


def argument(source: Source, param: Param, value: Any) -> Expr:
    """A parameter's value: a literal, or the calls in it."""
    if isinstance(value, list) and _as_tuple(param.type):
        value = tuple(value)
    return value_expr(source, value)


def value_expr(source: Source, value: Any) -> Expr:
    """A value that may be, or hold, calls and the parameters of a block."""
    if is_reference(value):
        return value["$"]  # a parameter of the function or class around it
    if is_call(value):
        return _inner_call(source, value)
    if not references(value) and not _holds_calls(value):
        return literal(value)
    if isinstance(value, dict):
        return dictionary((text(key), value_expr(source, item)) for key, item in value.items())
    items = [value_expr(source, item) for item in value]
    return tuple_of(items) if isinstance(value, tuple) else listing(items)


def _inner_call(source: Source, value: dict[str, Any]) -> Expr:
    """A call as a value: an object is made, a function is handed over."""
    path, params = value["op"], value.get("params", {})
    if path.startswith("code:"):
        name = path.removeprefix("code:")
        if name in source.code_functions:
            return name
        settings = [join(f"{key}=", value_expr(source, item)) for key, item in params.items()]
        return join(name, Group("(", tuple(settings), ")", call=True))
    op = find(path)
    return op.path if op is not None and is_function(op) else call_expr(source, path, params)


def _holds_calls(value: Any) -> bool:
    if not isinstance(value, (dict, list, tuple)):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return any(is_call(item) or _holds_calls(item) for item in inner)


def _as_tuple(kind: types.Type) -> bool:
    """Shapes and sizes by axis are tuples, as in Keras' own examples."""
    return isinstance(kind, (types.Ints, types.Shape))


def is_function(op: Op) -> bool:
    """Whether the op is called on tensors directly, not made first and called then."""
    return op.kind in ("function", "activation", "loss_function", "metric_function")
