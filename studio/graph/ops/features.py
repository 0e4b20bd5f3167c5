"""Numbers and categories made ready for a model: scaled, put into bins, hashed, one-hot."""

from __future__ import annotations

from typing import Any

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Either, Float, Int, ListOf, Text, Type, or_null
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Shape, Spec, Weight, known, product

_NUMBERS = Either((Float(), ListOf(Float())))
_NESTED = Either((_NUMBERS, ListOf(ListOf(Float())), ListOf(ListOf(ListOf(Float())))))


def one_hot(shape: Shape, width: int | None) -> Shape:
    """The shape when each category becomes a vector: (..., 1) or (...) becomes (..., width).

    A last axis of 1 is taken to be the place of the one category of a sample.
    """
    outer = shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape
    return (*outer, width)


def encoded(shape: Shape, mode: str, width: int | None) -> Shape:
    """The shape of categories in an output mode: one_hot as above, else (..., n) to (..., width).

    The other modes put all categories of the last axis into one vector.
    """
    return one_hot(shape, width) if mode == "one_hot" else (*shape[:-1], width)


def no_sparse_int(p: Any) -> None:
    """Refused where a sparse output is asked for that would hold a number for each value."""
    if p.sparse and p.output_mode == "int":
        raise Refused(
            'can\'t give a sparse output in its output_mode "int"',
            "Set sparse to false, or choose another output_mode.",
        )


def salted(salt: Any) -> None:
    """Refused where a list of hash keys doesn't hold two."""
    if isinstance(salt, (list, tuple)) and len(salt) != 2:
        raise Refused(
            f"takes one number or two as salt, and has {len(salt)}", "Give one or two numbers."
        )


SALT: Type = Either((Int(), ListOf(Int())))


@describe(
    "keras.layers.Normalization",
    builds_first=True,
    family="preprocessing",
    shown="axis mean variance",
    axis=or_null(Either((Int(), ListOf(Int())))),
    mean=_NESTED,
    variance=_NESTED,
)
def normalization(p: Args, x: Spec) -> Result:
    """(x - mean) / sqrt(variance) along some axes: the shape stays.

    Without mean and variance they are weights, which adapt() would measure.
    """
    axes = p.axis if isinstance(p.axis, (list, tuple)) else [] if p.axis is None else [p.axis]
    sizes = _given_sizes(p, len(axes))
    for axis in axes:
        if not -x.rank <= axis < x.rank:
            raise Refused(
                f"keeps axis {axis}, which its input doesn't have",
                f"Choose an axis from {-x.rank} to {x.rank - 1}.",
            )
    kept = sorted(axis % x.rank for axis in axes)
    own = tuple(known(x.shape[axis], f"the size of axis {axis}") for axis in kept)
    if sizes is None and product(own) != product(x.shape[axis] for axis in set(kept)):
        raise Refused("names the same axis twice", "Name each axis once.")
    if sizes:
        _fits(sizes, kept, x)
    weights = []
    if sizes is None:
        weights = [p.weight(name, own, trainable=False) for name in ("mean", "variance")]
        weights.append(Weight("count", (), "int64", False))
    count = product(x.shape[1:])
    return p.result(Spec(x.shape, p.compute_dtype), weights, count and 2 * count)


def _given_sizes(p: Args, axes: int) -> tuple[int, ...] | None:
    """The shape of mean and variance, () for single numbers; None where they aren't given."""
    if (p.mean is None) != (p.variance is None):
        lacking = "mean" if p.mean is None else "variance"
        raise Refused(f"has no {lacking} beside its other measure", f"Give the {lacking} too.")
    if p.mean is None:
        return None
    mean, variance = _shape(p.mean), _shape(p.variance)
    if mean is None or variance is None:
        raise Refused("has a mean or variance whose rows differ in length")
    if mean != variance:
        raise Refused(
            f"has a mean of shape {list(mean)} but a variance of shape {list(variance)}",
            "Give as many numbers for one as for the other.",
        )
    if len(mean) > axes:
        raise Refused(
            f"has a mean with {len(mean)} axes, but keeps only {axes}",
            "Give one number, or more axes to keep.",
        )
    return mean


def _shape(value: Any) -> tuple[int, ...] | None:
    """The shape of nested lists; None where their lengths differ."""
    if not isinstance(value, (list, tuple)):
        return ()
    inner = {_shape(each) for each in value} or {()}
    rest = inner.pop()
    return None if inner or rest is None else (len(value), *rest)


def _fits(sizes: tuple[int, ...], kept: list[int], x: Spec) -> None:
    """Refused where numbers of this shape can't be stretched over the kept axes."""
    placed = dict(zip(reversed(kept), reversed(sizes), strict=False))
    if product(placed.values()) != product(sizes):
        raise Refused("names the same axis twice", "Name each axis once.")
    for axis, size in placed.items():
        if size not in (1, x.shape[axis]):
            raise Refused(
                f"has {size} numbers as mean for {x.shape[axis]} features",
                f"Give 1 number or {x.shape[axis]}.",
            )


@describe(
    "keras.layers.Rescaling",
    family="preprocessing",
    shown="scale offset",
    scale=_NESTED,
    offset=_NESTED,
)
def rescaling(p: Args, x: Spec) -> Result:
    """x * scale + offset: the shape stays."""
    count = product(x.shape[1:])
    return p.result(Spec(x.shape, p.compute_dtype), (), count and 2 * count)


@describe(
    "keras.layers.Discretization",
    family="preprocessing",
    shown="bin_boundaries num_bins output_mode",
    bin_boundaries=ListOf(Float()),
    num_bins=Int(0),
    epsilon=Float(),
)
def discretization(p: Args, x: Spec) -> Result:
    """The number of the bin that a value falls into; or one-hot, multi-hot, counted."""
    no_sparse_int(p)
    if (p.bin_boundaries is None) == (p.num_bins is None):
        both = "both" if p.num_bins is not None else "neither of"
        raise Refused(
            f"has {both} bin_boundaries and num_bins",
            "Give bin_boundaries; or num_bins, for adapt() to find them.",
        )
    bins = p.num_bins if p.bin_boundaries is None else len(p.bin_boundaries) + 1
    count = product(x.shape[1:])
    # Each value is compared with half of the boundaries that are left, again and again.
    flops = None if count is None else count * max(bins - 1, 0).bit_length()
    if p.output_mode == "int":
        return p.result(Spec(x.shape, "int32"), (), flops)
    shape = encoded(x.shape, p.output_mode, bins)
    if p.output_mode != "one_hot" and x.rank > 2:
        # Keras drops the second axis here, not the last one.
        shape = (x.shape[0], *x.shape[2:], bins)
    return p.result(Spec(shape, p.compute_dtype), (), flops)


@describe(
    "keras.layers.CategoryEncoding",
    family="preprocessing",
    inputs="inputs count_weights?",
    shown="num_tokens output_mode",
    num_tokens=Int(1),
)
def category_encoding(p: Args, x: Spec, count_weights: Spec | None) -> Result:
    """Whole numbers below num_tokens as one vector: one-hot, multi-hot or counted."""
    if p.num_tokens is None:
        raise Refused(
            "has no num_tokens, which is how many categories there are",
            "Give num_tokens, or use keras.layers.IntegerLookup.",
        )
    return p.result(Spec(encoded(x.shape, p.output_mode, p.num_tokens), p.compute_dtype))


@describe(
    "keras.layers.Hashing",
    family="preprocessing",
    shown="num_bins output_mode",
    num_bins=Int(1),
    mask_value=Either((Int(), Text())),
    salt=SALT,
)
def hashing(p: Args, x: Spec) -> Result:
    """A bin for each value by its hash, as a number, or (..., n) as one vector of num_bins."""
    no_sparse_int(p)
    salted(p.salt)
    if p.output_mode == "int":
        dtype = "int64" if p.dtype is None else p.variable_dtype
        if dtype not in ("int32", "int64"):
            raise Refused(
                f'gives whole numbers in its output_mode "int", which {dtype} is not for',
                "Leave dtype out, or set it to int32 or int64.",
            )
        return p.result(Spec(x.shape, dtype))
    # Keras gives it no policy, where it names none.
    dtype = "float32" if p.dtype is None else p.variable_dtype
    return p.result(Spec((*x.shape[:-1], p.num_bins), dtype))


@describe(
    "keras.layers.HashedCrossing",
    family="preprocessing",
    inputs="inputs*",
    shown="num_bins output_mode",
    num_bins=Int(),
)
def hashed_crossing(p: Args, inputs: tuple[Spec, ...]) -> Result:
    """Two categories as one: a bin for each pair by its hash, as a number or one-hot."""
    if len(inputs) != 2:
        several = 'Cross two with output_mode "int", and what that gives with the next.'
        mend = several if len(inputs) > 2 else "Draw two edges to it."
        raise Refused(f"crosses 2 inputs, and has {len(inputs)}", mend)
    first, second = (spec.shape for spec in inputs)
    if not first or not second or first[-1] != second[-1]:
        raise Refused(
            "crosses value by value, so both inputs must be of the same shape",
            "Give both Inputs the shape [1].",
        )
    if p.output_mode == "int":
        return p.result(Spec(first, "int64" if p.dtype is None else p.compute_dtype))
    if p.num_bins < 0:
        raise Refused("has fewer than 0 bins", "Set num_bins to at least 1.")
    outer = first[:-1] if first[-1] == 1 else first
    return p.result(Spec((*outer, p.num_bins), p.compute_dtype))
