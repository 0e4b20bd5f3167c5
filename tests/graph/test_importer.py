"""A Keras model's own configuration becomes the graph it says, layer by layer."""

from __future__ import annotations

import pytest

from studio.graph.importer import import_model
from studio.graph.problems import StudioError


def tensor(layer: str, call: int = 0, index: int = 0) -> dict:
    history = [layer, call, index]
    return {"class_name": "__keras_tensor__", "config": {"keras_history": history}}


def entry(name: str, kind: str, config: dict, *calls: dict) -> dict:
    return {
        "module": "keras.layers",
        "class_name": kind,
        "config": {"name": name, **config},
        "name": name,
        "inbound_nodes": list(calls),
    }


def call(*args: object, **kwargs: object) -> dict:
    return {"args": list(args), "kwargs": kwargs}


INPUT = entry("in/1", "InputLayer", {"batch_shape": [None, 4, 3], "dtype": "float32"})
GLOROT = {"module": "keras.initializers", "class_name": "GlorotUniform", "config": {"seed": None}}
HE = {"module": "keras.initializers", "class_name": "HeNormal", "config": {"seed": 5}}


def functional(*layers: dict, outputs: object) -> dict:
    return {"layers": list(layers), "input_layers": ["in/1", 0, 0], "output_layers": outputs}


def test_names_become_ids_and_defaults_are_left_out() -> None:
    dense = entry(
        "d", "Dense", {"units": 2, "use_bias": True, "kernel_initializer": GLOROT},
        call(tensor("in/1")),
    )  # fmt: skip
    graph = import_model(functional(INPUT, dense, outputs=[["d", 0, 0]]))
    assert graph.nodes["in_1"].params == {"batch_shape": [None, 4, 3]}
    assert graph.nodes["d"].params == {"units": 2}
    assert [(edge.source, edge.target) for edge in graph.edges] == [("in_1", "d.inputs")]
    assert graph.outputs == ("d",)


def test_an_object_with_parameters_of_its_own_is_a_call() -> None:
    dense = entry("d", "Dense", {"units": 2, "kernel_initializer": HE}, call(tensor("in/1")))
    graph = import_model(functional(INPUT, dense, outputs=["d", 0, 0]))
    made = {"op": "keras.initializers.HeNormal", "params": {"seed": 5}}
    assert graph.nodes["d"].params == {"units": 2, "kernel_initializer": made}


def test_a_layer_called_twice_is_shared() -> None:
    calls = (call(tensor("in/1")), call(tensor("d")))
    dense = entry("d", "Dense", {"units": 3}, *calls)
    graph = import_model(functional(INPUT, dense, outputs=[["d", 1, 0]]))
    assert graph.nodes["d_"].shares == "d"
    assert graph.outputs == ("d_",)
    assert ("d", "d_.inputs") in {(edge.source, edge.target) for edge in graph.edges}


def test_lists_keep_their_order_and_further_tensors_their_port() -> None:
    lstm = entry("l", "LSTM", {"units": 2, "return_state": True}, call(tensor("in/1")))
    after = entry(
        "m", "LSTM", {"units": 2},
        call(tensor("in/1"), initial_state=[tensor("l", 0, 1), tensor("l", 0, 2)]),
    )  # fmt: skip
    graph = import_model(functional(INPUT, lstm, after, outputs=[["m", 0, 0]]))
    assert [(edge.source, edge.target) for edge in graph.edges] == [
        ("in_1", "l.sequence"),
        ("in_1", "m.sequence"),
        ("l.state_h", "m.initial_state"),
        ("l.state_c", "m.initial_state"),
    ]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "Functional or Sequential"),
        (functional(entry("own", "Own", {}), outputs=["own", 0, 0]), '"own" is keras.layers.Own'),
    ],
)
def test_what_cant_be_a_graph_is_refused_by_name(config: dict, words: str) -> None:
    with pytest.raises(StudioError, match=words):
        import_model(config)
