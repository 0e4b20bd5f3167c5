"""The names of classes beside the numbers that labels are."""

from __future__ import annotations

from typing import Any

from studio.graph.elements import Elements
from studio.graph.problems import printable

LABEL = [1]
"""The path of a label in an element."""


def names_of(elements: object) -> tuple[str, ...]:
    """What the numbers of a label mean; empty where that isn't known."""
    if not isinstance(elements, Elements) or not elements.classes:
        return ()
    # A label that was changed on the way is no number of these classes any more.
    return elements.classes if elements.labels == (0, len(elements.classes) - 1) else ()


def called(number: Any, names: tuple[str, ...]) -> str:
    """The name of a class; the number itself where it has none."""
    return printable(names[int(number)]) if _numbers(number, names) else str(number)


def named(
    spec: list[dict[str, Any]], rows: list[list[dict[str, Any]]], names: tuple[str, ...]
) -> list[list[dict[str, Any]]]:
    """The rows of a preview, in which a label also says what its class is called."""
    places = [index for index, each in enumerate(spec) if list(each["path"]) == LABEL]
    if not names or not places:
        return rows
    return [
        [_said(part, names) if index in places else part for index, part in enumerate(row)]
        for row in rows
    ]


def _said(part: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    values = part["values"]
    if part["shape"] not in ([], [1]) or len(values) != 1 or not _numbers(values[0], names):
        return part
    number, name = str(values[0]), called(values[0], names)
    return part | {"said": name if name == number else f"{number} · {name}"}


def _numbers(value: Any, names: tuple[str, ...]) -> bool:
    return isinstance(value, (int, float)) and value == int(value) and 0 <= value < len(names)
