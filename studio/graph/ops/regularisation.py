"""Layers that only matter while training: they drop, disturb or penalise what passes."""

from __future__ import annotations

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Choice, Float, Int, Shape
from studio.graph.ops.numbers import elementwise, same_shape
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec

_SHARE = Float(min=0, max=1)
_SEED = Int()

describe(
    "keras.layers.Dropout",
    family="regularisation",
    shown="rate",
    rate=_SHARE,
    noise_shape=Shape(min=1),
    seed=_SEED,
)(elementwise(0))
describe(
    "keras.layers.AlphaDropout",
    "keras.layers.GaussianDropout",
    family="regularisation",
    shown="rate",
    rate=_SHARE,
    seed=_SEED,
)(elementwise(0))
describe(
    "keras.layers.GaussianNoise",
    family="regularisation",
    shown="stddev",
    stddev=_SHARE,
    seed=_SEED,
)(elementwise(0))
describe(
    "keras.layers.ActivityRegularization",
    family="regularisation",
    shown="l1 l2",
    l1=Float(min=0),
    l2=Float(min=0),
)(elementwise(0))


def _spatial_dropout(rank: int):
    """Whole channels are dropped: the number of axes says which dropout it is."""

    def rule(p: Args, x: Spec) -> Result:
        if x.rank != rank + 2:
            fitting = f"keras.layers.SpatialDropout{x.rank - 2}D"
            raise Refused(
                f"expects {rank + 2} axes: the batch, {rank} of space and the channels",
                f"Use {fitting}." if 3 <= x.rank <= 5 else "keras.layers.Dropout takes any number.",
            )
        return same_shape(p, x, 0)

    return rule


for _rank in (1, 2, 3):
    _types = {"rate": _SHARE, "seed": _SEED}
    if _rank > 1:
        _types["data_format"] = Choice(("channels_last", "channels_first"))
    describe(
        f"keras.layers.SpatialDropout{_rank}D", family="regularisation", shown="rate", **_types
    )(_spatial_dropout(_rank))
