"""A Keras model's own configuration becomes the graph it says, layer by layer."""

from __future__ import annotations

import pytest

from studio.graph.checks import check
from studio.graph.document import Code
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


def graph_of(config: dict) -> object:
    return import_model(config).model


def edges_of(graph: object) -> list[tuple[str, str]]:
    return [(edge.source, edge.target) for edge in graph.edges]


def operation(name: str, kind: str, config: dict, *calls: dict, module: str = "numpy") -> dict:
    return entry(name, kind, config, *calls) | {"module": f"keras.src.ops.{module}"}


def model(name: str, config: dict, *calls: dict) -> dict:
    kind = "Functional" if "input_layers" in config else "Sequential"
    return entry(name, kind, config, *calls) | {"module": "keras"}


def test_names_become_ids_and_defaults_are_left_out() -> None:
    dense = entry(
        "d", "Dense", {"units": 2, "use_bias": True, "kernel_initializer": GLOROT},
        call(tensor("in/1")),
    )  # fmt: skip
    graph = graph_of(functional(INPUT, dense, outputs=[["d", 0, 0]]))
    assert graph.nodes["in_1"].params == {"batch_shape": [None, 4, 3]}
    assert graph.nodes["d"].params == {"units": 2}
    assert edges_of(graph) == [("in_1", "d")]
    assert graph.outputs == ("d",)


def test_an_object_with_parameters_of_its_own_is_a_call() -> None:
    dense = entry("d", "Dense", {"units": 2, "kernel_initializer": HE}, call(tensor("in/1")))
    graph = graph_of(functional(INPUT, dense, outputs=["d", 0, 0]))
    made = {"op": "keras.initializers.HeNormal", "params": {"seed": 5}}
    assert graph.nodes["d"].params == {"units": 2, "kernel_initializer": made}


def test_a_layer_called_twice_is_shared() -> None:
    calls = (call(tensor("in/1")), call(tensor("d")))
    dense = entry("d", "Dense", {"units": 3}, *calls)
    graph = graph_of(functional(INPUT, dense, outputs=[["d", 1, 0]]))
    assert graph.nodes["d_"].shares == "d"
    assert graph.outputs == ("d_",)
    assert ("d", "d_") in edges_of(graph)


def test_lists_keep_their_order_and_further_tensors_their_port() -> None:
    lstm = entry("l", "LSTM", {"units": 2, "return_state": True}, call(tensor("in/1")))
    after = entry(
        "m", "LSTM", {"units": 2},
        call(tensor("in/1"), initial_state=[tensor("l", 0, 1), tensor("l", 0, 2)]),
    )  # fmt: skip
    graph = graph_of(functional(INPUT, lstm, after, outputs=[["m", 0, 0]]))
    assert edges_of(graph) == [
        ("in_1", "l.sequence"),
        ("in_1", "m.sequence"),
        ("l.state_h", "m.initial_state"),
        ("l.state_c", "m.initial_state"),
    ]


def test_a_name_that_is_a_word_of_python_gets_another_id() -> None:
    layer = entry("lambda", "ReLU", {}, call(tensor("in/1")))
    assert "lambda_" in graph_of(functional(INPUT, layer, outputs=["lambda", 0, 0])).nodes


def test_an_operation_is_the_function_it_calls_with_its_settings() -> None:
    mean = operation("mean", "Mean", {"axis": 1, "keepdims": False}, call(tensor("in/1")))
    crop = operation(
        "crop", "CropImages", {"top_cropping": 1}, call(tensor("in/1")), module="image"
    )
    graph = graph_of(functional(INPUT, mean, crop, outputs=[["mean", 0, 0], ["crop", 0, 0]]))
    assert graph.nodes["mean"].op == "keras.ops.mean"
    assert graph.nodes["mean"].params == {"axis": 1}
    assert graph.nodes["crop"].op == "keras.ops.image.crop_images"


@pytest.mark.parametrize(
    ("arguments", "params", "edges"),
    [
        (call(tensor("in/1"), 3.0), {"x2": 3.0}, [("in_1", "add.x1")]),
        (call(3.0, tensor("in/1")), {"x1": 3.0}, [("in_1", "add.x2")]),
        (call(tensor("in/1"), x2=2), {"x2": 2}, [("in_1", "add.x1")]),
        (call(tensor("in/1"), tensor("in/1")), {}, [("in_1", "add.x1"), ("in_1", "add.x2")]),
    ],
)
def test_a_number_in_the_place_of_a_tensor_is_a_parameter(arguments, params, edges) -> None:
    add = operation("add", "Add", {}, arguments)
    graph = graph_of(functional(INPUT, add, outputs=["add", 0, 0]))
    assert graph.nodes["add"].params == params
    assert edges_of(graph) == edges


def test_arguments_in_an_order_of_their_own_find_their_ports() -> None:
    update = operation(
        "put", "SliceUpdate", {}, call(tensor("in/1"), [0, 0, 0], tensor("in/1")), module="core"
    )
    many = operation(
        "sum", "Einsum", {"subscripts": "bij,bij->b"}, call(tensor("put"), tensor("in/1"))
    )
    graph = graph_of(functional(INPUT, update, many, outputs=["sum", 0, 0]))
    assert graph.nodes["put"].params == {"start_indices": [0, 0, 0]}
    assert edges_of(graph) == [
        ("in_1", "put.inputs"),
        ("in_1", "put.updates"),
        ("put", "sum"),
        ("in_1", "sum"),
    ]


SLICED = call(tensor("in/1"), [{"class_name": "__slice__", "config": {}}, 0])


def test_an_operation_called_twice_is_two_nodes() -> None:
    add = operation("add", "Add", {}, call(tensor("in/1"), 1.0), call(tensor("add"), 2.0))
    graph = graph_of(functional(INPUT, add, outputs=["add", 1, 0]))
    assert [node.params for node in graph.nodes.values()][1:] == [{"x2": 1.0}, {"x2": 2.0}]
    assert graph.nodes["add_"].op == "keras.ops.add"


def test_a_layer_may_call_one_that_stands_behind_it_in_the_file() -> None:
    dense = entry("d", "Dense", {"units": 3}, call(tensor("in/1")), call(tensor("l", 0, 1)))
    lstm = entry("l", "LSTM", {"units": 2, "return_state": True}, call(tensor("in/1")))
    graph = graph_of(functional(INPUT, dense, lstm, outputs=["d", 1, 0]))
    assert ("l.state_h", "d_") in edges_of(graph)


SEQUENCE = {
    "name": "stem",
    "layers": [
        {"class_name": "Dense", "module": "keras.layers", "config": {"name": "a", "units": 2}},
        {"class_name": "ReLU", "module": "keras.layers", "config": {"name": "b"}},
    ],
}


def test_a_sequential_model_is_a_chain_from_the_shape_it_was_built_on() -> None:
    project = import_model(SEQUENCE | {"build_input_shape": [None, 4]})
    graph = project.model
    assert project.name == "stem"
    assert graph.nodes["inputs"].params == {"batch_shape": [None, 4]}
    assert edges_of(graph) == [("inputs", "a"), ("a", "b")]
    assert graph.outputs == ("b",)
    assert not check(project).problems


def test_a_model_in_a_model_is_a_block() -> None:
    twice = (call(tensor("in/1")), call(tensor("stem")))
    project = import_model(
        functional(INPUT, model("stem", SEQUENCE, *twice), outputs=["stem", 1, 0])
    )
    assert project.model.nodes["stem"].op == "block:stem"
    assert project.model.nodes["stem_"].shares == "stem"
    block = project.blocks["stem"]
    assert block.inputs == ("inputs",)
    assert block.outputs == ("b",)
    assert block.nodes["inputs"].params == {}


def test_the_tensors_of_a_block_come_and_go_in_the_order_of_its_model() -> None:
    second = entry("in2", "InputLayer", {"batch_shape": [None, 4, 2]})
    lstm = entry("l", "LSTM", {"units": 2, "return_state": True}, call(tensor("in2")))
    flat = entry("f", "Flatten", {}, call(tensor("in/1")))
    inner = functional(INPUT, second, lstm, flat, outputs=[["f", 0, 0], ["l", 0, 1]]) | {
        "name": "two",
        "input_layers": [["in/1", 0, 0], ["in2", 0, 0]],
    }
    outer = functional(
        INPUT,
        entry("x", "InputLayer", {"batch_shape": [None, 4, 2]}),
        model("two", inner, call([tensor("in/1"), tensor("x")])),
        entry("r", "ReLU", {}, call(tensor("two", 0, 1))),
        outputs=[["r", 0, 0], ["two", 1, 0]],  # where Keras counts its calls from 1
    ) | {"input_layers": [["in/1", 0, 0], ["x", 0, 0]]}
    project = import_model(outer)
    assert project.blocks["two"].inputs == ("in_1", "in2")
    assert edges_of(project.model) == [
        ("in_1", "two.in_1"),
        ("x", "two.in2"),
        ("two.l_state_h", "r"),
    ]
    report = check(project)
    assert [p.code for p in report.problems] == []
    assert report.shapes["model"].at("r").shape == (None, 2)
    assert project.model.outputs == ("r", "two")


SCALE = """
class Scale(keras.layers.Layer):
    def __init__(self, by, **kwargs):
        super().__init__(**kwargs)
        self.by = by

    def build(self, input_shape):
        self.bias = self.add_weight(shape=(input_shape[-1],))

    def call(self, x):
        return x * self.by + self.bias

    def get_config(self):
        return {**super().get_config(), "by": self.by}
"""


def test_a_layer_of_ones_own_is_code_with_the_weights_it_declares() -> None:
    own = Code("layer", SCALE, output_shape="same", weights={"bias": ({"axis": -1},)})
    scale = entry("s", "Scale", {"trainable": True, "by": 0.5}, call(tensor("in/1")))
    config = functional(INPUT, scale | {"module": "mine"}, outputs=["s", 0, 0])
    project = import_model(config, {"Scale": own, "Other": own})
    assert project.model.nodes["s"].op == "code:Scale"
    assert project.model.nodes["s"].params == {"by": 0.5}
    assert list(project.code) == ["Scale"]
    report = check(project)
    assert not report.problems
    assert [w.shape for w in report.shapes["model"].nodes["s"].weights] == [(3,)]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "Functional or Sequential"),
        (SEQUENCE, "no input shape yet"),
        (functional(entry("own", "Own", {}), outputs=["own", 0, 0]), '"own" is keras.layers.Own'),
        (
            functional(INPUT, operation("f", "Function", {}), outputs=["f", 0, 0]),
            '"f" is keras.src.ops.numpy.Function',
        ),
        (
            functional(INPUT, operation("g", "GetItem", {}, SLICED), outputs=["g", 0, 0]),
            '"g" has a slice, which no parameter can be',
        ),
    ],
)
def test_what_cant_be_a_graph_is_refused_by_name(config: dict, words: str) -> None:
    with pytest.raises(StudioError, match=words):
        import_model(config)
