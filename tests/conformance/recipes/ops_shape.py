"""keras.ops that reorder, join, split and index; and what all recipes of keras.ops draw with."""

from __future__ import annotations

from typing import Any

from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe

Drawn = tuple[dict[str, Any], dict[str, Any]]
DTYPES = ("float16", "bfloat16", "float64", "int32", "int8", "uint8", "int64", "bool", "complex64")


def spec(draw: Draw, rank: int, known: float = 0.5, high: int = 6, low: int = 1) -> Spec:
    """A tensor of about this rank, in a share of draws with every size known."""
    shape = draw.shape(max(1, rank), low, high)
    if draw.chance(known):
        shape = tuple(draw.size(low, high) if size is None else size for size in shape)
    if rank == 0 and not draw.odd():
        shape = ()
    return Spec(shape, draw.dtype(DTYPES))


def like(draw: Draw, given: Spec, change: float = 0.15, dtype: str | None = None) -> Spec:
    """A tensor of the same shape, now and then with another size or rank."""
    shape = list(given.shape)
    if shape and draw.chance(change):
        shape[draw.size(0, len(shape) - 1)] = draw.axis(1, 6)
    if draw.odd():
        shape = [*shape, draw.size()]
    return Spec(tuple(shape), dtype or draw.dtype(DTYPES))


def axis(draw: Draw, rank: int) -> int:
    """An axis, now and then one that isn't there."""
    if draw.odd() or not rank:
        return draw.one([rank, -rank - 1, rank + 2])
    return draw.size(-rank, rank - 1)


def axes(draw: Draw, rank: int, single: float = 0.5) -> int | list[int]:
    """An axis, or a list of some."""
    if draw.chance(single):
        return axis(draw, rank)
    found = list({axis(draw, rank) for _ in range(draw.size(0, 3))})
    return [*found, *found[:1]] if draw.odd() else found


def maybe(draw: Draw, name: str, value: Any, share: float = 0.7) -> dict[str, Any]:
    """A parameter in a share of draws."""
    return {name: value} if draw.chance(share) else {}


@recipe("keras.ops.reshape")
def reshape(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.size(1, 4))
    target = list(x.shape)
    draw.random.shuffle(target)
    if len(target) > 1 and None not in target[:2] and draw.chance(0.5):
        target[:2] = [target[0] * target[1]]
    target = [-1 if size is None and draw.chance(0.8) else size for size in target]
    if target and draw.chance(0.4):
        target[draw.size(0, len(target) - 1)] = -1
    if draw.odd():
        target = draw.one([-1, 4, 0, [], [-2, 3], [0, -1], [-1, -1], [5, 7]])
    return {"newshape": target}, {"x": x}


@recipe("keras.ops.transpose")
def transpose(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.size(1, 4))
    order = list(range(len(x.shape)))
    draw.random.shuffle(order)
    if draw.chance(0.3):
        order = [each - len(order) for each in order]
    if draw.odd():
        order = [axis(draw, len(order)) for _ in order]
    return maybe(draw, "axes", order[1:] if draw.odd() else order), {"x": x}


@recipe("keras.ops.squeeze")
def squeeze(draw: Draw, path: str) -> Drawn:
    shape = [draw.one([1, 1, 1, None, 3]) for _ in range(draw.size(1, 4))]
    ones = [place for place, size in enumerate(shape) if size == 1]
    chosen = draw.one([*ones, ones]) if ones and draw.chance(0.8) else axes(draw, len(shape))
    if isinstance(chosen, list) and draw.odd():
        chosen = chosen * 2
    return maybe(draw, "axis", chosen), {"x": Spec(tuple(shape), draw.dtype(DTYPES))}


@recipe("keras.ops.expand_dims")
def expand_dims(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.size(0, 3))
    chosen = axes(draw, x.rank + 1)
    return {"axis": chosen}, {"x": x}


@recipe("keras.ops.moveaxis")
def moveaxis(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.size(1, 4))
    one = draw.chance(0.4)
    places = list(range(x.rank))
    source = axis(draw, x.rank) if one else draw.random.sample(places, draw.size(0, x.rank))
    target = axis(draw, x.rank) if one else draw.random.sample(places, len(source))
    if draw.odd():
        source, target = axes(draw, x.rank, 0.2), axes(draw, x.rank, 0.2)
    if not one and draw.chance(0.15):
        source = [axis(draw, x.rank) for _ in range(len(target) if target != [] else 1)]
    return {"source": source, "destination": target}, {"x": x}


@recipe("keras.ops.swapaxes")
def swapaxes(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.size(1, 4))
    return {"axis1": axis(draw, x.rank), "axis2": axis(draw, x.rank)}, {"x": x}


@recipe("keras.ops.rot90")
def rot90(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.size(1, 4))
    plane = [axis(draw, x.rank), axis(draw, x.rank)]
    if draw.odd():
        plane = plane[:1]
    return maybe(draw, "k", draw.size(-2, 4)) | maybe(draw, "axes", plane), {"array": x}


@recipe(*(f"keras.ops.{name}" for name in ("ravel", "fliplr", "flipud", "view_as_real", "dstack")))
def plain(draw: Draw, path: str) -> Drawn:
    if path.endswith("dstack"):
        return _several(draw, draw.size(0, 4), 2)
    return {}, {"x": spec(draw, draw.size(0, 3))}


@recipe("keras.ops.flip", "keras.ops.roll")
def along(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.size(0, 4))
    params = maybe(draw, "axis", axes(draw, x.rank))
    if path.endswith("roll"):
        params["shift"] = draw.one([0, 2, -1, [1, 2]])
    return params, {"x": x}


@recipe(*(f"keras.ops.{name}" for name in ("tril", "triu", "diag", "diagflat")))
def diagonals(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.one([0, 1, 1, 2, 2, 3]), 0.7)
    return maybe(draw, "k", draw.size(-4, 4)), {"x": x}


@recipe("keras.ops.diagonal", "keras.ops.trace")
def planes(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.size(1, 4), 0.6)
    params = maybe(draw, "offset", draw.size(-4, 4))
    if draw.chance(0.6):
        params |= {"axis1": axis(draw, x.rank), "axis2": axis(draw, x.rank)}
    return params, {"x": x}


@recipe("keras.ops.tile")
def tile(draw: Draw, path: str) -> Drawn:
    repeats = [draw.size(0, 3) for _ in range(draw.size(0, 4))]
    if draw.odd():
        repeats = [*repeats, -1]
    return {"repeats": draw.size(0, 3) if draw.chance(0.3) else repeats}, {
        "x": spec(draw, draw.size(0, 3))
    }


@recipe("keras.ops.repeat")
def repeat(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.size(0, 3), high=4)
    along = axis(draw, x.rank) if draw.chance(0.7) else None
    size = draw.size(1, 4)
    if along is not None and -x.rank <= along < x.rank and draw.chance(0.8):
        size = x.shape[along] or size
    repeats: Any = [draw.size(0, 3) for _ in range(size)]
    if draw.chance(0.5):
        repeats = -1 if draw.odd() else draw.size(0, 3)
    return {"repeats": repeats} | ({} if along is None else {"axis": along}), {"x": x}


@recipe("keras.ops.pad")
def pad(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.size(0, 4))
    low = -3 if draw.odd() else 0
    pair = lambda count=2: [draw.size(low, 3) for _ in range(count)]  # noqa: E731
    width: Any = [pair() for _ in range(x.rank)]
    if draw.chance(0.5):
        width = draw.one([2, [1, 2], [[1, 2]], [pair(1) for _ in range(x.rank)], [[2]]])
    if draw.odd():
        width = draw.one([[3], [], [[]], [[1], [1, 2]], [[1, 2, 3]], [1, 2, 3], [pair(), pair()]])
    params = {"pad_width": width}
    params |= maybe(draw, "mode", draw.one(["constant", "reflect", "symmetric", "edge"]), 0.3)
    return params | maybe(draw, "constant_values", draw.one([0, 1.5]), 0.3), {"x": x}


@recipe("keras.ops.broadcast_to")
def broadcast_to(draw: Draw, path: str) -> Drawn:
    shape = [draw.one([1, 2, 3, 5]) for _ in range(draw.size(0, 4))]
    own = [1 if draw.chance(0.3) else size for size in shape][draw.size(0, 1) :]
    if own and draw.chance(0.3):
        own[draw.size(0, len(own) - 1)] = draw.axis(1, 4)
    if shape and draw.odd():
        shape[0] = draw.one([None, -1, 0])
    return {"shape": shape}, {"x": Spec(tuple(own), draw.dtype(DTYPES))}


@recipe("keras.ops.view")
def view(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.size(0, 3), high=9)
    dtype = draw.one([*DTYPES, "float32", "uint16", "complex128", "string", "no_such_dtype"])
    return maybe(draw, "dtype", dtype, 0.9), {"x": x}


@recipe("keras.ops.depth_to_space", "keras.ops.space_to_depth")
def blocks(draw: Draw, path: str) -> Drawn:
    block = draw.one([2, 2, 2, 3])
    x = Spec(
        tuple(
            None if draw.chance(0.15) else draw.one([1, 2, 3]) * block * block + draw.odd()
            for _ in range(5 if draw.odd() else 4)
        ),
        draw.dtype(DTYPES),
    )
    params = {"block_size": draw.one([1, 0, -2]) if draw.odd() else block}
    return params | draw.params(path, ["data_format"]), {"x": x}


_PATTERNS = (
    ("b h w -> b w h", 3),
    ("b h w -> (b h) w", 3),
    ("b h w->b (w h)", 3),
    ("b (h) w -> b w h", 3),
    ("b (h g) w -> b h g w", 3),
    ("b h w c -> b (h w c)", 4),
    ("b h w -> h w", 3),
    ("b h w -> b h z", 3),
    ("b h w", 3),
    ("b h () -> b h ()", 3),
    ("a b -> b ( ) a", 2),
    ("(a) (a b) -> a b", 2),
    ("(a a) b -> a b", 2),
    ("(a b) c -> b c a", 2),
    ("(a b c) h -> c (b a) h", 2),
    ("b (h g) (w c) -> b h w (g c)", 3),
)


@recipe("keras.ops.rearrange")
def rearrange(draw: Draw, path: str) -> Drawn:
    pattern, rank = draw.one(_PATTERNS)
    names = [name for name in "abcghw" if name in pattern]
    chosen = draw.random.sample(names, draw.size(0, len(names)) if draw.odd() else 1)
    lengths = {name: draw.one([1, 1, 2, 3]) for name in chosen}
    return {"pattern": pattern} | maybe(draw, "axes_lengths", lengths, 0.5), {
        "tensor": spec(draw, rank, 0.8)
    }


@recipe("keras.ops.meshgrid")
def meshgrid(draw: Draw, path: str) -> Drawn:
    """Mostly tensors of one axis."""
    count = draw.one([1, 1, 2, 2, 2, 3])
    xs = [spec(draw, 1 if draw.chance(0.8) else draw.size(0, 3)) for _ in range(count)]
    return maybe(draw, "indexing", draw.one(["xy", "ij"])), {"x": xs}


def _several(draw: Draw, rank: int, along: int, low: int = 0) -> Drawn:
    """Tensors that differ along one axis."""
    first = spec(draw, rank)
    found = [first]
    for _ in range(draw.size(low, 2)):
        shape = list(like(draw, first, 0.1).shape)
        if -len(shape) <= along < len(shape):
            shape[along] = draw.axis(1, 6)
        found.append(Spec(tuple(shape), draw.dtype((*DTYPES, "string"))))
    return {}, {"xs": found}


@recipe("keras.ops.concatenate", "keras.ops.hstack", "keras.ops.vstack")
def joined(draw: Draw, path: str) -> Drawn:
    rank = draw.size(0, 4)
    fixed = {"hstack": 1, "vstack": 0}.get(path.rpartition(".")[2])
    along = axis(draw, rank) if fixed is None else fixed
    _, inputs = _several(draw, rank, along)
    if draw.odd():
        inputs["xs"] = []
    return ({"axis": along} if fixed is None and draw.chance(0.8) else {}), inputs


@recipe("keras.ops.stack")
def stack(draw: Draw, path: str) -> Drawn:
    first = spec(draw, draw.size(0, 3))
    others = [like(draw, first) for _ in range(draw.size(0, 2))]
    return maybe(draw, "axis", axis(draw, first.rank + 1)), {"x": [first, *others]}


@recipe("keras.ops.append")
def append(draw: Draw, path: str) -> Drawn:
    rank = draw.size(0, 3)
    along = axis(draw, rank)
    _, inputs = _several(draw, rank, along, 1)
    return maybe(draw, "axis", along), {"x1": inputs["xs"][0], "x2": inputs["xs"][1]}


@recipe("keras.ops.select")
def select(draw: Draw, path: str) -> Drawn:
    first = spec(draw, draw.size(0, 3))
    choices = [like(draw, first) for _ in range(draw.size(0 if draw.odd() else 1, 3))]
    conditions = [like(draw, first, dtype="bool") for _ in choices]
    return maybe(draw, "default", 1.5, 0.3), {"condlist": conditions, "choicelist": choices}


def _sections(draw: Draw, size: int | None) -> int | list[int]:
    if draw.chance(0.5):
        return draw.one([each for each in (1, 2, 3) if draw.odd() or not (size or 6) % each])
    found = sorted(draw.size(0, size or 6) for _ in range(draw.size(0, 3)))
    return found[::-1] if draw.odd() else found


@recipe(*(f"keras.ops.{name}" for name in ("split", "hsplit", "vsplit", "dsplit", "array_split")))
def split(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.size(1, 4))
    along = {"hsplit": min(1, x.rank - 1), "vsplit": 0, "dsplit": 2}.get(path.rpartition(".")[2])
    params = {}
    if along is None:
        along = axis(draw, x.rank) if draw.chance(0.7) else 0
        params = {"axis": along}
    size = x.shape[along] if -x.rank <= along < x.rank else None
    params["indices_or_sections"] = _sections(draw, size)
    if path.endswith("array_split"):
        params["indices_or_sections"] = draw.one([1, 2, 3, 5]) if not draw.odd() else 0
        if draw.odd():
            params["axis"] = -x.rank - 1
    return params, {"x": x}


@recipe("keras.ops.unstack")
def unstack(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.size(1, 4))
    along = axis(draw, x.rank)
    size = x.shape[along] if -x.rank <= along < x.rank else None
    return {"num": size or 2, "axis": along}, {"x": x}


@recipe("keras.ops.unravel_index")
def unravel_index(draw: Draw, path: str) -> Drawn:
    shape = [draw.axis(1, 6, 0.1) for _ in range(draw.size(1, 3))]
    return {"shape": shape}, {"indices": spec(draw, draw.size(0, 3))}


def _indices(draw: Draw, rank: int) -> Spec:
    return Spec(spec(draw, rank).shape, draw.one(["int32", "int32", "int64"]))


@recipe("keras.ops.take")
def take(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.size(0, 3))
    return maybe(draw, "axis", axis(draw, x.rank)), {
        "x": x,
        "indices": _indices(draw, draw.size(0, 3)),
    }


@recipe("keras.ops.take_along_axis")
def take_along_axis(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.size(1, 3))
    along = axis(draw, x.rank)
    indices = list(like(draw, x, 0.2).shape)
    if -len(indices) <= along < len(indices):
        indices[along] = draw.axis()
    params = maybe(draw, "axis", along, 0.8)
    if not params and draw.chance(0.7):
        indices = [draw.axis(1, 12)]
    return params, {"x": x, "indices": Spec(tuple(indices), "int32")}


@recipe("keras.ops.slice")
def slice_(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.size(0, 4))
    count = x.rank + 1 if draw.odd() else x.rank
    start = [draw.size(0, 2) for _ in range(count)]
    shape = [draw.one([-1, 1, 2]) for _ in range(x.rank + 1 if draw.odd() else x.rank)]
    if shape and draw.odd():
        shape[0] = -2
    return {"start_indices": start, "shape": shape}, {"inputs": x}


@recipe("keras.ops.slice_update")
def slice_update(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.size(0, 3))
    start = [draw.size(0, 2) for _ in x.shape]
    return {"start_indices": start}, {"inputs": x, "updates": like(draw, x, 0.5)}


@recipe("keras.ops.get_item")
def get_item(draw: Draw, path: str) -> Drawn:
    x = spec(draw, draw.size(0, 3))
    key = [draw.one([None, 0, 1, -1, -2, 3]) for _ in range(draw.size(0, 4))]
    return {"key": draw.size(-3, 3) if draw.chance(0.4) else key}, {"x": x}


@recipe("keras.ops.scatter")
def scatter(draw: Draw, path: str) -> Drawn:
    shape = [draw.axis(0, 6, 0.05) for _ in range(draw.size(0, 3))]
    if shape and draw.odd():
        shape[0] = -1
    return {"shape": shape}, {"indices": _indices(draw, 2), "values": spec(draw, 1)}


@recipe("keras.ops.scatter_update")
def scatter_update(draw: Draw, path: str) -> Drawn:
    reduction = draw.one([None, "add", "max", "min", "mul", "no_such_reduction"])
    return maybe(draw, "reduction", reduction), {
        "inputs": spec(draw, draw.size(0, 3)),
        "indices": _indices(draw, 2),
        "updates": spec(draw, 1),
    }


@recipe(*(f"keras.ops.segment_{name}" for name in ("sum", "max", "min", "prod")))
def segment(draw: Draw, path: str) -> Drawn:
    data = spec(draw, draw.size(0, 3))
    ids = Spec((draw.axis(1, 6) if draw.chance(0.2) else next(iter(data.shape), None),), "int32")
    if draw.odd():
        ids = _indices(draw, draw.one([0, 2]))
    return draw.params(path, ["num_segments", "sorted"], 0.6), {"data": data, "segment_ids": ids}


@recipe("keras.ops.one_hot", "keras.ops.multi_hot")
def hot(draw: Draw, path: str) -> Drawn:
    port = "x" if path.endswith("one_hot") else "inputs"
    x = _indices(draw, draw.size(0, 3))
    params = {"num_classes": -1 if draw.odd() else draw.size(0, 5)}
    if port == "inputs" and draw.odd():
        params = {}
    params |= maybe(draw, "axis", axis(draw, x.rank + 1), 0.4)
    params |= maybe(draw, "dtype", draw.one(["float16", "int32", "bool", "no_such_dtype"]), 0.4)
    return params | draw.params(path, ["sparse"], 0.2), {port: x}
