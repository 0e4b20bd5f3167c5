"""Functions for tf.data.Dataset.map that choose, name and join the parts of an element."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.types import DictOf, Either, ListOf, Text
from studio.graph.elements import Elements, part_at
from studio.graph.functions import WHERE, function, named_features, tensor_at, with_features
from studio.graph.problems import quoted
from studio.graph.rule import Args
from studio.graph.spec import Refused, Spec

_NAMES = ListOf(Text(), empty=False)


@function(
    "map",
    "pick",
    "part",
    "One part of the element, without the others.",
    Param("part", WHERE, help="Where it is in the element: [1], or [0, name]."),
)
def pick(p: Args, dataset: Elements) -> Elements:
    """The part."""
    return replace(dataset, structure=part_at(dataset.structure, p.part), labels=None)


@function(
    "map",
    "to_features_and_label",
    "features label",
    "(features, label): one part as it is, several joined to a vector, or several by name.",
    Param(
        "features",
        Either((ListOf(Text(), empty=False), WHERE, ListOf(WHERE, empty=False), DictOf(WHERE))),
        help="Where they are: one place; a list of places, joined to a vector; or name -> place.",
    ),
    Param("label", WHERE, None, "Where the label is; null for none."),
    Param("sample_weight", WHERE, None, "Where the element's weight is; null for none."),
)
def to_features_and_label(p: Args, dataset: Elements) -> Elements:
    """Features and label, and the weight, where there is one."""
    if isinstance(p.features, dict):
        made: Any = {name: part_at(dataset.structure, at) for name, at in p.features.items()}
    elif joined(p.features):
        made = _vector(p, [tensor_at(dataset, at) for at in p.features])
    else:
        made = part_at(dataset.structure, p.features)
    if p.label is None:
        if p.sample_weight is not None:
            raise Refused("gives a weight, but no label", "Name the label as well.")
        return replace(dataset, structure=made, labels=None)
    label = part_at(dataset.structure, p.label)
    # What was the label before, or was none, has no range that is known.
    known = dataset.labels if p.label == [1] else None
    weight = () if p.sample_weight is None else (part_at(dataset.structure, p.sample_weight),)
    return replace(dataset, structure=(made, label, *weight), labels=known)


def joined(given: list[Any]) -> bool:
    """Whether a value of `features` is a list of places."""
    return bool(given) and all(isinstance(each, list) for each in given)


def _vector(p: Args, specs: list[Spec]) -> Spec:
    first = specs[0]
    for spec in specs:
        if (spec.shape, spec.dtype, spec.ragged) != (first.shape, first.dtype, 0):
            raise Refused(
                f"joins {first} and {spec} to a vector, which are of different kinds",
                "Cast them first, or name them as features of their own.",
            )
    return Spec((*first.shape, len(specs)), first.dtype)


@function(
    "map",
    "select",
    "names",
    "Only some of the named features.",
    Param("names", _NAMES, help="They."),
)
def select(p: Args, dataset: Elements) -> Any:
    """The features that are named."""
    given = named_features(dataset, p.names)
    return with_features(dataset, {name: given[name] for name in p.names})


@function(
    "map",
    "drop",
    "names",
    "All named features but some.",
    Param("names", _NAMES, help="Those that are left out."),
)
def drop(p: Args, dataset: Elements) -> Any:
    """The features that are not named."""
    given = named_features(dataset, p.names)
    left = {name: part for name, part in given.items() if name not in p.names}
    if not left:
        raise Refused("leaves out all features", "Keep one of them.")
    return with_features(dataset, left)


@function(
    "map",
    "rename",
    "names",
    "Other names for named features.",
    Param("names", DictOf(Text(empty=False), empty=False), help="Name now -> name then."),
)
def rename(p: Args, dataset: Elements) -> Any:
    """The same features by other names."""
    given = named_features(dataset, p.names)
    names = [p.names.get(name, name) for name in given]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Refused(f"gives the name {quoted(twice)} to two features", "Choose another.")
    return with_features(dataset, dict(zip(names, given.values(), strict=True)))


@function("map", "merge", "", "Objects of named features, as zip pairs them, as one object.")
def merge(p: Args, dataset: Elements) -> Any:
    """All names of a tuple of objects."""
    structure = dataset.structure
    if not isinstance(structure, tuple) or not all(isinstance(part, dict) for part in structure):
        raise Refused(
            "merges the objects of a pair, but gets something else", "Zip two named datasets."
        )
    made: dict[str, Any] = {}
    for part in structure:
        twice = next((name for name in part if name in made), None)
        if twice is not None:
            raise Refused(f"finds the name {quoted(twice)} twice", "Rename one of them first.")
        made |= part
    return replace(dataset, structure=made, labels=None)
