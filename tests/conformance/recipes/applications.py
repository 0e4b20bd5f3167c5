"""The models of keras.applications: whole, pooled or bare, on images that mostly fit."""

from __future__ import annotations

from typing import Any

from studio.graph.catalogue.registry import find, of_kind
from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe

LEAST = {"InceptionV3": 75, "InceptionResNetV2": 75, "Xception": 71}


def _sizes(draw: Draw, least: int) -> tuple[int | None, ...]:
    """Height and width: mostly alike and large enough."""
    if draw.odd():
        return draw.one([(least - 1, least), (least, 5), (1, 1)])
    if draw.chance(0.12):
        return draw.one([(None, None), (None, None), (None, least), (least, None), (None, 9)])
    height = draw.size(least, least + 48)
    return height, height if draw.chance(0.6) else draw.size(least, least + 48)


def _images(draw: Draw, path: str) -> Spec:
    name = path.rpartition(".")[2]
    channels = draw.one((3, 3, 3, 1, 4)) if not draw.chance(0.03) else None
    shape = (draw.batch(), *_sizes(draw, LEAST.get(name, 32)), channels)
    if draw.odd():
        shape = draw.one([shape[:3], (*shape, 3), shape[:2]])
    return Spec(shape, draw.dtype(("float16", "int32", "uint8", "float64")))


def _imagenet(draw: Draw, path: str, images: Spec) -> tuple[dict[str, Any], Spec]:
    """Trained weights where Keras refuses them, before it would download them."""
    wrong = draw.size(0, 3)
    params: dict[str, Any] = {"weights": "imagenet"}
    if wrong == 0:
        return params | {"classes": 10}, images
    if wrong == 1:
        params |= {"classifier_activation": draw.one(["relu", "sigmoid"])}
        return params, Spec((None, 224, 224, 1))
    if wrong == 2:
        return params | {"include_top": False}, Spec((None, 224, 224, draw.one((1, 4))))
    return params, Spec((None, 225, 225, 3))


@recipe(*(op.path for op in of_kind("application")))
def application(draw: Draw, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    images, op = _images(draw, path), find(path)
    # MobileNetV3 looks at the images only when it reads the weights.
    if draw.chance(0.06) and "MobileNetV3" not in path:
        params, images = _imagenet(draw, path, images)
        return params, {"inputs": images}
    params = {"weights": None, "include_top": draw.chance(0.4)}
    params |= draw.some({"pooling": draw.one(["avg", "max", None]), "classes": draw.size(1, 20)})
    params |= draw.some({"trainable": draw.chance(0.5)}, 0.3)
    if "alpha" in op.params and draw.chance(0.6):
        params["alpha"] = draw.one([0.25, 0.35, 0.5, 0.75, 1, 1.3, 1.4, 2.0])
        if draw.odd():
            params["alpha"] = draw.one([0, 0.01, -0.5])
    if "depth_multiplier" in op.params and draw.chance(0.3):
        params["depth_multiplier"] = draw.one([0, -1]) if draw.odd() else draw.size(1, 3)
    flags = [name for name in ("minimalistic", "include_preprocessing") if name in op.params]
    params |= draw.some({name: draw.chance(0.5) for name in flags}, 0.6)
    if params["include_top"]:
        params |= draw.some({"classifier_activation": draw.activation}, 0.4)
        rates = [name for name in ("dropout", "dropout_rate") if name in op.params]
        params |= draw.some({name: draw.one([0, 0.3, 0.9, 1.5]) for name in rates}, 0.3)
        if draw.odd():
            params["classes"] = draw.one([0, -3, 2.5, "3"])
    if draw.chance(0.04):
        params["weights"] = draw.one(["lost.weights.h5", "imagenot"])
    return params, {"inputs": images}
