"""keras.ops that sort, search, count and accumulate along an axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.graph.catalogue.types import Bool, Choice, Float, Int, Ints
from studio.graph.ops.ops_common import AXIS, DTYPE, count, flat, function, place
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Shape, Spec, shape_text

_ANY = -(10**9)


def _along(p: Args, x: Spec, checked: bool) -> Shape:
    """The shape of x; of all its elements in a row where axis is None."""
    if p.axis is None:
        return flat(x.shape)
    if checked:
        place(p.axis, x.rank)
    return x.shape


function("sort", inputs="x", shown="axis", axis=AXIS)(
    lambda p, x: p.result(x.with_shape(_along(p, x, True)))
)
function("argsort", inputs="x", shown="axis", axis=AXIS)(
    lambda p, x: p.result(Spec(_along(p, x, True), "int32"))
)
# Keras looks at the axis of these only when they run.
function("argpartition", inputs="x", shown="kth axis", kth=Int(), axis=AXIS)(
    lambda p, x: p.result(Spec(_along(p, x, False), "int32"))
)


def _running(checked: bool) -> Callable[..., Result]:
    def rule(p: Args, x: Spec) -> Result:
        dtype = p.dtype or x.dtype
        shape = _along(p, x, checked)
        made = Spec(shape, "int32" if dtype == "bool" else dtype)
        return p.result(made, (), count(x.shape))

    return rule


for _names, _checked in (("cumsum cumprod", True), ("nancumsum nancumprod", False)):
    function(*_names.split(), inputs="x", shown="axis", axis=AXIS, dtype=DTYPE)(_running(_checked))


@function("diff", inputs="a", shown="n axis", n=Int(0), axis=AXIS)
def diff(p: Args, a: Spec) -> Result:
    """The differences of neighbours, n times: that axis is shorter by n."""
    axis = place(p.axis, a.rank)
    shape = list(a.shape)
    if shape[axis] is not None:
        shape[axis] = max(shape[axis] - p.n, 0)
    n = count(a.shape)
    return p.result(a.with_shape(shape), (), None if n is None else p.n * n)


@function("top_k", inputs="x", outputs="values indices", shown="k sorted", k=Int(0), sorted=Bool())
def top_k(p: Args, x: Spec) -> Result:
    """The k largest of the last axis, and where they are: (..., n) becomes (..., k) twice."""
    if not x.rank:
        raise Refused("looks along the last axis, but its input is a single number")
    shape = (*x.shape[:-1], p.k)
    return p.result((Spec(shape, x.dtype), Spec(shape, "int32")), (), count(x.shape))


@function("in_top_k", inputs="targets predictions", shown="k", k=Int())
def in_top_k(p: Args, targets: Spec, predictions: Spec) -> Result:
    """Whether each target is among the k highest predictions: the targets' shape."""
    return p.result(Spec(targets.shape, "bool"), (), count(predictions.shape))


@function(
    "searchsorted",
    inputs="sorted_sequence values",
    shown="side",
    side=Choice(("left", "right")),
)
def searchsorted(p: Args, sequence: Spec, values: Spec) -> Result:
    """The place of each value in a sorted sequence (n,): the values' shape."""
    if sequence.rank != 1:
        raise Refused(
            f"searches a sequence of one axis, but gets {shape_text(sequence.shape)}",
            "Give it one sorted sequence.",
        )
    size = sequence.shape[0]
    dtype = "int32" if size is not None and size < 2**31 else "int64"
    return p.result(Spec(values.shape, dtype), (), count(values.shape))


@function("digitize", inputs="x bins")
def digitize(p: Args, x: Spec, bins: Spec) -> Result:
    """The bin of each element: x's shape."""
    if bins.rank > 1:
        raise Refused(f"takes bins of one axis, but gets {shape_text(bins.shape)}")
    return p.result(Spec(x.shape, "int32"), (), count(x.shape))


@function("bincount", inputs="x", shown="minlength", minlength=Int(), sparse=Bool())
def bincount(p: Args, x: Spec) -> Result:
    """How often each number is there: (..., n) becomes (..., None), as wide as the highest."""
    return p.result(Spec((*x.shape[:-1], None), "int32"), (), count(x.shape))


@function(
    "histogram",
    inputs="x",
    outputs="counts edges",
    shown="bins range",
    bins=Int(0),
    range=Ints(2, min=_ANY),
)
def histogram(p: Args, x: Spec) -> Result:
    """How many elements are in each bin, and the edges of the bins: (bins,), (bins + 1,)."""
    if p.range is not None and not isinstance(p.range, (list, tuple)):
        raise Refused("has one number as range", "Give the lowest and the highest value.")
    if p.range and p.range[1] < p.range[0]:
        raise Refused(
            f"counts from {p.range[0]} to {p.range[1]}, which is lower",
            "Give the lowest value first.",
        )
    counts, edges = Spec((p.bins,), x.dtype), Spec((p.bins + 1,), x.dtype)
    return p.result((counts, edges), (), count(x.shape))


_EXTRAS = {"return_index": "indices", "return_inverse": "inverse", "return_counts": "counts"}


def _unique_outputs(params: dict[str, Any]) -> tuple[str, ...]:
    return ("values", *(name for key, name in _EXTRAS.items() if params.get(key)))


@function(
    "unique",
    inputs="x",
    outputs=_unique_outputs,
    shown="axis size",
    axis=AXIS,
    size=Int(0),
    fill_value=Float(),
)
def unique(p: Args, x: Spec) -> Result:
    """The different elements, or slices of an axis; how many is known only where size says it."""
    if p.axis is None:
        shape, inverse = (p.size,), x.shape
    else:
        axis = place(p.axis, x.rank)
        shape = (*x.shape[:axis], p.size, *x.shape[axis + 1 :])
        inverse = (x.shape[axis],)
    outputs = [Spec(shape, x.dtype)]
    if p.return_index:
        outputs.append(Spec((p.size,), "int32"))
    if p.return_inverse:
        outputs.append(Spec(inverse, "int32"))
    if p.return_counts:
        outputs.append(Spec((p.size,), "int32"))
    return p.result(outputs, (), count(x.shape))


function("size", inputs="x")(lambda p, x: p.result(Spec((), "int32")))
