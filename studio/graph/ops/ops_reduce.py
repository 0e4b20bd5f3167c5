"""keras.ops that reduce axes: sums, means, extremes, quantiles, norms."""

from __future__ import annotations

from collections.abc import Callable

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.types import Bool, Choice, Either, Float, ListOf
from studio.graph.dtypes import floating, result_type
from studio.graph.ops.ops_common import (
    AXES,
    AXIS,
    DTYPE,
    count,
    fits,
    float32,
    function,
    place,
    reduced,
    same,
    truth,
    weak_float,
    whole_to_float,
)
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec, shape_text

_SUMMED = {
    "bool": "int32",
    "int8": "int32",
    "int16": "int32",
    "uint8": "uint32",
    "uint16": "uint32",
}


def _place(dtype: str) -> str:
    return "int32"


def _summed(dtype: str) -> str:
    """Narrow whole numbers are summed in 32 bits."""
    return _SUMMED.get(dtype) or result_type(dtype)


def _multiplied(dtype: str) -> str:
    return _SUMMED.get(dtype, dtype)


def _mean(dtype: str) -> str:
    result_type(dtype, "float32")  # which refuses text
    return whole_to_float(dtype)


def _reduction(dtype: Callable[[str], str]) -> Callable[..., Result]:
    def rule(p: Args, x: Spec) -> Result:
        # count_nonzero has no keepdims
        shape = reduced(x.shape, p.axis, getattr(p, "keepdims", False))
        return p.result(Spec(shape, dtype(x.dtype)), (), count(x.shape))

    return rule


_REDUCTIONS: dict[Callable[[str], str], str] = {
    same: "amax amin ptp",
    result_type: "nanmax nanmin",
    truth: "all any",
    float32: "logsumexp",
    _summed: "nansum sum",
    _multiplied: "nanprod",
    _mean: "mean",
    weak_float: "median nanmean nanmedian nanstd nanvar var",
    whole_to_float: "std",
}
for _dtype, _names in _REDUCTIONS.items():
    function(*_names.split(), inputs="x", shown="axis keepdims", axis=AXES)(_reduction(_dtype))

function("max", "min", inputs="x", shown="axis keepdims", axis=AXES, initial=Float())(
    _reduction(same)
)
function("count_nonzero", inputs="x", shown="axis", axis=AXES)(_reduction(_place))
function("argmax", "argmin", "nanargmax", "nanargmin", inputs="x", shown="axis", axis=AXIS)(
    _reduction(_place)
)


@function("prod", inputs="x", shown="axis keepdims dtype", axis=AXES, dtype=DTYPE)
def prod(p: Args, x: Spec) -> Result:
    """The product over the axes, in `dtype` where it is given."""
    shape = reduced(x.shape, p.axis, p.keepdims)
    return p.result(Spec(shape, p.dtype or _multiplied(x.dtype)), (), count(x.shape))


@function("moments", inputs="x", outputs="mean variance", shown="axes keepdims", axes=AXES)
def moments(p: Args, x: Spec) -> Result:
    """Mean and variance over the axes."""
    one = Spec(reduced(x.shape, p.axes, p.keepdims), x.dtype)
    n = count(x.shape)
    return p.result((one, one), (), None if n is None else 4 * n)


def _quantile(dtype: Callable[[str], str], lone: bool) -> Callable[..., Result]:
    """A new first axis for several q; `lone` where a list of one has it too."""

    def rule(p: Args, x: Spec) -> Result:
        shape = reduced(x.shape, p.axis, p.keepdims)
        if isinstance(p.q, (list, tuple)) and (len(p.q) > 1 or lone):
            shape = (len(p.q), *shape)
        return p.result(Spec(shape, dtype(x.dtype)), (), count(x.shape))

    return rule


for _names, _dtype, _lone in (
    ("quantile nanquantile", weak_float, False),
    ("percentile", floating, True),
    ("nanpercentile", weak_float, True),
):
    function(
        *_names.split(),
        inputs="x",
        shown="q axis",
        axis=AXES,
        q=Either((Float(), ListOf(Float()))),
        method=Choice(("linear", "lower", "higher", "midpoint", "nearest")),
    )(_quantile(_dtype, _lone))


@function("average", inputs="x weights?", fed="x", shown="axis", axis=AXIS)
def average(p: Args, x: Spec, weights: Spec | None) -> Result:
    """The mean over an axis, or over all; weights of x's shape, or of that axis' size."""
    if p.axis is not None:
        place(p.axis, x.rank)
    dtypes = [x.dtype, "float"]
    if weights is not None:
        dtypes.append(weights.dtype)
        along = () if p.axis is None else (x.shape[p.axis],)
        same = fits(x.shape, weights.shape)
        if not same and (p.axis is None or not fits(along, weights.shape)):
            or_axis = "" if p.axis is None else f", or {shape_text(along)}"
            raise Refused(
                f"expects weights of shape {shape_text(x.shape)}{or_axis}",
                "Give the weights that shape.",
            )
    shape = reduced(x.shape, p.axis)
    each = 1 if weights is None else 2
    n = count(x.shape)
    return p.result(Spec(shape, result_type(*dtypes)), (), None if n is None else each * n)


@function(
    "trapezoid",
    inputs="y",
    shown="dx axis",
    axis=AXIS,
    dx=Float(),
    params=[Param("x", ListOf(Float()), None, "Where the samples are; null: dx apart.")],
)
def trapezoid(p: Args, y: Spec) -> Result:
    """The integral along an axis: that axis is gone. Keras wraps an axis that is too large."""
    shape = list(y.shape)
    if shape:
        shape.pop(p.axis % len(shape))
    n = count(y.shape)
    return p.result(Spec(tuple(shape), weak_float(y.dtype)), (), None if n is None else 3 * n)


@function(
    "norm",
    inputs="x",
    shown="ord axis",
    axis=AXES,
    ord=Either((Choice(("fro", "nuc")), Float())),
    keepdims=Bool(),
)
def norm(p: Args, x: Spec) -> Result:
    """The length of vectors (one axis), or a norm of matrices (two axes)."""
    over = [p.axis] if isinstance(p.axis, int) else p.axis
    axes = x.rank if over is None else len(over)
    if axes == 1 and isinstance(p.ord, str):
        raise Refused(
            f'has ord "{p.ord}", a norm of matrices, but one axis',
            "Give two axes, or a number as ord.",
        )
    if axes == 2 and p.ord not in (None, "fro", "nuc", 1, -1, 2, -2):
        raise Refused(
            f"has ord {p.ord}, but for matrices there are 1, -1, 2, -2, fro and nuc",
            "Choose one of these, or give one axis for a norm of vectors.",
        )
    shape = reduced(x.shape, over, p.keepdims)
    n = count(x.shape)
    return p.result(Spec(shape, whole_to_float(x.dtype)), (), None if n is None else 2 * n)
