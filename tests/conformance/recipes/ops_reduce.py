"""keras.ops that reduce axes."""

from __future__ import annotations

from typing import Any

from studio.graph.ops import ops_reduce
from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe
from tests.conformance.recipes.ops_elementwise import (
    Drawn,
    alike,
    axis,
    dtype,
    own_params,
    paths,
    tensor,
)


def axes(draw: Draw, rank: int) -> int | list[int]:
    """An axis or some, mostly different ones."""
    if draw.chance(0.6):
        return axis(draw, rank)
    found = [axis(draw, rank) for _ in range(draw.size(0, 3))]
    return found if draw.odd() else list({each % max(rank, 1): each for each in found}.values())


def _some(draw: Draw, path: str, x: Spec, **more: Any) -> dict[str, Any]:
    """Parameters by their types, but the axes as the tensor has them."""
    params = own_params(draw, path) | more
    for name in params.keys() & {"axis", "axes"}:
        if params[name] is not None:
            params[name] = axes(draw, x.rank)
    return params


_NAMES = " ".join(ops_reduce._REDUCTIONS.values())


@recipe(*paths(f"{_NAMES} count_nonzero max min prod moments"))
def reduction(draw: Draw, path: str) -> Drawn:
    """A tensor and the axes."""
    x = tensor(draw)
    return _some(draw, path, x), {"x": x}


@recipe(*paths("argmax argmin nanargmax nanargmin"))
def place(draw: Draw, path: str) -> Drawn:
    """A tensor and one axis."""
    x = tensor(draw)
    params = own_params(draw, path)
    if params.get("axis") is not None:
        params["axis"] = axis(draw, x.rank)
    return params, {"x": x}


@recipe(*paths("quantile nanquantile percentile nanpercentile"))
def quantile(draw: Draw, path: str) -> Drawn:
    """A tensor, one q or several. The methods are those that there are: others fail when run."""
    x = tensor(draw)
    q = draw.one([0.5, 1, [0.5], [0.1, 0.9], [0.1, 0.5, 0.9], []])
    params = _some(draw, path, x, q=q)
    if "method" in params:
        params["method"] = draw.one(["linear", "lower", "higher", "midpoint", "nearest"])
    return params, {"x": x}


@recipe("keras.ops.average")
def average(draw: Draw, path: str) -> Drawn:
    """A tensor, mostly with weights: of its shape, or of one axis."""
    x = tensor(draw)
    params = {"axis": axis(draw, x.rank)} if draw.chance(0.6) else {}
    inputs = {"x": x}
    if draw.chance(0.7):
        along = params.get("axis", 0)
        if x.rank and -x.rank <= along < x.rank and draw.chance(0.5):
            inputs["weights"] = Spec((x.shape[along],), dtype(draw))
        else:
            inputs["weights"] = alike(draw, x.shape)
    return params, inputs


@recipe("keras.ops.trapezoid")
def trapezoid(draw: Draw, path: str) -> Drawn:
    """A tensor, an axis, samples that are dx apart or given."""
    y = tensor(draw)
    params = draw.params(path, ["dx", "x"])
    if draw.chance(0.6):
        params["axis"] = axis(draw, y.rank)
    return params, {"y": y}


@recipe("keras.ops.norm")
def norm(draw: Draw, path: str) -> Drawn:
    """A tensor, axes, and an order that goes with their number or not."""
    x = tensor(draw)
    params = _some(draw, path, x)
    if draw.chance(0.6):
        params["ord"] = draw.one([1, 2, -1, -2, 2.0, 3, 0.5, "fro", "nuc"])
    return params, {"x": x}
