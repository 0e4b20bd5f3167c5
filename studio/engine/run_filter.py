"""`val_accuracy > 0.97 and tag:baseline`: which runs are meant, in a small language of its own.

    expression  = and-part { "or" and-part }
    and-part    = part { ["and"] part }
    part        = "not" part | "(" expression ")" | comparison | word
    comparison  = name operator value
    operator    = ":" | "=" | "==" | "!=" | "<" | "<=" | ">" | ">="

Nothing of it is ever run as code: the text is cut into tokens, and these become small functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from typing import Any

from msgspec import Struct

from studio.engine.filter_values import (
    ASYMMETRIC,
    FIELDS,
    Subject,
    comparison,
    has_text,
    number_of,
)
from studio.engine.runs import Known
from studio.graph.problems import StudioError, nearest, quoted

EXAMPLE = "val_accuracy > 0.97 and tag:baseline"
OPERATORS = ("==", "!=", "<=", ">=", ":", "=", "<", ">")
DEEPEST = 50
"""Parentheses and "not"s within each other, at most."""

_BLANK = re.compile(r"\s*")
_WORD = re.compile(r"[^\s()\"'<>=!:]+|!(?!=)")
_VALUE = re.compile(r"[^\s()\"']+")

Test = Callable[[Subject], bool]


class FilterError(StudioError):
    """A filter that can't be understood: the place is from `at` to `end` in its text."""

    def __init__(self, sentence: str, at: int, end: int):
        super().__init__(sentence)
        self.at, self.end = at, max(end, at)


class Token(Struct, frozen=True):
    """A part of the text: kind is word, string, operator, (, ) or end."""

    kind: str
    text: str
    at: int
    end: int


class Filter(Struct, frozen=True):
    """A text that was understood. `names` are those it compares, each as it was written."""

    text: str
    test: Test
    names: tuple[str, ...] = ()

    def fits(self, known: Known, parameters: Callable[[], dict[str, Any]] = dict) -> bool:
        """Whether a run is meant; its parameters are only asked for where they are needed."""
        return self.test(Subject(known, parameters))


def parse(text: str, names: Collection[str] | None = None) -> Filter:
    """Understands a filter. With `names` (metrics and paths of parameters) others are refused.

    An empty text means every run. A path may be written by its end (`learning_rate`), as far
    as no metric is called so. Raises FilterError.
    """
    return _Parser(text, names).whole()


def _tokens(text: str) -> list[Token]:
    """The tokens; what stands behind an operator is one value up to the next blank."""
    found: list[Token] = []
    at = _BLANK.match(text).end()
    while at < len(text):
        behind = found[-1].kind if found else ""
        token = _token(text, at, behind == "operator")
        found.append(token)
        at = _BLANK.match(text, token.end).end()
    found.append(Token("end", "", len(text), len(text)))
    return found


def _token(text: str, at: int, value: bool) -> Token:
    sign = text[at]
    if sign in "()":
        return Token(sign, sign, at, at + 1)
    if sign in "\"'":
        end = text.find(sign, at + 1)
        if end < 0:
            raise FilterError(f"The {sign} has no second one that ends the text.", at, len(text))
        return Token("string", text[at + 1 : end], at, end + 1)
    operator = next((each for each in OPERATORS if text.startswith(each, at)), None)
    if operator is not None:
        return Token("operator", operator, at, at + len(operator))
    match = (_VALUE if value else _WORD).match(text, at)
    return Token("word", match.group(), at, match.end())


class _Parser:
    """Goes through the tokens from the left; a method for each rule of the grammar."""

    def __init__(self, text: str, names: Collection[str] | None):
        self._text = text
        self._known = names
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0
        self._names: dict[str, None] = {}

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        self._at += 1
        return token

    def _is(self, word: str) -> bool:
        return self._next.kind == "word" and self._next.text.lower() == word

    def whole(self) -> Filter:
        if self._next.kind == "end":
            return Filter(self._text, lambda subject: True)
        test = self._any()
        if self._next.kind != "end":
            raise self._error('There is a ")" without a "(" before it.', self._next)
        return Filter(self._text, test, tuple(self._names))

    def _any(self) -> Test:
        parts = [self._all()]
        while self._is("or"):
            self._take()
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda run: any(part(run) for part in parts)

    def _all(self) -> Test:
        parts = [self._part()]
        while self._next.kind not in (")", "end") and not self._is("or"):
            if self._is("and"):
                self._take()
            parts.append(self._part())
        return parts[0] if len(parts) == 1 else lambda run: all(part(run) for part in parts)

    def _part(self) -> Test:
        token = self._take()
        if token.kind == "word" and token.text.lower() in ("not", "!"):
            inner = self._deeper(self._part, token)
            return lambda run: not inner(run)
        if token.kind == "(":
            inner = self._deeper(self._any, token)
            if self._next.kind != ")":
                raise self._error('The "(" isn\'t closed: a ")" is missing.', token)
            self._take()
            return inner
        if token.kind not in ("word", "string") or self._reserved(token):
            raise self._unexpected(token)
        if self._next.kind == "operator":
            return self._comparison(token)
        return has_text(token.text)

    def _deeper(self, rule: Callable[[], Test], token: Token) -> Test:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error(f"It is nested more than {DEEPEST} deep.", token)
        found = rule()
        self._depth -= 1
        return found

    def _comparison(self, name: Token) -> Test:
        operator, value = self._take(), self._take()
        if value.kind not in ("word", "string"):
            what = "a value is missing" if value.kind == "end" else "a value is expected"
            sentence = f'Behind "{name.text} {operator.text}" {what}: {_example(name.text)}.'
            raise self._error(sentence, operator if value.kind == "end" else value)
        places = self._resolved(name)
        if operator.text in ASYMMETRIC and places[0] not in FIELDS and value.kind == "word":
            self._other(value)
        try:
            return comparison(places, operator.text, value.text, value.kind == "string")
        except ValueError as error:
            raise self._error(str(error), value) from None

    def _resolved(self, name: Token) -> tuple[str, ...]:
        """The names that one stands for: itself, or the paths that end with it."""
        word = name.text.lower() if name.text.lower() in FIELDS else name.text
        self._names[word] = None
        if word in FIELDS or self._known is None or word in self._known:
            return (word,)
        longer = tuple(each for each in self._known if each.endswith(f".{word}"))
        if longer:
            return longer
        ends = {each.rpartition(".")[2] for each in self._known}
        hint = nearest(word, dict.fromkeys([*FIELDS, *self._known, *sorted(ends)]))
        hint = hint or "Compared are metrics, parameters by their paths, and: " + ", ".join(FIELDS)
        raise self._error(f"No run has anything called {quoted(word)}. {hint.rstrip('.')}.", name)

    def _other(self, value: Token) -> None:
        """Where a size is compared with no number, it is with another metric or parameter."""
        if number_of(value.text) is not None:
            return
        self._names[value.text] = None
        if self._known is not None and value.text not in self._known:
            hint = nearest(value.text, self._known)
            sentence = f"{quoted(value.text)} is neither a number nor a metric. {hint}".strip()
            raise self._error(sentence, value)

    def _reserved(self, token: Token) -> bool:
        return token.kind == "word" and token.text.lower() in ("and", "or")

    def _unexpected(self, token: Token) -> FilterError:
        if token.kind == "end":
            before = self._tokens[self._at - 2]
            sentence = f'Behind "{before.text}" something is missing: {EXAMPLE}.'
            return self._error(sentence, before)
        if token.kind == "operator":
            sentence = f'Before "{token.text}" the name of a metric or parameter is expected.'
            return self._error(sentence, token)
        return self._error(f'"{token.text}" can\'t stand here: {EXAMPLE}.', token)

    def _error(self, sentence: str, token: Token) -> FilterError:
        return FilterError(sentence, token.at, token.end)


def _example(name: str) -> str:
    return {
        "state": "state:failed",
        "tag": "tag:baseline",
        "name": "name:digits",
        "note": "note:augmented",
        "duration": "duration > 5m",
        "when": "when > 2026-11-01",
    }.get(name, f"{name} > 0.5")


def word_at(text: str, place: int) -> tuple[int, str]:
    """What is being written at a place of the text, as a name: where it begins, and its part."""
    match = re.search(r"[^\s()\"'<>=!:]*$", text[:place])
    return match.start(), match.group()


def behind_operator(text: str, place: int) -> str | None:
    """The name whose value is being written at a place; None where a name is."""
    match = re.search(r"([^\s()\"'<>=!:]+)\s*(?:[<>!=]=|[:=<>])\s*[^\s()\"']*$", text[:place])
    return match.group(1) if match else None


def names_of(rows: Iterable[Known], paths: Iterable[str] = ()) -> dict[str, None]:
    """Everything that can be compared beside the fields: the runs' metrics, and the paths."""
    found = dict.fromkeys(name for known in rows for name in known.progress.results)
    return found | dict.fromkeys(paths)
