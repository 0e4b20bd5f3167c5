"""Tensors that Keras takes in lists in lists, where a port takes one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

Nest = tuple[Any, ...]
"""The form of lists in lists: a tuple for each list, None for each tensor."""


def nested(values: Sequence[Any], nest: Nest) -> list[Any]:
    """The values in the lists of a form, in their order; those beyond it come last."""
    rest = iter(values)
    return [*_filled(rest, nest), *rest]


def _filled(values: Iterator[Any], nest: Nest) -> list[Any]:
    found: list[Any] = []
    for each in nest:
        if each is not None:
            found.append(_filled(values, each))
            continue
        for value in values:
            found.append(value)
            break
    return found
