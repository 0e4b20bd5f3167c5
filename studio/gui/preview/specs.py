"""What the elements of a stage are made of, in the words of the panel."""

from __future__ import annotations

from typing import Any

from studio.graph.elements import Elements, Structure
from studio.graph.spec import Spec, shape_text

PARTS = ("features", "label", "sample weight")


def called(path: list[Any]) -> str:
    """What a tensor of an element is called: its own name, or that of its part."""
    names = [key for key in path if isinstance(key, str)]
    if names:
        return ".".join(names)
    if not path:
        return "element"
    return _part(path[0]) if path[0] < len(PARTS) else ".".join(map(str, path))


def place(path: list[Any]) -> tuple[str, str]:
    """The part that a tensor is in, and its name there, as `parts` has them."""
    part, names = (_part(path[0]), path[1:]) if path and isinstance(path[0], int) else ("", path)
    return part, ".".join(map(str, names))


def many(elements: Elements) -> str:
    """How many there are."""
    if elements.infinite:
        return "elements without end"
    if elements.count is None:
        return "elements, how many is known when it runs"
    return f"{elements.count:,} element{'s' * (elements.count != 1)}"


def parts(elements: Elements) -> list[tuple[str, str, str, str]]:
    """The tensors of an element: the part they are in, their names, shapes and types."""
    structure = elements.structure
    if not isinstance(structure, tuple):
        return [("", *rest) for rest in _tensors(structure, "")]
    found = []
    for index, part in enumerate(structure):
        found += [(_part(index), *rest) for rest in _tensors(part, "")]
    return found


def _part(index: int) -> str:
    return PARTS[index] if index < len(PARTS) else str(index)


def _tensors(structure: Structure, name: str) -> list[tuple[str, str, str]]:
    if isinstance(structure, dict):
        pairs = structure.items()
    elif isinstance(structure, tuple):
        pairs = enumerate(structure)
    else:
        return [_tensor(structure, name)]
    return [
        row
        for key, value in pairs
        for row in _tensors(value, f"{name}.{key}" if name else str(key))
    ]


def _tensor(spec: Spec, name: str) -> tuple[str, str, str]:
    ragged = f", {spec.ragged} ragged" if spec.ragged else ""
    return name, shape_text(spec.shape), spec.dtype + ragged
