"""Values as a person types them into a field, and back: 3 × 3, relu, 1, 2, none."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterator
from typing import Any

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.types import (
    Choice,
    Either,
    Files,
    Float,
    Int,
    Ints,
    ListOf,
    OneCall,
    Shape,
    Text,
    Type,
)
from studio.graph.problems import ProjectError
from studio.graph.text import Float as TypedFloat
from studio.graph.text import flat, parse

TIMES = " × "
UNKNOWN = "·"
NONE = "none"
_NULLS = ("none", "null")
_UNKNOWNS = (*_NULLS, UNKNOWN, "?", "-1")
LONGEST = 20_000
"""Letters that are still read as a value while typing."""


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values would be written alike: 1, 1.0 and true are three."""
    return one is other or (one == other and flat(one) == flat(other))


def read(param: Param, text: str) -> Any:
    """The value that a text says; raises ValueError where it says none that the parameter takes."""
    text = text.strip()
    if text.lower() in _NULLS and param.accepts(None):
        return None
    for value in _candidates(param.type, text[:LONGEST]):
        if param.accepts(value):
            return value
    raise ValueError(f"Expected {param.expected()}.")


def written(kind: Type, value: Any) -> str:
    """A value as the field shows it, so that reading the text gives the value again."""
    if value is None:
        return NONE
    text = _pretty(kind, value)
    if isinstance(kind, Ints):
        return text  # 3 stands for 3 × 3
    again = next((v for v in _candidates(kind, text) if kind.accepts(v)), None)
    return text if again is not None and same(again, value) else flat(value)


def _pretty(kind: Type, value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value) if not value or value.lower() in _NULLS else value
    if isinstance(kind, Ints) and isinstance(value, int):
        return TIMES.join([str(value)] * kind.axes)
    if isinstance(value, (list, tuple)) and value:
        if isinstance(kind, (Ints, Shape)) or (
            isinstance(kind, Either) and any(isinstance(each, Shape) for each in kind.types)
        ):
            if all(size is None or isinstance(size, int) for size in value):
                return TIMES.join(UNKNOWN if size is None else str(size) for size in value)
        elif not any(isinstance(item, (list, tuple, dict)) for item in value):
            return ", ".join(i if isinstance(i, str) else flat(i) for i in value)
    return flat(value)


def _candidates(kind: Type, text: str) -> Iterator[Any]:
    """What a text may mean for a type, the likeliest first."""
    if isinstance(kind, Either):
        # What is no text is tried first: nearly everything is one.
        for each in sorted(kind.types, key=lambda each: isinstance(each, (Text, OneCall))):
            yield from _candidates(each, text)
        return
    if isinstance(kind, Choice):
        yield from (v for v in kind.values if text in (v, NONE if v is None else flat(v)))
    elif isinstance(kind, (Int, Float)):
        yield from _numbers(kind, text)
    elif isinstance(kind, (Ints, Shape)):
        yield from _sizes(kind, text)
    elif isinstance(kind, ListOf):
        yield from _list(kind, text)
    if isinstance(kind, Files) and text.startswith("["):
        yield from _literals(text)
    if isinstance(kind, Text):
        if text[:1] == text[-1:] == '"' and len(text) > 1:
            yield from _literals(text)
        yield text
    elif isinstance(kind, OneCall) and text[:1] not in "{[":
        yield text
    elif not isinstance(kind, (Int, Float, Choice)):
        yield from _literals(text)


def _numbers(kind: Type, text: str) -> Iterator[Any]:
    text = text.replace("_", "")
    if re.fullmatch(r"[+-]?\d+", text) and len(text) < 400:
        yield int(text)
        if isinstance(kind, Float):
            yield TypedFloat(f"{int(text)}.0")
    elif isinstance(kind, Float):
        # 1. and .5 are no JSON, but what people type on the way to a number.
        text = re.sub(r"\.(?=$|e)", ".0", re.sub(r"^([+-]?)\.", r"\g<1>0.", text.lower()))
        text = re.sub(r"^(-?)0+(?=\d)", r"\g<1>", text.removeprefix("+"))
        if re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?", text):
            try:
                yield TypedFloat(text)
            except ValueError:
                return


def _sizes(kind: Type, text: str) -> Iterator[Any]:
    inner = text.strip("()[] ")
    parts = [part for part in re.split(r"\s*[×x*,;]\s*|\s+", inner.lower()) if part]
    if not parts:
        if text in ("()", "[]"):
            yield []
        return
    sizes = []
    for part in parts:
        if isinstance(kind, Shape) and part in _UNKNOWNS:
            sizes.append(None)
        elif re.fullmatch(r"-?\d{1,18}", part):
            sizes.append(int(part))
        else:
            return
    yield sizes[0] if isinstance(kind, Ints) and len(sizes) == 1 and sizes else sizes


def _list(kind: ListOf, text: str) -> Iterator[Any]:
    if text[:1] in ("[", "(", "{"):
        return
    items = []
    for part in text.split(","):
        value = next((v for v in _candidates(kind.item, part.strip()) if kind.item.accepts(v)), ...)
        if value is ... or value == "":
            return
        items.append(value)
    yield items


def _literals(text: str) -> Iterator[Any]:
    """The text as JSON, or as Python writes such a value."""
    try:
        yield parse(text)
        return
    except ProjectError:
        pass
    try:
        yield _plain(ast.literal_eval(text))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return


def _plain(value: Any) -> Any:
    """A value of Python as JSON has it; raises ValueError for what JSON hasn't."""
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _plain(item) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise ValueError("no JSON value")
