"""keras.ops that sort, search, count and accumulate."""

from __future__ import annotations

from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe
from tests.conformance.recipes.ops_elementwise import Drawn, axis, dtype, own_params, paths, tensor


def _with_axis(draw: Draw, path: str, x: Spec) -> dict:
    params = own_params(draw, path)
    if params.get("axis") is not None:
        params["axis"] = axis(draw, x.rank)
    return params


_ONE = "sort argsort argpartition cumsum cumprod nancumsum nancumprod unique bincount size top_k"


@recipe(*paths(_ONE))
def one(draw: Draw, path: str) -> Drawn:
    """A tensor and mostly one of its axes."""
    x = tensor(draw)
    return _with_axis(draw, path, x), {"x": x}


@recipe("keras.ops.diff")
def diff(draw: Draw, path: str) -> Drawn:
    """A tensor and how often; less than 0 times fails only when it runs."""
    a = tensor(draw)
    params = _with_axis(draw, path, a)
    if "n" in params:
        params["n"] = draw.size(0, 3)
    return params, {"a": a}


@recipe("keras.ops.histogram")
def histogram(draw: Draw, path: str) -> Drawn:
    """A tensor, and from where to where."""
    params = own_params(draw, path)
    if params.get("range") is not None:
        params["range"] = draw.one([[0, 1], [-5, 5], [2, 2], [3, 1], 4, [1]])
    return params, {"x": tensor(draw)}


@recipe("keras.ops.in_top_k")
def in_top_k(draw: Draw, path: str) -> Drawn:
    """Class numbers and scores."""
    batch = draw.batch()
    targets = Spec((batch,), draw.one(["int32", "int64", "float32"]))
    return {"k": draw.size(1, 5)}, {
        "targets": tensor(draw) if draw.odd() else targets,
        "predictions": Spec((batch, draw.axis()), dtype(draw)),
    }


@recipe("keras.ops.searchsorted")
def searchsorted(draw: Draw, path: str) -> Drawn:
    """A sequence of one axis, mostly, and values."""
    sequence = tensor(draw) if draw.chance(0.2) else tensor(draw, 1, 1)
    params = {"side": draw.one(["left", "right"])} if draw.chance(0.5) else {}
    return params, {"sorted_sequence": sequence, "values": tensor(draw)}


@recipe("keras.ops.digitize")
def digitize(draw: Draw, path: str) -> Drawn:
    """Values, and bins of one axis, mostly."""
    bins = tensor(draw) if draw.chance(0.2) else tensor(draw, 1, 1)
    return {}, {"x": tensor(draw), "bins": bins}
