"""Layers that make one tensor of several."""

from __future__ import annotations

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Int
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec, product, shape_text


def broadcast(shapes: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
    """The shape that element by element operations give, sizes of 1 being stretched."""
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    out = []
    for sizes in zip(*padded, strict=True):
        wide = {size for size in sizes if size not in (1, None)}
        if len(wide) > 1:
            raise Refused(
                f"can't put {' and '.join(map(shape_text, shapes))} together: "
                f"sizes {' and '.join(map(str, sorted(wide)))} differ",
                "Give both branches the same number of features, with a Dense or a 1x1 Conv2D.",
            )
        out.append(wide.pop() if wide else (None if None in sizes else 1))
    return tuple(out)


@describe(
    *(
        f"keras.layers.{name}"
        for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
    ),
    family="merging",
    inputs="inputs*",
)
def elementwise(p: Args, inputs: tuple[Spec, ...]) -> Result:
    """Element by element over two or more tensors."""
    if len(inputs) < 2:
        raise Refused("puts tensors together, so it needs at least 2 inputs")
    # The batch axis is never stretched; the features are.
    if len({spec.rank for spec in inputs}) == 1:
        shape = (inputs[0].shape[0], *broadcast([spec.shape[1:] for spec in inputs]))
    else:
        shape = broadcast([spec.shape for spec in inputs])
    count = product(shape[1:])
    flops = None if count is None else count * (len(inputs) - 1)
    return p.result(inputs[0].with_shape(shape), (), flops)


@describe("keras.layers.Concatenate", family="merging", inputs="inputs*", shown="axis", axis=Int())
def concatenate(p: Args, inputs: tuple[Spec, ...]) -> Result:
    """Tensors one behind the other along an axis."""
    if not inputs:
        raise Refused("joins tensors, so it needs at least 1 input")
    rank = inputs[0].rank
    if any(spec.rank != rank for spec in inputs):
        raise Refused(
            "joins tensors with the same number of axes",
            "Put keras.layers.Reshape or Flatten before one of them.",
        )
    if not -rank <= p.axis < rank:
        raise Refused(f"joins along axis {p.axis}, which its inputs don't have")
    at = p.axis % rank
    shape = []
    for axis in range(rank):
        sizes = [spec.shape[axis] for spec in inputs]
        if axis == at:
            shape.append(None if None in sizes else sum(sizes))
            continue
        wide = {size for size in sizes if size is not None}
        if len(wide) > 1:
            raise Refused(
                f"joins along axis {p.axis}, so all other axes must be alike, "
                f"but axis {axis} has the sizes {' and '.join(map(str, sorted(wide)))}"
            )
        shape.append(wide.pop() if wide else None)
    return p.result(inputs[0].with_shape(shape))
