"""Initializers, regularizers and constraints: what introspection can't know of their parameters."""

from __future__ import annotations

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Choice, Either, Float, Int, ListOf, Type, or_null

_SEED = Int(-(2**63), 2**63 - 1)
_AXES = ListOf(Int())
_AXIS = or_null(Either((Int(), _AXES)))
_ROW = Either((Float(), ListOf(Float())))

_OPS: dict[str, dict[str, Type]] = {
    "initializers.Zeros": {},
    "initializers.Ones": {},
    "initializers.Constant": {"value": Either((Float(), ListOf(_ROW)))},
    "initializers.Identity": {"gain": Float()},
    "initializers.Orthogonal": {"gain": Float(), "seed": _SEED},
    "initializers.RandomUniform": {"minval": Float(), "maxval": Float(), "seed": _SEED},
    "initializers.VarianceScaling": {
        "scale": Float(above=0),
        "distribution": Choice(("truncated_normal", "untruncated_normal", "uniform", "normal")),
        "seed": _SEED,
        "input_axes": _AXES,
        "output_axes": _AXES,
    },
    "constraints.MaxNorm": {"max_value": Float(min=0), "axis": _AXIS},
    "constraints.MinMaxNorm": {
        "min_value": Float(min=0),
        "max_value": Float(min=0),
        "rate": Float(min=0, max=1),
        "axis": _AXIS,
    },
    "constraints.UnitNorm": {"axis": _AXIS},
    "constraints.NonNeg": {},
    "regularizers.L1": {"l1": or_null(Float(min=0))},
    "regularizers.L2": {"l2": or_null(Float(min=0))},
    "regularizers.L1L2": {"l1": or_null(Float(min=0)), "l2": or_null(Float(min=0))},
    "regularizers.OrthogonalRegularizer": {"factor": Float(min=0)},
}
_OPS |= {
    f"initializers.{name}": {"mean": Float(), "stddev": Float(min=0), "seed": _SEED}
    for name in ("RandomNormal", "TruncatedNormal")
}
_OPS |= {
    f"initializers.{name}{kind}": {"seed": _SEED, "input_axes": _AXES, "output_axes": _AXES}
    for name in ("Glorot", "He", "Lecun")
    for kind in ("Normal", "Uniform")
}
# The windows of scipy.signal that need no number of their own; scipy itself only Keras needs.
_WINDOWS = (
    "boxcar triang blackman hamming hann bartlett flattop parzen bohman blackmanharris "
    "nuttall barthann cosine exponential tukey taylor lanczos"
)
_OPS["initializers.STFT"] = {
    "window": or_null(Either((Choice(tuple(_WINDOWS.split())), ListOf(Float(), empty=False)))),
    "scaling": Choice(("density", "spectrum", None)),
}

for _path, _types in _OPS.items():
    describe(
        f"keras.{_path}",
        family=_path.partition(".")[0][:-1],
        shown=" ".join([name for name in _types if not name.endswith(("seed", "axes"))][:3]),
        **_types,
    )
