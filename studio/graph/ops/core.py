"""Input, Dense, Embedding, Activation: what every model begins with."""

from __future__ import annotations

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Choice, Float, Int, Shape
from studio.graph.rule import Args
from studio.graph.spec import DTYPES, FLOATS, Refused, Result, Spec, Weight, known, product


@describe(
    "keras.Input",
    kind="input",
    family="input",
    inputs="",
    shown="shape dtype",
    shape=Shape(),
    batch_size=Int(1),
    dtype=Choice(tuple(sorted(DTYPES))),
)
def input_(p: Args) -> Result:
    """The model's door: shape without the batch axis, or batch_shape with it."""
    if p.batch_shape is not None:
        shape = tuple(p.batch_shape)
    elif p.shape is None:
        raise Refused("needs a shape", "Give the shape of one example, such as [28, 28, 1].")
    else:
        shape = (p.batch_size, *p.shape)
    return Result((Spec(shape, p.dtype or "float32"),))


@describe(
    "keras.layers.Dense", family="core", shown="units activation", units=Int(1), lora_rank=Int(1)
)
def dense(p: Args, x: Spec) -> Result:
    """A matrix product over the last axis, a bias, an activation."""
    if x.rank < 2:
        raise Refused("multiplies the last axis, so its input needs at least 2 axes")
    features = known(x.shape[-1], "the size of the last axis")
    weights = [p.weight("kernel", (features, p.units))]
    if p.use_bias:
        weights.append(p.weight("bias", (p.units,)))
    rows = product(x.shape[1:-1])
    flops = None if rows is None else rows * p.units * (2 * features + bool(p.use_bias))
    return p.result(x.with_shape((*x.shape[:-1], p.units)), weights, flops)


@describe(
    "keras.layers.Embedding",
    family="core",
    shown="input_dim output_dim",
    input_dim=Int(1),
    output_dim=Int(1),
)
def embedding(p: Args, x: Spec) -> Result:
    """A row of a table for each whole number."""
    if x.dtype == "string":
        raise Refused(
            "looks up whole numbers, but gets text",
            "Put keras.layers.TextVectorization or StringLookup before it.",
        )
    table = Weight("embeddings", (p.input_dim, p.output_dim), p.variable_dtype, p.trains)
    out = Spec((*x.shape, p.output_dim), p.compute_dtype, x.ragged)
    return p.result(out, [table], 0)


@describe("keras.layers.Activation", family="activation", shown="activation")
def activation(p: Args, x: Spec) -> Result:
    """A function of every element."""
    return p.result(x, (), product(x.shape[1:]))


@describe("keras.layers.ReLU", family="activation", shown="max_value")
def relu(p: Args, x: Spec) -> Result:
    """Zero for what is negative."""
    return p.result(x, (), product(x.shape[1:]))


@describe("keras.layers.Dropout", family="regularisation", shown="rate", rate=Float(min=0, max=1))
def dropout(p: Args, x: Spec) -> Result:
    """The same tensor; a part of it is zero while training."""
    if x.dtype not in FLOATS:
        raise Refused(f"scales what it keeps, so it needs floats, not {x.dtype}")
    return p.result(x)
