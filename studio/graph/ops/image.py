"""Images cut, resized and evened out: the layers that do the same to every image."""

from __future__ import annotations

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Choice, Either, Float, Int, ListOf, Type
from studio.graph.ops.windows import CHANNELS
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Shape, Spec, product

NUMBER_OR_PAIR: Type = Either((Float(), ListOf(Float())))
VALUE_RANGE: Type = ListOf(Float())


def seeded(p: Args) -> None:
    """Refused where the seed doesn't fit into the 64 bits that hold it."""
    if p.seed is not None and not -(2**63) <= p.seed < 2**63:
        raise Refused("has a seed that doesn't fit into 64 bits", "Choose a smaller one.")


def two_values(p: Args) -> None:
    """Refused where value_range isn't a lowest and a highest value."""
    if len(p.value_range) != 2:
        raise Refused(
            f"needs a lowest and a highest value as value_range, and has {len(p.value_range)}",
            "Give two numbers, such as [0, 255].",
        )


def an_element(x: Spec, cost: int) -> int | None:
    """The FLOPs at so many an element of a sample."""
    count = product(x.shape[1:])
    return None if count is None else cost * count


def _resized(p: Args, x: Spec, height: int) -> Shape:
    """The shape with two axes, the height's given, in the sizes that are asked for."""
    if not -x.rank <= height < x.rank - 1:
        raise Refused(
            "changes height and width, which its input doesn't have",
            "Give the Input the shape of an image, such as [28, 28, 1].",
        )
    shape = list(x.shape)
    shape[height], shape[height + 1] = p.height, p.width
    return tuple(shape)


def _height(p: Args, x: Spec) -> int:
    """The height's axis; an input of 4 axes is a batch of images, any other an image."""
    return (x.rank == 4) + (p.data_format == "channels_first")


# How many pixels each new one is mixed from.
_MIXED = {"nearest": 0, "bilinear": 4, "bicubic": 16, "lanczos3": 36, "lanczos5": 100}
_SIZES: dict[str, Type] = {"height": Int(0), "width": Int(0), "data_format": CHANNELS}


@describe(
    "keras.layers.Resizing",
    family="image preprocessing",
    shown="height width interpolation",
    fill_mode=Choice(("constant",)),
    fill_value=Float(),
    **_SIZES,
)
def resizing(p: Args, x: Spec) -> Result:
    """(batch, height, width, channels) in another height and width."""
    out = Spec(_resized(p, x, _height(p, x)), p.compute_dtype)
    return p.result(out, (), an_element(out, 2 * _MIXED[p.interpolation]))


@describe("keras.layers.CenterCrop", family="image preprocessing", shown="height width", **_SIZES)
def center_crop(p: Args, x: Spec) -> Result:
    """The middle of each image, (batch, height, width, channels)."""
    if x.rank not in (3, 4):
        raise Refused(
            "cuts an image (3 axes) or a batch of them (4 axes)",
            "Give the Input the shape of an image, such as [28, 28, 1].",
        )
    return p.result(Spec(_resized(p, x, _height(p, x)), p.compute_dtype))


@describe(
    "keras.layers.RandomCrop",
    family="image preprocessing",
    shown="height width",
    seed=Int(),
    **_SIZES,
)
def random_crop(p: Args, x: Spec) -> Result:
    """A part of each image by chance, (batch, height, width, channels)."""
    seeded(p)
    height = -2 if p.data_format == "channels_first" else -3
    return p.result(Spec(_resized(p, x, height), p.compute_dtype))


@describe(
    "keras.layers.MaxNumBoundingBoxes",
    family="image preprocessing",
    shown="max_number",
    max_number=Int(),
    fill_value=Float(),
)
def max_num_bounding_boxes(p: Args, x: Spec) -> Result:
    """The images as they are; only bounding boxes beside them would change."""
    return p.result(Spec(x.shape, p.compute_dtype))


@describe("keras.layers.AutoContrast", family="image preprocessing", value_range=VALUE_RANGE)
def auto_contrast(p: Args, x: Spec) -> Result:
    """Each image with its values stretched over the whole range."""
    two_values(p)
    # The lowest and the highest value; then a product, a sum and two bounds an element.
    return p.result(Spec(x.shape, p.compute_dtype), (), an_element(x, 6))


@describe(
    "keras.layers.ContrastLimitedAdaptiveHistogramEqualization",
    family="image preprocessing",
    shown="clip_limit tile_grid_size",
    value_range=VALUE_RANGE,
    clip_limit=Float(),
    tile_grid_size=Either((Int(), ListOf(Int()))),
)
def clahe(p: Args, x: Spec) -> Result:
    """Each image with its contrast evened out tile by tile."""
    # Counted into a histogram, then mixed from the four tiles around.
    return p.result(Spec(x.shape, p.compute_dtype), (), an_element(x, 1 + 2 * 4))


@describe(
    "keras.layers.Equalization",
    family="image preprocessing",
    shown="bins",
    value_range=VALUE_RANGE,
    bins=Int(),
)
def equalization(p: Args, x: Spec) -> Result:
    """Each image with its values spread evenly, while training; in the dtype it came in."""
    two_values(p)
    return p.result(x)
