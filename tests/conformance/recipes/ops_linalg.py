"""keras.ops on matrices."""

from __future__ import annotations

from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe
from tests.conformance.recipes.ops_shape import DTYPES, Drawn, like, spec


def square(draw: Draw) -> Spec:
    """Square matrices; now and then others."""
    x = list(spec(draw, draw.size(2, 4)).shape)
    if len(x) > 1 and draw.chance(0.85):
        x[-1] = x[-2]
    return Spec(tuple(x), draw.dtype(DTYPES))


@recipe(
    *(
        f"keras.ops.{name}"
        for name in (
            "cholesky",
            "cholesky_inverse",
            "det",
            "eig",
            "eigh",
            "inv",
            "logdet",
            "lu_factor",
            "slogdet",
        )
    )
)
def squares(draw: Draw, path: str) -> Drawn:
    params = draw.params(path, ["upper"]) if "cholesky" in path else {}
    return params, {"x": square(draw) if draw.chance(0.8) else spec(draw, draw.size(0, 4))}


@recipe(*(f"keras.ops.{name}" for name in ("matrix_rank", "pinv", "qr", "svd")))
def matrices(draw: Draw, path: str) -> Drawn:
    names = {
        "matrix_rank": ["tol"],
        "pinv": ["rcond"],
        "qr": ["mode"],
        "svd": ["full_matrices", "compute_uv"],
    }[path.rpartition(".")[2]]
    rank = draw.size(0, 1) if draw.odd() else draw.size(2, 4)
    return draw.params(path, names, 0.5), {"x": spec(draw, rank, 0.7)}


@recipe("keras.ops.solve", "keras.ops.solve_triangular")
def equations(draw: Draw, path: str) -> Drawn:
    a = square(draw)
    shape = list(a.shape)
    if draw.chance(0.4):
        shape = [draw.axis(1, 3), *shape]
    elif draw.chance(0.3):
        shape = shape[:-1]
    elif shape and draw.chance(0.7):
        shape[-1] = draw.axis()
    b = like(draw, Spec(tuple(shape)), 0.1)
    params = draw.params(path, ["lower"]) if path.endswith("triangular") else {}
    return params, {"a": a, "b": b}


@recipe("keras.ops.lstsq")
def lstsq(draw: Draw, path: str) -> Drawn:
    a = spec(draw, 2, 0.6)
    b = list(spec(draw, draw.one([1, 2, 2])).shape)
    if not draw.odd():
        b[0] = a.shape[0]
    return draw.params(path, ["rcond"]), {"a": a, "b": Spec(tuple(b), draw.dtype(DTYPES))}
