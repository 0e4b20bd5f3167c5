"""The catalogue: every op can be asked for, and says what it takes."""

from __future__ import annotations

import json

import pytest

from studio.graph.catalogue import types
from studio.graph.catalogue.op import Port
from studio.graph.catalogue.registry import aliases, describe, find, of_kind, paths, short_names
from studio.graph.problems import nearest, one_of, quoted
from studio.graph.rule import Args

PATHS = paths()


@pytest.mark.parametrize("kind", sorted({find(path).kind for path in PATHS}))
def test_every_op_of_a_kind_is_described(kind) -> None:
    for op in of_kind(kind):
        assert op.path in PATHS
        assert op.family
        assert set(op.shown) <= set(op.params), op.path
        assert all(name.isidentifier() for name in op.params), op.path
        assert len({port.name for port in op.inputs}) == len(op.inputs), op.path
        assert op.output_names({}), op.path
        for param in op.params.values():
            assert param.name == op.params[param.name].name
            assert param.expected()
            json.dumps(None if param.required else param.default)


def test_the_default_of_every_parameter_is_accepted() -> None:
    wrong = [
        f"{path}.{param.name} = {param.default!r}"
        for path in PATHS
        for param in find(path).params.values()
        if not param.required and not param.accepts(param.default)
    ]
    assert wrong == []


def test_an_alias_leads_to_the_op_it_is_another_name_of() -> None:
    assert aliases()
    for alias, path in aliases().items():
        assert find(alias) is not None
        assert find(alias).path == path


@pytest.mark.parametrize("path", ["", "Dense", "keras", "keras.layers.", "os.system", "\ud800"])
def test_what_is_no_op_is_not_found(path) -> None:
    assert find(path) is None


@pytest.mark.parametrize(
    ("kind", "name", "path"),
    [
        ("activation", "relu", "keras.activations.relu"),
        ("initializer", "he_normal", "keras.initializers.HeNormal"),
        ("initializer", "HeNormal", "keras.initializers.HeNormal"),
        ("initializer", "zeros", "keras.initializers.Zeros"),
        ("regularizer", "l2", "keras.regularizers.L2"),
        ("optimizer", "adam", "keras.optimizers.Adam"),
    ],
)
def test_a_short_name_stands_for_what_keras_takes_it_for(kind, name, path) -> None:
    assert short_names(kind)[name] == path


@pytest.mark.parametrize(
    ("path", "ports"),
    [
        ("keras.Input", ()),
        ("keras.layers.Dense", (Port("inputs"),)),
        ("keras.layers.Add", (Port("inputs", many=True),)),
        (
            "keras.layers.LSTM",
            (Port("sequence"), Port("initial_state", True, True), Port("mask", optional=True)),
        ),
        ("studio.data.csv", ()),
        ("tf.data.Dataset.zip", (Port("datasets", many=True),)),
    ],
)
def test_an_op_has_these_inputs(path, ports) -> None:
    found = find(path).inputs
    assert [(each.name, each.many, each.optional) for each in found] == [
        (each.name, each.many, each.optional) for each in ports
    ]


def test_no_parameter_hides_what_a_rule_finds_in_its_args() -> None:
    own = {*vars(Args({})), *vars(Args)}
    assert {"compute_dtype", "folder", "trains", "cast", "weight", "result"} <= own
    hidden = [(op, own & find(op).params.keys()) for op in paths()]
    assert [each for each in hidden if each[1]] == []


def test_an_op_cannot_be_described_twice() -> None:
    find("keras.layers.Dense")
    with pytest.raises(ValueError, match="described twice"):
        describe("keras.layers.Dense")


INT, FLOAT = types.Int, types.Float
CALL = {"op": "keras.layers.Dense"}
TYPES = [
    (types.Bool(), [True, False], [0, 1, "true", None, []], "true or false"),
    (INT(), [0, -5, 10**30], [1.0, "1", True, None, [1]], "a whole number"),
    (INT(1), [1, 2], [0, -1, True], "a whole number of at least 1"),
    (INT(max=3), [3, -9], [4], "a whole number of at most 3"),
    (INT(0, 3), [0, 3], [-1, 4], "a whole number from 0 to 3"),
    (INT(0, 2**32 - 1), [2**32 - 1], [2**32], "a whole number from 0 to 4294967295"),
    (FLOAT(), [0, -0.5, 1e300], ["1", True, None], "a number"),
    (FLOAT(min=0, max=1), [0, 1, 0.5], [1.1, -0.1], "a number from 0 to 1"),
    (FLOAT(above=0, below=1), [0.5], [0, 1, 0.0, 1.0], "a number above 0 and below 1"),
    (FLOAT(above=0), [1], [0], "a number above 0"),
    (types.Text(), ["", "x"], [1, None, ["x"]], "a text"),
    (types.Path(), ["x.csv"], [1], "the path of a file"),
    (types.Folder(), ["pets"], [1, ["pets"]], "the path of a folder"),
    (types.Files(), ["x.csv", ["a", "b/*.csv"]], [1, [], [1], {}], "a pattern such as"),
    (types.Choice(("a", 1, None)), ["a", 1, None], ["b", True, 1.0, 0], '"a", 1 or null'),
    (types.Ints(2), [3, [3, 4]], [0, [3], [3, 0], [3, "4"], 3.0, True], "a list of 2"),
    (types.Ints(1), [3, [3]], [[3, 3]], "a whole number of at least 1"),
    (types.Shape(), [[], [3, None], [0]], [3, [-1], ["3"], [True], None], "[28, 28, 1]"),
    (types.Shape(unknown=False), [[3]], [[None]], "a shape such as"),
    (types.ListOf(INT()), [[], [1]], [1, ["1"], {}], "a list, each item a whole number"),
    (types.ListOf(INT(), empty=False), [[1]], [[]], "a list"),
    (types.DictOf(INT()), [{}, {"a": 1}], [[], {"a": "b"}], "an object, each value a whole number"),
    (types.Either((INT(), types.Text())), [1, "a"], [1.5, None], "a whole number, or a text"),
    (types.OneCall(("layer",)), [CALL, "relu"], [1, {}, {"params": {}}, None], "or by its name"),
    (types.OneCall(("layer",), names=False), [CALL], ["relu"], 'a layer, as {"op": ...'),
    (types.OneCall(("optimizer",)), [CALL], [1], "an optimizer"),
]


@pytest.mark.parametrize(
    ("kind", "good", "bad", "words"), TYPES, ids=[f"{type(c[0]).__name__} {c[3]}" for c in TYPES]
)
def test_a_type_accepts_what_it_says_it_expects(kind, good, bad, words) -> None:
    assert [value for value in good if not kind.accepts(value)] == []
    assert [value for value in bad if kind.accepts(value)] == []
    assert words in kind.expected()


@pytest.mark.parametrize(
    ("word", "words", "hint"),
    [
        ("nmae", ["name", "note"], 'Did you mean "name"?'),
        ("zzz", ["name"], ""),
        ("a", [], ""),
        ("x" * 10**6, ["x" * 100], f'Did you mean "{"x" * 57}'),
    ],
    ids=["a slip", "nothing like it", "nothing there", "a very long word"],
)
def test_the_nearest_names_are_offered(word, words, hint) -> None:
    found = nearest(word, words)
    assert found.startswith(hint)
    assert bool(found) == bool(hint)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", '"a"'),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        ([1, "a", None], '[1, "a", null]'),
        ({"a": [True]}, '{"a": [true]}'),
        ("a\nb\u202e\ud800", '"a\\nb\\u202e\\ud800"'),
    ],
)
def test_a_value_is_shown_as_it_stands_in_the_file(value, text) -> None:
    assert quoted(value) == text


@pytest.mark.parametrize(
    "value",
    ["x" * 10**6, list(range(10**5)), {"a": "\ud800" * 100}, 10**4000, -(10**4000), [[[1] * 99]]],
    ids=["text", "list", "object", "number", "negative number", "lists"],
)
def test_a_large_value_is_shown_short(value) -> None:
    assert len(quoted(value)) <= 60
    assert quoted(value).isprintable()


def test_several_values_are_joined_as_in_a_sentence() -> None:
    assert one_of(["a"]) == '"a"'
    assert one_of(["a", "b", 3]) == '"a", "b" or 3'
    assert isinstance(one_of([]), str)
