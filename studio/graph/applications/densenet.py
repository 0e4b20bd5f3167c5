"""DenseNet: every layer is given what all layers before it in its block have made."""

from __future__ import annotations

from functools import partial

from studio.graph.applications.net import Net
from studio.graph.rule import Args
from studio.graph.spec import Spec


def _densenet(depths: tuple[int, ...], net: Net, p: Args, x: Spec) -> Spec:
    x = net.conv(net.pad(x, 3), 64, 7, "conv1_conv", strides=2, padding="valid")
    x = net.max_pool(net.pad(net.act(net.norm(x, "conv1_bn")), 1), 3, 2)
    for block, depth in enumerate(depths, 2):
        if block > 2:
            x = net.act(net.norm(x, f"pool{block - 1}_bn"))
            x = net.mean_pool(net.conv(x, x.shape[-1] // 2, 1, f"pool{block - 1}_conv"), 2, 2)
        for number in range(1, depth + 1):
            x = net.concat(x, _grown(net, x, f"conv{block}_block{number}"))
    return net.classified(p, net.act(net.norm(x, "bn")))


def _grown(net: Net, x: Spec, name: str) -> Spec:
    """32 channels more."""
    x = net.conv(net.act(net.norm(x, f"{name}_0_bn")), 128, 1, f"{name}_1_conv")
    return net.conv(net.act(net.norm(x, f"{name}_1_bn")), 32, 3, f"{name}_2_conv")


MODELS = {
    "DenseNet121": partial(_densenet, (6, 12, 24, 16)),
    "DenseNet169": partial(_densenet, (6, 12, 32, 32)),
    "DenseNet201": partial(_densenet, (6, 12, 48, 32)),
}
