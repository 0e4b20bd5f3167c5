"""Functions for tf.data.Dataset.map on images: sizes, standards, and random changes."""

from __future__ import annotations

import struct
from typing import Any

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.types import Bool, Choice, Int, ListOf, OneCall, Text, or_null
from studio.graph.elements import Elements, features
from studio.graph.functions import function
from studio.graph.ops.map_numbers import numeric, on_features
from studio.graph.problems import nearest, one_of, quoted
from studio.graph.rule import Args, apply
from studio.graph.spec import Refused, Spec

_METHODS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian")
_HEIGHT = Param("height", Int(1), help="Rows of pixels.")
_WIDTH = Param("width", Int(1), help="Columns of pixels.")


def _image(spec: Spec, does: str) -> None:
    numeric(spec, does)
    if spec.rank not in (3, 4) or spec.ragged:
        raise Refused(
            f"{does} images of (height, width, channels), or batches of them, but gets {spec}",
            "Give the images an axis of channels, with studio.map.add_channel.",
        )


@function(
    "map",
    "resize",
    "height width",
    "Images in another size.",
    _HEIGHT,
    _WIDTH,
    Param("method", Choice(_METHODS), "bilinear", "How pixels between pixels are found."),
    Param("preserve_aspect_ratio", Bool(), False, "Keep the ratio of the sides: fits into it."),
    Param("antialias", Bool(), False, "Smooth what becomes smaller."),
)
def resize(p: Args, dataset: Elements) -> Any:
    """(..., height, width, channels), float32 save for the method nearest."""

    def change(spec: Spec) -> Spec:
        _image(spec, "resizes")
        size = (p.height, p.width)
        if p.preserve_aspect_ratio:
            size = _inside(size, spec.shape[-3:-1])
        dtype = spec.dtype if p.method == "nearest" else "float32"
        return Spec((*spec.shape[:-3], *size, spec.shape[-1]), dtype)

    return on_features(dataset, change)


def _inside(size: tuple[int, int], now: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """The largest size of the same ratio that goes into another; counted in float32, as TF does."""
    if None in now or 0 in now:
        return (None, None)
    scale = min(_float32(wanted / own) for wanted, own in zip(size, now, strict=True))
    return tuple(round(_float32(scale * own)) for own in now)


def _float32(number: float) -> float:
    return struct.unpack("f", struct.pack("f", number))[0]


@function(
    "map",
    "decode_image",
    "height width",
    "Images out of the bytes of their files: PNG, JPEG, GIF or BMP, as records have them.",
    Param("height", or_null(Int(1)), None, "Rows of pixels that all are brought to."),
    Param("width", or_null(Int(1)), None, "Columns of pixels; null leaves sizes as they are."),
    Param("channels", Choice((1, 3, 4)), 3, "1 for gray, 3 for colours, 4 with transparency."),
    Param("feature", Text(empty=False), None, "Which of several features; null for the only one."),
)
def decode_image(p: Args, dataset: Elements) -> Any:
    """Pixels from 0 to 255: float32 of one size, or uint8 of any."""
    if (p.height is None) != (p.width is None):
        raise Refused("has only one of height and width", "Give both, or leave out both.")
    given = features(dataset.structure)
    if isinstance(given, dict) and p.feature is None and len(given) == 1:
        raise Refused("gets features by name", f"Set feature to {quoted(next(iter(given)))}.")
    found = chosen(given, p.feature)
    if not isinstance(found, Spec) or found.dtype != "string" or found.shape:
        raise Refused(
            f"decodes the bytes of one image, but gets {found}",
            "It goes before the batch; of several features, name one in feature.",
        )
    size = (None, None) if p.height is None else (p.height, p.width)
    image = Spec((*size, p.channels), "uint8" if p.height is None else "float32")
    changed = image if p.feature is None else given | {p.feature: image}
    if isinstance(dataset.structure, tuple):
        return (changed, *dataset.structure[1:])
    return changed


def chosen(given: Any, feature: str | None) -> Any:
    """The features, or that of a name; Refused where there is none of it."""
    if feature is None:
        return given
    if not isinstance(given, dict) or feature not in given:
        there = nearest(feature, given) if isinstance(given, dict) else "Leave feature out."
        raise Refused(
            f"decodes the feature {quoted(feature)}, which there isn't",
            there or f"There are {one_of(given)}.",
        )
    return given[feature]


@function("map", "center_crop", "height width", "The middle of images.", _HEIGHT, _WIDTH)
def center_crop(p: Args, dataset: Elements) -> Any:
    """(..., height, width, channels)."""

    def change(spec: Spec) -> Spec:
        _image(spec, "crops")
        rows, columns = spec.shape[-3:-1]
        if None in (rows, columns):
            raise Refused(f"crops images of one size, but gets {spec}", "Resize them first.")
        if rows < p.height or columns < p.width:
            raise Refused(
                f"cuts {p.height} x {p.width} out of images of {rows} x {columns}",
                "Make height and width smaller.",
            )
        return spec.with_shape((*spec.shape[:-3], p.height, p.width, spec.shape[-1]))

    return on_features(dataset, change)


@function("map", "standardise_image", "", "Each image with mean 0 and deviation 1.")
def standardise_image(p: Args, dataset: Elements) -> Any:
    """Images as float32."""

    def change(spec: Spec) -> Spec:
        _image(spec, "standardises")
        return spec.with_dtype("float32" if spec.dtype != "float16" else "float16")

    return on_features(dataset, change)


@function("map", "add_channel", "", "An axis of one channel behind the others.")
def add_channel(p: Args, dataset: Elements) -> Any:
    """(..., 1)."""
    return on_features(dataset, lambda spec: Spec((*spec.shape, 1), spec.dtype, spec.ragged))


@function(
    "map",
    "augment",
    "layers",
    "Images changed at random by layers of Keras (RandomFlip, RandomRotation, ...), for training.",
    Param("layers", ListOf(OneCall(("layer",), names=False), empty=False), help="The layers."),
)
def augment(p: Args, dataset: Elements) -> Any:
    """What the layers make of a batch of images, one behind the other."""

    def change(spec: Spec) -> Spec:
        _image(spec, "changes")
        single = spec.rank == 3
        found = Spec((None, *spec.shape), spec.dtype) if single else spec
        for layer in p.layers:
            found = apply(layer, [found]).outputs[0]
        return found.with_shape(found.shape[1:]) if single else found

    return on_features(dataset, change)
