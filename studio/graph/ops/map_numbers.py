"""Functions for tf.data.Dataset.map on numbers: standardised, parsed."""

from __future__ import annotations

from typing import Any

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.types import Choice, Either, Float, ListOf
from studio.graph.elements import Elements, features, over
from studio.graph.functions import function
from studio.graph.rule import Args
from studio.graph.spec import FLOATS, INTEGERS, Refused, Spec


def on_features(dataset: Elements, change: Any) -> Any:
    """The structure with its features changed and the rest as it was."""
    changed = over(features(dataset.structure), change)
    if isinstance(dataset.structure, tuple):
        return (changed, *dataset.structure[1:])
    return changed


def numeric(spec: Spec, does: str) -> None:
    """Refuses what holds no numbers."""
    if spec.dtype not in FLOATS | INTEGERS:
        raise Refused(f"{does} numbers, but gets {spec.dtype}", "Parse it, or look it up.")


_EACH = Either((Float(), ListOf(Float(), empty=False)))
_SPREAD = Either((Float(above=0), ListOf(Float(above=0), empty=False)))


@function(
    "map",
    "standardise",
    "mean deviation",
    "Takes the mean off the features and divides by their deviation: one for all, or for each.",
    Param("mean", _EACH, help="The mean; a list has one for each feature of the last axis."),
    Param("deviation", _SPREAD, help="The standard deviation, likewise."),
)
def standardise(p: Args, dataset: Elements) -> Any:
    """Features as float32."""

    def change(spec: Spec) -> Spec:
        numeric(spec, "standardises")
        for name in ("mean", "deviation"):
            each = getattr(p, name)
            if isinstance(each, list) and (
                not spec.shape or spec.shape[-1] not in (len(each), None)
            ):
                raise Refused(
                    f"has {len(each)} values as {name}, but the features are {spec}",
                    "Give one for each feature of the last axis, or one for all.",
                )
        return spec.with_dtype("float32")

    return on_features(dataset, change)


@function(
    "map",
    "parse_numbers",
    "dtype",
    "Reads texts as numbers.",
    Param("dtype", Choice(("float32", "float64", "int32", "int64")), "float32", "The dtype."),
)
def parse_numbers(p: Args, dataset: Elements) -> Any:
    """The texts among the features as numbers; what is no text stays."""
    found = []

    def change(spec: Spec) -> Spec:
        found.append(spec.dtype == "string")
        return spec.with_dtype(p.dtype) if spec.dtype == "string" else spec

    made = on_features(dataset, change)
    if not any(found):
        raise Refused("reads texts as numbers, but there is no text in the features", "Remove it.")
    return made
