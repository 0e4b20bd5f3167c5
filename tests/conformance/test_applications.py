"""keras.applications, layer by layer and edge by edge: what Keras has, and the same when rebuilt.

One of each family; `make applications` takes all of them.
"""

from __future__ import annotations

import keras
import pytest
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from studio.graph.checks import check
from studio.graph.problems import errors
from studio.graph.summary import summary
from tests.conformance.applications import build, differences, project_of, same_when_rebuilt

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


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", [*FAMILIES, *UNPROFILED])
def test_every_layer_of(name: str) -> None:
    model = build(name)
    project = project_of(model)
    report = check(project)
    assert not errors(report.problems)
    assert not differences(model, project, report.shapes["model"])
    if name in FAMILIES:
        flops = summary(project, report.shapes["model"])["totals"]["flops"]
        assert flops == pytest.approx(profiled(model), rel=0.02)
    keras.backend.clear_session()


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", [*FAMILIES, *UNPROFILED])
def test_the_same_bits_from_the_scripts_of(name: str) -> None:
    styles = ["functional", "subclass"]
    assert same_when_rebuilt(name) == (["sequential", *styles] if name in CHAINS else styles)
    keras.backend.clear_session()
