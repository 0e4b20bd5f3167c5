"""keras.applications, layer by layer and edge by edge: the shapes and weights that Keras has."""

from __future__ import annotations

import json

import keras
import pytest
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from studio.graph.catalogue.registry import find
from studio.graph.checks import check
from studio.graph.document import Project
from studio.graph.importer import import_model
from studio.graph.problems import errors
from studio.graph.rule import Args
from studio.graph.spec import Result, Spec
from studio.graph.summary import summary

# One of each family that consists of Keras' own layers alone.
FAMILIES = ("MobileNet", "MobileNetV2", "ResNet50", "ResNet50V2", "DenseNet121", "EfficientNetB0")
FAMILIES += ("EfficientNetV2B0", "InceptionV3", "Xception", "NASNetMobile")


def profiled(model: keras.Model) -> int:
    """The FLOPs that TensorFlow's own profiler counts in one sample's inference."""
    spec = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32)
    function = tf.function(lambda x: model(x, training=False)).get_concrete_function(spec)
    frozen = convert_variables_to_constants_v2(function)
    builder = tf.compat.v1.profiler.ProfileOptionBuilder
    options = builder(builder.float_operation()).with_empty_output().build()
    return tf.compat.v1.profiler.profile(frozen.graph, options=options).total_float_ops


def as_one_node(name: str, shape: tuple[int | None, ...]) -> Result:
    """What Studio says of the same model as a single node."""
    op = find(f"keras.applications.{name}")
    return op.rule(Args(op.filled({"weights": None})), Spec(shape))


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", FAMILIES)
def test_every_layer_of(name: str) -> None:
    model = getattr(keras.applications, name)(weights=None)
    graph = import_model(json.loads(model.to_json())["config"])
    report = check(Project(model=graph))
    assert not errors(report.problems)
    shapes = report.shapes["model"]
    for layer, node in zip(model.layers, graph.nodes, strict=True):
        result = shapes.nodes[node]
        outputs = [tuple(each.shape) for each in keras.tree.flatten(layer.output)]
        assert [spec.shape for spec in result.outputs.values()] == outputs, layer.name
        weights = [(tuple(w.shape), w.trainable) for w in layer.weights]
        assert sorted((w.shape, w.trainable) for w in result.weights) == sorted(weights), layer.name
    totals = summary(Project(model=graph), shapes)["totals"]
    assert totals["params"] == model.count_params()
    assert totals["weight_bytes"] == 4 * model.count_params()
    assert totals["flops"] == pytest.approx(profiled(model), rel=0.02)
    one = as_one_node(name, model.input_shape)
    assert sum(weight.count for weight in one.weights) == totals["params"]
    assert one.flops == totals["flops"]
    keras.backend.clear_session()


# Those with layers or arithmetic of their own, which can't be taken apart into Keras' layers; and
# what the profiler leaves out of them: of ConvNeXt the 7 x 7 convolutions in as many groups as
# channels, for the numbers that its stages of 3, 3, 9 and 3 blocks put out.
OWN_LAYERS = {
    "MobileNetV3Small": 0,
    "ConvNeXtTiny": 2 * 7 * 7 * 96 * (3 * 24**2 + 3 * 12**2 * 2 + 9 * 6**2 * 4 + 3 * 3**2 * 8),
}


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", OWN_LAYERS)
def test_the_cost_of_one_node(name: str) -> None:
    model = getattr(keras.applications, name)(weights=None, input_shape=(96, 96, 3))
    one = as_one_node(name, model.input_shape)
    assert one.flops == pytest.approx(profiled(model) + OWN_LAYERS[name], rel=0.02)
    keras.backend.clear_session()
