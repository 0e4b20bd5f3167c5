"""Generators of one's own: their elements, what their source shows, and what comes of bad ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from studio.graph.checks import check
from studio.graph.checks.generators import yields

from .loading import agrees, elements, loaded, project_of, written
from .projects import Json, call, node, read
from .ruff import found_by_ruff

pytestmark = pytest.mark.filterwarnings("default")

PAIRS = """
def rows(start=0):
    for i in range(start, 5):
        yield [i, i / 2], i % 3
"""
NAMED = """
def rows():
    for i in range(3):
        yield {"size": i, "name": f"n{i}"}, {"d": [float(i)]}
"""
LISTS = """
def rows():
    for i in range(4):
        yield tf.range(i)
"""
TWICE = """
def rows():
    for i in range(1, 4):
        yield tf.ragged.constant([[1] * i, [2]])
"""
ENDLESS = """
def rows():
    number = 0
    while True:
        yield number
        number += 1
"""
NUMBER: Json = {"shape": [], "dtype": "int32"}
PAIR: Json = {"features": {"shape": [2], "dtype": "float32"}, "label": NUMBER}
BY_NAME: Json = {
    "features": {"size": NUMBER, "name": {"shape": [], "dtype": "string"}},
    "label": {"d": {"shape": [1]}},
}


def generator(signature: Any = PAIR, given: Json | None = None, **params: Any) -> Json:
    function = {"op": "code:rows"} | ({"params": given} if given else {})
    op = "tf.data.Dataset.from_generator"
    return node("yielded", op, generator=function, output_signature=signature, **params)


def with_code(source: Json, code: str, kind: str = "generator") -> Json:
    pieces = {"rows": {"kind": kind, "source": code.strip("\n")}}
    return project_of(source, code=pieces)


def spec(shape: tuple[int | None, ...], dtype: str) -> tf.TensorSpec:
    return tf.TensorSpec(shape, dtype)


CASES: dict[str, tuple[Json, str, Any, int]] = {
    "pairs": (generator(), PAIRS, (spec((2,), "float32"), spec((), "int32")), 5),
    "counted": (generator(count=5), PAIRS, (spec((2,), "float32"), spec((), "int32")), 5),
    "given an argument": (
        generator(given={"start": 3}, count=2),
        PAIRS,
        (spec((2,), "float32"), spec((), "int32")),
        2,
    ),
    "by name": (
        generator(BY_NAME),
        NAMED,
        ({"size": spec((), "int32"), "name": spec((), "string")}, {"d": spec((1,), "float32")}),
        3,
    ),
    "of changing size": (
        generator({"shape": [None], "dtype": "int32"}), LISTS, spec((None,), "int32"), 4,
    ),
    "ragged inside": (
        generator({"shape": [2, None], "dtype": "int32", "ragged": True}),
        TWICE,
        tf.RaggedTensorSpec((2, None), "int32", 1),
        3,
    ),
}  # fmt: skip


def by_hand(name: str) -> tf.data.Dataset:
    source, code, signature, _ = CASES[name]
    names: dict[str, Any] = {"tf": tf}
    exec(code, names)
    given = source["params"]["generator"].get("params", {})
    rows = names["rows"]
    return tf.data.Dataset.from_generator(lambda: rows(**given), output_signature=signature)


@pytest.mark.parametrize("name", CASES)
def test_the_elements_are_those_of_the_same_call_by_hand(name: str, tmp_path: Path) -> None:
    source, code, _, count = CASES[name]
    dataset, inferred = loaded(with_code(source, code), tmp_path)
    agrees(dataset, inferred)
    assert elements(dataset) == elements(by_hand(name))
    assert len(elements(dataset)) == count


def test_ruff_finds_nothing_in_them(tmp_path: Path) -> None:
    texts = {
        name: written(with_code(case[0], case[1]), tmp_path)[0] for name, case in CASES.items()
    }
    assert not found_by_ruff(texts, tmp_path)


def test_the_code_is_printed_whole(tmp_path: Path) -> None:
    assert PAIRS.strip() in written(with_code(generator(), PAIRS), tmp_path)[0]


def test_one_without_end_goes_on_and_is_known_to(tmp_path: Path) -> None:
    dataset, inferred = loaded(with_code(generator(NUMBER, count=-1), ENDLESS), tmp_path)
    agrees(dataset, inferred)
    assert elements(dataset.take(1000)) == list(range(1000))


@pytest.mark.parametrize(
    ("code", "params", "words"),
    [
        ("def rows():\n    yield [1, 2], 0\n    raise OSError('the sensor is off')", {}, "sensor"),
        (PAIRS, {"count": 9}, "9"),
        (PAIRS, {"count": 2}, "2"),
        ("def rows():\n    yield [1, 2, 3], 0", {}, r"\(2,\)"),
        ("def rows():\n    yield ['a', 'b'], 0", {}, "float32"),
    ],
    ids=["raises", "ends early", "ends late", "another shape", "another dtype"],
)
def test_one_that_breaks_its_word_stops_with_a_sentence(
    code: str, params: Json, words: str, tmp_path: Path
) -> None:
    dataset, _ = loaded(with_code(generator(**params), code), tmp_path)
    with pytest.raises(tf.errors.OpError, match=words):
        elements(dataset)


def body(*lines: str) -> str:
    return "\n".join(["def rows():", *(f"    {line}" for line in lines)])


@pytest.mark.parametrize(
    ("lines", "endless"),
    [
        (["while True:", "    yield 1"], 2),
        (["while 1:", "    for i in range(3):", "        break", "    yield 1"], 2),
        (["i = 0", "while True:", "    if i:", "        continue", "    yield 1"], 3),
        (["while True:", "    if i:", "        break", "    yield 1"], None),
        (["while True:", "    yield 1", "    return"], None),
        (["while True:", "    for i in []:", "        pass", "    else:", "        break",
          "    yield 1"], None),
        (["while True:", "    try:", "        yield 1", "    finally:", "        pass"], None),
        (["while i < 3:", "    yield 1"], None),
        (["for i in range(3):", "    yield 1"], None),
    ],
)  # fmt: skip
def test_a_loop_that_nothing_leaves_is_seen(lines: list[str], endless: int | None) -> None:
    assert yields("rows", body(*lines)).endless == endless


@pytest.mark.parametrize(
    ("source", "code", "kind", "words", "hint"),
    [
        (generator(NUMBER), ENDLESS, "generator", "loop in line 3 never ends", "count to -1"),
        (generator(NUMBER, count=9), ENDLESS, "generator", "never ends", "steps_per_epoch"),
        (generator(), "def rows():\n    return [1]", "generator", "never yields", "yield"),
        (generator(), PAIRS, "function", "which is a function", "generator"),
        (generator(), PAIRS.replace("=0", ""), "generator", "rows needs start", "in its params"),
        (generator(given={"strat": 1}), PAIRS, "generator", 'no parameter "strat"', "start"),
        (generator(), "def rows():\n    yield 1, 2, 3", "generator", "yields 3 values", "Declare"),
        (generator(count=0), PAIRS, "generator", "count of 0", ""),
        (generator(5), PAIRS, "generator", "declares 5", "shape"),
        (generator({"shape": [-1]}), PAIRS, "generator", "the shape [-1]", "null"),
        (generator({"dtype": "flaot32"}), PAIRS, "generator", '"flaot32"', "float32"),
        (generator({"shape": [], "dtpye": "int8"}), PAIRS, "generator", '"dtpye"', "dtype"),
        (generator({"shape": [2], "ragged": True}), PAIRS, "generator", "none of whose", "null"),
        (generator({"shape": [None], "ragged": True}), PAIRS, "generator", "only the first", ""),
        (generator({"shape": [2], "ragged": 1}), PAIRS, "generator", "ragged as 1", "true"),
        (generator(), "def rows(:", "generator", "is no Python", "Mend"),
        (generator(), "def others():\n    yield 1", "generator", "must define", "others"),
    ],
    ids=lambda each: str(each)[:40],
)  # fmt: skip
def test_what_cannot_be_a_generator_is_told_before_it_runs(
    source: Json, code: str, kind: str, words: str, hint: str, tmp_path: Path
) -> None:
    found = check(read(with_code(source, code, kind=kind)), tmp_path).problems
    told = [each for each in found if words in each.message]
    assert told, found
    assert hint in told[0].hint


def test_code_that_is_not_there_is_told_once(tmp_path: Path) -> None:
    value = project_of(node("rows", "tf.data.Dataset.from_generator",
                            generator=call("code:lost"), output_signature=NUMBER))  # fmt: skip
    assert [each.code for each in check(read(value), tmp_path).problems] == ["lost-code"]
