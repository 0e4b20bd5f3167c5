"""keras.ops and keras.activations that compute each element by itself, on one tensor or more."""

from __future__ import annotations

from collections.abc import Callable

from studio.graph.catalogue.types import Bool, Float, Int
from studio.graph.dtypes import floating, is_whole, result_type
from studio.graph.ops.ops_common import (
    AXES,
    AXIS,
    DTYPE,
    broadcast,
    count,
    float32,
    function,
    place,
    same,
    truth,
    weak_float,
    whole_to_float,
)
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec

Dtype = Callable[..., str]


def _bool_to_int(dtype: str) -> str:
    return "int32" if dtype == "bool" else dtype


def _angle(dtype: str) -> str:
    """int64 keeps its precision, all that is no float becomes float32."""
    return "float64" if dtype == "int64" else floating(dtype)


def _root(dtype: str) -> str:
    """As _angle, but 64 bits without a sign, complex numbers and text stay what they are."""
    return _angle(dtype) if is_whole(dtype) and dtype != "uint64" else dtype


def _real(dtype: str) -> str:
    if dtype.startswith("complex"):
        raise Refused(
            f"takes the size of real numbers, but gets {dtype}", "Use keras.ops.absolute."
        )
    return whole_to_float(dtype)


def _euclidean(*dtypes: str) -> str:
    found = result_type(*dtypes)
    return found if found == "bool" else _root(found)


def _remainder(*dtypes: str) -> str:
    return _bool_to_int(result_type(*dtypes))


def _unary(dtype: Dtype, cost: int = 1) -> Callable[..., Result]:
    """The same shape; `cost` operations an element."""

    def rule(p: Args, x: Spec) -> Result:
        n = count(x.shape)
        flops = 0 if not cost else n
        return p.result(Spec(x.shape, dtype(x.dtype)), (), flops)

    return rule


def _binary(dtype: Dtype) -> Callable[..., Result]:
    """Two tensors, broadcast to one shape."""

    def rule(p: Args, x1: Spec, x2: Spec) -> Result:
        shape = broadcast(x1.shape, x2.shape)
        return p.result(Spec(shape, dtype(x1.dtype, x2.dtype)), (), count(shape))

    return rule


_UNARY: dict[Dtype, str] = {
    same: "abs absolute bitwise_invert bitwise_not conj conjugate erf erfinv imag negative real "
    "rsqrt sign trunc",
    weak_float: "angle arccos arccosh arcsin arcsinh arctan arctanh ceil cos cosh erfc floor log "
    "log10 log1p log2 sin sinc sinh sqrt tan tanh activations.tanh",
    whole_to_float: "exp exp2 expm1 activations.exponential",
    _bool_to_int: "square",
    _angle: "deg2rad rad2deg i0",
    _root: "cbrt",
    _real: "fabs",
    float32: "reciprocal",
    truth: "isfinite isinf isnan isneginf isposinf isreal logical_not signbit",
}
for _dtype, _names in _UNARY.items():
    function(*_names.split(), inputs="x")(_unary(_dtype))

_BINARY: dict[Dtype, str] = {
    result_type: "add floor_divide fmax fmin gcd lcm maximum minimum multiply power subtract",
    weak_float: "arctan2 divide divide_no_nan ldexp logaddexp logaddexp2 nextafter true_divide",
    _euclidean: "heaviside hypot",
    _remainder: "fmod mod",
    truth: "equal greater greater_equal less less_equal logical_and logical_or logical_xor "
    "not_equal",
}
# To these a number is of the dtype it would have alone; beside the others it gives way.
_STRICT = ("arctan2", "gcd", "heaviside", "hypot", "lcm")
for _dtype, _names in _BINARY.items():
    for _name in _names.split():
        _weak = "" if _name in _STRICT else "x1 x2"
        function(_name, inputs="x1 x2", weak=_weak)(_binary(_dtype))

function("isclose", inputs="x1 x2", shown="rtol atol", rtol=Float(), atol=Float())(_binary(truth))

# Activations: the same shape and dtype, with a parameter or two.
_BOTH = (
    "hard_sigmoid hard_tanh log_sigmoid relu6 selu sigmoid silu softplus softsign "
    "sparse_plus sparse_sigmoid tanh_shrink"
)
_PLAIN = [f"{home}.{name}" for home in ("ops", "activations") for name in _BOTH.split()]
function(*_PLAIN, "hard_silu", "relu", inputs="x")(_unary(same))
for _name, _shown in {
    "celu": "alpha",
    "elu": "alpha",
    "gelu": "approximate",
    "hard_shrink": "threshold",
    "leaky_relu": "negative_slope",
    "soft_shrink": "threshold",
    "squareplus": "b",
    "threshold": "threshold default_value",
}.items():
    function(
        f"ops.{_name}",
        f"activations.{_name}",
        inputs="x",
        shown=_shown,
        **{key: Float() for key in _shown.split() if key != "approximate"},
    )(_unary(same))
function(
    "activations.relu",
    inputs="x",
    shown="max_value",
    negative_slope=Float(),
    max_value=Float(),
    threshold=Float(),
)(_unary(same))
function("activations.linear", inputs="x")(_unary(same, cost=0))


@function("activations.hard_silu", "activations.mish", inputs="x")
@function("activations.sparsemax", inputs="x", shown="axis", axis=AXIS)
def unsymbolic(p: Args, x: Spec) -> Result:
    """These turn their input into a tensor first, which what is known only later can't be."""
    raise Refused(
        "can't be called as a function while the model is built",
        "Use keras.layers.Activation with its name, or the function of that name in keras.ops.",
    )


_SOFTMAX = ("softmax", "log_softmax", "activations.softmax", "activations.log_softmax")


@function(*_SOFTMAX, inputs="x", shown="axis", axis=AXES)
@function("sparsemax", inputs="x", shown="axis", axis=AXIS)
def softmax(p: Args, x: Spec) -> Result:
    """The same shape; each slice along the axes sums to 1."""
    for axis in [p.axis] if isinstance(p.axis, int) else p.axis:
        place(axis, x.rank)
    return p.result(x.with_shape(x.shape), (), count(x.shape))


@function("glu", "activations.glu", inputs="x", shown="axis", axis=AXIS)
def glu(p: Args, x: Spec) -> Result:
    """One half of an axis gates the other: (..., 2n) becomes (..., n)."""
    axis = place(p.axis, x.rank)
    shape = list(x.shape)
    if shape[axis] is not None:
        if shape[axis] % 2:
            raise Refused(
                f"splits the axis {axis} into two halves, but its size is {shape[axis]}",
                "Make that size even.",
            )
        shape[axis] //= 2
    n = count(shape)
    return p.result(x.with_shape(shape), (), None if n is None else 2 * n)


function("clip", inputs="x", shown="x_min x_max", x_min=Float(), x_max=Float())(
    _unary(_bool_to_int)
)
function("round", inputs="x", shown="decimals", decimals=Int())(_unary(same))
function("nan_to_num", inputs="x", shown="nan", nan=Float(), posinf=Float(), neginf=Float())(
    _unary(same)
)
function("copy", inputs="x")(_unary(same, cost=0))
function("stop_gradient", inputs="variable")(_unary(same, cost=0))


@function("cast", "saturate_cast", inputs="x", shown="dtype", dtype=DTYPE)
def cast(p: Args, x: Spec) -> Result:
    """The same shape in another dtype."""
    return p.result(Spec(x.shape, p.dtype))


@function(
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "left_shift",
    "right_shift",
    inputs="x y",
)
def bitwise(p: Args, x: Spec, y: Spec) -> Result:
    """The shape of the first: Keras' symbolic answer knows no broadcasting here."""
    return p.result(Spec(x.shape, result_type(x.dtype, y.dtype)), (), count(x.shape))


@function("isin", inputs="x1 x2", shown="invert", assume_unique=Bool(), invert=Bool())
def isin(p: Args, x1: Spec, x2: Spec) -> Result:
    """For each element of the first, whether the second has it."""
    return p.result(Spec(x1.shape, "bool"), (), count(x1.shape))


@function(
    "allclose",
    inputs="x1 x2",
    shown="rtol atol",
    rtol=Float(),
    atol=Float(),
)
def allclose(p: Args, x1: Spec, x2: Spec) -> Result:
    """One truth value for all; Keras compares the shapes only when it runs."""
    return p.result(Spec((), "bool"), (), count(x1.shape))


@function("where", inputs="condition x1? x2?", weak="x1 x2")
def where(p: Args, condition: Spec, x1: Spec | None, x2: Spec | None) -> Result:
    """An element of x1 where the condition holds, else of x2."""
    if (x1 is None) != (x2 is None):
        raise Refused(
            "chooses between x1 and x2, but has only one of them", "Draw an edge to the other."
        )
    if x1 is None or x2 is None:
        # Run, it gives the places that hold, one tensor an axis; symbolically this:
        return p.result(Spec(condition.shape, "int64"), (), count(condition.shape))
    shape = broadcast(condition.shape, x1.shape, x2.shape)
    return p.result(Spec(shape, result_type(x1.dtype, x2.dtype)), (), count(shape))
