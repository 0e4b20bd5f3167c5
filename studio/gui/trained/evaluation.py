"""The figures of an evaluation as rows: what was counted, by output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from studio.engine.figures import number
from studio.graph.problems import printable

MOST = 200
"""Rows at most: of a model with a hundred classes the pictures and the report tell more."""

DEEP = 3
"""How far figures stand inside each other."""

ASIDE = ("version", "format", "studio", "seconds")
"""What a report says of itself."""


def figures_of(evaluation: dict[str, Any]) -> list[tuple[str, str]]:
    """Rows of a name and its text; an empty text makes a heading of it.

    What Keras measured comes first, then each output under its name. Lists (curves, matrices,
    single samples) aren't figures and stay out.
    """
    rows: list[tuple[str, str]] = []
    general = {
        name: value for name, value in evaluation.items() if name != "outputs" and name not in ASIDE
    }
    rows += _scalars(general, "", ("metrics", "keras"))
    for name, output in _outputs(evaluation.get("outputs")):
        found = list(_scalars(output, "", ()))
        if found:
            rows += [(printable(name), ""), *found]
    return rows[:MOST]


def _outputs(outputs: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The outputs by their names, whether a report lists or maps them."""
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


def _scalars(
    part: dict[str, Any], before: str, bare: tuple[str, ...], deep: int = DEEP
) -> Iterator[tuple[str, str]]:
    """The numbers of a part, those inside under the names of what holds them but for `bare`."""
    for name, value in part.items():
        words = printable(f"{before} {name}".strip().replace("_", " "))
        if isinstance(value, bool) or name in ASIDE:
            continue
        if isinstance(value, int):
            yield words, f"{value:,}"
        elif isinstance(value, float):
            yield words, number(value)
        elif isinstance(value, dict) and deep > 1:
            yield from _scalars(value, "" if name in bare else words, bare, deep - 1)
