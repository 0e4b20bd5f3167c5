"""Layout: whatever expression is laid out, `ruff format` finds nothing to change."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from studio.codegen.layout import (
    WIDTH,
    Expr,
    Group,
    Lines,
    Marked,
    call,
    dictionary,
    flat,
    join,
    listing,
    tuple_of,
)
from studio.codegen.literal import text

from .ruff import changed, laid_out, shown

NAMES = st.text("abcdefgh", min_size=1, max_size=14).map(lambda name: f"{name}_")
DOTTED = st.lists(NAMES, min_size=1, max_size=3).map(".".join)
TEXTS = st.text("abc xyz'", max_size=60).map(text)
SHORT_TEXTS = st.text("abcxyz", min_size=1, max_size=12).map(text)
NUMBERS = st.sampled_from(["1", "64", "0.001", "1e-07", "-1", "True", "None", "tf.data.AUTOTUNE"])
ATOMS = NAMES | TEXTS | NUMBERS


def calls(inner: st.SearchStrategy[Expr], name: st.SearchStrategy[Any] = DOTTED) -> Any:
    """Calls with arguments by position and by name."""
    keywords = st.dictionaries(NAMES, inner, max_size=4)
    return st.builds(
        lambda f, items, named: call(f, items, **named), name, st.lists(inner, max_size=4), keywords
    )


def _grown(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    entries = st.dictionaries(TEXTS, inner, max_size=4)
    return (
        calls(inner)
        | st.lists(inner, max_size=5).map(listing)
        | st.lists(inner, min_size=1, max_size=4).map(tuple_of)
        | entries.map(lambda found: dictionary(found.items()))
    )


EXPRESSIONS = st.recursive(ATOMS, _grown, max_leaves=12)
# keras.layers.Dense(64, name="hidden")(x): what a layer is called on is a name, or a list of them.
TENSORS = NAMES | st.lists(NAMES, min_size=1, max_size=6).map(listing)
LAYERS = st.builds(
    lambda layer, tensors: join(layer, call("", tensors)),
    calls(EXPRESSIONS),
    st.lists(TENSORS, min_size=1, max_size=3),
)
# x.map(lambda x, y: (change(x), y)): what data stages write.
CHANGES = calls(NAMES | NUMBERS, NAMES) | SHORT_TEXTS.map(lambda to: f"tf.cast(x, {to})")
NESTED = CHANGES.map(lambda one: call("tf.nest.map_structure", [join("lambda t: ", one), "x"]))
NAMED = st.dictionaries(SHORT_TEXTS, st.just("part_0[1]"), min_size=1, max_size=5).map(
    lambda found: dictionary(found.items())
)
LAMBDAS = (
    (CHANGES | NESTED).map(lambda one: join("lambda x: ", one))
    | (CHANGES | NESTED).map(lambda one: join("lambda x, y: ", tuple_of([one, "y"])))
    | st.builds(lambda a, b: join("lambda part_0, part_1: ", tuple_of([a, b])), NAMED, NAMED)
    | NAMED.map(lambda named: join("lambda part_0: ", named))
)
STAGES = st.builds(
    lambda name, method, function, rest: join(name, f".{method}", call("", [function, *rest])),
    NAMES,
    NAMES,
    LAMBDAS | NUMBERS,
    st.sampled_from([[], ["num_parallel_calls=tf.data.AUTOTUNE"], ["seed=None", "other=1"]]),
)
ARRAYS = st.builds(
    lambda items, rest: join("np.array", call("", [listing(items), *rest]), ".T"),
    st.lists(NAMES.map(lambda name: f'columns["{name}"]'), min_size=1, max_size=9),
    st.sampled_from([[], ['"float32"']]),
)
PREFETCHED = st.dictionaries(SHORT_TEXTS, NAMES, min_size=1, max_size=4).map(
    lambda found: dictionary((key, join(name, ".prefetch(AUTO)")) for key, name in found.items())
)

KINDS: dict[str, tuple[st.SearchStrategy[Expr], tuple[str, ...]]] = {
    "any expression": (EXPRESSIONS, ("value = ", "return ")),
    "calls": (calls(EXPRESSIONS), ("value = ", "return ", "")),
    "layers called on tensors": (LAYERS, ("value = ", "return ", "one, other = ")),
    "dataset methods with lambdas": (STAGES, ("value = ", "return ", "")),
    "arrays of columns": (ARRAYS, ("value = ", "return ")),
    "dictionaries of prefetched datasets": (PREFETCHED, ("value = ", "return ")),
}


@pytest.mark.parametrize("kind", KINDS)
def test_ruff_changes_no_statement_of(kind: str) -> None:
    expressions, heads = KINDS[kind]
    statements: list[tuple[int, str]] = []

    @settings(
        max_examples=250,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from([0, 4, 8]), st.sampled_from(heads), expressions)
    def collect(indent: int, head: str, expr: Expr) -> None:
        indent = indent or 4 * (head == "return ")
        statements.append((indent, laid_out(head, expr, indent)))

    collect()
    assert len({source for _, source in statements}) > 150
    assert any("\n" in source for _, source in statements)
    found = changed(statements)
    assert not found, shown(found)


def at_every_width(make: Any, indent: int = 4) -> list[tuple[int, str]]:
    """The statements that `make` gives for names of 1 to 100 characters."""
    return [(indent, laid_out(*make("a" * count), indent)) for count in range(1, 101)]


def mapped(body: Expr) -> tuple[str, Expr]:
    """A data stage that maps a lambda."""
    return "x = data", call(".map", [join("lambda x: ", body), "num_parallel_calls=1"])


SWEPT = {
    "a call of one text": lambda w: ("x = ", call("f", [text(w)])),
    "a call of a text and a keyword": lambda w: ("x = ", call("f", [text(w)], name=text(w))),
    "a list of one text": lambda w: ("x = ", listing([text(w)])),
    "a list of two texts": lambda w: ("x = ", listing([text(w), text(w)])),
    "a tuple of one": lambda w: ("x = ", tuple_of([text(w)])),
    "a dictionary of one text": lambda w: ("x = ", dictionary([(text("key"), text(w))])),
    "a dictionary with long keys": lambda w: ("return ", dictionary([(text(w), "x")])),
    "a list of one call": lambda w: ("return ", listing([call("f", [text(w)], append="True")])),
    "a call of a call": lambda w: ("x = ", join(call("f", ["1"], name=text(w)), call("", ["y"]))),
    "a call of one list": lambda w: ("x = ", call("f", [listing([w, w])])),
    "a call of a list and a keyword": lambda w: ("x = ", call("f", [listing(["a"])], n=text(w))),
    "a call in a keyword": lambda w: ("f", call("", o=call("Adam", name=text(w)), j="False")),
    "a tuple in a lambda": lambda w: mapped(tuple_of([call("f", [w]), "y"])),
    "a call in a lambda": lambda w: mapped(call("f", [w], n="1")),
    "a dictionary in a lambda": lambda w: mapped(dictionary([(text(w), "x")])),
}


@pytest.mark.parametrize("name", SWEPT)
def test_ruff_changes_nothing_at_any_width_of(name: str) -> None:
    for indent in (4, 8):
        found = changed(at_every_width(SWEPT[name], indent))
        assert not found, shown(found)


WIDE = {
    "CJK": "日本",
    "Hangul": "한국",
    "emoji": "😀",
    "emoji with a skin": "👍🏽",
    "emoji of several": "👩\u200d👧",
    "flags": "🇩🇪",
    "combining accents": "e\u0301",
    "Thai vowels": "ก็",
    "halfwidth katakana": "ｱ",
    "Greek": "αβ",
    "Arabic": "لا",
}


@pytest.mark.parametrize("script", WIDE)
def test_text_is_as_wide_as_it_is_shown(script: str) -> None:
    letters = WIDE[script]
    lists = [listing([text(letters * count)]) for count in range(1, 90)]
    found = changed((0, laid_out("x = ", each)) for each in lists)
    assert not found, shown(found)


def test_an_expression_that_fits_stands_on_one_line() -> None:
    fits = call("f", [text("a" * (WIDTH - len('x = f("")')))])
    assert laid_out("x = ", fits) == "x = " + flat(fits)
    assert len(laid_out("x = ", fits)) == WIDTH


def test_a_call_one_column_too_wide_gets_a_line_for_its_arguments() -> None:
    wide = call("f", ["1", text("a" * (WIDTH - len('x = f(1, "")') + 1))])
    assert laid_out("x = ", wide).split("\n")[1:] == ["    " + flat(wide)[2:-1], ")"]


def test_a_collection_too_wide_gets_a_line_for_each_item() -> None:
    items = [text("a" * 50), text("b" * 50)]
    assert laid_out("x = ", listing(items)) == f"x = [\n    {items[0]},\n    {items[1]},\n]"


@pytest.mark.parametrize(
    ("expr", "source"),
    [
        ("x", "x"),
        (call("f"), "f()"),
        (call("f", ["1"], key="2"), "f(1, key=2)"),
        (listing([]), "[]"),
        (tuple_of([]), "()"),
        (tuple_of(["1"]), "(1,)"),
        (tuple_of(["1", "2"]), "(1, 2)"),
        (dictionary([('"a"', "1")]), '{"a": 1}'),
        (join("x", ".f", Group("(", ("1",), ")", call=True), ".T"), "x.f(1).T"),
        (Marked(("model", "a"), call("f")), "f()"),
    ],
)
def test_flat_is_the_expression_on_one_line(expr: Expr, source: str) -> None:
    assert flat(expr) == source


def marked(*names: str, width: int) -> Lines:
    """Marked calls in a list, as a Sequential's layers stand."""
    items = [Marked(("model", name), call("f", [text("a" * width)])) for name in names]
    lines = Lines()
    lines.expression(listing(items), 0)
    return lines


def test_marks_on_one_line_all_name_that_line() -> None:
    assert marked("a", "b", width=3).marks == {("model", "a"): [(1, 1)], ("model", "b"): [(1, 1)]}


def test_marks_of_items_on_lines_of_their_own_name_those() -> None:
    assert marked("a", "b", width=40).marks == {("model", "a"): [(2, 2)], ("model", "b"): [(3, 3)]}


def test_a_mark_covers_all_lines_of_an_expression_that_is_broken() -> None:
    wide = marked("a", "b", width=90)
    assert wide.marks == {("model", "a"): [(2, 4)], ("model", "b"): [(5, 7)]}
    assert wide.lines[1:4] == ["    f(", f'        "{"a" * 90}"', "    ),"]


def test_a_mark_inside_arguments_on_a_line_of_their_own_names_that_line() -> None:
    lines = Lines()
    inner = Marked(("model", "a"), call("g", [text("a" * 60)]))
    lines.expression(call("function_of_some_length", [inner, "1"]), 0)
    assert len(lines.lines) == 3
    assert lines.marks == {("model", "a"): [(2, 2)]}
