"""keras.ops that make a tensor of another's shape."""

from __future__ import annotations

from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe
from tests.conformance.recipes.ops_elementwise import Drawn, alike, axis, own_params, paths, tensor


@recipe(*paths("array convert_to_tensor empty_like full_like ones_like zeros_like"))
def like(draw: Draw, path: str) -> Drawn:
    """A tensor, and mostly a dtype."""
    return own_params(draw, path), {"x": tensor(draw)}


@recipe("keras.ops.vander")
def vander(draw: Draw, path: str) -> Drawn:
    """A tensor of one axis, mostly."""
    return own_params(draw, path), {"x": tensor(draw) if draw.odd() else tensor(draw, 1, 1)}


@recipe(*paths("linspace geomspace logspace"))
def between(draw: Draw, path: str) -> Drawn:
    """Two tensors that mostly broadcast."""
    start = tensor(draw)
    params = draw.params(path, ["num", "endpoint", "dtype"], 0.5)
    params |= draw.some({"axis": lambda: axis(draw, start.rank + 1)}, 0.4)
    if path.endswith(".linspace") and draw.odd():
        params["retstep"] = draw.chance(0.5)
    if path.endswith(".logspace"):
        params |= draw.params(path, ["base"], 0.4)
    return params, {"start": start, "stop": alike(draw, start.shape)}
