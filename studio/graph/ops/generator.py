"""A source that is the project's own code: a generator, with the signature it declares."""

from __future__ import annotations

from typing import Any

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Bool, Int, OneCall, Shape, Type
from studio.graph.elements import Elements, Structure
from studio.graph.literals import structure_of
from studio.graph.problems import nearest, quoted
from studio.graph.rule import Args
from studio.graph.spec import DTYPES, Refused, Spec

FROM_GENERATOR = "tf.data.Dataset.from_generator"


@describe(
    FROM_GENERATOR,
    kind="source",
    family="source",
    inputs="",
    shown="generator",
    help="What a generator of your own yields, one element at a time.",
    params=[
        Param(
            "generator",
            OneCall(("generator", "code"), names=False),
            help='Your function with yield: {"op": "code:NAME"}, and its arguments in params.',
        ),
        Param(
            "output_signature",
            Type(),
            help='What it yields: {"shape": [2], "dtype": "float32"} (null for a changing size, '
            '"ragged": true), an object of these by name, or {"features": ..., "label": ...}.',
        ),
        Param("count", Int(-1), None, "How many elements; -1 if it never ends, null if unknown."),
    ],
)
def from_generator(p: Args) -> Elements:
    """Elements as they are declared: nothing of the code is run."""
    structure = signature(p.output_signature)
    if p.count == 0:
        raise Refused("gives a count of 0, so there is no element", "Leave count out.")
    endless = p.count == -1
    return Elements(structure, None if endless else p.count, endless)


def signature(value: Any) -> Structure:
    """The Specs that an output signature declares; Refused where it is none."""
    return structure_of(value, _spec, ends=_is_spec)


def _is_spec(value: Any) -> bool:
    return isinstance(value, dict) and (
        isinstance(value.get("dtype"), str) or isinstance(value.get("shape"), (list, tuple))
    )


_KEYS = ("shape", "dtype", "ragged")


def _spec(value: Any, place: str) -> Spec:
    where = f" for {quoted(place)}" if place else ""
    if not isinstance(value, dict):
        raise Refused(
            f"declares {quoted(value)}{where}, which says no shape and dtype",
            'Write {"shape": [], "dtype": "float32"} for a number.',
        )
    odd = next((key for key in value if key not in _KEYS), None)
    if odd is not None:
        hint = nearest(odd, _KEYS) or "There are shape, dtype and ragged."
        raise Refused(f"declares {quoted(odd)}{where}, which a tensor doesn't have", hint)
    shape, dtype = value.get("shape", []), value.get("dtype", "float32")
    ragged = value.get("ragged", False)
    if not Shape().accepts(shape):
        raise Refused(f"declares the shape {quoted(shape)}{where}", f"Write {Shape().expected()}.")
    if not isinstance(dtype, str) or dtype not in DTYPES:
        hint = nearest(str(dtype), DTYPES) or "Write one such as float32, int32 or string."
        raise Refused(f"declares the dtype {quoted(dtype)}{where}, which there isn't", hint)
    if not Bool().accepts(ragged):
        raise Refused(f"declares ragged as {quoted(ragged)}{where}", "Write true or false.")
    if not ragged:
        return Spec(tuple(shape), dtype)
    if None not in shape:
        raise Refused(
            f"declares a ragged tensor{where}, none of whose axes changes",
            "Write null in its shape for the axis that does.",
        )
    last = max(axis for axis, size in enumerate(shape) if size is None)
    if not last:
        raise Refused(
            f"declares a ragged tensor{where}, only the first axis of which changes",
            "Leave ragged out: rows of different lengths become ragged in a ragged_batch.",
        )
    return Spec(tuple(shape), dtype, last + (shape[0] is None))
