"""keras.ops on the diagonal of a matrix."""

from __future__ import annotations

from studio.graph.catalogue.types import Int
from studio.graph.ops.ops_axes import of_rank, tensor
from studio.graph.ops.ops_common import AXIS, function, place
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec, product


def _diagonal(rows: int | None, columns: int | None, offset: int) -> int | None:
    """How many elements stand on a diagonal."""
    if rows is None or columns is None:
        return None
    left = columns - offset if offset > 0 else rows + offset
    return max(0, min(left, rows, columns))


def _square(size: int | None, offset: int) -> tuple[int | None, int | None]:
    side = None if size is None else size + abs(offset)
    return (side, side)


@function("diag", inputs="x", shown="k", k=Int())
def diag(p: Args, x: Spec) -> Result:
    """(n,) -> (n, n) with x on the diagonal; (n, m) -> its diagonal."""
    of_rank(x, 1, 2)
    shape = _square(x.shape[0], p.k) if x.rank == 1 else (_diagonal(*x.shape, p.k),)
    return p.result(tensor(shape, x.dtype))


@function("diagflat", inputs="x", shown="k", k=Int())
def diagflat(p: Args, x: Spec) -> Result:
    """(a, b) -> (a * b, a * b) with x on the diagonal."""
    return p.result(tensor(_square(product(x.shape), p.k), x.dtype))


def _plane(p: Args, x: Spec) -> tuple[int, int, list[int | None]]:
    """Two different axes, and the sizes of the others."""
    first, second = place(p.axis1, x.rank), place(p.axis2, x.rank)
    if first == second:
        raise Refused("needs two different axes", "Give axis1 and axis2 two values.")
    return first, second, [s for axis, s in enumerate(x.shape) if axis not in (first, second)]


@function("diagonal", inputs="x", shown="offset axis1 axis2", offset=Int(), axis1=AXIS, axis2=AXIS)
def diagonal(p: Args, x: Spec) -> Result:
    """(n, n, b) -> (b, n)."""
    first, second, others = _plane(p, x)
    length = _diagonal(x.shape[first], x.shape[second], p.offset)
    return p.result(tensor((*others, length), x.dtype))


# Sums of small integers are kept in 32 bits.
_SUMS = {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}


@function("trace", inputs="x", shown="offset axis1 axis2", offset=Int(), axis1=AXIS, axis2=AXIS)
def trace(p: Args, x: Spec) -> Result:
    """(n, n, b) -> (b,): the sum of a diagonal."""
    first, second, others = _plane(p, x)
    length = _diagonal(x.shape[first], x.shape[second], p.offset)
    flops = product((length, *others[1:]))
    return p.result(tensor(others, _SUMS.get(x.dtype, x.dtype)), (), flops)


@function("tril", "triu", inputs="x", shown="k", k=Int())
def triangle(p: Args, x: Spec) -> Result:
    """The same shape, zero above or below the diagonal."""
    return p.result(tensor(x.shape, x.dtype))
