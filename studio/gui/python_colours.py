"""The colours of Python, line by line: a line is looked at when it is to be seen, and once.

All that a line needs to know of those before it is whether it begins inside a
string of three quotes; that is found for a whole script in a millisecond.
"""

from __future__ import annotations

import re
from functools import lru_cache

CODE, IN_DOUBLE, IN_SINGLE = 0, 1, 2
"""Where a line begins: in code, in a string of three double quotes, or of three single ones."""

_QUOTES = {IN_DOUBLE: '"""', IN_SINGLE: "'''"}
_PARTS = re.compile(
    r"""(?P<comment>#.*)|(?P<double>"{3})|(?P<single>'{3})|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'"""
)

Span = tuple[int, int, str]
"""Where it begins, how long it is, and the token of the theme that it is drawn in."""


def states(lines: list[str]) -> list[int]:
    """Where each line begins."""
    found = []
    state = CODE
    for line in lines:
        found.append(state)
        if '"""' in line or "'''" in line:
            state = _after(line, state)
    return found


def _after(line: str, state: int) -> int:
    """Where the line behind this one begins."""
    at = 0
    while True:
        if state != CODE:
            end = line.find(_QUOTES[state], at)
            if end < 0:
                return state
            at, state = end + 3, CODE
        begin = next(
            (m for m in _PARTS.finditer(line, at) if m["comment"] or m["double"] or m["single"]),
            None,
        )
        if begin is None or begin["comment"]:
            return CODE
        at, state = begin.end(), IN_DOUBLE if begin["double"] else IN_SINGLE


@lru_cache(maxsize=20_000)
def spans(line: str, state: int = CODE) -> tuple[Span, ...]:
    """What of a line is drawn in which colour."""
    if state == CODE:
        return tuple(_lexed(line, 0))
    end = line.find(_QUOTES[state])
    if end < 0:
        return ((0, len(line), "code_string"),) if line else ()
    return ((0, end + 3, "code_string"), *_lexed(line[end + 3 :], end + 3))


def _lexed(line: str, offset: int):
    for at, kind, text in _lexer().get_tokens_unprocessed(line):
        colour = _colour(kind)
        if colour and text.strip():
            yield offset + at, len(text), colour


@lru_cache(maxsize=1)
def _lexer():
    from pygments.lexers.python import PythonLexer  # not before code is looked at

    return PythonLexer()


@lru_cache(maxsize=200)
def _colour(kind) -> str:
    from pygments.token import Comment, Keyword, Name, Number, Operator, String

    for group, colour in (
        (Keyword, "code_keyword"),
        (Operator.Word, "code_keyword"),
        (Number, "code_number"),
        (String, "code_string"),
        (Comment, "code_comment"),
        (Name.Function, "code_name"),
        (Name.Class, "code_name"),
        (Name.Decorator, "code_name"),
    ):
        if kind in group:
            return colour
    return ""
