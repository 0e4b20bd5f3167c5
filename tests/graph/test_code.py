"""The project's own code: what is known of it without running it, and what may come in a call."""

from __future__ import annotations

from typing import Any

import pytest

from studio.graph.code import outline
from studio.graph.document import Code

from .samples import check_value, node_of, sample


def layer(*lines: str) -> Code:
    body = "\n".join(f"        {line}" for line in lines)
    head = "class Own(keras.layers.Layer):\n    def call(self, inputs, state=None):\n"
    return Code("layer", f"{head}{body}\n")


@pytest.mark.parametrize(
    ("lines", "outputs"),
    [
        (["return inputs"], ["output"]),
        (["return inputs, state"], ["inputs", "state"]),
        (["return [inputs, state]"], ["inputs", "state"]),
        (["return inputs * 2, state"], ["output_0", "state"]),
        (["return inputs, inputs"], ["output_0", "output_1"]),
        (["if state is None:", "    return inputs, state", "return state, inputs"],
         ["inputs", "state"]),
        (["if state is None:", "    return inputs", "return inputs, state"], ["output"]),
        (["return (inputs,)"], ["output"]),
        (["return *inputs, state"], ["output"]),
        (["def pair(x):", "    return x, x", "return inputs"], ["output"]),
        (["pass"], ["output"]),
    ],
    ids=lambda value: " ".join(value),
)  # fmt: skip
def test_a_layer_that_returns_a_tuple_has_a_port_for_each_of_its_tensors(lines, outputs) -> None:
    assert list(outline("Own", layer(*lines)).outputs) == outputs


def test_edges_begin_at_the_ports_that_the_source_shows() -> None:
    value = sample("custom_layer")
    value["code"]["Projection"]["source"] = layer("return inputs, inputs").source.replace(
        "Own", "Projection"
    )
    node_of(value, "projection")["params"] = {}
    value["model"]["edges"][2][0] = "projection.output_1"
    assert "lost-port" not in {p.code for p in check_value(value).problems}
    value["model"]["edges"][2][0] = "projection.output_2"
    assert "lost-port" in {p.code for p in check_value(value).problems}


EVIL = "print('evil')"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({f"a={EVIL}, b": 1}, "unknown-param"),
        ({"a b": 1}, "unknown-param"),
        ({"class": 1}, "unknown-param"),
        ({"a": {"op": f"code:{EVIL}"}}, "lost-code"),
        ({"a": [{"b": {"op": f"code:{EVIL}"}}]}, "lost-code"),
        ({"a": {"op": "code:Projection", "params": {f"a={EVIL}, b": 1}}}, "unknown-param"),
        ({"a": {"op": f"keras.{EVIL}"}}, "unknown-op"),
        ({"a": {"op": "keras.layers.Dense", "params": {EVIL: 1, "units": 1}}}, "unknown-param"),
        ({"a": {"op": 3}}, "bad-param"),
        ({"a": {"$": EVIL}}, "bad-param"),
        ({"a": [{"$": EVIL}]}, "bad-param"),
    ],
    ids=str,
)
def test_a_parameter_that_would_get_into_the_script_as_code_is_refused(params, code) -> None:
    """Own layers take any keyword here (**kwargs): nothing but its form can be checked."""
    value = sample("custom_layer")
    node_of(value, "projection")["params"].update(params)
    assert [(p.code, p.node) for p in check_value(value).problems if p.severity == "error"] == [
        (code, "projection")
    ]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({f"a={EVIL}, b": 1}, "bad-id"),
        ({"class": 1}, "bad-id"),
        ({"a": {"$": EVIL}}, "bad-param"),
        ({"a": {"op": f"code:{EVIL}"}}, "lost-code"),
    ],
    ids=str,
)
def test_the_parameters_of_a_block_must_be_names_with_values(parameters, code) -> None:
    value = sample("blocks")
    value["blocks"]["residual"]["parameters"].update(parameters)
    assert (code, "block:residual") in {(p.code, p.graph) for p in check_value(value).problems}


def test_what_a_node_hands_to_a_block_is_looked_through_too() -> None:
    value = sample("blocks")
    body: dict[str, Any] = node_of(value, "body")
    name = next(iter(value["blocks"]["residual"]["parameters"]))
    body["params"] = {name: {"$": EVIL}}
    assert ("bad-param", "body") in {(p.code, p.node) for p in check_value(value).problems}
