"""Normalisations: known ones (Normalization, Rescaling) and learnt ones (BatchNormalization)."""

from __future__ import annotations

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Either, Float, Int, ListOf
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec, known, product

_NUMBERS = Either((Float(), ListOf(Float())))


@describe(
    "keras.layers.BatchNormalization",
    family="normalisation",
    shown="axis momentum",
    axis=Int(),
)
def batch_normalization(p: Args, x: Spec) -> Result:
    """Mean 0 and variance 1 over the batch, then a learnt scale and centre."""
    if not -x.rank <= p.axis < x.rank:
        raise Refused(f"normalises axis {p.axis}, which its input doesn't have")
    size = known(x.shape[p.axis], f"the size of axis {p.axis}")
    weights = [p.weight("gamma", (size,))] if p.scale else []
    weights += [p.weight("beta", (size,))] if p.center else []
    weights += [p.weight(name, (size,), False) for name in ("moving_mean", "moving_variance")]
    count = product(x.shape[1:])
    return p.result(x, weights, None if count is None else 2 * count)


@describe(
    "keras.layers.Normalization",
    family="preprocessing",
    shown="mean variance",
    axis=Either((Int(), ListOf(Int()))),
    mean=_NUMBERS,
    variance=_NUMBERS,
)
def normalization(p: Args, x: Spec) -> Result:
    """(x - mean) / sqrt(variance), both given."""
    if p.mean is None or p.variance is None:
        raise Refused(
            "has no mean and variance, which adapt() would measure",
            "Give mean and variance as lists, one number for each feature.",
        )
    for name, values in (("mean", p.mean), ("variance", p.variance)):
        size = x.shape[-1]
        if isinstance(values, (list, tuple)) and size is not None and len(values) not in (1, size):
            raise Refused(f"has {len(values)} numbers as {name} for {size} features")
    count = product(x.shape[1:])
    out = Spec(x.shape, p.compute_dtype)
    return p.result(out, (), None if count is None else 2 * count)


@describe(
    "keras.layers.Rescaling",
    family="preprocessing",
    shown="scale offset",
    scale=_NUMBERS,
    offset=_NUMBERS,
)
def rescaling(p: Args, x: Spec) -> Result:
    """x * scale + offset."""
    count = product(x.shape[1:])
    return p.result(Spec(x.shape, p.compute_dtype), (), None if count is None else 2 * count)
