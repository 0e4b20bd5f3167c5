"""Data written out in a project: numbers and texts in lists, by name, as features and label."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from studio.graph.constant import constant_spec
from studio.graph.elements import Structure
from studio.graph.problems import quoted
from studio.graph.spec import Refused, Spec

PARTS = ("features", "label", "weight")
"""The keys of an object that stands for a tuple: what a model is trained on."""


class Written(Struct, frozen=True):
    """One tensor as it is written; `spec` is that of the whole of it.

    The ragged axes of `spec` are counted as in Elements: behind its first axis.
    """

    value: Any
    spec: Spec


def structure_of(
    value: Any,
    leaf: Callable[[Any, str], Any],
    place: str = "",
    ends: Callable[[Any], bool] = lambda value: not isinstance(value, dict),
) -> Structure:
    """The value with `leaf` of each tensor in it; Refused where it is none.

    `leaf` is called with that of which `ends` says that it is one tensor, what is no
    object, and the name of its place.
    """
    if ends(value) or not isinstance(value, dict):
        return leaf(value, place)
    if not value:
        raise Refused("gets an empty object" + _of(place), "Name a tensor in it, or use a list.")
    if "features" in value and "label" in value and not place:
        parts = {name: value[name] for name in PARTS if name in value}
        odd = next((name for name in value if name not in parts), None)
        if odd is not None:
            raise Refused(
                f"has {quoted(odd)} beside features and label",
                "Beside them there can only be weight; put it into the features.",
            )
        return tuple(structure_of(part, leaf, name, ends) for name, part in parts.items())
    where = f"{place}." if place else ""
    return {name: structure_of(part, leaf, f"{where}{name}", ends) for name, part in value.items()}


def written(value: Any, place: str = "") -> Written:
    """A number, text, true or false, or lists of them, as the tensor that TensorFlow makes of it.

    Lists of different lengths make a ragged one. Raises Refused for what is no tensor.
    """
    depths, kinds = set(), set()
    for depth, item in _items(value):
        depths.add(depth)
        kinds.add(float if isinstance(item, float) else type(item))  # as it is typed in a file
        if isinstance(item, str) and not _encodes(item):
            raise Refused(f"has the text {quoted(item)}{_of(place)}, which can't be UTF-8")
    if kinds == {int, float}:
        kinds = {float}
    if not kinds:
        raise Refused(f"holds no element{_of(place)}", "Write at least one into its list.")
    if len(kinds) > 1 or not kinds <= {int, float, bool, str}:
        names = sorted({_NAMES.get(kind, "an object") for kind in kinds})
        what = " and ".join(names) if len(names) > 1 else f"{names[0]}, which is no tensor,"
        raise Refused(
            f"mixes {what}{_of(place)}" if len(names) > 1 else f"holds {what}{_of(place)}",
            "A tensor holds numbers, or texts, or true and false.",
        )
    if len(depths) > 1:
        raise Refused(
            f"has values and lists beside each other{_of(place)}",
            "Nest all values equally deep.",
        )
    (kind,) = kinds
    shape, depth = _shape(value), depths.pop()
    if shape is None:
        ragged = depth - 1
        return Written(value, Spec((len(value), *[None] * ragged), _dtype(kind, value), ragged))
    return Written(value, Spec(shape, _dtype(kind, value)))


_NAMES = {int: "numbers", float: "numbers", bool: "true or false", str: "texts"}
_NAMES[type(None)] = "null"


def _of(place: str) -> str:
    return f" in {quoted(place)}" if place else ""


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _items(value: Any, depth: int = 0) -> Iterator[tuple[int, Any]]:
    if not isinstance(value, (list, tuple)):
        yield depth, value
        return
    for item in value:
        yield from _items(item, depth + 1)


def _shape(value: Any) -> tuple[int, ...] | None:
    """The sizes of lists in lists; None where they are uneven."""
    if not isinstance(value, (list, tuple)):
        return ()
    inner = {_shape(item) for item in value}
    if len(inner) > 1 or None in inner:
        return None
    return (len(value), *(next(iter(inner)) if inner else ()))


def _dtype(kind: type, value: Any) -> str:
    if kind in (bool, str):
        return {bool: "bool", str: "string"}[kind]
    found = constant_spec([item for _, item in _items(value)])
    if found is None:
        raise Refused(
            "holds a number that is too large for a tensor", "Write one below 2**63, or a float."
        )
    return "float32" if kind is float else found.dtype


def label_range(spec: Spec, value: Any) -> tuple[float, float] | None:
    """The smallest and largest of whole numbers; None for anything else."""
    if not spec.dtype.startswith("int"):
        return None
    numbers = [item for _, item in _items(value)]
    return (min(numbers), max(numbers))
