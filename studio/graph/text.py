"""JSON text as Studio reads and writes it: places in errors, floats as typed, one layout."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any

from studio.graph.problems import ERROR, Problem, ProjectError, quoted

WIDTH = 100
DEEPEST = 50
"""Levels of lists and objects; Python itself reads at most about 90 brackets in brackets."""
# Characters that change how the text around them is shown (bidi marks) or that
# UTF-8 can't hold (surrogates) are written as escapes; JSON allows that.
_ESCAPED = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]")


class Float(float):
    """A float that remembers how it was typed, so that saving it changes no byte."""

    __slots__ = ("text",)

    def __new__(cls, text: str) -> Float:
        """Reads a JSON number."""
        value = super().__new__(cls, text)
        if math.isinf(value):
            raise ValueError(f"the number {quoted(text)[1:-1]} is larger than a float can be")
        value.text = text
        return value

    def __reduce__(self):
        return Float, (self.text,)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = counts.most_common(1)[0][0]
        raise ValueError(f"the key {quoted(twice)} stands twice in one object")
    return found


def _constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON number")


def parse(text: str, name: str = "the project") -> Any:
    """The value that a JSON text says.

    Raises ProjectError with line and column where the text is no JSON, or says
    a key twice, a number that no float can hold, or nests deeper than can be read.
    """
    try:
        value = json.loads(
            text, parse_float=Float, object_pairs_hook=_object, parse_constant=_constant
        )
        if _deeper(value, DEEPEST):
            raise RecursionError
        return value
    except json.JSONDecodeError as error:
        message = (
            f"{name} is not JSON: {error.msg[0].lower()}{error.msg[1:]} "
            f"at line {error.lineno}, column {error.colno}."
        )
        hint = "Mend that place in a text editor, or open another file."
    except RecursionError:
        message, hint = f"{name} nests its lists and objects too deep to be read.", "Flatten it."
    except ValueError as error:
        message, hint = f"{name} can't be read: {error}.", "Mend that place in a text editor."
    raise ProjectError([Problem(ERROR, "not-json", "", "", message, hint)])


def _deeper(value: Any, levels: int) -> bool:
    """Whether lists and objects nest more than so many levels."""
    if not isinstance(value, (dict, list)):
        return False
    items = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper(item, levels - 1) for item in items)


def dump(value: Any) -> str:
    """The text of a JSON value, laid out as Studio writes it, with a line end.

    An object or list stands on one line where that line has at most 100
    characters; else each of its items has a line.
    """
    return f"{_lay(value, 0, 0)}\n"


def _lay(value: Any, indent: int, taken: int) -> str:
    if not isinstance(value, (dict, list, tuple)) or not value:
        return flat(value)
    # The outermost objects are always open, so that a change there is a changed line.
    room = WIDTH - indent - taken - 1
    if indent >= 4 and _left(value, room) >= 0:
        line = flat(value)
        if len(line) <= room:
            return line
    inner = indent + 2
    pad, end = " " * inner, " " * indent
    if isinstance(value, dict):
        lines = []
        for key, item in value.items():
            head = f"{_string(key)}: "
            lines.append(f"{pad}{head}{_lay(item, inner, len(head))}")
        return "{\n" + ",\n".join(lines) + f"\n{end}}}"
    return "[\n" + ",\n".join(f"{pad}{_lay(item, inner, 0)}" for item in value) + f"\n{end}]"


def _left(value: Any, room: int) -> int:
    """How much of a line is left behind a value, at most; below 0 it is certain not to fit."""
    if isinstance(value, str):
        return room - len(value) - 2
    if isinstance(value, dict):
        for key, item in value.items():
            room = _left(item, room - len(key) - 6)
            if room < 0:
                break
        return room
    if isinstance(value, (list, tuple)):
        for item in value:
            room = _left(item, room - 2)
            if room < 0:
                break
        return room
    return room - 1


def flat(value: Any) -> str:
    """The text of a JSON value on one line, without a line end."""
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, Float):
        return value.text
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_string(key)}: {flat(item)}' for key, item in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(flat, value))}]"
    return json.dumps(value, allow_nan=False)


def _string(text: str) -> str:
    encoded = json.dumps(text, ensure_ascii=False)
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", encoded)
