"""keras.ops for networks: windows with their values fed in, normalisations, attention, losses."""

from __future__ import annotations

from typing import Any

from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe
from tests.conformance.recipes.ops_shape import DTYPES, Drawn, axes, axis, like, maybe, spec

_CHOICES = ("padding", "data_format")


def each(draw: Draw, count: int, low: int = 1, high: int = 3) -> Any:
    """A number for all axes, or a list; now and then too long or too short."""
    if draw.chance(0.5):
        return draw.size(low, high)
    count = max(1, count + draw.one([-1, 1])) if draw.odd() else count
    return [draw.size(low, high) for _ in range(count)]


def window_params(draw: Draw, path: str, axes_: int, strides: bool = True) -> dict[str, Any]:
    """strides and dilation_rate by axis, padding, data_format."""
    params = draw.params(path, _CHOICES, 0.5)
    if strides:
        params |= maybe(draw, "strides", each(draw, axes_), 0.5)
        params |= maybe(draw, "dilation_rate", each(draw, axes_, 1, 2), 0.3)
        if draw.odd():
            params["strides"] = draw.one([0, []])
    return params


@recipe(
    *(
        f"keras.ops.{name}"
        for name in ("conv", "depthwise_conv", "separable_conv", "conv_transpose")
    )
)
def convolutions(draw: Draw, path: str) -> Drawn:
    rank = draw.one([1, 2, 2, 3]) if not draw.odd() else 0
    params = window_params(draw, path, rank)
    x = spec(draw, rank + 2, high=9)
    channels = x.shape[1 if params.get("data_format") == "channels_first" and x.rank > 1 else -1]
    window = [draw.axis(1, 3, 0.03) for _ in range(rank + (draw.one([-1, 1]) if draw.odd() else 0))]
    ends = [draw.size() if draw.odd() else channels or 3, draw.axis(1, 5, 0.05)]
    name = path.rpartition(".")[2]
    if name == "conv_transpose":
        ends = ends[::-1]
        params |= maybe(draw, "output_padding", each(draw, rank, 0, 2), 0.4)
        if not any(x.shape[1:-1]) or not any(
            x.shape[2:]
        ):  # Keras reads padding only for an axis of known size
            params.pop("padding", None)
    shape = tuple([*window, *ends] if not draw.odd() else window[:1])
    kernel = Spec(shape, draw.dtype(DTYPES))
    if name != "separable_conv":
        return params, {"inputs": x, "kernel": kernel}
    point = spec(draw, 0 if draw.odd() else rank + 2)
    return params, {"inputs": x, "depthwise_kernel": kernel, "pointwise_kernel": point}


@recipe("keras.ops.max_pool", "keras.ops.average_pool")
def pools(draw: Draw, path: str) -> Drawn:
    rank = draw.one([1, 2, 2, 3]) if not draw.odd() else draw.one([-1, 0])
    params = {"pool_size": each(draw, rank)} | draw.params(path, _CHOICES, 0.5)
    params |= maybe(draw, "strides", each(draw, rank), 0.5)
    return params, {"inputs": spec(draw, rank + 2, high=9)}


@recipe("keras.ops.adaptive_max_pool", "keras.ops.adaptive_average_pool")
def adaptive(draw: Draw, path: str) -> Drawn:
    rank = draw.one([1, 2, 2, 3])
    size: Any = [draw.size(1, 4) for _ in range(rank)]
    if draw.odd():
        size = draw.one([3, [], [-1, 2], [2] * 5])
    # What is no data_format at all Keras takes for channels_first until it runs.
    order = draw.one(["channels_first", "channels_last", None])
    return {"output_size": size} | maybe(draw, "data_format", order), {
        "inputs": spec(draw, rank + 2)
    }


@recipe("keras.ops.unfold", "keras.ops.fold")
def folds(draw: Draw, path: str) -> Drawn:
    kernel = each(draw, 2)
    params = {"kernel_size": kernel}
    params |= draw.some({"dilation": lambda: each(draw, 2, 1, 2)}, 0.4)
    params |= draw.some({"stride": lambda: each(draw, 2), "padding": lambda: each(draw, 2, 0, 2)})
    if path.endswith("unfold"):
        return params, {"x": spec(draw, 4, 0.8, 9)}
    params["output_size"] = each(draw, 2, 1, 9)
    taps = kernel * kernel if isinstance(kernel, int) else kernel[0] * kernel[-1]
    x = list(spec(draw, 3).shape)
    if len(x) > 1 and not draw.odd() and x[1] is not None:
        x[1] *= taps
    return params, {"x": Spec(tuple(x), draw.dtype(DTYPES))}


@recipe("keras.ops.batch_normalization")
def batch_normalization(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.size(1, 4))
    along = axis(draw, x.rank)
    size = x.shape[along] if -x.rank <= along < x.rank else 3
    inputs = {"x": x}
    for port, share in (("mean", 1), ("variance", 1), ("scale", 0.5), ("offset", 0.4)):
        if draw.chance(share):
            inputs[port] = like(draw, Spec((size,)), 0.04)
    return {"axis": along} | draw.params(path, ["epsilon"]), inputs


@recipe("keras.ops.layer_normalization", "keras.ops.rms_normalization")
def normalization(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.size(0, 4))
    ports = ("gamma", "beta") if path.endswith("layer_normalization") else ("scale",)
    inputs = {"x": x} | {port: spec(draw, 1) for port in ports if draw.chance(0.5)}
    return maybe(draw, "axis", axes(draw, x.rank)) | draw.params(path, ["epsilon"]), inputs


@recipe("keras.ops.normalize")
def normalize(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.size(0, 4))
    params = maybe(draw, "axis", None if draw.chance(0.2) else axes(draw, x.rank))
    params |= maybe(draw, "order", draw.size(1, 3), 0.4)
    return params | draw.params(path, ["epsilon"]), {"x": x}


@recipe("keras.ops.dot_product_attention")
def dot_product_attention(draw: Draw, path: str) -> Drawn:
    query = spec(draw, 4)
    inputs = {"query": query, "key": like(draw, query), "value": like(draw, query)}
    inputs |= {port: spec(draw, 4) for port in ("bias", "mask") if draw.chance(0.3)}
    params = draw.params(path, ["scale", "is_causal", "flash_attention"], 0.3)
    return params | ({"attn_logits_soft_cap": 2.0} if draw.odd() else {}), inputs


@recipe("keras.ops.binary_crossentropy", "keras.ops.categorical_crossentropy")
def crossentropies(draw: Draw, path: str) -> Drawn:
    target = spec(draw, draw.size(0, 3))
    params = draw.params(path, ["from_logits"])
    if path.endswith("categorical_crossentropy"):
        params |= maybe(draw, "axis", axis(draw, target.rank), 0.4)
    return params, {"target": target, "output": like(draw, target)}


@recipe("keras.ops.sparse_categorical_crossentropy")
def sparse_crossentropy(draw: Draw, path: str) -> Drawn:
    output = spec(draw, draw.size(0, 4))
    along = axis(draw, output.rank) if draw.chance(0.4) else -1
    shape = list(output.shape)
    if -len(shape) <= along < len(shape):
        del shape[along]
    if draw.chance(0.3):
        shape.append(1)
    target = like(draw, Spec(tuple(shape)), 0.1, "int32")
    params = draw.params(path, ["from_logits"]) | ({"axis": along} if along != -1 else {})
    return params, {"target": target, "output": output}


@recipe("keras.ops.ctc_loss")
def ctc_loss(draw: Draw, path: str) -> Drawn:
    output = spec(draw, 3)
    batch = output.shape[0]
    wrong = lambda: draw.axis() if draw.odd() else batch  # noqa: E731
    inputs = {"target": Spec((wrong(), 5), "int32"), "output": output}
    inputs |= {name: Spec((wrong(),), "int32") for name in ("target_length", "output_length")}
    if draw.odd():
        inputs["target_length"] = Spec((), "int32")
    return draw.params(path, ["mask_index"]), inputs


@recipe("keras.ops.ctc_decode")
def ctc_decode(draw: Draw, path: str) -> Drawn:
    params = maybe(draw, "strategy", draw.one(["greedy", "beam_search"]), 0.6)
    params |= draw.params(path, ["beam_width", "merge_repeated", "mask_index"], 0.2)
    return params | maybe(draw, "top_paths", draw.size(1, 3), 0.5), {
        "inputs": spec(draw, 1 if draw.odd() else 3),
        "sequence_lengths": Spec((None,), "int32"),
    }


@recipe("keras.ops.psnr", "keras.ops.cdist")
def pairs(draw: Draw, path: str) -> Drawn:
    first, second = ("x1", "x2") if path.endswith("psnr") else ("x", "y")
    x = spec(draw, draw.size(1, 4))
    y = list(like(draw, x).shape)
    if len(y) > 1 and draw.chance(0.5):
        y[-2] = draw.axis()
    if len(y) > 2 and draw.chance(0.3):
        y = y[1:]
    if len(y) > 2 and draw.chance(0.3):
        y[0] = 1
    params = {"max_val": draw.one([1, 255.0])} if path.endswith("psnr") else {}
    return params, {first: x, second: Spec(tuple(y), draw.dtype(DTYPES))}
