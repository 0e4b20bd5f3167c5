"""MultiHeadAttention, GroupQueryAttention, Attention, AdditiveAttention."""

from __future__ import annotations

from typing import Any

from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe
from tests.conformance.recipes.recurrent import POLICIES

_COMMON = (
    "use_bias",
    "dropout",
    "sliding_window",
    "flash_attention",
    "kernel_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "bias_regularizer",
    "kernel_constraint",
    "bias_constraint",
    "use_gate",
    "seed",
    "trainable",
)
_OF_CALL = ("return_attention_scores", "use_causal_mask")
Drawn = tuple[dict[str, Any], dict[str, Any]]


def _size(draw: Draw) -> Any:
    return draw.one([0, -1, "2", 1.5]) if draw.odd() else draw.size(1, 4)


def _masks(draw: Draw, query: Spec, value: Spec) -> dict[str, Spec]:
    steps = (query.shape[:2], value.shape[:2])
    shapes = {"query_mask": steps[0], "value_mask": steps[1], "key_mask": steps[1]}
    shapes["attention_mask"] = (query.shape[0], *query.shape[1:2], *value.shape[1:2])
    return {
        name: Spec(shape, "bool") for name, shape in shapes.items() if shape and draw.chance(0.15)
    }


def _key(draw: Draw, value: Spec) -> Spec:
    """Mostly one that goes with the value."""
    inner = value.shape[1:-1] if not draw.odd() else draw.shape(value.rank)[1:-1]
    return Spec((value.shape[0], *inner, draw.axis(unknown=0.05)), draw.dtype())


@recipe("keras.layers.MultiHeadAttention")
def multi_head(draw: Draw, path: str) -> Drawn:
    params = {"num_heads": _size(draw), "key_dim": _size(draw)}
    params |= draw.params(path, _COMMON, 0.15) | draw.params(path, _OF_CALL, 0.3)
    params |= draw.some({"value_dim": lambda: _size(draw)}, 0.3)
    shapes = [3, [2, 4], [2], [], 0, [3, 0], -1, [2, -1]]
    params |= draw.some({"output_shape": lambda: draw.one(shapes)}, 0.3)
    axes = [1, 2, [1], [2], [1, 2], [-2], -1, [], 5, [0], [-9]]
    params |= draw.some({"attention_axes": lambda: draw.one(axes)}, 0.3)
    params |= draw.some({"dtype": lambda: draw.one(POLICIES)}, 0.2)
    rank = draw.one([3, 3, 3, 4, 4, 5])
    query = Spec(draw.shape(rank, unknown=0.1), draw.dtype())
    value = Spec(draw.shape(rank, unknown=0.1), draw.dtype())
    inputs = {"query": query, "value": value}
    if draw.chance(0.4):
        inputs["key"] = _key(draw, value)
    return params, inputs | _masks(draw, query, value)


@recipe("keras.layers.GroupQueryAttention")
def group_query(draw: Draw, path: str) -> Drawn:
    shared = _size(draw)
    heads = shared * draw.size(1, 3) if isinstance(shared, int) and not draw.odd() else _size(draw)
    params = {"head_dim": _size(draw), "num_query_heads": heads, "num_key_value_heads": shared}
    params |= draw.params(path, _COMMON, 0.15) | draw.params(path, _OF_CALL, 0.3)
    params |= draw.some({"dtype": lambda: draw.one(POLICIES)}, 0.2)
    query = Spec(draw.shape(3, unknown=0.1), draw.dtype())
    value = Spec(draw.shape(3, unknown=0.1), draw.dtype())
    if not draw.odd():
        value = Spec((*value.shape[:-1], query.shape[-1]), value.dtype)
    inputs = {"query": query, "value": value}
    if draw.chance(0.4):
        inputs["key"] = _key(draw, value)
    return params, inputs | _masks(draw, query, value)


@recipe("keras.layers.Attention", "keras.layers.AdditiveAttention")
def attention(draw: Draw, path: str) -> Drawn:
    params = draw.params(path, ["use_scale", "dropout", "seed", "trainable"], 0.4)
    params |= draw.params(path, _OF_CALL, 0.3)
    if path.endswith(".Attention"):
        params |= draw.params(path, ["score_mode"], 0.5)
    params |= draw.some({"dtype": lambda: draw.one(POLICIES)}, 0.2)
    count = draw.one([1, 4]) if draw.odd() else draw.one([2, 2, 3])
    rank = draw.one([3, 3, 3, 4, 2, 1])
    features = draw.axis(unknown=0.1)
    specs = []
    for _ in range(count):
        shape = draw.shape(rank)
        last = draw.axis() if draw.odd() else features
        specs.append(Spec((*shape[:-1], last), draw.dtype()))
    inputs: dict[str, Any] = {"inputs": specs}
    if draw.chance(0.2):
        number = draw.one([1, 4]) if draw.odd() else draw.one([2, 3])
        inputs["mask"] = [Spec((None, draw.axis()), "bool") for _ in range(number)]
    return params, inputs
