"""Ready-made models as nodes: what they give, and why they refuse what Keras would."""

from __future__ import annotations

import subprocess
import sys

import pytest

from studio.graph.catalogue.registry import find, of_kind

from .rules import N, f32, layer, typed

MODELS = [op.path for op in of_kind("application")]
APP = "keras.applications."
NO_TOP = {"weights": None, "include_top": False}
FINE = {"include_top": False}


def test_every_model_has_a_rule_and_says_what_images_it_expects() -> None:
    assert len(MODELS) == 40
    for path in MODELS:
        op = find(path)
        assert op.rule is not None
        assert op.family == "applications"
        assert "expects" in op.help
        assert {"weights", "include_top", "pooling", "classes", "trainable"} <= set(op.params)
        assert not {"input_shape", "input_tensor", "name"} & set(op.params)


@pytest.mark.parametrize("path", MODELS)
def test_a_model_gives_classes_a_vector_or_a_feature_map(path) -> None:
    whole = layer(path, [f32(N, 96, 96, 3)], weights=None, classes=7)
    vector = layer(path, [f32(N, 96, 96, 3)], **NO_TOP, pooling="avg")
    features = layer(path, [f32(4, N, N, 3)], **NO_TOP)
    assert whole.output().shape == (N, 7)
    assert features.output().shape == (4, N, N, vector.output().shape[1])
    assert vector.flops > 10**6
    assert features.flops is None
    assert len({weight.name for weight in whole.weights}) == len(whole.weights)


@pytest.mark.parametrize("path", MODELS)
def test_a_frozen_model_has_the_same_weights_and_trains_none(path) -> None:
    free = layer(path, [f32(N, 80, 80, 3)], **NO_TOP)
    frozen = layer(path, [f32(N, 80, 80, 3)], **NO_TOP, trainable=False)
    assert [w.shape for w in free.weights] == [w.shape for w in frozen.weights]
    assert any(w.trainable for w in free.weights)
    assert not any(w.trainable for w in frozen.weights)


REFUSED = [
    ("ResNet50", f32(N, 31, 40, 3), NO_TOP, "at least 32 x 32"),
    ("InceptionV3", f32(N, 74, 99, 3), NO_TOP, "at least 75 x 75"),
    ("Xception", f32(N, 70, 99, 3), NO_TOP, "at least 71 x 71"),
    ("VGG16", f32(N, 64), NO_TOP, "expects images: 4 axes"),
    ("VGG16", f32(N, 64, 64, N), NO_TOP, "how many channels"),
    ("VGG16", typed("string", N, 64, 64, 3), NO_TOP, "text"),
    ("VGG16", f32(N, N, N, 3), {"weights": None}, "needs to know the size"),
    ("ResNet50", f32(N, 224, 224, 1), FINE, "3 channels, not 1"),
    ("ResNet50", f32(N, 224, 224, 3), {"classes": 10}, "1000 classes of ImageNet, not 10"),
    ("ResNet50", f32(N, 200, 200, 3), {}, "224 x 224"),
    ("MobileNet", f32(N, 150, 150, 3), {}, "128 x 128 or 160 x 160"),
    ("EfficientNetB3", f32(N, 224, 224, 3), {}, "300 x 300"),
    ("ResNet50", f32(N, 224, 224, 3), {"classifier_activation": "relu"}, "softmax or null"),
    ("MobileNet", f32(N, 128, 128, 3), FINE | {"alpha": 0.6}, "an alpha of 0.25, 0.5"),
    ("MobileNet", f32(N, 128, 128, 3), FINE | {"depth_multiplier": 2}, "depth_multiplier of 1"),
    ("MobileNetV2", f32(N, 96, 96, 3), FINE | {"alpha": 0.25}, "an alpha of 0.35"),
    ("MobileNetV3Small", f32(N, 96, 96, 3), FINE | {"alpha": 1}, "Write 1.0"),
    ("MobileNetV3Small", f32(N, 96, 96, 3), FINE | {"alpha": 0.75, "minimalistic": True}, "1.0"),
    ("NASNetMobile", f32(N, N, N, 3), FINE, "images of a known size"),
    ("MobileNet", f32(N, 64, 64, 3), NO_TOP | {"alpha": 0.01}, "without filters"),
    ("MobileNetV2", f32(N, 64, N, 3), NO_TOP, "only the height is known"),
    ("VGG16", f32(N, 64, 64, 3), NO_TOP | {"weights": "lost.h5"}, "no such file"),
    ("VGG16", f32(N, 64, 64, 3), NO_TOP | {"weights": ""}, "weights is"),
    ("VGG16", f32(N, 64, 64, 3), NO_TOP | {"pooling": "sum"}, 'null, "avg" or "max"'),
    ("VGG16", f32(N, 64, 64, 3), NO_TOP | {"name": "base"}, "no parameter"),
    ("VGG16", f32(N, 64, 64, 3), NO_TOP | {"input_shape": [64, 64, 3]}, "no parameter"),
]


@pytest.mark.parametrize(("name", "images", "params", "why"), REFUSED)
def test_a_model_refuses(name, images, params, why) -> None:
    said = layer(APP + name, [images], **params)
    assert isinstance(said, list)
    assert why in said[0], said


TAKEN = [
    ("ResNet50", f32(N, 224, 224, 3), {}),
    ("MobileNet", f32(N, 160, 160, 3), {"alpha": 0.5}),
    ("MobileNetV2", f32(N, 100, 50, 3), FINE | {"alpha": 1.4}),
    ("MobileNetV3Large", f32(N, 50, 60, 3), {}),
    ("EfficientNetV2L", f32(N, 480, 480, 3), {"classifier_activation": None}),
    ("ConvNeXtTiny", f32(N, N, 64, 3), FINE),
    (
        "ResNet50",
        f32(N, 224, 224, 3),
        {"classifier_activation": {"op": "keras.activations.softmax"}},
    ),
]


@pytest.mark.parametrize(("name", "images", "params"), TAKEN)
def test_a_model_takes_what_the_weights_of_imagenet_fit(name, images, params) -> None:
    assert not isinstance(layer(APP + name, [images], **params), list)


def test_weights_of_a_file_must_be_of_a_kind_that_keras_reads(tmp_path) -> None:
    for name, why in (("w.weights.h5", ""), ("w.keras", ""), ("w.npz", "can't read weights")):
        (tmp_path / name).write_bytes(b"x")
        params = NO_TOP | {"weights": str(tmp_path / name)}
        said = layer(f"{APP}VGG16", [f32(N, 64, 64, 3)], **params)
        assert why in said[0] if why else not isinstance(said, list)


def test_how_the_models_are_built_is_read_only_for_one_of_them() -> None:
    code = "import sys; from studio.graph.catalogue.registry import paths; paths();"
    code += "print([m for m in sys.modules if 'studio.graph.applications' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
