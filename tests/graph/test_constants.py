"""Constants in the places of tensors: what they are, and how they are refused."""

from __future__ import annotations

from typing import Any

import pytest

from studio.graph.catalogue.registry import find
from studio.graph.constant import constant_spec
from studio.graph.problems import errors
from studio.graph.spec import Spec

from .samples import check_value

LITERALS = [
    # literal, its spec, its spec beside tensors
    (1, Spec((), "int32"), Spec((), "int")),
    (1.5, Spec((), "float32"), Spec((), "float")),
    (True, Spec((), "bool"), Spec((), "bool")),
    (2**40, Spec((), "int64"), Spec((), "int")),
    ([1, 2], Spec((2,), "int32"), Spec((2,), "int32")),
    ([1, 2.5], Spec((2,), "float32"), Spec((2,), "float32")),
    ([2**31], Spec((1,), "int64"), Spec((1,), "int64")),
    ([[True], [False]], Spec((2, 1), "bool"), Spec((2, 1), "bool")),
    ((1, 2.0), Spec((2,), "float32"), Spec((2,), "float32")),
    ([], Spec((0,), "float32"), Spec((0,), "float32")),
    ([[], []], Spec((2, 0), "float32"), Spec((2, 0), "float32")),
]
NO_LITERALS = ["1", None, {}, [1, [2]], [[1], [2, 3]], [True, 1], [None], 2**63, 1e39, [1e39]]


@pytest.mark.parametrize(("value", "spec", "weak"), LITERALS)
def test_a_literal_is_a_tensor_of_its_shape(value, spec, weak) -> None:
    assert constant_spec(value) == spec
    assert constant_spec(value, weak=True) == weak
    assert find("keras.ops.add").param("x2").accepts(value)


@pytest.mark.parametrize("value", NO_LITERALS)
def test_what_is_no_tensor_is_no_literal(value) -> None:
    assert constant_spec(value) is None


def said(op: str, edges: list[str], **params: Any) -> list[str]:
    """What is said of a function on x, whose ports in `edges` x feeds."""
    nodes = [
        {"id": "x", "op": "keras.Input", "params": {"shape": [3]}},
        {"id": "y", "op": op, "params": params},
        {"id": "end", "op": "keras.layers.Add"},
    ]
    joined = [["x", f"y.{port}"] for port in edges] + [["x", "end"], ["y", "end"]]
    model = {"nodes": nodes, "edges": joined, "outputs": ["end"]}
    return [each.message for each in errors(check_value({"studio": 1, "model": model}).problems)]


REFUSED = [
    ("keras.ops.add", ["x1", "x2"], {"x2": 1.0}, "gets its x2 both by an edge and as a constant."),
    ("keras.ops.add", ["x1"], {}, "nothing feeds its x2."),
    ("keras.ops.add", [], {"x1": 1, "x2": 2}, "gets constants alone, and so has no place"),
    ("keras.ops.add", ["x1"], {"x2": "1"}, 'x2 is "1", but add expects a number, true or false'),
    ("keras.ops.add", ["x1"], {"x2": [[1], [2, 3]]}, "expects a number, true or false"),
    ("keras.ops.add", ["x1"], {"x2": [1.0, 2.0]}, "(None, 3) and (2,) don't fit"),
    ("keras.ops.conv", ["kernel"], {"inputs": [[1.0]]}, "conv takes inputs from an edge alone."),
    ("keras.ops.concatenate", [], {"xs": [1.0]}, "concatenate takes xs from an edge alone."),
    (
        "keras.layers.Dense",
        ["inputs"],
        {"units": 3, "inputs": 1},
        "Dense takes inputs from an edge",
    ),
]


@pytest.mark.parametrize(("op", "edges", "params", "words"), REFUSED)
def test_a_wrong_constant_is_refused_in_a_sentence(op, edges, params, words) -> None:
    messages = said(op, edges, **params)
    assert any(words in message for message in messages), messages


def test_a_right_constant_is_not_refused() -> None:
    assert said("keras.ops.add", ["x1"], x2=[1.0, 2.0, 3.0]) == []
    assert said("keras.ops.subtract", ["x2"], x1=1) == []
