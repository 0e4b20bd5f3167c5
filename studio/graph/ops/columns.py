"""Ready-made functions for the columns of a table: gaps filled, dates taken apart."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Bool, Choice, DictOf, Either, Float, ListOf, Text
from studio.graph.elements import Elements
from studio.graph.functions import named_features, with_features
from studio.graph.problems import quoted
from studio.graph.rule import Args
from studio.graph.spec import FLOATS, Refused, Spec

PARTS = ("year", "month", "day", "weekday", "hour", "minute")


def _columns(dataset: Elements, names: Any) -> dict[str, Any]:
    """The features by name; Refused where one of these names isn't that of a tensor."""
    given = named_features(dataset, names)
    for name in names:
        if not isinstance(given[name], Spec):
            raise Refused(f"works on the feature {quoted(name)}, which is no single tensor")
    return given


_NUMBERS = Either((Float(), ListOf(Float(), empty=False)))


@describe(
    "studio.map.fill_missing",
    kind="map",
    family="map",
    shown="values",
    help="Puts a value where a column has none: NaN among numbers, an empty text among texts.",
    params=[
        Param(
            "values",
            DictOf(Either((_NUMBERS, Text())), empty=False),
            help="Feature -> what stands for a missing value; a list has one for each column.",
        ),
        Param(
            "flags",
            Bool(),
            False,
            "Whether each of them gets a feature NAME_missing beside it: 1 where it was filled.",
        ),
    ],
)
def fill_missing(p: Args, dataset: Elements) -> Elements:
    """The same features, and the flags as float32."""
    given = _columns(dataset, p.values)
    flags = {}
    for name, value in p.values.items():
        spec = given[name]
        _fits(name, spec, value)
        if p.flags:
            flag = f"{name}_missing"
            if flag in given:
                raise Refused(f"would add the feature {quoted(flag)}, which is there already")
            flags[flag] = spec.with_dtype("float32")
    return replace(dataset, structure=with_features(dataset, given | flags))


def _fits(name: str, spec: Spec, value: Any) -> None:
    """Refused where a value can't take the place of a missing one."""
    if spec.dtype != "string" and spec.dtype not in FLOATS:
        raise Refused(f"fills {quoted(name)}, whose {spec.dtype} are never missing")
    if isinstance(value, str) != (spec.dtype == "string"):
        there, wanted = ("texts", "a text") if spec.dtype == "string" else ("numbers", "a number")
        raise Refused(
            f"fills {quoted(name)}, which holds {there}, with {quoted(value)}", f"Give {wanted}."
        )
    if isinstance(value, list) and (not spec.shape or spec.shape[-1] != len(value)):
        raise Refused(
            f"fills {quoted(name)}, which is {spec}, with {len(value)} numbers",
            "Give one number, or one for each column.",
        )


@describe(
    "studio.map.date_parts",
    kind="map",
    family="map",
    shown="column parts",
    help="Takes a date as text (2024-03-01, also with a time: 2024-03-01 18:30) apart.",
    params=[
        Param("column", Text(), help="The feature that holds the dates; its parts replace it."),
        Param(
            "parts",
            ListOf(Choice(PARTS), empty=False),
            ["year", "month", "weekday"],
            "Which of them become features NAME_year ...; weekday 0 is Monday.",
        ),
    ],
)
def date_parts(p: Args, dataset: Elements) -> Elements:
    """Whole numbers (int32) of the date's shape, one feature for each part."""
    given = dict(_columns(dataset, [p.column]))
    spec = given.pop(p.column)
    if spec.dtype != "string":
        raise Refused(f"reads dates from texts, but {quoted(p.column)} is {spec}")
    parts = {f"{p.column}_{part}": spec.with_dtype("int32") for part in p.parts}
    twice = next((name for name in parts if name in given), None)
    if twice or len(parts) < len(p.parts):
        raise Refused(f"would add the feature {quoted(twice or p.parts[0])} twice")
    return replace(dataset, structure=with_features(dataset, given | parts))
