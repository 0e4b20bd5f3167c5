"""VGG16 and VGG19: 3 x 3 convolutions and pooling, five times."""

from __future__ import annotations

from functools import partial

from studio.graph.applications.net import Net
from studio.graph.rule import Args
from studio.graph.spec import Spec


def _vgg(depths: tuple[int, ...], net: Net, p: Args, x: Spec) -> Spec:
    for block, (filters, depth) in enumerate(zip((64, 128, 256, 512, 512), depths, strict=True), 1):
        for number in range(1, depth + 1):
            name = f"block{block}_conv{number}"
            x = net.conv(x, filters, 3, name, bias=True, activation="relu")
        x = net.max_pool(x, 2, 2)
    if not p.include_top:
        return net.pooled(p, x)
    x = net.layer("Flatten", x)
    for name in ("fc1", "fc2"):
        x = net.dense(x, 4096, name, "relu")
    return net.dense(x, p.classes, "predictions", p.classifier_activation)


MODELS = {
    "VGG16": partial(_vgg, (2, 2, 3, 3, 3)),
    "VGG19": partial(_vgg, (2, 2, 4, 4, 4)),
}
