"""keras.ops that multiply and add up."""

from __future__ import annotations

from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe
from tests.conformance.recipes.ops_elementwise import Drawn, alike, axis, dtype, own_params, tensor


def _maybe(draw: Draw, size: int | None) -> int | None:
    """A size that should agree: mostly the same, sometimes unknown, now and then another."""
    if draw.odd():
        return draw.size(2, 5)
    return None if draw.chance(0.1) else size


def _two(draw: Draw) -> tuple[str, str]:
    one = dtype(draw)
    return one, one if draw.chance(0.5) else dtype(draw)


@recipe("keras.ops.matmul", "keras.ops.dot", "keras.ops.inner")
def product(draw: Draw, path: str) -> Drawn:
    """Vectors, matrices and batches of them; sometimes a single number."""
    first, second = _two(draw)
    rows, inner, columns = draw.axis(), draw.axis(), draw.axis()
    batch = tuple(draw.axis(1, 3) for _ in range(draw.size(0, 2)))
    left = draw.one([(*batch, rows, inner), (*batch, rows, inner), (rows, inner), (inner,)])
    right_batch = alike(draw, batch).shape
    along = _maybe(draw, inner)
    whole = (columns, along) if path.endswith("inner") else (along, columns)
    right = draw.one([(*right_batch, *whole), whole, whole, (along,)])
    if draw.odd():
        left, right = draw.one([((), right), (left, ()), ((), ())])
    return {}, {"x1": Spec(left, first), "x2": Spec(right, second)}


@recipe("keras.ops.vdot", "keras.ops.outer", "keras.ops.kron")
def any_two(draw: Draw, path: str) -> Drawn:
    """Two tensors of any shape."""
    return {}, {"x1": tensor(draw, 0, 3), "x2": tensor(draw, 0, 3)}


@recipe("keras.ops.cross")
def cross(draw: Draw, path: str) -> Drawn:
    """Tensors with an axis of 2 or 3, at its end or elsewhere."""
    shape = tuple(draw.axis(1, 4) for _ in range(draw.size(0, 2)))
    params = {}
    at = 0 if draw.chance(0.3) else None
    specs = []
    for each in (shape, alike(draw, shape).shape):
        size = draw.axis(1, 4) if draw.odd() else draw.one([2, 3, 3, 3, None])
        specs.append((size, *each) if at == 0 else (*each, size))
    if at == 0:
        params = draw.one([{"axis": 0}, {"axisa": 0, "axisb": 0}, {"axisa": 0, "axisb": 0}])
        if "axisa" in params and draw.chance(0.5):
            params["axisc"] = axis(draw, len(shape) + 1)
    elif draw.chance(0.2):
        params = {draw.one(["axis", "axisa", "axisb", "axisc"]): axis(draw, len(shape) + 1)}
    first, second = _two(draw)
    return params, {"x1": Spec(specs[0], first), "x2": Spec(specs[1], second)}


@recipe("keras.ops.tensordot")
def tensordot(draw: Draw, path: str) -> Drawn:
    """A number of axes, or pairs of them that mostly agree."""
    x1, x2 = tensor(draw), tensor(draw)
    if draw.chance(0.4):
        return draw.one([{}, {"axes": draw.size(-1, 4)}]), {"x1": x1, "x2": x2}
    pairs = draw.size(0, min(x1.rank, x2.rank, 2))
    ours = draw.random.sample(range(x1.rank), pairs)
    theirs = draw.random.sample(range(x2.rank), pairs)
    shape = list(x2.shape)
    for mine, other in zip(ours, theirs, strict=True):
        shape[other] = _maybe(draw, x1.shape[mine])
    axes = [[each - draw.one([0, x1.rank]) for each in ours], theirs]
    if draw.odd():
        axes = draw.one([[ours], [[x1.rank], [0]], [[0, 0], [0, 0]], [ours, theirs, []]])
    return {"axes": axes}, {"x1": x1, "x2": Spec(tuple(shape), x2.dtype)}


@recipe("keras.ops.correlate")
def correlate(draw: Draw, path: str) -> Drawn:
    """Two series of known length, mostly."""
    first, second = _two(draw)
    inputs = {
        name: tensor(draw) if draw.odd() else Spec((draw.axis(unknown=0.05),), kind)
        for name, kind in (("x1", first), ("x2", second))
    }
    return own_params(draw, path), inputs


@recipe("keras.ops.corrcoef")
def corrcoef(draw: Draw, path: str) -> Drawn:
    """One tensor."""
    return {}, {"x": tensor(draw)}


_EINSUMS = (
    *("ij,jk->ik", "bij,bjk->bik", "ij->ji", "ii->i", "ij->", "ij,ij->", "i,j->ij", "ij,jk"),
    *("abc,cd->abd", "...ij,...jk->...ik", "...i->...", "b...,b...->b...", "i...->...i", "ii"),
    *("ij,jk,kl->il", "ijk,k->ij", "ab->abc", "AB->BA", "AB,BC->AC", "ij, jk->ik", "ij,jk-> ik"),
    *("ij->j->i", "a...b->ba", "ij,j", "...,...", "a,a,a", "...ij,jk->...ik", "AB...->A...B"),
)


@recipe("keras.ops.einsum")
def einsum(draw: Draw, path: str) -> Drawn:
    """A pattern, and tensors that mostly go with it."""
    subscripts = draw.one(_EINSUMS)
    sizes = {letter: draw.axis(1, 5) for letter in set(subscripts) if letter.isalpha()}
    wild = tuple(draw.axis(1, 4) for _ in range(draw.size(0, 2)))
    kind = dtype(draw)
    operands = []
    for term in subscripts.split("->")[0].split(","):
        shape: tuple = ()
        first, dots, last = term.strip().partition("...")
        for part in (first, dots, last):
            if part == "...":
                shape += alike(draw, wild).shape if draw.chance(0.3) else wild
            else:
                shape += tuple(_maybe(draw, sizes.get(letter)) for letter in part)
        if draw.odd():
            shape = shape[1:]
        operands.append(Spec(shape, kind if draw.chance(0.7) else dtype(draw)))
    if draw.odd():
        operands = draw.one([operands[1:], [*operands, operands[0]]])
    return {"subscripts": subscripts}, {"operands": operands}
