"""Normalization, Rescaling, Discretization, CategoryEncoding, Hashing, HashedCrossing."""

from __future__ import annotations

from typing import Any

from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe

Case = tuple[dict[str, Any], dict[str, Any]]
POLICIES = ("float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16", "int32", "int64")
"""The dtypes that a layer is made in now and then."""


def common(draw: Draw, path: str) -> dict[str, Any]:
    """Parameters that every layer has."""
    return draw.some({"dtype": lambda: draw.one(POLICIES)}, 0.2) | draw.params(
        path, ["trainable", "autocast"], 0.1
    )


def numbers(draw: Draw, shape: tuple[int, ...]) -> Any:
    """A number, or lists of this shape."""
    if not shape:
        return draw.one([0, 1, 0.5, 2.0, 127.5])
    return [numbers(draw, shape[1:]) for _ in range(shape[0])]


@recipe("keras.layers.Normalization")
def normalization(draw: Draw, path: str) -> Case:
    x = draw.spec(draw.one([1, 2, 2, 3, 4]), unknown=0.1)
    last = list(range(1, x.rank))
    axis = draw.one([-1, -1, None, x.rank - 1, [], last, last[::-1]])
    if draw.odd():
        axis = draw.one([0, [-1, x.rank - 1], x.rank, -x.rank - 1])
    params = draw.some({"axis": axis, "invert": True}, 0.6) | common(draw, path)
    axes = params.get("axis", -1)
    axes = [] if axes is None else [axes] if isinstance(axes, int) else axes
    kept = [x.shape[a] or 1 for a in sorted(a % x.rank for a in axes if -x.rank <= a < x.rank)]
    shape = tuple(size if not draw.chance(0.2) else draw.one([1, 2]) for size in kept)
    shape = (2, *shape) if draw.odd() else draw.one([shape, shape, shape[-1:], ()])
    if draw.chance(0.8):
        params["mean"] = numbers(draw, shape)
    if draw.odd() == ("mean" not in params):
        params["variance"] = numbers(draw, (*shape, 1) if draw.odd() else shape)
    if draw.odd() and "mean" in params:
        params["mean"] = params["variance"] = [[1.0, 2.0], [3.0]]
    return params, {"inputs": x}


@recipe("keras.layers.Rescaling")
def rescaling(draw: Draw, path: str) -> Case:
    def given() -> Any:
        return numbers(draw, draw.one([(), (), (3,), (2, 2)]))

    params = {} if draw.odd() else {"scale": given()}
    params |= draw.some({"offset": given}) | common(draw, path)
    return params, {"inputs": Spec(draw.shape(draw.size(1, 5)), draw.dtype(("uint8", "string")))}


@recipe("keras.layers.Discretization")
def discretization(draw: Draw, path: str) -> Case:
    params: dict[str, Any] = draw.params(path, ["output_mode"], 0.7)
    params |= draw.params(path, ["sparse"], 0.2)
    bins = {"num_bins": draw.one([0, 1, 4, 9])} if not draw.odd() else {"num_bins": -1}
    edges = {"bin_boundaries": draw.one([[], [0.0], [0, 1, 2.5], [3.0, 1.0]])}
    params |= draw.one([bins, edges, edges]) if not draw.odd() else draw.one([{}, bins | edges])
    params |= draw.params(path, ["epsilon"]) | draw.some(
        {"dtype": lambda: draw.one(POLICIES)}, 0.25
    )
    return params, {"inputs": Spec(draw.shape(draw.size(1, 4)), draw.dtype())}


@recipe("keras.layers.CategoryEncoding")
def category_encoding(draw: Draw, path: str) -> Case:
    params = {"num_tokens": draw.one([1, 4, 7]) if not draw.odd() else draw.one([0, -2, None])}
    params |= draw.params(path, ["output_mode"], 0.8) | draw.params(path, ["sparse"], 0.2)
    params |= common(draw, path)
    shape = draw.shape(draw.size(1, 4), 1, draw.one([1, 5]))
    inputs = {"inputs": Spec(shape, draw.one(["int32", "int64", "float32", "uint8"]))}
    if draw.chance(0.3):
        inputs["count_weights"] = Spec(draw.one([shape, (None, 3)]), draw.dtype())
    return params, inputs


@recipe("keras.layers.Hashing")
def hashing(draw: Draw, path: str) -> Case:
    params = {"num_bins": draw.one([1, 3, 8]) if not draw.odd() else draw.one([0, -1, None])}
    params |= draw.params(path, ["output_mode"], 0.7) | draw.params(path, ["sparse"], 0.2)
    params |= draw.some({"mask_value": draw.one([0, "", "mask"])}, 0.3)
    params |= draw.some({"salt": draw.one([3, [1, 2], [1], [1, 2, 3], "text"])}, 0.3)
    params |= common(draw, path)
    shape = draw.shape(draw.size(1, 4), 1, draw.one([1, 5]))
    return params, {"inputs": Spec(shape, draw.one(["string", "int32", "int64", "float32"]))}


@recipe("keras.layers.HashedCrossing")
def hashed_crossing(draw: Draw, path: str) -> Case:
    params: dict[str, Any] = {"num_bins": draw.one([1, 3, 8]) if not draw.odd() else -1}
    params |= draw.params(path, ["output_mode"], 0.7) | draw.params(path, ["sparse"], 0.2)
    params |= draw.some({"dtype": lambda: draw.one(POLICIES)}, 0.3)
    shape = draw.shape(draw.one([1, 2, 2, 2, 3]), 1, draw.one([1, 1, 4]))
    count = draw.one([0, 1, 3]) if draw.odd() else 2
    specs = [Spec(shape, draw.one(["string", "int64", "int32", "float32"])) for _ in range(count)]
    if draw.odd() and specs:
        specs[-1] = Spec(draw.shape(draw.size(1, 3)), "string")
    return params, {"inputs": specs}
