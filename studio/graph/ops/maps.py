"""Ready-made functions for tf.data.Dataset.map."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Choice, DictOf, Either, Float, Int, ListOf, Text, or_null
from studio.graph.elements import Elements, features, label, over, part_at
from studio.graph.functions import WHERE
from studio.graph.rule import Args
from studio.graph.spec import DTYPES, FLOATS, INTEGERS, Refused, Spec


def _map(name: str, shown: str, help: str, *params: Param):
    return describe(
        f"studio.map.{name}", kind="map", family="map", shown=shown, help=help, params=params
    )


def _on_features(dataset: Elements, change) -> Any:
    """The structure with its features changed and its label as it was."""
    changed = over(features(dataset.structure), change)
    if isinstance(dataset.structure, tuple):
        return (changed, *dataset.structure[1:])
    return changed


@_map(
    "rescale",
    "scale offset",
    "Multiplies the features by a number and adds one: pixels of 0 to 255 become 0 to 1.",
    Param("scale", Float(), 1.0, "The factor."),
    Param("offset", Float(), 0.0, "What is added then."),
)
def rescale(p: Args, dataset: Elements) -> Any:
    """Features as float32."""

    def change(spec: Spec) -> Spec:
        if spec.dtype not in FLOATS | INTEGERS:
            raise Refused(f"multiplies numbers, but gets {spec.dtype}")
        return spec.with_dtype("float32")

    return _on_features(dataset, change)


@_map(
    "cast",
    "dtype",
    "Turns the features into another dtype.",
    Param("dtype", Choice(tuple(sorted(DTYPES - {"string"}))), help="The dtype."),
)
def cast(p: Args, dataset: Elements) -> Any:
    """Features in another dtype."""

    def change(spec: Spec) -> Spec:
        if spec.dtype == "string":
            raise Refused("can't turn text into numbers", "Parse it, or look it up.")
        return spec.with_dtype(p.dtype)

    return _on_features(dataset, change)


@_map(
    "one_hot",
    "depth",
    "Turns a label that is a class number into a vector with a 1 at its place.",
    Param("depth", Int(1), help="How many classes there are."),
)
def one_hot(p: Args, dataset: Elements) -> Any:
    """The label with a new last axis of `depth`, float32."""
    target = label(dataset.structure)
    if not isinstance(target, Spec) or target.dtype not in INTEGERS:
        raise Refused("needs a label that is a whole number")
    if dataset.labels and dataset.labels[1] >= p.depth:
        raise Refused(
            f"has a depth of {p.depth}, but the labels go up to {dataset.labels[1]:g}",
            f"Set depth to {dataset.labels[1] + 1:g}.",
        )
    made = (dataset.structure[0], Spec((*target.shape, p.depth), "float32"))
    return replace(dataset, structure=(*made, *dataset.structure[2:]), labels=None)


@_map(
    "hash_words",
    "buckets length",
    "Turns text into word numbers: lower case, without punctuation, each word by its hash.",
    Param("buckets", Int(2), help="How many numbers there are for words; 0 stands for no word."),
    Param(
        "length",
        or_null(Int(1)),
        help="Words kept, a shorter text being filled up with 0; null for as many as there are.",
    ),
)
def hash_words(p: Args, dataset: Elements) -> Any:
    """A text () becomes (length,) int64, from 0 to buckets - 1; without a length, (None,)."""

    def change(spec: Spec) -> Spec:
        if p.length is None and spec.dtype == "string" and spec.rank < 2 and not spec.ragged:
            return Spec((*spec.shape, None), "int64", spec.rank)  # of a batch: ragged
        if spec.dtype != "string" or spec.shape:
            raise Refused(f"takes one text an element, but gets {spec}", "Choose a text column.")
        return Spec((p.length,), "int64")

    return _on_features(dataset, change)


_PATHS = DictOf(ListOf(Either((Int(0), Text()))), empty=False)


@_map(
    "arrange",
    "features labels sample_weight",
    "Names the parts of an element: which goes into which input, and which is whose label.",
    Param("features", _PATHS, help="Input name -> where it is in the element: [0, 1]; [] for all."),
    Param("labels", _PATHS, None, "Output name -> where its label is; null for none."),
    Param(
        "sample_weight",
        or_null(Either((WHERE, _PATHS))),
        None,
        "Where the weight of an element is, or output name -> where its own is; null for none.",
    ),
)
def arrange(p: Args, dataset: Elements) -> Any:
    """(dict of features, dict of labels), and the weights, where there are some."""
    found = {name: part_at(dataset.structure, path) for name, path in p.features.items()}
    if p.labels is None:
        if p.sample_weight is not None:
            raise Refused("gives weights, but no labels", "Name the labels as well.")
        return replace(dataset, structure=found, labels=None)
    labels = {name: part_at(dataset.structure, path) for name, path in p.labels.items()}
    if p.sample_weight is None:
        return replace(dataset, structure=(found, labels), labels=None)
    if isinstance(p.sample_weight, dict):
        weights = {name: part_at(dataset.structure, path) for name, path in p.sample_weight.items()}
    else:
        weights = part_at(dataset.structure, p.sample_weight)
    return replace(dataset, structure=(found, labels, weights), labels=None)
