"""The precision of a training: what it does to shapes, memory and what is asked of own code."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from studio.graph.asking import CodeCall
from studio.graph.checks import Checker, check
from studio.graph.document import PRECISIONS, Code, Project, Training
from studio.graph.edits import SetTraining
from studio.graph.problems import errors
from studio.graph.spec import Spec
from studio.graph.summary import summary

from .samples import check_value, read_value, sample

HELD = {"mixed_float16": "float32", "mixed_bfloat16": "float32"}
COMPUTED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}
DECLARED = Code(
    "layer",
    "class Own(keras.layers.Layer):\n    def call(self, inputs):\n        return inputs\n",
    "same",
    {"kernel": ({"axis": -1}, 2)},
)


def under(policy: str, name: str = "blocks") -> Project:
    project, problems = read_value(sample(name))
    assert not problems
    return SetTraining("precision", policy).apply(project)


@pytest.mark.parametrize("policy", PRECISIONS)
def test_every_layer_computes_and_holds_what_the_policy_says(policy: str) -> None:
    report = check(under(policy))
    assert not errors(report.problems)
    nodes = report.shapes["model"].nodes
    assert nodes["image"].outputs["output"].dtype == "float32"  # the data are what they were
    for name in ("body", "flat", "digit"):
        for spec in nodes[name].outputs.values():
            assert spec.dtype == COMPUTED.get(policy, policy)
        for weight in nodes[name].weights:
            assert weight.dtype == HELD.get(policy, policy)


def test_memory_is_that_of_the_policy_and_flops_are_as_many() -> None:
    totals = {}
    for policy in PRECISIONS:
        project = under(policy)
        totals[policy] = summary(project, check(project).shapes["model"])["totals"]
    wide = totals["float32"]
    image = 4 * 8 * 8 * 4  # of the input, which stays in float32
    for policy, (weights, activations) in {
        "mixed_float16": (1, 0.5), "float16": (0.5, 0.5), "float64": (2, 2),
    }.items():  # fmt: skip
        narrow = totals[policy]
        assert narrow["weight_bytes"] == weights * wide["weight_bytes"]
        rest = activations * (wide["activation_bytes"] - image)
        assert narrow["activation_bytes"] == image + rest
        assert (narrow["flops"], narrow["params"]) == (wide["flops"], wide["params"])


def test_a_dtype_of_its_own_goes_before_the_policy() -> None:
    value = sample("blocks")
    value["model"]["nodes"][-1]["params"]["dtype"] = "float32"
    value["training"] = {"precision": "mixed_float16"}
    nodes = check_value(value).shapes["model"].nodes
    assert nodes["flat"].outputs["output"].dtype == "float16"
    assert nodes["digit"].outputs["output"].dtype == "float32"


def test_layers_in_layers_follow_it_too() -> None:
    cell = {"op": "keras.layers.LSTMCell", "params": {"units": 3}}
    dense = {"op": "keras.layers.Dense", "params": {"units": 2}}
    value = {
        "studio": 1,
        "model": {
            "nodes": [
                {"id": "x", "op": "keras.Input", "params": {"shape": [5, 4]}},
                {"id": "steps", "op": "keras.layers.RNN", "params": {"cell": cell}},
                {"id": "each", "op": "keras.layers.TimeDistributed", "params": {"layer": dense}},
            ],
            "edges": [["x", "steps"], ["x", "each"]],
            "outputs": ["steps", "each"],
        },
        "training": {"precision": "float64"},
    }
    nodes = check_value(value).shapes["model"].nodes
    found = [weight.dtype for name in ("steps", "each") for weight in nodes[name].weights]
    assert found == ["float64"] * 5


def test_a_checker_that_is_kept_infers_the_model_again() -> None:
    checker = Checker()
    for policy in ("float32", "mixed_float16", "float64", "float32"):
        found = checker.run(under(policy, "digits_cnn")).shapes
        fresh = check(under(policy, "digits_cnn")).shapes
        for graph in ("data", "model"):
            assert found[graph].nodes == fresh[graph].nodes


def test_data_are_as_they_were() -> None:
    before, after = (
        check(under(policy, "digits_cnn")).shapes["data"].nodes
        for policy in ("float32", "mixed_float16")
    )
    assert before == after


def own(policy: str, **keywords: Any) -> Project:
    value = {
        "studio": 1,
        "model": {
            "nodes": [
                {"id": "x", "op": "keras.Input", "params": {"shape": [4]}},
                {"id": "own", "op": "code:Own"},
            ],
            "edges": [["x", "own"]],
            "outputs": ["own"],
        },
    }
    project, _ = read_value(value)
    code = {"Own": replace(DECLARED, **keywords)}
    return replace(project, code=code, training=Training(precision=policy))


def test_what_own_code_declares_is_meant_in_the_dtypes_of_the_policy() -> None:
    found = check(own("mixed_float16")).shapes["model"].nodes["own"]
    assert found.outputs["output"] == Spec((None, 4), "float16")
    assert [weight.dtype for weight in found.weights] == ["float32"]


def test_own_code_is_asked_under_the_policy_with_what_really_arrives() -> None:
    calls: list[CodeCall] = []
    check(own("mixed_float16", output_shape=None), ask=calls.append)
    (call,) = calls
    assert call.policy == "mixed_float16"
    assert call.inputs == (("inputs", (Spec((None, 4)),)),)
    assert call.key != replace(call, policy="float32").key


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("precision", "half", 'expected "float32", or "mixed_float16"'),
        ("precision", 16, 'expected "float32", or "mixed_float16"'),
        ("validation_freq", 0, "expected a whole number of at least 1, or a list of such, found 0"),
        ("validation_freq", "2", "expected a whole number of at least 1, or a list of such"),
        ("validation_freq", [1, 0], "expected a whole number of at least 1, found 0"),
    ],
)
def test_a_value_that_there_is_not_is_told(field: str, value: Any, words: str) -> None:
    _, problems = read_value({"studio": 1, "training": {field: value}})
    (problem,) = problems
    assert problem.code == "wrong-shape" and problem.place.startswith(f"training.{field}")
    assert words in problem.message
