"""What the layers that compute with every number of their input have in common."""

from __future__ import annotations

from collections.abc import Iterable

from studio.graph.catalogue.types import OneCall, Type, or_null
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec, Weight, product


def initializers(*weights: str) -> dict[str, Type]:
    """The types of the initializers of some weights; null leaves the choice to Keras."""
    kind = or_null(OneCall(("initializer", "code")))
    return {f"{name}_initializer": kind for name in weights}


def numbers(*specs: Spec) -> None:
    """Refuses text, which nothing can be computed with.

    Keras finds this only when the first batch comes, so its symbolic call lets it pass.
    """
    for spec in specs:
        if spec.dtype == "string":
            raise Refused(
                "computes with numbers, but gets text (string)",
                "Put keras.layers.StringLookup or TextVectorization before it.",
            )


def times(cost: int, *sizes: int | None) -> int | None:
    """`cost` for each of as many elements as the sizes multiply to; None where one is unknown."""
    if not cost:
        return 0
    count = product(sizes)
    return None if count is None else cost * count


def same_shape(p: Args, x: Spec, cost: int, weights: Iterable[Weight] = ()) -> Result:
    """The input's shape in the compute dtype (of whole numbers too), at a cost for each element.

    A ragged input comes out dense: Keras forgets the raggedness here.
    """
    numbers(x)
    return p.result(Spec(x.shape, p.compute_dtype), weights, times(cost, *x.shape[1:]))


def elementwise(cost: int):
    """A rule for layers without weights that keep the shape: (...) -> (...)."""

    def rule(p: Args, x: Spec, mask: Spec | None = None) -> Result:
        return same_shape(p, x, cost)

    return rule


def size_at(x: Spec, axis: int, verb: str) -> int | None:
    """The size of an axis that a parameter names; `verb` is what the layer does with it."""
    if not -x.rank <= axis < x.rank:
        raise Refused(
            f"{verb} axis {axis}, which its input doesn't have",
            f"It has the axes 0 to {x.rank - 1}; -1 is the last." if x.rank else "",
        )
    return x.shape[axis]


def with_lora(p: Args, name: str, shape: tuple[int, ...], constraint: object) -> list[Weight]:
    """A weight, and with a `lora_rank` the two small ones that are trained in its place.

    Theirs are (..., rank) and (rank, last), in float32 whatever the layer's own dtype.
    """
    if not p.lora_rank:
        return [p.weight(name, shape)]
    if constraint is not None:
        raise Refused(
            f"can't have a lora_rank and a constraint of its {name}: the two contradict",
            "Leave out one of them.",
        )
    return [
        p.weight(name, shape, trainable=False),
        Weight(f"lora_{name}_a", (*shape[:-1], p.lora_rank), "float32", p.trains),
        Weight(f"lora_{name}_b", (p.lora_rank, shape[-1]), "float32", p.trains),
    ]
