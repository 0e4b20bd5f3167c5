"""keras.ops that multiply and add up: products of matrices and vectors, einsum."""

from __future__ import annotations

from studio.graph.catalogue.types import Choice, Either, Int, ListOf, Text
from studio.graph.dtypes import floating, result_type
from studio.graph.ops.ops_common import AXIS, broadcast, count, fits, flat, function, place, times
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Shape, Spec, product, shape_text

_SUMS_OF = "multiplies and adds up"


def _unequal(what: str, one: int | None, other: int | None) -> Refused:
    return Refused(
        f"{_SUMS_OF} {what}, but their sizes are {one} and {other}",
        "Give both the same size, with keras.ops.transpose or a Dense layer between.",
    )


def _matmul_dtype(x1: Spec, x2: Spec) -> str:
    """Products of bytes with a sign are added up in 32 bits."""
    if x1.dtype == x2.dtype == "int8":
        return "int32"
    return result_type(x1.dtype, x2.dtype)


@function("matmul", inputs="x1 x2")
def matmul(p: Args, x1: Spec, x2: Spec) -> Result:
    """(..., m, k) times (..., k, n) is (..., m, n); one axis alone is a vector."""
    if not x1.rank or not x2.rank:
        raise Refused("multiplies matrices, but gets a single number", "Use keras.ops.multiply.")
    left = x1.shape if x1.rank > 1 else (1, *x1.shape)
    right = x2.shape if x2.rank > 1 else (*x2.shape, 1)
    if not fits(left[-1:], right[-2:-1]):
        raise _unequal("the last axis of x1 and the last but one of x2", left[-1], right[-2])
    shape = (
        *broadcast(left[:-2], right[:-2]),
        *(left[-2:-1] if x1.rank > 1 else ()),
        *(right[-1:] if x2.rank > 1 else ()),
    )
    flops = times(2, count(shape), left[-1] if left[-1] is not None else right[-2])
    return p.result(Spec(shape, _matmul_dtype(x1, x2)), (), flops)


@function("dot", inputs="x1 x2")
def dot(p: Args, x1: Spec, x2: Spec) -> Result:
    """(..., k) times (..., k, n) is (..., ..., n): all pairs, without broadcasting."""
    dtype = result_type(x1.dtype, x2.dtype)
    if not x1.rank or not x2.rank:
        shape = broadcast(x1.shape, x2.shape)
        return p.result(Spec(shape, dtype), (), count(shape))
    inner, along = x1.shape[-1], x2.shape[-2] if x2.rank > 1 else x2.shape[0]
    if x2.rank > 1:
        if not fits((inner,), (along,)):
            raise _unequal("the last axis of x1 and the last but one of x2", inner, along)
        shape = (*x1.shape[:-1], *x2.shape[:-2], x2.shape[-1])
    else:
        # Two vectors Keras compares only when it runs; a vector on the right it compares
        # so strictly that an unknown size fits nothing but an unknown one.
        if x1.rank > 1 and inner != along:
            raise _unequal("the last axis of x1 and the only one of x2", inner, along)
        shape = x1.shape[:-1]
    return p.result(Spec(shape, dtype), (), times(2, count(shape), inner))


@function("inner", inputs="x1 x2")
def inner(p: Args, x1: Spec, x2: Spec) -> Result:
    """(..., k) and (..., k) give (..., ...): the product of each pair of last axes."""
    dtype = result_type(x1.dtype, x2.dtype)
    if not x1.rank or not x2.rank:
        shape = x1.shape or x2.shape
        return p.result(Spec(shape, dtype), (), count(shape))
    if not fits(x1.shape[-1:], x2.shape[-1:]):
        raise _unequal("the last axes of both", x1.shape[-1], x2.shape[-1])
    shape = (*x1.shape[:-1], *x2.shape[:-1])
    return p.result(Spec(shape, dtype), (), times(2, count(shape), x1.shape[-1]))


@function("vdot", inputs="x1 x2")
def vdot(p: Args, x1: Spec, x2: Spec) -> Result:
    """One number of all elements; Keras compares the sizes only when it runs."""
    flops = times(2, count(x1.shape))
    return p.result(Spec((), result_type(x1.dtype, x2.dtype)), (), flops)


@function("outer", inputs="x1 x2")
def outer(p: Args, x1: Spec, x2: Spec) -> Result:
    """All elements of x1 with all of x2: (their number, their number)."""
    shape = (*flat(x1.shape), *flat(x2.shape))
    return p.result(Spec(shape, result_type(x1.dtype, x2.dtype)), (), times(*shape))


@function("kron", inputs="x1 x2")
def kron(p: Args, x1: Spec, x2: Spec) -> Result:
    """Axis by axis the product of the sizes; Keras leaves out axes that only one has."""
    shape = tuple(times(a, b) for a, b in zip(x1.shape, x2.shape, strict=False))
    return p.result(Spec(shape, result_type(x1.dtype, x2.dtype)), (), count(shape))


@function(
    "cross",
    inputs="x1 x2",
    shown="axis",
    axisa=AXIS,
    axisb=AXIS,
    axisc=AXIS,
    axis=AXIS,
)
def cross(p: Args, x1: Spec, x2: Spec) -> Result:
    """The vector product of vectors of 2 or 3 along an axis; of two of 2 it is one number."""
    given = {"axisa": p.axisa, "axisb": p.axisb, "axisc": p.axisc}
    if p.axis is not None:
        given = dict.fromkeys(given, p.axis)
    shapes, sizes = [], []
    for name, x in (("axisa", x1), ("axisb", x2)):
        axis = place(given[name], x.rank, name)
        sizes.append(x.shape[axis])
        shapes.append(x.shape[:axis] + x.shape[axis + 1 :])
        if sizes[-1] not in (None, 2, 3):
            raise Refused(
                f"multiplies vectors of 2 or 3, but the axis {axis} has {sizes[-1]}",
                "Choose an axis of size 2 or 3.",
            )
    shape = broadcast(*shapes)
    vector = (3,) if 3 in sizes else ()
    axis = place(given["axisc"], len(shape) + len(vector), "axisc")
    shape = (*shape[:axis], *vector, *shape[axis:])
    return p.result(Spec(shape, result_type(x1.dtype, x2.dtype)), (), times(3, count(shape)))


@function(
    "tensordot",
    inputs="x1 x2",
    shown="axes",
    axes=Either((Int(), ListOf(ListOf(Int())))),
)
def tensordot(p: Args, x1: Spec, x2: Spec) -> Result:
    """Multiplies and adds up axes of both; what is left of x1, then what is left of x2."""
    if isinstance(p.axes, int):
        # Keras compares the sizes of these only when it runs.
        cut = max(p.axes, 0)
        ends = range(max(x1.rank - cut, 0), x1.rank), range(min(cut, x2.rank))
    else:
        if len(p.axes) < 2:
            raise Refused("needs axes of both its inputs", "Give two lists: [[1], [0]].")
        ends = tuple(
            [place(axis, x.rank, "axes") for axis in axes]
            for x, axes in zip((x1, x2), p.axes, strict=False)
        )
        sizes = [tuple(x.shape[axis] for axis in of) for x, of in zip((x1, x2), ends, strict=True)]
        if not fits(*sizes):
            raise _unequal("pairs of axes", *map(shape_text, sizes))
    left = [
        tuple(size for axis, size in enumerate(x.shape) if axis not in of)
        for x, of in zip((x1, x2), ends, strict=True)
    ]
    shape = (*left[0], *left[1])
    summed = product(x1.shape[axis] for axis in ends[0])
    dtype = result_type(x1.dtype, x2.dtype)
    return p.result(Spec(shape, dtype), (), times(2, count(shape), summed))


@function("correlate", inputs="x1 x2", shown="mode", mode=Choice(("valid", "same", "full")))
def correlate(p: Args, x1: Spec, x2: Spec) -> Result:
    """Two series (m,), (n,) of known length: (m - n + 1,), (m,) or (m + n - 1,) for m >= n."""
    for x in (x1, x2):
        if x.rank != 1 or x.shape[0] is None:
            raise Refused(
                f"takes two series, each of one axis of known size, but gets {shape_text(x.shape)}"
            )
    (m,), (n,) = x1.shape, x2.shape
    if not m and not n and p.mode == "full":
        raise Refused("gets two series without an element")
    lengths = {"valid": abs(m - n) + 1, "same": max(m, n), "full": m + n - 1}
    found = result_type(x1.dtype, x2.dtype)
    dtype = "float64" if found == "int64" else floating(found)
    return p.result(Spec((lengths[p.mode],), dtype), (), 2 * m * n)


@function("corrcoef", inputs="x")
def corrcoef(p: Args, x: Spec) -> Result:
    """The correlation of each pair of rows; Keras' symbolic answer is x's own shape."""
    dtype = "float64" if x.dtype == "int64" else result_type(x.dtype, "float")
    return p.result(Spec(x.shape, dtype), (), times(2, product(x.shape)))


@function("einsum", inputs="operands*", shown="subscripts", subscripts=Text())
def einsum(p: Args, operands: tuple[Spec, ...]) -> Result:
    """Products and sums by letters: "bij,bjk->bik" multiplies matrices.

    As Keras has it, a letter that isn't in the result is summed without a look
    at whether its sizes agree.
    """
    terms, target = _subscripts(p.subscripts, len(operands))
    sizes = [_letters(term, x.shape) for term, x in zip(terms, operands, strict=True)]
    shape = broadcast(*(_spread(target, letters) for letters in sizes))
    dtypes = {x.dtype for x in operands}
    dtype = "int32" if dtypes == {"int8"} else result_type(*dtypes)
    known = {}
    for letters in sizes:
        known |= {key: size for key, size in letters.items() if key not in target}
    summed = product(size for key, size in known.items() if key != "...")
    flops = times(2 * (len(operands) - 1) or 1, count(shape), summed)
    return p.result(Spec(shape, dtype), (), flops)


def _subscripts(text: str, operands: int) -> tuple[list[str], str]:
    """The letters of each operand, and those of the result."""
    inputs, arrow, target = text.partition("->")
    if "->" in target:
        raise Refused("has more than one -> in its subscripts", "Write it once.")
    terms = inputs.split(",")
    if len(terms) != operands:
        raise Refused(
            f"has subscripts for {len(terms)} tensors, but gets {operands}",
            "Write the letters of each tensor, with commas between.",
        )
    for term in (*terms, target.replace(" ", "")):
        rest = term.replace("...", "", 1)
        if not all(char.isascii() and char.isalpha() for char in rest):
            raise Refused(
                f'has "{term}" in its subscripts, which is not made of letters',
                "Write a letter for each axis, and ... for any number of axes.",
            )
    if not arrow:
        once = sorted(char for char in set(inputs) if char.isalpha() and inputs.count(char) == 1)
        target = "..." + "".join(once)
    return terms, target.replace(" ", "")


def _letters(term: str, shape: Shape) -> dict[str, object]:
    """The size of each letter, the sizes of "..." together."""
    if "..." not in term:
        if len(term) != len(shape):
            raise Refused(
                f'has the {len(term)} letters "{term}" for a tensor of shape {shape_text(shape)}',
                "Write one letter for each axis.",
            )
        pairs = list(zip(term, shape, strict=True))
        wild: Shape = ()
    else:
        first, last = term.split("...")
        if max(len(first), len(last)) > len(shape):
            raise Refused(
                f'has more letters in "{term}" than its tensor {shape_text(shape)} has axes'
            )
        behind = len(shape) - len(last)
        wild = shape[len(first) : behind]
        pairs = list(zip(first, shape, strict=False))
        pairs += reversed(list(zip(last, shape[behind:], strict=True)))
    found: dict[str, object] = {"...": wild}
    for letter, size in pairs:
        found.setdefault(letter, size)  # a letter's first size counts
    return found


def _spread(target: str, letters: dict[str, object]) -> Shape:
    """An operand's sizes in the order of the result, 1 for a letter that it hasn't."""
    shape: list[int | None] = []
    first, dots, last = target.partition("...")
    for part in (first, dots, last):
        if part == "...":
            shape += letters["..."]
            continue
        for letter in part:
            if letter not in letters and letter.isupper():
                raise Refused(
                    f'has the capital letter "{letter}", which Keras takes only where each '
                    "tensor has it",
                    "Write small letters.",
                )
            shape.append(letters.get(letter, 1))
    return tuple(shape)
