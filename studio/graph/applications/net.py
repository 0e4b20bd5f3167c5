"""The few words in which every ready-made model is told: its layers, each by its own rule."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

from studio.graph.calling import cast
from studio.graph.catalogue.registry import find
from studio.graph.rule import Args
from studio.graph.spec import Refused, Spec, Weight, product

Size = int | tuple[int, int]

# What Keras calls a layer with weights that isn't given a name; from the second on with a number.
_AUTO = {
    "BatchNormalization": "batch_normalization",
    "Conv2D": "conv2d",
    "LayerNormalization": "layer_normalization",
    "Normalization": "normalization",
}


@cache
def _layer(kind: str) -> tuple[Any, dict[str, Any], int]:
    """A layer's rule, its defaults, and how many of its inputs are left free here."""
    op = find(f"keras.layers.{kind}")
    return op.rule, op.filled({}), len(op.inputs) - 1


class Net:
    """A model as it is put together: what its layers hold (`weights`) and cost (`flops`) so far.

    `held` is the dtype of their weights. Its methods take and give specs. A layer that can't be
    called raises Refused.
    """

    def __init__(self, trains: bool = True, policy: str = "float32"):
        self.weights: list[Weight] = []
        self.flops: int | None = 0
        self._trains = trains
        self._policy = policy
        self.held = Args({}, policy).variable_dtype
        self._unnamed: Counter[str] = Counter()

    def layer(self, kind: str, x: Any, name: str = "", **params: Any) -> Spec:
        """Calls a layer of Keras."""
        rule, defaults, free = _layer(kind)
        args = Args(defaults | params, self._policy)
        try:
            result = rule(args, cast(args, x), *(None,) * free)
        except Refused as refused:
            where = f"{kind} {name}" if name else kind
            raise Refused(f"has a layer inside, {where}, which {refused.message}") from refused
        if result.weights:
            name = name or self.unnamed(_AUTO[kind])
            for weight in result.weights:
                self.weight(f"{name}/{weight.name}", weight)
        self._cost(result.flops)
        return result.outputs[0]

    def unnamed(self, kind: str) -> str:
        """The name of the next thing of a kind that isn't given one."""
        number = self._unnamed[kind]
        self._unnamed[kind] += 1
        return f"{kind}_{number}" if number else kind

    def weight(self, path: str, weight: Weight) -> None:
        """Adds a weight under its path in the model."""
        trains = weight.trainable and self._trains
        self.weights.append(Weight(path, weight.shape, weight.dtype, trains))

    def _cost(self, flops: int | None) -> None:
        self.flops = None if None in (self.flops, flops) else self.flops + flops

    def arithmetic(self, x: Spec, steps: int) -> Spec:
        """Additions and multiplications of each element, written without a layer."""
        count = product(x.shape[1:])
        self._cost(None if count is None else steps * count)
        return x

    def conv(
        self,
        x: Spec,
        filters: int,
        size: Size,
        name: str = "",
        strides: int = 1,
        padding: str = "same",
        bias: bool = False,
        activation: str | None = None,
        groups: int = 1,
    ) -> Spec:
        """A convolution over height and width."""
        if filters < 1:
            raise Refused("would have a layer without filters", "Choose a larger alpha.")
        window = {"kernel_size": size, "strides": strides, "padding": padding, "groups": groups}
        rest = {"use_bias": bias, "activation": activation}
        return self.layer("Conv2D", x, name, filters=filters, **window, **rest)

    def depthwise(
        self,
        x: Spec,
        size: Size,
        name: str,
        strides: int = 1,
        padding: str = "same",
        multiplier: int = 1,
    ) -> Spec:
        """A convolution of each channel on its own."""
        window = {"kernel_size": size, "strides": strides, "padding": padding}
        own = {"depth_multiplier": multiplier, "use_bias": False}
        return self.layer("DepthwiseConv2D", x, name, **window, **own)

    def separable(
        self, x: Spec, filters: int, size: Size, name: str, strides: int = 1, padding: str = "same"
    ) -> Spec:
        """A convolution of each channel on its own, then one of all of them in each place."""
        window = {"kernel_size": size, "strides": strides, "padding": padding}
        return self.layer("SeparableConv2D", x, name, filters=filters, use_bias=False, **window)

    def norm(self, x: Spec, name: str = "", scale: bool = True) -> Spec:
        """A batch normalisation of each channel."""
        return self.layer("BatchNormalization", x, name, scale=scale)

    def act(self, x: Spec, activation: Any = "relu") -> Spec:
        """An activation."""
        return self.layer("Activation", x, activation=activation)

    def pad(self, x: Spec, padding: Any) -> Spec:
        """Zeros around the image: a number, or a pair for each of its axes."""
        return self.layer("ZeroPadding2D", x, padding=padding)

    def pad_to_halve(self, x: Spec, size: int) -> Spec:
        """Zeros so that a window of this size and a stride of 2 meets every pixel."""
        height, width = x.shape[1:3]
        if height is not None and width is None:
            raise Refused(
                "pads its images by their height and width, but only the height is known",
                "Give the Input's shape both sizes, or null for both.",
            )
        even = (1, 1) if height is None else (1 - height % 2, 1 - width % 2)
        return self.pad(x, [[size // 2 - less, size // 2] for less in even])

    def max_pool(self, x: Spec, size: int, strides: int, padding: str = "valid") -> Spec:
        """The largest value of each window."""
        return self.layer("MaxPooling2D", x, pool_size=size, strides=strides, padding=padding)

    def mean_pool(self, x: Spec, size: int, strides: int, padding: str = "valid") -> Spec:
        """The mean of each window."""
        return self.layer("AveragePooling2D", x, pool_size=size, strides=strides, padding=padding)

    def mean(self, x: Spec, keepdims: bool = False) -> Spec:
        """The mean of each channel."""
        return self.layer("GlobalAveragePooling2D", x, keepdims=keepdims)

    def dense(self, x: Spec, units: int, name: str, activation: Any = None) -> Spec:
        """A matrix product over the last axis."""
        return self.layer("Dense", x, name, units=units, activation=activation)

    def add(self, *inputs: Spec) -> Spec:
        """The sum, element by element."""
        return self.layer("Add", inputs)

    def multiply(self, *inputs: Spec) -> Spec:
        """The product, element by element."""
        return self.layer("Multiply", inputs)

    def concat(self, *inputs: Spec) -> Spec:
        """All channels one behind the other."""
        return self.layer("Concatenate", inputs, axis=-1)

    def pooled(self, p: Args, x: Spec) -> Spec:
        """The end of a model without its top: a feature map, or what is pooled of it."""
        if p.pooling == "avg":
            return self.mean(x)
        return self.layer("GlobalMaxPooling2D", x) if p.pooling == "max" else x

    def classified(self, p: Args, x: Spec) -> Spec:
        """The end of most models: the mean of each channel and a Dense, or without its top."""
        if not p.include_top:
            return self.pooled(p, x)
        return self.dense(self.mean(x), p.classes, "predictions", p.classifier_activation)


def rounded(size: float, lift: bool = True) -> int:
    """The multiple of 8 nearest to a number of channels; with `lift` not 10 % less than it."""
    found = max(8, int(size + 4) // 8 * 8)
    return int(found + 8) if lift and found < 0.9 * size else int(found)
