"""MobileNet, MobileNetV2 and MobileNetV3: convolutions of each channel, then of all in a place."""

from __future__ import annotations

from functools import partial

from studio.graph.applications.net import Net, rounded
from studio.graph.rule import Args
from studio.graph.spec import Spec


def mobilenet(net: Net, p: Args, x: Spec) -> Spec:
    """MobileNet."""
    x = net.conv(x, int(32 * p.alpha), 3, "conv1", strides=2)
    x = net.act(net.norm(x, "conv1_bn"))
    wide = (64, 128, 128, 256, 256, *(512,) * 6, 1024, 1024)
    for number, filters in enumerate(wide, 1):
        strides = 2 if number in (2, 4, 6, 12) else 1
        if strides == 2:
            x = net.pad(x, [[0, 1], [0, 1]])
        padding = "valid" if strides == 2 else "same"
        x = net.depthwise(x, 3, f"conv_dw_{number}", strides, padding, p.depth_multiplier)
        x = net.act(net.norm(x, f"conv_dw_{number}_bn"))
        x = net.conv(x, int(filters * p.alpha), 1, f"conv_pw_{number}")
        x = net.act(net.norm(x, f"conv_pw_{number}_bn"))
    if not p.include_top:
        return net.pooled(p, x)
    x = net.conv(net.mean(x, keepdims=True), p.classes, 1, "conv_preds", bias=True)
    x = net.layer("Reshape", x, target_shape=[p.classes])
    return net.act(x, p.classifier_activation)


# Channels, how often, and the stride of the first.
_V2 = ((16, 1, 1), (24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1))


def mobilenet_v2(net: Net, p: Args, x: Spec) -> Spec:
    """MobileNetV2."""
    x = net.conv(x, rounded(32 * p.alpha), 3, "Conv1", strides=2)
    x = net.act(net.norm(x, "bn_Conv1"))
    number = 0
    for filters, times, first in _V2:
        for turn in range(times):
            out = rounded(int(filters * p.alpha))
            x = _inverted_v2(net, x, out, 1 if turn else first, number)
            number += 1
    last = rounded(1280 * p.alpha) if p.alpha > 1 else 1280
    x = net.act(net.norm(net.conv(x, last, 1, "Conv_1"), "Conv_1_bn"))
    return net.classified(p, x)


def _inverted_v2(net: Net, x: Spec, filters: int, stride: int, number: int) -> Spec:
    """Wide, each channel on its own, narrow again."""
    inputs, prefix = x, f"block_{number}_" if number else "expanded_conv_"
    if number:
        x = net.conv(x, 6 * x.shape[-1], 1, f"{prefix}expand")
        x = net.act(net.norm(x, f"{prefix}expand_BN"))
    if stride == 2:
        x = net.pad_to_halve(x, 3)
    x = net.depthwise(x, 3, f"{prefix}depthwise", stride, "valid" if stride == 2 else "same")
    x = net.act(net.norm(x, f"{prefix}depthwise_BN"))
    x = net.norm(net.conv(x, filters, 1, f"{prefix}project"), f"{prefix}project_BN")
    return net.add(inputs, x) if stride == 1 and inputs.shape[-1] == filters else x


# How much wider, channels, window (0: 5, or 3 where minimalistic), stride, squeezed, hard swish.
_SMALL = (
    (1, 16, 3, 2, True, False),
    (72 / 16, 24, 3, 2, False, False),
    (88 / 24, 24, 3, 1, False, False),
    (4, 40, 0, 2, True, True),
    (6, 40, 0, 1, True, True),
    (6, 40, 0, 1, True, True),
    (3, 48, 0, 1, True, True),
    (3, 48, 0, 1, True, True),
    (6, 96, 0, 2, True, True),
    (6, 96, 0, 1, True, True),
    (6, 96, 0, 1, True, True),
)
_LARGE = (
    (1, 16, 3, 1, False, False),
    (4, 24, 3, 2, False, False),
    (3, 24, 3, 1, False, False),
    (3, 40, 0, 2, True, False),
    (3, 40, 0, 1, True, False),
    (3, 40, 0, 1, True, False),
    (6, 80, 3, 2, False, True),
    (2.5, 80, 3, 1, False, True),
    (2.3, 80, 3, 1, False, True),
    (2.3, 80, 3, 1, False, True),
    (6, 112, 3, 1, True, True),
    (6, 112, 3, 1, True, True),
    (6, 160, 0, 2, True, True),
    (6, 160, 0, 1, True, True),
    (6, 160, 0, 1, True, True),
)


def _mobilenet_v3(large: bool, net: Net, p: Args, x: Spec) -> Spec:
    swish = "relu" if p.minimalistic else "hard_swish"
    if p.include_preprocessing:
        x = net.layer("Rescaling", x, scale=1 / 127.5, offset=-1.0)
    x = net.act(net.norm(net.conv(x, 16, 3, "conv", strides=2), "conv_bn"), swish)
    for number, (wider, filters, size, stride, squeezed, swished) in enumerate(
        _LARGE if large else _SMALL
    ):
        x = _inverted_v3(
            net,
            x,
            number,
            wider,
            rounded(filters * p.alpha),
            size or (3 if p.minimalistic else 5),
            stride,
            squeezed and not p.minimalistic,
            swish if swished else "relu",
        )
    last, points = rounded(6 * x.shape[-1]), 1280 if large else 1024
    x = net.act(net.norm(net.conv(x, last, 1, "conv_1"), "conv_1_bn"), swish)
    if not p.include_top:
        return net.pooled(p, x)
    points = rounded(points * p.alpha) if p.alpha > 1 else points
    x = net.act(net.conv(net.mean(x, keepdims=True), points, 1, "conv_2", bias=True), swish)
    x = net.layer("Flatten", net.conv(x, p.classes, 1, "logits", bias=True))
    return net.act(x, p.classifier_activation)


def _inverted_v3(
    net: Net,
    x: Spec,
    number: int,
    wider: float,
    filters: int,
    size: int,
    stride: int,
    squeezed: bool,
    activation: str,
) -> Spec:
    """Wide, each channel on its own, weighed by a look at the whole image, narrow again."""
    inputs, prefix = x, f"expanded_conv_{number}_" if number else "expanded_conv_"
    wide = rounded(x.shape[-1] * wider)
    if number:
        x = net.conv(x, wide, 1, f"{prefix}expand")
        x = net.act(net.norm(x, f"{prefix}expand_bn"), activation)
    if stride == 2:
        x = net.pad_to_halve(x, size)
    x = net.depthwise(x, size, f"{prefix}depthwise", stride, "valid" if stride == 2 else "same")
    x = net.act(net.norm(x, f"{prefix}depthwise_bn"), activation)
    if squeezed:
        name = f"{prefix}squeeze_excite_conv"
        look = net.mean(x, keepdims=True)
        look = net.act(net.conv(look, rounded(wide * 0.25), 1, name, bias=True))
        look = net.conv(look, wide, 1, f"{name}_1", bias=True)
        # A hard sigmoid by hand: relu6(look + 3) / 6.
        look = net.arithmetic(net.act(net.arithmetic(look, 1)), 1)
        x = net.multiply(x, look)
    x = net.norm(net.conv(x, filters, 1, f"{prefix}project"), f"{prefix}project_bn")
    return net.add(inputs, x) if stride == 1 and inputs.shape[-1] == filters else x


MODELS = {
    "MobileNet": mobilenet,
    "MobileNetV2": mobilenet_v2,
    "MobileNetV3Small": partial(_mobilenet_v3, False),
    "MobileNetV3Large": partial(_mobilenet_v3, True),
}
