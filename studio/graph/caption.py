"""What stands on a node: a short title of its op, and one line of the parameters that matter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from studio.graph.catalogue.op import Op
from studio.graph.catalogue.registry import find
from studio.graph.document import Block, Graph, Node, Project, is_call, is_reference, owner
from studio.graph.find import TIMES
from studio.graph.ports import block_of, input_ports

DOT = " \N{MIDDLE DOT} "
UNKNOWN = "\N{MIDDLE DOT}"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
LONGEST = 24
"""Letters of one value."""

_PLAIN = (
    " units filters kernel_size pool_size padding activation rate shape batch_shape target_shape"
    " dtype path label batch_size buffer_size function layer cell size dims n count interpolation"
    " output_mode mode equation subscripts output_size merge_mode height width length "
)
"""Parameters whose value says enough without the name."""

_QUIET = re.compile(
    r"name|seed|trainable|autocast|data_format|.*_(initializer|regularizer|constraint)|weights|noise_shape"
)
"""Parameters that are only shown where a description says so."""

_WORDS = {
    "num_heads": "{} heads",
    "key_dim": "key {}",
    "strides": "stride {}",
    "dilation_rate": "dilation {}",
    "num_query_heads": "{} query heads",
    "num_key_value_heads": "{} key-value heads",
    "input_dim": "{} in",
    "output_dim": "{} out",
}
_BY_RANK = ("kernel_size", "pool_size", "size")

_SHORT = {
    "Normalization": "Norm",
    "Pooling": "Pool",
    "Average": "Avg",
    "Global": "Glob",
    "Adaptive": "Adapt",
    "Separable": "Sep",
    "Depthwise": "Depth",
    "Transpose": "T",
    "Attention": "Attn",
    "Regularization": "Reg",
    "Vectorization": "Vec",
    "Distributed": "Dist",
    "Embedding": "Embed",
    "Encoding": "Enc",
    "Spectrogram": "Spec",
    "UpSampling": "UpSample",
    "Discretization": "Discretize",
    "Bidirectional": "Bidir",
    "Activity": "Act",
    "Padding": "Pad",
    "Spatial": "Spat",
    "Random": "Rand",
}


def short_title(name: str, letters: int = 16) -> str:
    """An op's name in so many letters: its long words shortened, then the middle left out."""
    for long, short in _SHORT.items():
        if len(name) <= letters:
            return name
        name = name.replace(long, short)
    return elided(name, letters)


def elided(text: str, letters: int) -> str:
    """A text in so many letters, its middle left out where it is longer."""
    if len(text) <= letters:
        return text
    tail = (letters - 1) // 2
    return text[: letters - 1 - tail] + ELLIPSIS + text[len(text) - tail :]


def op_title(project: Project, graph: Graph, node: Node) -> str:
    """What a node calls, by its plain name; of a shared layer, what that one is."""
    made = owner(graph, node)
    op = made.op if made is not None else None
    return (op or "").rpartition(".")[2].removeprefix("block:").removeprefix("code:")


def summary_line(project: Project, graph: Graph, node: Node, tensors: int | None = None) -> str:
    """The parameters that differ from their defaults and matter, joined by a dot in the middle.

    A node that only joins says how many tensors come in; `tensors` saves counting them.
    """
    made = owner(graph, node)
    if made is None or made.op is None:
        return ""
    op = find(made.op)
    if op is None:
        block = block_of(project, graph, node)
        return DOT.join(_given(made.params, block))
    parts = list(_parts(op, made.params))
    if not parts and any(port.many for port in input_ports(project, node, graph)[:1]):
        if tensors is None:
            tensors = sum(edge.target_node == node.id for edge in graph.edges)
        return f"{tensors} tensor{'s' * (tensors != 1)}"
    return DOT.join(parts)


def call_line(call: Any) -> str:
    """What matters of a call's parameters, as of those of a node; empty of what is no call."""
    params = call.get("params") if is_call(call) else None
    if not isinstance(params, Mapping):
        return ""
    op = find(str(call["op"]))
    return DOT.join(_given(params, None) if op is None else _parts(op, params))


def _parts(op: Op, params: Mapping[str, Any]) -> Iterator[str]:
    """What matters of a call: first what its description shows, then what else was given."""
    if op.kind == "input" and ("shape" in params or "batch_shape" in params):
        shape = params.get("batch_shape") or params.get("shape")
        yield _shape(shape)
        yield value_text(params.get("dtype") or "float32")
        yield from (name for name in ("sparse", "ragged") if params.get(name) is True)
        return
    others = [n for n in params if n not in op.shown and not _QUIET.fullmatch(n)]
    for name in (*op.shown, *others):
        param = op.params.get(name)
        if name not in params or (param is not None and params[name] == param.default):
            continue
        text = _said(op, name, params[name])
        if text:
            yield text


def _given(params: Mapping[str, Any], block: Block | None) -> Iterator[str]:
    """The parameters of a block or of code, by name; a block's own values where none are given."""
    for name, value in params.items():
        if block is None or name not in block.parameters or value != block.parameters[name]:
            yield f"{_words(name)} {value_text(value)}"


def _said(op: Op, name: str, value: Any) -> str:
    """A parameter as one says it: 3 by 3, relu, stride 2, no bias, momentum 0.9."""
    if value is None or (name == "activation" and value == "linear"):
        return ""
    if isinstance(value, bool):
        plain = _words(name.removeprefix("use_"))
        return plain if value else f"no {plain}"
    rank = re.search(r"([123])D", op.name)
    if name in _BY_RANK and isinstance(value, int) and rank:
        text = TIMES.join([str(value)] * int(rank[1]))
    elif isinstance(value, (list, tuple)) and len(value) > 1 and all(v == value[0] for v in value):
        text = value_text(value[0]) if name in _WORDS else value_text(value)
    else:
        text = _path(value) if name in ("path", "filename") else value_text(value)
    if f" {name} " in _PLAIN:
        return text
    return _WORDS[name].format(text) if name in _WORDS else f"{_words(name)} {text}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _path(value: Any) -> str:
    """The last part of a path."""
    return elided(re.split(r"[\\/:]", value)[-1], LONGEST) if isinstance(value, str) else ""


def _shape(shape: Any) -> str:
    if isinstance(shape, (list, tuple)):
        return TIMES.join(map(value_text, shape)) if shape else "scalar"
    return value_text(shape)


def value_text(value: Any) -> str:
    """A value on a node: a dot for an unknown size, a call by its name and what matters of it."""
    if value is None:
        return UNKNOWN
    if is_reference(value):
        return value["$"]
    if is_call(value):
        name = str(value["op"]).rpartition(".")[2].removeprefix("code:")
        params = value.get("params")
        op = find(str(value["op"]))
        if op is None or not isinstance(params, Mapping):
            return elided(name, LONGEST)
        return " ".join([name, *_parts(op, params)])
    if isinstance(value, (list, tuple)):
        sizes = all(each is None or isinstance(each, int) or is_reference(each) for each in value)
        return elided((TIMES if sizes else ", ").join(map(value_text, value)), LONGEST)
    if isinstance(value, Mapping):
        inner = (f"{key} {value_text(item)}" for key, item in value.items())
        return elided(", ".join(inner), LONGEST)
    if isinstance(value, float):
        return f"{value:.6g}"
    return elided(" ".join(str(value).split()), LONGEST)
