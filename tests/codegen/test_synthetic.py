"""Random data: drawn as by hand, the same each time, never kept, and with a label to be learnt."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from studio.graph.checks import check

from .loading import agrees, loaded, project_of, written
from .projects import Json, node, read, stage
from .ruff import found_by_ruff

pytestmark = pytest.mark.filterwarnings("default")


def random(**params: Any) -> Json:
    return node("rows", "studio.data.synthetic", **params)


CASES: dict[str, Json] = {
    "as it is": random(),
    "of few rows": random(count=3),
    "of many parts": random(count=2500, shape=[2, 3]),
    "in half precision": random(count=9, dtype="float16", label=None),
    "uniform": random(count=2000, distribution="uniform", minval=-3, maxval=0.5),
    "pictures": random(
        count=20, shape=[28, 28, 1], dtype="uint8", distribution="uniform", maxval=256
    ),
    "numbers": random(count=9, shape=[], dtype="int64", distribution="uniform", maxval=7),
    "classes": random(count=2000, label="class", classes=5, noise=0.0, seed=11),
    "no label": random(count=30, label=None),
}


def rows(source: Json, folder: Path) -> list[np.ndarray]:
    dataset, _ = loaded(project_of(source), folder)
    (whole,) = dataset.batch(10**6)
    return [each.numpy() for each in (whole if isinstance(whole, tuple) else (whole,))]


@pytest.mark.parametrize("name", CASES)
def test_it_gives_what_was_inferred_and_the_same_again(name: str, tmp_path: Path) -> None:
    dataset, inferred = loaded(project_of(CASES[name]), tmp_path)
    agrees(dataset, inferred)
    first, again = rows(CASES[name], tmp_path), rows(CASES[name], tmp_path)
    assert all(len(each) == inferred.count for each in first)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_ruff_finds_nothing_in_it(tmp_path: Path) -> None:
    texts = {name: written(project_of(case), tmp_path)[0] for name, case in CASES.items()}
    assert not found_by_ruff(texts, tmp_path)


def test_the_features_are_those_drawn_by_hand(tmp_path: Path) -> None:
    features, _ = rows(random(count=1500, shape=[4], seed=3), tmp_path)
    seeds = [tf.random.fold_in((3, 0), tf.constant(part, tf.int64)) for part in range(2)]
    parts = [tf.random.stateless_normal((1024, 4), seed) for seed in seeds]
    np.testing.assert_array_equal(features, tf.concat(parts, 0)[:1500])


def test_the_label_is_a_weighted_sum_with_the_noise_asked_for(tmp_path: Path) -> None:
    features, label = rows(random(count=5000, noise=0.25, distribution="uniform"), tmp_path)
    centred = np.c_[features, np.ones(len(features))]
    kernel, squares, *_ = np.linalg.lstsq(centred, label, rcond=None)
    assert np.sqrt(squares[0] / len(label)) == pytest.approx(0.25, rel=0.1)
    assert np.std(centred @ kernel) > 0.5


def test_every_class_occurs(tmp_path: Path) -> None:
    _, label = rows(CASES["classes"], tmp_path)
    assert set(label) == set(range(5))


def test_uniform_numbers_fill_their_range(tmp_path: Path) -> None:
    features, _ = rows(CASES["uniform"], tmp_path)
    assert (features.min(), features.max()) == (
        pytest.approx(-3, abs=0.01),
        pytest.approx(0.5, abs=0.01),
    )
    pixels, _ = rows(CASES["pictures"], tmp_path)
    assert (pixels.min(), pixels.max()) == (0, 255)


def test_another_seed_draws_other_rows(tmp_path: Path) -> None:
    one, other = (rows(random(count=5, seed=seed), tmp_path)[0] for seed in (1, 2))
    assert not np.array_equal(one, other)


def test_a_million_rows_take_no_memory(tmp_path: Path) -> None:
    """Kept, they would take 42 MB as numbers alone."""
    source = random(count=1_048_576)
    dataset, _ = loaded(project_of(source, stage("b", "batch", batch_size=8192)), tmp_path)
    sizes = [len(label) for _, label in dataset.take(3)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sizes = [len(label) for _, label in dataset]
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert sum(sizes) == 1_048_576
    assert grown < 40_000  # KB


@pytest.mark.parametrize(
    ("params", "words", "hint"),
    [
        ({"dtype": "uint8"}, "draws uint8 from a normal distribution", "uniform"),
        ({"distribution": "uniform", "minval": 1}, "nothing between", "above minval"),
        (
            {"distribution": "uniform", "dtype": "uint8", "maxval": 257},
            "draws uint8 from 0 up to 257",
            "from 0 to 256",
        ),
        ({"distribution": "uniform", "dtype": "int32", "maxval": 1.5}, "up to 1.5", "whole"),
        ({"shape": [10_000, 10_000]}, "100,000,000 numbers", "at most"),
        ({"count": 0}, "count is 0", ""),
        ({"shape": [0]}, "shape is [0]", ""),
        ({"label": "both"}, 'label is "both"', ""),
        ({"noise": -1}, "noise is -1", ""),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    params: Json, words: str, hint: str, tmp_path: Path
) -> None:
    (problem,) = check(read(project_of(random(**params))), tmp_path).problems
    assert words in problem.message
    assert hint in problem.hint
