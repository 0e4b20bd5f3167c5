"""Values of JSON become tensors of every dtype, and tensors JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
import tensorflow as tf

from studio.engine.serving.conversion import plain, tensor_of, text_of
from studio.engine.serving.requests import one_row
from studio.engine.serving.signature import DEFAULT, Signature, Tensor

FLOATS = ("float16", "bfloat16", "float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def made(tensor: Tensor, value: Any) -> Any:
    """The tensor that the process of the model makes of one row, which went through JSON."""
    fields = one_row({"x": value}, Signature(DEFAULT, (tensor,), ())).fields()
    return tensor_of(json.loads(json.dumps(fields))["inputs"]["x"])


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        *((dtype, [[0.5, -2.0], [1.0, 96.0]]) for dtype in FLOATS),
        *((dtype, [[0, 127], [3, 4]]) for dtype in INTEGERS),
        ("int64", [[-(2**63), 2**63 - 1], [2**53 + 1, 0]]),
        ("uint64", [[2**64 - 1, 0], [1, 2]]),
        ("bool", [[True, False], [False, True]]),
        ("string", [["ü", ""], ["a", {"b64": "/wA="}]]),
    ],
)
@pytest.mark.parametrize("ragged", [0, 1])
def test_every_dtype_comes_and_goes(dtype: str, value: Any, ragged: int):
    shape = (2, 2) if not ragged else (None, 2)
    tensor = made(Tensor("x", shape, dtype, ragged), value)
    assert tensor.dtype.name == dtype
    assert isinstance(tensor, tf.RaggedTensor) is bool(ragged)
    assert plain("x", tensor) == [value]


def test_ragged_axes_nest():
    tensor = made(Tensor("x", (None, None), "int32", ragged=2), [[1, 2], [], [3]])
    assert tensor.shape.as_list() == [1, None, None]
    assert tensor.ragged_rank == 2
    assert tensor.to_list() == [[[1, 2], [], [3]]]


def test_what_is_missing_is_nan_or_empty():
    numbers = made(Tensor("x", (2,), "float32", missing=True), [None, 1.0])
    assert tf.math.is_nan(numbers).numpy().tolist() == [[True, False]]
    assert made(Tensor("x", (), "string", missing=True), None).numpy().tolist() == [b""]


def test_an_answer_is_in_rows_or_columns():
    one = {"y": tf.constant([[1.5, float("nan")], [float("inf"), 2.0]])}
    assert text_of(one, True) == text_of(one, False) == "[[1.5,null],[null,2.0]]"
    two = {"a": tf.constant([1, 2]), "b_bytes": tf.constant([b"x", b"y"])}
    rows = [{"a": 1, "b_bytes": {"b64": "eA=="}}, {"a": 2, "b_bytes": {"b64": "eQ=="}}]
    assert json.loads(text_of(two, False)) == rows
    columns = {"a": [1, 2], "b_bytes": [{"b64": "eA=="}, {"b64": "eQ=="}]}
    assert json.loads(text_of(two, True)) == columns
    assert text_of({"t": tf.constant(["ü", b"\xff"])}, True) == '["ü",{"b64":"/w=="}]'
