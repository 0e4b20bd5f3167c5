"""Weights of elements and classes against labels and outputs, before anything runs."""

from __future__ import annotations

from typing import Any

import pytest

from studio.graph.checks import check
from studio.graph.history import History

from .samples import check_value, read_value, sample

Value = dict[str, Any]


def digits(**given: Any) -> Value:
    value = sample("digits_mlp")
    value["training"] |= given
    return value


def birds(weights: Any) -> Value:
    """The template with two outputs, whose data gets weights."""
    value = sample("two_inputs_two_outputs")
    for node in value["data"]["nodes"]:
        function = node.get("params", {}).get("function", {})
        if function.get("op") == "studio.map.arrange":
            function["params"]["sample_weight"] = weights
    return value


def arranged(**params: Any) -> Value:
    """Digits whose element's own parts are chosen by a map."""
    value = sample("digits_mlp")
    function = {"op": "studio.map.to_features_and_label", "params": params}
    node = {"id": "chosen", "op": "tf.data.Dataset.map", "params": {"function": function}}
    first = value["data"]["edges"][0]
    value["data"]["nodes"].append(node)
    value["data"]["edges"][:1] = [[first[0], "chosen"], ["chosen", first[1]]]
    return value


CASES = [
    (birds({"species": [0, "mass"]}), "weights", ["none for \"mass\""]),
    (birds({"species": [0, "mass"], "mas": [0, "mass"], "mass": [0, "mass"]}), "weights",
     ['Did you mean "mass"', "no output"]),
    (birds([0, "island"]), "weights", ["of the dtype string"]),
    (arranged(features=[0], label=[1], sample_weight=[0]), "weights", ["gives weights", "digit"]),
    (arranged(features=[0], sample_weight=[1]), "shape", ["a weight, but no label"]),
    (digits(class_weights={"one": 1.0}), "class-weights", ['names "one"', "number of a class"]),
    (digits(class_weights={"-1": 1.0}), "class-weights", ['names "-1"']),
    (digits(class_weights={"9": -1.0}), "class-weights", ["at least 0"]),
    (digits(class_weights={"0": 1.0, "3": 2.0}), "class-weights", ["class 3", "go up to 9"]),
    (digits(weighted_metrics={"digt": []}), "lost-output", ['Did you mean "digit"']),
    (digits(weighted_metrics={"digit": [{"op": "keras.metrics.Mean"}]}), "label-metric",
     ["training.weighted_metrics.digit[0]"]),
]  # fmt: skip


@pytest.mark.parametrize(("value", "code", "words"), CASES, ids=[f"{w}" for *_, w in CASES])
def test_what_is_wrong_with_weights_is_told(value, code, words) -> None:
    problems = [p for p in check_value(value).problems if p.severity == "error"]
    assert code in {p.code for p in problems}
    said = " ".join(p.sentence() for p in problems)
    for word in words:
        assert word in said


def test_a_click_gives_every_class_a_weight() -> None:
    value = digits(class_weights={"0": 1.0, "3": 2.0})
    (problem,) = check_value(value).problems
    history = History(read_value(value)[0])
    history.do(problem.fix)
    assert history.project.training.class_weights == {
        str(number): 2.0 if number == 3 else 1.0 for number in range(10)
    }
    assert check(history.project).problems == []


def test_an_elements_own_weight_is_no_problem() -> None:
    assert check_value(arranged(features=[0], label=[1], sample_weight=[1])).problems == []
    value = arranged(features=[0], label=[1], sample_weight=[1])
    value["training"]["class_weights"] = {str(number): 1.0 for number in range(10)}
    assert [p.code for p in check_value(value).problems] == ["class-weights"]
