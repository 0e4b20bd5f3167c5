"""Functions that give the same for a batch as for each element, and changes at random."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

from studio.graph.vectorised import VECTORISED

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
