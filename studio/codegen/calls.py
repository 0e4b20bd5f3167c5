"""Calls written as data -> the expression that makes them."""

from __future__ import annotations

from typing import Any

from studio.codegen.layout import Expr, Group, Parts, join, listing
from studio.codegen.literal import literal
from studio.codegen.source import Source
from studio.graph.catalogue import types
from studio.graph.catalogue.op import Op, Param
from studio.graph.catalogue.registry import find
from studio.graph.document import is_call
from studio.graph.problems import StudioError, quoted

MOST_POSITIONAL = 2


def call_expr(source: Source, path: str, params: dict[str, Any], name: str | None = None) -> Parts:
    """`keras.layers.Dense(64, activation="relu", name="digit")`.

    Arguments without a default come by position (at most two), the others by
    name, in the order of the signature. `name` is given as the keyword where
    the call has none of its own.
    """
    op = find(path)
    if op is None:
        raise StudioError(f"There is no op {quoted(path)}.")
    source.need(path.partition(".")[0])
    if name is not None and "name" in op.params and params.get("name") is None:
        params = params | {"name": name}
    items: list[Expr] = []
    for position, (key, param) in enumerate(op.params.items()):
        if key not in params:
            continue
        value = argument(source, param, params[key])
        by_position = param.required and position < MOST_POSITIONAL and len(items) == position
        items.append(value if by_position else join(f"{key}=", value))
    return join(path, Group("(", tuple(items), ")", call=True))


def argument(source: Source, param: Param, value: Any) -> Expr:
    """A parameter's value: a literal, or the calls in it."""
    if isinstance(value, list) and _as_tuple(param.type):
        value = tuple(value)
    return value_expr(source, value)


def value_expr(source: Source, value: Any) -> Expr:
    """A value that may be, or hold, calls."""
    if is_call(value):
        op = find(value["op"])
        if op is not None and is_function(op):
            return op.path  # a function is handed over, not called
        return call_expr(source, value["op"], value.get("params", {}))
    if isinstance(value, list) and any(map(is_call, value)):
        return listing(value_expr(source, item) for item in value)
    return literal(value)


def _as_tuple(kind: types.Type) -> bool:
    """Shapes and sizes by axis are tuples, as in Keras' own examples."""
    return isinstance(kind, (types.Ints, types.Shape))


def is_function(op: Op) -> bool:
    """Whether the op is called on tensors directly, not made first and called then."""
    return op.kind in ("function", "activation")
