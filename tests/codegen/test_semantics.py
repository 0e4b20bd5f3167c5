"""What the scripts do with the real TensorFlow, against the same written by hand."""

from __future__ import annotations

import importlib.util
from functools import cache
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from studio.codegen.script import write_script
from studio.graph.checks import check
from studio.graph.document import output_name
from studio.graph.elements import leaves
from studio.graph.file import load
from studio.graph.problems import errors
from tests.templates import NAMES, template_folder

from .by_hand import AB, KINDS, NAN, SOURCES, STAGES, WORDS, A, Y, pairs
from .cases import CASES, MODELS
from .projects import (
    Json,
    call,
    complete,
    csv,
    mapped,
    read,
    split_graph,
    stage,
    training,
)

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs in a folder of its own: a script leaves its logs where it is run."""
    monkeypatch.chdir(tmp_path)


def module(value: Json, folder: Path) -> ModuleType:
    """The script of a project, imported from its file as another program would."""
    return imported(write_script(read(value), folder).text, folder)


_COUNT = count()


@cache
def datasets_of(name: str, folder: Path) -> dict[str, tf.data.Dataset]:
    """The datasets of a case; made once, for all tests that look at them."""
    return module(CASES[name](folder), folder).make_datasets()


def imported(source: str, folder: Path) -> ModuleType:
    """A script, imported from its file."""
    keras.backend.clear_session()
    path = folder / f"train_{next(_COUNT)}.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("train", path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def elements(dataset: tf.data.Dataset) -> list[Any]:
    """The elements of a dataset as lists and numbers; texts as str."""
    return [tf.nest.map_structure(_plain, each) for each in dataset.as_numpy_iterator()]


def _plain(value: Any) -> Any:
    value = value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
    if isinstance(value, list):
        return tuple(map(_plain, value))
    return value.decode() if isinstance(value, bytes) else value


def rows(dataset: tf.data.Dataset) -> list[Any]:
    """The elements of a dataset of batches, one by one."""
    return elements(dataset.unbatch())


def hashed(words: list[str], buckets: int, length: int) -> tuple[int, ...]:
    """Numbers for words, by TensorFlow's own hash."""
    found = tf.strings.to_hash_bucket_fast(words[:length], buckets - 1).numpy() + 1
    return tuple([*map(int, found), *[0] * length][:length])


WORD_STAGES: dict[str, list[Any]] = {
    "words": [(hashed(words, 9, 3), i) for i, words in enumerate(WORDS)],
    "words without a label": [(hashed(words, 100, 1), a) for words, a in pairs(WORDS, A)],
    "words of named features": [
        ({"t": hashed(words, 9, 3), "k": hashed([kind], 9, 3)}, a)
        for words, kind, a in pairs(WORDS, KINDS, A)
    ],
}


def nan_named(value: Any) -> Any:
    """The value with "nan" for what isn't equal to itself."""
    return NAN if isinstance(value, float) and value != value else value


@pytest.mark.parametrize(
    "name", [*(f"source: {s}" for s in SOURCES), *(f"stage: {s}" for s in (*STAGES, *WORD_STAGES))]
)
def test_the_elements_are_those_written_by_hand(name: str, folder: Path) -> None:
    kind, _, short = name.partition(": ")
    expected = (SOURCES if kind == "source" else STAGES | WORD_STAGES)[short]
    found = [_renamed(each) for each in rows(datasets_of(name, folder)["train"])]
    assert found == expected


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(item) for key, item in value.items()}
    return tuple(map(_renamed, value)) if isinstance(value, tuple) else nan_named(value)


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith(("source:", "stage:"))])
def test_the_elements_have_the_inferred_shapes_dtypes_and_count(name: str, folder: Path) -> None:
    value = CASES[name](folder)
    datasets = datasets_of(name, folder)
    shapes = check(read(value), folder).shapes["data"]
    for split, end in value["data"]["outputs"].items():
        inferred = shapes.at(end)
        found = tf.nest.flatten(datasets[split].element_spec)
        wanted = leaves(by_key(inferred.structure))
        assert [(tuple(s.shape), s.dtype.name) for s in found] == [
            (s.shape, s.dtype) for s in wanted
        ]
        assert inferred.count == len(elements(datasets[split]))


def by_key(structure: Any) -> Any:
    """The structure with its dictionaries in the order of their keys, as tf.nest has them."""
    if isinstance(structure, dict):
        return {key: by_key(structure[key]) for key in sorted(structure)}
    return tuple(map(by_key, structure)) if isinstance(structure, tuple) else structure


SHUFFLES = [name for name in CASES if name.startswith("stage: shuffle")]


@pytest.mark.parametrize("name", SHUFFLES)
def test_a_shuffle_gives_the_same_elements_in_another_order(name: str, folder: Path) -> None:
    train = datasets_of(name, folder)["train"]
    first, second = rows(train), rows(train)
    assert first != pairs(AB, Y)
    assert sorted(first) == sorted(second) == pairs(AB, Y)
    assert (first == second) is ("seed" in name)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [("batch", [5, 5, 2]), ("batch without remainder", [5, 5]), ("batch in parallel", [5, 5, 2])],
)
def test_batches_have_the_sizes_asked_for(name: str, sizes: list[int], folder: Path) -> None:
    train = datasets_of(f"stage: {name}", folder)["train"]
    assert [len(features) for features, _ in elements(train)] == sizes
    assert rows(train) == pairs(AB, Y)[: sum(sizes)]


def parts_of(made: ModuleType) -> dict[str, list[list[Any]]]:
    """The rows of each split in two epochs, mixed up in time as a training has them."""
    datasets = made.make_datasets()
    return {name: [rows(each), rows(each)] for name, each in datasets.items()}


SPLIT_SIZES = {
    "split in three": (6, 3, 3),
    "split by numbers": (7, 3, 2),
    "split with a seed": (7, 3, 2),
    "split in order": (6, 3, 3),
    "split in two": (6, 6),
}


@pytest.mark.parametrize("name", SPLIT_SIZES)
def test_a_split_is_disjoint_and_complete_in_every_epoch(name: str, folder: Path) -> None:
    parts = parts_of(module(CASES[f"stage: {name}"](folder), folder))
    assert tuple(len(first) for first, _ in parts.values()) == SPLIT_SIZES[name]
    for epoch in (0, 1):
        assert sorted(row for each in parts.values() for row in each[epoch]) == pairs(AB, Y)
    for first, second in parts.values():
        assert sorted(first) == sorted(second)


def test_a_split_mixes_unless_told_not_to(folder: Path) -> None:
    mixed = parts_of(module(CASES["stage: split in three"](folder), folder))
    plain = parts_of(module(CASES["stage: split in order"](folder), folder))
    assert plain["validation"][0] == pairs(AB, Y)[:3]
    assert plain["test"][0] == pairs(AB, Y)[3:6]
    assert plain["train"][0] == pairs(AB, Y)[6:]
    assert mixed["validation"][0] != plain["validation"][0]


@pytest.mark.parametrize("seed", [0, 3, None])
def test_a_split_is_the_same_in_every_run(seed: int | None, folder: Path) -> None:
    value = CASES["stage: split in three"](folder) | {"training": training("answer", seed=seed)}
    assert parts_of(module(value, folder)) == parts_of(module(value, folder))


BEFORE: dict[str, list[Json]] = {
    "a shuffle": [stage("s", "shuffle", buffer_size=12)],
    "a shuffle that keeps its order": [
        stage("s", "shuffle", buffer_size=12, seed=1, reshuffle_each_iteration=False)
    ],
    "a shuffle and a map": [stage("s", "shuffle", buffer_size=12), mapped("m", "rescale")],
    "a cache": [stage("c", "cache")],
    "windows": [],
}


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("before", BEFORE)
def test_no_element_is_in_two_parts_whatever_is_before_the_split(
    before: str, shuffle: bool, folder: Path
) -> None:
    source = [csv(label="y"), *BEFORE[before]]
    if before == "windows":
        source = [csv("series.csv", features="value"), stage("w", "window", length=2)]
    split = stage("split", "split", validation=0.25, test=0.25, shuffle=shuffle)
    graph = split_graph(*source, split)
    if errors(check(read({"studio": 1, "data": graph}), folder).problems):
        return  # refused before it runs, which is as good
    parts = parts_of(module(complete(graph, folder), folder))
    whole = sorted(row for epochs in parts.values() for row in epochs[0])
    assert len(set(whole)) == len(whole)
    for epochs in parts.values():
        assert sorted(epochs[0]) == sorted(epochs[1])


def build(source: str, folder: Path) -> keras.Model:
    """The model of a script."""
    return imported(source, folder).build_model()


MODEL_CASES = [f"model: {name}" for name in MODELS]


@pytest.mark.parametrize("name", [*NAMES, *MODEL_CASES])
@pytest.mark.parametrize("style", [None, "functional"])
def test_the_model_has_the_inferred_outputs_and_weights(
    name: str, style: str | None, folder: Path
) -> None:
    own = template_folder(name) if name in NAMES else folder
    project = load(own) if name in NAMES else read(CASES[name](folder))
    text = write_script(project, own, style).text
    if style and text == write_script(project, own).text:
        return  # which is looked at as it is
    shapes = check(project, own).shapes["model"]
    model = build(text, folder)
    outputs = model.outputs
    # Several outputs are named, and Keras orders what is named by its name.
    ends = sorted(project.model.outputs, key=output_name)
    wanted = [shapes.at(end) for end in ends]
    assert [(o.shape, o.dtype) for o in outputs] == [(w.shape, w.dtype) for w in wanted]
    ops = {node.id: node.op or "" for node in project.model.nodes.values()}
    code = {name for name, op in ops.items() if op.startswith("code:")}
    used = {layer.name for layer in model.layers if layer.name not in code}
    blocks = {name for name, op in ops.items() if op.startswith("block:")}
    inferred = {k: each.weights for k, each in shapes.nodes.items() if k in used | blocks}
    for layer in (layer for layer in model.layers if layer.name in used & set(ops)):
        assert [tuple(w.shape) for w in layer.weights] == [w.shape for w in inferred[layer.name]]
        assert [w.trainable for w in layer.weights] == [w.trainable for w in inferred[layer.name]]
    weights = [weight for each in inferred.values() for weight in each]
    made = [w for layer in model.layers if layer.name in used for w in layer.weights]
    assert sum(int(np.prod(w.shape)) for w in made) == sum(w.count for w in weights)
    assert sum(int(np.prod(w.shape)) for w in made if w.trainable) == sum(
        weight.count for weight in weights if weight.trainable
    )


@pytest.mark.parametrize(
    "name",
    [
        *MODEL_CASES,
        *(name for name in CASES if name.startswith("training:")),
        *(f"{kind} node: {n}" for kind in ("data", "model") for n in ("SEED", "_", "tf", "train")),
    ],
)
def test_it_trains(name: str, folder: Path) -> None:
    model, history, datasets = module(CASES[name](folder), folder).train()
    assert np.isfinite(history.history["loss"]).all()
    assert isinstance(model, keras.Model)
    assert "train" in datasets


@pytest.mark.parametrize("metric", ["F1Score", "MeanAbsoluteError"])
def test_main_tests_and_saves_the_model_whatever_its_metrics_are(
    metric: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one_hot = mapped("o", "one_hot", depth=3)
    graph = split_graph(
        csv(label="y"), one_hot, stage("split", "split", validation=0.25, test=0.25)
    )
    metrics = {"answer": [call(f"keras.metrics.{metric}", name="own")]}
    value = complete(graph, folder, training=training("answer", metrics=metrics))
    saved = folder / "artifacts" / "model.keras"
    saved.unlink(missing_ok=True)
    module(value, folder).main()
    assert keras.models.load_model(saved).count_params() == 9
    assert "test own" in capsys.readouterr().out


def test_callbacks_from_outside_are_called(folder: Path) -> None:
    ended = []
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ended.append(epoch))
    module(CASES["training: everything set"](folder), folder).train([watch])
    assert ended == [0, 1]
