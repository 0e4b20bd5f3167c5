"""What an evaluation's report says, however it may be damaged: values by their kind, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from studio.graph.problems import printable


def outputs_of(evaluation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The outputs by their names, whether a report lists or maps them."""
    outputs = evaluation.get("outputs")
    if isinstance(outputs, dict):
        named = list(outputs.items())
    elif isinstance(outputs, list):
        named = [
            (each.get("name", f"output {place + 1}"), each)
            for place, each in enumerate(outputs)
            if isinstance(each, dict)
        ]
    else:
        named = []
    for name, output in named:
        if isinstance(output, dict):
            yield str(name), output


def classes_of(output: dict[str, Any]) -> list[str]:
    """The names of an output's classes."""
    names = output.get("classes")
    return [printable(str(each)) for each in names] if isinstance(names, list) else []


def rows_of(part: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects in a part of the report."""
    found = part.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def numbers_of(part: Any, *names: str) -> list[list[float]] | None:
    """Lists of numbers of one length by their names; null in them becomes NaN. None: not there."""
    if not isinstance(part, dict):
        return None
    found = []
    for name in names:
        values = part.get(name)
        if not isinstance(values, list) or not all(is_number(v) or v is None for v in values):
            return None
        found.append([float("nan") if value is None else float(value) for value in values])
    return found if len({len(each) for each in found}) == 1 and found[0] else None


def matrix_of(output: dict[str, Any], classes: int) -> list[list[int]] | None:
    """The confusion matrix, where there is one and it is as large as it must be."""
    found = output.get("confusion")
    if not isinstance(found, list) or len(found) != classes or not classes:
        return None
    for row in found:
        if not isinstance(row, list) or len(row) != classes:
            return None
        if not all(isinstance(each, int) and each >= 0 for each in row):
            return None
    return found


def is_number(value: Any) -> bool:
    """Whether it is a number, and no yes or no."""
    return isinstance(value, int | float) and not isinstance(value, bool)
