"""The models of keras.applications, each as one node.

Here stands what they take; how each is put together, in studio/graph/applications,
is read only when one is inferred.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import import_module
from typing import Any

from msgspec import Struct

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Bool, Choice, Either, Float, Int, OneCall, Path, or_null
from studio.graph.document import is_call
from studio.graph.ops.numbers import numbers
from studio.graph.problems import one_of, quoted
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec
from studio.graph.tables import existing

_SAVED = (".keras", ".h5", ".hdf5")


class _Model(Struct, frozen=True):
    """What Keras asks of a model's images and parameters before it builds it."""

    family: str
    """The module of studio/graph/applications that puts it together."""
    pixels: str
    size: int = 224
    """Height and width of the images that the whole model was trained on."""
    least: int = 32
    sizes: tuple[int, ...] = ()
    """Further ones for which there are trained weights."""
    alphas: tuple[float, ...] = ()
    """The alphas for which there are trained weights."""


_MINUS_ONE = "pixels from -1 to 1"
_BYTES = "pixels from 0 to 255"
_BLUE = "the channels blue, green, red, each less its mean (103.939, 116.779, 123.68)"
_STANDARD = "pixels from 0 to 1, less ImageNet's means and divided by its deviations"
_OR_LESS = f"{_BYTES}, or without include_preprocessing {_MINUS_ONE}"
_EFFICIENT = (224, 240, 260, 300, 380, 456, 528, 600)

_MODELS = {
    "MobileNet": _Model(
        "mobilenet", _MINUS_ONE, sizes=(128, 160, 192), alphas=(0.25, 0.5, 0.75, 1.0)
    ),
    "MobileNetV2": _Model(
        "mobilenet", _MINUS_ONE, sizes=(96, 128, 160, 192), alphas=(0.35, 0.5, 0.75, 1.0, 1.3, 1.4)
    ),
    **dict.fromkeys(
        ("MobileNetV3Small", "MobileNetV3Large"),
        _Model("mobilenet", _OR_LESS, alphas=(0.75, 1.0)),
    ),
    **dict.fromkeys(("VGG16", "VGG19"), _Model("vgg", _BLUE)),
    **dict.fromkeys(("ResNet50", "ResNet101", "ResNet152"), _Model("resnet", _BLUE)),
    **dict.fromkeys(("ResNet50V2", "ResNet101V2", "ResNet152V2"), _Model("resnet", _MINUS_ONE)),
    **{f"DenseNet{depth}": _Model("densenet", _STANDARD) for depth in (121, 169, 201)},
    "InceptionV3": _Model("inception", _MINUS_ONE, 299, 75),
    "InceptionResNetV2": _Model("inception", _MINUS_ONE, 299, 75),
    "Xception": _Model("xception", _MINUS_ONE, 299, 71),
    "NASNetMobile": _Model("nasnet", _MINUS_ONE),
    "NASNetLarge": _Model("nasnet", _MINUS_ONE, 331),
    **{
        f"EfficientNetB{number}": _Model("efficientnet", _BYTES, size)
        for number, size in enumerate(_EFFICIENT)
    },
    **{
        f"EfficientNetV2{name}": _Model("efficientnet", _OR_LESS, size)
        for name, size in zip(
            ("B0", "B1", "B2", "B3", "S", "M", "L"), (*_EFFICIENT[:4], 384, 480, 480), strict=True
        )
    },
    **{
        f"ConvNeXt{name}": _Model("convnext", _BYTES)
        for name in ("Tiny", "Small", "Base", "Large", "XLarge")
    },
}


def _admit(name: str, p: Args, x: Spec) -> None:
    """Refuses images and parameters that Keras doesn't build this model for."""
    model = _MODELS[name]
    numbers(x)
    if x.rank != 4:
        raise Refused(
            "expects images: 4 axes (batch, height, width, channels)",
            "Give the Input a shape such as [224, 224, 3].",
        )
    height, width, channels = x.shape[1:]
    if channels is None:
        raise Refused("needs to know how many channels its images have", "Give that axis a size.")
    known = [size for size in (height, width) if size is not None]
    v3 = name.startswith("MobileNetV3")  # which alone asks no more than what follows of its images
    if known and min(known) < model.least and (len(known) == 2 or not v3):
        raise Refused(
            f"takes images of at least {model.least} x {model.least} pixels",
            "Make them larger, with the Input's shape or keras.layers.Resizing.",
        )
    if p.include_top and len(known) < 2 and not v3:
        raise Refused(
            "needs to know the size of its images to end with its own classes",
            "Give the Input's shape a height and a width, or set include_top to false.",
        )
    if p.weights == "imagenet":
        _trained(name, p, x)
    elif p.weights is not None:
        existing(p.weights, p.folder)
        if not p.weights.endswith(_SAVED):
            raise Refused(
                f"can't read weights from {quoted(p.weights)}",
                f"Give a file that ends in {one_of(_SAVED)}.",
            )
    if p.include_top and p.weights is not None and not _softmax(p.classifier_activation):
        raise Refused(
            "with trained weights has softmax or null as its classifier_activation",
            'Set it to "softmax", or include_top to false.',
        )


def _trained(name: str, p: Args, x: Spec) -> None:
    """Refuses what the weights of ImageNet don't fit."""
    model, (height, width, channels) = _MODELS[name], x.shape[1:]
    if channels != 3:
        raise Refused(
            f"was trained on images of 3 channels, not {channels}",
            "Give it colour images, or set weights to null.",
        )
    if p.include_top and p.classes != 1000:
        raise Refused(
            f"was trained on the 1000 classes of ImageNet, not {p.classes}",
            "Set include_top to false and put a Dense of your own behind it, or weights to null.",
        )
    sizes = (*model.sizes, model.size)
    v3 = name.startswith("MobileNetV3")
    if p.include_top and not v3 and (height != width or height not in sizes):
        raise Refused(
            "with its top takes the images that it was trained on, "
            f"{' or '.join(f'{size} x {size}' for size in sizes)}",
            "Resize them, or set include_top to false.",
        )
    if model.family == "nasnet" and None in (height, width):
        raise Refused("has its trained weights only for images of a known size")
    if name == "MobileNet" and p.depth_multiplier != 1:
        raise Refused("was trained with a depth_multiplier of 1", "Leave it out.")
    alphas = (1.0,) if v3 and p.minimalistic else model.alphas
    if alphas and p.alpha not in alphas:
        raise Refused(f"was trained with an alpha of {one_of(alphas)}", "Choose one of these.")
    if v3 and isinstance(p.alpha, int):  # Keras makes the file's name of it
        raise Refused("was trained with an alpha of 1.0", "Write 1.0, with its point.")


def _softmax(activation: Any) -> bool:
    """Whether an activation is softmax, or none."""
    name = activation["op"] if is_call(activation) else f"keras.activations.{activation}"
    return name in ("keras.activations.softmax", "keras.activations.linear") or activation is None


@lru_cache(maxsize=64)
def _built(name: str, params: str, policy: str, shape: tuple[int | None, ...]) -> Result:
    """The model put together for images of a shape; an edit elsewhere doesn't do it again."""
    module = import_module(f"studio.graph.applications.{_MODELS[name].family}")
    p = Args(json.loads(params), policy)
    net = import_module("studio.graph.applications.net").Net(p.trains, policy)
    out = module.MODELS[name](net, p, Spec(shape))
    return Result((out,), tuple(net.weights), net.flops)


def _rule(name: str):
    def rule(p: Args, x: Spec) -> Result:
        """(batch, height, width, channels) -> classes, pooled channels or a feature map."""
        _admit(name, p, x)
        params = {key: getattr(p, key, None) for key in _READ}
        return _built(name, json.dumps(params), p.policy, x.shape)

    return rule


# The parameters on which it hangs how a model is put together.
_READ = ("include_top", "weights", "pooling", "classes", "classifier_activation", "trainable")
_READ += ("alpha", "depth_multiplier", "minimalistic", "include_preprocessing")

_WEIGHTS = Param(
    "weights",
    Either((Choice((None, "imagenet")), Path(empty=False))),
    "imagenet",
    "imagenet: those trained on ImageNet, which Keras downloads when the script first runs and "
    "keeps in ~/.keras; null: random ones; or the path of a weights file of the same model.",
)
_TRAINABLE = Param(
    "trainable",
    Bool(),
    True,
    "Whether training changes its weights. Frozen, its normalisation keeps what it has measured.",
)
_OWN = {
    "alpha": Float(),
    "classes": Int(1),
    "classifier_activation": or_null(OneCall(("activation", "layer", "function", "code"))),
    "depth_multiplier": Int(1),
    "dropout": Float(min=0, max=1),
    "dropout_rate": Float(min=0, max=1),
    "pooling": Choice((None, "avg", "max")),
}

for _name, _model in _MODELS.items():
    _alike = {"mobilenet": ("alpha",)}.get(_model.family, ())
    if _name == "MobileNet":
        _alike += ("depth_multiplier", "dropout")
    elif _name.startswith("MobileNetV3"):
        _alike += ("dropout_rate",)
    describe(
        f"keras.applications.{_name}",
        family="applications",
        inputs="inputs",
        shown="weights include_top pooling trainable",
        help=f"The {_name} model, whole or without its top. It expects {_model.pixels}.",
        params=(_WEIGHTS, _TRAINABLE),
        **{key: _OWN[key] for key in ("pooling", "classes", "classifier_activation", *_alike)},
    )(_rule(_name))
