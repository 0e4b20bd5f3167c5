"""The functions for the columns of a table: as they are mapped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.codegen.layout import Expr, call, join, tuple_of
from studio.codegen.literal import literal, text
from studio.graph.elements import Elements
from studio.graph.rule import Args


def _lambda(dataset: Elements, function: str, **arguments: Expr) -> Expr:
    """`lambda x, y: (function(x, ...), y)`."""
    names = ["x", "y", "weight"] if isinstance(dataset.structure, tuple) else ["x"]
    if len(names) > 1:
        names = names[: len(dataset.structure)]
    changed = call(function, ["x"], **arguments)
    body = tuple_of([changed, *names[1:]]) if isinstance(dataset.structure, tuple) else changed
    return join(f"lambda {', '.join(names)}: ", body)


def _fill_missing(stage: Any, p: Args, dataset: Elements) -> Expr:
    flags = {"flags": "True"} if p.flags else {}
    helper = stage.helper("fill_missing")
    return _lambda(dataset, helper, values=literal(p.values), **flags)


def _date_parts(stage: Any, p: Args, dataset: Elements) -> Expr:
    helper = stage.helper("date_parts")
    return _lambda(dataset, helper, column=text(p.column), parts=literal(p.parts))


COLUMN_MAPS: dict[str, Callable[[Any, Args, Elements], Expr]] = {
    "studio.map.fill_missing": _fill_missing,
    "studio.map.date_parts": _date_parts,
}
