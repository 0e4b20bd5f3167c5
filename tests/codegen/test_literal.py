"""Literals: every JSON value comes out as Python whose value it is, on one line, all printable."""

from __future__ import annotations

import ast
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from studio.codegen.layout import flat
from studio.codegen.literal import literal, text
from studio.graph.problems import StudioError
from studio.graph.text import DEEPEST, Float, parse

from .ruff import changed, laid_out, shown

# Everything that a JSON text can hold, and what is apt to go wrong more often than by chance.
ODD = "\"'\\\n\r\t\0\x1b\x7f\x85\xa0\xad\u200b\u202e\u2028\ud800\udfff\ue000\ufeff{}%#é"
CHARACTERS = st.characters() | st.characters(categories=["Cs"]) | st.sampled_from(ODD)
TEXTS = st.text(CHARACTERS) | st.text(st.sampled_from(ODD), max_size=200)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
NUMBERS = st.booleans() | st.integers() | FLOATS | FLOATS.map(lambda value: Float(repr(value)))
SCALARS = st.none() | NUMBERS | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(TEXTS, inner),
    max_leaves=20,
)


def says(value: Any) -> str:
    """The source of a value's literal, on one line."""
    return flat(literal(value))


@settings(deadline=None)
@given(VALUES)
@example("x" * 100_000)
@example([list(range(3000))])
@example({"": {"a": [None, True, False]}})
def test_the_literal_of_a_value_has_that_value(value: Any) -> None:
    source = says(value)
    assert ast.literal_eval(source) == value
    assert repr(ast.literal_eval(source)) == repr(plain(value))


def plain(value: Any) -> Any:
    """The value with ordinary floats, whose repr tells -0.0 from 0.0 and 1 from 1.0 and True."""
    if isinstance(value, float):
        return float(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(plain, value))
    return value


@settings(deadline=None)
@given(VALUES)
def test_a_literal_is_one_line_of_printable_characters(value: Any) -> None:
    source = says(value)
    assert source.isprintable()
    source.encode("utf-8")


@settings(deadline=None)
@given(TEXTS)
def test_a_text_uses_the_quotes_that_need_fewer_escapes(value: str) -> None:
    escaped = {quote: value.count(quote) for quote in "\"'"}
    quote = text(value)[0]
    assert escaped[quote] == min(escaped.values())
    assert quote == '"' or escaped["'"] < escaped['"']


@pytest.mark.parametrize(
    ("value", "source"),
    [
        (None, "None"),
        (True, "True"),
        (False, "False"),
        (0, "0"),
        (-7, "-7"),
        (10**400, "1" + "0" * 400),
        (0.1, "0.1"),
        (-0.0, "-0.0"),
        (1e-7, "1e-07"),
        (1e16, "1e16"),
        (Float("1.50"), "1.5"),
        (Float("1E5"), "100000.0"),
        ("", '""'),
        ("it's", '"it\'s"'),
        ('say "hi"', "'say \"hi\"'"),
        ("'\"", '"\'\\""'),
        ("a\\b", '"a\\\\b"'),
        ("\0\n\t\x7f", '"\\x00\\n\\t\\x7f"'),
        ("\ud800", '"\\ud800"'),
        ("\u202eabc", '"\\u202eabc"'),
        ("\U000e0001", '"\\U000e0001"'),
        ("日本 é 😀", '"日本 é 😀"'),
        ("{x} %s #", '"{x} %s #"'),
        ('"""', '\'"""\''),
        ([], "[]"),
        ((), "()"),
        ((1,), "(1,)"),
        ({}, "{}"),
        ({"b": 1, "a": [2, None]}, '{"b": 1, "a": [2, None]}'),
    ],
)
def test_values_are_written_as_a_person_would(value: Any, source: str) -> None:
    assert says(value) == source


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_an_infinite_number_is_infinite(value: float) -> None:
    assert eval(says(value), {"__builtins__": {}, "float": float}) == value


def test_nan_is_nan() -> None:
    assert math.isnan(eval(says(math.nan), {"__builtins__": {}, "float": float}))


@pytest.mark.parametrize("value", [{1, 2}, b"bytes", object(), 1j, [object()], {"a": {3}}])
def test_what_is_no_json_value_is_refused_with_a_sentence(value: Any) -> None:
    with pytest.raises(StudioError, match=r"can't be written as Python\.$"):
        says(value)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_of_thousands_of_digits_is_refused_with_a_sentence(sign: int) -> None:
    with pytest.raises(StudioError, match="thousands of digits"):
        says(sign * 10**5000)


def test_the_deepest_value_that_a_project_can_hold_is_python() -> None:
    value = parse("[" * DEEPEST + "]" * DEEPEST)
    assert ast.literal_eval(says(value)) == value


def test_ruff_changes_no_large_float() -> None:
    found = changed((0, laid_out("x = ", literal([10.0**power]))) for power in range(-20, 40))
    assert not found, shown(found)


def test_ruff_changes_no_literal() -> None:
    statements: list[tuple[int, str]] = []

    @settings(
        max_examples=250,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.lists(SCALARS.filter(narrow))
        | st.dictionaries(TEXTS.filter(narrow), NUMBERS.filter(narrow))
    )
    def collect(value: Any) -> None:
        statements.append((0, laid_out("x = ", literal(value))))

    collect()
    assert any("\\u" in source for _, source in statements)
    found = changed(statements)
    assert not found, shown(found)


def narrow(value: Any) -> bool:
    """Whether it is neither a huge float nor wide text, which have tests of their own."""
    if isinstance(value, float):
        return abs(value) < 1e16
    return not isinstance(value, str) or all(char < "\u0300" for char in value if char not in ODD)
