"""Attention: what a query finds in a value, by how well it fits the value's keys."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Bool, Choice, Either, Float, Int, ListOf
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Shape, Spec, Weight, known, product, shape_text

_PORTS = "query value key? query_mask? value_mask? key_mask? attention_mask?"
_COMMON = {
    "dropout": Float(min=0, max=1),
    "sliding_window": Int(1),
    "flash_attention": Bool(),
    "seed": Int(),
}


def _outputs(params: dict[str, Any]) -> tuple[str, ...]:
    scores = params.get("return_attention_scores") is True
    return ("output", "attention_scores") if scores else ("output",)


Projection = tuple[int | None, Shape, Shape, int]
"""How many rows, from which axes, into which, and how many axes of 1 end the bias."""


def _with_scores(p: Args, shape: Shape, scores: Shape) -> list[Spec]:
    """What leaves an attention, with its scores where they are asked for."""
    shapes = [shape, scores] if p.return_attention_scores else [shape]
    return [Spec(each, p.compute_dtype) for each in shapes]


def _checked(p: Args, value: Spec, key: Spec) -> None:
    """What every attention with heads asks for."""
    if p.flash_attention and p.dropout > 0:
        raise Refused(
            "can't drop out scores with flash_attention, which never holds them",
            "Set dropout to 0, or flash_attention to false.",
        )
    if value.shape[1:-1] != key.shape[1:-1]:
        raise Refused(
            f"has a key for each of its values, but the value has {shape_text(value.shape)} "
            f"and the key {shape_text(key.shape)}",
            "Only the last axes may differ.",
        )


def _rows(x: Spec) -> int | None:
    """How many vectors a sample has."""
    return product(x.shape[1:-1])


def _total(costs: Iterable[int | None]) -> int | None:
    costs = tuple(costs)
    return None if None in costs else sum(costs)


def _projections(p: Args, each: list[Projection]) -> tuple[list[Weight], int | None]:
    """The weights of the dense layers inside, and what those cost."""
    weights, costs = [], []
    for rows, source, into, ones in each:
        # Keras doesn't hand trainable on to these: they are trained all the same.
        weights.append(Weight("kernel", (*source, *into), p.variable_dtype))
        if p.use_bias:
            weights.append(Weight("bias", (*into, *(1,) * ones), p.variable_dtype))
        width = math.prod(into)
        costs.append(product((rows, 2 * math.prod(source) * width + bool(p.use_bias) * width)))
    return weights, _total(costs)


def _scores(
    p: Args, heads: int, queries: int | None, keys: int | None, key_dim: int, value_dim: int
) -> int | None:
    """The cost between the projections: scaling, scores, softmax, the weighted sum, the gate."""
    pair = heads * (2 * key_dim + 1 + 2 * value_dim)
    gate = 2 * heads * value_dim if p.use_gate else 0
    return _total((product((queries, keys, pair)), product((queries, heads * key_dim + gate))))


def _attended(p: Args, value: Spec) -> int | None:
    """How many values each query looks at."""
    rank = value.rank + 1  # of the value with its heads
    axes = p.attention_axes
    if axes is None:
        return _rows(value)
    axes = [axis if axis >= 0 else rank - 1 + axis for axis in _listed(axes)]
    if any(not -rank <= axis < rank for axis in axes):
        raise Refused(
            f"attends over axes {shape_text(_listed(p.attention_axes))}, "
            f"which its value doesn't have"
        )
    inside = all(0 < axis < value.rank - 1 for axis in axes)
    return product(value.shape[axis] for axis in set(axes)) if inside else None


def _listed(value: int | list[int]) -> list[int]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


@describe(
    "keras.layers.MultiHeadAttention",
    family="attention",
    inputs=_PORTS,
    outputs=_outputs,
    shown="num_heads key_dim",
    num_heads=Int(1),
    key_dim=Int(1),
    value_dim=Int(1),
    output_shape=Either((Int(0), ListOf(Int(0)))),
    attention_axes=Either((Int(), ListOf(Int()))),
    **_COMMON,
)
def multi_head_attention(
    p: Args, query: Spec, value: Spec, key: Spec | None, *masks: Spec | None
) -> Result:
    """query (batch, ..., features) -> the same, the last axis of output_shape where it is given.

    The value is (batch, ..., any), its key has the same inner axes.
    """
    key = value if key is None else key
    _checked(p, value, key)
    if min(query.rank, value.rank, key.rank) < 2:
        raise Refused("attends to vectors, so its inputs need at least 2 axes")
    q, k, v = (
        (known(spec.shape[-1], f"the size of the last axis of its {name}"),)
        for name, spec in (("query", query), ("key", key), ("value", value))
    )
    out = tuple(_listed(p.output_shape)) if p.output_shape else q
    narrow, wide = (p.num_heads, p.key_dim), (p.num_heads, p.value_dim or p.key_dim)
    queries, values = _rows(query), _rows(value)
    each = [
        (queries, q, narrow, 0),
        (values, k, narrow, 0),
        (values, v, wide, 0),
        (queries, wide, out, 0),
    ]
    if p.use_gate:
        each.append((queries, q, wide, 0))
    weights, flops = _projections(p, each)
    between = _scores(p, p.num_heads, queries, _attended(p, value), p.key_dim, wide[1])
    shape = (*query.shape[:-1], *out)
    # For the scores Keras announces a row of the query's length, whatever the value's.
    scores = (query.shape[0], p.num_heads, query.shape[1], query.shape[1])
    return p.result(_with_scores(p, shape, scores), weights, _total((flops, between)))


@describe(
    "keras.layers.GroupQueryAttention",
    family="attention",
    inputs=_PORTS,
    outputs=_outputs,
    shown="num_query_heads num_key_value_heads head_dim",
    head_dim=Int(1),
    num_query_heads=Int(0),
    num_key_value_heads=Int(1),
    **_COMMON,
)
def group_query_attention(
    p: Args, query: Spec, value: Spec, key: Spec | None, *masks: Spec | None
) -> Result:
    """query (batch, steps, features), value (batch, others, features) -> as the query."""
    key = value if key is None else key
    heads, shared = p.num_query_heads, p.num_key_value_heads
    if heads % shared:
        raise Refused(
            f"can't share {shared} keys and values evenly among {heads} query heads",
            f"Choose a num_query_heads that {shared} divides.",
        )
    if min(query.rank, value.rank, key.rank) < 3:
        raise Refused("expects inputs of 3 axes (batch, steps, features)")
    if query.shape[-1] != value.shape[-1]:
        raise Refused(
            "adds what it finds to its query, so both need the same last axis, "
            f"but the query has {shape_text(query.shape)} and the value {shape_text(value.shape)}",
            "Put keras.layers.Dense before one of them.",
        )
    _checked(p, value, key)
    out = (known(query.shape[-1], "the size of the last axis of its query"),)
    narrow, wide = (shared, p.head_dim), (heads, p.head_dim)
    # Keras reads the features at axis 2 whatever the number of axes, and its bias then gets
    # axes of 1; only 3 axes can really be computed.
    q, k, v = (
        (known(spec.shape[2], f"the number of features of its {name}"),)
        for name, spec in (("query", query), ("key", key), ("value", value))
    )
    queries, values = _rows(query), _rows(value)
    each = [
        (queries, q, wide, query.rank - 3),
        (values, k, narrow, key.rank - 3),
        (values, v, narrow, value.rank - 3),
        (queries, wide, out, 0),
    ]
    if p.use_gate:
        each.append((queries, q, wide, query.rank - 3))
    weights, flops = _projections(p, each)
    between = _scores(p, heads, queries, values, p.head_dim, p.head_dim)
    scores = (query.shape[0], heads, query.shape[1], key.shape[1])
    return p.result(_with_scores(p, query.shape, scores), weights, _total((flops, between)))


def _checked_inputs(inputs: tuple[Spec, ...], mask: tuple[Spec, ...]) -> None:
    if len(inputs) not in (2, 3):
        raise Refused(
            f"takes a query, a value and perhaps a key, not {len(inputs)} "
            f"input{'s' if len(inputs) != 1 else ''}",
            "Draw the edges of query and value to it, in this order.",
        )
    if mask and len(mask) not in (2, 3):
        raise Refused(
            f"takes a mask for the query and one for the value, not {len(mask)}",
            "Draw the edges of both masks to it, in this order.",
        )
    if not inputs[1].shape:
        raise Refused("attends to vectors, but its value is a single number")


def _attention_result(
    p: Args, inputs: tuple[Spec, ...], weights: list[Weight], of_pair: int, of_feature: int
) -> Result:
    """(batch, queries, features) and (batch, keys, others) -> (batch, queries, others).

    A score costs `of_pair`, and `of_feature` for each feature of the query.
    """
    query, value, key = inputs[0], inputs[1], inputs[-1]
    shape = (*query.shape[:-1], value.shape[-1])
    flops = None
    if min(query.rank, key.rank) > 2:
        pairs = product((_rows(query), key.shape[-2]))
        scored = product((pairs, query.shape[-1], of_feature))
        summed = product((pairs, 2, value.shape[-1]))
        softmax = product((pairs, of_pair + 1))
        flops = _total((scored, summed, softmax))
    scores: Shape = ()
    if p.return_attention_scores:
        if key.rank < 2:
            raise Refused(
                "gives a score for each key, but its key has no axis of keys",
                "Set return_attention_scores to false.",
            )
        scores = (*query.shape[:-1], key.shape[-2])
    return p.result(_with_scores(p, shape, scores), weights, flops)


@describe(
    "keras.layers.Attention",
    family="attention",
    inputs="inputs* mask*?",
    outputs=_outputs,
    shown="score_mode use_scale",
    score_mode=Choice(("dot", "concat")),
    dropout=Float(),
    seed=Int(),
)
def attention(p: Args, inputs: tuple[Spec, ...], mask: tuple[Spec, ...]) -> Result:
    """Query, value and perhaps a key; scores by their product, or by their sum ("concat")."""
    _checked_inputs(inputs, mask)
    summed = p.score_mode == "concat"
    weights = [p.weight("scale", ())] if p.use_scale else []
    weights += [p.weight("concat_score_weight", ())] if summed else []
    scale = bool(p.use_scale)
    of_pair, of_feature = (1, 3 + scale) if summed else (scale, 2)
    return _attention_result(p, inputs, weights, of_pair, of_feature)


@describe(
    "keras.layers.AdditiveAttention",
    family="attention",
    inputs="inputs* mask*?",
    outputs=_outputs,
    shown="use_scale",
    dropout=Float(),
    seed=Int(),
)
def additive_attention(p: Args, inputs: tuple[Spec, ...], mask: tuple[Spec, ...]) -> Result:
    """Query, value and perhaps a key; scores by tanh(query + key), scaled for each feature."""
    _checked_inputs(inputs, mask)
    if not inputs[0].shape:
        raise Refused("attends from vectors, but its query is a single number")
    weights = []
    if p.use_scale:
        size = known(inputs[0].shape[-1], "the size of the last axis of its query")
        weights.append(p.weight("scale", (size,)))
    return _attention_result(p, inputs, weights, 0, 3 + bool(p.use_scale))
