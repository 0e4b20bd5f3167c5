"""keras.ops.rearrange: axes moved, split and joined by a pattern of their names."""

from __future__ import annotations

import re

from studio.graph.catalogue.types import DictOf, Int, Text
from studio.graph.ops.ops_axes import tensor
from studio.graph.ops.ops_common import function
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec, product


def _axes_in(side: str) -> list[list[str]]:
    """The names of each axis of a pattern's side; a group in brackets holds several."""
    found = []
    for axis in re.findall(r"\w+|\(.*?\)", side):
        group = re.match(r"\(([\w\s]+)\)", axis)
        found.append(group.group(1).split() if group else [axis])
    return found


@function(
    "rearrange",
    inputs="tensor",
    shown="pattern axes_lengths",
    pattern=Text(),
    axes_lengths=DictOf(Int(1)),
)
def rearrange(p: Args, x: Spec) -> Result:
    """(a, b, c) by "a b c -> a (b c)" -> (a, b * c); (6, a) by "(b c) a -> b c a", with b = 2."""
    sides = re.split(r"\s*->\s*", p.pattern)
    if len(sides) != 2:
        raise Refused('needs a pattern with one "->"', 'Write it such as "b h w -> b (h w)".')
    sizes: dict[str, int | None] = {}
    # Of the names in a group, one may have no length yet: it gets what is left of the axis.
    grouped: dict[str, int] = dict(p.axes_lengths or {})
    for axis, (names, size) in enumerate(zip(_axes_in(sides[0]), x.shape, strict=False)):
        if not _is_group(sides[0], axis):
            sizes[names[0]] = size
            continue
        new = [name for name in names if name not in grouped]
        if new:
            known = product(grouped[name] for name in names if name in grouped)
            if size is None or not known or len(set(new)) > 1:
                raise Refused(
                    f"can't split an axis of size {size} into {' and '.join(names)}",
                    "Give all but one of them a length in axes_lengths.",
                )
            grouped[new[0]] = size // known
        sizes |= {name: grouped[name] for name in names}
    shape = []
    for names in _axes_in(sides[1]):
        for name in names:
            if sizes.get(name) is None:
                raise Refused(
                    f'doesn\'t know how large "{name}" of its pattern is',
                    "Use keras.ops.reshape and transpose where a size is unknown.",
                )
        shape.append(product(sizes[name] for name in names))
    return p.result(tensor(shape, x.dtype))


def _is_group(side: str, axis: int) -> bool:
    return bool(re.match(r"\(([\w\s]+)\)", re.findall(r"\w+|\(.*?\)", side)[axis]))
