"""Layers that only arrange anew what is there."""

from __future__ import annotations

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Shape
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec, product, shape_text


@describe("keras.layers.Flatten", family="reshaping")
def flatten(p: Args, x: Spec) -> Result:
    """All axes but the batch in one."""
    return p.result(x.with_shape((x.shape[0], product(x.shape[1:]))))


@describe(
    "keras.layers.Reshape",
    family="reshaping",
    shown="target_shape",
    target_shape=Shape(unknown=False, min=-1),
)
def reshape(p: Args, x: Spec) -> Result:
    """Another shape with as many elements; -1 for the axis that takes what is left."""
    target, count = list(p.target_shape), product(x.shape[1:])
    if target.count(-1) > 1:
        raise Refused("can work out one size itself (-1), not several")
    if count is not None:
        fixed = product(size for size in target if size != -1)
        fits = count % fixed == 0 if -1 in target and fixed else count == fixed
        if not fits:
            raise Refused(
                f"can't make {shape_text(target)} of {count} elements (the target has {fixed})",
                "Give a target_shape with as many elements, or -1 for one of its axes.",
            )
        target = [count // fixed if size == -1 else size for size in target]
    return p.result(x.with_shape((x.shape[0], *(None if s == -1 else s for s in target))))
