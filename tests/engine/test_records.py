"""Sounds, ragged and sparse tensors: looked at, written as records, read back by plain tf.data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from studio.engine.looking import question
from studio.engine.warm import Answer, Warm
from studio.graph.checks import check
from tests.codegen.projects import chain, csv, mapped, node, read, stage, write_files
from tests.codegen.test_folders import sound

RATE = 8000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("records")
    write_files(made)
    random = np.random.default_rng(1)
    for index, name in enumerate(("no/a", "no/b", "yes/c")):
        samples = random.integers(-9999, 9999, (2000 + 400 * index, 1))
        sound(made / "words" / f"{name}.wav", samples, RATE)
    return made


@pytest.fixture
def ask(warm: Warm, folder: Path, tmp_path: Path):
    """A function: a kind of question, a data graph or a script, a stage -> the answer."""

    def asked(kind: str, data: Any, end: str, **more: Any) -> Answer:
        if isinstance(data, str):
            fields = {"script": data, "folder": str(tmp_path), "node": end, "lines": {}}
        else:
            project = read({"studio": 1, "data": data, "training": {"seed": 3}})
            report = check(project, folder)
            fields = question(project, folder, report, end, tmp_path).fields
        return warm.ask(kind, **fields, **more).result()

    return asked


@pytest.fixture
def kept(ask, tmp_path: Path):
    """A function: a data graph or a script, a stage -> (features.json, the raw records)."""

    def written(data: Any, end: str) -> tuple[dict[str, Any], list[bytes]]:
        out = tmp_path / "out"
        out.mkdir()
        answer = ask("records", data, end, out=str(out), shards=1)
        assert not answer.error, answer
        about = json.loads((out / "features.json").read_text())
        files = [str(out / name) for name in about["files"]]
        records = [each.numpy() for each in tf.data.TFRecordDataset(files)]
        assert len(records) == about["count"] == answer.result["count"]
        return about, records

    return written


SOUNDS = node("rows", "studio.data.audio", path="words", shuffle=False)


def decoded(folder: Path) -> list[np.ndarray]:
    files = sorted((folder / "words").rglob("*.wav"))
    return [tf.audio.decode_wav(tf.io.read_file(str(file))).audio.numpy() for file in files]


@pytest.mark.slow
def test_sounds_are_shown_with_the_seconds_they_last(ask, folder: Path) -> None:
    found = ask("preview", chain(SOUNDS, batch=None), "rows").result
    assert [each["dtype"] for each in found["spec"]] == ["float32", "int32"]
    for (wave, label), samples in zip(found["elements"], decoded(folder), strict=True):
        assert wave["shape"] == list(samples.shape)
        assert wave["wave"]["seconds"] == len(samples) / RATE
        assert label["shape"] == []
    assert [label["values"] for _, label in found["elements"]] == [[0], [0], [1]]


def test_sounds_of_any_length_are_written_with_their_shape(kept, folder: Path) -> None:
    about, records = kept(chain(SOUNDS, batch=None), "rows")
    assert about["features"][0] == {
        "key": "features",
        "path": [0],
        "dtype": "float32",
        "shape": [None, 1],
        "stored": "float",
        "sizes": "features.shape",
    }
    wanted = {
        "features": tf.io.RaggedFeature("float32"),
        "features.shape": tf.io.FixedLenFeature([2], "int64"),
        "label": tf.io.FixedLenFeature([], "int64"),
    }
    for record, samples in zip(records, decoded(folder), strict=True):
        parsed = tf.io.parse_single_example(record, wanted)
        again = tf.reshape(parsed["features"], parsed["features.shape"])
        np.testing.assert_array_equal(again, samples)


def test_ragged_words_are_shown_and_written_with_their_row_lengths(ask, kept) -> None:
    data = chain(
        csv("words.csv", features="text", label="a"),
        stage("b", "batch", batch_size=5),
        mapped("words", "split_words"),
        batch=None,
    )
    found = ask("preview", data, "words").result
    assert (found["spec"][0]["ragged"], found["spec"][0]["shape"]) == (1, [None, None])
    assert found["elements"][0][0]["lengths"] == [3] * 5
    about, records = kept(data, "words")
    (words, _) = about["features"]
    assert (words["ragged"], words["lengths"]) == (1, ["features.lengths0"])
    feature = tf.io.RaggedFeature(
        "string",
        value_key=words["key"],
        partitions=[tf.io.RaggedFeature.RowLengths(words["lengths"][0])],
        row_splits_dtype="int64",
    )
    rows = [
        row
        for record in records
        for row in tf.io.parse_single_example(record, {"x": feature})["x"].to_list()
    ]
    assert rows == [[b"The", b"ab"[i % 2 : i % 2 + 1] + b",", b"b!"] for i in range(12)]


def made(*body: str) -> str:
    lines = "\n".join(f"    {line}" for line in body)
    return f"import tensorflow as tf\n\n\ndef make_dataset():\n{lines}\n"


DEEP = made(
    "x = tf.ragged.constant([[[1, 2], [3]], [], [[4]], [[], [5, 6, 7]]], dtype='uint64')",
    "return tf.data.Dataset.from_tensor_slices(x).batch(2).map(lambda x: {'deep': x})",
)


def test_ragged_tensors_of_several_axes_and_any_dtype_come_back(ask, kept) -> None:
    found = ask("preview", DEEP, "deep").result
    assert (found["spec"][0]["ragged"], found["spec"][0]["dtype"]) == (2, "uint64")
    about, records = kept(DEEP, "deep")
    (deep,) = about["features"]
    assert (deep["stored"], deep["lengths"]) == ("tensor", ["deep.lengths0", "deep.lengths1"])
    wanted = {
        "deep": tf.io.FixedLenFeature([], "string"),
        **{name: tf.io.RaggedFeature("int64") for name in deep["lengths"]},
    }
    rows = []
    for record in records:
        parsed = tf.io.parse_single_example(record, wanted)
        values = tf.io.parse_tensor(parsed["deep"], deep["dtype"])
        lengths = [parsed[name] for name in deep["lengths"]]
        rows += tf.RaggedTensor.from_nested_row_lengths(values, lengths).to_list()
    assert rows == [[[1, 2], [3]], [], [[4]], [[], [5, 6, 7]]]


SPARSE = made(
    "x = tf.constant([[0.0, 2.5, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, -1.0]])",
    "rows = tf.data.Dataset.from_tensor_slices((x, [0, 1, 2]))",
    "return rows.map(lambda x, y: (tf.sparse.from_dense(x), y))",
)


def test_sparse_tensors_are_shown_and_written_as_the_dense_ones_they_stand_for(ask, kept) -> None:
    found = ask("preview", SPARSE, "some").result
    assert (found["spec"][0]["shape"], found["spec"][0]["sparse"]) == ([3], True)
    values = [each[0]["values"] for each in found["elements"]]
    assert values == [[0.0, 2.5, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, -1.0]]
    about, records = kept(SPARSE, "some")
    assert about["features"][0]["sparse"] is True
    wanted = {"features": tf.io.FixedLenFeature([3], "float32")}
    again = [tf.io.parse_single_example(each, wanted)["features"].numpy() for each in records]
    np.testing.assert_array_equal(again, values)


def test_what_no_record_can_hold_is_refused_in_a_sentence(ask, tmp_path: Path) -> None:
    data = chain(csv(features="a"), stage("windows", "window", size=3), batch=None)
    data["nodes"][-1]["op"] = "tf.data.Dataset.window"
    answer = ask("records", data, "windows", out=str(tmp_path), shards=2)
    assert answer.error == (
        '"windows" gives a Dataset, which a TFRecord can\'t hold: it holds tensors. Write a stage '
        "before it, or one behind it that makes tensors of it, such as flat_map."
    )
    assert not list(tmp_path.glob("*.tfrecord*"))
