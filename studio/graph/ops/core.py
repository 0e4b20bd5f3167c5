"""What every model begins with: inputs, Dense, and layers that pass on what they are given."""

from __future__ import annotations

from studio.graph.catalogue.registry import describe, find
from studio.graph.catalogue.types import (
    Bool,
    Choice,
    DictOf,
    Either,
    Float,
    Int,
    ListOf,
    OneCall,
    Shape,
    Type,
)
from studio.graph.ops.numbers import initializers, numbers, same_shape, with_lora
from studio.graph.problems import quoted
from studio.graph.rule import Args, apply
from studio.graph.spec import DTYPES, Refused, Result, Spec, known, product

_INPUT = {
    "shape": Shape(),
    "batch_shape": Shape(),
    "batch_size": Int(0),
    "dtype": Choice(tuple(sorted(DTYPES))),
    "sparse": Bool(),
    "ragged": Bool(),
}


@describe("keras.Input", kind="input", family="input", inputs="", shown="shape dtype", **_INPUT)
def input_(p: Args) -> Result:
    """The model's door: (batch_size, *shape), or batch_shape as it is."""
    if p.tensor is not None:
        raise Refused("can't wrap an existing tensor", "Leave out tensor, and give a shape.")
    if p.batch_shape is not None:
        for other in ("shape", "batch_size"):
            if getattr(p, other) is not None:
                raise Refused(f"has a batch_shape and a {other}", "Give one of the two.")
        shape = tuple(p.batch_shape)
    elif p.shape is None:
        raise Refused("needs a shape", "Give the shape of one example, such as [28, 28, 1].")
    else:
        shape = (p.batch_size, *p.shape)
    if p.sparse and p.ragged:
        raise Refused("can't be sparse and ragged at the same time", "Set only one of them.")
    return Result((Spec(shape, p.dtype or "float32", int(bool(p.ragged))),))


@describe("keras.layers.InputLayer", family="input", inputs="", **_INPUT)
def input_layer(p: Args) -> Result:
    """What keras.Input makes for itself; it can't be called, and so can't be a node."""
    raise Refused("is made by keras.Input, and can't be called itself", "Use keras.Input.")


@describe(
    "keras.layers.Dense",
    family="core",
    shown="units activation",
    units=Int(1),
    lora_rank=Int(0),
    lora_alpha=Float(),
    **initializers("kernel", "bias"),
)
def dense(p: Args, x: Spec) -> Result:
    """(batch, ..., features) -> (batch, ..., units): a matrix product, a bias, an activation."""
    numbers(x)
    if x.rank < 2:
        raise Refused("multiplies the last axis, so its input needs at least 2 axes")
    features = known(x.shape[-1], "the size of the last axis")
    weights = with_lora(p, "kernel", (features, p.units), p.kernel_constraint)
    if p.use_bias:
        weights.append(p.weight("bias", (p.units,)))
    rows = product(x.shape[1:-1])
    after = bool(p.use_bias) + (p.activation not in (None, "linear"))
    flops = None if rows is None else rows * p.units * (2 * features + after)
    return p.result(Spec((*x.shape[:-1], p.units), p.compute_dtype), weights, flops)


@describe("keras.layers.Identity", family="core")
def identity(p: Args, x: Spec) -> Result:
    """(...) -> (...), in the dtype that comes in."""
    return p.result(Spec(x.shape, x.dtype))


@describe(
    "keras.layers.Masking",
    family="core",
    shown="mask_value",
    mask_value=Either((Float(), ListOf(Float()))),
)
def masking(p: Args, x: Spec) -> Result:
    """(..., features) -> (..., features); steps that are all mask_value are masked behind it."""
    if not x.rank:
        raise Refused("looks at the last axis of its input, which has none")
    return same_shape(p, x, 1)


@describe(
    "keras.layers.Lambda",
    family="core",
    shown="function output_shape",
    function=OneCall(("code", "function", "activation"), names=False),
    output_shape=Shape(min=0),
    mask=Type(),
    arguments=DictOf(Type()),
)
def lambda_(p: Args, x: Spec) -> Result:
    """(batch, ...) -> (batch, *output_shape); without one, as far as the function is known."""
    if p.output_shape is not None:
        if not x.rank:
            raise Refused("needs a batch axis to put before its output_shape")
        return p.result(Spec((x.shape[0], *p.output_shape), p.compute_dtype), (), None)
    op = find(p.function["op"])
    if op is None or op.rule is None:
        raise Refused(
            "calls code, whose output shape isn't known here",
            "Give output_shape, without the batch axis, such as [28, 28, 1].",
        )
    extra = p.arguments or {}
    for name, value in extra.items():
        if name not in op.params or not op.params[name].accepts(value):
            raise Refused(f"passes {quoted(name)} to {op.name}, which doesn't take it")
    call = {"op": op.path, "params": p.function.get("params", {}) | extra}
    made = apply(call, [x.with_dtype(p.compute_dtype)])
    outputs = [Spec(out.shape, p.compute_dtype) for out in made.outputs]
    return p.result(outputs, (), made.flops)
