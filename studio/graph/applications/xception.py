"""Xception: separable convolutions with a shortcut around every few of them."""

from __future__ import annotations

from studio.graph.applications.net import Net
from studio.graph.rule import Args
from studio.graph.spec import Spec


def xception(net: Net, p: Args, x: Spec) -> Spec:
    """Xception."""
    for number, filters, strides in ((1, 32, 2), (2, 64, 1)):
        x = net.conv(x, filters, 3, f"block1_conv{number}", strides, "valid")
        x = net.act(net.norm(x, f"block1_conv{number}_bn"))
    for block, filters in ((2, (128, 128)), (3, (256, 256)), (4, (728, 728))):
        x = _halving(net, x, filters, block)
    for block in range(5, 13):
        beside = x
        for number in (1, 2, 3):
            x = _separable(net, net.act(x), 728, f"block{block}_sepconv{number}")
        x = net.add(x, beside)
    x = _halving(net, x, (728, 1024), 13)
    for number, filters in ((1, 1536), (2, 2048)):
        x = net.act(_separable(net, x, filters, f"block14_sepconv{number}"))
    return net.classified(p, x)


def _separable(net: Net, x: Spec, filters: int, name: str) -> Spec:
    return net.norm(net.separable(x, filters, 3, name), f"{name}_bn")


def _halving(net: Net, x: Spec, filters: tuple[int, int], block: int) -> Spec:
    """Two separable convolutions and a pooling; the first block's image is activated already."""
    beside = net.norm(net.conv(x, filters[1], 1, strides=2))
    for number, each in enumerate(filters, 1):
        x = x if (block, number) == (2, 1) else net.act(x)
        x = _separable(net, x, each, f"block{block}_sepconv{number}")
    return net.add(net.max_pool(x, 3, 2, "same"), beside)


MODELS = {"Xception": xception}
