"""EfficientNet and EfficientNetV2: one plan, made wider and deeper by two factors."""

from __future__ import annotations

import math
from functools import partial

from studio.graph.applications.net import Net, rounded
from studio.graph.rule import Args
from studio.graph.spec import Spec

# Window, how often, channels out, how much wider inside, the stride of the first.
_PLAN = (
    (3, 1, 16, 1, 1),
    (3, 2, 24, 6, 2),
    (5, 2, 40, 6, 2),
    (3, 3, 80, 6, 2),
    (5, 3, 112, 6, 1),
    (5, 4, 192, 6, 2),
    (3, 1, 320, 6, 1),
)


def _efficientnet(width: float, depth: float, net: Net, p: Args, x: Spec) -> Spec:
    x = net.layer("Normalization", net.layer("Rescaling", x, scale=1 / 255), axis=3)
    if p.weights == "imagenet":
        x = net.layer("Rescaling", x, scale=[1.0, 1.0, 1.0])
    x = net.pad_to_halve(x, 3)
    x = net.conv(x, rounded(32 * width), 3, "stem_conv", strides=2, padding="valid")
    x = net.act(net.norm(x, "stem_bn"))
    for number, (size, times, filters, wider, first) in enumerate(_PLAN, 1):
        for turn in range(math.ceil(depth * times)):
            name = f"block{number}{chr(97 + turn)}_"
            x = _block(net, x, size, rounded(filters * width), wider, 1 if turn else first, name)
    x = net.act(net.norm(net.conv(x, rounded(1280 * width), 1, "top_conv"), "top_bn"))
    return net.classified(p, x)


def _block(net: Net, x: Spec, size: int, filters: int, wider: int, stride: int, name: str) -> Spec:
    """Wide, each channel on its own, weighed by a look at the whole image, narrow again."""
    inputs, narrow = x, x.shape[-1]
    if wider != 1:
        x = net.conv(x, wider * narrow, 1, f"{name}expand_conv")
        x = net.act(net.norm(x, f"{name}expand_bn"))
    if stride == 2:
        x = net.pad_to_halve(x, size)
    x = net.depthwise(x, size, f"{name}dwconv", stride, "valid" if stride == 2 else "same")
    x = _weighed(net, net.act(net.norm(x, f"{name}bn")), max(1, narrow // 4), name)
    x = net.norm(net.conv(x, filters, 1, f"{name}project_conv"), f"{name}project_bn")
    return net.add(x, inputs) if stride == 1 and narrow == filters else x


def _weighed(net: Net, x: Spec, few: int, name: str) -> Spec:
    """Each channel times a number between 0 and 1, found from the means of all."""
    filters = x.shape[-1]
    look = net.layer("Reshape", net.mean(x), target_shape=[1, 1, filters])
    look = net.conv(look, few, 1, f"{name}se_reduce", bias=True, activation="swish")
    look = net.conv(look, filters, 1, f"{name}se_expand", bias=True, activation="sigmoid")
    return net.multiply(x, look)


# Channels in; then for each stage: whether it is fused, how often, channels out, how much wider
# inside, the stride of the first. What isn't fused is weighed.
_V2_PLANS = {
    "B": (
        32,
        (True, 1, 16, 1, 1),
        (True, 2, 32, 4, 2),
        (True, 2, 48, 4, 2),
        (False, 3, 96, 4, 2),
        (False, 5, 112, 6, 1),
        (False, 8, 192, 6, 2),
    ),
    "S": (
        24,
        (True, 2, 24, 1, 1),
        (True, 4, 48, 4, 2),
        (True, 4, 64, 4, 2),
        (False, 6, 128, 4, 2),
        (False, 9, 160, 6, 1),
        (False, 15, 256, 6, 2),
    ),
    "M": (
        24,
        (True, 3, 24, 1, 1),
        (True, 5, 48, 4, 2),
        (True, 5, 80, 4, 2),
        (False, 7, 160, 4, 2),
        (False, 14, 176, 6, 1),
        (False, 18, 304, 6, 2),
        (False, 5, 512, 6, 1),
    ),
    "L": (
        32,
        (True, 4, 32, 1, 1),
        (True, 7, 64, 4, 2),
        (True, 7, 96, 4, 2),
        (False, 10, 192, 4, 2),
        (False, 19, 224, 6, 1),
        (False, 25, 384, 6, 2),
        (False, 7, 640, 6, 1),
    ),
}


def _efficientnet_v2(plan: str, width: float, depth: float, net: Net, p: Args, x: Spec) -> Spec:
    stem, *stages = _V2_PLANS[plan]
    if p.include_preprocessing:
        x = net.layer("Rescaling", x, scale=1 / 255)
        if plan == "B" and x.shape[-1] == 3:
            x = net.layer("Normalization", x, axis=3, mean=[0.0] * 3, variance=[1.0] * 3)
    x = net.conv(x, rounded(stem * width, lift=False), 3, "stem_conv", strides=2)
    x = net.act(net.norm(x, "stem_bn"))
    for number, (fused, times, filters, wider, first) in enumerate(stages, 1):
        out = rounded(filters * width, lift=False)
        block = _fused if fused else _block_v2
        for turn in range(math.ceil(depth * times)):
            name = f"block{number}{chr(97 + turn)}_"
            x = block(net, x, out, wider, 1 if turn else first, name)
    top = rounded(1280 * width, lift=False)
    x = net.act(net.norm(net.conv(x, top, 1, "top_conv"), "top_bn"))
    return net.classified(p, x)


def _block_v2(net: Net, x: Spec, filters: int, wider: int, stride: int, name: str) -> Spec:
    inputs, narrow = x, x.shape[-1]
    x = net.conv(x, wider * narrow, 1, f"{name}expand_conv")
    x = net.act(net.norm(x, f"{name}expand_bn"))
    x = net.act(net.norm(net.depthwise(x, 3, f"{name}dwconv2", stride), f"{name}bn"))
    x = _weighed(net, x, max(1, narrow // 4), name)
    x = net.norm(net.conv(x, filters, 1, f"{name}project_conv"), f"{name}project_bn")
    return net.add(x, inputs) if stride == 1 and narrow == filters else x


def _fused(net: Net, x: Spec, filters: int, wider: int, stride: int, name: str) -> Spec:
    """One convolution for the widening and the look at the neighbours."""
    inputs, narrow = x, x.shape[-1]
    if wider != 1:
        x = net.conv(x, wider * narrow, 3, f"{name}expand_conv", stride)
        x = net.act(net.norm(x, f"{name}expand_bn"))
        x = net.norm(net.conv(x, filters, 1, f"{name}project_conv"), f"{name}project_bn")
    else:
        x = net.conv(x, filters, 3, f"{name}project_conv", stride)
        x = net.act(net.norm(x, f"{name}project_bn"))
    return net.add(x, inputs) if stride == 1 and narrow == filters else x


_FACTORS = ((1.0, 1.0), (1.0, 1.1), (1.1, 1.2), (1.2, 1.4), (1.4, 1.8), (1.6, 2.2), (1.8, 2.6))
_FACTORS += ((2.0, 3.1),)
MODELS = {
    f"EfficientNetB{number}": partial(_efficientnet, *factors)
    for number, factors in enumerate(_FACTORS)
}
MODELS |= {
    f"EfficientNetV2B{number}": partial(_efficientnet_v2, "B", *factors)
    for number, factors in enumerate(_FACTORS[:4])
}
MODELS |= {f"EfficientNetV2{size}": partial(_efficientnet_v2, size, 1.0, 1.0) for size in "SML"}
