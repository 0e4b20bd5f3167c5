"""Calls written as data -> the expression a person would write."""

from __future__ import annotations

from typing import Any

import pytest

from studio.codegen.calls import call_expr
from studio.codegen.layout import flat
from studio.codegen.literal import text
from studio.codegen.source import RESERVED, Source, variable
from studio.graph.problems import StudioError

from .projects import call

ADAM = call("keras.optimizers.Adam", learning_rate=0.01)
DECAY = call(
    "keras.optimizers.schedules.CosineDecay", decay_steps=100, initial_learning_rate=0.1
)  # fmt: skip


def written(op: str, **params: Any) -> str:
    """The source of a call, on one line."""
    return flat(call_expr(Source(), op, params))


@pytest.mark.parametrize(
    ("op", "params", "source"),
    [
        ("keras.layers.Flatten", {}, "keras.layers.Flatten()"),
        ("keras.layers.Dense", {"units": 64}, "keras.layers.Dense(64)"),
        (
            "keras.layers.Dense",
            {"activation": "relu", "units": 64},
            'keras.layers.Dense(64, activation="relu")',
        ),
        (
            "keras.layers.Conv2D",
            {"kernel_size": [3, 5], "filters": 8, "strides": 2},
            "keras.layers.Conv2D(8, (3, 5), strides=2)",
        ),
        (
            "keras.layers.Embedding",
            {"output_dim": 4, "input_dim": 100},
            "keras.layers.Embedding(100, 4)",
        ),
        ("keras.Input", {"shape": [8, 8, 1]}, "keras.Input(shape=(8, 8, 1))"),
        ("keras.Input", {"shape": [4]}, "keras.Input(shape=(4,))"),
        ("keras.Input", {"shape": []}, "keras.Input(shape=())"),
        ("keras.Input", {"shape": [None, 3]}, "keras.Input(shape=(None, 3))"),
        ("keras.optimizers.Adam", ADAM["params"], "keras.optimizers.Adam(learning_rate=0.01)"),
        (
            "keras.optimizers.SGD",
            {"momentum": 0.9, "learning_rate": DECAY},
            "keras.optimizers.SGD(learning_rate=keras.optimizers.schedules.CosineDecay(0.1, 100), "
            "momentum=0.9)",
        ),
        (
            "keras.layers.Dense",
            {"units": 1, "kernel_initializer": call("keras.initializers.HeNormal")},
            "keras.layers.Dense(1, kernel_initializer=keras.initializers.HeNormal())",
        ),
        (
            "keras.layers.StringLookup",
            {"vocabulary": ["it's", 'a "b"'], "output_mode": "one_hot"},
            """keras.layers.StringLookup(vocabulary=["it's", 'a "b"'], output_mode="one_hot")""",
        ),
    ],
)
def test_a_call_is_written_as_in_keras_own_examples(
    op: str, params: dict[str, Any], source: str
) -> None:
    assert written(op, **params) == source


def test_arguments_stand_in_the_order_of_the_signature_not_of_the_project() -> None:
    params = {"use_bias": False, "activation": "relu", "units": 3}
    backwards = dict(reversed(params.items()))
    assert written("keras.layers.Dense", **params) == written("keras.layers.Dense", **backwards)


@pytest.mark.parametrize(
    ("own", "source"),
    [
        ({}, 'keras.layers.Flatten(name="flat")'),
        ({"name": None}, 'keras.layers.Flatten(name="flat")'),
        ({"name": "own"}, 'keras.layers.Flatten(name="own")'),
    ],
)
def test_a_name_is_given_where_the_call_has_none(own: dict[str, Any], source: str) -> None:
    assert flat(call_expr(Source(), "keras.layers.Flatten", own, text("flat"))) == source


def test_an_activation_without_arguments_is_named_not_called() -> None:
    activation = call("keras.activations.relu")
    assert written("keras.layers.Dense", units=1, activation=activation) == (
        "keras.layers.Dense(1, activation=keras.activations.relu)"
    )


def test_calls_inside_lists_are_written_as_calls() -> None:
    cells = [call("keras.layers.LSTMCell", units=2), call("keras.layers.GRUCell", units=3)]
    assert written("keras.layers.StackedRNNCells", cells=cells) == (
        "keras.layers.StackedRNNCells([keras.layers.LSTMCell(2), keras.layers.GRUCell(3)])"
    )


def test_a_call_needs_the_module_it_begins_with() -> None:
    source = Source()
    call_expr(source, "keras.layers.Flatten", {})
    assert source.needs == {"keras"}


def test_an_unknown_op_is_refused_with_a_sentence() -> None:
    with pytest.raises(StudioError, match=r'^There is no op "keras\.layers\.Dens"\.$'):
        written("keras.layers.Dens")


@pytest.mark.parametrize("name", ["input", "l", "tf", "np", "_", "model", "SEED", "HERE"])
def test_a_variable_takes_no_name_that_is_reserved(name: str) -> None:
    assert name in RESERVED
    assert variable(name, set()) not in RESERVED


def test_each_variable_takes_a_name_of_its_own() -> None:
    taken: set[str] = set()
    names = [variable(name, taken) for name in ("a", "a", "a_", "input", "input_", "input")]
    assert len(set(names)) == len(names)
    assert taken == set(names)
