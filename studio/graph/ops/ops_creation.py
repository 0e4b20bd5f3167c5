"""keras.ops that make a tensor of another's shape; and those that can't stand in a model."""

from __future__ import annotations

from studio.graph.catalogue.types import Bool, Either, Float, Int
from studio.graph.ops.ops_common import DTYPE, function
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec, shape_text

_NO_TENSOR = "takes no tensor, so nothing in a model can feed it"
_CONSTANT = "makes a constant, and Keras refuses it on what is known only later"

LEFT_OUT: dict[str, str] = {
    "keras.ops.arange": _NO_TENSOR,
    "keras.ops.bartlett": _CONSTANT,
    "keras.ops.blackman": _CONSTANT,
    "keras.ops.empty": _NO_TENSOR,
    "keras.ops.eye": _NO_TENSOR,
    "keras.ops.full": _NO_TENSOR,
    "keras.ops.geomspace": _NO_TENSOR,
    "keras.ops.hamming": _CONSTANT,
    "keras.ops.hanning": _CONSTANT,
    "keras.ops.identity": _NO_TENSOR,
    "keras.ops.kaiser": _CONSTANT,
    "keras.ops.linspace": _NO_TENSOR,
    "keras.ops.logspace": _NO_TENSOR,
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
