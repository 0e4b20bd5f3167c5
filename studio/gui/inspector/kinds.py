"""Which field a parameter has: one decision, by the class of its type."""

from __future__ import annotations

from msgspec.structs import replace

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.types import Bool, Choice, Either, Float, Int, ListOf, Path, Type
from studio.graph.spec import FLOATS, INTEGERS
from studio.gui.inspector.call_field import CallField, call_type
from studio.gui.inspector.choice_field import ChoiceField, bool_field
from studio.gui.inspector.either_field import EitherField
from studio.gui.inspector.field import Field
from studio.gui.inspector.line_field import LineField, NumberField, PathField
from studio.gui.inspector.place import Place
from studio.gui.inspector.rows_field import RowsField

_DTYPES = (
    "float32",
    "float16",
    "bfloat16",
    "float64",
    "mixed_float16",
    "mixed_bfloat16",
    *sorted((FLOATS | INTEGERS) - {"float32", "float16", "bfloat16", "float64"}),
)
_NEVER_CALLED = ("dtype_policy",)
"""Kinds of which the catalogue has no op: a name says all."""


def field_for(param: Param, place: Place) -> Field:
    """The field that suits a parameter."""
    kind = param.type
    if isinstance(kind, Either):
        return _either(param, place, kind)
    if isinstance(kind, Bool):
        return bool_field(param, place)
    if isinstance(kind, Choice):
        return ChoiceField(param, place, kind.values)
    if call_type(kind) is not None:
        return CallField(param, place)
    if isinstance(kind, ListOf) and call_type(kind.item) is not None:
        return RowsField(param, place)
    return _line(kind)(param, place)


def _line(kind: Type) -> type[LineField]:
    if isinstance(kind, (Int, Float)):
        return NumberField
    return PathField if isinstance(kind, Path) else LineField


def _either(param: Param, place: Place, either: Either) -> Field:
    kinds = [kind for kind in either.types if kind != Choice((None,))]
    call = call_type(either)
    if call is not None and call.kinds == _NEVER_CALLED:
        return ChoiceField(param, place, _DTYPES)
    if all(isinstance(kind, Choice) for kind in kinds):
        values = dict.fromkeys(value for kind in kinds for value in kind.values)
        return ChoiceField(param, place, tuple(values))
    if len(kinds) == 1 and isinstance(kinds[0], (Bool, ListOf)):
        # null is taken where the type says so: what is shown hangs on the rest alone.
        return (
            field_for(replace(param, type=kinds[0]), place)
            if param.default is None
            else (_line(either)(param, place))
        )
    if call is not None and len(kinds) > 1:
        plain = [kind for kind in kinds if call_type(kind) is None]
        whole = plain[0] if len(plain) == 1 else Either(tuple(plain))
        return EitherField(param, place, whole, _line(whole))
    if call is not None:
        return CallField(param, place)
    number = next((kind for kind in kinds if isinstance(kind, (Int, Float))), None)
    return (NumberField if number == kinds[0] and len(kinds) == 1 else LineField)(param, place)
