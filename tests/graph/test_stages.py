"""Data stages and losses: what becomes of the elements, and which labels a loss takes."""

from __future__ import annotations

from typing import Any

import pytest

from studio.graph.catalogue.registry import find
from studio.graph.elements import Elements, structure_text
from studio.graph.rule import Args
from studio.graph.spec import Refused, Spec

from .rules import N, f32, typed

LABELLED = Elements((f32(8, 8), typed("int32")), 100, labels=(0, 9))
SERIES = Elements(f32(), 100)
TEXT = Elements((typed("string"), typed("int32")), 10)
COLUMNS = Elements(
    (
        {"n": f32(), "v": f32(3), "day": typed("string"), "whole": typed("int32")},
        typed("int32"),
    ),
    10,
)
ENDLESS = Elements(f32(3), None, True)
UNKNOWN = Elements(f32(3), None)


def stage(op: str, *given: Elements, **params: Any) -> Any:
    described = find(op)
    inputs = (given,) if any(port.many for port in described.inputs) else given
    return described.rule(Args(described.filled(params)), *inputs)


def mapped(function: str, given: Elements, **params: Any) -> Elements:
    call = {"op": f"studio.map.{function}", "params": params}
    return stage("tf.data.Dataset.map", given, function=call)


DATASET = "tf.data.Dataset."
STAGES = [
    ("batch", [LABELLED], {"batch_size": 30}, "4 elements ((None, 8, 8) float32, (None,) int32)"),
    ("batch", [LABELLED], {"batch_size": 30, "drop_remainder": True},
     "3 elements ((30, 8, 8) float32, (30,) int32)"),
    ("batch", [LABELLED], {"batch_size": 1000}, "1 elements ((None, 8, 8) float32, (None,) int32)"),
    ("batch", [ENDLESS], {"batch_size": 5}, "endless elements (None, 3) float32"),
    ("batch", [UNKNOWN], {"batch_size": 5}, "elements (None, 3) float32"),
    ("shuffle", [SERIES], {"buffer_size": 5}, "100 elements () float32"),
    ("repeat", [SERIES], {}, "endless elements () float32"),
    ("repeat", [SERIES], {"count": -1}, "endless elements () float32"),
    ("repeat", [SERIES], {"count": 3}, "300 elements () float32"),
    ("repeat", [SERIES], {"count": 0}, "0 elements () float32"),
    ("take", [SERIES], {"count": 7}, "7 elements () float32"),
    ("take", [SERIES], {"count": 700}, "100 elements () float32"),
    ("take", [SERIES], {"count": -1}, "100 elements () float32"),
    ("take", [ENDLESS], {"count": 7}, "7 elements (3,) float32"),
    ("take", [ENDLESS], {"count": -1}, "endless elements (3,) float32"),
    ("skip", [SERIES], {"count": 7}, "93 elements () float32"),
    ("skip", [SERIES], {"count": 700}, "0 elements () float32"),
    ("skip", [SERIES], {"count": -1}, "0 elements () float32"),
    ("skip", [ENDLESS], {"count": 7}, "endless elements (3,) float32"),
    ("cache", [SERIES], {}, "100 elements () float32"),
    ("prefetch", [SERIES], {}, "100 elements () float32"),
    ("zip", [SERIES, TEXT], {}, "10 elements (() float32, (() string, () int32))"),
    ("zip", [SERIES, ENDLESS], {}, "100 elements (() float32, (3,) float32)"),
    ("zip", [ENDLESS, ENDLESS], {}, "endless elements ((3,) float32, (3,) float32)"),
    ("zip", [SERIES, UNKNOWN], {}, "elements (() float32, (3,) float32)"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given", "params", "wanted"), STAGES, ids=lambda v: str(v)[:40])
def test_a_stage_gives_so_many_elements_of_this_structure(name, given, params, wanted) -> None:
    made = stage(DATASET + name, *given, **params)
    assert str(made) == wanted


@pytest.mark.parametrize(
    ("function", "given", "params", "wanted"),
    [
        ("rescale", LABELLED, {"scale": 0.5}, "((8, 8) float32, () int32)"),
        ("rescale", Elements(typed("uint8", 3)), {"scale": 0.5}, "(3,) float32"),
        ("rescale", Elements({"a": typed("uint8")}), {"scale": 0.5}, "{a: () float32}"),
        ("cast", LABELLED, {"dtype": "float16"}, "((8, 8) float16, () int32)"),
        ("one_hot", LABELLED, {"depth": 10}, "((8, 8) float32, (10,) float32)"),
        ("hash_words", TEXT, {"buckets": 99, "length": 7}, "((7,) int64, () int32)"),
        ("fill_missing", COLUMNS, {"values": {"n": 1.0, "v": [1.0, 2.0, 3.0]}},
         "({n: () float32, v: (3,) float32, day: () string, whole: () int32}, () int32)"),
        ("fill_missing", COLUMNS, {"values": {"v": 0.0, "day": "?"}, "flags": True},
         "({n: () float32, v: (3,) float32, day: () string, whole: () int32, "
         "v_missing: (3,) float32, day_missing: () float32}, () int32)"),
        ("date_parts", COLUMNS, {"column": "day", "parts": ["hour", "weekday"]},
         "({n: () float32, v: (3,) float32, whole: () int32, day_hour: () int32, "
         "day_weekday: () int32}, () int32)"),
        ("arrange", LABELLED, {"features": {"x": [0]}}, "{x: (8, 8) float32}"),
        ("arrange", LABELLED, {"features": {"x": [0]}, "labels": {"y": [1]}},
         "({x: (8, 8) float32}, {y: () int32})"),
        ("arrange", Elements((LABELLED.structure, TEXT.structure)),
         {"features": {"x": [0, 0], "t": [1, 0]}}, "{x: (8, 8) float32, t: () string}"),
    ],
)  # fmt: skip
def test_a_map_changes_what_an_element_is(function, given, params, wanted) -> None:
    made = mapped(function, given, **params)
    assert structure_text(made.structure) == wanted
    assert made.count == given.count


@pytest.mark.parametrize(
    ("op", "given", "params", "words"),
    [
        ("tf.data.Dataset.batch", [TEXT], {"batch_size": 11, "drop_remainder": True}, "be none"),
        ("tf.data.Dataset.zip", [SERIES], {}, "at least 2"),
        ("studio.data.split", [ENDLESS], {"test": 0.5}, "without end"),
        ("studio.data.split", [SERIES], {"test": 0.001}, "no element for test"),
        ("studio.data.split", [SERIES], {"test": 50, "validation": 50}, "for training"),
        ("studio.data.window", [SERIES], {"length": 100}, "needs 101 values"),
        ("studio.data.window", [LABELLED], {"length": 3}, "single tensors"),
    ],
)
def test_a_stage_refuses_what_cannot_be(op, given, params, words) -> None:
    with pytest.raises(Refused, match=words):
        stage(op, *given, **params)


@pytest.mark.parametrize(
    ("function", "given", "params", "words"),
    [
        ("rescale", TEXT, {}, "multiplies numbers, but gets string"),
        ("cast", TEXT, {"dtype": "int32"}, "can't turn text into numbers"),
        ("one_hot", LABELLED, {"depth": 9}, "depth of 9, but the labels go up to 9"),
        ("one_hot", SERIES, {"depth": 9}, "a label that is a whole number"),
        ("hash_words", LABELLED, {"buckets": 9, "length": 3}, "takes one text an element"),
        ("fill_missing", LABELLED, {"values": {"x": 1.0}}, "by name, but they are one tensor"),
        ("fill_missing", COLUMNS, {"values": {"m": 1.0}}, 'takes the feature "m"'),
        ("fill_missing", COLUMNS, {"values": {"n": "?"}}, 'holds numbers, with "\\?"'),
        ("fill_missing", COLUMNS, {"values": {"day": 1.0}}, "holds texts, with 1.0"),
        ("fill_missing", COLUMNS, {"values": {"v": [1.0]}}, "with 1 numbers"),
        ("fill_missing", COLUMNS, {"values": {"whole": 1.0}}, "int32 are never missing"),
        ("date_parts", COLUMNS, {"column": "n"}, 'dates from texts, but "n" is'),
        ("date_parts", COLUMNS, {"column": "date"}, 'takes the feature "date"'),
        ("date_parts", COLUMNS, {"column": "day", "parts": ["day", "day"]}, "twice"),
        ("arrange", LABELLED, {"features": {"x": [2]}}, "takes the part"),
        ("arrange", SERIES, {"features": {"x": [0]}}, "takes the part"),
        ("arrange", LABELLED, {"features": {"x": [0, 0]}}, "takes the part"),
    ],
)
def test_a_map_refuses_elements_it_cannot_change(function, given, params, words) -> None:
    with pytest.raises(Refused, match=words):
        mapped(function, given, **params)


@pytest.mark.parametrize(
    ("params", "counts"),
    [
        ({}, (100, 0, 0)),
        ({"validation": 0.1, "test": 0.2}, (70, 10, 20)),
        ({"validation": 25}, (75, 25, 0)),
        ({"test": 0.999}, (1, 0, 99)),
        ({"validation": 0.15, "test": 33}, (52, 15, 33)),
    ],
)
def test_a_split_shares_the_elements_out(params, counts) -> None:
    parts = stage("studio.data.split", SERIES, **params)
    assert tuple(part.count for part in parts) == counts
    assert {part.structure for part in parts} == {SERIES.structure}


@pytest.mark.parametrize(
    ("params", "count"), [({"length": 10}, 90), ({"length": 10, "horizon": 5}, 86)]
)
def test_a_window_gives_values_and_the_one_that_follows(params, count) -> None:
    made = stage("studio.data.window", SERIES, **params)
    assert (structure_text(made.structure), made.count) == ("((10,) float32, () float32)", count)


SPARSE, ONE_HOT, MSE, BINARY = (
    f"keras.losses.{name}"
    for name in (
        "SparseCategoricalCrossentropy",
        "CategoricalCrossentropy",
        "MeanSquaredError",
        "BinaryCrossentropy",
    )
)
INT = "int32"


def refusal(loss: str, target: Spec, output: Spec) -> Refused | None:
    try:
        find(loss).rule(Args(find(loss).filled({})), target, output)
    except Refused as refused:
        return refused
    return None


@pytest.mark.parametrize(
    ("loss", "target", "output"),
    [
        (SPARSE, typed(INT, N), f32(N, 10)),
        (SPARSE, typed(INT, N, 1), f32(N, 10)),
        (SPARSE, typed(INT, N, 7), f32(N, 7, 10)),
        (ONE_HOT, f32(N, 10), f32(N, 10)),
        (MSE, f32(N, 3), f32(N, 3)),
        (MSE, f32(N), f32(N, 1)),
        (MSE, f32(N, 1), f32(N)),
        (MSE, typed(INT, N), f32(N, 1)),
        (BINARY, typed(INT, N), f32(N, 1)),
        (BINARY, f32(N, N), f32(N, 3)),
    ],
)
def test_a_loss_takes_labels_that_fit_the_output(loss, target, output) -> None:
    assert refusal(loss, target, output) is None


@pytest.mark.parametrize(
    ("loss", "target", "output", "words", "hint"),
    [
        (SPARSE, f32(N), f32(N, 10), "one class number a sample", "MeanSquaredError"),
        (SPARSE, typed(INT, N, 10), f32(N, 10), "one class number", "CategoricalCrossentropy"),
        (SPARSE, f32(N, 10), f32(N, 10), "one class number", "CategoricalCrossentropy"),
        (SPARSE, typed(INT, N), f32(N, 1), "1 unit", "BinaryCrossentropy"),
        (ONE_HOT, typed(INT, N), f32(N, 10), "(None,)", "SparseCategoricalCrossentropy"),
        (ONE_HOT, f32(N, 9), f32(N, 10), "(None, 9)", "9 units"),
        (MSE, f32(N, 3), f32(N, 4), "(None, 3)", "3 units"),
        (MSE, typed("string", N), f32(N, 1), "but the label is string", "number"),
        (BINARY, typed(INT, N), f32(N, 2), "(None, 2)", "SparseCategoricalCrossentropy"),
    ],
)
def test_a_loss_refuses_labels_that_do_not_fit(loss, target, output, words, hint) -> None:
    refused = refusal(loss, target, output)
    assert words in refused.message
    assert hint in refused.hint
