"""Embeddings: a row of a learnt table for each whole number."""

from __future__ import annotations

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Bool, Float, Int
from studio.graph.ops.numbers import initializers, with_lora
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec, product

_TYPES = {
    "input_dim": Int(1),
    "output_dim": Int(1),
    "mask_zero": Bool(),
    "lora_rank": Int(0),
    "lora_alpha": Float(),
    **initializers("embeddings"),
}


@describe("keras.layers.Embedding", family="core", shown="input_dim output_dim", **_TYPES)
def embedding(p: Args, x: Spec) -> Result:
    """(...) -> (..., output_dim), ragged axes staying ragged."""
    if x.dtype == "string":
        raise Refused(
            "looks up whole numbers, but gets text",
            "Put keras.layers.TextVectorization or StringLookup before it.",
        )
    if p.weights is not None:
        raise Refused(
            "takes its first weights only as an array, which can't be written here",
            "Leave out weights; keras.initializers.Constant can set the table.",
        )
    shape = (p.input_dim, p.output_dim)
    weights = with_lora(p, "embeddings", shape, p.embeddings_constraint)
    return p.result(Spec((*x.shape, p.output_dim), p.compute_dtype, x.ragged), weights)


@describe(
    "keras.layers.ReversibleEmbedding",
    family="core",
    shown="input_dim output_dim tie_weights",
    tie_weights=Bool(),
    logit_soft_cap=Float(),
    **_TYPES,
)
def reversible_embedding(p: Args, x: Spec) -> Result:
    """(...) -> (..., output_dim), dense; with reverse (..., output_dim) -> (..., input_dim)."""
    result = embedding(p, x)
    weights = list(result.weights)
    if not p.tie_weights:
        if p.lora_rank:
            raise Refused(
                "can't have a lora_rank and a table of its own for the way back",
                "Leave out lora_rank, or set tie_weights to true.",
            )
        weights.append(p.weight("reverse_embeddings", (p.output_dim, p.input_dim)))
    out = result.outputs[0].with_shape((*x.shape, p.output_dim))
    if not p.reverse:
        return p.result(out, weights)
    if not x.rank:
        raise Refused("takes the last axis of its input back, which has none")
    back = out.with_shape((*x.shape[:-1], p.input_dim))
    return p.result(back, weights, product((*x.shape[1:-1], 2, p.output_dim, p.input_dim)))
