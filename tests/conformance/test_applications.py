"""keras.applications, layer by layer and edge by edge: what Keras has, and the same when rebuilt.

One of each family, and of these some in `make test`; `make applications` takes all there are.
"""

from __future__ import annotations

from typing import Any

import keras
import pytest
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from studio.graph.catalogue.registry import find
from studio.graph.checks import check
from studio.graph.problems import errors
from studio.graph.rule import Args
from studio.graph.spec import Result, Spec
from studio.graph.summary import summary
from tests.conformance.applications import build, differences, project_of, same_when_rebuilt
from tests.conftest import slow

FAMILIES = ("MobileNet", "MobileNetV2", "ResNet50", "ResNet50V2", "DenseNet121", "EfficientNetB0")
FAMILIES += ("EfficientNetV2B0", "InceptionV3", "Xception", "NASNetMobile")
# With layers of their own, whose FLOPs nobody declares.
OWN_LAYERS = ("ConvNeXtTiny", "InceptionResNetV2")
UNPROFILED = ("VGG16", "MobileNetV3Small", *OWN_LAYERS)
CHAINS = ("VGG16", "MobileNet")


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


# A chain, squeezed channels, sums, scaled inputs, layers of their own.
LOOKED_INTO = ("MobileNet", "MobileNetV3Small", "ResNet50V2", "EfficientNetB0", "ConvNeXtTiny")
REBUILT = ("MobileNet", "MobileNetV3Small", "ConvNeXtTiny")


def some(*names: str) -> list[Any]:
    """All names of models; those that are not among these take long."""
    return [*names, *slow(*[name for name in (*FAMILIES, *UNPROFILED) if name not in names])]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", some(*LOOKED_INTO))
def test_every_layer_of(name: str) -> None:
    model = build(name)
    project = project_of(model)
    report = check(project)
    assert not errors(report.problems)
    assert not differences(model, project, report.shapes["model"])
    one = as_one_node(name, model.input_shape)
    assert sum(weight.count for weight in one.weights) == model.count_params()
    if name in FAMILIES:
        flops = summary(project, report.shapes["model"])["totals"]["flops"]
        assert flops == pytest.approx(profiled(model), rel=0.02)
        assert one.flops == flops
    keras.backend.clear_session()


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", some(*REBUILT))
def test_the_same_bits_from_the_scripts_of(name: str) -> None:
    styles = ["functional", "subclass"]
    assert same_when_rebuilt(name) == (["sequential", *styles] if name in CHAINS else styles)
    keras.backend.clear_session()


# What the profiler leaves out: of ConvNeXt the 7 x 7 convolutions in as many groups as
# channels, for the numbers that its stages of 3, 3, 9 and 3 blocks put out.
NOT_COUNTED = {
    "MobileNetV3Small": 0,
    "ConvNeXtTiny": 2 * 7 * 7 * 96 * (3 * 24**2 + 3 * 12**2 * 2 + 9 * 6**2 * 4 + 3 * 3**2 * 8),
}


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", ["MobileNetV3Small", *slow("ConvNeXtTiny")])
def test_the_cost_of_one_node(name: str) -> None:
    model = getattr(keras.applications, name)(weights=None, input_shape=(96, 96, 3))
    one = as_one_node(name, model.input_shape)
    assert one.flops == pytest.approx(profiled(model) + NOT_COUNTED[name], rel=0.02)
    keras.backend.clear_session()
