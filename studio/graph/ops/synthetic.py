"""Random data, to try a model or to measure with."""

from __future__ import annotations

import math

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Choice, Float, Int, Shape
from studio.graph.elements import Elements
from studio.graph.rule import Args
from studio.graph.spec import FLOATS, Refused, Spec

_DTYPES = ("float16", "float32", "float64", "uint8", "int32", "int64")


@describe(
    "studio.data.synthetic",
    kind="source",
    family="source",
    inputs="",
    shown="count shape",
    help="Random rows of any number, with a label that can be learnt from them; none is kept.",
    params=[
        Param("count", Int(1, 2**40), 1000, "How many rows."),
        Param("shape", Shape(unknown=False, min=1), [10], "The shape of a row's features."),
        Param("dtype", Choice(_DTYPES), "float32", "The dtype of the features."),
        Param(
            "distribution",
            Choice(("normal", "uniform")),
            "normal",
            "Normal with a mean of 0 and a deviation of 1, or uniform from minval up to maxval.",
        ),
        Param("minval", Float(), 0, "The smallest feature, if uniform."),
        Param("maxval", Float(), 1, "Below it are the features, if uniform."),
        Param(
            "label",
            Choice(("number", "class", None)),
            "number",
            "A weighted sum of the features, the class whose sum is the largest, or null for none.",
        ),
        Param("classes", Int(2), 2, "How many classes there are, if the label is one."),
        Param("noise", Float(min=0), 0.1, "The deviation of what is added to each sum."),
        Param("seed", Int(0, 2**31 - 1), None, "Seed; null follows the training's seed."),
    ],
)
def synthetic(p: Args) -> Elements:
    """As many elements as are asked for: (features, label), or the features alone."""
    if math.prod(p.shape) > 2**24:
        raise Refused(
            f"makes rows of {math.prod(p.shape):,} numbers, which it draws 1,024 at a time",
            "Give a shape of at most 16,777,216 numbers.",
        )
    if p.distribution == "normal" and p.dtype not in FLOATS:
        raise Refused(
            f"draws {p.dtype} from a normal distribution, which gives reals",
            'Set distribution to "uniform", with minval and maxval, or dtype to "float32".',
        )
    if p.distribution == "uniform":
        _limits(p)
    features = Spec(tuple(p.shape), p.dtype)
    if p.label is None:
        return Elements(features, p.count)
    if p.label == "number":
        return Elements((features, Spec((), "float32")), p.count)
    return Elements((features, Spec((), "int32")), p.count, labels=(0, p.classes - 1))


def _limits(p: Args) -> None:
    if not p.minval < p.maxval:
        raise Refused(
            f"draws from {p.minval} up to {p.maxval}, where there is nothing between",
            "Set maxval above minval.",
        )
    if p.dtype in FLOATS:
        return
    whole = float(p.minval).is_integer() and float(p.maxval).is_integer()
    low, high = {"uint8": (0, 2**8), "int32": (-(2**31), 2**31 - 1)}.get(p.dtype, (-(2**53), 2**53))
    if not whole or p.minval < low or p.maxval > high:
        raise Refused(
            f"draws {p.dtype} from {p.minval} up to {p.maxval}",
            f"Give whole numbers from {low} to {high}.",
        )
