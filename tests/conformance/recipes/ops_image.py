"""keras.ops.image."""

from __future__ import annotations

from typing import Any

from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe
from tests.conformance.recipes.ops_nn import each, window_params
from tests.conformance.recipes.ops_shape import DTYPES, Drawn, like, maybe, spec


def images(draw: Draw, params: dict[str, Any], *channels: int | None, high: int = 9) -> Spec:
    """One image or several."""
    shape = list(spec(draw, draw.one([3, 4, 4]), high=high).shape)
    at = -3 if params.get("data_format") == "channels_first" else -1
    if len(shape) >= -at and channels and not draw.odd():
        shape[at] = draw.one(channels)
    return Spec(tuple(shape), draw.dtype(DTYPES))


@recipe(*(f"keras.ops.image.{name}" for name in ("rgb_to_grayscale", "rgb_to_hsv", "hsv_to_rgb")))
def colours(draw: Draw, path: str) -> Drawn:
    params = draw.params(path, ["data_format"], 0.5)
    return params, {"images": images(draw, params, 3, 3, None, 1)}


@recipe("keras.ops.image.resize")
def resize(draw: Draw, path: str) -> Drawn:
    size: Any = [draw.size(1, 12), draw.size(1, 12)]
    if draw.odd():
        size = draw.one([[4], [0, 3], [3, -1], 5, [1, 2, 3]])
    params = {"size": size}
    names = ("antialias", "crop_to_aspect_ratio", "pad_to_aspect_ratio", "data_format")
    params |= draw.params(path, names, 0.3)
    params |= maybe(draw, "interpolation", draw.one(["nearest", "bilinear", "bicubic"]), 0.3)
    params |= maybe(draw, "fill_value", 1.5, 0.2) | maybe(draw, "fill_mode", "constant", 0.2)
    return params, {"images": images(draw, params, 3)}


@recipe("keras.ops.image.pad_images", "keras.ops.image.crop_images")
def sides(draw: Draw, path: str) -> Drawn:
    what = "padding" if "pad" in path else "cropping"
    params = draw.params(path, ["data_format"])
    for target, before, after in (("height", "top", "bottom"), ("width", "left", "right")):
        given = {
            f"target_{target}": draw.size(6, 14) if what == "padding" else draw.size(0, 6),
            f"{before}_{what}": draw.size(0, 3),
            f"{after}_{what}": draw.size(0, 3),
        }
        if not draw.odd():
            del given[draw.one(list(given))]
        if draw.odd():
            given[draw.one(list(given))] = draw.one([-1, None])
        params |= given
    return params, {"images": images(draw, params)}


@recipe("keras.ops.image.extract_patches", "keras.ops.image.extract_patches_3d")
def patches(draw: Draw, path: str) -> Drawn:
    rank = 3 if path.endswith("3d") else draw.one([2, 2, 3])
    params = window_params(draw, path, rank)
    params["size"] = each(draw, rank)
    return params, {
        "volumes" if path.endswith("3d") else "images": spec(
            draw, rank + draw.one([1, 2, 2]), 0.7, high=9
        )
    }


def _warp(draw: Draw, path: str, fill: bool = True) -> dict[str, Any]:
    params = draw.params(path, ["data_format"], 0.3)
    params |= maybe(draw, "interpolation", draw.one(["nearest", "bilinear"]), 0.3)
    modes = ["constant", "nearest", "wrap", "reflect"]
    params |= maybe(draw, "fill_mode", draw.one(modes), 0.3) if fill else {}
    return params | maybe(draw, "fill_value", draw.one([0, 0.5]), 0.3)


@recipe("keras.ops.image.affine_transform")
def affine_transform(draw: Draw, path: str) -> Drawn:
    params = _warp(draw, path)
    transform = spec(draw, draw.one([1, 2, 2]) if not draw.odd() else draw.one([0, 3]))
    return params, {"images": images(draw, params), "transform": transform}


@recipe("keras.ops.image.perspective_transform")
def perspective_transform(draw: Draw, path: str) -> Drawn:
    params = _warp(draw, path, False)
    points = Spec((4, 2) if draw.chance(0.3) else (draw.batch(), 4, 2))
    return params, {
        "images": images(draw, params),
        "start_points": like(draw, points, 0.03),
        "end_points": like(draw, points, 0.03),
    }


@recipe("keras.ops.image.gaussian_blur", "keras.ops.image.elastic_transform")
def blurs(draw: Draw, path: str) -> Drawn:
    if path.endswith("elastic_transform"):
        params = _warp(draw, path) | draw.params(path, ["alpha", "sigma", "seed"], 0.3)
    else:
        params = draw.params(path, ["data_format"], 0.4)
        params |= maybe(draw, "kernel_size", [draw.size(1, 5), 3], 0.5)
        params |= maybe(draw, "sigma", [0.5, 1], 0.5)
    return params, {"images": images(draw, params)}


@recipe("keras.ops.image.map_coordinates")
def map_coordinates(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.size(1, 3))
    coordinates = list(spec(draw, draw.size(1, 3)).shape)
    if not draw.odd():
        coordinates[0] = x.rank
    if draw.odd():
        coordinates = []
    modes = ["constant", "nearest", "wrap", "mirror", "reflect"]
    params = {"order": draw.size(0, 1)} | maybe(draw, "fill_mode", draw.one(modes), 0.4)
    params |= maybe(draw, "fill_value", 0.5, 0.3)
    return params, {"inputs": x, "coordinates": Spec(tuple(coordinates))}


@recipe("keras.ops.image.scale_and_translate")
def scale_and_translate(draw: Draw, path: str) -> Drawn:
    x = spec(draw, 4)
    shape = [draw.axis(1, 9, 0.1) for _ in range(4)]
    if draw.odd():
        shape[0] = -1
    params = {"output_shape": shape, "spatial_dims": [1, 2], "method": "linear"}
    return params | draw.params(path, ["antialias"]), {
        "images": x,
        "scale": spec(draw, 1),
        "translation": spec(draw, 1),
    }


@recipe("keras.ops.image.sobel_edges")
def sobel_edges(draw: Draw, path: str) -> Drawn:
    params = draw.params(path, ["data_format"])
    return params, {"images": images(draw, params)}


@recipe("keras.ops.image.ssim")
def ssim(draw: Draw, path: str) -> Drawn:
    params = draw.params(path, ["data_format"], 0.3)
    params |= maybe(draw, "filter_size", draw.size(1, 11), 0.4)
    params |= draw.some({"max_val": 255, "filter_sigma": 1.0, "k1": 0.02, "k2": 0.02}, 0.2)
    first = images(draw, params)
    return params, {"image1": first, "image2": like(draw, first)}
