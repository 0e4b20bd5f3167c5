"""Activations that are layers of their own: a function of every number."""

from __future__ import annotations

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Either, Float, Int, ListOf, OneCall, or_null
from studio.graph.ops.numbers import elementwise, initializers, same_shape
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec, known

_AXES = Either((Int(), ListOf(Int())))

describe(
    "keras.layers.Activation",
    family="activation",
    shown="activation",
    activation=or_null(OneCall(("activation", "layer", "function", "code"))),
)(elementwise(1))
describe(
    "keras.layers.ReLU",
    family="activation",
    shown="max_value negative_slope",
    max_value=Float(min=0),
    negative_slope=Float(min=0),
    threshold=Float(min=0),
)(elementwise(1))
describe(
    "keras.layers.LeakyReLU",
    family="activation",
    shown="negative_slope",
    negative_slope=Float(min=0),
)(elementwise(1))
describe("keras.layers.ELU", family="activation", shown="alpha", alpha=Float())(elementwise(1))
# Keras looks at the axis and at the mask's shape only when it computes.
describe(
    "keras.layers.Softmax",
    family="activation",
    inputs="inputs mask?",
    shown="axis",
    axis=_AXES,
)(elementwise(1))


@describe(
    "keras.layers.PReLU",
    family="activation",
    shown="shared_axes",
    shared_axes=_AXES,
    **initializers("alpha"),
)
def prelu(p: Args, x: Spec) -> Result:
    """(batch, ...) -> (batch, ...); a learnt slope for each element of (...), 1 on shared axes."""
    slopes = list(x.shape[1:])
    shared = p.shared_axes if isinstance(p.shared_axes, (list, tuple)) else [p.shared_axes]
    for axis in shared:
        if axis is None:
            continue
        if not -len(slopes) < axis <= len(slopes):
            raise Refused(
                f"shares its slopes along axis {axis}, which its input doesn't have",
                "The batch is axis 0, and has no slopes of its own.",
            )
        # Counted without the batch axis, and so 0 is the last one: Keras does it so.
        slopes[axis - 1] = 1
    sizes = tuple(known(size, f"the size of axis {at}") for at, size in enumerate(slopes, 1))
    return same_shape(p, x, 1, [p.weight("alpha", sizes)])
