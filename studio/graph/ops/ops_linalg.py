"""keras.ops on matrices, in the last two axes: factors, inverses, equations.

Their cost is the leading term of the usual algorithm for a dense matrix.
"""

from __future__ import annotations

from fractions import Fraction

from studio.graph.catalogue.types import Bool, Choice, Float
from studio.graph.ops.ops_axes import at_least, of_rank, tensor
from studio.graph.ops.ops_common import function
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec, product, shape_text


def _cost(x: Spec, each: Fraction | int, *sizes: int | None) -> int | None:
    """So many operations for each product of sizes, for each matrix of a sample."""
    found = product((*x.shape[1:-2], *sizes))
    return None if found is None else int(each * found)


def _square(x: Spec) -> int | None:
    """The size of square matrices."""
    at_least(x, 2)
    if x.shape[-2] != x.shape[-1]:
        raise Refused(
            f"needs square matrices, but its input has the shape {shape_text(x.shape)}",
            "Give the last two axes the same size.",
        )
    return x.shape[-1]


def _sides(x: Spec) -> tuple[int, int]:
    """The number of rows and columns, both known."""
    at_least(x, 2)
    rows, columns = x.shape[-2:]
    if rows is None or columns is None:
        raise Refused(
            "needs to know the size of its matrices, but a side is unknown",
            "Give the last two axes sizes in the Input's shape.",
        )
    return rows, columns


def _like(each: Fraction | int):
    """A rule for square matrices in, as many out, with `each` * n^3 operations."""

    def rule(p: Args, x: Spec) -> Result:
        size = _square(x)
        return p.result(tensor(x.shape, x.dtype), (), _cost(x, each, size, size, size))

    return rule


function("cholesky", inputs="x", shown="upper", upper=Bool())(_like(Fraction(1, 3)))
function("cholesky_inverse", inputs="x", shown="upper", upper=Bool())(_like(Fraction(2, 3)))
function("inv", inputs="x")(_like(2))


@function("det", inputs="x")
def det(p: Args, x: Spec) -> Result:
    """(..., n, n) -> (...)."""
    size = _square(x)
    flops = _cost(x, Fraction(2, 3), size, size, size)
    return p.result(tensor(x.shape[:-2], x.dtype), (), flops)


def _decomposed(x: Spec, each: Fraction | int) -> int | None:
    """The cost of factors of any matrix, as Keras looks at its shape or not."""
    return _cost(x, each, *x.shape[-2:], x.shape[-1]) if x.rank > 1 else None


@function("logdet", inputs="x")
def logdet(p: Args, x: Spec) -> Result:
    """(..., n, n) -> (...)."""
    return p.result(tensor(x.shape[:-2], x.dtype), (), _decomposed(x, Fraction(1, 3)))


@function("slogdet", inputs="x", outputs="sign logdet")
def slogdet(p: Args, x: Spec) -> Result:
    """(..., n, n) -> the sign, which Keras says is one number, and (...)."""
    out = [tensor((), x.dtype), tensor(x.shape[:-2], x.dtype)]
    return p.result(out, (), _decomposed(x, Fraction(2, 3)))


@function("eig", "eigh", inputs="x", outputs="values vectors")
def eig(p: Args, x: Spec) -> Result:
    """(..., n, n) -> eigenvalues (..., n) and eigenvectors (..., n, n)."""
    size = _square(x)
    out = [tensor(x.shape[:-1], x.dtype), tensor(x.shape, x.dtype)]
    return p.result(out, (), _cost(x, 9, size, size, size))


@function("lu_factor", inputs="x", outputs="lu pivots")
def lu_factor(p: Args, x: Spec) -> Result:
    """(..., m, n) -> (..., m, n) and (..., min(m, n))."""
    rows, columns = _sides(x)
    small = min(rows, columns)
    out = [tensor(x.shape, x.dtype), tensor((*x.shape[:-2], small), x.dtype)]
    return p.result(out, (), _cost(x, Fraction(2, 3), rows, columns, small))


@function("qr", inputs="x", outputs="q r", shown="mode", mode=Choice(("reduced", "complete")))
def qr(p: Args, x: Spec) -> Result:
    """(..., m, n) -> (..., m, k) and (..., k, n), where k is the smaller side."""
    rows, columns = _sides(x)
    inner = min(rows, columns) if p.mode == "reduced" else rows
    out = [tensor((*x.shape[:-2], *side), x.dtype) for side in ((rows, inner), (inner, columns))]
    return p.result(out, (), _cost(x, 2, rows, columns, min(rows, columns)))


@function(
    "svd",
    inputs="x",
    outputs=lambda params: ("u", "s", "v") if params["compute_uv"] is not False else ("s",),
    shown="full_matrices compute_uv",
    full_matrices=Bool(),
    compute_uv=Bool(),
)
def svd(p: Args, x: Spec) -> Result:
    """(..., m, n) -> (..., m, m), (..., k) and (..., n, n), where k is the smaller side."""
    rows, columns = _sides(x)
    small = min(rows, columns)
    left, right = (rows, columns) if p.full_matrices else (small, small)
    shapes = [(rows, left), (small,), (right, columns)] if p.compute_uv else [(small,)]
    out = [tensor((*x.shape[:-2], *shape), x.dtype) for shape in shapes]
    return p.result(out, (), _cost(x, 12 if p.compute_uv else 4, rows, columns, small))


@function("pinv", inputs="x", shown="rcond", rcond=Float())
def pinv(p: Args, x: Spec) -> Result:
    """(..., m, n) -> (..., n, m)."""
    at_least(x, 2)
    rows, columns = x.shape[-2:]
    out = tensor((*x.shape[:-2], columns, rows), x.dtype)
    small = None if None in (rows, columns) else min(rows, columns)
    return p.result(out, (), _cost(x, 14, rows, columns, small))


@function("matrix_rank", inputs="x", shown="tol", tol=Float())
def matrix_rank(p: Args, x: Spec) -> Result:
    """(..., m, n) -> (...)."""
    at_least(x, 2)
    small = None if None in x.shape[-2:] else min(x.shape[-2:])
    flops = _cost(x, 4, *x.shape[-2:], small)
    return p.result(tensor(x.shape[:-2], "int32"), (), flops)


def _equations(a: Spec, b: Spec) -> tuple[int | None, int | None]:
    """The size of square matrices, and how many right sides they have."""
    size = _square(a)
    at_least(b, 1, "its right side")
    side = {a.rank: -2, a.rank + 1: -1}.get(b.rank)
    if side is None:
        return size, product(b.shape[1:])
    if a.shape[side] != b.shape[side]:
        raise Refused(
            f"solves for {a.shape[side]} unknowns, but the right side has {b.shape[side]}",
            "Give b as many rows as a.",
        )
    return size, b.shape[-1]


@function("solve", inputs="a b")
def solve(p: Args, a: Spec, b: Spec) -> Result:
    """(..., n, n) and (..., n, k) -> (..., n, k)."""
    size, sides = _equations(a, b)
    factors, rest = _cost(a, Fraction(2, 3), size, size, size), _cost(a, 2, size, size, sides)
    flops = None if None in (factors, rest) else factors + rest
    return p.result(tensor(b.shape, b.dtype), (), flops)


@function("solve_triangular", inputs="a b", shown="lower", lower=Bool())
def solve_triangular(p: Args, a: Spec, b: Spec) -> Result:
    """(..., n, n), of which one half counts, and (..., n, k) -> (..., n, k)."""
    size, sides = _equations(a, b)
    return p.result(tensor(b.shape, b.dtype), (), _cost(a, 1, size, size, sides))


@function("lstsq", inputs="a b", shown="rcond", rcond=Float())
def lstsq(p: Args, a: Spec, b: Spec) -> Result:
    """(m, n) and (m, k) -> (n, k): what comes nearest to a solution."""
    of_rank(a, 2)
    of_rank(b, 1, 2, what="its right side")
    rows, columns = a.shape
    if b.shape[0] != rows:
        raise Refused(
            f"has {rows} equations, but the right side has {b.shape[0]}", "Give b as many rows."
        )
    flops = product((2, rows, columns, columns))
    return p.result(tensor((columns, *b.shape[1:]), a.dtype), (), flops)
