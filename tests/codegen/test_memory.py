"""Sources that stand in the project: their elements are those of the same calls by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from studio.graph.checks import check
from studio.graph.elements import structure_text

from .loading import agrees, elements, loaded, project_of, written
from .projects import Json, node, read, stage
from .ruff import found_by_ruff

pytestmark = pytest.mark.filterwarnings("default")

SLICES = tf.data.Dataset.from_tensor_slices
WHOLE = tf.data.Dataset.from_tensors
RAGGED = tf.ragged.constant
LONG = [[float(i * j) for j in range(8)] for i in range(9)]
DATASET = "tf.data.Dataset"


def slices(tensors: Any) -> Json:
    return node("rows", f"{DATASET}.from_tensor_slices", tensors=tensors)


def tensors(value: Any) -> Json:
    return node("rows", f"{DATASET}.from_tensors", tensors=value)


def numbers(**params: Any) -> Json:
    return node("rows", f"{DATASET}.range", **params)


ODD = ["it's", 'say "hi"', "a\\b", "\u202eü\n", ""]
CASES: dict[str, tuple[Json, Any]] = {
    "whole numbers": (slices([3, 1, 2]), lambda: SLICES([3, 1, 2])),
    "reals": (slices([0.5, 1]), lambda: SLICES([0.5, 1.0])),
    "large numbers": (slices([1, 2**40]), lambda: SLICES(tf.constant([1, 2**40], tf.int64))),
    "truths": (slices([True, False]), lambda: SLICES([True, False])),
    "texts": (slices(ODD), lambda: SLICES(ODD)),
    "vectors": (slices([[1, 2], [3, 4], [5, 6]]), lambda: SLICES([[1, 2], [3, 4], [5, 6]])),
    "many": (slices(LONG), lambda: SLICES(LONG)),
    "features and label": (
        slices({"features": [[0.5, 1], [2, 3]], "label": [0, 4]}),
        lambda: SLICES(([[0.5, 1.0], [2.0, 3.0]], [0, 4])),
    ),
    "features, label and weight": (
        slices({"features": [1, 2], "label": [0, 4], "weight": [0.5, 1.5]}),
        lambda: SLICES(([1, 2], [0, 4], [0.5, 1.5])),
    ),
    "named features": (
        slices({"features": {"size": [1, 2], "name": ["a", "b"]}, "label": {"d": [1, 2]}}),
        lambda: SLICES(({"size": [1, 2], "name": ["a", "b"]}, {"d": [1, 2]})),
    ),
    "by name": (slices({"b": [1, 2], "a": [3, 4]}), lambda: SLICES({"b": [1, 2], "a": [3, 4]})),
    "by name in names": (
        slices({"a": {"b": [1, 2], "c": {"d": [3, 4]}}}),
        lambda: SLICES({"a": {"b": [1, 2], "c": {"d": [3, 4]}}}),
    ),
    "ragged": (slices([[1, 2], [], [3]]), lambda: SLICES(RAGGED([[1, 2], [], [3]]))),
    "ragged texts": (
        slices({"features": [["a"], ["b", "c"]], "label": [0, 1]}),
        lambda: SLICES((RAGGED([["a"], ["b", "c"]]), [0, 1])),
    ),
    "ragged twice": (
        slices([[[1.5], [2, 3]], [[4]]]),
        lambda: SLICES(RAGGED([[[1.5], [2.0, 3.0]], [[4.0]]])),
    ),
    "one number": (tensors(7), lambda: WHOLE(7)),
    "one matrix": (tensors([[1, 2], [3, 4]]), lambda: WHOLE([[1, 2], [3, 4]])),
    "one ragged": (tensors([[1, 2], [3]]), lambda: WHOLE(RAGGED([[1, 2], [3]]))),
    "one of several": (
        tensors({"features": {"a": 1.5, "b": "text"}, "label": [1, 2]}),
        lambda: WHOLE(({"a": 1.5, "b": "text"}, [1, 2])),
    ),
    "range": (numbers(stop=5), lambda: tf.data.Dataset.range(5)),
    "range from": (numbers(start=-2, stop=5), lambda: tf.data.Dataset.range(-2, 5)),
    "range by": (numbers(start=1, stop=9, step=3), lambda: tf.data.Dataset.range(1, 9, 3)),
    "range down": (numbers(stop=-9, step=-2), lambda: tf.data.Dataset.range(0, -9, -2)),
    "range of reals": (
        numbers(stop=3, output_type="float32"),
        lambda: tf.data.Dataset.range(3, output_type=tf.float32),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_elements_are_those_of_the_same_call_by_hand(name: str, tmp_path: Path) -> None:
    source, by_hand = CASES[name]
    dataset, inferred = loaded(project_of(source), tmp_path)
    agrees(dataset, inferred)
    assert elements(dataset) == elements(by_hand())


@pytest.mark.parametrize("name", CASES)
def test_they_can_be_batched(name: str, tmp_path: Path) -> None:
    source, by_hand = CASES[name]
    if name == "one ragged":
        return  # it is a batch already
    batched = stage("b", "batch", batch_size=2)
    dataset, inferred = loaded(project_of(source, batched), tmp_path)
    agrees(dataset, inferred)
    assert elements(dataset) == elements(by_hand().batch(2))


def test_ruff_finds_nothing_in_them(tmp_path: Path) -> None:
    texts = {name: written(project_of(case[0]), tmp_path)[0] for name, case in CASES.items()}
    assert not found_by_ruff(texts, tmp_path)


def test_labels_are_known_by_their_range(tmp_path: Path) -> None:
    source = slices({"features": [1, 2, 3], "label": [4, 0, 2]})
    assert loaded(project_of(source), tmp_path)[1].labels == (0, 4)


@pytest.mark.parametrize(
    ("source", "words", "hint"),
    [
        (slices([]), "holds no element", "at least one"),
        (slices([[], []]), "holds no element", "at least one"),
        (slices(5), "takes the rows of 5", ""),
        (slices({}), "an empty object", "Name a tensor"),
        (slices([1, "a"]), "mixes numbers and texts", "A tensor holds"),
        (slices([1, None]), "mixes null and numbers", "A tensor holds"),
        (slices([True, 1]), "mixes numbers and true or false", "A tensor holds"),
        (slices([{"a": 1}]), "holds an object", "A tensor holds"),
        (slices([1, [2]]), "values and lists beside each other", "equally deep"),
        (slices([2**63]), "too large for a tensor", "below 2**63"),
        (slices(["\ud800"]), "can't be UTF-8", ""),
        (slices({"a": [1], "b": [1, 2]}), "one has 1 rows, another 2", "the same number"),
        (slices({"features": [1], "label": [1], "more": [2]}), '"more" beside', "weight"),
        (slices({"a": {"b": [1, "c"]}}), 'texts in "a.b"', "A tensor holds"),
        (numbers(stop=0), "holds no number: from 0 to 0 by 1", "stop behind"),
        (numbers(stop=5, step=-1), "holds no number", "direction"),
        (numbers(stop=5, step=0), "never ends", "another step"),
        (numbers(stop=2**63), "too large", "2**63"),
    ],
    ids=lambda each: str(each)[:50],
)
def test_what_is_no_tensor_is_refused(source: Json, words: str, hint: str, tmp_path: Path) -> None:
    (problem,) = check(read(project_of(source)), tmp_path).problems
    assert words in problem.message
    assert hint in problem.hint
    assert problem.node == "rows"


def test_a_ragged_axis_is_told_as_one(tmp_path: Path) -> None:
    source = slices({"features": [["a"], ["b", "c"]], "label": [0, 1]})
    found = check(read(project_of(source)), tmp_path).shapes["data"].at("rows")
    assert structure_text(found.structure) == "((None,) string, ragged, () int32)"
