"""Image layers: resizing, cropping, evening out, every augmentation, and Pipeline."""

from __future__ import annotations

from typing import Any

from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe
from tests.conformance.recipes.features import common

Case = tuple[dict[str, Any], dict[str, Any]]
_FORMATS = ("channels_last", "channels_first")


def _image(draw: Draw, channels: tuple[int, ...] = (1, 3, 3, 4)) -> Spec:
    """Images in a batch, one image, or now and then something else."""
    rank = draw.one([4, 4, 4, 4, 3]) if not draw.odd() else draw.one([1, 2, 5])
    shape = [draw.batch(), *(draw.axis(2, 9) for _ in range(rank - 1))]
    shape[draw.one([-1, -1, -3 if rank > 2 else -1])] = draw.one(channels)
    return Spec(tuple(shape), draw.dtype(("uint8", "int32", "float16", "string", "bool")))


def _pair(draw: Draw, low: float, high: float) -> Any:
    """A number between two, or two of them; now and then wrong."""
    if draw.odd():
        beyond = draw.one([low - 0.5, high + 0.5])
        return draw.one([beyond, [beyond, high], [low, beyond], [beyond] * 2, [low], [low] * 3, []])
    values = [low, high, low + (high - low) / 4, low + (high - low) / 2]
    return draw.one([draw.one(values), [draw.one(values), draw.one(values)]])


def _value_range(draw: Draw) -> Any:
    """Some layers look at it only when they run: then any list of numbers is taken."""
    if draw.odd():
        return draw.one([[1], [0, 1, 2], []])
    return draw.one([[0, 1], [0, 255], [-1.0, 1.0], [1, 0]])


def _base(draw: Draw, path: str) -> dict[str, Any]:
    """Parameters that every image layer has."""
    params = draw.some({"data_format": draw.one(_FORMATS)}, 0.5)
    params |= draw.params(path, ["bounding_box_format"], 0.0)
    params |= draw.some({"bounding_box_format": "xyxy"}, 0.1)
    if draw.odd():
        params["data_format"] = "channels_middle"
    return params | common(draw, path)


def _seed(draw: Draw) -> dict[str, Any]:
    return draw.some({"seed": draw.one([0, 7, -3, None]) if not draw.odd() else 2**70}, 0.3)


_SIZES = ("Resizing", "CenterCrop", "RandomCrop")


@recipe(*(f"keras.layers.{name}" for name in _SIZES))
def sizes(draw: Draw, path: str) -> Case:
    params = _base(draw, path)
    for name in ("height", "width"):
        params[name] = draw.one([1, 4, 6, 12]) if not draw.odd() else draw.one([0, -1, 2.5, "3"])
    if draw.odd():
        del params["width"]
    if path.endswith("Resizing"):
        # Keras looks at these only when it runs.
        params |= draw.some(
            {
                "interpolation": draw.one(["bilinear", "nearest", "bicubic", "lanczos3"]),
                "crop_to_aspect_ratio": True,
                "pad_to_aspect_ratio": True,
                "fill_mode": "constant",
                "fill_value": 0.5,
                "antialias": True,
            },
            0.2,
        )
    if path.endswith("RandomCrop"):
        params |= _seed(draw)
    return params, {"inputs": _image(draw)}


@recipe(
    "keras.layers.AutoContrast",
    "keras.layers.ContrastLimitedAdaptiveHistogramEqualization",
    "keras.layers.Equalization",
    "keras.layers.MaxNumBoundingBoxes",
)
def steady(draw: Draw, path: str) -> Case:
    params = _base(draw, path)
    if path.endswith("MaxNumBoundingBoxes"):
        params |= {} if draw.odd() else {"max_number": draw.one([3, 10, 0, -1])}
        params |= draw.some({"fill_value": draw.one([-1, 0, 1.5])})
    else:
        params |= draw.some({"value_range": _value_range(draw)}, 0.4)
    if path.endswith("Equalization") and "Adaptive" not in path:
        params |= draw.some({"bins": draw.one([256, 16, 1, 0, -1])})
    elif "Adaptive" in path:
        params |= draw.some(
            {"clip_limit": draw.one([2, 4.5]), "tile_grid_size": draw.one([[4, 4], [2, 8]])}
        )
    return params, {"inputs": _image(draw)}


# The numbers or pairs that a layer takes, each with its bounds; * for one that must be given.
_FACTORS: dict[str, dict[str, tuple[float, float]]] = {
    "RandomBrightness": {"factor*": (-1, 1)},
    "RandomColorDegeneration": {"factor*": (-1, 1)},
    "RandomColorJitter": {
        "brightness_factor": (-1, 1),
        "contrast_factor": (0, 1),
        "saturation_factor": (-1, 1),
        "hue_factor": (0, 1),
    },
    "RandomContrast": {"factor*": (0, 1)},
    "RandomElasticTransform": {"factor": (0, 1), "scale": (0, 1)},
    "RandomErasing": {"factor": (0, 1), "scale": (0, 1)},
    "RandomFlip": {},
    "RandomGaussianBlur": {"factor": (0, 1), "sigma": (0, 1)},
    "RandomHue": {"factor*": (0, 1)},
    "RandomInvert": {"factor": (0, 1)},
    "RandomPerspective": {"factor": (0, 1)},
    "RandomPosterization": {"factor*": (1, 8)},
    "RandomRotation": {"factor*": (-1, 1)},
    "RandomSaturation": {"factor*": (-1, 1)},
    "RandomSharpness": {"factor*": (0, 1)},
    "RandomShear": {"x_factor": (0, 1), "y_factor": (0, 1)},
    "RandomTranslation": {"height_factor*": (-1, 1), "width_factor*": (-1, 1)},
    "RandomZoom": {"height_factor*": (-0.9, 1), "width_factor": (-0.9, 1)},
    "AugMix": {"factor": (0, 1)},
    "CutMix": {"factor": (0, 1)},
    "RandAugment": {"factor": (0, 1)},
    "Solarization": {"addition_factor": (0, 1), "threshold_factor": (0, 1)},
    "RandomGrayscale": {},
    "MixUp": {},
}


def _others(draw: Draw, name: str) -> dict[str, Any]:
    """What only one of the layers takes."""
    number = draw.one([-1, 0, 1, 3])
    own: dict[str, dict[str, Any]] = {
        "RandomFlip": {"mode": draw.one(["horizontal", "vertical", "horizontal_and_vertical"])},
        "RandomErasing": {"fill_value": draw.one([None, 0, 0.5, [0, 1]])},
        "RandomGaussianBlur": {"kernel_size": draw.one([1, 3, [3, 5], 5])},
        "RandomPerspective": {"scale": draw.one([0, 0.5, 1])},
        "RandomGrayscale": {"factor": draw.one([0, 0.5, 1])},
        "MixUp": {"alpha": draw.one([0.2, 1, -1])},
        "RandAugment": {"num_ops": number},
        "AugMix": {
            "num_chains": number,
            "chain_depth": number,
            "alpha": draw.one([0, 1.5]),
            "all_ops": draw.chance(0.5),
        },
    }
    wrong: dict[str, dict[str, Any]] = {
        "RandomGaussianBlur": {"kernel_size": draw.one([2, 0, [3, 4], [3], [], [3, 3, 3]])},
        "RandomPerspective": {"scale": draw.one([-0.1, 1.1, [0, 1]])},
        "RandomGrayscale": {"factor": draw.one([-0.1, 1.1, [0, 1]])},
        "RandomZoom": {"height_factor": draw.one([-1, [-1, 0], [0, -1.0]])},
    }
    chosen = draw.some(own.get(name, {}), 0.4)
    return chosen | wrong.get(name, {}) if draw.odd() else chosen


@recipe(*(f"keras.layers.{name}" for name in _FACTORS))
def augmentation(draw: Draw, path: str) -> Case:
    name = path.rpartition(".")[2]
    params = _base(draw, path) | _seed(draw) | _others(draw, name)
    for factor, (low, high) in _FACTORS[name].items():
        if draw.chance(0.95 if factor.endswith("*") else 0.5):
            params.setdefault(factor.rstrip("*"), _pair(draw, low, high))
    known = {"value_range", "interpolation", "fill_mode", "fill_value"} & _parameters(path)
    if "value_range" in known:
        params |= draw.some({"value_range": _value_range(draw)}, 0.3)
    if "interpolation" in known:
        params |= draw.params(path, ["interpolation"], 0.3)
    if "fill_mode" in known:
        params |= draw.params(path, ["fill_mode"], 0.3)
    if "fill_value" in known and name != "RandomErasing":
        params |= draw.some({"fill_value": draw.one([0, 1.5])}, 0.2)
    return params, {"inputs": _image(draw, (3, 3, 3, 3, 1))}


def _parameters(path: str) -> set[str]:
    from studio.graph.catalogue.registry import find

    op = find(path)
    assert op is not None
    return set(op.params)


@recipe("keras.layers.Pipeline")
def pipeline(draw: Draw, path: str) -> Case:
    """Layers that keep to their shapes when they run; Keras runs them all here."""

    def layer(name: str, **params: Any) -> dict[str, Any]:
        return {"op": f"keras.layers.{name}", "params": params}

    kinds = [
        lambda: layer("Rescaling", scale=draw.one([2, 0.5]), offset=1),
        lambda: layer("Resizing", height=draw.size(1, 6), width=draw.size(1, 6)),
        lambda: layer("RandomFlip", mode=draw.one(["horizontal", "vertical"])),
        lambda: layer("RandomRotation", factor=_pair(draw, -1, 1)),
        lambda: layer("RandomZoom", height_factor=_pair(draw, -0.9, 1)),
        lambda: layer("RandomBrightness", factor=_pair(draw, -1, 1)),
        lambda: layer("RandomContrast", factor=_pair(draw, 0, 1)),
        lambda: layer("RandomCrop", height=2, width=2),
        lambda: layer("CenterCrop", height=draw.size(1, 6), width=draw.size(1, 6)),
        lambda: layer(draw.one(["RandomErasing", "CutMix", "MixUp", "AutoContrast"])),
        lambda: layer("RandomTranslation", height_factor=0.1, width_factor=_pair(draw, -1, 1)),
        lambda: layer("Normalization", mean=0.0, variance=1.0),
        lambda: layer("Normalization"),
        lambda: layer("Dense", units=3),
        lambda: layer("Flatten"),
    ]
    params = {"layers": [draw.one(kinds)() for _ in range(draw.size(1, 3))]}
    if draw.odd():
        params = draw.one([{"layers": []}, {"layers": "text"}, {}])
    rank = 4 if not draw.odd() else draw.one([1, 2, 3, 5])
    sizes = [draw.axis(2, 9, 0.15) for _ in range(rank - 2)]
    shape = (None, *sizes, 3) if rank > 1 else (None,)
    return params, {"inputs": Spec(shape, draw.one(["float32", "float32", "uint8"]))}
