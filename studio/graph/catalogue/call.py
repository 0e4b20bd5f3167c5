"""What a layer's call takes that is no tensor, and what of it can't be written at a node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

LEFT_OUT = {
    "training": "is set for the whole model by fit and predict: a functional model puts theirs in "
    "the place of what a single call says, a subclassed one doesn't, and keras.Sequential can't "
    "say it at all",
    "mask": "is a tensor that Keras hands on by itself, to the layers within or the function",
    "kwargs": "are what a stack hands on to cells that are code",
}
"""Arguments of a call that no node has: name -> why, the end of the sentence "it ..."."""


def call_arguments(fact: dict[str, Any], ports: set[str]) -> Iterator[dict[str, Any]]:
    """The entries, in a layer's generated facts, of what its call takes beside tensors."""
    for each in fact.get("call", ())[1:]:
        if each["name"] not in ports and each["name"] not in LEFT_OUT:
            yield each
