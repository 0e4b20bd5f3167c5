"""JSON text: read with the place of each mistake, written with every byte as it was typed."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.graph.problems import ProjectError
from studio.graph.text import WIDTH, Float, dump, parse

from .marks import bug

TEXTS = st.text(st.characters(), max_size=20)
ANY_TEXTS = st.text(st.characters(exclude_categories=()), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | ANY_TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(ANY_TEXTS, inner, max_size=5),
    max_leaves=20,
)  # fmt: skip

TYPED = ("1e-3", "0.10", "1E5", "-0.0", "1e+07", "100.000", "1.5e300", "0e0", "-1E-320")


@pytest.mark.parametrize("number", TYPED)
def test_a_float_is_written_as_it_was_typed(number) -> None:
    assert dump(parse(f'{{"a": [{number}]}}')) == f'{{\n  "a": [\n    {number}\n  ]\n}}\n'


@pytest.mark.parametrize("number", TYPED)
def test_a_float_keeps_its_value_and_its_text_when_copied(number) -> None:
    value = Float(number)
    assert value == float(number)
    for copied in (copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert (copied, copied.text) == (value, number)


@given(JSON)
def test_what_is_written_is_read_back_and_written_the_same(value) -> None:
    text = dump(value)
    assert parse(text) == value
    assert json.loads(text) == value
    assert dump(parse(text)) == text


@given(JSON)
def test_what_is_written_can_be_stored_and_shows_no_hidden_marks(value) -> None:
    text = dump(value)
    text.encode()
    assert not set(text) & set("\u202a\u202e\u2066\u2069\u200e\u200f\u2028\u2029")


@given(st.lists(st.integers(0, 99), min_size=1, max_size=60))
def test_a_list_stands_on_one_line_where_it_fits(values) -> None:
    text = dump({"a": {"b": values}})
    line = f'    "b": {json.dumps(values)}'
    fits = len(line) <= WIDTH
    assert (line in text.split("\n")) == fits
    assert all(len(line) <= WIDTH for line in text.split("\n"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1, column 1"),
        ("{", "line 1, column 2"),
        ('{"a": 1,\n "b": }', "line 2, column 7"),
        ('{"a": 1} x', "extra data at line 1, column 10"),
        ("{'a': 1}", "line 1, column 2"),
        ('{"a": 1,}', "line 1, column"),
        ("[1, 2", "line 1, column 6"),
        ('{"a": "x', "line 1, column 7"),
        ('{"a": "\t"}', "invalid control character"),
        ('{"a": 01}', "line 1, column"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ('{"a": Infinity}', "Infinity is no JSON number"),
        ('{"a": -Infinity}', "-Infinity is no JSON number"),
        ('{"a": 1, "b": 2, "a": 3}', 'the key "a" stands twice'),
        ('{"x": {"a": 1, "a": 1}}', 'the key "a" stands twice'),
        ("[" * 100_000, "too deep"),
        ('{"a":' * 100_000, "too deep"),
        ("[" * 5000 + "]" * 5000, "too deep"),
        ("[" * 400 + "]" * 400, "too deep"),
        ("[" * 900 + "]" * 900, "too deep"),
        ('{"a": 1e999}', "1e999"),
        ('{"a": -1e999}', "1e999"),
        bug(
            "speaks of Python's own function",
            '{"a": ' + "9" * 5000 + "}",
            "a whole number with 5000 digits",
        ),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(text, words) -> None:
    with pytest.raises(ProjectError) as refused:
        parse(text, "x.json")
    (problem,) = refused.value.problems
    assert problem.code == "not-json"
    assert problem.message.startswith("x.json ")
    assert words in problem.message
    assert problem.hint
    assert len(problem.sentence()) < 300


def test_a_key_that_stands_twice_among_very_many_is_found(ends) -> None:
    keys = ", ".join(f'"k{index}": 1' for index in range(50_000))
    with ends(5), pytest.raises(ProjectError, match='"k49999" stands twice'):
        parse(f'{{{keys}, "k49999": 2}}')


@pytest.mark.parametrize("depth", [1, 10, 50, 330, 900])
def test_whatever_can_be_read_can_be_written(depth) -> None:
    text = '{"a": [' * depth + "1" + "]}" * depth
    try:
        value = parse(text)
    except ProjectError:
        return
    assert parse(dump(value)) == value
