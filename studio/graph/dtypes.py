"""Which dtype an operation on several dtypes gives, as Keras' own ops decide it.

The rules are those of keras.ops (NumPy's names, JAX's lattice): a value wider
than 32 bits never comes out of narrower ones, and an integer beside a float
takes the float's dtype.
"""

from __future__ import annotations

from collections.abc import Iterable

from studio.graph.spec import FLOATS, INTEGERS, Refused

# dtype -> the dtypes that are next above it. The result of two is their lowest common one.
_ABOVE: dict[str, tuple[str, ...]] = {
    "bool": ("int",),
    "int": ("int8", "uint8", "complex64"),
    "uint8": ("int16", "uint16"),
    "uint16": ("int32", "uint32"),
    "uint32": ("int64", "uint64"),
    "uint64": ("float",),
    "int8": ("int16",),
    "int16": ("int32",),
    "int32": ("int64",),
    "int64": ("float",),
    "float": ("bfloat16", "float16"),
    "bfloat16": ("float32",),
    "float16": ("float32",),
    "float32": ("float64", "complex64"),
    "float64": ("complex128",),
    "complex64": ("complex128",),
    "complex128": (),
}
_STRONG = {"int": "int32", "float": "float32"}
_NARROWED = {"uint64": "uint32", "complex128": "complex64"}


def _reach(dtype: str) -> dict[str, int]:
    """Every dtype at or above one, with how far it is."""
    found, todo = {dtype: 0}, [dtype]
    while todo:
        here = todo.pop(0)
        for above in _ABOVE[here]:
            if above not in found:
                found[above] = found[here] + 1
                todo.append(above)
    return found


_REACH = {dtype: _reach(dtype) for dtype in _ABOVE}


def promoted(dtypes: Iterable[str]) -> str:
    """The dtype of an operation on tensors of these dtypes (keras.backend.result_type)."""
    kinds = list(dict.fromkeys(dtypes))
    if len(kinds) == 1:
        return _STRONG.get(kinds[0], kinds[0])
    common = set.intersection(*(set(_REACH[kind]) for kind in kinds))
    # The lowest common one is that from which all the others are reached.
    lowest = next(kind for kind in common if common <= set(_REACH[kind]))
    return _STRONG.get(lowest, lowest)


def result_type(*dtypes: str) -> str:
    """What keras.backend.result_type gives, where "int" and "float" stand for numbers of Python.

    As `promoted`, but the widest two are narrowed as Keras does, also where
    they come alone, and text beside a number is refused.
    """
    kinds = set(dtypes)
    if len(kinds) > 1 and not kinds <= _ABOVE.keys():
        raise Refused(
            "computes with numbers, but gets text",
            "Turn the text into numbers, with keras.layers.StringLookup or TextVectorization.",
        )
    found = promoted(kinds)
    return _NARROWED.get(found, found)


def floating(dtype: str) -> str:
    """The dtype of an operation that gives floats: float32 for integers and bools."""
    return dtype if dtype in FLOATS else "float32"


def is_whole(dtype: str) -> bool:
    """Whether a dtype holds whole numbers or bools."""
    return dtype in INTEGERS or dtype == "bool"
