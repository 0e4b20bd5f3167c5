"""Stages that call the project's own code: what leaves them is declared, or asked of tf.data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.engine.code_shapes import CodeShapes, outcome
from studio.engine.own_code import Fault
from studio.engine.stages import stage as answer
from studio.engine.warm import Answer, Warm
from studio.graph.asking import StageCall, from_plain, plain
from studio.graph.checks import check
from studio.graph.elements import Nested, structure_text
from studio.graph.infer import Inference
from studio.graph.spec import Refused, Spec

from .by_hand_sources import LABELLED, NAMED, SERIES, TEXT, labelled, row, series, text
from .pipelines import agrees, elements, run, written
from .projects import Json, call, read, stage

pytestmark = pytest.mark.filterwarnings("default")


def asked(question: StageCall) -> Any:
    """What the warm process says, in this one."""
    fields = {
        "name": question.name,
        "code": {name: (each.kind, each.source) for name, each in question.code.items()},
        "params": question.params,
        "method": question.method,
        "structure": plain(question.structure),
        "settings": question.settings,
    }
    try:
        return outcome(question.name, Answer(result=answer(fields)))
    except Fault as fault:
        return outcome(question.name, Answer(error=str(fault), reason="code"))


def own(source: str, kind: str = "map", **more: Any) -> Json:
    name = source.partition("def ")[2].partition("(")[0]
    return {name: {"kind": kind, "source": source, **more}}


DOUBLED = own("def doubled(x, y):\n    return x * 2.0, y\n")
SCALED = own("def scaled(x, y, factor=1.0):\n    return {'x': x * factor}, y\n")
ODD = own("def odd(x, y):\n    return y % 2 == 1\n")
CLASS = own("def kind(x, y):\n    return tf.cast(y, 'int64')\n")
GROUP = own("def group(key, rows):\n    return rows.batch(4).map(lambda x, y: (x, y, key))\n")
FIVE = own("def five(x):\n    return tf.data.Dataset.range(5)\n")
MEAN = own("def mean(state, x):\n    return state + x, (state + x) / 2.0\n")
LETTERS = own("def letters(x):\n    return tf.strings.bytes_split(x)\n")

CASES: dict[str, tuple[Json, Json, Any]] = {
    "map": (
        row(LABELLED, stage("s", "map", function=call("code:doubled"))),
        DOUBLED,
        lambda: labelled().map(lambda x, y: (x * 2.0, y)),
    ),
    "map with parameters": (
        row(LABELLED, stage("s", "map", function=call("code:scaled", factor=0.5))),
        SCALED,
        lambda: labelled().map(lambda x, y: ({"x": x * 0.5}, y)),
    ),
    "map to many": (
        row(TEXT, stage("s", "map", function=call("code:letters"))),
        LETTERS,
        lambda: text().map(lambda x: __import__("tensorflow").strings.bytes_split(x)),
    ),
    "filter": (
        row(LABELLED, stage("s", "filter", predicate=call("code:odd"))),
        ODD,
        lambda: labelled().filter(lambda x, y: y == 1),
    ),
    "group_by_window": (
        row(
            LABELLED,
            stage(
                "s",
                "group_by_window",
                key_func=call("code:kind"),
                reduce_func=call("code:group"),
                window_size=4,
            ),
        ),
        CLASS | GROUP,
        lambda: labelled().group_by_window(
            lambda x, y: __import__("tensorflow").cast(y, "int64"),
            lambda key, rows: rows.batch(4).map(lambda x, y: (x, y, key)),
            window_size=4,
        ),
    ),
    "flat_map": (
        row(
            SERIES, stage("t", "take", count=2), stage("s", "flat_map", map_func=call("code:five"))
        ),
        FIVE,
        lambda: series().take(2).flat_map(lambda x: type(series()).range(5)),
    ),
    "scan": (
        row(SERIES, stage("s", "scan", initial_state=0.0, scan_func=call("code:mean"))),
        MEAN,
        lambda: series().scan(0.0, lambda state, x: (state + x, (state + x) / 2.0)),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_asked_of_own_code_is_what_its_stage_gives(name: str, folder: Path) -> None:
    graph, code, by_hand = CASES[name]
    made, inferred = written(graph, folder, code, Inference(folder, asked))
    dataset = run(made, folder)
    assert elements(dataset) == elements(by_hand())
    agrees(dataset, inferred)


DECLARED = [
    ("same", "((2,) float32, () int32)"),
    ([{"shape": [{"axis": 0}, 3], "dtype": "int8"}, {"shape": []}], "((2, 3) int8, () float32)"),
    (
        {"a": {"shape": [None], "ragged": 1}, "b": [4]},
        "{a: (None,) float32, ragged, b: (4,) float32}",
    ),
    ([7, {"axis": 0}], "(7, 2) float32"),
]


@pytest.mark.parametrize(("declared", "wanted"), DECLARED)
def test_a_declared_output_goes_before_what_is_asked(declared, wanted, folder: Path) -> None:
    code = own(DOUBLED["doubled"]["source"], output_shape=declared)
    value = {"studio": 1, "data": CASES["map"][0], "code": code}
    report = check(read(value), folder, ask=lambda call: pytest.fail("it was asked"))
    assert structure_text(report.shapes["data"].at("s").structure) == wanted


@pytest.mark.parametrize("declared", [{"shape": [2], "dtype": "real"}, 5, {"axis": 0}, []])
def test_what_declares_no_structure_is_refused_or_a_single_value(declared, folder: Path) -> None:
    code = own(DOUBLED["doubled"]["source"], output_shape=declared)
    value = {"studio": 1, "data": CASES["map"][0], "code": code}
    found = [p.message for p in check(read(value), folder).problems if p.code == "shape"]
    assert found == [] if declared == [] else "declares the output_shape" in found[0]


def test_without_anybody_to_ask_it_says_what_to_do(folder: Path) -> None:
    value = {"studio": 1, "data": CASES["map"][0], "code": DOUBLED}
    (problem,) = [p for p in check(read(value), folder).problems if p.code == "shape"]
    assert 'calls "doubled", whose result isn\'t known here' in problem.message
    assert "output_shape" in problem.hint


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def own(x, y):\n    return x @ 7\n", "line 2"),
        ("def own(x, y):\n    return None, y\n", "returns NoneTensorSpec, not tensors"),
        ("def own(x):\n    return x\n", "own"),
        ("def own(x, y):\n    return tf.py_function(lambda: 1, [], 'int32')\n", "number of axes"),
    ],
)
def test_code_that_fails_is_refused_with_its_line(source: str, words: str, folder: Path) -> None:
    graph = row(LABELLED, stage("s", "map", function=call("code:own")))
    value = {"studio": 1, "data": graph, "code": own(source)}
    (problem,) = [p for p in check(read(value), folder, ask=asked).problems if p.code == "shape"]
    assert words in problem.message


def test_a_structure_survives_its_way_to_the_warm_process() -> None:
    given = ({"a": Spec((None, 2)), "b": Spec((), "string")}, Spec((None, None), "int64", 1))
    assert from_plain(plain(given)) == given
    assert from_plain(plain(Nested(Spec((3,)), 1, False))) == Nested(Spec((3,)), 1, False)


def test_the_warm_process_answers_only_for_code_that_is_trusted(folder: Path) -> None:
    value = read({"studio": 1, "data": CASES["map with parameters"][0], "code": SCALED})
    with Warm() as warm:
        for trusted in (False, True):
            report = check(value, folder, ask=CodeShapes(warm, trusted))
            found = report.shapes["data"].at("s")
            wanted = "({x: (2,) float32}, () int32)" if trusted else None
            assert (found and structure_text(found.structure)) == wanted


def test_a_named_element_comes_as_one(folder: Path) -> None:
    code = own("def first(x, y):\n    return x['two'], y\n")
    graph = row(NAMED, stage("s", "map", function=call("code:first")))
    report = check(read({"studio": 1, "data": graph, "code": code}), folder, ask=asked)
    assert structure_text(report.shapes["data"].at("s").structure) == "((2,) float32, () int32)"


def test_a_refusal_is_told_at_each_stage_that_calls_the_code(folder: Path) -> None:
    inference = Inference(folder, lambda call: Refused("fails in line 2 of its source", "Mend it."))
    value = read({"studio": 1, "data": CASES["map"][0], "code": DOUBLED})
    (problem,) = [p for p in check(value, folder, inference=inference).problems if p.node == "s"]
    assert "map fails in line 2 of its source" in problem.message
