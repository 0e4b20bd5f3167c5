"""Layers that turn text and categories into numbers."""

from __future__ import annotations

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Choice, Either, Int, ListOf, Text
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec

_MODES = Choice(("int", "one_hot", "multi_hot", "count", "tf_idf"))


@describe(
    "keras.layers.StringLookup",
    family="preprocessing",
    shown="output_mode",
    vocabulary=Either((ListOf(Text(), empty=False), Text())),
    output_mode=_MODES,
    num_oov_indices=Int(0),
)
def string_lookup(p: Args, x: Spec) -> Result:
    """The place of a text in a vocabulary, as a number or one-hot."""
    if x.dtype != "string":
        raise Refused(
            f"looks up text, but gets {x.dtype}",
            'Set the Input\'s dtype to "string", or use keras.layers.IntegerLookup.',
        )
    if p.vocabulary is None:
        raise Refused(
            "has no vocabulary, which adapt() would collect",
            "Give the vocabulary as a list of texts.",
        )
    if p.output_mode == "int":
        return p.result(Spec(x.shape, "int64", x.ragged))
    if isinstance(p.vocabulary, str):
        raise Refused("reads its vocabulary from a file, so its width isn't known here")
    width = len(p.vocabulary) + p.num_oov_indices
    if p.output_mode == "one_hot":
        # An axis of 1 at the end is taken to be the place of the one category.
        outer = x.shape[:-1] if x.shape[-1] == 1 else x.shape
        shape = (*outer, width)
    else:
        shape = (*x.shape[:-1], width) if x.rank > 1 else (width,)
    return p.result(Spec(shape, p.compute_dtype))
