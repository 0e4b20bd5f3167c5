"""Pipelines that are proposed for files: their scripts, run, give elements that a model takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from studio.graph.checks import check
from studio.graph.compose.propose import propose
from studio.graph.document import DataGraph, ModelGraph, Project, Training
from studio.graph.elements import Elements
from studio.graph.file import plain
from tests.data_files import KINDS, tfrecord

from .loading import run, written
from .pipelines import same_spec

pytestmark = pytest.mark.filterwarnings("default")
EMPTY = Project(model=ModelGraph(), data=DataGraph(), training=Training(seed=7))


def fits(spec: tf.TypeSpec, params: dict[str, Any]) -> None:
    """Keras takes such tensors for an input of these parameters."""
    node = keras.Input(**{"dtype": "float32"} | params)
    shape = tuple(spec.shape)
    shape = (*shape, 1) if len(shape) == len(node.shape) - 1 else shape
    assert shape == tuple(node.shape)
    both = {spec.dtype.name, node.dtype}
    assert len(both) == 1 or both <= {"float32", "float64"}
    assert isinstance(spec, tf.RaggedTensorSpec) == bool(params.get("ragged"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_script_of_a_proposal_yields_what_was_inferred(kind: str, tmp_path: Path) -> None:
    path = KINDS[kind](tmp_path)
    project = propose(EMPTY, path, tmp_path).edit.apply(EMPTY)
    text, inferred = written(plain(project) | {"model": None}, tmp_path)
    datasets = run(text, tmp_path)["make_datasets"]()
    assert datasets.keys() == {"train", "validation", "test"}
    same_spec(datasets["train"].element_spec, inferred.structure)
    total = 0
    shapes = check(project, tmp_path).shapes["data"]
    for name, dataset in datasets.items():
        batches = list(dataset)
        sizes = [int(tf.nest.flatten(each)[-1].shape[0]) for each in batches]
        assert sizes and all(sizes), name
        total += sum(sizes)
        counted = shapes.at(project.data.outputs[name])
        assert isinstance(counted, Elements)
        assert counted.count in (len(batches), None)
        again = [int(tf.nest.flatten(each)[-1].shape[0]) for each in dataset]
        assert again == sizes
    rows = {"images": 12, "texts": 12, "sounds": 12, "parts": 16, "loose": 6, "shards": 30}
    rows |= {"mixed": 38, "sqlite": 39, "npz": 49}
    assert total == rows.get(kind, 40)
    spec = datasets["train"].element_spec
    features = spec[0] if isinstance(spec, tuple) else spec
    inputs = [node.id for node in project.model.nodes.values() if node.op == "keras.Input"]
    named = features if isinstance(features, dict) else {inputs[0]: features}
    assert named.keys() == set(inputs)
    for name, each in named.items():
        fits(each, project.model.nodes[name].params)


def test_pixels_are_from_0_to_1(tmp_path: Path) -> None:
    project = propose(EMPTY, KINDS["images"](tmp_path), tmp_path).edit.apply(EMPTY)
    text, _ = written(plain(project) | {"model": None}, tmp_path)
    images, labels = next(iter(run(text, tmp_path)["make_datasets"]()["train"]))
    assert 0 <= np.min(images) < np.max(images) <= 1
    assert set(labels.numpy()) <= {0, 1}


def test_records_as_tensorflow_writes_them_are_those_of_these_tests(tmp_path: Path) -> None:
    mine = KINDS["records"](tmp_path)
    theirs = tmp_path / "theirs.tfrecord"
    rows = [record.numpy() for record in tf.data.TFRecordDataset(str(mine))]
    with tf.io.TFRecordWriter(str(theirs)) as writer:
        for row in rows:
            writer.write(tf.train.Example.FromString(row).SerializeToString())
    assert tfrecord(tmp_path / "again.tfrecord", rows).read_bytes() == mine.read_bytes()
    first, second = (propose(EMPTY, path, tmp_path).edit.apply(EMPTY) for path in (mine, theirs))
    assert first.model == second.model
