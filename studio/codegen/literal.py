"""The one way by which a value from a project gets into code: as a literal."""

from __future__ import annotations

import math
from typing import Any

from studio.codegen.layout import Expr, call, dictionary, listing, tuple_of
from studio.graph.problems import StudioError, quoted


def literal(value: Any) -> Expr:
    """A JSON value as a Python literal, quoted as `ruff format` does.

    Whatever a text holds (quotes, line ends, backslashes, surrogates, bidi
    marks), it comes out as a literal whose value is that text; everything that
    is not printable is escaped. Raises StudioError for what is no JSON value.
    """
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return text(value)
    if isinstance(value, int):
        return _int(value)
    if isinstance(value, float):
        digits = float.__repr__(value).replace("e+", "e")
        return digits if math.isfinite(value) else _odd_float(value)
    if isinstance(value, list):
        return listing(map(literal, value))
    if isinstance(value, tuple):
        return tuple_of(map(literal, value))
    if isinstance(value, dict):
        return dictionary((text(str(key)), literal(item)) for key, item in value.items())
    raise StudioError(f"{quoted(value)} can't be written as Python.")


def _int(value: int) -> str:
    try:
        return str(int(value))
    except ValueError:  # past the number of digits that Python turns into text
        raise StudioError("A whole number with thousands of digits can't be written.") from None


def _odd_float(value: float) -> Expr:
    name = "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return call("float", [text(name)])


def text(value: str) -> str:
    """A text as a Python literal: in double quotes, unless single ones need fewer escapes."""
    if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
        return f'"{value}"'
    quote = '"' if value.count('"') <= value.count("'") else "'"
    body = []
    for char in value:
        if char in (quote, "\\"):
            body.append("\\" + char)
        elif char.isprintable():
            body.append(char)
        else:
            body.append(ascii(char)[1:-1])
    return f"{quote}{''.join(body)}{quote}"
