"""Functions that give the same for a batch as for each element, and changes at random."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from studio.graph.elements import Elements
from studio.graph.vectorised import VECTORISED, goes_behind

from .by_hand_sources import LABELLED, NAMED, TEXTS, row
from .pipelines import agrees, elements, run, written
from .projects import Json, call, csv, mapped, npz, stage

pytestmark = pytest.mark.filterwarnings("default")

BATCH = stage("b", "batch", batch_size=5)
IMAGES = npz(features="x", label="y")
CHANNEL = mapped("c", "add_channel")
TABLE = csv(features={"a": "a", "b": "b"}, label="y")

CASES: dict[str, tuple[list[Json], Json]] = {
    "rescale": ([NAMED], mapped("m", "rescale", scale=0.5, offset=1.0)),
    "cast": ([LABELLED], mapped("m", "cast", dtype="int32")),
    "standardise": ([LABELLED], mapped("m", "standardise", mean=[1, 2], deviation=2)),
    "one_hot": ([LABELLED], mapped("m", "one_hot", depth=3)),
    "parse_numbers": (
        [npz("texts.npz", features="text", label="y")],
        mapped("m", "parse_numbers"),
    ),
    "normalise_text": ([TEXTS], mapped("m", "normalise_text")),
    "arrange": ([LABELLED], mapped("m", "arrange", features={"x": [0]}, labels={"d": [1]})),
    "pick": ([LABELLED], mapped("m", "pick", part=[0])),
    "to_features_and_label": (
        [TABLE],
        mapped("m", "to_features_and_label", features=[[0, "b"], [0, "a"]], label=[1]),
    ),
    "select": ([TABLE], mapped("m", "select", names=["b"])),
    "drop": ([TABLE], mapped("m", "drop", names=["b"])),
    "rename": ([TABLE], mapped("m", "rename", names={"b": "c"})),
    "resize": ([IMAGES, CHANNEL], mapped("m", "resize", height=3, width=4)),
    "center_crop": ([IMAGES, CHANNEL], mapped("m", "center_crop", height=1, width=1)),
    "standardise_image": ([IMAGES, CHANNEL], mapped("m", "standardise_image")),
    "add_channel": ([IMAGES], mapped("m", "add_channel")),
    "pad": ([LABELLED], mapped("m", "pad", length=3)),
}


def test_every_function_that_may_go_behind_the_batch_is_tried() -> None:
    assert {f"studio.map.{name}" for name in CASES} == VECTORISED
    for name, (_, function) in CASES.items():
        assert function["params"]["function"]["op"] == f"studio.map.{name}"


@pytest.mark.parametrize("name", CASES)
def test_behind_the_batch_it_gives_the_same_elements(name: str, folder: Path) -> None:
    before, function = CASES[name]
    first, _ = written(row(*before, function, BATCH), folder)
    then, inferred = written(row(*before, BATCH, function), folder)
    dataset = run(then, folder)
    assert elements(dataset) == elements(run(first, folder))
    agrees(dataset, inferred)


REALS = npz("reals.npz", features="x", label="y")
EXACT = {
    "rescale": mapped("m", "rescale", scale=1 / 255, offset=0.1),
    "standardise": mapped("m", "standardise", mean=[0.485, 0.456, 0.406], deviation=0.229),
    "half": mapped("m", "cast", dtype="float16"),
    "whole": mapped("m", "cast", dtype="int32"),
    "bilinear": mapped("m", "resize", height=7, width=29),
    "bicubic": mapped("m", "resize", height=5, width=4, method="bicubic", antialias=True),
    "lanczos": mapped("m", "resize", height=9, width=9, method="lanczos3"),
    "crop": mapped("m", "center_crop", height=10, width=6),
    "standardise_image": mapped("m", "standardise_image"),
}


@pytest.mark.parametrize("name", EXACT)
def test_of_real_numbers_it_is_every_bit_the_same(name: str, tmp_path: Path) -> None:
    """Images whose sizes fill no vector register, and numbers that no float holds exactly."""
    random = np.random.default_rng(2)
    images = random.normal(100, 50, (13, 17, 11, 3)).astype("float32")
    np.savez(tmp_path / "reals.npz", x=images, y=np.arange(13) % 3)
    first, _ = written(row(REALS, EXACT[name], BATCH), tmp_path)
    then, _ = written(row(REALS, BATCH, EXACT[name]), tmp_path)
    for one, other in zip(run(first, tmp_path), run(then, tmp_path), strict=True):
        assert one[0].dtype == other[0].dtype
        assert one[0].numpy().tobytes() == other[0].numpy().tobytes()
        assert one[1].numpy().tobytes() == other[1].numpy().tobytes()


def given(*before: Json, folder: Path) -> Elements:
    return written(row(*before), folder)[1]


PICTURES = [IMAGES, CHANNEL]
OTHERS: dict[str, tuple[list[Json], Json]] = {
    "split_words": ([TEXTS], mapped("m", "split_words")),
    "hash_words": ([TEXTS], mapped("m", "hash_words", buckets=9, length=None)),
    "augment": (
        PICTURES,
        mapped("m", "augment", layers=[call("keras.layers.RandomCrop", height=1, width=2)]),
    ),
    "pad": ([IMAGES], mapped("m", "pad", length=3)),
    "resize": ([IMAGES, CHANNEL, BATCH | {"id": "b0"}], mapped("m", "resize", height=3, width=4)),
}
"""Functions, with elements for which they don't give the same behind the batch."""


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_not_the_same_behind_the_batch_stays_before_it(name: str, folder: Path) -> None:
    before, function = OTHERS[name]
    op = function["params"]["function"]["op"]
    assert not goes_behind(op, given(*before, folder=folder))
    assert not _alike(row(*before, function, BATCH), row(*before, BATCH, function), folder)


def _alike(first: Json, then: Json, folder: Path) -> bool:
    """Whether two pipelines give the same; one that is refused, or fails, doesn't."""
    try:
        one, other = (elements(run(written(each, folder)[0], folder)) for each in (first, then))
    except (AssertionError, tf.errors.OpError):
        return False
    return one == other


def test_only_tensors_of_known_sizes_go_behind_the_batch(folder: Path) -> None:
    """Those of open sizes are joined to a batch only where they happen to have the same."""
    words = given(TEXTS, mapped("w", "split_words"), folder=folder)
    assert not goes_behind("studio.map.normalise_text", words)
    assert goes_behind("studio.map.normalise_text", given(TEXTS, folder=folder))
    ragged = given(TEXTS, BATCH, mapped("w", "split_words"), folder=folder)
    assert not goes_behind("studio.map.normalise_text", ragged)


LAYERS = [
    call("keras.layers.RandomFlip", mode="horizontal"),
    call("keras.layers.RandomContrast", factor=0.5),
    call("keras.layers.RandomZoom", height_factor=0.2),
]


@pytest.mark.parametrize(
    "layers", [LAYERS, LAYERS[:1], [call("keras.layers.RandomCrop", height=1, width=2)]]
)
@pytest.mark.parametrize("before", [[], [BATCH]])
def test_images_change_at_random_in_every_epoch_and_alike_in_every_run(
    layers: list[Json], before: list[Json], folder: Path
) -> None:
    graph = row(IMAGES, CHANNEL, *before, mapped("s", "augment", layers=layers))
    text, inferred = written(graph, folder)
    runs = []
    for _ in range(2):
        tf.keras.utils.set_random_seed(3)
        dataset = run(text, folder)
        agrees(dataset, inferred)
        runs.append((elements(dataset), elements(dataset)))
    assert runs[0] == runs[1]
    assert runs[0][0] != runs[0][1]
