"""keras.ops that make a tensor of another's shape; and those that can't stand in a model."""

from __future__ import annotations

from studio.graph.catalogue.types import Bool, Either, Float, Int
from studio.graph.dtypes import result_type
from studio.graph.ops.ops_common import AXIS, DTYPE, broadcast, count, function, place
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec, shape_text

_NO_TENSOR = "takes no tensor: give its numbers as a constant to the port that needs them"
_CONSTANT = "makes a constant, and Keras refuses it on what is known only later"

LEFT_OUT: dict[str, str] = {
    "keras.ops.arange": "gives as many numbers as its arguments say, which Keras must know at once",
    "keras.ops.bartlett": _CONSTANT,
    "keras.ops.blackman": _CONSTANT,
    "keras.ops.empty": _NO_TENSOR,
    "keras.ops.eye": _NO_TENSOR,
    "keras.ops.full": _NO_TENSOR,
    "keras.ops.hamming": _CONSTANT,
    "keras.ops.hanning": _CONSTANT,
    "keras.ops.identity": _NO_TENSOR,
    "keras.ops.kaiser": _CONSTANT,
    "keras.ops.ndim": "gives a Python number, and its symbolic answer is no such thing",
    "keras.ops.nonzero": "gives as many tensors as its input has axes, so its ports aren't known",
    "keras.ops.ones": _NO_TENSOR,
    "keras.ops.tri": _NO_TENSOR,
    "keras.ops.zeros": _NO_TENSOR,
}
"""Why a function of keras.ops has no rule here: path -> the end of the sentence "it ..."."""


@function(
    "array",
    "convert_to_tensor",
    "empty_like",
    "ones_like",
    "zeros_like",
    inputs="x",
    shown="dtype",
    dtype=DTYPE,
    sparse=Bool(),
    ragged=Bool(),
)
@function(
    "full_like",
    inputs="x",
    shown="fill_value dtype",
    dtype=DTYPE,
    fill_value=Either((Float(), Bool())),
)
def like(p: Args, x: Spec) -> Result:
    """A tensor of x's shape, and of its dtype where none is given."""
    return p.result(Spec(x.shape, p.dtype or x.dtype))


@function("vander", inputs="x", shown="N increasing", N=Int(0), increasing=Bool())
def vander(p: Args, x: Spec) -> Result:
    """The powers of each element: (n,) becomes (n, N), (n, n) where N isn't given."""
    if x.rank != 1:
        raise Refused(f"takes a tensor of one axis, but gets {shape_text(x.shape)}")
    powers = x.shape[0] if p.N is None else p.N
    return p.result(x.with_shape((*x.shape, powers)), (), powers)


_BETWEEN = {
    "num": Int(0),
    "endpoint": Bool(),
    "axis": AXIS,
    "dtype": DTYPE,
    "inputs": "start stop",
    "weak": "start stop",
}


@function("geomspace", shown="num endpoint", **_BETWEEN)
@function("logspace", shown="num base", base=Float(), **_BETWEEN)
def between(p: Args, start: Spec, stop: Spec) -> Result:
    """(a,) and (a,) -> (num, a): numbers from each start to its stop, along a new axis."""
    shape = list(broadcast(start.shape, stop.shape))
    shape.insert(place(p.axis, len(shape) + 1), p.num)
    out = Spec(tuple(shape), result_type(p.dtype or start.dtype, "float"))
    return p.result(out, (), count(shape))


@function("linspace", shown="num endpoint", retstep=Bool(), **_BETWEEN)
def linspace(p: Args, start: Spec, stop: Spec) -> Result:
    """As the others, evenly spaced."""
    if p.retstep:
        raise Refused(
            "can't hand on its step, of which Keras says nothing beforehand",
            "Set retstep to false.",
        )
    return between(p, start, stop)
