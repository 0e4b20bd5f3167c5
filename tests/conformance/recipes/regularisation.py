"""Dropouts, noise and penalties."""

from __future__ import annotations

from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe
from tests.conformance.recipes.core import Drawn, common, tensor


@recipe(
    *(f"keras.layers.{name}" for name in ("Dropout", "AlphaDropout", "GaussianDropout")),
    "keras.layers.GaussianNoise",
)
def dropout(draw: Draw, path: str) -> Drawn:
    share = "stddev" if path.endswith("GaussianNoise") else "rate"
    params = {share: draw.one([0, 0.2, 1]) if not draw.odd() else draw.one([-0.1, 1.5, "a", []])}
    params |= draw.params(path, ["seed"]) | common(draw)
    inputs = tensor(draw, 1)
    if path.endswith((".Dropout", "AlphaDropout")):
        noise = [draw.one([None, 1, 3]) for _ in inputs.shape]
        params |= draw.some({"noise_shape": noise}, 0.3)
        if draw.odd():
            params["noise_shape"] = draw.one([[0], [-1, 2], 3, "ab", [1.5], []])
    return params, {"inputs": inputs}


@recipe(*(f"keras.layers.SpatialDropout{rank}D" for rank in (1, 2, 3)))
def spatial_dropout(draw: Draw, path: str) -> Drawn:
    rank = int(path[-2])
    params = {"rate": draw.one([0, 0.5, 1]) if not draw.odd() else draw.one([-1, 1.5, "0.1"])}
    params |= draw.params(path, ["seed"] + ["data_format"] * (rank > 1), 0.3)
    params |= {key: value for key, value in common(draw).items() if key in ("name", "dtype")}
    return params, {"inputs": tensor(draw, rank + 2, rank + 2)}


@recipe("keras.layers.ActivityRegularization")
def activity_regularization(draw: Draw, path: str) -> Drawn:
    params = draw.params(path, ["l1", "l2"]) | common(draw)
    params.pop("activity_regularizer", None)
    return params, {"inputs": tensor(draw, 1)}
