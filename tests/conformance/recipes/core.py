"""Inputs, Dense, EinsumDense, embeddings, and layers that pass on what they are given."""

from __future__ import annotations

from typing import Any

from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe

Drawn = tuple[dict[str, Any], dict[str, Any]]
_OF_WEIGHTS = ("initializer", "regularizer", "constraint")
POLICIES = ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16", "float64", "nonsense")
_WEIGHTED = [f"{name}_{what}" for name in ("kernel", "bias") for what in _OF_WEIGHTS]
_WEIGHTED += ["lora_rank", "lora_alpha"]
WHOLE = ("int32", "int64", "uint8", "bool", "float16", "float64", "complex64")


def common(draw: Draw) -> dict[str, Any]:
    """What every layer takes."""
    names = {"trainable": lambda: draw.chance(0.5), "name": "it", "activity_regularizer": "l2"}
    names["dtype"] = lambda: draw.one(POLICIES)
    return draw.some(names, 0.1)


def tensor(draw: Draw, low: int = 2, high: int = 5, **keywords: Any) -> Spec:
    """A tensor of some rank, now and then without an axis at all, often of whole numbers."""
    dtype = "float32" if draw.chance(0.7) else draw.one(WHOLE)
    if draw.chance(0.03):
        return Spec((), dtype)
    return Spec(draw.shape(draw.size(low, high), **keywords), dtype)


@recipe("keras.Input")
def input_(draw: Draw, path: str) -> Drawn:
    shape = [draw.one([None, 0, 1, 5]) for _ in range(draw.size(0, 3))]
    if draw.odd():
        shape = draw.one([[-1, 2], [1.5], 3, "ab"])
    params = draw.params(path, ["batch_size", "dtype", "sparse", "ragged", "optional"], 0.3)
    params |= {draw.one(["shape", "shape", "shape", "batch_shape"]): shape}
    if draw.odd():
        params |= draw.one([{"shape": [3], "batch_shape": [1, 3]}, {"tensor": [1, 2]}])
    if draw.odd():
        params.pop("shape", None)
    return params, {}


@recipe("keras.layers.InputLayer")
def input_layer(draw: Draw, path: str) -> Drawn:
    return {"shape": [draw.size()]}, {}


@recipe("keras.layers.Dense")
def dense(draw: Draw, path: str) -> Drawn:
    params = {"units": draw.one([1, 3, 8]) if not draw.odd() else draw.one([0, -1, "3", 2.5])}
    params |= draw.some({"activation": draw.activation}, 0.3) | common(draw)
    params |= draw.params(path, ["use_bias", *_WEIGHTED], 0.15)
    params |= draw.some({"kernel_initializer": None, "bias_initializer": None}, 0.1)
    params |= draw.some({"quantization_config": {"block_size": 2}}, 0.05)
    return params, {"inputs": tensor(draw)}


_EQUATIONS = (
    *("ab,bc->ac", "abc,cd->abd", "abc,cde->abde", "abcd,cde->abe", "...x,xy->...y", "aab,bc->ac"),
    *("...xy,yxz->...z", "ab...,bc->ac...", "abc...,bcd->ad...", "ab,ab->ab", "ab,bc->acc"),
    *("ab,bcd->adc", "abc,cd->abd "),
)
_ODD_EQUATIONS = (
    *("ab,bc->ac...", "a...,ac->c...", "ab,bc", "ab,cd->ad", "ab,b->az", "ab,b->a", ""),
    *("ab,bc->ac,d", "...ab,bc->ac"),
)


@recipe("keras.layers.EinsumDense")
def einsum_dense(draw: Draw, path: str) -> Drawn:
    """Sizes by letter, so that they fit; then one of them changed, or left unknown."""
    equation = draw.one(_EQUATIONS) if not draw.odd() else draw.one(_ODD_EQUATIONS)
    taken, _, given = equation.partition(",")
    given = given.rpartition("->")[2]
    sizes = {letter: draw.size(1, 4) for letter in "abcdexyz"}
    more = [draw.axis(1, 4) for _ in range(draw.size(1, 3))] if "..." in equation else []
    own = [sizes[letter] for letter in taken if letter in sizes]
    output = [sizes[letter] for letter in given if letter in sizes]
    if taken.startswith("..."):
        shape, partial = [*more, *own], output
    else:
        shape, partial = [*own, *more], output[1:]
    shape[:1] = [draw.batch()]
    if len(shape) > 1 and draw.chance(0.15):
        shape[draw.size(1, len(shape) - 1)] = draw.axis(1, 4, 0.5)
    if partial and draw.chance(0.15):
        partial[draw.size(1, len(partial)) - 1] = draw.axis(1, 4, 0.5)
    if draw.odd():
        partial, shape = draw.one([([], shape), ([*partial, 2], shape), ([-1], shape), ("3", [])])
    if draw.odd():
        shape = draw.one([[*shape, 2], shape[:-1]])
    params = {"equation": equation, "output_shape": partial}
    if len(partial) == 1 and isinstance(partial[0], int) and draw.chance(0.5):
        params["output_shape"] = partial[0]
    letters = [letter for letter in given[1:] if letter in sizes]
    if letters and draw.chance(0.5):
        params["bias_axes"] = draw.one(["".join(letters), letters[-1], letters[0]])
    if draw.odd():
        params["bias_axes"] = draw.one(["", "q", "a"])
    params |= draw.some({"activation": draw.activation}, 0.2) | common(draw)
    params |= draw.params(path, ["gptq_unpacked_column_size", *_WEIGHTED], 0.06)
    return params, {"inputs": Spec(tuple(shape), draw.dtype())}


@recipe("keras.layers.Embedding", "keras.layers.ReversibleEmbedding")
def embedding(draw: Draw, path: str) -> Drawn:
    params = {
        "input_dim": draw.size(1, 9) if not draw.odd() else draw.one([0, -1, 2.5, "3"]),
        "output_dim": draw.size(1, 5) if not draw.odd() else draw.one([0, -1, 2.5, "3"]),
    }
    names = ["embeddings_initializer", "embeddings_regularizer", "embeddings_constraint"]
    names += ["mask_zero", "lora_rank", "lora_alpha"]
    if path.endswith("ReversibleEmbedding"):
        names += ["tie_weights", "logit_soft_cap", "reverse"]
        params |= draw.some({"reverse_dtype": "float32"}, 0.2)
    params |= draw.params(path, names, 0.2) | common(draw)
    params.pop("activity_regularizer", None)
    if draw.odd():
        params["weights"] = draw.one([[], [[1.0]], [[[1.0]]]])
    return params, {"inputs": tensor(draw, 1, 4)}


@recipe("keras.layers.Identity")
def identity(draw: Draw, path: str) -> Drawn:
    return common(draw) | draw.params(path, ["autocast"], 0.3), {"inputs": tensor(draw, 1)}


@recipe("keras.layers.Masking")
def masking(draw: Draw, path: str) -> Drawn:
    return draw.params(path, ["mask_value"]) | common(draw), {"inputs": tensor(draw, 1)}


@recipe("keras.layers.Lambda")
def lambda_(draw: Draw, path: str) -> Drawn:
    """Functions of Keras: those of a project are known only to its script."""
    function: Any = {"op": draw.one(["keras.ops.abs", "keras.ops.mean", "keras.ops.square"])}
    if draw.odd():
        function = draw.one(["relu", 3])
    params = {"function": function} | common(draw)
    if draw.chance(0.5):
        params["output_shape"] = [draw.one([None, 1, 3]) for _ in range(draw.size(0, 3))]
    if draw.odd():
        params["arguments"] = draw.one([{}, {"no_such": 1}])
    return params, {"inputs": tensor(draw, 1)}
