"""InceptionV3 and InceptionResNetV2: several windows beside each other in every block."""

from __future__ import annotations

from studio.graph.applications.net import Net, Size
from studio.graph.rule import Args
from studio.graph.spec import Spec


def _conv(net: Net, x: Spec, filters: int, size: Size, strides: int = 1, same: bool = True) -> Spec:
    """A convolution, a normalisation that only shifts, an activation."""
    padding = "same" if same else "valid"
    return net.act(net.norm(net.conv(x, filters, size, "", strides, padding), scale=False))


def _row(net: Net, x: Spec, *convolutions: tuple[int, Size]) -> Spec:
    """Convolutions one behind the other."""
    for filters, size in convolutions:
        x = _conv(net, x, filters, size)
    return x


def _stem(net: Net, x: Spec) -> Spec:
    x = _conv(net, x, 32, 3, 2, same=False)
    x = _conv(net, _conv(net, x, 32, 3, same=False), 64, 3)
    x = _conv(net, net.max_pool(x, 3, 2), 80, 1, same=False)
    return net.max_pool(_conv(net, x, 192, 3, same=False), 3, 2)


def _mean(net: Net, x: Spec, filters: int) -> Spec:
    return _conv(net, net.mean_pool(x, 3, 1, "same"), filters, 1)


def inception_v3(net: Net, p: Args, x: Spec) -> Spec:
    """InceptionV3."""
    x = _stem(net, x)
    for filters in (32, 64, 64):
        one = _conv(net, x, 64, 1)
        five = _row(net, x, (48, 1), (64, 5))
        threes = _row(net, x, (64, 1), (96, 3), (96, 3))
        x = net.concat(one, five, threes, _mean(net, x, filters))
    three = _conv(net, x, 384, 3, 2, same=False)
    threes = _conv(net, _row(net, x, (64, 1), (96, 3)), 96, 3, 2, same=False)
    x = net.concat(three, threes, net.max_pool(x, 3, 2))
    for n in (128, 160, 160, 192):
        one = _conv(net, x, 192, 1)
        seven = _row(net, x, (n, 1), (n, (1, 7)), (192, (7, 1)))
        sevens = _row(net, x, (n, 1), (n, (7, 1)), (n, (1, 7)), (n, (7, 1)), (192, (1, 7)))
        x = net.concat(one, seven, sevens, _mean(net, x, 192))
    three = _conv(net, _conv(net, x, 192, 1), 320, 3, 2, same=False)
    seven = _row(net, x, (192, 1), (192, (1, 7)), (192, (7, 1)))
    x = net.concat(three, _conv(net, seven, 192, 3, 2, same=False), net.max_pool(x, 3, 2))
    for _ in range(2):
        one = _conv(net, x, 320, 1)
        three = _split(net, _conv(net, x, 384, 1))
        threes = _split(net, _row(net, x, (448, 1), (384, 3)))
        x = net.concat(one, three, threes, _mean(net, x, 192))
    return net.classified(p, x)


def _split(net: Net, x: Spec) -> Spec:
    """Along the rows, and along the columns."""
    return net.concat(_conv(net, x, 384, (1, 3)), _conv(net, x, 384, (3, 1)))


def inception_resnet_v2(net: Net, p: Args, x: Spec) -> Spec:
    """InceptionResNetV2."""
    x = _stem(net, x)
    one = _conv(net, x, 96, 1)
    five = _row(net, x, (48, 1), (64, 5))
    threes = _row(net, x, (64, 1), (96, 3), (96, 3))
    x = net.concat(one, five, threes, _mean(net, x, 64))
    for number in range(1, 11):
        one = _conv(net, x, 32, 1)
        three = _row(net, x, (32, 1), (32, 3))
        threes = _row(net, x, (32, 1), (48, 3), (64, 3))
        x = net.act(_beside(net, x, f"block35_{number}", one, three, threes))
    three = _conv(net, x, 384, 3, 2, same=False)
    threes = _conv(net, _row(net, x, (256, 1), (256, 3)), 384, 3, 2, same=False)
    x = net.concat(three, threes, net.max_pool(x, 3, 2))
    for number in range(1, 21):
        one = _conv(net, x, 192, 1)
        seven = _row(net, x, (128, 1), (160, (1, 7)), (192, (7, 1)))
        x = net.act(_beside(net, x, f"block17_{number}", one, seven))
    first = _conv(net, _conv(net, x, 256, 1), 384, 3, 2, same=False)
    second = _conv(net, _conv(net, x, 256, 1), 288, 3, 2, same=False)
    third = _conv(net, _row(net, x, (256, 1), (288, 3)), 320, 3, 2, same=False)
    x = net.concat(first, second, third, net.max_pool(x, 3, 2))
    for number in range(1, 11):
        one = _conv(net, x, 192, 1)
        three = _row(net, x, (192, 1), (224, (1, 3)), (256, (3, 1)))
        x = _beside(net, x, f"block8_{number}", one, three)
        x = net.act(x) if number < 10 else x
    x = net.norm(net.conv(x, 1536, 1, "conv_7b"), "conv_7b_bn", scale=False)
    return net.classified(p, net.act(x))


def _beside(net: Net, x: Spec, name: str, *branches: Spec) -> Spec:
    """A part of what the branches make, added to what came in."""
    up = net.conv(net.concat(*branches), x.shape[-1], 1, f"{name}_conv", bias=True)
    return net.arithmetic(net.add(x, up), 1)


MODELS = {"InceptionV3": inception_v3, "InceptionResNetV2": inception_resnet_v2}
