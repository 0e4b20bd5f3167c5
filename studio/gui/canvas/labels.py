"""What flows along an edge, in the few words that have room beside it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from studio.graph.elements import Elements, Structure, features, label, leaves
from studio.graph.spec import Spec

MOST = 2
"""Tensors that are written out; of more than these only the number is said."""


def label_of(what: Any) -> str:
    """The label of an edge: a tensor's shape, or those of a dataset's elements; "" if unknown."""
    if isinstance(what, Spec):
        return shape_label(what)
    if isinstance(what, Elements):
        return elements_label(what)
    return ""


@lru_cache(maxsize=4096)
def shape_label(spec: Spec) -> str:
    """A tensor's shape: (·, 8, 8, 32)."""
    sizes = ", ".join("·" if size is None else str(size) for size in spec.shape)
    tail = "" if spec.dtype == "float32" else f" {spec.dtype}"
    return f"({sizes}){tail}" + (" ragged" if spec.ragged else "")


def elements_label(elements: Elements) -> str:
    """What a dataset gives: (8, 8, 1) → () int64, how many there are before it."""
    given, wanted = features(elements.structure), label(elements.structure)
    text = _shapes(given) + (f" → {_shapes(wanted)}" if wanted is not None else "")
    return f"{elements.count:,} × {text}" if elements.count is not None else text


def _shapes(structure: Structure) -> str:
    specs = leaves(structure)
    if len(specs) > MOST:
        return f"{len(specs)} tensors"
    return ", ".join(map(shape_label, specs))
