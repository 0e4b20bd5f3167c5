"""Normalisations that are learnt, and SpectralNormalization with layers in it."""

from __future__ import annotations

from typing import Any

from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe
from tests.conformance.recipes.core import Drawn, common, tensor

_MOVING = ("beta", "gamma", "moving_mean", "moving_variance")
_WEIGHTED = ["center", "scale", "epsilon", "beta_initializer", "gamma_initializer"]
for _what in ("regularizer", "constraint"):
    _WEIGHTED += [f"beta_{_what}", f"gamma_{_what}"]


def _axis(draw: Draw, rank: int) -> int:
    """An axis that there is, mostly the last or the first behind the batch."""
    if draw.odd():
        return draw.one([rank, -rank - 1, 0])
    return draw.one([-1, -1, 1, rank - 1, -rank])


@recipe("keras.layers.BatchNormalization")
def batch_normalization(draw: Draw, path: str) -> Drawn:
    x = tensor(draw, 2, 5, unknown=0.08)
    names = [*_WEIGHTED, "momentum", "moving_mean_initializer", "moving_variance_initializer"]
    params = draw.params(path, [*names, "renorm", "renorm_momentum", "synchronized"], 0.2)
    params |= draw.some({"axis": _axis(draw, x.rank)}) | common(draw)
    params |= draw.some({f"{name}_initializer": None for name in _MOVING}, 0.05)
    if draw.chance(0.15):
        clipping: Any = [{"rmin": 0.5, "rmax": 2.0, "dmax": 1}, {"rmax": 0.1, "rmin": 1.0}]
        clipping += [{"dmax": -1.0}, {"most": 1.0}, {}, {"rmax": None, "rmin": 2}]
        params |= {"renorm": draw.chance(0.8), "renorm_clipping": draw.one(clipping)}
    inputs = {"inputs": x}
    if draw.chance(0.2):
        shape = x.shape[:-1] if draw.chance(0.7) else draw.shape(2)
        inputs["mask"] = Spec(shape, "bool")
    return params, inputs


@recipe("keras.layers.LayerNormalization")
def layer_normalization(draw: Draw, path: str) -> Drawn:
    x = tensor(draw, 1, 5, unknown=0.1)
    return draw.params(path, _WEIGHTED, 0.2) | _axes(draw, x) | common(draw), {"inputs": x}


@recipe("keras.layers.RMSNormalization", "keras.layers.UnitNormalization")
def simple_normalization(draw: Draw, path: str) -> Drawn:
    x = tensor(draw, 1, 5, unknown=0.1)
    params = draw.params(path, ["epsilon"] * path.endswith("RMSNormalization"), 0.3)
    return params | _axes(draw, x) | common(draw), {"inputs": x}


def _axes(draw: Draw, x: Spec) -> dict[str, Any]:
    several = [_axis(draw, x.rank) for _ in range(draw.size(0, 3))]
    axis = several if draw.chance(0.4) else _axis(draw, x.rank)
    return draw.some({"axis": axis if not draw.odd() else draw.one(["1", 1.5, [None]])}, 0.6)


@recipe("keras.layers.GroupNormalization")
def group_normalization(draw: Draw, path: str) -> Drawn:
    x = tensor(draw, 2, 5, unknown=0.05)
    channels = [size for size in x.shape[1:] if size]
    groups = draw.one([1, -1, 2, *channels]) if not draw.odd() else draw.one([0, -2, 3, 32, "1"])
    params = draw.params(path, _WEIGHTED, 0.2) | draw.some({"axis": _axis(draw, x.rank)})
    return params | draw.some({"groups": groups}, 0.9) | common(draw), {"inputs": x}


@recipe("keras.layers.SpectralNormalization")
def spectral_normalization(draw: Draw, path: str) -> Drawn:
    dense = {"units": 3, "use_bias": draw.chance(0.5)} | draw.some({"dtype": "float16"}, 0.2)
    dense |= draw.some({"trainable": False, "lora_rank": 2}, 0.2)
    good = [
        ("Dense", dense, draw.size(2, 3)),
        ("Conv2D", {"filters": 2, "kernel_size": 3, "padding": "same"}, 4),
        ("Conv1D", {"filters": 2, "kernel_size": 2}, 3),
        ("Embedding", {"input_dim": 4, "output_dim": 2}, 2),
        ("EinsumDense", {"equation": "ab,bc->ac", "output_shape": 3}, 2),
    ]
    without = [
        ("ReLU", {}, 2),
        ("LSTM", {"units": 2}, 3),
        ("BatchNormalization", {}, 2),
        ("Add", {}, 2),
        ("InputLayer", {"shape": [3]}, 2),
        ("TimeDistributed", {"layer": {"op": "keras.layers.Dense", "params": {"units": 2}}}, 3),
    ]
    inner, params, rank = draw.one(good if draw.chance(0.85) else without)
    layer: Any = {"op": f"keras.layers.{inner}", "params": params}
    if draw.odd():
        layer = draw.one(["Dense", {"op": "keras.layers.NoSuch"}, 3])
    outer = {"layer": layer} | draw.params(path, ["power_iterations"], 0.3) | common(draw)
    return outer, {"inputs": Spec(draw.shape(rank, 2, 6, 0.08), draw.dtype())}
