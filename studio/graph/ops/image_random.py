"""Images changed by chance while training; outside of it they pass unchanged."""

from __future__ import annotations

from collections.abc import Callable

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Choice, Either, Float, Int, ListOf, Type
from studio.graph.ops.image import NUMBER_OR_PAIR, VALUE_RANGE, seeded, two_values
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec

Check = Callable[[Args], None]


def _pair(name: str, low: float, high: float, *, above: bool = False, each: bool = True) -> Check:
    """Refuses a factor that isn't a number from low to high, or a list of two.

    `above` leaves out the lower end. Without `each` a list is only refused
    where nothing of it lies within the bounds, as Keras does it for some.
    """

    def outside(value: float) -> bool:
        return value > high or value < low or (above and value == low)

    def check(p: Args) -> None:
        value = getattr(p, name)
        listed = isinstance(value, (list, tuple))
        if listed and len(value) != 2:
            raise Refused(
                f"takes one number or two as {name}, and has {len(value)}",
                "Give one number, or a lowest and a highest one.",
            )
        if listed and not each:
            wrong = value[0] > high or value[1] < low
        else:
            wrong = any(map(outside, value if listed else [value]))
        if wrong:
            raise Refused(
                f"has {value} as {name}, which is not {'above' if above else 'from'} {low:g} "
                f"{'up ' * above}to {high:g}",
                f"Choose {name} between {low:g} and {high:g}.",
            )

    return check


def _given(name: str, *checks: Check) -> Check:
    """The checks, where a parameter is given."""

    def check(p: Args) -> None:
        if getattr(p, name) is not None:
            for each in checks:
                each(p)

    return check


def _nothing_is_zero(check: Check) -> Check:
    """The check of a factor, of which an empty list stands for 0."""
    return lambda p: check(p) if p.factor != [] else None


def _odd_kernel(p: Args) -> None:
    listed = isinstance(p.kernel_size, (list, tuple))
    sizes = p.kernel_size if listed else [p.kernel_size]
    if listed and len(sizes) != 2:
        raise Refused(
            f"takes one number or two as kernel_size, and has {len(sizes)}",
            "Give one number, or the height and the width.",
        )
    if any(size % 2 == 0 for size in sizes):
        raise Refused("has an even kernel_size, which has no middle", "Choose an odd number.")


def _three_channels(p: Args, x: Spec) -> None:
    if x.rank not in (3, 4):
        raise Refused(
            "changes an image (3 axes) or a batch of them (4 axes)",
            "Give the Input the shape of an image, such as [28, 28, 3].",
        )
    channels = x.shape[-3 if p.data_format == "channels_first" else -1]
    if channels not in (3, None):
        raise Refused(
            f"changes images of 3 channels (red, green, blue), not {channels}",
            "Give it colour images, or set data_format.",
        )


def _augmentation(
    *names: str,
    checks: tuple[Check, ...] = (),
    shown: str = "factor",
    of_input: Callable[[Args, Spec], None] | None = None,
    keeps_dtype: bool = False,
    **types: Type,
) -> None:
    """Describes layers that leave the shape of their images as it is."""

    def rule(p: Args, x: Spec) -> Result:
        """Images of the same shape, changed while training only."""
        seeded(p)
        for check in checks:
            check(p)
        if of_input is not None:
            of_input(p, x)
        return p.result(x if keeps_dtype else Spec(x.shape, p.compute_dtype))

    paths = [f"keras.layers.{name}" for name in names]
    describe(*paths, family="image augmentation", shown=shown, seed=Int(), **types)(rule)


def _loose(name: str, low: float, high: float) -> Check:
    return _pair(name, low, high, each=False)


_FACTOR: dict[str, Type] = {"factor": NUMBER_OR_PAIR}
_RANGE: dict[str, Type] = {"value_range": VALUE_RANGE}
_FILL: dict[str, Type] = {"fill_value": Float()}
_SMOOTH = Choice(("nearest", "bilinear"))
_UNIT = _loose("factor", 0, 1)

_augmentation(
    "RandomBrightness",
    checks=(_nothing_is_zero(_loose("factor", -1, 1)), two_values),
    **_FACTOR,
    **_RANGE,
)
_augmentation(
    "RandomColorDegeneration",
    checks=(_loose("factor", -1, 1), two_values),
    of_input=_three_channels,
    **_FACTOR,
    **_RANGE,
)
_augmentation("RandomSaturation", checks=(_loose("factor", -1, 1), two_values), **_FACTOR, **_RANGE)
_augmentation("RandomSharpness", checks=(_UNIT, two_values), **_FACTOR, **_RANGE)
_augmentation(
    "RandomPosterization", checks=(_loose("factor", 1, 8), two_values), **_FACTOR, **_RANGE
)
_augmentation("RandomContrast", "RandomHue", "RandomInvert", checks=(_UNIT,), **_FACTOR, **_RANGE)
_augmentation(
    "RandomColorJitter",
    checks=(
        _given("brightness_factor", _loose("brightness_factor", -1, 1), two_values),
        _given("contrast_factor", _loose("contrast_factor", 0, 1)),
        _given("saturation_factor", _loose("saturation_factor", -1, 1), two_values),
        _given("hue_factor", _loose("hue_factor", 0, 1)),
    ),
    shown="brightness_factor contrast_factor hue_factor",
    brightness_factor=NUMBER_OR_PAIR,
    contrast_factor=NUMBER_OR_PAIR,
    saturation_factor=NUMBER_OR_PAIR,
    hue_factor=NUMBER_OR_PAIR,
    **_RANGE,
)
_augmentation("RandomGrayscale", keeps_dtype=True, factor=Float(min=0, max=1))
_augmentation(
    "RandomGaussianBlur",
    checks=(_UNIT, _odd_kernel, _loose("sigma", 0, 1)),
    shown="factor kernel_size",
    kernel_size=Either((Int(), ListOf(Int()))),
    sigma=NUMBER_OR_PAIR,
    **_FACTOR,
    **_RANGE,
)
_augmentation(
    "RandomErasing",
    checks=(_UNIT, _loose("scale", 0, 1)),
    shown="factor scale",
    scale=NUMBER_OR_PAIR,
    fill_value=NUMBER_OR_PAIR,
    **_FACTOR,
    **_RANGE,
)
_augmentation(
    "RandomElasticTransform",
    checks=(_UNIT, _loose("scale", 0, 1)),
    shown="factor scale",
    scale=NUMBER_OR_PAIR,
    fill_mode=Choice(("constant", "nearest", "wrap", "mirror", "reflect")),
    **_FACTOR,
    **_RANGE,
    **_FILL,
)
_augmentation(
    "RandomPerspective",
    checks=(_UNIT,),
    shown="factor scale",
    scale=Float(min=0, max=1),
    **_FACTOR,
    **_FILL,
)
_augmentation("RandomFlip", shown="mode")
_augmentation(
    "RandomRotation", checks=(_nothing_is_zero(_loose("factor", -1, 1)),), **_FACTOR, **_FILL
)
_augmentation(
    "RandomShear",
    checks=(_pair("x_factor", 0, 1), _pair("y_factor", 0, 1)),
    shown="x_factor y_factor",
    x_factor=NUMBER_OR_PAIR,
    y_factor=NUMBER_OR_PAIR,
    **_FILL,
)
_SIDES: dict[str, Type] = {"height_factor": NUMBER_OR_PAIR, "width_factor": NUMBER_OR_PAIR}
_augmentation(
    "RandomTranslation",
    checks=(_pair("height_factor", -1, 1), _pair("width_factor", -1, 1)),
    shown="height_factor width_factor",
    **_SIDES,
    **_FILL,
)
_augmentation(
    "RandomZoom",
    checks=(
        _pair("height_factor", -1, 1, above=True),
        _given("width_factor", _pair("width_factor", -1, 1, above=True)),
    ),
    shown="height_factor width_factor",
    **_SIDES,
    **_FILL,
)
_augmentation(
    "Solarization",
    checks=(_pair("addition_factor", 0, 1), _pair("threshold_factor", 0, 1), two_values),
    shown="addition_factor threshold_factor",
    addition_factor=NUMBER_OR_PAIR,
    threshold_factor=NUMBER_OR_PAIR,
    **_RANGE,
)
_augmentation("CutMix", checks=(_UNIT,), **_FACTOR)
_augmentation("MixUp", shown="alpha", alpha=Float())
# Both are made of the other layers, which look at each of two factors.
_MADE: dict[str, Type] = {**_FACTOR, **_RANGE, "interpolation": _SMOOTH}
_augmentation(
    "RandAugment",
    checks=(_pair("factor", 0, 1), two_values),
    shown="num_ops factor",
    num_ops=Int(),
    **_MADE,
)
_augmentation(
    "AugMix",
    checks=(_pair("factor", 0, 1), two_values),
    shown="num_chains chain_depth factor",
    num_chains=Int(),
    chain_depth=Int(),
    **_MADE,
)
