"""keras.ops and keras.activations on each element: one tensor, two that broadcast, three."""

from __future__ import annotations

from typing import Any

from studio.graph.catalogue.registry import find
from studio.graph.ops import ops_elementwise
from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe

Drawn = tuple[dict[str, Any], dict[str, Any]]

NUMBERS = ("float16", "bfloat16", "float64", "bool", "int8", "int16", "int32", "int64", "uint8")
RARE = ("uint16", "uint32", "uint64", "complex64", "complex128", "string")


def dtype(draw: Draw) -> str:
    """Half float32, half anything there is."""
    return "float32" if draw.chance(0.4) else draw.one(NUMBERS * 2 + RARE)


def tensor(draw: Draw, low: int = 0, high: int = 4) -> Spec:
    """A tensor of few axes; now and then a single number."""
    rank = draw.size(max(low, 1), high) if low or draw.chance(0.9) else 0
    least = 0 if draw.odd() else 1
    return Spec(tuple(draw.axis(least) for _ in range(rank)), dtype(draw))


def alike(draw: Draw, shape: tuple) -> Spec:
    """A tensor that mostly broadcasts with a shape."""
    sizes = [
        draw.one([size, size, 1, None]) if not draw.odd() else draw.size(2, 4) for size in shape
    ]
    if draw.chance(0.3):
        sizes = sizes[draw.size(0, len(sizes)) :]
    elif draw.chance(0.1):
        sizes = [draw.axis(), *sizes]
    return Spec(tuple(sizes), dtype(draw))


def axis(draw: Draw, rank: int) -> int:
    """An axis, mostly one that there is."""
    if draw.odd() or not rank:
        return draw.one([-rank - 1, rank])
    return draw.size(-rank, rank - 1)


def own_params(draw: Draw, path: str, share: float = 0.5) -> dict[str, Any]:
    """All parameters of an op by their types: those it needs always, others sometimes."""
    op = find(path)
    assert op is not None
    return {
        name: draw.value(op, name)
        for name, param in op.params.items()
        if param.required or draw.chance(share)
    }


def paths(names: str) -> list[str]:
    """Paths from names with spaces between; one with a dot is a path behind "keras."."""
    return [f"keras.{name}" if "." in name else f"keras.ops.{name}" for name in names.split()]


_UNARY = " ".join(ops_elementwise._UNARY.values())
_BINARY = " ".join(ops_elementwise._BINARY.values())
_BOTH = ops_elementwise._BOTH + " celu elu gelu hard_shrink leaky_relu soft_shrink squareplus"
_BOTH = " ".join(f"ops.{n} activations.{n}" for n in f"{_BOTH} hard_silu threshold relu".split())
_OTHERS = "activations.linear activations.mish clip round nan_to_num copy"


@recipe(*paths(f"{_UNARY} {_BOTH} {_OTHERS}"))
def unary(draw: Draw, path: str) -> Drawn:
    """One tensor."""
    return own_params(draw, path), {"x": tensor(draw)}


@recipe("keras.ops.stop_gradient")
def stop_gradient(draw: Draw, path: str) -> Drawn:
    """One tensor, whose port has another name."""
    return {}, {"variable": tensor(draw)}


@recipe("keras.ops.cast", "keras.ops.saturate_cast")
def cast(draw: Draw, path: str) -> Drawn:
    """One tensor and a dtype."""
    to = "no_such_dtype" if draw.odd() else dtype(draw)
    return {"dtype": to}, {"x": tensor(draw)}


@recipe(*paths(f"{_BINARY} isclose isin allclose"))
def binary(draw: Draw, path: str) -> Drawn:
    """Two tensors that mostly broadcast."""
    x1 = tensor(draw)
    return own_params(draw, path), {"x1": x1, "x2": alike(draw, x1.shape)}


@recipe(*paths("bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift"))
@recipe(*paths("left_shift right_shift"))
def bitwise(draw: Draw, path: str) -> Drawn:
    """Two tensors, mostly of whole numbers."""
    x = tensor(draw)
    return {}, {"x": x, "y": alike(draw, x.shape)}


@recipe(*paths("softmax log_softmax sparsemax glu"))
@recipe(*paths("activations.softmax activations.log_softmax activations.sparsemax activations.glu"))
def over_axis(draw: Draw, path: str) -> Drawn:
    """One tensor and an axis, mostly one that it has."""
    x = tensor(draw)
    if "glu" in path and draw.chance(0.7):
        x = x.with_shape(None if size is None else 2 * size for size in x.shape)
    params = {}
    if draw.chance(0.6):
        params["axis"] = axis(draw, x.rank)
        if "glu" not in path and "sparsemax" not in path and draw.chance(0.3):
            params["axis"] = [axis(draw, x.rank) for _ in range(draw.size(0, 2))]
    return params, {"x": x}


@recipe("keras.ops.where")
def where(draw: Draw, path: str) -> Drawn:
    """A condition; both choices, none, or now and then one."""
    condition = tensor(draw)
    inputs = {"condition": condition}
    if draw.chance(0.85):
        inputs |= {name: alike(draw, condition.shape) for name in ("x1", "x2")}
    if draw.odd():
        inputs.pop(draw.one(["x1", "x2"]), None)
    return {}, inputs
