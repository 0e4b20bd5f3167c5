"""ResNet and ResNetV2: residual blocks, with the normalisation behind or before them."""

from __future__ import annotations

from functools import partial

from studio.graph.applications.net import Net
from studio.graph.rule import Args
from studio.graph.spec import Spec

_WIDTHS = (64, 128, 256, 512)


def _stem(net: Net, x: Spec) -> Spec:
    return net.conv(net.pad(x, 3), 64, 7, "conv1_conv", strides=2, padding="valid", bias=True)


def _resnet(depths: tuple[int, ...], net: Net, p: Args, x: Spec) -> Spec:
    x = net.act(net.norm(_stem(net, x), "conv1_bn"))
    x = net.max_pool(net.pad(x, 1), 3, 2)
    for stack, (filters, depth) in enumerate(zip(_WIDTHS, depths, strict=True), 2):
        for number in range(1, depth + 1):
            stride = 2 if number == 1 and stack > 2 else 1
            x = _block(net, x, filters, stride, f"conv{stack}_block{number}", number == 1)
    return net.classified(p, x)


def _block(net: Net, x: Spec, filters: int, stride: int, name: str, projects: bool) -> Spec:
    """Narrow, 3 x 3, wide again, and added to what came in."""
    beside = x
    if projects:
        beside = net.conv(x, 4 * filters, 1, f"{name}_0_conv", stride, "valid", bias=True)
        beside = net.norm(beside, f"{name}_0_bn")
    x = net.conv(x, filters, 1, f"{name}_1_conv", stride, "valid", bias=True)
    x = net.act(net.norm(x, f"{name}_1_bn"))
    x = net.act(net.norm(net.conv(x, filters, 3, f"{name}_2_conv", bias=True), f"{name}_2_bn"))
    x = net.norm(net.conv(x, 4 * filters, 1, f"{name}_3_conv", bias=True), f"{name}_3_bn")
    return net.act(net.add(beside, x))


def _resnet_v2(depths: tuple[int, ...], net: Net, p: Args, x: Spec) -> Spec:
    x = net.max_pool(net.pad(_stem(net, x), 1), 3, 2)
    for stack, (filters, depth) in enumerate(zip(_WIDTHS, depths, strict=True), 2):
        for number in range(1, depth + 1):
            stride = 2 if number == depth and stack < 5 else 1
            x = _block_v2(net, x, filters, stride, f"conv{stack}_block{number}", number == 1)
    return net.classified(p, net.act(net.norm(x, "post_bn")))


def _block_v2(net: Net, x: Spec, filters: int, stride: int, name: str, projects: bool) -> Spec:
    """Normalised first; narrow, 3 x 3, wide again, and added to what came in."""
    ready = net.act(net.norm(x, f"{name}_preact_bn"))
    if projects:
        beside = net.conv(ready, 4 * filters, 1, f"{name}_0_conv", stride, "valid", bias=True)
    else:
        beside = net.max_pool(x, 1, stride) if stride > 1 else x
    x = net.conv(ready, filters, 1, f"{name}_1_conv")
    x = net.pad(net.act(net.norm(x, f"{name}_1_bn")), 1)
    x = net.conv(x, filters, 3, f"{name}_2_conv", stride, "valid")
    x = net.act(net.norm(x, f"{name}_2_bn"))
    return net.add(beside, net.conv(x, 4 * filters, 1, f"{name}_3_conv", bias=True))


_DEPTHS = {"ResNet50": (3, 4, 6, 3), "ResNet101": (3, 4, 23, 3), "ResNet152": (3, 8, 36, 3)}
MODELS = {name: partial(_resnet, depths) for name, depths in _DEPTHS.items()}
MODELS |= {f"{name}V2": partial(_resnet_v2, depths) for name, depths in _DEPTHS.items()}
