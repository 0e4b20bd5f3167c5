"""ConvNeXt: convolutions arranged as in a transformer."""

from __future__ import annotations

from functools import partial

from studio.graph.applications.net import Net
from studio.graph.rule import Args
from studio.graph.spec import Spec, Weight


def _convnext(size: str, depths: tuple[int, ...], width: int, net: Net, p: Args, x: Spec) -> Spec:
    model = f"convnext_{size}"
    if p.include_preprocessing and x.shape[-1] == 3:
        x = net.layer("Normalization", x, mean=[0.0] * 3, variance=[1.0] * 3)
    for stage, depth in enumerate(depths):
        filters = width * 2**stage
        if stage:
            block = f"{model}_downsampling_block_{stage - 1}/{model}_downsampling"
            x = _norm(net, x, f"{block}_layernorm_{stage - 1}")
            x = net.conv(x, filters, 2, f"{block}_conv_{stage - 1}", 2, "valid", bias=True)
        else:
            block = f"{model}_stem/{model}_stem"
            x = net.conv(x, filters, 4, f"{block}_conv", 4, "valid", bias=True)
            x = _norm(net, x, f"{block}_layernorm")
        for number in range(depth):
            x = _block(net, x, f"{model}_stage_{stage}_block_{number}")
    if not p.include_top:
        return _norm(net, net.pooled(p, x))
    x = _norm(net, net.mean(x), f"{model}_head_layernorm")
    return net.dense(x, p.classes, f"{model}_head_dense", p.classifier_activation)


def _norm(net: Net, x: Spec, name: str = "") -> Spec:
    return net.layer("LayerNormalization", x, name)


def _block(net: Net, x: Spec, name: str) -> Spec:
    """Each channel on its own, wide, narrow again, scaled, and added to what came in."""
    inputs, filters = x, x.shape[-1]
    x = net.conv(x, filters, 7, f"{name}_depthwise_conv", bias=True, groups=filters)
    x = net.dense(_norm(net, x, f"{name}_layernorm"), 4 * filters, f"{name}_pointwise_conv_1")
    x = net.dense(net.act(x, "gelu"), filters, f"{name}_pointwise_conv_2")
    variable = net.unnamed("variable")
    net.weight(f"{name}_layer_scale/{variable}", Weight(variable, (filters,), net.held))
    return net.add(inputs, net.act(net.arithmetic(x, 1), "linear"))


_DEEP = (3, 3, 27, 3)
MODELS = {
    "ConvNeXtTiny": partial(_convnext, "tiny", (3, 3, 9, 3), 96),
    "ConvNeXtSmall": partial(_convnext, "small", _DEEP, 96),
    "ConvNeXtBase": partial(_convnext, "base", _DEEP, 128),
    "ConvNeXtLarge": partial(_convnext, "large", _DEEP, 192),
    "ConvNeXtXLarge": partial(_convnext, "xlarge", _DEEP, 256),
}
