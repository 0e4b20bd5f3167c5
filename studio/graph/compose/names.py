"""Ids in the manner people name layers: conv, conv2, conv3."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

from studio.graph.checks.structure import identifier_problem

# What a person calls these, where it isn't simply the op's own name.
_SHORT = {
    "Input": "inputs",
    "BatchNormalization": "norm",
    "LayerNormalization": "norm",
    "GroupNormalization": "norm",
    "MultiHeadAttention": "attention",
    "Lambda": "function",
    "Add": "add",
    "Concatenate": "concat",
    "Bidirectional": "both_ways",
}
_SHORTER = ((r"^Conv\d?DTranspose$", "up"), (r"^(Separable|Depthwise)?Conv\dD$", "conv"))
_SHORTER += ((r"^Global.*Pooling\dD$", "mean"), (r".*Pooling\dD$", "pool"))
_SHORTER += ((r".*Dropout\w*$", "dropout"), (r"^(Zero)?Padding\dD|^ZeroPadding\dD$", "pad"))


def base_name(op: str) -> str:
    """What a node of this op is called as long as there is no other: conv for Conv2D."""
    name = op.rpartition(".")[2].rpartition(":")[2]
    if name in _SHORT:
        return _SHORT[name]
    for pattern, short in _SHORTER:
        if re.fullmatch(pattern, name):
            return short
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def fresh_id(taken: Container[str], base: str) -> str:
    """An id that isn't taken, made of a wish: conv -> conv, conv2, conv3; conv1 -> conv2.

    `taken` is a graph's nodes, or any other names. A wish that can't be an id
    is made one.
    """
    return next(iter(fresh_ids(taken, [base]).values()))


def fresh_ids(taken: Container[str], wishes: Iterable[str]) -> dict[str, str]:
    """Such an id for each wish, no two alike."""
    found: dict[str, str] = {}
    new: set[str] = set()
    last: dict[str, int] = {}  # of each stem, up to where numbers were tried
    for wish in wishes:
        base = _clean(wish)
        if base in taken or base in new:
            stem, digits = re.fullmatch(r"(.*?)(\d*)", base).groups()
            number = max(int(digits or 1), last.get(stem, 0)) + 1
            while (base := f"{stem}{number}") in taken or base in new:
                number += 1
            last[stem] = number
        found[wish] = base
        new.add(base)
    return found


def _clean(wish: str) -> str:
    base = re.sub(r"\W", "_", wish, flags=re.ASCII).lstrip("_0123456789") or "node"
    while identifier_problem(base):
        base += "_"
    return base
