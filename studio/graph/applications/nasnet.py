"""NASNet: cells that a search has found, each of which is given the two before it."""

from __future__ import annotations

from functools import partial

from studio.graph.applications.net import Net
from studio.graph.rule import Args
from studio.graph.spec import Spec


def _nasnet(filters: int, blocks: int, stem: int, skips: bool, net: Net, p: Args, x: Spec) -> Spec:
    """A stem, then three stacks of cells with a halving one between; `skips` passes it by."""
    x = net.norm(net.conv(x, stem, 3, "stem_conv1", 2, "valid"), "stem_bn1")
    x, before = _reduction(net, x, None, filters // 4, "stem_1"), x
    x, before = _reduction(net, x, before, filters // 2, "stem_2"), x
    for stack in range(3):
        wide, first = filters * 2**stack, stack * blocks
        if stack:
            x, ahead = _reduction(net, x, before, wide, f"reduce_{first}"), x
            before = before if skips else ahead
            first += 1
        for number in range(first, first + blocks):
            x, before = _normal(net, x, before, wide, str(number)), x
    return net.classified(p, net.act(x))


def _normal(net: Net, x: Spec, before: Spec, filters: int, name: str) -> Spec:
    """As large as it comes in, six times the filters."""
    scope = f"normal_A_block_{name}"
    before = _adjusted(net, before, x, filters, scope, name)
    here = _projected(net, x, filters, f"{scope}/normal", name)

    def separable(x: Spec, size: int, block: int, side: str) -> Spec:
        return _separable(net, x, filters, size, f"{scope}/block_{block}", f"normal_{side}_{name}")

    one = net.add(separable(here, 5, 1, "left1"), separable(before, 3, 1, "right1"))
    two = net.add(separable(before, 5, 2, "left2"), separable(before, 3, 2, "right2"))
    three = net.add(net.mean_pool(here, 3, 1, "same"), before)
    four = net.add(net.mean_pool(before, 3, 1, "same"), net.mean_pool(before, 3, 1, "same"))
    five = net.add(separable(here, 3, 5, "left5"), here)
    return net.concat(before, one, two, three, four, five)


def _reduction(net: Net, x: Spec, before: Spec | None, filters: int, name: str) -> Spec:
    """Half as large as it comes in, four times the filters."""
    scope = f"reduction_A_block_{name}"
    before = _adjusted(net, before, x, filters, scope, name)
    here = _projected(net, x, filters, f"{scope}/reduction", name)
    padded = net.pad_to_halve(here, 3)

    def separable(x: Spec, size: int, block: int, side: str, strides: int = 2) -> Spec:
        name_ = f"reduction_{side}_{name}"
        return _separable(net, x, filters, size, f"{scope}/block_{block}", name_, strides)

    one = net.add(separable(here, 5, 1, "left1"), separable(before, 7, 1, "right1"))
    two = net.add(net.max_pool(padded, 3, 2), separable(before, 7, 2, "right2"))
    three = net.add(net.mean_pool(padded, 3, 2), separable(before, 5, 3, "right3"))
    four = net.add(two, net.mean_pool(one, 3, 1, "same"))
    five = net.add(separable(one, 3, 5, "left4", strides=1), net.max_pool(padded, 3, 2))
    return net.concat(two, three, four, five)


def _projected(net: Net, x: Spec, filters: int, prefix: str, name: str) -> Spec:
    x = net.conv(net.act(x), filters, 1, f"{prefix}_conv_1_{name}")
    return net.norm(x, f"{prefix}_bn_1_{name}")


def _adjusted(net: Net, before: Spec | None, x: Spec, filters: int, scope: str, name: str) -> Spec:
    """What the cell before the last has made, as large and wide as what the last one has."""
    if before is None:
        return x
    if before.shape[-2] != x.shape[-2]:
        scope = f"{scope}/adjust_block/adjust_reduction_block_{name}"
        before = net.act(before)
        left = net.conv(
            net.mean_pool(before, 1, 2), filters // 2, 1, f"{scope}/adjust_conv_1_{name}"
        )
        moved = net.layer("Cropping2D", net.pad(before, [[0, 1]] * 2), cropping=[[1, 0]] * 2)
        right = net.conv(
            net.mean_pool(moved, 1, 2), filters // 2, 1, f"{scope}/adjust_conv_2_{name}"
        )
        return net.norm(net.concat(left, right), f"{scope}/adjust_bn_{name}")
    if before.shape[-1] != filters:
        scope = f"{scope}/adjust_block/adjust_projection_block_{name}"
        before = net.conv(net.act(before), filters, 1, f"{scope}/adjust_conv_projection_{name}")
        return net.norm(before, f"{scope}/adjust_bn_{name}")
    return before


def _separable(
    net: Net, x: Spec, filters: int, size: int, scope: str, name: str, strides: int = 1
) -> Spec:
    """Two separable convolutions, the first of which may halve the image."""
    scope = f"{scope}/separable_conv_block_{name}"
    x = net.act(x)
    x = net.pad_to_halve(x, size) if strides == 2 else x
    padding = "valid" if strides == 2 else "same"
    x = net.separable(x, filters, size, f"{scope}/separable_conv_1_{name}", strides, padding)
    x = net.act(net.norm(x, f"{scope}/separable_conv_1_bn_{name}"))
    x = net.separable(x, filters, size, f"{scope}/separable_conv_2_{name}")
    return net.norm(x, f"{scope}/separable_conv_2_bn_{name}")


MODELS = {
    "NASNetMobile": partial(_nasnet, 44, 4, 32, False),
    "NASNetLarge": partial(_nasnet, 168, 6, 96, True),
}
