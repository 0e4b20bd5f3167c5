"""keras.ops.image: colours, sizes, patches and warps of images."""

from __future__ import annotations

from studio.graph.catalogue.types import (
    Bool,
    Choice,
    Either,
    Float,
    Int,
    ListOf,
    Shape,
)
from studio.graph.ops.ops_axes import FORMAT, listed, of_rank, replaced, tensor
from studio.graph.ops.ops_common import count, function, times
from studio.graph.ops.ops_nn import convolved
from studio.graph.ops.windows import channels_first
from studio.graph.rule import Args
from studio.graph.spec import FLOATS, Refused, Result, Spec, product, shape_text

_EACH = Either((Int(1), ListOf(Int(1))))


def _image(name: str, inputs: str = "images", **words):
    return function(f"ops.image.{name}", inputs=inputs, **words)


def _channels(p: Args, images: Spec, *allowed: int) -> int:
    """The axis of the channels, counted from the end; refused where they are others."""
    of_rank(images, 3, 4)
    axis = -3 if channels_first(p) else -1
    if images.shape[axis] not in (None, *allowed):
        wanted = " or ".join(map(str, allowed))
        raise Refused(
            f"needs images of {wanted} channels, but gets {images.shape[axis]}",
            "Look whether data_format says where the channels are.",
        )
    return axis


@_image("rgb_to_grayscale", data_format=FORMAT)
def rgb_to_grayscale(p: Args, images: Spec) -> Result:
    """(n, h, w, 3) -> (n, h, w, 1)."""
    axis = _channels(p, images, 1, 3)
    out = tensor(replaced(images.shape, axis, 1), images.dtype)
    return p.result(out, (), times(5, count(out.shape)))


@function("ops.image.rgb_to_hsv", "ops.image.hsv_to_rgb", inputs="images", data_format=FORMAT)
def colours(p: Args, images: Spec) -> Result:
    """(n, h, w, 3) -> (n, h, w, 3)."""
    _channels(p, images, 3)
    if images.dtype not in FLOATS:
        raise Refused(f"needs floats, but gets {images.dtype}", "Put keras.ops.cast before it.")
    return p.result(tensor(images.shape, images.dtype), (), times(5, count(images.shape)))


def _height_and_width(p: Args) -> tuple[int, int]:
    return (-2, -1) if channels_first(p) else (-3, -2)


def _resized(p: Args, images: Spec, height: int | None, width: int | None) -> Spec:
    row, column = _height_and_width(p)
    return tensor(replaced(replaced(images.shape, row, height), column, width), images.dtype)


_TAPS = {"nearest": 0, "bilinear": 8, "bicubic": 32, "area": 8, "lanczos3": 72, "lanczos5": 200}
"""Interpolation -> operations for each element that comes out."""


@_image(
    "resize",
    shown="size interpolation",
    size=ListOf(Int(1)),
    interpolation=Choice(tuple(_TAPS)),
    antialias=Bool(),
    crop_to_aspect_ratio=Bool(),
    pad_to_aspect_ratio=Bool(),
    fill_mode=Choice(("constant",)),
    fill_value=Float(),
    data_format=FORMAT,
)
def resize(p: Args, images: Spec) -> Result:
    """(n, h, w, c) -> (n, *size, c)."""
    if len(p.size) != 2:
        raise Refused(
            f"needs a height and a width, but size is {list(p.size)}", "Give size as [32, 32]."
        )
    of_rank(images, 3, 4)
    if p.crop_to_aspect_ratio and p.pad_to_aspect_ratio:
        raise Refused("can crop or pad to keep the aspect ratio, not both", "Choose one.")
    out = _resized(p, images, *p.size)
    return p.result(out, (), times(_TAPS[p.interpolation], count(out.shape)))


_SIDES = {
    f"{side}_{what}": Int(0)
    for what in ("padding", "cropping")
    for side in ("top", "left", "bottom", "right")
} | {"target_height": Int(0), "target_width": Int(0)}


def _two_of_three(p: Args, before: str, after: str, target: str) -> None:
    names = (before, after, target)
    missing = sum(getattr(p, name) is None for name in names)
    if missing != 1:
        raise Refused(
            f"needs exactly two of {', '.join(names)}, but has {3 - missing}",
            "The third follows from the other two.",
        )


def _sides(p: Args, images: Spec, what: str, sign: int) -> Result:
    """Images with more or less on their sides; two of (before, after, target) say how much."""
    of_rank(images, 3, 4)
    targets = []
    for axis, before, after, target in (
        (0, f"top_{what}", f"bottom_{what}", "target_height"),
        (1, f"left_{what}", f"right_{what}", "target_width"),
    ):
        _two_of_three(p, before, after, target)
        size = images.shape[_height_and_width(p)[axis]]
        first, second, wanted = (getattr(p, name) for name in (before, after, target))
        if size is None and wanted is None and sign < 0:
            raise Refused(
                f"needs {target} where that size of the images is unknown", f"Give {target}."
            )
        if wanted is None:
            wanted = None if size is None else size + sign * (first + second)
        elif size is not None:
            rest = sign * (wanted - size) - (second if first is None else first)
            if rest < 0:
                raise Refused(
                    f"can't make {target} {wanted} of {size}: {before if first is None else after} "
                    f"would be {rest}",
                    f"Choose another {target}.",
                )
        targets.append(wanted)
    return p.result(_resized(p, images, *targets))


def _of(what: str) -> dict:
    return {n: t for n, t in _SIDES.items() if n.endswith(what) or n.startswith("target")}


@_image("pad_images", shown="target_height target_width", data_format=FORMAT, **_of("padding"))
def pad_images(p: Args, images: Spec) -> Result:
    """(n, h, w, c) -> (n, top + h + bottom, left + w + right, c)."""
    return _sides(p, images, "padding", 1)


@_image("crop_images", shown="target_height target_width", data_format=FORMAT, **_of("cropping"))
def crop_images(p: Args, images: Spec) -> Result:
    """(n, h, w, c) -> (n, h - top - bottom, w - left - right, c)."""
    return _sides(p, images, "cropping", -1)


_PATCHES = {
    "size": _EACH,
    "strides": _EACH,
    "dilation_rate": _EACH,
    "padding": Choice(("valid", "same")),
    "data_format": FORMAT,
}


def _patches(p: Args, images: Spec, size: tuple[int, ...], strides: int | list[int]) -> Result:
    """(n, h, w, c) -> (n, h', w', values of a patch)."""
    axes = 3 if len(size) == 3 else 2
    if len(size) < axes:
        raise Refused(f"needs a size of {axes} numbers", "Give one for each axis of a patch.")
    # Other lengths than 3 are read as two sizes.
    size = size[:axes]
    of_rank(images, axes + 1, axes + 2)
    shape = images.shape if images.rank == axes + 2 else (1, *images.shape)
    first = channels_first(p)
    channels = shape[1] if first else shape[-1]
    if channels is None:
        raise Refused("needs to know the number of channels", "Give it in the Input's shape.")
    out = convolved(p, shape[2:] if first else shape[1:-1], size, strides)
    values = product((*size, channels))
    whole = (shape[0], values, *out) if first else (shape[0], *out, values)
    return p.result(tensor(whole if images.rank == axes + 2 else whole[1:], images.dtype))


@_image("extract_patches", shown="size strides padding", **_PATCHES)
def extract_patches(p: Args, images: Spec) -> Result:
    """(n, h, w, c) -> (n, h', w', size * size * c)."""
    if len(listed(p.size)) not in (2, 3) and not isinstance(p.size, int):
        raise Refused(f"needs a size of 2 or 3 numbers, not {len(p.size)}", "Give [8, 8].")
    size = (p.size,) * 2 if isinstance(p.size, int) else tuple(p.size)
    return _patches(p, images, size, p.size if p.strides is None else p.strides)


@_image("extract_patches_3d", "volumes", shown="size strides padding", **_PATCHES)
def extract_patches_3d(p: Args, volumes: Spec) -> Result:
    """(n, d, h, w, c) -> (n, d', h', w', size * size * size * c)."""
    size = (p.size,) * 3 if isinstance(p.size, int) else tuple(p.size)
    return _patches(p, volumes, size, list(size) if p.strides is None else p.strides)


_FILL = {
    "interpolation": Choice(("nearest", "bilinear")),
    "fill_mode": Choice(("constant", "nearest", "wrap", "reflect")),
    "fill_value": Float(),
    "data_format": FORMAT,
}


def _warped(p: Args, images: Spec, each: int) -> Result:
    """Images of the same shape, with some operations for each element."""
    of_rank(images, 3, 4)
    return p.result(tensor(images.shape, images.dtype), (), times(each, count(images.shape)))


@_image("affine_transform", "images transform", shown="interpolation fill_mode", **_FILL)
def affine_transform(p: Args, images: Spec, transform: Spec) -> Result:
    """(n, h, w, c) with (n, 8) numbers of a transform -> (n, h, w, c)."""
    of_rank(transform, 1, 2, what="the transform")
    return _warped(p, images, _TAPS[p.interpolation])


@_image(
    "perspective_transform",
    "images start_points end_points",
    shown="interpolation",
    **{name: kind for name, kind in _FILL.items() if name != "fill_mode"},
)
def perspective_transform(p: Args, images: Spec, start_points: Spec, end_points: Spec) -> Result:
    """(n, h, w, c) with the corners (n, 4, 2) before and after -> (n, h, w, c)."""
    for points in (start_points, end_points):
        if points.rank not in (2, 3) or points.shape[-2:] != (4, 2):
            raise Refused(
                f"needs 4 corners of 2 numbers each, not {shape_text(points.shape)}",
                "Give points of shape (4, 2), or (batch, 4, 2).",
            )
    if start_points.shape != end_points.shape:
        raise Refused("needs as many corners before as after", "Give both the same shape.")
    return _warped(p, images, _TAPS[p.interpolation])


@_image(
    "gaussian_blur",
    shown="kernel_size sigma",
    kernel_size=ListOf(Int(1)),
    sigma=ListOf(Float()),
    data_format=FORMAT,
)
def gaussian_blur(p: Args, images: Spec) -> Result:
    """(n, h, w, c) -> (n, h, w, c)."""
    return _warped(p, images, 2 * product(p.kernel_size))


@_image("elastic_transform", shown="alpha sigma", alpha=Float(), sigma=Float(), **_FILL)
def elastic_transform(p: Args, images: Spec) -> Result:
    """(n, h, w, c) -> (n, h, w, c), warped at random."""
    return _warped(p, images, _TAPS[p.interpolation])


@_image(
    "map_coordinates",
    "inputs coordinates",
    shown="order fill_mode",
    order=Choice((0, 1)),
    fill_value=Float(),
)
def map_coordinates(p: Args, inputs: Spec, coordinates: Spec) -> Result:
    """(h, w) with coordinates (2, a, b) -> (a, b)."""
    if coordinates.rank < 2 or coordinates.shape[0] != inputs.rank:
        raise Refused(
            f"needs {inputs.rank} coordinates for each point, but they have the shape "
            f"{shape_text(coordinates.shape)}",
            f"Give coordinates of shape ({inputs.rank}, ...).",
        )
    out = tensor(coordinates.shape[1:], inputs.dtype)
    return p.result(out, (), times(2**inputs.rank * 2 * p.order, count(out.shape)))


@_image(
    "scale_and_translate",
    "images scale translation",
    shown="output_shape method",
    output_shape=Shape(),
    spatial_dims=ListOf(Int()),
    antialias=Bool(),
)
def scale_and_translate(p: Args, images: Spec, scale: Spec, translation: Spec) -> Result:
    """Images in another shape, scaled and moved along spatial_dims."""
    out = tensor(p.output_shape, images.dtype)
    return p.result(out, (), times(8, count(out.shape)))


@_image("sobel_edges", data_format=FORMAT)
def sobel_edges(p: Args, images: Spec) -> Result:
    """(n, h, w, c) -> (n, h, w, c, 2): how much it changes downwards and to the right."""
    of_rank(images, 4)
    out = tensor((*images.shape, 2), images.dtype)
    return p.result(out, (), times(18, count(out.shape)))


@_image(
    "ssim",
    "image1 image2",
    shown="max_val filter_size",
    max_val=Float(),
    filter_size=Int(1),
    filter_sigma=Float(),
    k1=Float(),
    k2=Float(),
    data_format=FORMAT,
)
def ssim(p: Args, image1: Spec, image2: Spec) -> Result:
    """(n, h, w, c) and (n, h, w, c) -> (n,): how alike two images are."""
    for image in (image1, image2):
        of_rank(image, 3, 4)
    shape = image1.shape[:1] if image1.rank == 4 else ()
    # Five averages over a window for each pixel.
    flops = times(10 * p.filter_size**2, product(image1.shape[-3:]))
    return p.result(tensor(shape, image1.dtype), (), flops)
