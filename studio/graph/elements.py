"""What flows through the data graph: elements of a structure, and how many of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from studio.graph.problems import quoted
from studio.graph.spec import Refused, Spec

Structure = Any
"""A Spec, or a tuple or dict of Structures; behind tf.data.Dataset.window also a Nested."""


class Nested(Struct, frozen=True):
    """A dataset in the place of a tensor; `full` says that it has always `size` elements."""

    element: Spec
    size: int
    full: bool

    def __str__(self) -> str:
        return f"dataset of {self.element}"


class Elements(Struct, frozen=True):
    """A tf.data.Dataset before there is one.

    `count` is how many elements it has, None where that isn't known before it
    runs; `infinite` says that it never ends. `labels` are the smallest and
    largest label, where they could be read. `unsteady` data comes in another order each
    time it is gone through. `classes` are the names of what a label numbers, where it has some.
    """

    structure: Structure
    count: int | None = None
    infinite: bool = False
    labels: tuple[float, float] | None = None
    unsteady: bool = False
    classes: tuple[str, ...] = ()

    def __str__(self) -> str:
        many = "endless " if self.infinite else f"{self.count} " if self.count is not None else ""
        return f"{many}elements {structure_text(self.structure)}"


def structure_text(structure: Structure) -> str:
    """A structure as a person would write it."""
    if isinstance(structure, dict):
        return f"{{{', '.join(f'{key}: {structure_text(s)}' for key, s in structure.items())}}}"
    if isinstance(structure, tuple):
        return f"({', '.join(map(structure_text, structure))})"
    return str(structure)


def over(structure: Structure, change: Callable[[Spec], Spec]) -> Structure:
    """The structure with every Spec changed."""
    if isinstance(structure, dict):
        return {key: over(value, change) for key, value in structure.items()}
    if isinstance(structure, tuple):
        return tuple(over(value, change) for value in structure)
    if isinstance(structure, Nested):
        raise Refused(
            "gets elements with datasets in them, as tf.data.Dataset.window makes them",
            "Put tf.data.Dataset.flat_map before it, with studio.expand.windows.",
        )
    return change(structure)


def part_at(structure: Structure, path: list[int | str]) -> Structure:
    """The part of an element at a path of places and names; Refused where there is none."""
    part = structure
    if not path and not isinstance(structure, Spec):
        raise Refused("takes a whole element, which has several parts", "Name one of them.")
    for key in path:
        there = range(len(part)) if isinstance(part, tuple) else part
        if not isinstance(part, (tuple, dict)) or key not in there:
            raise Refused(f"takes the part {quoted(path)}, which its element doesn't have")
        part = part[key]
    return part


def leaves(structure: Structure) -> list[Spec]:
    """Every Spec of a structure, in order."""
    if isinstance(structure, dict):
        return [leaf for value in structure.values() for leaf in leaves(value)]
    if isinstance(structure, tuple):
        return [leaf for value in structure for leaf in leaves(value)]
    return [structure]


def features(structure: Structure) -> Structure:
    """What goes into the model: the first of a tuple, or all there is."""
    return structure[0] if isinstance(structure, tuple) else structure


def label(structure: Structure) -> Structure | None:
    """What the model's output is compared with: the second of a tuple."""
    return structure[1] if isinstance(structure, tuple) and len(structure) > 1 else None


def weights(structure: Structure) -> Structure | None:
    """How much each element counts: the third of a tuple."""
    return structure[2] if isinstance(structure, tuple) and len(structure) > 2 else None


def batch_size(elements: Elements) -> int | None:
    """The size of the first axis, where all tensors have one and it is known."""
    specs = [spec for spec in leaves(elements.structure) if isinstance(spec, Spec)]
    sizes = {spec.shape[0] if spec.shape else None for spec in specs}
    return sizes.pop() if len(sizes) == 1 else None
