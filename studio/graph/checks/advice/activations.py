"""Which function a node applies last, by whatever way it was asked for."""

from __future__ import annotations

from typing import Any

from studio.graph.catalogue.registry import find, short_names
from studio.graph.checks.advice.view import View
from studio.graph.document import is_call

KERNELS = (
    *("Dense", "EinsumDense"),
    *(f"Conv{rank}D" for rank in (1, 2, 3)),
    *(f"Conv{rank}DTranspose" for rank in (1, 2, 3)),
    *(f"SeparableConv{rank}D" for rank in (1, 2)),
    *(f"DepthwiseConv{rank}D" for rank in (1, 2)),
)
"""Layers that multiply by a kernel, add a bias and apply `activation`, in this order."""

DROPOUTS = (
    *("Dropout", "AlphaDropout", "GaussianDropout"),
    *(f"SpatialDropout{rank}D" for rank in (1, 2, 3)),
)
PASSING = frozenset({*DROPOUTS, "GaussianNoise", "Flatten", "Reshape", "Identity", "Permute"})
"""Layers that move or mask numbers, but apply no function to them."""

_LAYERS = {
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "PReLU": "leaky_relu",
    "ELU": "elu",
    "Softmax": "softmax",
}
_WRAPPERS = ("TimeDistributed", "SpectralNormalization")


def named(value: Any) -> str:
    """The canonical name of an activation given as a parameter; empty where it isn't known."""
    if value is None:
        return "linear"
    if isinstance(value, str):
        path = short_names("activation").get(value, "")
        return path.rpartition(".")[2]
    if is_call(value) and isinstance(value["op"], str):
        op = find(value["op"])
        if op is not None and op.kind == "activation":
            return op.name
        if op is not None and op.kind == "layer":
            return _LAYERS.get(op.name, "")
    return ""


def activation(view: View, node: str) -> str:
    """What a node applies last: "relu", "linear" for nothing, empty where that isn't known."""
    op = view.op(node)
    if op is None or node in view.bad:
        return ""
    if op.kind == "activation":
        return op.name
    if op.kind == "function":
        return op.name if op.name in short_names("activation") else ""
    if op.name in _LAYERS:
        return _LAYERS[op.name]
    made = view.made(node)
    if op.name == "Activation" or op.name in KERNELS:
        value = view.value(node, "activation")
        # A value that stands for a block's parameter reads as None, which would be "linear".
        return "" if value is None and made.params.get("activation") is not None else named(value)
    if op.kind == "application" and view.value(node, "include_top") is True:
        value = view.value(node, "classifier_activation")
        given = made.params.get("classifier_activation")
        return "" if value is None and given is not None else named(value)
    if op.name in _WRAPPERS:
        layer = view.value(node, "layer")
        inner = find(layer["op"]) if is_call(layer) and isinstance(layer["op"], str) else None
        if inner is not None and inner.name in KERNELS:
            return named(layer.get("params", {}).get("activation"))
    return ""


def source(view: View, node: str | None) -> str | None:
    """The node itself, or the first before it that does something to the numbers."""
    while node is not None and (
        view.kind(node) in PASSING
        or (view.kind(node) == "Activation" and activation(view, node) == "linear")
    ):
        node = view.before(node)
    return node


def kernel(view: View, node: str | None) -> str | None:
    """The layer with a kernel whose numbers arrive here through activations alone."""
    while (node := source(view, node)) is not None and view.kind(node) not in KERNELS:
        known = view.kind(node) == "Activation" or view.kind(node) in _LAYERS
        node = view.before(node) if known else None
    return node
