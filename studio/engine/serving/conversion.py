"""Values of JSON as tensors, and tensors as JSON, in the process of the model."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from studio.engine.serving.signature import Image, Tensor


def alone(named: dict[str, Any]) -> Any:
    """What the model takes: its inputs by name, or the only one as it is."""
    return next(iter(named.values())) if len(named) == 1 else named


def specs(inputs: tuple[Tensor, ...], rows: int | None) -> Any:
    """What tensors of these inputs are like, as the model, or `prepare`, is given them."""
    import tensorflow as tf

    made = {}
    for each in inputs:
        shape, dtype = (rows, *each.shape), tf.dtypes.as_dtype(each.dtype)
        if each.ragged:
            made[each.name] = tf.RaggedTensorSpec(shape, dtype, each.ragged)
        else:
            made[each.name] = tf.TensorSpec(shape, dtype)
    return made


def tensor_of(given: dict[str, Any]) -> Any:
    """Values of JSON, checked before, as a tensor; ragged where it has ragged axes."""
    import numpy as np
    import tensorflow as tf

    values = msgspec.json.decode(given["values"])
    dtype, shape, lengths = given["dtype"], given["shape"], given["lengths"]
    if dtype == "string":
        array: Any = np.array([_bytes(each) for each in values], object)
    elif dtype == "bfloat16":
        array = np.array(values, "float32")
    else:
        array = np.array(values, dtype)  # null becomes NaN
    if lengths:
        inner = shape[len(lengths) + 1 :]
        array = array.reshape(-1, *inner) if inner else array
        flat = tf.cast(tf.constant(array, None if dtype != "string" else dtype), dtype)
        return tf.RaggedTensor.from_nested_row_lengths(
            flat, [np.array(n, "int64") for n in lengths]
        )
    tensor = tf.constant(array.reshape(shape), None if dtype != "string" else dtype)
    return tf.cast(tensor, dtype)


def _bytes(value: Any) -> bytes:
    if isinstance(value, dict):
        return base64.b64decode(value["b64"])
    return b"" if value is None else value.encode()


def pixels_of(image: Image) -> Callable[[Any], Any]:
    """What makes an image file's bytes pixels, as `read_image` of the project's script does."""
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((), tf.string)], autograph=False)
    def read(content: Any) -> Any:
        decoded = tf.io.decode_image(content, image.channels, expand_animations=False)
        size = (image.height, image.width)
        return tf.cast(tf.image.resize(decoded, size, image.interpolation), "float32")

    read.get_concrete_function()
    return read


def values_of(tensor: Any) -> Any:
    """All values of a tensor in a dense one: those of a ragged tensor lie behind each other."""
    return getattr(tensor, "flat_values", tensor)


def plain(name: str, value: Any) -> Any:
    """A tensor as JSON has it; bytes that are no text, or are called so, as {"b64": ...}."""
    import numpy as np

    if hasattr(value, "to_list"):
        return _texts(name, value.to_list())
    array = np.asarray(value)
    if array.dtype.kind == "V" or array.dtype.name == "bfloat16":
        array = array.astype("float32")
    return _texts(name, array.tolist())


def text_of(made: dict[str, Any], columns: bool) -> str:
    """Outputs by name as JSON: in columns, or in rows; an only one without its name."""
    parts = {name: plain(name, value) for name, value in made.items()}
    if len(parts) == 1:
        answer: Any = next(iter(parts.values()))
    elif columns:
        answer = parts
    else:
        answer = [dict(zip(parts, row, strict=True)) for row in zip(*parts.values(), strict=True)]
    return msgspec.json.encode(answer).decode()


def short(name: str, value: Any) -> Any:
    """The same, with no more digits than the dtype has: 40.9, and not 40.900001525878906."""
    if not hasattr(value, "to_list") and value.dtype.name == "float32":
        return value.numpy().astype(str).astype(float).tolist()
    return plain(name, value)


def _texts(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_texts(name, each) for each in value] if _has_bytes(value) else value
    if not isinstance(value, bytes):
        return value
    try:
        if not name.endswith("_bytes"):
            return value.decode()
    except UnicodeDecodeError:
        pass
    return binary(value)


def binary(value: bytes) -> dict[str, str]:
    """Bytes as JSON has them."""
    return {"b64": base64.b64encode(value).decode()}


def _has_bytes(value: list[Any]) -> bool:
    return any(isinstance(each, bytes) for each in _leaves(value))


def _leaves(value: Any) -> Iterator[Any]:
    """The first value of each list, as deep as they go: all values of a tensor are of one type."""
    while isinstance(value, list):
        value = next((each for each in value if each != []), None)
    yield value
